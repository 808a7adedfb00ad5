"""Deciding the whole input log again, in memory, and comparing with what is stored.

Promise 2a of the design: the same inputs give identical rows, lots, tiers and balances. Inputs are
decided account by account in the order of their numbers; what was parked is released by the same
input as then. Each is judged by the programme versions that were published when it was recorded.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import asyncpg

from headway.domain.account import Account, Input, Lot, OrderLine
from headway.domain.adjustment import ADJUST
from headway.domain.closing import Decision
from headway.domain.decide import decide_all, from_source
from headway.domain.erasing import ERASE
from headway.domain.goal import CLEAR_GOAL, SET_GOAL
from headway.domain.points import PointsEvent, TierEvent
from headway.errors import Poison, UserError
from headway.ledger import adjustments, erasing, goals, redemptions, snapshot, transfers
from headway.ledger.programs import read_programs
from headway.ledger.queries import load
from headway.ledger.reading import data_of
from headway.program.program import Programs

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

QUERIES = load("headway.ledger", "replay.sql")
BOUNDS = load("headway.ledger", "verify.sql").bounds
ACCOUNTS_AT_ONCE = 1000
_COMPARED = (
    "pending", "available", "reserved", "owed", "seq", "inputs", "tier_seq", "version", "time",
    "joined_at", "left_at", "tier", "remainders", "saved", "measures", "first", "referral",
    "purchases", "caps", "carried", "birthday", "membership", "active_at", "last", "goal",
    "certificates",
)  # fmt: skip


class Difference(NamedTuple):
    """Where the ledger is not what its inputs make of it."""

    member_id: str
    what: str


@dataclass(slots=True)
class Replayed:
    """How much was decided again, and the first differences of each account that has any."""

    accounts: int = 0
    inputs: int = 0
    points_events: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything is identical."""
        return not self.differences


@dataclass(slots=True)
class _Stored:
    """What the ledger holds of one account."""

    account: Account
    inputs: list[asyncpg.Record] = field(default_factory=list)
    parked: dict[int, str] = field(default_factory=dict)
    points: list[PointsEvent] = field(default_factory=list)
    tiers: list[TierEvent] = field(default_factory=list)
    lots: dict[int, Lot] = field(default_factory=dict)
    lines: dict[str, dict[str, OrderLine]] = field(default_factory=dict)
    payments: dict[str, tuple[str, int, int]] = field(default_factory=dict)


class _Published:
    """The programme as it was published at a moment."""

    def __init__(self, programs: Programs, versions: Sequence[tuple[int, datetime]]) -> None:
        self._recorded = [recorded_at for _, recorded_at in versions]
        self._known = [
            Programs([programs.version(number) for number, _ in versions[: count + 1]])
            for count in range(len(versions))
        ]

    def by(self, recorded_at: datetime) -> Programs:
        return self._known[max(bisect_right(self._recorded, recorded_at) - 1, 0)]


async def replay(
    connection: "Connection", progress: Callable[[int, int], None] | None = None
) -> Replayed:
    """Decide every input again and compare; `connection` is in a REPEATABLE READ transaction."""
    versions = await connection.fetch(QUERIES.versions_known)
    if not versions:
        raise UserError("no programme is published", "run `headway program publish FILE`")
    published = _Published(
        await read_programs(connection), [(row["version"], row["recorded_at"]) for row in versions]
    )
    result = Replayed()
    bounds = await connection.fetchrow(BOUNDS)
    if bounds is None or bounds["low"] is None:
        return result
    low, high = bounds["low"], bounds["high"]
    for start in range(low, high + 1, ACCOUNTS_AT_ONCE):
        end = min(start + ACCOUNTS_AT_ONCE - 1, high)
        for stored in (await _read(connection, start, end)).values():
            result.accounts += 1
            result.inputs += len(stored.inputs)
            result.points_events += len(stored.points)
            what = _differs(stored, published)
            if what:
                result.differences.append(Difference(stored.account.member_id, what))
        if progress is not None:
            progress(end - low + 1, high - low + 1)
    return result


async def _read(connection: "Connection", low: int, high: int) -> dict[int, _Stored]:
    found: dict[int, _Stored] = {}

    async def each(query: str) -> Iterable[tuple[_Stored, Iterable[asyncpg.Record]]]:
        rows = await connection.fetch(query, low, high)
        grouped = groupby(rows, key=lambda row: row["account_id"])
        return [(found[number], list(rows)) for number, rows in grouped if number in found]

    for row in await connection.fetch(QUERIES.replay_accounts, low, high):
        found[row["account_id"]] = _Stored(snapshot.account_from(row))
    for stored, rows in await each(QUERIES.replay_inputs):
        stored.inputs = list(rows)
    for stored, rows in await each(QUERIES.replay_parked):
        stored.parked = {row["n"]: row["waits_for"] for row in rows}
    for stored, rows in await each(QUERIES.replay_points):
        stored.points = [PointsEvent(*row) for row in rows]
    for stored, rows in await each(QUERIES.replay_tiers):
        stored.tiers = [TierEvent(*row) for row in rows]
    for stored, rows in await each(QUERIES.replay_lots):
        stored.lots = {row["lot"]: snapshot.lot_from(row) for row in rows}
    for stored, rows in await each(QUERIES.replay_lines):
        for line in (OrderLine(*tuple(row)[1:]) for row in rows):
            stored.lines.setdefault(line.order_id, {})[line.line_id] = line
    for stored, rows in await each(QUERIES.replay_payments):
        stored.payments = {row["redemption_id"]: tuple(row)[2:] for row in rows}
    return found


def _differs(stored: _Stored, published: _Published) -> str:
    """The first thing in which one account is not what its inputs make of it; '' if nothing."""
    account = Account(stored.account.account_id, stored.account.member_id)
    decisions: list[Decision] = []
    log: list[tuple[int, Input]] = []
    for row in stored.inputs:
        item = input_from(row)
        try:
            decided = decide_all(published.by(row["recorded_at"]), account, item, log.copy)
        except Poison as poison:
            return f"input {row['n']} ({row['kind']}) would be refused now: {poison}"
        if decided[0].n != row["n"]:
            return f"input {row['n']} would have number {decided[0].n}"
        decisions += decided
        account = decided[-1].account
        if from_source(item):
            log.append((decided[0].n, item))
    return (
        _outcomes_differ(stored, decisions)
        or _rows_differ(stored, decisions)
        or _state_differs(stored, account)
    )


def input_from(row: asyncpg.Record) -> Input:
    """An input as it was decided on, out of the input log."""
    kind, body = row["kind"], row["data"]
    data: object = None
    if kind.startswith("redemption."):
        data = redemptions.command_from(kind, body)
    elif kind == ADJUST:
        data = adjustments.adjust_from(body)
    elif kind == ERASE:
        data = erasing.erase_from(body)
    elif kind in transfers.KINDS:
        data = transfers.command_from(kind, body)
    elif kind in (SET_GOAL, CLEAR_GOAL):
        data = goals.goal_from(body)
    else:
        data = data_of(kind, body)
    return Input(
        row["source"], row["id"], kind, row["business_time"], data, bytes(row["digest"]),
        body.encode(),
    )  # fmt: skip


def _outcomes_differ(stored: _Stored, decisions: Sequence[Decision]) -> str:
    became = {decision.n: decision.outcome for decision in decisions}
    for row in stored.inputs:
        now = became[row["n"]]
        # An input that is parked twice keeps the reason of the first time.
        reasons = row["outcome"] == "parked" or row["reason"] == now.reason
        if row["outcome"] != now.outcome or not reasons:
            return (
                f"input {row['n']} ({row['kind']}) was {row['outcome']} {row['reason']!r}, "
                f"would be {now.outcome} {now.reason!r}"
            )
    return ""


def _rows_differ(stored: _Stored, decisions: Sequence[Decision]) -> str:
    points = [row for decision in decisions for row in decision.points]
    tiers = [row for decision in decisions for row in decision.tier_events]
    return _first_difference("points event", stored.points, points) or _first_difference(
        "tier event", stored.tiers, tiers
    )


def _first_difference(
    name: str,
    stored: Sequence[PointsEvent | TierEvent],
    now: Sequence[PointsEvent | TierEvent],
) -> str:
    for place, (was, is_) in enumerate(zip(stored, now, strict=False), 1):
        before, after = was._asdict(), is_._asdict()
        for column, value in before.items():
            if value != after[column]:
                return f"{name} {place}: {column} is {value}, would be {after[column]}"
    if len(stored) != len(now):
        return f"{len(stored)} {name}s, would be {len(now)}"
    return ""


def _state_differs(stored: _Stored, account: Account) -> str:
    for name in _COMPARED:
        before, after = getattr(stored.account, name), getattr(account, name)
        if before != after:
            return f"account: {name} is {before}, would be {after}"
    waiting = {one.n: one.waits_for for one in account.parked}
    paying = {
        name: (one.state, one.restored_points, one.restored_minor)
        for name, one in account.payments.items()
    }
    return (
        _entry_differs("lot", stored.lots, account.lots)
        or _entry_differs("order line", stored.lines, account.lines)
        or _entry_differs("payment", stored.payments, paying)
        or _entry_differs("parked input", stored.parked, waiting)
    )


def _entry_differs(what: str, was: Mapping[Any, object], now: Mapping[Any, object]) -> str:
    for key in [*was, *now]:
        if was.get(key) != now.get(key):
            return f"{what} {key}: is {was.get(key)}, would be {now.get(key)}"
    return ""
