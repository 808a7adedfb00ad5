"""The figures of a month, from sums of the ledger: added up, and compared until they tie."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

Period = Literal["before", "during", "after"]
MEMBERS = ("pending", "available", "reserved", "owed")
"""The buckets of members. What is in them is outstanding; `owed` counts below zero."""
PROGRAMME = ("issued", "redeemed", "expired", "reversed", "moved", "waived", "donated")
"""The buckets of the programme: where points come from and go to."""
_OF_LOTS = ("pending", "available", "reserved")
_BY_THEN: tuple[Period, ...] = ("before", "during")
_BY_NOW: tuple[Period, ...] = (*_BY_THEN, "after")


class Flow(NamedTuple):
    """Points under one rule that went from a bucket to another, relative to the month."""

    rule: str
    period: Period
    source: str
    target: str
    points: int


class Statement(NamedTuple):
    """opening + all movements = closing, in points outstanding.

    Movements by bucket of the programme, signed as they change what is outstanding: `issued` adds,
    `redeemed` takes away (and is above zero where more was restored than redeemed).
    """

    opening: int
    movements: dict[str, int]
    closing: int


class Sums(NamedTuple):
    """A month's figures. `problems` says in words what does not tie; empty: everything does.

    `members` is the closing of the whole by bucket; `now` the same of the accounts as they are.
    """

    whole: Statement
    rules: dict[str, Statement]
    members: dict[str, int]
    now: dict[str, int]
    problems: list[str]


def add_up(flows: Sequence[Flow], accounts: Mapping[str, int], lots: Mapping[str, int]) -> Sums:
    """Figures of the flows; `accounts` and `lots` are what is held now, by bucket and by rule."""
    whole = _Side(flows)
    rules = {
        rule: _Side([flow for flow in flows if flow.rule == rule])
        for rule in sorted({flow.rule for flow in flows})
    }
    # A rule that came later is none of this month's, which must look the same for ever.
    told = {flow.rule for flow in flows if flow.period != "after"}
    return Sums(
        whole.statement(),
        {rule: side.statement() for rule, side in rules.items() if rule in told},
        {bucket: whole.held((bucket,), *_BY_THEN) for bucket in MEMBERS},
        {bucket: accounts.get(bucket, 0) for bucket in MEMBERS},
        [*_unbalanced(whole, rules), *_not_held(whole, rules, accounts, lots)],
    )


def _unbalanced(whole: "_Side", rules: Mapping[str, "_Side"]) -> Iterator[str]:
    """Where points left one side and did not arrive on the other."""
    sides = {"all rules": whole, **{f"rule {rule}": side for rule, side in rules.items()}}
    for whose, side in sides.items():
        opening, movements, closing = side.statement()
        reached = opening + sum(movements.values())
        if reached != closing:
            yield f"{whose}: opening and movements come to {reached:,}, closing is {closing:,}"


def _not_held(
    whole: "_Side", rules: Mapping[str, "_Side"], accounts: Mapping[str, int],
    lots: Mapping[str, int],
) -> Iterator[str]:  # fmt: skip
    """Where everything ever booked is not what the accounts and lots hold now."""
    for bucket in MEMBERS:
        booked, held = whole.held((bucket,), *_BY_NOW), accounts.get(bucket, 0)
        if booked != held:
            yield f"{bucket}: {booked:,} points are booked, the accounts hold {held:,}"
    for rule in sorted(rules.keys() | lots.keys()):
        booked = rules[rule].held(_OF_LOTS, *_BY_NOW) if rule in rules else 0
        if booked != lots.get(rule, 0):
            yield f"rule {rule}: {booked:,} points are booked, its lots hold {lots.get(rule, 0):,}"


class _Side:
    """What each bucket gained (lost: below zero), by period."""

    def __init__(self, flows: Iterable[Flow]) -> None:
        self._gained: Counter[tuple[str, Period]] = Counter()
        for flow in flows:
            self._gained[flow.target, flow.period] += flow.points
            self._gained[flow.source, flow.period] -= flow.points

    def held(self, buckets: Iterable[str], *periods: Period) -> int:
        return sum(self._gained[bucket, period] for bucket in buckets for period in periods)

    def statement(self) -> Statement:
        """Opening and movements by the programme's buckets, closing by the members'."""
        return Statement(
            -self.held(PROGRAMME, "before"),
            {bucket: -self.held((bucket,), "during") for bucket in PROGRAMME},
            self.held(MEMBERS, *_BY_THEN),
        )
