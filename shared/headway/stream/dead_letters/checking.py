"""Whether a dead letter would be taken if it were sent now."""

from datetime import datetime
from typing import Final, NamedTuple

from headway.contracts.codec import Event, check_time, decode
from headway.contracts.registry import CONTRACTS
from headway.contracts.topics import EARN_INPUTS, SERVICES, TOPICS, Topics
from headway.errors import Poison
from headway.ledger.erasing import is_blinded
from headway.stream.dead_letters.drafting import Sendable
from headway.stream.dead_letters.kept import QUERIES, Kept
from headway.stream.positions import Connection

_MOMENT: Final = "%Y-%m-%d %H:%M:%S"
_NAMES: Final = frozenset(topic.name for topic in TOPICS)
_OURS: Final = frozenset(name for service in SERVICES for name in service.writes)


class Problem(NamedTuple):
    """What is wrong with an event: a short code, the field ('' if none), and the fix."""

    reason: str
    field: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.reason, self.field, self.message) if part)


def hindrance(letter: Kept, topic_prefix: str, *, mending: bool, again: bool) -> str | None:
    """Why this letter is not to be sent, and what to do; None if it may go.

    `again`: also if it was sent already.
    """
    if letter.topic == Topics(topic_prefix).member_contacts:
        return (
            f"dead letter {letter.id} has no body: contacts are personal data and are not kept\n"
            "  -> have its producer send it again"
        )
    if letter.erased:
        return f"dead letter {letter.id} has no body: it went when its member was erased"
    if mending and written_here(letter.topic, topic_prefix):
        return (
            f"dead letter {letter.id} is of {letter.topic}, which Headway itself writes: what it"
            " says is the ledger's\n"
            "  -> send it again as it is with `headway dlq replay`, by a release that takes it"
        )
    if letter.value is None and not mending:
        return (
            f"dead letter {letter.id} has no body: it came without one\n"
            "  -> have its producer send it again, or write it with `headway dlq mend`"
        )
    if letter.replayed_at is not None and not again:
        return (
            f"dead letter {letter.id} was sent again already, at {letter.replayed_at:{_MOMENT}}\n"
            "  -> see `headway dlq show`; with --again it is sent once more"
        )
    return None


def written_here(topic: str, topic_prefix: str) -> bool:
    """Whether Headway itself writes the topic: what is refused there is replayed, never edited."""
    return topic.startswith(topic_prefix) and topic.removeprefix(topic_prefix) in _OURS


def decoded(what: Sendable, topic: str, topic_prefix: str, now: datetime) -> Event | None:
    """The event, as whoever reads the topic would see it; raises Poison if that would refuse it.

    None where there is nothing to judge by: a topic that is not Headway's.
    """
    name = topic.removeprefix(topic_prefix)
    if not topic.startswith(topic_prefix) or name not in _NAMES:
        return None
    event = decode(what.key, what.value, what.headers)
    allowed = EARN_INPUTS if name in EARN_INPUTS else (name,)
    if CONTRACTS[event.type].topic not in allowed:
        raise Poison("wrong-topic", "type", f"{event.type} does not belong on {topic}")
    if name in EARN_INPUTS:
        check_time(event, now)
    return event


async def checked(
    connection: Connection, letter: Kept, what: Sendable, topic_prefix: str, now: datetime
) -> Problem | None:
    """What would have this refused again; None if nothing is known to.

    Decoded with the codec of the services, and compared with the input log. What only the
    deciding finds, such as an order that is known under another id, is not foreseen.
    """
    try:
        event = decoded(what, letter.topic, topic_prefix, now)
    except Poison as poison:
        return Problem(poison.reason, poison.field, poison.message)
    if event is None:
        return None
    known = await connection.fetchval(QUERIES.digest_known, event.source, event.id)
    if known is None or known == event.digest or is_blinded(known):
        return None
    return Problem(
        "conflict",
        "id",
        f"event {event.id} was applied with other content and stays as it is; if this is another "
        "event, give it an id of its own",
    )
