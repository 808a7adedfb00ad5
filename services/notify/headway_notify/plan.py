"""Which messages are due, and when each is decided. Pure.

A message is due for one cause: the business day of progress, a redemption, one of the ledger's
notices. Settling alone (ticks, time-outs) and administration call for none but what the ledger gave
notice of, and certificates; what was imported calls for none at all.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from headway.contracts.balance import BalanceChanged, Cause
from headway.contracts.opening import imported
from headway.program.calendar import end_of_day, local_date
from headway.program.messages import Kind
from headway.program.program import Program
from headway_notify import details
from headway_notify.moving import Moved, moved

MAILED_CAUSES = frozenset({"event", "effect", "redemption", "transfer"})
"""Kinds of cause after which a member hears from us."""

Version = tuple[int, int]
"""(epoch, version): how far a member's account is; compared in that order."""


class Due(NamedTuple):
    """A message that is due: decide it when the clock passes `ends_at`, once the account is known
    as of `version` or later. `day` is the business day of its cause; `detail` JSON."""

    member_id: str
    kind: Kind
    cause: str
    day: date
    ends_at: datetime
    version: int
    detail: bytes = b"{}"


class Seen(NamedTuple):
    """A member's account as last seen. `goal` and `percent`: what the member is on the way to, and
    how much of its price is there."""

    version: Version
    ready: tuple[str, ...] = ()
    goal: str = ""
    percent: int = 0


class Latest(NamedTuple):
    """A member's account as last published: `facts` is the data of balance.changed, canonical."""

    member_id: str
    version: Version
    left_day: date | None
    facts: bytes


class Plan(NamedTuple):
    """What a batch of balance changes comes to."""

    balances: list[Latest]
    due: list[Due]
    moved: list[Moved]
    last: dict[str, Seen]
    repeats: int
    """Messages dropped because their version, or a later one, had been seen."""


def plan(
    changes: Iterable[tuple[BalanceChanged, bytes]],
    seen: Mapping[str, Seen],
    program_of: Callable[[int], Program],
) -> Plan:
    """Fold changes, in their order, into the latest state per member and the messages due.

    `seen` is how far each member was before; `program_of` gives a version of the programme.
    Lists come sorted by member, so that concurrent writers lock rows in one order.
    """
    latest: dict[str, Latest] = {}
    last: dict[str, Seen] = {}
    due: dict[Due, None] = {}
    statements: list[Moved] = []
    repeats = 0
    for change, facts in changes:
        member_id, version = change.member_id, (change.epoch, change.version)
        before = last.get(member_id) or seen.get(member_id)
        if before is not None and version <= before.version:
            repeats += 1
            continue
        program = program_of(change.program_version)
        left_day = local_date(change.left_at, program.zone) if change.left_at else None
        latest[member_id] = Latest(member_id, version, left_day, facts)
        now = last[member_id] = seen_in(change)
        if "statement" in program.messages.kinds:
            statements.append(moved(change, program))
        if "certificate_issued" in program.messages.kinds:
            due.update(dict.fromkeys(_certificates(change, program)))
        if _mailed(change.cause):
            due.update(dict.fromkeys(_calls_for(change, before, now, program)))
    statement_due = {_statement(one) for one in statements if one.changes}
    return Plan(
        sorted(latest.values()), sorted({*due, *statement_due}), sorted(statements), last, repeats
    )


def seen_in(change: BalanceChanged) -> Seen:
    """What a change says, as far as the next one is compared with it."""
    ahead = change.goal or change.next_reward
    version = (change.epoch, change.version)
    if ahead is None:
        return Seen(version, change.rewards_ready, "", 100)
    there = max(ahead.points - ahead.missing, 0)
    percent = there * 100 // ahead.points if ahead.points else 100
    return Seen(version, change.rewards_ready, ahead.id, percent)


def _calls_for(
    change: BalanceChanged, before: Seen | None, now: Seen, program: Program
) -> Iterable[Due]:
    """The messages that one change calls for."""
    cause, kinds = change.cause, program.messages.kinds
    day, here = local_date(cause.time, program.zone), f"{change.epoch}.{change.version}"

    def due(kind: Kind, name: str, detail: details.Detail | None = None) -> Due:
        body = b"{}" if detail is None else detail.model_dump_json().encode()
        return Due(change.member_id, kind, name, day, cause.time, change.version, body)

    if "progress" in kinds and _passes(before, now, program):
        yield (
            _daily(change, day, program.zone) if program.messages.digest else due("progress", here)
        )
    if "welcome" in kinds and change.joined_at == cause.time and cause.kind == "event":
        yield due("welcome", "joined")
    if "reward_ready" in kinds:
        new = [one for one in now.ready if before is None or one not in before.ready]
        if new:
            ready = details.RewardReady(reward_id=new[-1])
            yield due("reward_ready", f"{new[-1]}@{here}", ready)
    if "reward_used" in kinds and change.redeemed is not None:
        used = details.RewardUsed(**dict(change.redeemed))
        yield due("reward_used", used.redemption_id, used)
    if "points_taken_back" in kinds and change.clawed_back is not None:
        back = details.PointsTakenBack(**dict(change.clawed_back))
        yield due("points_taken_back", here, back)
    earned = (change.moved or {}).get("earn", 0)
    if "referral_thanks" in kinds and cause.kind == "effect" and earned > 0:
        yield due("referral_thanks", here, details.ReferralThanks(points=earned))


def _certificates(change: BalanceChanged, program: Program) -> Iterable[Due]:
    """One for each, whatever it was that let it issue itself; an import is no news."""
    cause = change.cause
    if imported(cause.source):
        return
    day = local_date(cause.time, program.zone)
    for one in change.issued or ():
        detail = details.CertificateIssued(**dict(one)).model_dump_json().encode()
        yield Due(
            change.member_id, "certificate_issued", one.redemption_id, day, cause.time,
            change.version, detail,
        )  # fmt: skip


def _daily(change: BalanceChanged, day: date, zone: ZoneInfo) -> Due:
    """One a day, whatever else the day brings: so it names no version that it waits for."""
    return Due(change.member_id, "progress", day.isoformat(), day, end_of_day(day, zone), 1)


def _statement(one: Moved) -> Due:
    """Told when its period is over; what it says is put together then."""
    return Due(one.member_id, "statement", one.first.isoformat(), one.last, one.ends_at, 1)


def _passes(before: Seen | None, now: Seen, program: Program) -> bool:
    """Whether progress is worth a word: by the programme's thresholds, if it has any."""
    every, last = program.messages.every_percent, program.messages.last_percent
    if not every and not last:
        return True
    if before is None or before.goal != now.goal:
        return True
    if last and now.percent >= 100 - last and now.percent != before.percent:
        return True
    return bool(every) and now.percent // every > before.percent // every


def _mailed(cause: Cause) -> bool:
    """Whether a member hears of it. What is imported happened long ago, or nowhere."""
    return cause.kind in MAILED_CAUSES and not imported(cause.source)
