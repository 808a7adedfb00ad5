"""Feedback in the database: the bodies that wait, and what each event does."""

from datetime import datetime, timedelta
from typing import Literal, NamedTuple

import asyncpg

from headway.ledger.queries import load
from headway.program.messages import TOPIC_OF, Kind
from headway.sealing.vault import Vault
from headway.stream.positions import Connection, Pool
from headway_notify.feedback.event import FeedbackEvent
from headway_notify.feedback.ses import NOTIFICATION_TAG
from headway_notify.messaging import notification_id
from headway_notify.permission import Suppression

_QUERIES = load("headway_notify.feedback", "feedback.sql")

Source = Literal["ses", "generic"]


class Waiting(NamedTuple):
    """A body that was kept and not worked through yet."""

    id: int
    source: Source
    event_id: str
    sealed: bytes
    received_at: datetime


class About(NamedTuple):
    """The notification that feedback is about."""

    id: int
    kind: Kind
    member_id: str


async def keep(pool: Pool, vault: Vault, source: Source, event_id: str, body: bytes) -> None:
    """Keep a body as it came, sealed; the same id again changes nothing."""
    sealed = vault.seal_body(body, f"{source}:{event_id}")
    await pool.execute(_QUERIES.keep, source, event_id, sealed)


async def take(connection: Connection, most: int) -> list[Waiting]:
    """Bodies to work through, held until the transaction ends."""
    return [Waiting(*row) for row in await connection.fetch(_QUERIES.take, most)]


async def done(connection: Connection, feedback_id: int) -> None:
    """It was worked through: the body goes."""
    await connection.execute(_QUERIES.done, feedback_id)


async def put_off(connection: Connection, feedback_id: int, trouble: str) -> None:
    """It could not be worked through: later again."""
    await connection.execute(_QUERIES.put_off, feedback_id, trouble)


async def write_event(
    connection: Connection,
    feedback_id: int,
    position: int,
    event: FeedbackEvent,
    about: About | None,
) -> None:
    """What was said, for good; the address is not part of it."""
    await connection.execute(
        _QUERIES.event, feedback_id, position, event.event_type, event.reject_reason, event.bounce,
        event.kind, about and about.id, event.happened_at,
    )  # fmt: skip


async def find(connection: Connection, event: FeedbackEvent, digest: bytes | None) -> About | None:
    """The notification an event is about: by its number, the provider's id, or our Message-ID."""
    for message_id in event.message_ids:
        tag, _, number = message_id.partition(":")
        if tag == NOTIFICATION_TAG and number.isdecimal() and len(number) <= 18:
            found = await connection.fetchrow(_QUERIES.by_number, int(number))
            if found is not None:
                return About(*found)
    found = await connection.fetchrow(_QUERIES.by_provider_id, list(event.message_ids))
    if found is not None:
        return About(*found)
    if digest is None or not event.message_ids:
        return None
    sent = await connection.fetch(_QUERIES.sent_to, digest)
    return next((About(*row[:3]) for row in sent if _key(row) in _keys(event)), None)


def _keys(event: FeedbackEvent) -> set[str]:
    return {message_id.partition("@")[0] for message_id in event.message_ids}


def _key(row: "asyncpg.Record") -> str:
    return notification_id(row["member_id"], row["cause"], row["kind"])


async def suppress(
    connection: Connection, digest: bytes, reason: Suppression, since: datetime, detail: str
) -> None:
    """Nothing is sent to this address any more."""
    await connection.execute(_QUERIES.suppress, digest, reason, since, detail)


async def count_soft_bounce(
    connection: Connection, digest: bytes, feedback_id: int, at: datetime, window: timedelta
) -> int:
    """Note a soft bounce; how many there were in the time before this one, with it."""
    await connection.execute(_QUERIES.soft_bounce, digest, feedback_id, at)
    return int(await connection.fetchval(_QUERIES.soft_bounces, digest, at - window))


async def unwanted(connection: Connection, about: About) -> None:
    """The member does not want what the notification was about."""
    await connection.execute(_QUERIES.unwanted, about.member_id, TOPIC_OF[about.kind])
