"""Whether a message goes: leaving, contacts, consent, holding out, caps."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from headway.program.messages import KINDS, SERVICE, Kind, Messages
from headway_notify.deciding import (
    NO_MAIL_HERE,
    NO_MAIL_TO,
    Candidate,
    Outlets,
    Standing,
    Verdict,
    decide,
    held_out,
)
from tests.notify.account import PROGRAM

NOW = datetime(2026, 3, 4, 17, tzinfo=UTC)
DAY = date(2026, 3, 3)
MARKETING = tuple(kind for kind in KINDS if kind not in SERVICE)


def why_not(
    kind: Kind = "progress", policy: Messages | None = None, left: date | None = None,
    member: str = "m", **standing: object,
) -> str:  # fmt: skip
    program = replace(PROGRAM, messages=policy or Messages())
    one = Candidate(member, kind, DAY, left)
    return decide(one, program, Standing(**{"known": True, **standing}), NOW).why_not  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_each_goes_where_nothing_stands_against_it(kind: Kind) -> None:
    assert why_not(kind) == ""


@pytest.mark.parametrize("kind", KINDS)
def test_none_goes_to_who_has_left_or_cannot_be_reached_or_does_not_want_it(kind: Kind) -> None:
    assert why_not(kind, left=DAY) == "the member has left"
    assert why_not(kind, left=date(2026, 3, 4)) == ""
    assert why_not(kind, known=False) == "no contact is known"
    assert why_not(kind, refused=lambda kind, policy: f"no {kind}") == f"no {kind}"


def test_what_is_no_longer_so_is_not_told() -> None:
    one = Candidate("m", "certificate_issued", DAY, None, holds=False)
    said = decide(one, PROGRAM, Standing(True), NOW)
    assert said == Verdict(None, "overtaken by what came after it")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("known", "outlets", "no_mail"),
    [
        (True, Outlets(mail=True, others=True), ""),
        (False, Outlets(mail=True, others=True), NO_MAIL_TO),
        (True, Outlets(mail=False, others=True), NO_MAIL_HERE),
        (False, Outlets(mail=False, others=True), NO_MAIL_TO),
    ],
)
def test_where_there_are_other_roads_it_goes_and_says_why_it_is_not_mailed(
    kind: Kind, known: bool, outlets: Outlets, no_mail: str
) -> None:
    one = Candidate("m", kind, DAY, None)
    verdict = decide(one, PROGRAM, Standing(known), NOW, outlets)
    assert verdict == (NOW, "", no_mail)
    barred = Standing(known, refused=lambda kind, policy: "no consent")
    assert decide(one, PROGRAM, barred, NOW, outlets) == (None, "no consent", "")


@pytest.mark.parametrize("kind", KINDS)
def test_a_cap_is_for_marketing_alone(kind: Kind) -> None:
    """mautic#6729: transactional messages were capped, and marketing was not."""
    capped = why_not(kind, Messages(cap=2, cap_days=7), marketing=2)
    assert capped == ("" if kind in SERVICE else "2 messages in 7 days are the cap")
    assert why_not(kind, Messages(cap=2), marketing=1) == ""


def test_a_cap_of_nothing_sends_none_and_says_so() -> None:
    """mautic#10416: 0 was read as no limit by some and as a block by others."""
    assert why_not(policy=Messages(cap=0)) == "the programme sends no marketing (cap 0)"
    assert why_not("reward_used", Messages(cap=0)) == ""
    assert why_not(policy=Messages(cap=None), marketing=10**6) == ""


def test_a_share_is_held_out_always_the_same_and_of_marketing_alone() -> None:
    policy = Messages(holdout_percent=20)
    program = replace(PROGRAM, messages=policy)
    members = [f"m{number}" for number in range(2000)]
    out = {member for member in members if held_out(member, program)}
    assert 300 < len(out) < 500
    somebody = min(out)
    assert {why_not(kind, policy, member=somebody) for kind in MARKETING} == {"held out"}
    assert {why_not(kind, policy, member=somebody) for kind in SERVICE} == {""}
    assert not any(held_out(member, PROGRAM) for member in members)
    all_of_them = replace(PROGRAM, messages=Messages(holdout_percent=100))
    assert all(held_out(member, all_of_them) for member in members)
