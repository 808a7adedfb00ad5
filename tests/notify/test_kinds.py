"""Every kind of message, in every language: what it has to tell is in both parts."""

import re
from datetime import UTC, date, datetime

import pytest

from headway.program.loading import load_program
from headway.program.messages import KINDS, Kind
from headway_notify import details
from headway_notify.checking import MOST_BYTES
from headway_notify.details import Detail
from headway_notify.facts import Facts
from headway_notify.messaging import Message
from headway_notify.mime import NO_LINKS
from headway_notify.reader import Links, Reader
from headway_notify.render import Rendered, render
from headway_notify.samples import sample
from headway_notify.template_set import built_in_templates
from tests.notify.account import PROGRAM, balance

DAY = date(2026, 3, 3)
MARIA = Reader("Maria")
LINKS = Links("https://shop.example/p/t0ken", "https://shop.example/u/t0ken")
LANGUAGES = ("en", "de", "fr", "es", "ja")


def tell(kind: Kind, detail: Detail, reader: Reader = MARIA, **changes: object) -> Rendered:
    facts = Facts.model_validate(balance() | changes)
    return render(Message("m1", kind, "c", DAY, facts, detail), PROGRAM, reader, NO_LINKS)


def both(made: Rendered, *said: str) -> None:
    """Each is in the text, and in the HTML that is shown."""
    shown = re.sub(r"<style.*?</style>|<!--.*?-->", "", made.html, flags=re.S)
    for words in said:
        assert words in made.text
        assert words in shown


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_subject_a_preheader_and_two_parts(kind: Kind, language: str) -> None:
    made = render(sample(PROGRAM, kind, DAY), PROGRAM, Reader("Maria", language), LINKS)
    assert made.subject
    assert made.preheader
    assert made.preheader != made.subject
    assert made.template.startswith(f"{kind}/{language}@")
    assert f'<html lang="{language}"' in made.html
    both(made, "Maria", LINKS.preferences, PROGRAM.name)
    assert len(made.html.encode("ascii", "xmlcharrefreplace")) < MOST_BYTES
    for part in (made.subject, made.preheader, made.text, made.html):
        assert not re.search(r"%\(|\{\{|\{%|None", part)


def test_a_welcome_tells_of_the_head_start_and_of_ways_to_earn() -> None:
    following = {"id": "five", "points": 100, "missing": 80}
    made = tell("welcome", Detail(), available=20, pending=0, rewards_ready=[], saved={},
                next_reward=following)  # fmt: skip
    both(made, "You start with 20 points.", "Your way to $5 off has begun.",
         "Purchases: 1 point for every $1.00", "A review: 10 points",
         "A friend you recommend us to: 50 points")  # fmt: skip
    assert "[########................................]" in made.text


def test_what_holds_on_a_condition_is_not_promised_to_a_newcomer() -> None:
    made = tell("welcome", Detail())
    assert "1.5" not in made.text
    assert "boots" not in made.text


def test_a_reward_that_is_ready_is_named_with_what_it_takes() -> None:
    made = tell("reward_ready", details.RewardReady(reward_id="five"))
    assert made.subject == "$5 off is available to you"
    both(made, "It takes 100 points; you have 150 points.", "the choice is yours")


def test_a_reward_that_was_used_is_told_with_what_it_saved() -> None:
    used = details.RewardUsed(
        redemption_id="r", reward_id="five", points=100, value_minor=500, currency="USD"
    )
    both(tell("reward_used", used), "You used $5 off", "It took 100 points and saved you $5.00.")
    nothing = tell("reward_used", used.model_copy(update={"value_minor": 0}))
    both(nothing, "It took 100 points.")
    assert "saved you" not in nothing.text


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("club", "gold", "You have reached Gold"),
        ("", "club", "You have reached Club"),
        ("elite", "gold", "Your tier is now Gold"),
        ("gold", "", "Your tier Gold has ended"),
    ],
)
def test_a_tier_is_told_by_where_it_went(before: str, after: str, said: str) -> None:
    changed = details.TierChanged(
        tier_from=before, tier_to=after, at=datetime(2026, 3, 3, 17, tzinfo=UTC)
    )
    made = tell("tier_changed", changed)
    both(made, said)
    assert "March 3, 2026, 12:00\u00a0PM (New York)" in made.text


def test_what_keeps_a_tier_is_told_in_its_measure_and_by_when() -> None:
    at = datetime(2027, 1, 1, 5, tzinfo=UTC)  # midnight in New York
    made = tell("tier_at_risk", details.TierAtRisk(tier="gold", missing=4_000, at=at))
    both(made, "Your tier Gold is yours until Thursday, December 31, 2026.",
         "With $40.00 more by then it stays.")  # fmt: skip


@pytest.mark.parametrize(
    ("measure", "missing", "said"),
    [
        ("spend", 1_250, "$12.50"),
        ("points", 2_500_000, "3 points"),
        ("orders", 1, "1 order"),
        ("activity", 12, "12 activities"),
    ],
)
def test_a_tier_s_measure_has_its_unit(measure: str, missing: int, said: str) -> None:
    wording = built_in_templates().wording(Reader("Maria"), PROGRAM.zone)
    assert wording.measured(missing, measure, "USD") == said


def test_points_expire_with_the_day_before_midnight_or_at_their_hour() -> None:
    at = datetime(2026, 6, 1, 4, tzinfo=UTC)  # midnight in New York, six in Berlin
    told = details.PointsExpiring(points=60, at=at)
    both(tell("points_expiring", told), "60 points are valid until Sunday, May 31, 2026",
         "$5 off for 100 points")  # fmt: skip
    away = tell("points_expiring", told, Reader("Maria", "de-DE", "Europe/Berlin"))
    both(away, "60 Punkte sind gültig bis 1. Juni 2026, 06:00 (Berlin)")
    one = tell("points_expiring", details.PointsExpiring(points=1, at=at))
    both(one, "1 point is valid until")


def test_points_taken_back_are_told_with_why_and_what_was_forgiven() -> None:
    taken = details.PointsTakenBack(points=40, waived=15, reason="returned", order_id="o-7")
    both(tell("points_taken_back", taken), "40 points were taken back", "Reason: returned.",
         "Order: o-7.", "15 points of it are forgiven")  # fmt: skip
    plain = tell("points_taken_back", details.PointsTakenBack(points=40, waived=0, reason=""))
    for words in ("Reason", "Order:", "forgiven"):
        assert words not in plain.text


def test_a_statement_adds_up_and_leaves_out_what_did_not_move() -> None:
    month = details.Statement(
        first=date(2026, 2, 1), last=date(2026, 2, 28), opening=100, earned=250, restored=0,
        adjusted=-10, used=100, expired=0, taken_back=60, closing=180,
    )  # fmt: skip
    made = tell("statement", month)
    lines = ["At the start: 100 points", "Earned: 250 points", "Adjusted by hand: -10 points",
             "Used for rewards: -100 points", "Taken back: -60 points", "At the end: 180 points",
             "Points on the way are counted in."]  # fmt: skip
    assert "\n".join(lines) in made.text
    assert "Expired" not in made.html


def test_a_change_of_the_programme_lists_what_changes_and_from_when() -> None:
    change = details.ProgrammeChange(
        version=2, from_day=date(2026, 4, 1), changes=("Reviews give 15 points.", "A & B < C")
    )
    made = tell("programme_change", change)
    assert made.subject == "Stride Shoes changes on Wednesday, April 1, 2026"
    assert "  - Reviews give 15 points.\n  - A & B < C" in made.text
    assert "A &amp; B &lt; C" in made.html


def test_a_detail_of_another_kind_is_refused() -> None:
    with pytest.raises(TypeError, match="PointsExpiring"):
        tell("points_expiring", Detail())


@pytest.mark.parametrize("kind", KINDS)
def test_a_programme_without_rewards_or_tiers_can_tell_everything(kind: Kind) -> None:
    bare = load_program(
        "name: Bare\nzone: UTC\nfrom: 2020-01-01T00:00:00Z\ncurrency: EUR\n"
        "rules: [{id: base, on: order.paid, award: {points: 3}}]\n"
    )
    made = render(sample(bare, kind, DAY), bare, Reader("", "fr"), NO_LINKS)
    assert made.subject
    assert 'role="img"' not in made.html
    assert "Bonjour," in made.text


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("", "12:00\u00a0PM (New York)"),
        ("Asia/Tokyo", "March 4, 2026, 2:00\u00a0AM (Tokyo)"),
        ("Mars/Olympus", "12:00\u00a0PM (New York)"),
        ("../../etc/passwd", "12:00\u00a0PM (New York)"),
    ],
)
def test_moments_are_told_by_the_reader_s_clock_or_the_programme_s(zone: str, said: str) -> None:
    assert said in tell("progress", Detail(), Reader("Maria", "en-US", zone)).text
