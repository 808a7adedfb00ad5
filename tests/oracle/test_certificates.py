"""Certificates that issue themselves, by hand."""

from datetime import timedelta

from tests.oracle.certificates import differences
from tests.oracle.facts import facts
from tests.oracle.telling import DOLLAR, Story, program

FIVE, TEN = (
    {
        "id": name, "name": name, "kind": "voucher", "points": points, "value": value,
        "codes": {"pool": name}, "automatic": True,
    }
    for name, points, value in (("five", 100, "5.00 USD"), ("ten", 200, "10.00 USD"))
)  # fmt: skip
BAG = {"id": "bag", "name": "bag", "points": 250, "value": "20.00 USD"}


def story(**points: object) -> Story:
    return Story(program(DOLLAR, rewards=[FIVE, TEN, BAG], points=points))


def stands(one: Story) -> tuple[int, int, int]:
    """Points, unused certificates, minor units saved."""
    return one.points, len(one.member.unused), one.member.saved.get("USD", 0)


def test_the_cheapest_as_often_as_the_points_pay_for_it() -> None:
    one = story()
    one.buy("a", ("shoes", 8000))
    assert stands(one) == (80, 0, 0)
    one.buy("b", ("shoes", 25000))
    assert stands(one) == (30, 3, 1500)


def test_when_the_points_come_and_before_they_are_dead() -> None:
    one = story(pending_days=2, expiry={"months": 1, "round_up": "day"})
    one.buy("a", ("shoes", 10000))
    assert stands(one) == (0, 0, 0)
    one.wait(one.now + timedelta(days=90))
    assert stands(one) == (0, 1, 500)


def test_the_goal_and_nothing_while_saving_for_something_else() -> None:
    one = story()
    one.redeem("goal", "ten")
    one.buy("a", ("shoes", 19000))
    assert stands(one) == (190, 0, 0)
    one.buy("b", ("shoes", 6000))
    assert stands(one) == (50, 1, 1000)
    one.redeem("goal", "bag")
    one.buy("c", ("shoes", 30000))
    assert stands(one) == (350, 1, 1000)
    one.redeem("reserve", "bag", 250, 2000)
    one.redeem("confirm", "bag", 250, 2000)
    assert (*stands(one), one.member.goal) == (0, 2, 3500, "")


def test_the_newest_pays_for_a_return_and_what_is_left_stays() -> None:
    one = story()
    one.buy("a", ("shoes", 10000), ("socks", 10000))
    one.bring_back("a", 2)
    assert stands(one) == (0, 1, 500)
    one.redeem("goal", "ten")
    one.buy("b", ("shoes", 4000))
    one.bring_back("b")
    assert stands(one) == (0, 1, 500)
    one.bring_back("a", 1)
    assert (*stands(one), one.member.owed) == (0, 0, 0, 0)


def test_what_is_told_of_them_is_held_to_what_was_issued() -> None:
    one = story()
    one.buy("a", ("shoes", 10000), ("socks", 10000))
    issued = [
        {"redemption_id": name, "reward_id": "five", "points": 100, "value_minor": 500,
         "currency": "USD"}
        for name in ("x", "y")
    ]  # fmt: skip
    assert differences(one.member, {"issued": issued, "certificates": ["x", "y"]}) == []
    assert differences(one.member, {"certificates": ["x", "y"]}) == []
    one.bring_back("a", 2)
    assert differences(one.member, {"certificates": ["x", "y"]}) == [
        "certificates ['x', 'y'], not ['x']"
    ]
    one.buy("b", ("shoes", 10000))
    again = {"issued": [issued[0] | {"points": 90}], "certificates": ["x", "x"]}
    assert [problem.partition(" ")[0] for problem in differences(one.member, again)] == [
        "issued"
    ] * 2
    assert differences(one.member, {"issued": issued[:1], "certificates": ["x", "x"]}) == [
        "issued [('five', 100, 500, 'USD')], not []"
    ]


def test_a_goal_and_how_far_it_is() -> None:
    one = story()
    one.buy("a", ("shoes", 8000))
    assert facts(one.member).goal is None
    one.redeem("goal", "bag")
    assert facts(one.member).goal == ("bag", 250, 170)
    one.buy("b", ("shoes", 30000))
    assert facts(one.member).goal == ("bag", 250, 0)
    before = one.member.changes
    one.redeem("goal", "bag")
    assert one.member.changes == before, "chosen again: nothing to publish"


def test_what_is_left_may_be_issued_again_and_the_rest_is_owed() -> None:
    one = story()
    one.redeem("goal", "ten")
    one.buy("a", ("shoes", 14000), ("socks", 6000))
    one.redeem("goal")
    one.bring_back("a", 2)
    assert stands(one) == (40, 1, 500), "$10 is void, $5 issued for what it leaves"
    one.member.unused.clear()  # used
    one.bring_back("a", 1)
    assert (one.points, one.member.owed) == (-100, -100)
