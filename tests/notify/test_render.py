"""What a mail says: the three facts, kindly and exactly."""

from datetime import date

import pytest
from jinja2.exceptions import SecurityError, UndefinedError

from headway_notify.bar import bar
from headway_notify.details import CertificateIssued, Detail
from headway_notify.facts import Facts
from headway_notify.messaging import Message
from headway_notify.mime import NO_LINKS
from headway_notify.reader import Reader
from headway_notify.render import Rendered, render
from headway_notify.template_set import built_in_templates
from tests.notify.account import PROGRAM, balance

DAY = date(2026, 3, 3)
ENGLISH = built_in_templates().wording(Reader("Maria"), PROGRAM.zone)


def facts(**changes: object) -> Facts:
    return Facts.model_validate(balance() | changes)


def mail(name: str = "Maria", **changes: object) -> Rendered:
    message = Message("m1", "progress", DAY.isoformat(), DAY, facts(**changes), Detail())
    return render(message, PROGRAM, Reader(name), NO_LINKS)


def test_the_three_facts_are_in_both_parts() -> None:
    said = mail(available=240, rewards_ready=["five", "ten"], saved={"USD": 1500},
                next_reward={"id": "twenty", "points": 400, "missing": 160})  # fmt: skip
    for part in (said.text, said.html):
        assert "$10 off for 200 points" in part
        assert "$5 off for 100 points" in part
        assert "$15.00" in part
        assert "160 points to $20 off" in part
    assert said.subject == "You have 240 points: $10 off is available"


def test_a_goal_is_what_is_next() -> None:
    said = mail(goal={"id": "twenty", "points": 400, "missing": 250})
    for part in (said.text, said.html):
        assert "Your goal" in part
        assert "250 points to $20 off" in part
        assert "Next reward" not in part
        assert "50 points to $10 off" not in part
    assert said.subject == "You have 150 points, 250 more to $20 off"
    assert said.preheader == "250 more to $20 off."
    assert "| 400 for $20 off" in said.text


def test_a_goal_within_reach_is_said_plainly() -> None:
    said = mail(
        available=450, pending=0, rewards_ready=["five", "ten", "twenty"], next_reward=None,
        goal={"id": "ten", "points": 200, "missing": 0},
    )  # fmt: skip
    assert said.subject == "You have 450 points: $10 off is available"
    assert "Your goal: $10 off is within reach" in said.text
    assert "450 points | $10 off is within reach" in said.text
    assert "You have reached them all" not in said.html


def test_a_certificate_that_issued_itself_is_told_of_with_its_worth() -> None:
    issued = CertificateIssued(
        redemption_id="crt_1_2", reward_id="five", points=100, value_minor=500, currency="USD"
    )
    message = Message("m1", "certificate_issued", "crt_1_2", DAY, facts(), issued)
    said = render(message, PROGRAM, Reader("Maria"), NO_LINKS)
    assert said.subject == "$5 off is now yours"
    for part in (said.text, said.html):
        assert "Your points paid for it: 100 points, for a value of $5.00." in part
        assert "crt_1_2" not in part


def test_pending_points_and_tier_are_told() -> None:
    said = mail(pending=30)
    assert "On the way: 30 points" in said.text
    assert "Stride Shoes - Gold" in said.text


def test_the_bar_holds_the_head_start_and_what_is_on_the_way() -> None:
    newcomer = facts(available=20, pending=0, rewards_ready=[], saved={},
                     next_reward={"id": "five", "points": 100, "missing": 80})  # fmt: skip
    assert _widths(newcomer) == [("full", 20), ("rest", 80)]
    assert _widths(facts(available=150, pending=30)) == [("full", 75), ("soon", 15), ("rest", 10)]
    assert _widths(facts(available=150, pending=900)) == [("full", 75), ("soon", 25)]
    assert _widths(facts(available=900, next_reward=None)) == [("full", 100)]
    goal = {"id": "twenty", "points": 400, "missing": 250}
    assert _widths(facts(available=150, pending=30, goal=goal)) == [
        ("full", 37), ("soon", 8), ("rest", 55),
    ]  # fmt: skip
    assert _widths(facts(available=900, goal=goal | {"missing": 0})) == [("full", 100)]


def test_points_on_the_way_make_up_what_is_owed_before_they_fill_the_bar() -> None:
    following = {"id": "five", "points": 100, "missing": 140}
    owed = facts(available=0, owed=-40, pending=25, next_reward=following)
    assert _widths(owed) == [("rest", 100)]
    assert _widths(owed.model_copy(update={"pending": 60})) == [("soon", 20), ("rest", 80)]


def _widths(said: Facts) -> list[tuple[str, int]]:
    found = bar(said, PROGRAM, ENGLISH)
    assert found is not None
    assert sum(width for _, width, _ in found.cells) == 100
    return [(kind, width) for kind, width, _ in found.cells]


def test_a_member_with_nothing_yet_hears_what_the_first_reward_is() -> None:
    said = mail(available=0, pending=0, rewards_ready=[], saved={},
                next_reward={"id": "five", "points": 100, "missing": 100})  # fmt: skip
    assert "No reward yet" in said.text
    assert "The first one is $5 off at 100 points." in said.text
    assert "Saved since you joined: $0.00" in said.text
    assert said.subject == "You have 0 points, 100 more to $5 off"


def test_owed_points_are_told_kindly_and_count_towards_the_next_reward() -> None:
    said = mail(available=0, pending=0, owed=-40, rewards_ready=[],
                next_reward={"id": "five", "points": 100, "missing": 140})  # fmt: skip
    assert "After a return, 40 points are still to be made up." in said.text
    assert "The next points you earn take care of it" in said.text
    assert "140 points to $5 off" in said.text
    covered = mail(available=0, pending=40, owed=-40, rewards_ready=[],
                   next_reward={"id": "five", "points": 100, "missing": 140})  # fmt: skip
    assert "Points already on the way take care of it" in covered.text
    assert "you owe" not in said.html.lower()


def test_every_reward_within_reach_is_said_plainly() -> None:
    said = mail(available=900, rewards_ready=["five", "ten", "twenty"], next_reward=None)
    assert "Every reward is within reach" in said.text
    assert "You have reached them all" in said.html


def test_names_cannot_become_markup() -> None:
    said = mail(name='<script>alert("x")</script>')
    assert "<script>" not in said.html
    assert "&lt;script&gt;" in said.html


def test_no_mail_loads_anything_from_elsewhere() -> None:
    html = mail().html
    assert "<img" not in html
    # The name of XHTML is an address, but nobody fetches it.
    assert "://" not in html.replace("http://www.w3.org/1999/xhtml", "")
    assert "url(" not in html
    assert "<link" not in html


def test_a_template_cannot_reach_into_python_or_use_an_unknown_word() -> None:
    templates = built_in_templates()
    for environment in (templates.html, templates.text):
        with pytest.raises(SecurityError):
            environment.from_string("{{ ''.__class__.__mro__ }}").render()
        with pytest.raises(SecurityError):
            environment.from_string("{{ points.__func__.__globals__ }}").render(
                points=ENGLISH.points
            )
        with pytest.raises(UndefinedError):
            environment.from_string("{{ pionts }}").render()


@pytest.mark.parametrize(
    ("minor", "currency", "said"),
    [
        (1250, "USD", "$12.50"),
        (123456789, "EUR", "€1,234,567.89"),
        (1200, "JPY", "¥1,200"),
        (1234, "KWD", "KWD\u00a01.234"),
        (5, "CHF", "CHF\u00a00.05"),
    ],
)
def test_money_has_the_digits_of_its_currency(minor: int, currency: str, said: str) -> None:
    assert ENGLISH.money(minor, currency) == said


def test_savings_in_several_currencies_are_told_apart() -> None:
    said = mail(saved={"USD": 500, "EUR": 300, "CHF": 0})
    assert "Saved since you joined: €3.00 and $5.00" in said.text
