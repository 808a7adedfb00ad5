"""One member's account, and its story: every line of the ledger with the rule behind it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import asyncpg
import orjson

from headway.domain.account import Lot
from headway.domain.points import PointsEvent, TierEvent
from headway.errors import UserError
from headway.ledger import snapshot
from headway.ledger.programs import read_programs
from headway.ledger.queries import load
from headway.ledger.wording import Wording
from headway.program.program import Programs
from headway.program.rules import MICRO

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

QUERIES = load("headway.ledger", "story.sql")
_SETTLING = frozenset(("activate", "repay", "expire"))


class StoryInput(NamedTuple):
    """One entry of the input log. `waits_for` is set while it is parked."""

    n: int
    source: str
    id: str
    kind: str
    time: datetime
    outcome: str
    reason: str
    data: dict[str, object]
    waits_for: str | None
    since: datetime | None


class Redemption(NamedTuple):
    """What a reward was asked for, and how it stands. Value in minor units."""

    redemption_id: str
    reward_id: str
    reward_name: str
    points: int
    value_minor: int
    currency: str
    state: str
    reserved_at: datetime
    held_until: datetime


class Balances(NamedTuple):
    """What a member has; `owed` is zero or below."""

    pending: int = 0
    available: int = 0
    reserved: int = 0
    owed: int = 0


class MemberAccount(NamedTuple):
    """Everything the ledger holds about one member, as of `account_time`."""

    account_id: int
    member_id: str
    balances: Balances
    version: int
    account_time: datetime | None
    joined_at: datetime | None
    left_at: datetime | None
    tier: str
    next_due_at: datetime | None
    held: str | None
    saved: dict[str, int]
    inputs: list[StoryInput]
    points: list[PointsEvent]
    tiers: list[TierEvent]
    lots: list[Lot]
    redemptions: list[Redemption]
    programs: Programs


class StoryLine(NamedTuple):
    """One line: something that happened (`seq` None), or points that it moved.

    `at` is in the programme's zone. `points` went from `source` to `target`; `after` is what the
    member had then.
    """

    at: datetime
    n: int
    seq: int | None
    what: str
    points: int
    source: str
    target: str
    rule: str
    after: Balances


async def story(dsn: str, member_id: str) -> list[StoryLine]:
    """A member's story from the first line to the last. Raises UserError if there is none."""
    connection = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return list(tell(await read_member(connection, member_id)))
    finally:
        await connection.close()


async def read_member(connection: "Connection", member_id: str) -> MemberAccount:
    """All there is about a member; in a REPEATABLE READ transaction it is of one moment."""
    row = await connection.fetchrow(QUERIES.member_account, member_id)
    if row is None:
        raise UserError(
            f"the ledger knows no member {member_id!r}",
            "check the id; it is the key of the member's events",
        )
    account_id = row["account_id"]

    async def rows(query: str) -> Sequence[asyncpg.Record]:
        found: Sequence[asyncpg.Record] = await connection.fetch(query, account_id)
        return found

    inputs = [_input(entry) for entry in await rows(QUERIES.member_inputs)]
    return MemberAccount(
        account_id, row["member_id"],
        Balances(row["pending"], row["available"], row["reserved"], row["owed"]),
        row["version"], row["account_time"], row["joined_at"], row["left_at"], row["tier"],
        row["next_due_at"], row["held"], orjson.loads(row["state"]).get("saved", {}), inputs,
        [PointsEvent(*entry) for entry in await rows(QUERIES.member_points)],
        [TierEvent(*entry) for entry in await rows(QUERIES.member_tiers)],
        [snapshot.lot_from(entry) for entry in await rows(QUERIES.member_lots)],
        [Redemption(*entry) for entry in await rows(QUERIES.member_redemptions)],
        await read_programs(connection),
    )  # fmt: skip


def _input(row: asyncpg.Record) -> StoryInput:
    return StoryInput(
        row["n"], row["source"], row["id"], row["kind"], row["business_time"], row["outcome"],
        row["reason"], orjson.loads(row["data"]), row["waits_for"], row["since"],
    )  # fmt: skip


def tell(member: MemberAccount) -> Iterator[StoryLine]:
    """The story in the ledger's order: inputs where they were decided, each with what it moved."""
    told = _Telling(member)
    for item, rows in _chapters(member):
        before = _leading(rows)
        for row in before:
            yield told.row(row)
        if item.kind != "tick":
            yield told.happening(item)
        for row in rows[len(before) :]:
            yield told.row(row)
        yield from told.tiers(item.n)


def facts(member: MemberAccount) -> dict[str, object]:
    """The account and its story for machines: plain values, times and dates as they are."""
    told = {
        name: value
        for name, value in member._asdict().items()
        if name not in ("points", "tiers", "programs")
    }
    return told | {
        "balances": member.balances._asdict(),
        "inputs": [item._asdict() for item in member.inputs],
        "lots": [lot._asdict() for lot in member.lots],
        "redemptions": [one._asdict() for one in member.redemptions],
        "story": [{**line._asdict(), "after": line.after._asdict()} for line in tell(member)],
    }


def _chapters(member: MemberAccount) -> list[tuple[StoryInput, list[PointsEvent]]]:
    """Inputs with their rows, placed by their first row; one without rows by its number."""
    rows: dict[int, list[PointsEvent]] = {item.n: [] for item in member.inputs}
    for row in member.points:
        rows.setdefault(row.cause, []).append(row)
    reached = 0
    placed: list[tuple[int, int, StoryInput]] = []
    for item in member.inputs:
        mine = rows[item.n]
        placed.append((mine[-1].seq if mine else reached, item.n, item))
        reached = max(reached, mine[-1].seq if mine else 0)
    return [(item, rows[item.n]) for _, _, item in sorted(placed)]


def _leading(rows: Sequence[PointsEvent]) -> list[PointsEvent]:
    """What fell due before the input did anything itself."""
    leading: list[PointsEvent] = []
    for row in rows:
        if row.kind not in _SETTLING:
            break
        leading.append(row)
    return leading


class _Telling:
    """What has been told so far: balances, and what is carried under each rule."""

    def __init__(self, member: MemberAccount) -> None:
        self._member = member
        self._after = Balances()
        self._carried: dict[str, int] = {}
        named = {one.redemption_id: one.reward_name for one in member.redemptions}
        self._words = Wording.of(member.programs, member.lots, named)

    def happening(self, item: StoryInput) -> StoryLine:
        what = self._words.happening(item.kind, item.data, item.outcome, item.reason)
        return StoryLine(
            self._words.local(item.time), item.n, None, what, 0, "", "", "", self._after
        )

    def row(self, row: PointsEvent) -> StoryLine:
        moved = self._after._asdict()
        if row.from_bucket in moved:
            moved[row.from_bucket] -= row.points
        if row.to_bucket in moved:
            moved[row.to_bucket] += row.points
        self._after = Balances(**moved)
        carried = self._carried.get(row.rule or "", 0)
        if row.kind in ("earn", "reverse"):
            self._carried[row.rule or ""] = (carried + row.exact) % MICRO
        return StoryLine(
            self._words.local(row.effective_at), row.cause, row.seq,
            self._words.row(row, carried), row.points, row.from_bucket, row.to_bucket,
            self._words.rule(row), self._after,
        )  # fmt: skip

    def tiers(self, n: int) -> Iterator[StoryLine]:
        for change in self._member.tiers:
            if change.cause == n:
                program = self._member.programs.version(change.program_version)
                names = {level.id: level.name for level in program.levels}
                name = names.get(change.tier_to, change.tier_to) or "none"
                yield StoryLine(
                    self._words.local(change.effective_at), n, None, f"Tier is now {name}",
                    0, "", "", "", self._after,
                )  # fmt: skip
