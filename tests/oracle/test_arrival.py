"""What a member is entitled to does not depend on the order in which anything was heard of."""

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracle.computing import disagreements
from tests.oracle.entries import Heard
from tests.oracle.folding import advance, fold, step
from tests.oracle.member import CONFLICT, PARKED, Member
from tests.oracle.programme import Programme
from tests.oracle.records import Input
from tests.oracle.strategies import BEGIN, END, inputs, programmes

_TICKS = st.lists(st.integers(0, 800), max_size=6)


def heard_in(order: list[Input], programme: Programme, ticks: list[int]) -> Member:
    """Decide on everything in this order, what waits as soon as it can be; ticks in between."""
    member, parked = Member([programme], id="m"), list[Input]()
    for at, one in enumerate(order):
        if at < len(ticks):
            member.settle(max(member.time, BEGIN + timedelta(days=ticks[at])))
        outcome = member.hear(one)
        assert outcome != CONFLICT
        if outcome == PARKED:
            parked.append(one)
        while ready := [one for one in parked if not member.waits(one)]:
            member.hear(min(ready, key=lambda one: one.order))
            parked.remove(min(ready, key=lambda one: one.order))
    member.settle(END)
    return member


def standing(member: Member) -> object:
    """Everything that must be the same."""
    return (
        {key: exact for key, exact in member.standing.items() if exact},
        {rule: left for rule, left in member.remainders.items() if left},
        member.tier,
        member.state.measures,
        {rule: [(use.day, use.standing) for use in uses] for rule, uses in
         member.state.uses.items()},
        member.state.effects,
        sorted(one.key for one in member.heard.everything),
    )  # fmt: skip


def each_once(told: Sequence[Input]) -> list[Input]:
    """Without what is told a second time under another id, or a second referral: there the one
    heard first counts, and so the order of arrival."""
    seen: dict[str, str] = {}
    kept: list[Input] = []
    for one in told:
        kind = one.kind.partition(".")[0]
        name = {"review": "review_id", "referral": "referral_id"}.get(kind, "refund_id")
        key = str(one.data.get(name, ""))
        if not key or one.kind in ("review.removed", "order.refund_failed"):
            kept.append(one)
            continue
        place = "referral" if kind == "referral" else f"{kind}:{key}"
        first = seen.setdefault(place, key if kind == "referral" else one.id)
        if first == (key if kind == "referral" else one.id):
            kept.append(one)
    return kept


@settings(max_examples=150, deadline=None)
@given(programmes(), st.data())
def test_entitlements_are_of_the_set(programme: Programme, data: st.DataObject) -> None:
    told = each_once(data.draw(inputs()))
    by_time = heard_in(sorted(told, key=lambda one: one.order), programme, [])
    otherwise = heard_in(data.draw(st.permutations(told)), programme, data.draw(_TICKS))
    assert standing(otherwise) == standing(by_time)
    assert disagreements(otherwise) == disagreements(by_time) == []


@settings(max_examples=100, deadline=None)
@given(programmes(), inputs())
def test_points_are_the_whole_ones_of_what_stands(programme: Programme, told: list[Input]) -> None:
    member = heard_in(sorted(told, key=lambda one: one.order), programme, [])
    whole = dict[str, int]()
    for lot in member.lots:
        assert 0 <= lot.standing <= lot.exact
        whole[lot.rule] = whole.get(lot.rule, 0) + lot.standing
    assert member.owed <= 0
    assert not (member.owed and member.available)
    assert all(left == whole[rule] % 10**6 for rule, left in member.remainders.items())


@settings(max_examples=100, deadline=None)
@given(programmes(), inputs(), st.integers(0, 14))
def test_a_fold_that_stops_on_the_way_and_goes_on_comes_to_the_same(
    programme: Programme, told: list[Input], stop: int
) -> None:
    known = Heard()
    for one in told:
        known.add(one)
    entries = known.entries()
    whole = fold("m", [programme], entries, END)
    some = fold("m", [programme], entries[:stop], entries[: stop + 1][-1].time)
    for entry in entries[stop:]:
        step(some, entry)
    advance(some, END)
    assert some.tier == whole.tier
    assert {key: award.standing for key, award in some.awards.items()} == {
        key: award.standing for key, award in whole.awards.items()
    }
