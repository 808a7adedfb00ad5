"""T11, DSW VIP as its company told it in 2018: every published number, on the example programme."""

from datetime import UTC, datetime, timedelta

import pytest

from headway.domain.progress import progress
from headway.program.program import Program
from tests.domain.programme import example
from tests.domain.shop import Shop
from tests.domain.world import DAY, START

VIP = example("shoe-vip")
ISSUED = 2 * DAY
"""Points come within 24 to 48 hours."""


def shop() -> Shop:
    """A shop whose member saves for $20, so that points stay until they are asked for."""
    one = Shop(VIP)
    assert one.goal("twenty") == "applied"
    return one


def issued(one: Shop) -> int:
    """What can be spent once everything earned so far has been issued."""
    one.wait(one.world.now + ISSUED)
    return one.points


def facts(one: Shop, version: Program) -> tuple[list[str], tuple[str, int] | None]:
    """The rewards that are ready, and the next one with what is missing."""
    account = one.world.account()
    told = progress(version, account.available, account.owed, account.tier, one.world.now)
    following = None if told.next is None else (told.next.reward.id, told.next.missing)
    return [ready.id for ready in told.ready], following


@pytest.mark.parametrize(
    ("spent", "tier", "points"), [(0, "club", 100), (200, "gold", 100), (500, "elite", 200)]
)
def test_t11_one_one_and_two_points_for_a_dollar(spent: int, tier: str, points: int) -> None:
    one = shop()
    if spent:
        one.buy("before", ("shoes", spent * 100))
    assert one.tier == tier
    before = issued(one)
    one.buy("o", ("shoes", 10000))
    assert issued(one) - before == points


def test_t11_gold_from_200_and_elite_from_500_dollars_a_year() -> None:
    one = shop()
    one.buy("a", ("shoes", 8000))
    one.buy("b", ("shoes", 11999))
    assert one.tier == "club"
    one.buy("c", ("shoes", 1))
    assert one.tier == "gold", "$120 after $80 is enough: from, not above"
    one.buy("d", ("shoes", 30000))
    assert one.tier == "elite"
    assert issued(one) == 500, "the purchase that lifts a member is judged at the tier before it"
    midnight = datetime(2025, 1, 1, 5, tzinfo=UTC)  # in New York
    one.wait(midnight - timedelta(microseconds=1))
    assert one.tier == "elite"
    one.wait(midnight)
    assert one.tier == "club"


def test_t11_points_come_within_two_days() -> None:
    one = shop()
    one.buy("o", ("shoes", 8000))
    paid = one.world.now
    one.wait(paid + ISSUED - timedelta(microseconds=1))
    assert one.points == 0
    one.wait(paid + ISSUED)
    assert one.points == 80


def test_t11_the_progress_mail() -> None:
    one = shop()
    one.buy("a", ("shoes", 8000))
    issued(one)
    assert facts(one, VIP) == ([], ("five", 20)), "20 points to your next $5"
    one.buy("b", ("shoes", 32000))
    assert issued(one) == 400
    assert facts(one, VIP) == (["five", "ten", "twenty"], None), "$5, $10 or $20, as one likes"
    for name in ("first", "second"):
        assert one.redeem(name, "five") == "applied"
    assert one.world.account().saved == {"USD": 1000}, "you have saved $10 since joining"
    assert facts(one, VIP) == (["five", "ten"], ("twenty", 200))


@pytest.mark.parametrize(("spent", "points"), [(0, 100), (200, 100), (500, 200)])
def test_t11_a_birthday_is_worth_five_five_and_ten_dollars(spent: int, points: int) -> None:
    one = shop()
    one.tell("member.updated", attributes={"birthday": "03-05"})
    if spent:
        one.buy("o", ("shoes", spent * 100))
    before = issued(one)
    one.wait(datetime(2024, 3, 5, 5, tzinfo=UTC))  # midnight in New York
    assert one.points - before == points


def test_t11_donated_shoes_are_worth_fifty_points() -> None:
    one = shop()
    one.tell("activity.recorded", activity="shoe-donation")
    assert issued(one) == 50


@pytest.mark.parametrize(
    ("spent", "days"),
    [
        pytest.param(0, {}, id="club: none"),
        pytest.param(200, {"05-04": 2, "10-05": 2}, id="gold: two double-point days"),
        pytest.param(500, {"05-04": 2, "10-05": 2, "12-07": 3}, id="elite: and a triple one"),
    ],
)
def test_t11_double_and_triple_point_days(spent: int, days: dict[str, int]) -> None:
    one = shop()
    if spent:
        one.buy("before", ("shoes", spent * 100))
    points = issued(one)
    base = 2 if one.tier == "elite" else 1
    for day in ("05-03", "05-04", "05-05", "10-05", "12-07"):
        one.wait(datetime.fromisoformat(f"2024-{day}T16:00:00Z"))
        one.buy(day, ("socks", 1000))
        assert issued(one) - points == 10 * base * days.get(day, 1), day
        points = one.points


def test_t11_points_live_for_24_months_and_gift_cards_earn_none() -> None:
    one = shop()
    card = {"line_id": "1", "sku": "card", "quantity": 1, "amount": 5000, "gift_card": True}
    assert one.buy("card", lines=[card]) == "nothing: nothing to earn on"
    one.buy("o", ("shoes", 10000))
    one.wait(START.replace(year=2026) + ISSUED - timedelta(hours=1))
    assert one.points == 100
    one.wait(START.replace(year=2026) + ISSUED + DAY)
    assert one.points == 0


def test_t11_a_five_dollar_certificate_issues_itself_at_100_points() -> None:
    one = Shop(VIP)
    one.buy("a", ("shoes", 8000))
    issued(one)
    assert (one.points, one.certificates) == (80, []), "20 points to your next $5"
    one.buy("b", ("shoes", 12000))
    issued(one)
    account = one.world.account()
    assert (one.points, len(account.certificates)) == (0, 2)
    assert account.saved == {"USD": 1000}, "you have saved $10 since joining"
    assert one.tier == "gold"


@pytest.mark.parametrize(("goal", "points"), [("ten", 200), ("twenty", 400)])
def test_t11_ten_or_twenty_dollars_for_who_chooses_it(goal: str, points: int) -> None:
    one = Shop(VIP)
    one.goal(goal)
    one.buy("a", ("shoes", points * 100))
    assert issued(one) == points
    assert one.redeem("r", goal) == "applied"
    assert one.world.account().goal == ""
    one.buy("b", ("shoes", 10000))
    issued(one)
    assert len(one.certificates) == 1, "and $5 again from then on"
