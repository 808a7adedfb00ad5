"""Mail on its way out: composed, and handed over on sessions kept open."""

import logging
import time
from collections.abc import Callable, Sequence

from headway.runtime.clock import Clock
from headway.runtime.health import Health
from headway.runtime.logging import event, failure
from headway.sealing.vault import Contact, Vault
from headway.stream.backoff import Backoff
from headway.stream.positions import Pool
from headway_notify import metrics, pacing
from headway_notify.compose import Composer
from headway_notify.dispatch import Dispatch
from headway_notify.lives import Lives
from headway_notify.marking import Marker
from headway_notify.roads.answers import Answer, Ending, Unreachable
from headway_notify.roads.mail import MailRoad, MailSession, Tag
from headway_notify.settings import NotifySettings
from headway_notify.smtp import mailable
from headway_notify.store import Claimed


class Delivery(Dispatch[Claimed, MailSession]):
    """Sends decided mails by the one road that mail has here."""

    def __init__(
        self, pool: Callable[[], Pool], vault: Callable[[], Vault], settings: NotifySettings,
        clock: Clock, composer: Composer, road: MailRoad, lives: Lives[Claimed], marker: Marker,
        health: Health,
    ) -> None:  # fmt: skip
        super().__init__(
            pool, settings, clock, lives, marker, health, senders=road.sessions,
            limit=road.limit, unknown=settings.notify_unknown,
        )  # fmt: skip
        self._vault = vault
        self._composer = composer
        self._road = road
        self._rates = pacing.parse_rates(settings.notify_domain_rates)

    @property
    def _part(self) -> str:
        return "mail server"

    async def on_shutdown(self) -> None:
        """Close what the sessions share."""
        await self._road.close()

    async def _turns(self, items: Sequence[Claimed], horizon: float) -> Sequence[float | None]:
        if not self._rates:
            return [0.0] * len(items)
        domains = [self._contact(item).email.rpartition("@")[2].lower() for item in items]
        return await pacing.reserve(self._pool(), domains, self._rates, horizon)

    def _contact(self, item: Claimed) -> Contact:
        return self._vault().open(item.member_id, item.sealed, item.wrapped)

    async def _open(self, until: float) -> MailSession | None:
        backoff = Backoff(first=0.2)
        while not self._held() and time.monotonic() < until:
            try:
                session = await self._road.open(self._composer.sender.address)
            except Unreachable as error:
                event("smtp", "no connection", level=logging.WARNING, error=str(error))
                self._failed(str(error))
                metrics.ROAD_ERRORS.labels(self._lives.road, "unreachable").inc()
                await self.sleep(min(backoff.next(), max(until - time.monotonic(), 0)))
            else:
                self._health.ready(self._part)
                return session
        return None

    async def _hand_over(self, session: MailSession, item: Claimed) -> Answer:
        contact = self._contact(item)
        recipient = mailable(contact.email)
        if recipient is None:
            return Answer(Ending.FAILED, "the address cannot be mailed", road_ill=None)
        try:
            message = await self._composer.compose(item, contact, recipient)
        except Exception as error:
            # Ours to mend, not the member's to miss: it stays until a release can word it.
            failure("mail", "a mail cannot be composed", error, notification=item.id)
            why = f"not composed: {type(error).__name__}"
            return Answer(Ending.PUT_OFF, why, road_ill=None)
        return await session.send(recipient, message, Tag(item.id, item.kind))
