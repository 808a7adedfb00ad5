"""Handing decided mails to the mail server: claim, compose, send over open connections.

A mail is claimed before it is sent and marked after, so a process killed in between leaves it
claimed. When the claim runs out nobody knows whether the server has it, and the policy decides.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from uuid import uuid4

import aiosmtplib
import mode

from headway.runtime.fail_points import fail_point
from headway.runtime.health import Health
from headway.runtime.logging import event, failure
from headway.sealing.vault import Vault
from headway.stream.backoff import Backoff
from headway.stream.positions import Pool
from headway_notify import metrics, store
from headway_notify.compose import Composer
from headway_notify.marking import Marker
from headway_notify.patience import patiently
from headway_notify.settings import NotifySettings
from headway_notify.smtp import Answer, Connection, Ending, mailable
from headway_notify.store import Claimed, Outcome

POLL_EVERY = 0.25
"""Seconds between looks for mails when there were none."""
FINISH_WITHIN = 5.0
"""Seconds that mails being handed over get when the process stops."""
LONGEST_WAIT = 3600.0
"""Seconds between two tries, at most."""


class Delivery(mode.Service):
    """Sends what is decided. Any number of processes may run one."""

    def __init__(
        self,
        pool: Callable[[], Pool],
        vault: Callable[[], Vault],
        settings: NotifySettings,
        composer: Composer,
        marker: Marker,
        health: Health,
    ) -> None:
        super().__init__()
        self._pool = pool
        self._vault = vault
        self._settings = settings
        self._composer = composer
        self._marker = marker
        self._health = health
        # None tells a sender that there is no more to come.
        self._queue: asyncio.Queue[Claimed | None] = asyncio.Queue()
        self._more = asyncio.Event()
        self._ending = False
        self._senders: list[asyncio.Future[None]] = []

    def wake(self) -> None:
        """There are mails to send: look now."""
        self._more.set()

    async def on_start(self) -> None:
        """One sender per connection."""
        # Connected for the first mail; until one fails nothing is wrong.
        self._health.ready("mail server")
        for _ in range(self._settings.smtp_connections):
            self._senders.append(self.add_future(self._send_all()))

    async def on_stop(self) -> None:
        """Give back what is not begun; let mails on their way arrive."""
        self._ending = True
        while not self._queue.empty():
            self._give_back(self._queue.get_nowait())
        for _ in self._senders:
            self._queue.put_nowait(None)
        await asyncio.wait(self._senders, timeout=FINISH_WITHIN)

    # -- claiming -------------------------------------------------------------------------

    @mode.Service.task
    async def _claim_all(self) -> None:
        self._health.expect("notify claims", within=120)
        most = self._settings.notify_claim
        while not self.should_stop:
            self._health.beat("notify claims")
            if self._queue.qsize() > most // 2 or not self._marker.writable.is_set():
                await asyncio.sleep(0.01)
                continue
            self._more.clear()
            if not await patiently(self, "claim", self._claim):
                await self._wait_for_more()

    async def _claim(self) -> int:
        # From before the statement, so that this process's idea of the claim ends first.
        lease = self._settings.notify_lease_seconds
        send_before = time.monotonic() + lease - self._settings.smtp_timeout
        mails = await store.claim(
            self._pool(),
            uuid4(),
            lease=lease,
            send_before=send_before,
            most=self._settings.notify_claim,
        )
        for mail in mails:
            if self._ending:
                self._give_back(mail)
            else:
                self._queue.put_nowait(mail)
        return len(mails)

    async def _wait_for_more(self) -> None:
        try:
            async with asyncio.timeout(POLL_EVERY):
                await self._more.wait()
        except TimeoutError:
            pass

    def _give_back(self, mail: Claimed | None) -> None:
        if mail is not None:
            self._marker.add(Outcome(mail.id, mail.claim, "decided", "given back", 0.0))

    # -- sending --------------------------------------------------------------------------

    async def _send_all(self) -> None:
        connection: Connection | None = None
        try:
            while (mail := await self._queue.get()) is not None:
                await self._marker.writable.wait()
                if connection is None or not connection.usable:
                    connection = await self._connect(mail.send_before)
                if connection is None or self._ending or time.monotonic() > mail.send_before:
                    self._give_back(mail)
                    continue
                started = time.monotonic()
                answer = await self._hand_over(connection, mail)
                metrics.SECONDS.observe(time.monotonic() - started)
                self._marker.add(self._outcome(mail, answer))
        finally:
            if connection is not None and connection.usable:
                await connection.quit()

    async def _connect(self, until: float) -> Connection | None:
        """A connection; None when there is still none at `until`, or this process is ending."""
        backoff = Backoff(first=0.2)
        while not self._ending and time.monotonic() < until:
            try:
                async with asyncio.timeout(self._settings.smtp_timeout):
                    connection = await Connection.open(
                        self._settings, self._composer.sender.address
                    )
            except (aiosmtplib.SMTPException, OSError) as error:
                where = f"{self._settings.smtp_host}:{self._settings.smtp_port}"
                self._health.ready("mail server", f"{where}: {type(error).__name__}")
                event("smtp", f"no connection to {where}", level=logging.WARNING, error=repr(error))
                await self.sleep(min(backoff.next(), max(until - time.monotonic(), 0)))
            else:
                self._health.ready("mail server")
                return connection
        return None

    async def _hand_over(self, connection: Connection, mail: Claimed) -> Answer:
        try:
            contact = self._vault().open(mail.member_id, mail.sealed, mail.wrapped)
            recipient = mailable(contact.email)
            if recipient is None:
                return Answer(Ending.FAILED, "the address cannot be mailed")
            message = await self._composer.compose(mail, contact, recipient)
        except Exception as error:
            # Ours to mend, not the member's to miss: it stays until a release can word it.
            failure("mail", "a mail cannot be composed", error, notification=mail.id)
            return Answer(Ending.PUT_OFF, f"not composed: {type(error).__name__}")
        answer = await connection.send(recipient, message)
        if answer.ending is Ending.SENT:
            fail_point("notify.after_send")
        return answer

    def _outcome(self, mail: Claimed, answer: Answer) -> Outcome:
        """Where an answer leads: when to try again, or that it is over."""
        state, reply = answer.ending.value, answer.reply
        if answer.ending in (Ending.SENT, Ending.FAILED):
            return Outcome(mail.id, mail.claim, state, reply)
        if answer.ending is Ending.UNKNOWN and self._settings.notify_unknown == "leave":
            return Outcome(mail.id, mail.claim, state, reply)
        if mail.age > self._settings.notify_give_up_hours * 3600:
            state = "failed" if answer.ending is Ending.PUT_OFF else state
            return Outcome(mail.id, mail.claim, state, f"given up after {reply}")
        wait = self._settings.notify_retry_seconds * 2.0 ** min(mail.tries_before, 20)
        return Outcome(mail.id, mail.claim, state, reply, min(wait, LONGEST_WAIT))
