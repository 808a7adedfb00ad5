"""The oracle must be right itself: worked numbers that others published, and ones derived."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.oracle import days, programme
from tests.oracle.facts import facts
from tests.oracle.telling import DOLLAR, START, Story, program

UTC_ZONE = ZoneInfo("UTC")
FIVE = {"id": "five", "name": "$5 off", "points": 100, "value": "5.00 USD"}


def times(id_: str, factor: str, **when: list[str]) -> dict[str, object]:
    """A multiplier rule."""
    return {"id": id_, "on": "order.paid", "when": when, "award": {"multiply": factor}}


@pytest.mark.parametrize(
    ("earned", "months", "dead"),
    [
        pytest.param(datetime(2020, 7, 6, tzinfo=UTC), 12, (2021, 8, 1), id="Square"),
        pytest.param(datetime(2020, 12, 15, tzinfo=UTC), 6, (2021, 7, 1), id="Starbucks"),
    ],
)
def test_points_live_through_the_last_day_of_their_month(
    earned: datetime, months: int, dead: tuple[int, int, int]
) -> None:
    assert days.expiry(earned, months, "month", UTC_ZONE) == datetime(*dead, tzinfo=UTC)


@pytest.mark.parametrize(
    ("round_up", "dead"),
    [("day", (2021, 7, 7)), ("quarter", (2021, 10, 1)), ("year", (2022, 1, 1))],
)
def test_points_round_up_to_other_calendars_alike(
    round_up: str, dead: tuple[int, int, int]
) -> None:
    earned = datetime(2020, 7, 6, tzinfo=UTC)
    assert days.expiry(earned, 12, round_up, UTC_ZONE) == datetime(*dead, tzinfo=UTC)


def test_square_one_point_per_ten_dollars_makes_ten_of_a_hundred_and_five() -> None:
    story = Story(program({**DOLLAR, "award": {"per_money": {"points": 1, "every": "10.00"}}}))
    story.buy("a", ("shoes", 10500))
    assert story.points == 10


def test_square_four_points_at_one_and_a_half_make_six() -> None:
    story = Story(program(DOLLAR, times("promo", "1.5")))
    story.buy("a", ("shoes", 400))
    assert story.points == 6


def test_small_purchases_add_up_to_the_star_that_one_would_earn() -> None:
    fifty = {**DOLLAR, "award": {"per_money": {"points": 1, "every": "50.00"}}}
    story = Story(program(fifty))
    story.buy("a", ("shoes", 3000))
    assert story.points == 0
    story.buy("b", ("shoes", 2000))
    assert story.points == 1
    story.bring_back("a")
    assert story.points == 0


def test_open_loyalty_return_takes_the_lines_own_share_not_half_of_the_money() -> None:
    rules = DOLLAR, times("a", "2", category=["A"]), times("b", "3", category=["B"])
    story = Story(program(*rules))
    story.buy("o", ("A", 1000), ("B", 1000), ("C", 2000))
    assert story.points == 70
    story.bring_back("o", line=3)
    assert story.points == 50


RULE_CHANGES = {
    "unchanged": [DOLLAR],
    "deleted": [],
    "disabled for now": [{**DOLLAR, "when": {"category": ["none"]}}],
    "twice as many": [DOLLAR, times("double", "2")],
}


@pytest.mark.parametrize("rules", RULE_CHANGES.values(), ids=RULE_CHANGES.keys())
def test_smile_a_return_takes_what_was_given_whatever_the_rule_is_now(
    rules: list[dict[str, object]],
) -> None:
    tomorrow = {"from": (START + timedelta(days=1)).isoformat()}
    story = Story(program(DOLLAR), program(*rules, **tomorrow))
    story.buy("a", ("shoes", 5000))
    assert story.points == 50
    story.wait(START + timedelta(days=2))
    story.bring_back("a")
    assert story.points == 0


def test_smile_twenty_dollars_of_sixty_returned_take_twenty() -> None:
    story = Story(program(DOLLAR))
    story.buy("a", ("shoes", 4000), ("socks", 2000))  # 50 + 20, less a coupon of 10
    story.bring_back("a", line=2)
    assert story.points == 40


def test_rivo_half_of_a_hundred_dollars_returned_takes_fifty() -> None:
    story = Story(program(DOLLAR))
    story.buy("a", ("shoes", 10000), quantity=2)
    story.bring_back("a")
    assert story.points == 50


def test_dsw_progress_mail() -> None:
    story = Story(program(DOLLAR, rewards=[FIVE]))
    story.buy("a", ("shoes", 8000))
    assert facts(story.member).next == ("five", 100, 20)
    story.buy("b", ("shoes", 22000))
    for _ in range(2):
        story.redeem("reserve", "five", 100, 500)
        story.redeem("confirm", "five", 100, 500)
    assert facts(story.member).saved == (("USD", 1000),)
    assert facts(story.member).ready == ("five",)


def test_dsw_tiers_by_spend_in_a_calendar_year() -> None:
    levels = [
        {"id": "club", "from": "0"},
        {"id": "gold", "from": "200"},
        {"id": "elite", "from": "500"},
    ]
    story = Story(program(DOLLAR, times("elite", "2", tier=["elite"]), tiers={"levels": levels}))
    story.buy("a", ("shoes", 8000))
    assert story.member.tier == "club"
    story.buy("b", ("shoes", 12000))
    assert story.member.tier == "gold", "spend of $200 is enough, it need not be more"
    story.buy("c", ("shoes", 30000))
    assert story.points == 500, "the purchase that lifts a member counts at the tier before"
    story.buy("d", ("shoes", 1000))
    assert story.points == 520
    story.wait(datetime(2021, 1, 1, 5, tzinfo=UTC))  # midnight in New York
    assert story.member.tier == "club"


@pytest.mark.parametrize(("factor", "dollars", "stars"), [("1.2", 10, 12), ("1.7", 100, 170)])
def test_starbucks_tiers_multiply(factor: str, dollars: int, stars: int) -> None:
    story = Story(program(DOLLAR, times("tier", factor, tier=["club"])))
    story.buy("a", ("coffee", dollars * 100))
    assert story.points == stars


def test_expired_points_do_not_leave_the_debits_that_used_them() -> None:
    twelve = {"pending_days": 0, "expiry": {"months": 12, "round_up": "month"}}
    later = program(DOLLAR, **{"from": "2020-09-01T00:00:00Z"})
    eighty = {"id": "eighty", "name": "80", "points": 80, "value": "4.00 USD"}
    story = Story(program(DOLLAR, points=twelve, rewards=[eighty]), later)
    story.buy("a", ("shoes", 10000))
    story.redeem("reserve", "eighty", 80, 400)
    story.redeem("confirm", "eighty", 80, 400)
    story.wait(datetime(2020, 9, 2, tzinfo=UTC))
    story.buy("b", ("shoes", 5000))
    story.wait(datetime(2021, 8, 2, tzinfo=UTC))
    assert story.points == 50
    assert sum(lot.expired for lot in story.member.lots) == 20


def test_what_is_owed_is_cleared_by_the_next_award() -> None:
    fifty = {"id": "fifty", "name": "50", "points": 50, "value": "2.50 USD"}
    story = Story(program(DOLLAR, rewards=[fifty]))
    story.buy("a", ("shoes", 5000), quantity=5)
    story.redeem("reserve", "fifty", 50, 250)
    story.redeem("confirm", "fifty", 50, 250)
    story.bring_back("a", quantity=3)
    assert (story.member.available, story.member.owed) == (0, -30)
    story.buy("b", ("shoes", 10000))
    assert (story.member.available, story.member.owed) == (70, 0)


def test_redeem_all_then_earn_leaves_what_was_earned() -> None:
    reward = {"id": "all", "name": "all", "points": 77, "value": "3.85 USD"}
    story = Story(program(DOLLAR, rewards=[reward]))
    story.buy("a", ("shoes", 7700))
    story.redeem("reserve", "all", 77, 385)
    story.redeem("confirm", "all", 77, 385)
    story.buy("b", ("shoes", 8200))
    assert story.points == 82
    assert story.member.saved == {"USD": 385}


@pytest.mark.parametrize(
    ("policy", "points"), [("allow_negative", -50), ("within_balance", 0), ("only_pending", 0)]
)
def test_talon_one_return_policies_when_the_points_are_spent(policy: str, points: int) -> None:
    reward = {"id": "all", "name": "all", "points": 50, "value": "2.50 USD"}
    settings = {"pending_days": 0, "clawback": policy}
    story = Story(program(DOLLAR, points=settings, rewards=[reward]))
    story.buy("a", ("shoes", 5000))
    story.redeem("reserve", "all", 50, 250)
    story.redeem("confirm", "all", 50, 250)
    story.bring_back("a")
    assert story.points == points
    story.redeem("reverse", "all", 50, 250)
    assert story.points == {"allow_negative": 0, "within_balance": 0, "only_pending": 50}[policy]


def test_mastercard_points_come_back_to_the_lot_and_the_expiry_they_had() -> None:
    twelve = {"pending_days": 0, "expiry": {"months": 12, "round_up": "month"}}
    reward = {"id": "all", "name": "all", "points": 50, "value": "2.50 USD"}
    story = Story(program(DOLLAR, points=twelve, rewards=[reward]))
    story.buy("a", ("shoes", 5000))
    story.redeem("reserve", "all", 50, 250)
    story.wait(datetime(2021, 8, 2, tzinfo=UTC))
    story.redeem("cancel", "all")
    assert story.points == 0
    assert story.member.lots[-1].expired == 50


def test_money_is_read_in_the_currencys_own_minor_units() -> None:
    assert programme.minor("12.50", "USD") == 1250
    assert programme.minor("1250", "JPY") == 1250
    with pytest.raises(ValueError, match=r"0\.001"):
        programme.minor("0.001", "USD")
