"""What holds of judging whatever the programme and the order: and explaining never disagrees."""

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from headway.program.caps import room
from headway.program.conditions import Facts
from headway.program.explaining import explain
from headway.program.judging import Award, judge, judge_stages, split
from headway.program.program import Program
from headway.program.rules import MICRO
from tests.program.making import TIERS, program_of
from tests.program.random_programs import counters, orders, rules

busy_machine = settings(deadline=None)


def told(awards: list[Award]) -> list[tuple[int, str, int]]:
    return [(award.line, award.rule.id, award.exact) for award in awards]


def by_rule(awards: list[Award]) -> dict[str, int]:
    total: dict[str, int] = defaultdict(int)
    for award in awards:
        total[award.rule.id] += award.exact
    return dict(total)


@busy_machine
@given(
    st.integers(0, 10**12),
    st.lists(st.integers(0, 10**9), min_size=1, max_size=20).map(lambda ws: list(enumerate(ws))),
)
def test_shares_sum_to_the_total_and_are_fair(total: int, weights: list[tuple[int, int]]) -> None:
    shares = split(total, weights)
    assert [place for place, _ in shares] == [place for place, _ in weights]
    assert sum(exact for _, exact in shares) == total
    whole = sum(weight for _, weight in weights)
    for (_, exact), (_, weight) in zip(shares, weights, strict=True):
        assert exact >= 0
        assert not whole or abs(exact - total * weight / whole) <= 1 + total * 1e-12


@busy_machine
@given(st.data(), rules(), orders())
def test_the_file_s_order_of_rules_decides_nothing(
    data: st.DataObject, made: list[str], facts: Facts
) -> None:
    program, other = program_of(*made), program_of(*data.draw(st.permutations(made)))
    used, day = data.draw(counters(program, facts)), program.day(facts.time)
    assert told(judge(program, facts, used, day)) == told(judge(other, facts, used, day))
    assert [one[1:] for one in explain(program, facts, used, day)] == [
        one[1:] for one in explain(other, facts, used, day)
    ]


@busy_machine
@given(st.data(), rules(), orders())
def test_nothing_is_given_above_the_room_nor_below_zero(
    data: st.DataObject, made: list[str], facts: Facts
) -> None:
    program = program_of(*made)
    used, day = data.draw(counters(program, facts)), program.day(facts.time)
    awards = judge(program, facts, used, day)
    assert all(award.exact > 0 for award in awards)
    for rule_id, exact in by_rule(awards).items():
        left = room(program.rules[rule_id], used, day)
        assert left is None or exact <= left


@busy_machine
@given(rules(), orders())
def test_what_is_rounded_is_whole(made: list[str], facts: Facts) -> None:
    program = program_of(*made)
    stages = judge_stages(program, facts, {}, program.day(facts.time))
    for rule_id, shares in stages.rounded.items():
        before = sum(exact for _, exact in stages.contested[rule_id])
        total = sum(exact for _, exact in shares)
        if program.rules[rule_id].rounding == "carry":
            assert total == before
        else:
            assert total % MICRO == 0
            assert abs(total - before) < MICRO


@busy_machine
@given(rules(plain=True), orders())
def test_the_short_way_is_the_long_way(made: list[str], facts: Facts) -> None:
    program = program_of(*made)
    assert program.rules_on["order.paid"].plain
    day = program.day(facts.time)
    stages = judge_stages(program, facts, {}, day)
    staged = [
        (place, rule.id, exact)
        for rule in stages.rules
        for place, exact in stages.given.get(rule.id, ())
        if exact
    ]
    assert sorted(told(judge(program, facts, {}, day))) == sorted(staged)


@busy_machine
@given(st.data(), rules(), orders())
def test_explaining_says_what_is_awarded(
    data: st.DataObject, made: list[str], facts: Facts
) -> None:
    program = program_of(*made)
    used, day = data.draw(counters(program, facts)), program.day(facts.time)
    found = explain(program, facts, used, day)
    awarded = by_rule(judge(program, facts, used, day))
    assert {one.rule.id: one.exact for one in found if one.exact} == awarded
    assert {one.rule.id for one in found} == program.rules.keys()
    for one in found:
        assert (one.verdict in ("gives", "capped")) or one.exact == 0
        assert one.why or one.verdict == "gives"


@busy_machine
@given(rules(), rules(), orders())
def test_each_group_has_one_winner(made: list[str], more: list[str], facts: Facts) -> None:
    program: Program = program_of(*made, more=TIERS)
    stages = judge_stages(program, facts, {}, program.day(facts.time))
    winners = [
        program.rules[rule_id].group
        for rule_id in stages.contested
        if program.rules[rule_id].group and not program.rules[rule_id].multiplies
    ]
    assert len(winners) == len(set(winners))
