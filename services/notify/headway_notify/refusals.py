"""Records that notify cannot read: dead letters of its own, without personal data."""

from collections.abc import Iterable, Sequence

from headway.contracts.topics import Topics
from headway.errors import Poison
from headway.runtime.metrics import DEAD_LETTERS
from headway.stream.batch import Record
from headway.stream.breaker import CircuitBreaker
from headway.stream.dead_letter import (
    dead_letter,
    insert_dead_letters,
    outbox_row,
)
from headway.stream.outbox import insert_outbox, shard_of_key
from headway.stream.positions import Connection


class Refusals:
    """Writes dead letters, and says when there are too many of them."""

    def __init__(self, group: str, topics: Topics, *, stop: bool = True) -> None:
        self._group = group
        self._topics = topics
        self._breaker = CircuitBreaker(stops=stop)

    def judge(self, verdicts: Iterable[Poison | None]) -> CircuitBreaker:
        """The breaker after these records; raises DeployGoneWrong. `keep` it once durable."""
        return self._breaker.after(verdicts)

    def keep(self, breaker: CircuitBreaker, refused: Sequence[tuple[Record, Exception]]) -> None:
        """What `judge` answered has become true, and so have these dead letters."""
        self._breaker = breaker
        for record, error in refused:
            reason = error.reason if isinstance(error, Poison) else "refused"
            DEAD_LETTERS.labels(self._group, record.topic, reason).inc()

    async def write(
        self, connection: Connection, refused: Sequence[tuple[Record, Exception]]
    ) -> None:
        """Rows and their copies for the topic, in the caller's transaction.

        A contact's body is personal data and is not kept: its sender sends it again.
        """
        if not refused:
            return
        letters = [
            dead_letter(
                self._group, record, error, keep_body=record.topic != self._topics.member_contacts
            )
            for record, error in refused
        ]
        await insert_dead_letters(connection, letters)
        topic = self._topics.notify_dead_letters
        await insert_outbox(
            connection, [outbox_row(letter, topic, shard_of_key(letter.key)) for letter in letters]
        )
