"""A mail server that keeps every mail and delivers none, for the demo, development and tests.

    python -m headway.local.smtp_sink --port 2525 --dir DIR

Mails are appended to DIR/mail.mbox, which any mail reader opens (mboxrd), and DIR/mail.index says
where each one is. A mail is in the file before the server answers 250.

What a recipient's local part asks for is done, so that senders can be tried against trouble:
`refuse-550` (any 4xx or 5xx) is answered to RCPT, `refuse-data-451` to the message;
`hang` never answers RCPT, `hang-data` keeps the message and never answers; `drop-data` keeps the
message and cuts the connection. `once-` before any of these: only the first time it is seen.
"""

import asyncio
import logging
import os
import re
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import BinaryIO, NamedTuple

import click
import orjson
from aiosmtpd.smtp import SMTP, Envelope, Session

MBOX, INDEX = "mail.mbox", "mail.index"
LONGEST_MAIL = 8 * 1024 * 1024
_TROUBLE = re.compile(
    r"(?P<once>once-)?(?P<what>refuse-data|refuse|hang-data|hang|drop-data)(-(?P<code>[45]\d\d))?\b"
)
_PLAIN_ADDRESS = re.compile(r"<([\w.+-]+@[\w.-]+)>(.*)", re.ASCII)
_FROM_LINE = re.compile(rb"^(>*From )", re.MULTILINE)
_QUOTED_FROM_LINE = re.compile(rb"^>(>*From )", re.MULTILINE)


class KeptMail(NamedTuple):
    """One mail as it came over the wire, with its envelope."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes

    def parse(self) -> EmailMessage:
        """The mail's headers and parts."""
        return message_from_bytes(self.content, policy=policy.default)

    def html(self) -> str:
        """Its HTML part, for a browser; '' if it has none."""
        part = self.parse().get_body(("html",))
        return "" if part is None else str(part.get_content())


class Store:
    """The folder that mails are kept in. One server writes it; anyone may read."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._mbox = os.open(folder / MBOX, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._index = os.open(folder / INDEX, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._end = os.fstat(self._mbox).st_size

    def keep(self, sender: str, recipients: list[str], content: bytes) -> None:
        """Append one mail (LF or CRLF line ends) to both files."""
        body = content.replace(b"\r\n", b"\n")
        if b"From " in body:
            body = _FROM_LINE.sub(rb">\1", body)
        head = (
            f"From {sender or 'MAILER-DAEMON'} {datetime.now(UTC):%a %b %d %H:%M:%S %Y}\n".encode()
        )
        end = b"\n" if body.endswith(b"\n") else b"\n\n"
        entry = {"at": self._end + len(head), "bytes": len(body), "from": sender, "to": recipients}
        os.write(self._mbox, head + body + end)
        self._end += len(head) + len(body) + len(end)
        os.write(self._index, orjson.dumps(entry) + b"\n")

    def close(self) -> None:
        """Close both files."""
        os.close(self._mbox)
        os.close(self._index)


def count_mails(folder: Path) -> int:
    """How many mails the folder holds."""
    try:
        with (folder / INDEX).open("rb") as index:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: index.read(1 << 20), b""))
    except FileNotFoundError:
        return 0


def read_mails(folder: Path) -> Iterator[KeptMail]:
    """Every mail of the folder, in the order they came; none if there is no such folder yet."""
    if not (folder / INDEX).exists():
        return
    with (folder / INDEX).open("rb") as index, (folder / MBOX).open("rb") as mbox:
        for line in index:
            if line.endswith(b"\n"):
                yield _read(mbox, orjson.loads(line))


def _read(mbox: BinaryIO, entry: dict[str, object]) -> KeptMail:
    at, size, to = entry["at"], entry["bytes"], entry["to"]
    if not (isinstance(at, int) and isinstance(size, int) and isinstance(to, list)):
        raise ValueError("mail.index holds a line that this release did not write")
    mbox.seek(at)
    content = mbox.read(size)
    if b">From " in content:
        content = _QUOTED_FROM_LINE.sub(rb"\1", content)
    return KeptMail(str(entry["from"]), tuple(map(str, to)), content)


class _Handler:
    """Keeps mails, or makes the trouble that a recipient's name asks for."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: set[str] = set()

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Refuse or hang if the address says so."""
        trouble = self._trouble(address, ("refuse", "hang"))
        if trouble is not None and trouble["what"] == "hang":
            await asyncio.Event().wait()
        if trouble is not None:
            return f"{trouble['code'] or '550'} asked for by the recipient's name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep the mail; then refuse, hang or cut the line if the address says so."""
        data = ("refuse-data", "hang-data", "drop-data")
        trouble = self._trouble(envelope.rcpt_tos[0], data)
        if trouble is not None and trouble["what"] == "refuse-data":
            return f"{trouble['code'] or '554'} asked for by the recipient's name"
        content = envelope.content
        if not isinstance(content, bytes):
            raise TypeError("the server was set up to decode mails")
        self._store.keep(envelope.mail_from or "", envelope.rcpt_tos, content)
        if trouble is not None and trouble["what"] == "hang-data":
            await asyncio.Event().wait()
        if trouble is not None and server.transport is not None:
            server.transport.close()
        return "250 OK"

    def _trouble(self, address: str, kinds: tuple[str, ...]) -> dict[str, str | None] | None:
        found = _TROUBLE.match(address)
        if found is None or found["what"] not in kinds:
            return None
        if found["once"]:
            if address in self._seen:
                return None
            self._seen.add(address)
        return found.groupdict()


class _Server(SMTP):
    """aiosmtpd, made quick: plain addresses are matched, messages read whole instead of by line."""

    line_length_limit = LONGEST_MAIL

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        plain = _PLAIN_ADDRESS.fullmatch(arg)
        return (plain[1], plain[2]) if plain else super()._getaddr(arg)

    async def smtp_DATA(self, arg: str) -> None:
        """Read up to the lone dot, hand the mail to the handler, say what it said."""
        envelope = self.envelope
        if envelope is None or not envelope.rcpt_tos or arg:
            await self.push("503 Error: need RCPT command" if not arg else "501 Syntax: DATA")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        try:
            content = await self._reader.readuntil(b"\r\n.\r\n")
        except asyncio.LimitOverrunError:
            await self.push("552 Error: too much mail data")
            if self.transport is not None:
                self.transport.close()
            return
        envelope.content = content[:-3].replace(b"\r\n..", b"\r\n.")
        status = await self._call_handler_hook("DATA")
        self.envelope = self._create_envelope()
        if self.transport is not None and not self.transport.is_closing():
            await self.push(status)


async def serve(folder: Path, port: int, host: str = "127.0.0.1") -> asyncio.Server:
    """Start the server on the running loop; port 0 takes a free one."""
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    loop = asyncio.get_running_loop()
    handler = _Handler(Store(folder))
    return await loop.create_server(
        lambda: _Server(handler, hostname="localhost", ident="Headway mail sink", loop=loop),
        host,
        port,
    )


async def _run(folder: Path, port: int) -> None:
    server = await serve(folder, port)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    port = server.sockets[0].getsockname()[1]
    click.echo(f"keeping mail for 127.0.0.1:{port} in {folder}")
    await stop.wait()
    server.close()


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=2525, help="Port; 0 takes a free one."
)
@click.option(
    "--dir", "folder", type=click.Path(file_okay=False, path_type=Path), required=True,
    help="Folder the mails go to.",
)  # fmt: skip
def command(port: int, folder: Path) -> None:
    """A mail server that keeps every mail and delivers none."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(_run(folder, port))
    else:
        uvloop.run(_run(folder, port))


if __name__ == "__main__":
    command()
