"""Whose link it is, and what they choose."""

from collections.abc import Callable, Collection
from typing import Literal, NamedTuple

from headway.ledger.queries import load
from headway.program.messages import TOPIC_OF, TOPICS, Topic
from headway.sealing.vault import Vault
from headway.stream.positions import Pool
from headway_notify.links import is_token_of, number_in

_QUERIES = load("headway_notify.web", "choices.sql")

How = Literal["page", "one_click"]


class Visitor(NamedTuple):
    """Who holds the link of a message. `topic` is what that message was about."""

    member_id: str
    address_digest: bytes
    locale: str
    topic: Topic
    wanted: frozenset[Topic]
    none_at_all: bool


class Choices:
    """Reads and writes what members choose."""

    def __init__(self, pool: Callable[[], Pool], vault: Callable[[], Vault]) -> None:
        self._pool = pool
        self._vault = vault

    async def visitor(self, token: str) -> Visitor | None:
        """Whose link it is; None if it is nobody's, or the member's key is gone."""
        number = number_in(token)
        row = None if number is None else await self._pool().fetchrow(_QUERIES.visitor, number)
        if row is None:
            return None
        vault, member_id = self._vault(), row["member_id"]
        if not is_token_of(vault, token, row["id"], member_id, row["wrapped"]):
            return None
        contact = vault.open(member_id, row["sealed"], row["wrapped"])
        return Visitor(
            member_id,
            row["address_digest"],
            contact.locale,
            TOPIC_OF[row["kind"]],
            frozenset(TOPICS) - frozenset(row["unwanted"]),
            row["none_at_all"],
        )

    async def stop(self, visitor: Visitor, how: How) -> None:
        """No more of what the message was about."""
        await self._pool().execute(
            _QUERIES.choose, visitor.member_id, [visitor.topic], [False], how
        )

    async def choose(self, visitor: Visitor, wanted: Collection[str], *, none: bool) -> None:
        """These topics and no others; with `none` nothing at all is sent to the address."""
        async with self._pool().acquire() as connection, connection.transaction():
            await connection.execute(
                _QUERIES.choose,
                visitor.member_id,
                list(TOPICS),
                [topic in wanted for topic in TOPICS],
                "page",
            )
            whole = _QUERIES.nothing_more if none else _QUERIES.something_again
            await connection.execute(whole, visitor.address_digest)
