"""Returns and steps of money by numbers that others published, and ones derived from theirs."""

import pytest

from tests.oracle.telling import DOLLAR, Story, program

DOUBLE_A = {"id": "a", "on": "order.paid", "when": {"category": ["A"]}, "group": "a",
            "award": {"multiply": "2"}}  # fmt: skip
TRIPLE_B = {"id": "b", "on": "order.paid", "when": {"category": ["B"]}, "group": "b",
            "award": {"multiply": "3"}}  # fmt: skip


def policy(attribution: str) -> dict[str, object]:
    """Points at once, taken back in this way."""
    return {"pending_days": 0, "attribution": attribution}


def test_adobe_ten_points_for_two_dollars_make_thirty_of_seven() -> None:
    steps = {"per_money": {"points": 10, "every": "2.00", "steps": "full"}}
    story = Story(program({**DOLLAR, "award": steps}))
    story.buy("a", ("shoes", 700))
    assert story.points == 30


@pytest.mark.parametrize(
    ("attribution", "taken"), [("by_money", 35), ("per_line", 20), ("recompute", 20)]
)
def test_open_loyalty_return_of_half_the_money(attribution: str, taken: int) -> None:
    story = Story(program(DOLLAR, DOUBLE_A, TRIPLE_B, points=policy(attribution)))
    story.buy("o", ("A", 1000), ("B", 1000), ("C", 2000))
    assert story.points == 70
    story.bring_back("o", line=3)
    assert story.points == 70 - taken
    story.bring_back("o", line=1)
    story.bring_back("o", line=2)
    assert story.points == 0, "with the last piece everything is gone, whatever the policy"


@pytest.mark.parametrize(
    ("lines", "left"),
    [
        pytest.param((5000, 1000), 50, id="coupon on the line that comes back"),
        pytest.param((4000, 2000), 40, id="coupon on the other line"),
        # 60 x 50/70 = 42.857 stay: 60 points become 42, the fraction stays for the next purchase.
        pytest.param((4286, 1714), 42, id="coupon over both lines"),
    ],
)
def test_smile_fifty_and_twenty_dollars_with_a_coupon_of_ten(
    lines: tuple[int, int], left: int
) -> None:
    story = Story(program(DOLLAR))
    story.buy("a", ("shoes", lines[0]), ("socks", lines[1]))
    assert story.points == 60
    story.bring_back("a", line=2)
    assert story.points == left


def test_idpay_runs_the_rule_on_what_is_left() -> None:
    """Charged 100, refunded 30 and 20: the rule runs on 50, which is below its minimum of 60."""
    bonus = {"id": "bonus", "on": "order.paid", "when": {"order_total": {"min": "60.00"}},
             "award": {"points": 10}}  # fmt: skip
    story = Story(program(DOLLAR, bonus, points=policy("recompute")))
    story.buy("a", ("x", 5000), ("y", 3000), ("z", 2000))
    assert story.points == 110
    story.bring_back("a", line=2)
    # 70 of the money; of the bonus the other lines keep what they had of it, 5 and 2.
    assert story.points == 77
    story.bring_back("a", line=3)
    assert story.points == 50


def test_erpnext_nothing_below_the_smallest_order() -> None:
    rule = {"id": "base", "on": "order.paid", "when": {"order_total": {"min": "100000"}},
            "award": {"per_money": {"points": 1, "every": "1000.00"}}}  # fmt: skip
    story = Story(program(rule))
    story.buy("a", ("shoes", 19_600_000))
    assert story.points == 196
    story.buy("b", ("shoes", 2_000_000))
    assert story.points == 196


def test_flocafe_expired_points_take_their_debits_along() -> None:
    lives = {"pending_days": 0, "expiry": {"days": 30}}
    eighty = {"id": "eighty", "name": "80", "points": 80, "value": "4.00 USD"}
    forever = program(DOLLAR, rewards=[eighty], **{"from": "2020-07-10T00:00:00Z"})
    story = Story(program(DOLLAR, points=lives, rewards=[eighty]), forever)
    story.buy("a", ("shoes", 10000))
    story.redeem("reserve", "eighty", 80, 400)
    story.redeem("confirm", "eighty", 80, 400)
    story.wait(story.now.replace(day=20))
    story.buy("b", ("shoes", 5000))
    story.wait(story.now.replace(month=9))
    assert (story.points, sum(lot.expired for lot in story.member.lots)) == (50, 20)


def test_setono_the_next_lot_pays_what_is_owed() -> None:
    fifty = {"id": "fifty", "name": "50", "points": 50, "value": "2.50 USD"}
    story = Story(program(DOLLAR, rewards=[fifty]))
    story.buy("a", ("shoes", 5000), quantity=5)
    story.redeem("reserve", "fifty", 50, 250)
    story.redeem("confirm", "fifty", 50, 250)
    story.bring_back("a", quantity=3)
    assert story.member.owed == -30
    story.buy("b", ("shoes", 10000))
    assert [lot.available for lot in story.member.lots] == [0, 70]


@pytest.mark.parametrize("attribution", ["per_line", "by_money"])
def test_what_does_not_divide_stays_with_what_is_left_and_goes_with_the_last_piece(
    attribution: str,
) -> None:
    story = Story(program(DOLLAR, points=policy(attribution)))
    story.buy("a", ("x", 1000), quantity=3)
    seen = []
    for _ in range(3):
        story.bring_back("a")
        seen.append(story.earned("base"))
    # By the piece thirds of ten points; by money 333, 333 and 334 cents of 1000.
    expected = {"per_line": [6_666_667, 3_333_334, 0], "by_money": [6_670_000, 3_340_000, 0]}
    assert seen == expected[attribution]
