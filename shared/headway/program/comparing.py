"""What changes from one programme to another, in words a marketer understands."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeVar

from headway.program.comparing_rules import rule_changes
from headway.program.life_in_words import (
    attribution_in_words,
    clawback_in_words,
    days_before,
    earned_on_in_words,
    expiry_in_words,
    pending_in_words,
    referrals_in_words,
)
from headway.program.messages_in_words import messages_in_words
from headway.program.numbers_in_words import count
from headway.program.program import Program
from headway.program.rewards import Reward
from headway.program.rewards_in_words import reward_in_words
from headway.program.rules import Level, Plan
from headway.program.sharing_in_words import pools_in_words, transfers_in_words
from headway.program.tiers_in_words import (
    plan_in_words,
    refund_in_words,
    tier_in_words,
    tier_rules_in_words,
)

One = TypeVar("One")


class Change(NamedTuple):
    """One difference: what it is about (`rule boots`, `reward five`, `expiry`), and in words."""

    about: str
    words: str


def compare(old: Program, new: Program) -> list[Change]:
    """Every difference in what the two mean. When they start is none."""
    return [
        *_facets(old, new, _PROGRAMME),
        *(Change(f"rule {rule}", words) for rule, words in rule_changes(old, new)),
        *_facets(old, new, _LIFE),
        *_tiers(old, new),
        *_membership(old, new),
        *_rewards(old, new),
    ]


Facets = Mapping[str, Callable[[Program], str]]
_PROGRAMME: Facets = {
    "name": lambda program: program.name,
    "zone": lambda program: str(program.zone),
    "currency": lambda program: program.currency,
}
_LIFE: Facets = {
    "pending": lambda program: f"points can be spent {pending_in_words(program.pending)}",
    "expiry": lambda program: f"points {expiry_in_words(program.expiry)}",
    "clawback": clawback_in_words,
    "attribution": attribution_in_words,
    "notices": lambda program: (
        f"{days_before(program.notices)} before points expire" if program.notices else "none"
    ),
    "reinstatement": lambda program: (
        f"within {count(program.reinstate_days, 'day')}" if program.reinstate_days else "never"
    ),
    "earn_on": earned_on_in_words,
    "before joining": lambda program: (
        f"orders of {count(program.before_joining_days, 'day')} before joining count"
        if program.before_joining_days
        else "no order before joining counts"
    ),
    "referrals": referrals_in_words,
    "transfers": transfers_in_words,
    "pools": pools_in_words,
    "messages": messages_in_words,
}


def _facets(old: Program, new: Program, facets: Facets) -> Iterator[Change]:
    for about, words in facets.items():
        before, after = words(old), words(new)
        if before != after:
            yield Change(about, f"{about}: now {after}; was {before}")


def _tiers(old: Program, new: Program) -> Iterator[Change]:
    before, after = tier_rules_in_words(old), tier_rules_in_words(new)
    if old.levels and new.levels and before != after:
        yield Change("tiers", f"tiers: now {'; '.join(after)}; was {'; '.join(before)}")

    def words(program: Program) -> Callable[[Level], str]:
        return lambda level: f"{level.name}, {tier_in_words(program, level)}"

    yield from _each("tier", _by_id(old.levels), _by_id(new.levels), words(old), words(new))


def _membership(old: Program, new: Program) -> Iterator[Change]:
    def words(plan: Plan) -> str:
        return plan_in_words(plan)

    yield from _each("membership", old.plans, new.plans, words, words)
    if old.plans and new.plans and refund_in_words(old) != refund_in_words(new):
        yield Change(
            "membership refund",
            f"membership refund: now {refund_in_words(new)}; was {refund_in_words(old)}",
        )


def _rewards(old: Program, new: Program) -> Iterator[Change]:
    def words(program: Program) -> Callable[[Reward], str]:
        return lambda reward: reward_in_words(program, reward)

    yield from _each("reward", _by_id(old.rewards), _by_id(new.rewards), words(old), words(new))


_Named = TypeVar("_Named", Level, Reward)


def _by_id(ones: Iterable[_Named]) -> dict[str, _Named]:
    return {one.id: one for one in ones}


def _each(
    kind: str,
    old: Mapping[str, One],
    new: Mapping[str, One],
    were: Callable[[One], str],
    are: Callable[[One], str],
) -> Iterator[Change]:
    """What is gone, what is another now, and what is new."""
    for name, one in old.items():
        about, before = f"{kind} {name}", were(one)
        if name not in new:
            yield Change(about, f"{about} is gone; it was {before}")
        elif are(new[name]) != before:
            yield Change(about, f"{about}: now {are(new[name])}; was {before}")
    for name, one in new.items():
        if name not in old:
            yield Change(f"{kind} {name}", f"{kind} {name} is new: {are(one)}")
