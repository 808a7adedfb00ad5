"""Whether the ledger keeps its promises: the checks of `headway verify` (design: promise 4).

Everything is read in one snapshot, some thousand accounts at a time, so that memory stays flat and
services may go on. Sums are made by the database; hashes are recomputed here.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import asyncpg

from headway.ledger.programs import read_programs
from headway.ledger.queries import load
from headway.ledger.verify_walk import walk_inputs, walk_points

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

QUERIES = load("headway.ledger", "verify.sql")
ACCOUNTS_AT_ONCE = 2000
KEPT = 20
"""How many findings of a check are kept to be shown; all are counted."""

Progress = Callable[[int, int], None]
"""Called with how far the account ids are through, and how far they go."""


class Finding(NamedTuple):
    """One thing that is broken, and with whom (None: with nobody in particular)."""

    account_id: int | None
    member_id: str | None
    what: str


@dataclass(slots=True)
class Check:
    """One promise, how many things it was checked on, and what broke it."""

    name: str
    promise: str
    unit: str
    examined: int = 0
    broken: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.broken

    def found(self, account_id: int | None, what: str, member_id: str | None = None) -> None:
        """Count a finding, and keep it if it is among the first."""
        self.broken += 1
        if len(self.findings) < KEPT:
            self.findings.append(Finding(account_id, member_id, what))


@dataclass(slots=True)
class Report:
    """What was checked and found. `notes` are for people: nothing in them is broken."""

    checks: dict[str, Check]
    totals: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every check is."""
        return all(check.ok for check in self.checks.values())


_BY_ACCOUNT = (
    Check("chain", "hashes recomputed from the rows, each on the one before", "points events"),
    Check("inputs", "inputs unchanged since they were decided on", "inputs"),
    Check("never-negative", "no lot and no balance below zero at any time", "points events"),
    Check("sequence", "seq, inputs and tier events without gaps", "accounts"),
    Check("versions", "a version for each cause that changed the account", "accounts"),
    Check("causes", "every points and tier event has its input", "points events"),
    Check("balances", "balances are the sums of the points events", "accounts"),
    Check("lots", "lots are what the points events made of them", "lots"),
    Check("fractions", "points are the whole part of the exact points standing", "accounts"),
    Check("awards", "no award taken back beyond what it gave", "awards"),
    Check("tiers", "the tier is where the tier events end", "tier events"),
    Check("redemptions", "redemptions agree with the points they moved", "redemptions"),
    Check("saved", "what members saved is what they redeemed", "accounts"),
    Check("parked", "what waits is listed, and nothing else", "parked inputs"),
    Check("waking", "accounts are woken when something is due", "accounts"),
)
_OF_ALL = (
    Check("keys", "orders, refunds, reviews and referrals name their input", "keys"),
    Check("moves", "points moved between accounts net to zero", "groups"),
    Check("stock", "no reward given more often than there are of it", "rewards"),
    Check("adjustments", "adjustments are what was decided, by whom it was decided", "adjustments"),
    Check("codes", "voucher codes are where their redemptions say", "codes"),
    Check("totals", "all points issued are somewhere", "points"),
)
_WALKED = ("chain", "inputs", "never-negative")


async def verify(connection: "Connection", progress: Progress | None = None) -> Report:
    """Check the whole ledger; `connection` is in a REPEATABLE READ transaction."""
    report = Report({c.name: Check(c.name, c.promise, c.unit) for c in (*_BY_ACCOUNT, *_OF_ALL)})
    forgiving = await _forgiving_versions(connection)
    # Tables filled a moment ago have no statistics yet, and a nested loop over them takes minutes.
    await connection.execute(QUERIES.plan_for_sums)
    bounds = await connection.fetchrow(QUERIES.bounds)
    if bounds is not None and bounds["low"] is not None:
        low, high = bounds["low"], bounds["high"]
        for start in range(low, high + 1, ACCOUNTS_AT_ONCE):
            end = min(start + ACCOUNTS_AT_ONCE - 1, high)
            await _some_accounts(connection, report, start, end, forgiving)
            if progress is not None:
                progress(end - low + 1, high - low + 1)
    await _all_at_once(connection, report)
    await _name_members(connection, report.checks.values())
    for row in await connection.fetch(QUERIES.held_accounts):
        report.notes.append(
            f"account {row['account_id']} is held, jobs leave it alone: {row['held']}"
        )
    return report


async def _forgiving_versions(connection: "Connection") -> list[int]:
    """The programme versions whose policy waives a lot's missing points until they return."""
    if await connection.fetchval(QUERIES.count_programs) == 0:
        return []
    programs = await read_programs(connection)
    versions = [programs.version(number) for number in range(1, programs.latest + 1)]
    return [program.version for program in versions if program.clawback == "within_balance"]


async def _some_accounts(
    connection: "Connection", report: Report, low: int, high: int, forgiving: list[int]
) -> None:
    counts = await connection.fetchrow(QUERIES.examined, low, high)
    for check in _BY_ACCOUNT:
        kept = report.checks[check.name]
        kept.examined += 0 if counts is None else counts[check.unit]
        if check.name in _WALKED:
            continue
        arguments = (low, high, forgiving) if check.name == "lots" else (low, high)
        for row in await connection.fetch(QUERIES["check_" + check.name], *arguments):
            kept.found(row["account_id"], row["what"])
    chain, negative = report.checks["chain"], report.checks["never-negative"]
    await walk_points(connection, QUERIES, low, high, chain.found, negative.found)
    await walk_inputs(connection, QUERIES, low, high, report.checks["inputs"].found)


async def _all_at_once(connection: "Connection", report: Report) -> None:
    for name in ("keys", "moves", "stock", "adjustments", "codes"):
        check = report.checks[name]
        check.examined = await connection.fetchval(QUERIES["count_" + name])
        for row in await connection.fetch(QUERIES["check_" + name]):
            check.found(row["account_id"], row["what"])
    sums = await connection.fetchrow(QUERIES.totals)
    totals: dict[str, int] = {} if sums is None else dict(sums)
    report.totals = totals
    check = report.checks["totals"]
    check.examined = totals.get("issued", 0)
    elsewhere = sum(points for place, points in totals.items() if place != "issued")
    if elsewhere != check.examined:
        check.found(None, f"{check.examined} points were issued, {elsewhere} are somewhere")


async def _name_members(connection: "Connection", checks: Iterable[Check]) -> None:
    """Say whose accounts the findings are about."""
    checks = list(checks)
    ids = {finding.account_id for check in checks for finding in check.findings}
    wanted = [account_id for account_id in ids if account_id is not None]
    rows: list[asyncpg.Record] = await connection.fetch(QUERIES.member_ids, wanted)
    names = {row["account_id"]: row["member_id"] for row in rows}
    for check in checks:
        check.findings = [
            finding._replace(member_id=finding.member_id or names.get(finding.account_id))
            for finding in check.findings
        ]
