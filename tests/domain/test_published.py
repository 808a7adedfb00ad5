"""Worked numbers that vendors, standards and complaints published, as acceptance tests."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.domain.programme import DOLLAR, program, reward, times
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


def test_t7_square_fractions_are_dropped_for_good_where_the_programme_rounds_down() -> None:
    shop = Shop(program(DOLLAR, {**times("promotion", "1.5"), "round": "down"}))
    for order_id in "ab":
        shop.buy(order_id, ("coffee", 500))
    assert shop.points == 14, "with what is carried it would be 15"


@pytest.mark.parametrize(("steps", "first", "then"), [("full", 30, 30), ("part", 35, 40)])
def test_t7b_adobe_seven_dollars_at_ten_points_for_two(steps: str, first: int, then: int) -> None:
    """Adobe gives 30, as it drops $1: so does `steps: full`; else that dollar is not lost."""
    money = {"points": 10, "every": "2.00", "steps": steps}
    shop = Shop(program({**DOLLAR, "award": {"per_money": money}}))
    shop.buy("o", ("shoes", 700))
    assert shop.points == first
    shop.buy("p", ("shoes", 100))
    assert shop.points == then


@pytest.mark.parametrize(("amount", "points"), [(196_000, 196), (20_000, 0), (100_000, 100)])
def test_t18c_erpnext_a_point_for_a_thousand_from_a_hundred_thousand(
    amount: int, points: int
) -> None:
    shop = Shop(program(per(1, "1000.00", when={"order_total": {"min": 100_000}})))
    shop.buy("o", ("tools", amount * 100))
    assert shop.points == points


# -- T19, T21: expiry and debts --------------------------------------------------------------------


def test_t19_flocafe_78_expired_points_do_not_leave_the_debits_that_used_them() -> None:
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


def test_t18b_pos_awesome_45_redeem_all_and_earn_eighty_two() -> None:
    shop = Shop(program(rewards=[reward("all", 77, "3.85 USD")]))
    shop.buy("a", ("shoes", 7700))
    shop.redeem("r", "all")
    shop.buy("b", ("shoes", 8200))
    assert shop.points == 82
    assert shop.world.account().saved == {"USD": 385}
