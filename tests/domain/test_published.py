"""Worked numbers that vendors, standards and complaints published, as acceptance tests."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.domain.programme import DOLLAR, fixed, program, reward, times
from tests.domain.shop import Shop
from tests.domain.world import DAY, START


def per(points: int, every: str, **more: Any) -> dict[str, Any]:
    """A base rule: so many points for that much money."""
    return {**DOLLAR, "award": {"per_money": {"points": points, "every": every}}, **more}


def after(days: int) -> dict[str, Any]:
    """The start of a programme's later version."""
    return {"from": (START + timedelta(days=days)).isoformat(), "version": 2}


def expiring(months: int, round_up: str = "month", pending_days: int = 0) -> dict[str, Any]:
    """Points that live so long."""
    return {"pending_days": pending_days, "expiry": {"months": months, "round_up": round_up}}


# -- T6: expiry is rounded up ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("earned", "months", "dead"),
    [
        pytest.param("2020-07-06", 12, "2021-08-01", id="T6 Square"),
        pytest.param("2020-12-15", 6, "2021-07-01", id="T6b Starbucks"),
    ],
)
def test_points_live_through_the_last_day_of_the_month(earned: str, months: int, dead: str) -> None:
    bought, end = (datetime.fromisoformat(f"{day}T00:00:00Z") for day in (earned, dead))
    shop = Shop(program(zone="UTC", points=expiring(months)), at=bought)
    shop.buy("o", ("shoes", 10000))
    shop.wait(end - timedelta(microseconds=1))
    assert shop.points == 100
    shop.wait(end)
    assert shop.points == 0
    expired = shop.world.of("m").rows[-1]
    assert (expired.kind, expired.effective_at) == ("expire", end)


def test_t6b_starbucks_the_oldest_disappear_first() -> None:
    shop = Shop(program(points=expiring(6), rewards=[reward("cup", 60, "2.00 USD")]))
    shop.buy("old", ("coffee", 5000))
    shop.wait(START + 40 * DAY)
    shop.buy("new", ("coffee", 5000))
    shop.redeem("r", "cup")
    shop.wait(START + 210 * DAY)
    assert shop.points == 40, "nothing was left of the old ones to expire"


def test_validity_runs_from_activation_not_from_the_purchase() -> None:
    shop = Shop(program(points=expiring(1, "day", pending_days=14)))
    shop.buy("o", ("shoes", 10000))
    shop.wait(START + 14 * DAY)
    assert shop.points == 0
    shop.wait(START + 15 * DAY)
    assert shop.points == 100
    shop.wait(START + 45 * DAY)
    assert shop.points == 100


# -- T7: what a purchase earns ---------------------------------------------------------------------


def test_t7_square_a_point_for_ten_dollars_makes_ten_of_a_hundred_and_five() -> None:
    shop = Shop(program(per(1, "10.00")))
    shop.buy("o", ("coffee", 10500))
    assert shop.points == 10


def test_t7_square_four_points_at_one_and_a_half_make_six() -> None:
    shop = Shop(program(DOLLAR, times("promotion", "1.5")))
    shop.buy("o", ("coffee", 400))
    assert shop.points == 6


def test_t7_square_fractions_are_dropped_from_what_can_be_spent() -> None:
    shop = Shop(program(DOLLAR, times("promotion", "1.5")))
    shop.buy("o", ("coffee", 500))
    assert shop.points == 7


def test_t7b_adobe_exchange_rate_earns_by_the_unit_and_headway_by_the_fraction() -> None:
    """Adobe gives 30 for $7 at $2 = 10 points, as it drops $1; here that dollar is not lost."""
    shop = Shop(program(per(10, "2.00")))
    shop.buy("o", ("shoes", 600))
    assert shop.points == 30
    shop.buy("p", ("shoes", 100))
    assert shop.points == 35


def test_square_thirty_and_twenty_dollars_earn_the_fifty_dollar_star() -> None:
    shop = Shop(program(per(1, "50.00")))
    shop.buy("a", ("coffee", 3000))
    assert shop.points == 0
    shop.buy("b", ("coffee", 2000))
    assert shop.points == 1
    shop.bring_back("a")
    assert shop.points == 0, "the star goes with either of the two"
    shop.buy("c", ("coffee", 3000))
    assert shop.points == 1


def test_t18c_erpnext_a_point_for_a_thousand() -> None:
    shop = Shop(program(per(1, "1000.00")))
    shop.buy("o", ("tools", 19_600_000))
    assert shop.points == 196


def test_gift_cards_and_what_points_paid_for_earn_nothing() -> None:
    shop = Shop()
    told = [
        {"line_id": "1", "sku": "card", "quantity": 1, "amount": 5000, "gift_card": True},
        {"line_id": "2", "sku": "shoe", "quantity": 1, "amount": 5000, "paid_with_points": 2000},
    ]
    shop.buy("o", lines=told, tax=900, shipping=500)
    assert shop.points == 30
    card = {"line_id": "1", "sku": "card", "quantity": 1, "amount": 5000, "gift_card": True}
    assert shop.buy("p", lines=[card]) == "nothing: nothing to earn on"


# -- T8, T10: what a return takes back -------------------------------------------------------------


def test_t8_open_loyalty_a_return_takes_its_own_lines_share_not_half_of_the_money() -> None:
    rules = DOLLAR, times("a", "2", category=["A"]), times("b", "3", category=["B"])
    shop = Shop(program(*rules))
    shop.buy("o", ("A", 1000), ("B", 1000), ("C", 2000))
    assert shop.points == 70
    shop.bring_back("o", "3")
    assert shop.points == 50


RULE_CHANGES: dict[str, list[dict[str, Any]]] = {
    "unchanged": [DOLLAR],
    "deleted": [fixed("other", "review.published", 1)],
    "disabled": [{**DOLLAR, "when": {"category": ["none"]}}],
    "twice as many": [DOLLAR, times("double", "2")],
}


@pytest.mark.parametrize("rules", RULE_CHANGES.values(), ids=RULE_CHANGES.keys())
def test_t10_smile_a_return_takes_what_was_given_whatever_the_rule_is_now(
    rules: list[dict[str, Any]],
) -> None:
    shop = Shop(program(DOLLAR), program(*rules, **after(days=1)))
    shop.buy("o", ("shoes", 5000))
    assert shop.points == 50
    shop.wait(START + 2 * DAY)
    shop.bring_back("o")
    assert shop.points == 0


def test_t10_smile_of_fifty_and_twenty_less_a_coupon_the_twenty_come_back() -> None:
    shop = Shop()
    shop.buy("o", ("shoes", 4000), ("socks", 2000))
    assert shop.points == 60
    shop.bring_back("o", "2")
    assert shop.points == 40


def test_t10_rivo_half_of_a_hundred_dollars() -> None:
    shop = Shop()
    shop.buy("o", ("shoes", 10000), quantity=2)
    shop.bring_back("o")
    assert shop.points == 50


def test_several_partial_returns_take_together_what_one_whole_return_does() -> None:
    shop = Shop(program(per(3, "7.00")))
    shop.buy("o", ("socks", 1000), quantity=3)
    assert shop.points == 4
    for _ in range(3):
        shop.bring_back("o")
    assert shop.points == 0
    assert not any(shop.world.account().remainders.values())


def test_more_returned_than_bought_is_refused_and_the_rest_applied() -> None:
    shop = Shop()
    shop.buy("o", ("shoes", 10000), quantity=2)
    assert shop.bring_back("o", quantity=3) == "applied: returned more than bought"
    assert shop.bring_back("o") == "nothing: returned more than bought"
    assert shop.bring_back("o", "9") == "nothing: unknown line"
    assert shop.points == 0


def test_a_till_return_takes_the_latest_lines_of_that_sku() -> None:
    shop = Shop(program(DOLLAR, times("b", "2", category=["boots"])))
    shop.buy("a", ("boots", 1000), quantity=2)
    shop.buy("b", ("boots", 4000), ("socks", 500))
    assert shop.points == 20 + 80 + 5
    assert shop.bring_back(None, "boots", quantity=2) == "applied"
    assert shop.points == 10 + 5
    assert shop.bring_back(None, "boots", quantity=5) == "applied: unmatched"
    assert shop.points == 5
    assert shop.bring_back(None, "hats") == "nothing: unmatched"


# -- T19, T21: expiry and debts --------------------------------------------------------------------


def test_t19_flocafe_expired_points_do_not_leave_the_debits_that_used_them() -> None:
    version = program(
        points=expiring(1, "day"), rewards=[reward("eighty", 80, "4.00 USD")],
    )  # fmt: skip
    never = program(points={"expiry": "never"}, rewards=[], **after(days=20))
    shop = Shop(version, never)
    shop.buy("a", ("coffee", 10000))
    shop.redeem("r", "eighty")
    shop.wait(START + 21 * DAY)
    shop.buy("b", ("coffee", 5000))
    assert shop.points == 70
    shop.wait(START + 60 * DAY)
    assert shop.points == 50, "the wrong answer is -30"


def test_t21_setono_a_debt_is_absorbed_by_what_is_earned_next() -> None:
    shop = Shop(program(rewards=[reward("fifty", 50, "2.50 USD")]))
    shop.buy("a", ("shoes", 5000), quantity=5)
    shop.redeem("r", "fifty")
    shop.bring_back("a", quantity=3)
    account = shop.world.account()
    assert (account.available, account.owed) == (0, -30)
    shop.buy("b", ("shoes", 10000))
    account = shop.world.account()
    assert (account.available, account.owed) == (70, 0)
    assert max(account.lots.values()).available == 70, "its lot opens with 70 of 100"


def test_t18b_pos_awesome_redeem_all_and_earn_eighty_two() -> None:
    shop = Shop(program(rewards=[reward("all", 77, "3.85 USD")]))
    shop.buy("a", ("shoes", 7700))
    shop.redeem("r", "all")
    shop.buy("b", ("shoes", 8200))
    assert shop.points == 82
    assert shop.world.account().saved == {"USD": 385}


def test_odoo_points_are_taken_once_by_a_refund_and_by_the_same_refund_again() -> None:
    shop = Shop()
    shop.buy("o", ("shoes", 10000))
    back = {"refund_id": "r", "order_id": "o", "lines": [{"line_id": "1", "quantity": 1}]}
    assert shop.tell("order.refunded", **back) == "applied"
    assert shop.tell("order.refunded", **back) == "nothing: already refunded"
    assert shop.buy("o", ("shoes", 10000)) == "nothing: already paid"
    assert shop.points == 0


# -- referrals and joining -------------------------------------------------------------------------


def test_toms_both_sides_are_rewarded_on_the_friends_first_purchase() -> None:
    rules = (
        DOLLAR,
        fixed("friend", "referral.completed", 20, to="friend"),
        fixed("referrer", "referral.completed", 20, to="referrer"),
    )
    shop = Shop(program(*rules))
    shop.tell("referral.created", referral_id="f", referrer_id="other")
    assert shop.points == 0
    shop.buy("o", ("shoes", 7500))
    assert shop.points == 95
    shop.world.tell("member.joined", "other", at=START)
    shop.world.feed_effects()
    assert shop.world.account("other").available == 20
    shop.bring_back("o")
    shop.world.feed_effects()
    assert shop.points == 0
    assert shop.world.account("other").available == 0, "both sides lose it with the purchase"


def test_yotpo_nobody_refers_themselves() -> None:
    shop = Shop()
    told = {"referral_id": "f", "referrer_id": "m"}
    assert shop.tell("referral.created", **told) == "nothing: own referral"
