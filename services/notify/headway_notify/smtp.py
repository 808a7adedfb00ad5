"""One open connection to the mail server, and what its answers mean."""

import asyncio
import re
from typing import Self

import aiosmtplib

from headway_notify import metrics
from headway_notify.roads.answers import Answer, Ending, Unreachable
from headway_notify.roads.mail import Tag
from headway_notify.settings import NotifySettings

__all__ = ["Answer", "Connection", "Ending", "SmtpRoad", "judge", "mailable"]

# What can be written into RCPT TO and a To header as it is. Quoted local parts and addresses that
# need SMTPUTF8 are not mailed.
_MAILABLE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?= |$)")


class SmtpRoad:
    """Mail by SMTP: as many sessions as the settings allow, each a connection of its own."""

    name = "smtp"

    def __init__(self, settings: NotifySettings) -> None:
        self._settings = settings
        self.sessions = settings.smtp_connections
        self.limit = settings.smtp_timeout

    async def open(self, sender_address: str) -> "Connection":
        """Connect, greet and log in. Raises Unreachable."""
        try:
            async with asyncio.timeout(self._settings.smtp_timeout):
                return await Connection.open(self._settings, sender_address)
        except (aiosmtplib.SMTPException, OSError) as error:
            where = f"{self._settings.smtp_host}:{self._settings.smtp_port}"
            raise Unreachable(f"{where}: {type(error).__name__}") from error

    async def close(self) -> None:
        """Nothing is shared."""


class Connection:
    """An SMTP session kept open for many mails, one at a time.

    After PUT_OFF or UNKNOWN by a broken session `usable` is false: open another.
    """

    def __init__(self, client: aiosmtplib.SMTP, sender_address: str, limit: float) -> None:
        self._client = client
        self._limit = limit
        self._stage = "MAIL"
        self._mail_from = b"FROM:<%b>" % sender_address.encode("ascii")
        self.usable = True
        metrics.CONNECTED.inc()

    @classmethod
    async def open(cls, settings: NotifySettings, sender_address: str) -> Self:
        """Connect, upgrade, greet and log in. Raises SMTPException, OSError or TimeoutError."""
        client = aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            use_tls=settings.smtp_tls == "tls",
            start_tls=settings.smtp_tls == "starttls",
            username=settings.smtp_user or None,
            password=settings.smtp_password.get_secret_value() if settings.smtp_user else None,
            timeout=settings.smtp_timeout,
        )
        await client.connect()
        if client.is_ehlo_or_helo_needed:
            await client.ehlo()
        # From here on a mail has one time limit for the whole of it.
        client.timeout = None
        return cls(client, sender_address, settings.smtp_timeout)

    async def send(self, recipient: str, message: bytes, tag: Tag | None = None) -> Answer:
        """Hand one message over, within the time limit. Never raises for what a server does."""
        self._stage = "MAIL"
        try:
            async with asyncio.timeout(self._limit):
                response = await self._converse(b"TO:<%b>" % recipient.encode("ascii"), message)
        except (aiosmtplib.SMTPException, OSError) as error:
            self.close()
            ending = Ending.UNKNOWN if self._stage == "message" else Ending.PUT_OFF
            return Answer(ending, f"{self._stage}: {type(error).__name__}", road_ill=True)
        except BaseException:
            self.close()
            raise
        answer = judge(self._stage, response)
        if answer.ending is not Ending.SENT:
            await self._start_over(response.code)
        return answer

    async def _converse(self, to: bytes, message: bytes) -> aiosmtplib.SMTPResponse:
        """The server's last answer; `_stage` says what it answers."""
        response = await self._client.execute_command(b"MAIL", self._mail_from)
        if response.code != 250:
            return response
        self._stage = "RCPT"
        response = await self._client.execute_command(b"RCPT", to)
        if response.code not in (250, 251):
            return response
        self._stage = "DATA"
        response = await self._client.execute_command(b"DATA")
        if response.code != 354:
            return response
        self._stage = "message"
        return await self._message(message)

    async def _message(self, message: bytes) -> aiosmtplib.SMTPResponse:
        protocol = self._client.protocol
        if protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("Connection lost")
        # The message has CRLF line ends throughout, so doubling dots is all DATA asks for.
        protocol.write(message.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        return await protocol.read_response()

    async def _start_over(self, code: int) -> None:
        """Leave a refused mail behind, so that the next one starts from nothing."""
        try:
            if code == 421:
                self.close()
            else:
                await self._client.rset(timeout=self._limit)
        except (aiosmtplib.SMTPException, OSError):
            self.close()

    def close(self) -> None:
        """End the session without a word."""
        self._ended()
        self._client.close()

    async def quit(self) -> None:
        """End the session politely."""
        self._ended()
        try:
            await self._client.quit(timeout=1)
        except (aiosmtplib.SMTPException, OSError):
            self._client.close()

    def _ended(self) -> None:
        if self.usable:
            metrics.CONNECTED.dec()
        self.usable = False


def mailable(address: str) -> str | None:
    """The address as it goes over the wire, its domain in IDNA; None if it cannot be mailed."""
    local, _, domain = address.rpartition("@")
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    wire = f"{local}@{domain}"
    return wire if _MAILABLE.fullmatch(wire) and len(wire) <= 254 else None


def judge(stage: str, response: aiosmtplib.SMTPResponse) -> Answer:
    """What the server's last answer, given at `stage`, means for the mail.

    A refusal at MAIL is about the sender or the session, not this mail: it is put off, and fails
    only when its time is up. Only code and enhanced status are kept: texts often name addresses.
    """
    code = response.code
    enhanced = _ENHANCED.match(response.message)
    reply = f"{stage}: {code} {enhanced.group()}" if enhanced else f"{stage}: {code}"
    if stage == "message" and code == 250:
        return Answer(Ending.SENT, reply)
    if stage != "MAIL" and 500 <= code < 600:
        return Answer(Ending.FAILED, reply)
    return Answer(Ending.PUT_OFF, reply, road_ill=stage == "MAIL" or code == 421)
