"""Finding dead letters: by filters, page by page, counted, and one whole."""

from datetime import datetime
from typing import Literal, NamedTuple

import asyncpg

from headway.errors import UserError
from headway.ledger.erasing import NAMELESS
from headway.ledger.queries import load
from headway.stream.batch import Header
from headway.stream.dead_letter import headers_from_json
from headway.stream.positions import Connection

QUERIES = load("headway.stream.dead_letters", "queries.sql")

State = Literal["open", "replayed", "all"]


class Filter(NamedTuple):
    """Which dead letters; None says nothing. `contains` is looked for in the body's bytes."""

    state: State = "open"
    """Open ones were not sent again yet."""
    topic: str | None = None
    reason: str | None = None
    field: str | None = None
    group: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Refused from `since` on and before `until`."""
    key: bytes | None = None
    contains: bytes | None = None


class Page(NamedTuple):
    """At most `limit` letters, of those whose id is above `after`."""

    after: int = 0
    limit: int = 100


class Listed(NamedTuple):
    """One dead letter in a list: without its body."""

    id: int
    group: str
    topic: str
    partition: int
    offset: int
    key: bytes | None
    stage: str
    reason: str
    field: str
    message: str
    release: str
    failed_at: datetime
    replayed_at: datetime | None
    has_value: bool


class Count(NamedTuple):
    """How many letters of a topic were refused for one reason in one field."""

    topic: str
    reason: str
    field: str
    letters: int
    oldest: datetime
    latest: datetime


class Kept(NamedTuple):
    """One dead letter whole, as the table keeps it; `replays` counts how often it was sent."""

    id: int
    group: str
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: list[Header]
    stage: str
    reason: str
    field: str
    message: str
    release: str
    failed_at: datetime
    replayed_at: datetime | None
    replays: int

    @property
    def name(self) -> str:
        """The `dlq.id` of its copy on the topic."""
        return f"{self.group}/{self.topic}/{self.partition}/{self.offset}"

    @property
    def erased(self) -> bool:
        """Whether its body went with the member whom it named."""
        return (self.key or b"").startswith(NAMELESS.encode())


async def listed(connection: Connection, wanted: Filter, page: Page) -> list[Listed]:
    """Dead letters by id, oldest first, without their bodies."""
    rows = await connection.fetch(QUERIES.listed, *wanted, *page)
    return [Listed(*row) for row in rows]


async def counted(connection: Connection, wanted: Filter) -> list[Count]:
    """How many there are by topic, reason and field; the most first."""
    return [Count(*row) for row in await connection.fetch(QUERIES.counted, *wanted)]


async def shown(connection: Connection, id: int) -> Kept:
    """The dead letter of this id; raises UserError if there is none."""
    return kept(id, await connection.fetchrow(QUERIES.shown, id))


def kept(id: int, row: asyncpg.Record | None) -> Kept:
    """The letter in a row of `shown` or `held`; raises UserError if there is none."""
    if row is None:
        raise UserError(f"there is no dead letter {id}", "see `headway dlq list --all`")
    found = Kept(*row)
    return found._replace(headers=headers_from_json(row["headers"]))
