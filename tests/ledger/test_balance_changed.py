"""What balance.changed says of goals and of certificates that issue themselves."""

from datetime import timedelta
from typing import Any

from headway.contracts.balance import BalanceChanged
from headway.contracts.codec import HEADERS, decode
from headway.domain.progress import goal
from headway.ledger.publishing import balance_changed
from headway.program.program import Programs
from tests.domain.programme import DOLLAR, program, reward, tiers
from tests.domain.shop import Shop
from tests.domain.test_certificates import vip, voucher
from tests.domain.world import START


def told(shop: Shop) -> BalanceChanged:
    """What was published of the last input, read as any listener reads it."""
    decision = shop.world.of("m").decisions[-1]
    assert decision.changed
    row = balance_changed(decision, shop.world.programs, 1, bytes(32), "")
    assert row.value is not None
    data = decode(row.key, row.value, HEADERS).data
    assert isinstance(data, BalanceChanged)
    return data


def far(shop: Shop) -> tuple[str, int, int] | None:
    """The goal as it was published: price, and what is missing."""
    one = told(shop).goal
    return None if one is None else (one.id, one.points, one.missing)


def test_a_goal_chosen_changed_and_given_up_is_published_and_a_second_time_is_not() -> None:
    shop = Shop(vip())
    shop.buy("a", ("shoes", 9000))
    assert far(shop) is None
    shop.goal("bag")
    assert far(shop) == ("bag", 250, 160)
    assert (told(shop).cause.kind, told(shop).seq_from, told(shop).version) == (
        "redemption",
        None,
        3,
    )
    shop.goal("bag")
    assert not shop.world.of("m").decisions[-1].changed
    shop.buy("b", ("shoes", 30000))
    assert far(shop) == ("bag", 250, 0), "within reach"
    shop.goal("")
    assert far(shop) is None


def test_a_goal_that_is_had_is_one_no_more() -> None:
    shop = Shop(vip())
    shop.goal("bag")
    shop.buy("a", ("shoes", 30000))
    shop.redeem("r", "bag")
    assert far(shop) is None


def test_a_goal_costs_what_it_costs_this_member_that_day_and_what_is_owed_comes_first() -> None:
    better = {"points": 60, "tier": "gold", "dates": {"from": str(START.date())}}
    paying = {"id": "pay", "name": "pay", "kind": "pay_with_points",
              "rate": {"points": 2, "pays": "0.10 USD"}}  # fmt: skip
    one = program(
        DOLLAR, tiers=tiers(("gold", "100")),
        rewards=[{**reward("bag", 80, "8.00 USD"), "prices": [better]}, paying],
    )  # fmt: skip

    def at(name: str, tier: str, day: int, owed: int = 0) -> tuple[int, int] | None:
        found = goal(one, name, 20, owed, tier, START + timedelta(days=day))
        return None if found is None else (found.reward.points, found.missing)

    assert at("bag", "gold", 15) == (60, 40)
    assert at("bag", "club", 15) == (80, 60)
    assert at("bag", "gold", 15, -30) == (60, 70)
    assert at("", "gold", 15) is at("gone", "gold", 15) is at("pay", "gold", 15) is None


def test_a_goal_that_a_later_version_lacks_is_told_no_more() -> None:
    first, second = vip(), program(DOLLAR, rewards=[voucher("five", 100, "5.00 USD")])
    shop = Shop(first)
    shop.goal("bag")
    shop.world.programs = Programs([second])
    shop.buy("a", ("shoes", 1000))
    assert far(shop) is None


def test_certificates_are_told_once_and_which_are_held_always() -> None:
    shop = Shop(vip())
    shop.buy("a", ("shoes", 25000))
    first = told(shop)
    assert [_plain(one) for one in first.issued or ()] == [
        {"redemption_id": name, "reward_id": "five", "points": 100, "value_minor": 500,
         "currency": "USD"}
        for name in shop.certificates
    ]  # fmt: skip
    assert list(first.certificates or ()) == shop.certificates
    assert len(shop.certificates) == 2
    shop.buy("b", ("shoes", 1000))
    later = told(shop)
    assert later.issued is None
    assert later.certificates == first.certificates


def test_a_return_takes_them_from_what_is_held() -> None:
    shop = Shop(vip())
    shop.buy("a", ("shoes", 10000), ("bags", 10000))
    kept, gone = shop.certificates
    shop.bring_back("a")
    assert told(shop).certificates == (kept,)
    assert gone not in shop.certificates
    shop.bring_back("a", "2")
    assert told(shop).certificates is None


def test_one_issued_and_taken_back_by_one_cause_is_no_news() -> None:
    shop = Shop(vip(pending_days=2))
    shop.buy("a", ("shoes", 10000))
    shop.world.now += timedelta(days=5)
    shop.bring_back("a")  # the points come, become a certificate, and go with the shoes
    assert shop.world.of("m").decisions[-1].issued
    assert told(shop).issued is None
    assert told(shop).certificates is None


def _plain(one: Any) -> dict[str, Any]:
    return dict(one)
