"""Orders paid partly with points: what is returned brings back what paid, then what it earned goes.

Worked by hand: a point a dollar, and what points pay is told line by line unless said otherwise.
"""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.domain.terms import Wish
from headway.program.rewards import Order
from tests.domain import strategies as some
from tests.domain.programme import DOLLAR, program, reward
from tests.domain.shop import Shop
from tests.domain.world import DAY, line

FIVE = reward("five", 500, "5.00 USD")
THREE = reward("three", 300, "3.00 USD")
RATE = {"points": 1, "pays": "0.01 USD"}
PAY = {"id": "pay", "name": "pay", "kind": "pay_with_points", "rate": RATE}
MONTH = {"months": 1, "round_up": "day"}


def shop(*earned: int, **settings: Any) -> Shop:
    """A member with lots of so many points, a day apart."""
    one = Shop(program(DOLLAR, rewards=[FIVE, THREE, PAY], **settings))
    for number, points in enumerate(earned):
        one.world.now += DAY
        one.buy(f"before-{number}", ("coffee", points * 100))
    return one


def pay(one: Shop, name: str, reward_id: str, order_id: str, *, confirm: bool = True) -> None:
    """Reserve and confirm a reward that pays an order."""
    wish = Wish(Order(100_000, "USD") if reward_id == "pay" else None, order_id=order_id)
    assert one.world.reserve(name, reward_id, wish=wish).outcome.outcome == "applied"
    if confirm:
        assert one.step("confirm", name) == "applied"


def buy(one: Shop, order_id: str, *lines: tuple[int, int, int], **more: Any) -> None:
    """Lines as (amount, of it paid with points, pieces)."""
    told = [
        line(amount, str(number), quantity=pieces, paid_with_points=paid)
        for number, (amount, paid, pieces) in enumerate(lines, start=1)
    ]
    one.buy(order_id, lines=told, **more)


def saved(one: Shop) -> int:
    """Cents saved since joining."""
    return one.world.account().saved.get("USD", 0)


def test_t10_smile_the_coupon_of_a_returned_order_comes_back_and_then_what_it_earned_goes() -> None:
    """$50 + $20, a $10 coupon on the first, earned on $60: the $20 piece takes 20, and no more."""
    one = Shop(program(DOLLAR, rewards=[reward("ten", 1000, "10.00 USD")]))
    one.buy("before", ("coffee", 100_000))
    pay(one, "c", "ten", "o")
    buy(one, "o", (5000, 1000, 1), (2000, 0, 1))
    assert (one.points, saved(one)) == (60, 1000)
    one.bring_back("o", "2")
    assert one.world.restored("c") == (0, 0)
    assert (one.points, saved(one)) == (40, 1000)
    one.bring_back("o", "1")
    assert (one.points, saved(one)) == (1000, 0)


def test_odoo_212922_and_221928_a_partial_refund_moves_points_once_and_spends_nothing_again() -> (
    None
):
    """Points were deducted twice on a refund; a partial refund spent points again."""
    one = shop(500)
    pay(one, "r", "five", "o")
    buy(one, "o", (2000, 500, 4))
    assert one.points == 15
    for pieces, points, left in ((1, 125, 375), (1, 250, 250), (2, 500, 0)):
        one.bring_back("o", quantity=pieces)
        assert one.world.restored("r") == (points, points)
        assert saved(one) == left
    assert one.points == 500
    kinds = [row.kind for row in one.world.of("m").rows]
    assert kinds.count("redeem") == 1


@pytest.mark.parametrize("thread", ["medusa#16347", "wpswings#112", "squareup td-p/392376"])
def test_a_cancelled_order_gives_back_what_paid_for_it_once(thread: str) -> None:
    """A refunded order's reward was not restored; or was, and paid again."""
    one = shop(500)
    pay(one, "r", "five", "o")
    buy(one, "o", (2000, 500, 1))
    one.tell("order.cancelled", order_id="o")
    assert (one.points, saved(one)) == (500, 0), thread
    assert one.tell("order.cancelled", order_id="o") == "nothing: already returned or cancelled"
    assert one.step("reverse", "r") == "applied"
    assert (one.points, saved(one)) == (500, 0), "of what has come back nothing is left"
    assert one.step("reverse", "r") == "wrong state"


def test_a_lines_money_is_floored_and_its_last_piece_takes_the_rest() -> None:
    one = shop(500)
    pay(one, "r", "five", "o")
    buy(one, "o", (1000, 100, 3), (1000, 400, 1))
    seen = []
    for _ in range(3):
        one.bring_back("o")
        seen.append(one.world.restored("r"))
    assert seen == [(33, 33), (66, 66), (100, 100)]
    one.bring_back("o", "2")
    assert one.world.restored("r") == (500, 500)


def test_points_are_floored_until_everything_is_back() -> None:
    """300 points for 500 cents: a cent is worth no point yet, and is not saved any more."""
    one = Shop(program(DOLLAR, rewards=[reward("r", 300, "5.00 USD")]))
    one.buy("before", ("coffee", 30_000))
    pay(one, "r", "r", "o")
    buy(one, "o", (1000, 3, 3), (1000, 497, 1))
    one.bring_back("o")
    assert (one.world.restored("r"), saved(one)) == ((0, 1), 499)
    one.bring_back("o", quantity=2)
    assert (one.world.restored("r"), saved(one)) == ((1, 3), 497)
    one.bring_back("o", "2")
    assert (one.world.restored("r"), saved(one)) == ((300, 500), 0)


def test_without_a_word_of_what_points_paid_it_goes_by_the_lines_amounts() -> None:
    one = shop(500)
    pay(one, "r", "five", "o")
    buy(one, "o", (3000, 0, 1), (1000, 0, 1))
    one.bring_back("o", "2")
    assert one.world.restored("r") == (125, 125)
    one.bring_back("o", "1")
    assert one.world.restored("r") == (500, 500)


def test_an_order_that_says_less_than_its_redemption_gives_all_back_with_its_last_piece() -> None:
    one = shop(500)
    pay(one, "r", "five", "o")
    buy(one, "o", (2000, 200, 2))
    one.bring_back("o")
    assert one.world.restored("r") == (100, 100)
    one.bring_back("o")
    assert one.world.restored("r") == (500, 500)


def test_of_two_redemptions_the_one_reserved_first_comes_back_first() -> None:
    one = shop(800)
    pay(one, "b-first", "three", "o")
    one.world.now += timedelta(hours=1)
    pay(one, "a-second", "five", "o")
    buy(one, "o", (1600, 800, 2))
    one.bring_back("o")
    assert (one.world.restored("b-first"), one.world.restored("a-second")) == (
        (300, 300),
        (100, 100),
    )
    one.bring_back("o")
    assert (one.world.restored("b-first"), one.world.restored("a-second")) == (
        (300, 300),
        (500, 500),
    )


def test_points_go_back_to_their_lots_the_latest_expiring_first() -> None:
    one = shop(200, 400, points={"expiry": MONTH})
    lots = list(one.world.account().lots)
    pay(one, "r", "five", "o")
    buy(one, "o", (1000, 500, 5))
    one.bring_back("o", quantity=3)
    available = [one.world.account().lots[lot].available for lot in lots]
    assert available == [0, 400]
    one.bring_back("o", quantity=2)
    available = [one.world.account().lots[lot].available for lot in lots]
    assert available == [200, 400]


def test_points_that_come_back_keep_their_expiry() -> None:
    one = shop(500, points={"expiry": MONTH})
    pay(one, "r", "five", "o")
    buy(one, "o", (1000, 500, 1))
    one.wait(one.world.now + 40 * DAY)
    one.bring_back("o")
    assert (one.points, saved(one)) == (0, 0)
    assert [row.kind for row in one.world.of("m").rows[-3:]] == ["restore", "reverse", "expire"]


def test_what_paid_comes_back_before_what_was_earned_is_taken() -> None:
    """The 15 points it earned are spent: the 500 that come back cover them, nothing is owed."""
    one = shop(500)
    pay(one, "r", "five", "o")
    buy(one, "o", (2000, 500, 1))
    one.world.adjust(-15)
    one.bring_back("o")
    assert (one.points, one.world.account().owed) == (485, 0)
    rows = [(row.kind, row.from_bucket) for row in one.world.of("m").rows[-2:]]
    assert rows == [("restore", "redeemed"), ("reverse", "available")]


def test_a_reservation_is_left_alone_and_made_good_with_the_next_return() -> None:
    one = shop(500)
    pay(one, "r", "five", "o", confirm=False)
    buy(one, "o", (1000, 500, 2))
    one.bring_back("o")
    assert (one.points, one.world.account().reserved) == (2, 500)
    one.step("confirm", "r")
    one.bring_back("o")
    assert (one.points, saved(one)) == (500, 0)


def test_reversing_by_hand_restores_only_what_is_left() -> None:
    one = shop(500)
    pay(one, "r", "five", "o")
    buy(one, "o", (2000, 500, 2))
    one.bring_back("o")
    assert one.step("reverse", "r") == "applied"
    assert (one.world.restored("r"), saved(one)) == ((500, 500), 0)
    points = one.points
    one.bring_back("o")
    assert (one.world.restored("r"), one.points) == ((500, 500), points - 7)


def test_a_refund_that_failed_pays_again() -> None:
    one = shop(500)
    pay(one, "r", "five", "o")
    buy(one, "o", (2000, 500, 1))
    refund = {"refund_id": "f", "order_id": "o", "lines": [{"line_id": "1", "quantity": 1}]}
    one.tell("order.refunded", **refund)
    assert (one.points, saved(one)) == (500, 0)
    one.tell("order.refund_failed", refund_id="f")
    assert (one.world.restored("r"), one.points, saved(one)) == ((0, 0), 15, 500)


def test_what_was_spent_before_a_refund_failed_is_owed_and_comes_back_as_a_lot_of_its_own() -> None:
    one = shop(500)
    pay(one, "r", "five", "o")
    buy(one, "o", (2000, 500, 1))
    refund = {"refund_id": "f", "order_id": "o", "lines": [{"line_id": "1", "quantity": 1}]}
    one.tell("order.refunded", **refund)
    one.redeem("elsewhere", "five")
    one.tell("order.refund_failed", refund_id="f")
    assert (one.points, saved(one)) == (15 - 500, 1000)
    one.buy("paid-off", ("coffee", 60_000))
    assert one.points == 115
    one.tell("order.cancelled", order_id="o")
    assert (one.points, saved(one)) == (600, 500)
    assert one.world.account().lots[max(one.world.account().lots)].award == "restored:r"
    one.step("reverse", "elsewhere")
    assert (one.points, saved(one)) == (1100, 0)


def test_an_amended_order_is_restored_by_what_it_says_last() -> None:
    one = shop(500)
    pay(one, "r", "five", "o")
    buy(one, "o", (2000, 500, 2))
    one.bring_back("o")
    assert one.world.restored("r") == (250, 250)
    buy(one, "o", (2000, 500, 4), order_version=2)
    assert (one.world.restored("r"), saved(one)) == ((125, 125), 375)
    buy(one, "o", (2000, 500, 1), order_version=3)
    assert (one.world.restored("r"), saved(one)) == ((500, 500), 0)


def test_a_refund_that_waits_for_its_order_restores_when_that_is_there() -> None:
    one = shop(500)
    pay(one, "r", "five", "o")
    assert one.bring_back("o") == "parked: waits for order:o"
    assert one.world.restored("r") == (0, 0)
    buy(one, "o", (2000, 500, 1))
    assert (one.world.restored("r"), one.points, saved(one)) == ((500, 500), 500, 0)


def test_a_till_return_without_receipt_restores_too() -> None:
    one = shop(500)
    pay(one, "r", "five", "o")
    buy(one, "o", (2000, 500, 2))
    one.bring_back(None, "", quantity=1)
    assert one.world.restored("r") == (250, 250)


def test_paying_an_order_is_for_rewards_that_pay() -> None:
    trees = {"id": "trees", "name": "t", "kind": "donation", "cause": "c", "points": 5,
             "value": "1.00 USD"}  # fmt: skip
    one = Shop(program(DOLLAR, rewards=[trees]))
    one.buy("before", ("coffee", 1000))
    outcome = one.world.reserve("t", "trees", wish=Wish(order_id="o")).outcome
    assert outcome.reason == "pays no order"


STEPS = st.one_of(
    st.tuples(st.just("back"), st.sampled_from(["1", "2"]), st.integers(1, 3)),
    st.tuples(st.just("fail"), st.integers(0, 5), st.none()),
    st.tuples(st.just("spend"), st.none(), st.none()),
    st.tuples(st.just("earn"), st.integers(1, 400), st.none()),
)


@some.examples(60)
@given(
    paid=st.tuples(st.integers(0, 500), st.integers(0, 500)),
    steps=st.lists(STEPS, max_size=8), early=st.booleans(),
)  # fmt: skip
def test_whatever_comes_back_or_does_not_in_the_end_all_of_it_is_restored(
    paid: tuple[int, int], steps: list[tuple[Any, ...]], early: bool
) -> None:
    """Partial refunds, ones that failed, points spent meanwhile; `check` looks after each."""
    one = shop(300, 300)
    if early:
        pay(one, "r", "five", "o")
    buy(one, "o", (900, paid[0], 3), (700, paid[1], 2))
    if not early:
        pay(one, "r", "five", "o")
    refunds: list[str] = []
    for step, what, pieces in steps:
        before = len(one.world.redemptions)
        if step == "back":
            refunds.append(f"f{len(refunds)}")
            told = {"line_id": what, "quantity": pieces}
            one.tell("order.refunded", refund_id=refunds[-1], order_id="o", lines=[told])
        elif step == "fail" and refunds:
            one.tell("order.refund_failed", refund_id=refunds[what % len(refunds)])
        elif step == "spend":
            one.redeem(f"more-{before}", "three")
        elif step == "earn":
            one.buy(f"more-{one.world.told}", ("coffee", what * 100))
    elsewhere = 300 * (len(one.world.redemptions) - 1)
    account = one.world.account()
    restored, minor = one.world.restored("r")
    assert account.saved.get("USD", 0) == 500 - minor + elsewhere
    assert sum(points for _, points in one.world.taken("r")) == 500 - restored
    one.tell("order.cancelled", order_id="o")
    assert one.world.restored("r") == (500, 500)
    assert one.world.account().saved.get("USD", 0) == elsewhere
