"""All members: everything that must be so after these topics and these commands."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from tests.oracle.commands import Command
from tests.oracle.effects import check_effects
from tests.oracle.entries import Heard
from tests.oracle.facts import Facts, days_due, published
from tests.oracle.folding import fold
from tests.oracle.member import Member
from tests.oracle.pooling import Given, check_draws
from tests.oracle.programme import Programme, in_force
from tests.oracle.published import Published, told_by
from tests.oracle.records import Arrived, Coordinates, Input, Record, arrived
from tests.oracle.walking import Life, Walk

_NEVER = datetime.min.replace(tzinfo=UTC)
Awards = dict[tuple[str, str, str], tuple[int, int]]


@dataclass
class Known:
    """What may be taken from the engine, none of it a result: in which order inputs arrived (it
    tells when those were decided that were published nowhere), who holds an order id that two
    members claim, with which version each account ends, and who of a household gave how many
    points for what another has spent.
    """

    arrival: Mapping[tuple[str, str], int] = field(default_factory=dict)
    holder: Mapping[tuple[str, str], str] = field(default_factory=dict)
    last_version: Mapping[str, int] | None = None
    given: Given = field(default_factory=dict)


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
    due_as_known: set[tuple[str, date]] = field(default_factory=set)
    facts: dict[tuple[str, int, int], Facts] = field(default_factory=dict)
    lost: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    histories: Mapping[str, Sequence[Published]] = field(default_factory=dict)
    until: datetime = _NEVER


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
    result.histories = told
    until = result.until = max(
        (one.time for history in told.values() for one in history), default=_NEVER
    )
    for id_ in sorted(inputs.keys() | accepted.keys() | told.keys()):
        history = told.get(id_, [])
        walk = Walk(id_, versions, known.arrival, known.given)
        life = walk.along(history, inputs[id_], accepted[id_])
        _gather(result, life, inputs[id_], history, until)
        result.problems += disagreements(life.member)
    if restored:
        _undone(result, everything.undone, in_force(versions, until).zone, until)
    else:
        result.problems += [
            f"{one.member} {one.place}: did not happen" for one in everything.undone
        ]
    result.dead_letters |= found.dead
    result.problems += check_effects(result.members.values(), found)
    result.problems += check_draws(result.members.values(), known.given)
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
    # Nobody could know yet that the member had left: such a mail may have gone out, or not.
    unknown = [one for one in history if one.claims.get("left_at") is None]
    result.due_as_known |= {(member.id, day) for day in days_due(unknown, None, zone, until)}


def _undone(result: Result, undone: Sequence[Published], zone: ZoneInfo, until: datetime) -> None:
    """What a restore undid was told all the same: mails may speak of it, and be due for it."""
    for one in undone:
        place = one.member, one.epoch, one.version
        result.facts[place] = published(one.claims)
        for day in days_due([one], None, zone, until):
            result.due_before_restore.add((one.member, day))


def awards(member: Member) -> dict[tuple[str, str], tuple[int, int]]:
    """By rule and what it was for: millionths given, and taken back."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for lot in member.lots:
        given, taken = found.get((lot.rule, lot.what), (0, 0))
        found[lot.rule, lot.what] = given + lot.exact, taken + lot.returned
    return found


def disagreements(member: Member) -> list[str]:
    """What stands of the awards as given and taken in the order of deciding must be what the set
    of inputs says by itself, however late any of them came."""
    whole = Heard(first=member.heard.first)
    for one in member.heard.everything:
        whole.add(one)
    right = fold(member.id, member.versions, whole.entries(), member.time)
    entitled = {key: award.standing for key, award in right.awards.items()}
    problems = [
        f"{member.id} {key}: {member.standing.get(key, 0)} millionths stand, "
        f"not {entitled.get(key, 0)}"
        for key in sorted(member.standing.keys() | entitled.keys())
        if member.standing.get(key, 0) != entitled.get(key, 0)
    ]
    if member.tier != right.tier:
        problems.append(f"{member.id}: tier {member.tier}, not {right.tier}")
    return problems
