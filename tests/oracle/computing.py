"""All members: everything that must be so after these topics and these commands."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.commands import Command
from tests.oracle.facts import Facts, claimed, days_due, savings
from tests.oracle.member import Member
from tests.oracle.programme import Programme, in_force
from tests.oracle.published import Published, told_by
from tests.oracle.records import Arrived, Coordinates, Input, Record, arrived, moment
from tests.oracle.walking import Life, Walk, by_calendar

_NEVER = datetime.min.replace(tzinfo=UTC)
_TIMES = ("time", "earned_at")
Awards = dict[tuple[str, str, str], tuple[int, int]]


@dataclass
class Known:
    """What may be taken from the engine, none of it a result: in which order inputs arrived (it
    tells when those were decided that were published nowhere), who holds an order id that two
    members claim, and with which version each account ends.
    """

    arrival: Mapping[tuple[str, str], int] = field(default_factory=dict)
    holder: Mapping[tuple[str, str], str] = field(default_factory=dict)
    last_version: Mapping[str, int] | None = None


@dataclass
class Result:
    """Everything that must be so. Awards: (member, rule, what for) → exact given, taken back."""

    members: dict[str, Member] = field(default_factory=dict)
    awards: Awards = field(default_factory=dict)
    inputs: dict[tuple[str, str], str] = field(default_factory=dict)
    parked: set[tuple[str, str]] = field(default_factory=set)
    dead_letters: set[Coordinates] = field(default_factory=set)
    due: dict[tuple[str, date], int] = field(default_factory=dict)
    contacts: set[str] = field(default_factory=set)
    due_before_restore: set[tuple[str, date]] = field(default_factory=set)
    facts: dict[tuple[str, int, int], Facts] = field(default_factory=dict)
    lost: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)


def compute(
    records: Sequence[Record],
    commands: Sequence[Command],
    versions: Sequence[Programme],
    known: Known | None = None,
    *,
    restored: bool = False,
) -> Result:
    """Everything that must be so. `restored`: commands of before a restore may be lost, and are
    listed; otherwise each one counts."""
    known = known or Known()
    found = arrived(records)
    everything = told_by(records, known.last_version)
    told = everything.histories
    result = Result(problems=everything.problems, contacts=found.contacts)
    inputs = _by_member(found, told, known, result)
    heard = {one.cause for history in told.values() for one in history}
    accepted: dict[str, list[Command]] = defaultdict(list)
    for command in commands:
        if restored and command.key not in heard:
            result.lost.append(command.key)
        else:
            accepted[command.member].append(command)
            result.inputs[command.key] = command.member
    until = max((one.time for history in told.values() for one in history), default=_NEVER)
    for id_ in sorted(inputs.keys() | accepted.keys() | told.keys()):
        history = told.get(id_, [])
        life = Walk(id_, versions, known.arrival).along(history, inputs[id_], accepted[id_])
        _gather(result, life, inputs[id_], history, until)
        calendar = by_calendar(id_, versions, inputs[id_], accepted[id_], life.member.time)
        # A late input is not decided again from its own time on yet: what it gives may depend on
        # what was decided before it. Without one the order of deciding must not matter.
        differences = result.late if life.late else result.problems
        differences += _disagreements(life.member, calendar)
    if restored:
        _undone(result, everything.undone, in_force(versions, until).zone, until)
    else:
        result.problems += [
            f"{one.member} {one.place}: did not happen" for one in everything.undone
        ]
    result.dead_letters |= found.dead
    result.problems += _effects(result, found)
    return result


def _by_member(
    found: Arrived, told: Mapping[str, Sequence[Published]], known: Known, result: Result
) -> dict[str, list[Input]]:
    """The inputs of each member, without those that claim what another member holds."""
    heard = {one.cause for history in told.values() for one in history}
    claims: dict[tuple[str, str], list[Input]] = defaultdict(list)
    for one in found.inputs.values():
        for kind, name in (("order.paid", "order_id"), ("order.refunded", "refund_id"),
                           ("review.published", "review_id")):  # fmt: skip
            if one.kind == kind:
                claims[name, one.data[name]].append(one)
    refused: set[tuple[str, str]] = set()
    for key, claimants in claims.items():
        if len({one.member for one in claimants}) > 1:
            holder = (
                known.holder.get(key)
                or min(
                    claimants,
                    key=lambda one: (one.key not in heard, one.sent or one.time, one.order),
                ).member
            )
            for one in claimants:
                if one.member != holder:
                    refused.add(one.key)
                    result.dead_letters.update(one.records)
    inputs: dict[str, list[Input]] = defaultdict(list)
    for one in found.inputs.values():
        if one.key not in refused:
            inputs[one.member].append(one)
    return inputs


def _gather(
    result: Result,
    life: Life,
    inputs: Sequence[Input],
    history: Sequence[Published],
    until: datetime,
) -> None:
    member = life.member
    result.members[member.id] = member
    result.problems += [f"{member.id} {problem}" for problem in life.problems]
    result.parked.update(one.key for one in life.parked)
    result.awards.update({(member.id, *key): exact for key, exact in awards(member).items()})
    result.facts.update({(member.id, *place): told for place, told in life.facts.items()})
    for conflict in life.conflicts:
        result.dead_letters.update(conflict.records)
    refused = {one.key for one in life.conflicts}
    result.inputs.update({one.key: member.id for one in inputs if one.key not in refused})
    zone = in_force(member.versions, until).zone
    for day, version in days_due(history, member.left_at, zone, until).items():
        result.due[member.id, day] = version


def _undone(result: Result, undone: Sequence[Published], zone: ZoneInfo, until: datetime) -> None:
    """What a restore undid was told all the same: mails may speak of it, and be due for it."""
    for one in undone:
        place = one.member, one.epoch, one.version
        said = one.claims
        result.facts[place] = claimed(said["rewards_ready"], said["saved"], said["next_reward"])
        for day in days_due([one], None, zone, until):
            result.due_before_restore.add((one.member, day))


def awards(member: Member) -> dict[tuple[str, str], tuple[int, int]]:
    """By rule and what it was for: millionths given, and taken back."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for lot in member.lots:
        given, taken = found.get((lot.rule, lot.what), (0, 0))
        found[lot.rule, lot.what] = given + lot.exact, taken + lot.returned
    return found


def _disagreements(member: Member, calendar: Member) -> list[str]:
    """Where the order of deciding made a difference to what the member is entitled to."""
    problems = []
    ours = {key: given - taken for key, (given, taken) in awards(member).items()}
    by_calendar = {key: given - taken for key, (given, taken) in awards(calendar).items()}
    for key in sorted(ours.keys() | by_calendar.keys()):
        if ours.get(key, 0) != by_calendar.get(key, 0):
            problems.append(
                f"{member.id} {key}: {ours.get(key, 0)} millionths as decided, "
                f"{by_calendar.get(key, 0)} by the calendar"
            )
    if member.tier != calendar.tier:
        problems.append(f"{member.id}: tier {member.tier}, by the calendar {calendar.tier}")
    if savings(member.saved) != savings(calendar.saved):
        problems.append(f"{member.id}: saved {member.saved}, by the calendar {calendar.saved}")
    return problems


def _effects(result: Result, found: Arrived) -> list[str]:
    """What friends' purchases made of their referrers must be what the effects topic says."""
    expected: dict[str, dict[str, Any]] = {}
    for member in result.members.values():
        for told in member.effects:
            expected["{referral_id}:{rule}:{revision}".format(**told)] = told
    sent = {
        one.id: one.data | {"time": one.time.isoformat()}
        for one in found.inputs.values()
        if one.kind == "effect"
    }
    problems = []
    for id_ in sorted(expected.keys() | sent.keys()):
        if id_ not in sent:
            problems.append(f"effect {id_}: never published")
        elif id_ not in expected:
            problems.append(f"effect {id_}: published for no reason")
        else:
            for name, value in expected[id_].items():
                theirs = sent[id_][name]
                same = moment(theirs) == moment(value) if name in _TIMES else theirs == value
                if not same:
                    problems.append(f"effect {id_}: {name} {theirs}, not {value}")
    return problems
