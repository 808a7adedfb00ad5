"""What members get for other things than money, by published numbers."""

from datetime import UTC, datetime

import pytest

from tests.oracle.telling import DOLLAR, Story, program


def test_north_face_extras_give_at_most_a_hundred_points_a_year() -> None:
    rules = [
        {"id": "app", "on": "activity.recorded", "when": {"activity": ["app"]},
         "award": {"points": 10}, "cap": {"times": 1, "per": "lifetime"}},
        {"id": "visit", "on": "activity.recorded", "when": {"activity": ["visit"]},
         "award": {"points": 5}, "cap": {"points": 100, "per": "year"}},
        {"id": "friend", "on": "referral.completed", "award": {"points": 25, "to": "friend"}},
    ]  # fmt: skip
    story = Story(program(DOLLAR, *rules))
    story.tell("referral.created", referral_id="r", referrer_id="eve")
    story.buy("a", ("jacket", 70_500))
    assert story.points == 730
    for _ in range(2):
        story.tell("activity.recorded", activity="app")
    assert story.points == 740
    for _ in range(23):
        story.tell("activity.recorded", activity="visit")
    assert story.points == 840
    story.wait(datetime(2021, 1, 1, 12, tzinfo=UTC))
    story.tell("activity.recorded", activity="visit")
    assert story.points == 845


def test_toms_twenty_dollars_each_after_a_first_purchase_of_seventy_five() -> None:
    rules = [
        {"id": to, "on": "referral.completed", "award": {"points": 2000, "to": to}}
        for to in ("friend", "referrer")
    ]
    story = Story(program(*rules, referrals={"minimum_order": "75.00"}))
    story.tell("referral.created", referral_id="r", referrer_id="eve")
    story.buy("a", ("shoes", 7499))
    assert (story.points, story.member.state.effects) == (0, {})
    story.buy("b", ("shoes", 7500))
    assert story.points == 2000
    (effect,) = story.member.state.effects.values()
    assert (effect.referrer, effect.worth, effect.order_id) == ("eve", 2_000_000_000, "b")
    story.bring_back("b")
    assert story.points == 0
    assert effect.undone_at == story.now
    story.buy("c", ("shoes", 9000))
    assert story.points == 0, "gone for good"


PRIME = {
    "plans": [{"id": "prime", "name": "Prime", "months": 12, "price": "139.00 USD"}],
    "refund": {"unused": "full", "used": "prorated"},
}
MORE = {"id": "more", "on": "order.paid", "when": {"membership": ["prime"]},
        "award": {"multiply": "2"}}  # fmt: skip


def prime(*events: str, used: str = "prorated") -> Story:
    refund = {"unused": "full", "used": used}
    story = Story(program(DOLLAR, MORE, membership=PRIME | {"refund": refund}))
    story.tell("membership.started", membership_id="p", plan="prime", paid_minor=13_900)
    for event in events:
        story.buy(event, ("book", 1000))
    return story


def cancel(story: Story, *, refund: bool = True) -> int:
    story.tell("membership.cancelled", membership_id="p", refund=refund)
    return int(story.member.state.membership.refund)


def test_amazon_a_membership_that_was_not_used_is_paid_back_in_full() -> None:
    story = prime()
    assert cancel(story) == 13_900
    story.buy("late", ("book", 1000))
    assert story.points == 10, "its benefits ended at once"


@pytest.mark.parametrize(("policy", "due"), [("none", 0), ("full", 13_900), ("prorated", 6900)])
def test_a_membership_that_was_used_is_paid_back_as_the_policy_says(policy: str, due: int) -> None:
    story = prime("a", used=policy)
    assert story.points == 20
    story.wait(datetime(2021, 1, 6, 12, tzinfo=UTC))
    assert cancel(story) == due, "to the moment, 181.2 of 365 days are left"


def test_a_membership_cancelled_without_refund_runs_to_its_end_and_renews_from_there() -> None:
    story = prime()
    assert cancel(story, refund=False) == 0
    story.wait(datetime(2021, 7, 6, 17, 59, tzinfo=UTC))
    story.now = datetime(2021, 7, 6, 16, 30, tzinfo=UTC)
    story.buy("in time", ("book", 1000))
    assert story.points == 20
    story.now = datetime(2021, 7, 6, 18, 30, tzinfo=UTC)
    story.buy("after", ("book", 1000))
    assert story.points == 30
    story.tell("membership.renewed", membership_id="p")
    story.buy("renewed", ("book", 1000))
    assert story.points == 50
