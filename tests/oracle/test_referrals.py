"""Invitations: what the friend gets, and what is told to the one who invited."""

from datetime import timedelta
from typing import Any

import pytest

from tests.oracle.given import Effect
from tests.oracle.telling import START, Story, program

POINT = 10**6


def rules(kind: str, **more: Any) -> list[dict[str, Any]]:
    """25 points for the friend, 50 for the one who invited, at this kind of completion."""
    when = {"when": {"referral": kind}} if kind else {}
    return [
        {"id": to, "on": "referral.completed", "award": {"points": points, "to": to}} | when | more
        for to, points in (("friend", 25), ("referrer", 50))
    ]


def invited(kind: str, **settings: Any) -> Story:
    """A member who was invited an hour after joining."""
    story = Story(program(*rules(kind), **settings))
    story.tell("referral.created", referral_id="r", referrer_id="eve")
    return story


def effects(story: Story) -> list[Effect]:
    """What there is to tell to others."""
    return list(story.member.state.effects.values())


@pytest.mark.parametrize(
    ("kind", "after"),
    [("signup", (25, 25, 25, 25)), ("", (0, 25, 25, 0)), ("every_purchase", (0, 25, 50, 25))],
)
def test_at_what_a_referral_is_complete(kind: str, after: tuple[int, ...]) -> None:
    story = invited(kind)
    seen = [story.points]
    for order in "ab":
        story.buy(order, ("x", 1000))
        seen.append(story.points)
    story.bring_back("a")
    assert (*seen, story.points) == after
    undone = [effect.undone_at for effect in effects(story)]
    assert undone == {"signup": [None], "": [story.now], "every_purchase": [story.now, None]}[kind]


def test_the_smallest_order_that_completes() -> None:
    story = invited("every_purchase", referrals={"minimum_order": "20.00"})
    for order, cents in (("a", 1999), ("b", 2000), ("c", 1500), ("d", 2500)):
        story.buy(order, ("x", cents))
    assert [effect.order_id for effect in effects(story)] == ["b", "d"]


def test_a_late_first_purchase_moves_what_is_told() -> None:
    story = invited("")
    story.buy("b", ("x", 1000), at=START + timedelta(hours=8))
    story.buy("a", ("x", 1000), at=START + timedelta(hours=5))
    (effect,) = effects(story)
    assert (effect.order_id, effect.since) == ("a", START + timedelta(hours=5))
    assert story.points == 25


def told(story: Story, revision: int, worth: int, **more: Any) -> None:
    """What eve hears of an invitation by her."""
    since = (START + timedelta(hours=2)).isoformat()
    facts = {"referral_id": "r", "rule": "referrer", "revision": revision, "worth": worth * POINT,
             "earned_at": since, "since": since, "program_version": 1, "order_id": "a"}  # fmt: skip
    story.tell("effect", **facts | more)


def test_the_highest_revision_says_everything() -> None:
    story = Story(program(*rules("")))
    told(story, 2, 50)
    assert story.points == 50
    told(story, 1, 20)
    assert story.points == 50
    told(story, 3, 50, undone_at=(START + timedelta(hours=9)).isoformat())
    assert story.points == 0


def test_a_cap_of_the_one_who_invites_is_hers() -> None:
    story = Story(program(*rules("", cap={"times": 2, "per": "year"})))
    for friend in "xyz":
        told(story, 1, 50, referral_id=friend)
    assert story.points == 100
