"""Rewards of every kind: what the file says, in words, what it must not say, what they come to."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.program.loading import ProgramFileError, check_program, load_program
from headway.program.program import Program
from headway.program.rewards import (
    WHOLE,
    Order,
    Rate,
    Reward,
    most_points,
    paid_by,
    percent_of,
)
from headway.program.rewards_in_words import reward_in_words
from tests.program.making import BASE, TIERS, text_of

MONEY = '{id: r, name: R, points: 100, value: "5.00 USD"'


def file_of(*rewards: str) -> str:
    return text_of(BASE, more=TIERS + "rewards:\n" + "".join(f"  - {one}\n" for one in rewards))


def program_of(*rewards: str) -> Program:
    return load_program(file_of(*rewards))


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (MONEY + "}", "R worth 5.00 USD for 100 points"),
        (
            MONEY + ", limit: {times: 1, per: month}, stock: 2000}",
            "R worth 5.00 USD for 100 points; once a month for each member; 2,000 of them",
        ),
        (
            MONEY + ", prices: [{points: 80, tier: [gold, club]}, "
            "{points: 90, dates: {from: 2026-01-01}}]}",
            "R worth 5.00 USD for 100 points; 80 points for Club or Gold; "
            "90 points from 2026-01-01",
        ),
        (
            MONEY + ", who: {tier: gold, dates: {from: 2026-01-01, to: 2026-01-31}}}",
            "R worth 5.00 USD for 100 points; only for Gold from 2026-01-01 to 2026-01-31",
        ),
        (
            '{id: r, name: R, kind: percent_off, points: 5, percent: "12.5", maximum: "30.00 USD"}',
            "R takes off 12.5% of an order, at most 30.00 USD for 5 points",
        ),
        (
            '{id: r, name: R, kind: free_product, sku: m, points: 5, value: "9.00 USD", '
            'cash: "2.00 USD"}',
            "R worth 9.00 USD for 5 points and 2.00 USD, the product m",
        ),
        (
            '{id: r, name: R, kind: voucher, points: 5, value: "9.00 USD", '
            "codes: {pool: spa, valid_days: 30}}",
            "R worth 9.00 USD for 5 points, a code of pool spa, valid 30 days",
        ),
        (
            '{id: r, name: R, kind: voucher, points: 5, value: "9.00 USD", '
            "codes: {pool: spa, uses: many}}",
            "R worth 9.00 USD for 5 points, the code of pool spa",
        ),
        (
            MONEY + ", kind: voucher, codes: {pool: spa}, automatic: true}",
            "R worth 5.00 USD for 100 points, a code of pool spa; issued by itself",
        ),
        ("{id: r, name: R, kind: early_access, points: 5}", "R for 5 points"),
        (
            '{id: r, name: R, kind: experience, points: 5, value: "9.00 USD", places: 20}',
            "R worth 9.00 USD for 5 points; 20 of them",
        ),
        (
            '{id: r, name: R, kind: donation, points: 5, value: "9.00 USD", cause: Trees}',
            "R worth 9.00 USD for 5 points, given to Trees",
        ),
        (
            '{id: r, name: R, kind: pay_with_points, rate: {points: 2, pays: "3.00 USD"}, '
            "step: 4, minimum: 8, maximum_share: 50}",
            "R pays 6.00 USD for 4 points, from 8 points on, up to 50% of an order",
        ),
    ],
)
def test_a_reward_in_words(written: str, words: str) -> None:
    program = program_of(written)
    assert reward_in_words(program, program.rewards[0]) == words


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            '{id: r, name: R, kind: voucher, points: 5, value: "9.00 USD"}',
            "rewards.0.codes: is missing; a reward of kind voucher needs it",
        ),
        (
            "{id: r, name: R, value: 5.00 USD}",
            "rewards.0.points: is missing; a reward of kind money_off needs it",
        ),
        (MONEY + ", places: 5}", "rewards.0.places: goes with kind experience; remove it"),
        (
            MONEY + ", sku: x}",
            "rewards.0.sku: goes with kind free_product; remove it",
        ),
        (
            MONEY + ", who: {tier: silver}}",
            "rewards.0.who.tier: 'silver' is no tier; known are: club, gold",
        ),
        (
            MONEY + ", prices: {points: 5, tier: silver}}",
            "rewards.0.prices.0.tier: 'silver' is no tier; known are: club, gold",
        ),
        (
            MONEY + ", prices: {points: 5}}",
            "rewards.0.prices.0: say for which tier or on which dates",
        ),
        (
            MONEY + ", kind: early_access, cash: 5.00 USD}",
            "rewards.0.cash: should be below its value: otherwise the points buy nothing",
        ),
        (
            MONEY + ", kind: early_access, cash: 1.00 EUR}",
            "rewards.0.cash: should be in USD, as its value is",
        ),
        (
            "{id: r, name: R, kind: percent_off, points: 5, percent: 101}",
            "rewards.0.percent: should be at most 100",
        ),
        (
            '{id: r, name: R, kind: pay_with_points, rate: {points: 3, pays: "0.05 USD"}, step: 1}',
            "rewards.0.step: 1 points pay no whole number of the smallest unit of USD; "
            "write a step that does",
        ),
        (
            '{id: r, name: R, kind: pay_with_points, rate: {points: 1, pays: "0.05 USD"}, '
            "step: 10, minimum: 15}",
            "rewards.0.minimum: should be a multiple of the step, 10",
        ),
        (
            '{id: r, name: R, kind: pay_with_points, rate: {points: 1, pays: "0.00 USD"}}',
            "rewards.0.rate.pays: should be above zero",
        ),
        (
            '{id: r, name: R, kind: pay_with_points, rate: {points: 1, pays: "0.005 USD"}}',
            "rewards.0.rate.pays: 0.005 is finer than the smallest unit of USD; round it",
        ),
        (MONEY + ", automatic: true}", "rewards.0.automatic: goes with kind voucher; remove it"),
        (
            MONEY + ", kind: voucher, codes: {pool: spa}, automatic: true, stock: 5}",
            "rewards.0.stock: does not go with automatic: nobody is asked; remove one of them",
        ),
        (
            MONEY + ", kind: voucher, codes: {pool: spa}, automatic: true, "
            "limit: {times: 1, per: day}}",
            "rewards.0.limit: does not go with automatic: nobody is asked; remove one of them",
        ),
        (
            MONEY + ", kind: voucher, codes: {pool: spa}, automatic: true, cash: 1.00 USD}",
            "rewards.0.cash: does not go with automatic: nobody is asked; remove one of them",
        ),
        (
            MONEY + ", kind: voucher, codes: {pool: spa, uses: many}, automatic: true}",
            "rewards.0.codes.uses: of an automatic reward each member needs a code; remove it",
        ),
        (
            MONEY + ", limit: {times: 1, per: fortnight}}",
            "rewards.0.limit.per: should be 'day', 'week', 'month', 'year' or 'lifetime'",
        ),
    ],
)
def test_what_does_not_fit_is_named(written: str, told: str) -> None:
    with pytest.raises(ProgramFileError) as raised:
        program_of(written)
    assert [f"{one.field}: {one.fix}" for one in raised.value.problems] == [told]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            MONEY + ", prices: {points: 120, tier: gold}}",
            "rewards.0.prices.0.points: never applies: everybody pays 100, and the lowest price "
            "counts",
        ),
        (
            MONEY + ", who: {dates: {to: 2019-01-01}}}",
            "rewards.0.who.dates: over before this version starts; give later days, or remove it",
        ),
    ],
)
def test_what_is_hardly_meant_is_told(written: str, told: str) -> None:
    warnings = check_program(file_of(written)).warnings
    meant = [f"{one.field}: {one.fix}" for one in warnings if "membership" not in one.fix]
    assert meant == [told]


def test_of_automatic_rewards_the_dearer_needs_a_goal() -> None:
    five = MONEY + ", kind: voucher, codes: {pool: p}, automatic: true}"
    ten = five.replace("id: r", "id: s").replace("points: 100", "points: 200")
    told = [f"{one.field}: {one.fix}" for one in check_program(file_of(five, ten)).warnings]
    assert [one for one in told if "goal" in one] == [
        "rewards.1.automatic: is issued to those alone who choose it as their goal: for all others "
        "one of 100 points comes first"
    ]
    gold = five.replace(", automatic", ", who: {tier: gold}, automatic")
    told = [one.fix for one in check_program(file_of(gold, ten)).warnings]
    assert not [one for one in told if "goal" in one], "who is not gold can have the dearer alone"


def test_a_pool_is_used_one_way() -> None:
    one = '{id: a, name: A, kind: voucher, points: 1, value: "1.00 USD", codes: {pool: p}}'
    other = one.replace("id: a", "id: b").replace("pool: p", "pool: p, uses: many")
    told = [one.fix for one in check_program(file_of(one, other)).warnings]
    assert "another reward uses pool p otherwise; give it its own" in told


rates = st.builds(
    Rate,
    points=st.integers(1, 1000),
    minor=st.integers(1, 10_000),
    minimum=st.just(0),
    share=st.integers(1, WHOLE),
)


@given(rates, st.integers(0, 10**9))
def test_points_never_pay_more_than_their_share_of_the_order(rate: Rate, total: int) -> None:
    points = most_points(rate, Order(total, "USD"))
    assert points % rate.points == 0
    assert paid_by(rate, points) * WHOLE <= total * rate.share
    assert paid_by(rate, points + rate.points) * WHOLE > total * rate.share


@given(st.integers(1, WHOLE), st.integers(0, 10**9), st.none() | st.integers(0, 10**6))
def test_a_percentage_is_rounded_down_and_never_above_its_maximum(
    percent: int, total: int, maximum: int | None
) -> None:
    reward = Reward("r", "R", 1, 0, "USD", percent=percent, maximum_minor=maximum)
    off = percent_of(reward, Order(total, "USD"))
    assert 0 <= off <= total
    assert off * WHOLE <= total * percent
    assert off == maximum or (off + 1) * WHOLE > total * percent


def test_the_lowest_price_that_applies_counts_whatever_the_order() -> None:
    prices = ["{points: 80, tier: gold}", "{points: 70, dates: {to: 2026-01-31}}"]
    for order in (prices, prices[::-1]):
        reward = program_of(MONEY + f", prices: [{', '.join(order)}]}}").rewards[0]
        january, later = date(2026, 1, 31), date(2026, 2, 1)
        assert [reward.price(t, d) for t in ("club", "gold") for d in (january, later)] == [
            70, 100, 70, 80,
        ]  # fmt: skip
