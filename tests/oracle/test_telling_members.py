"""The oracle of messages notices what is wrong with what was decided."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.oracle.telling_members import Call, Decided, Key, Manners, check, held_out

AT = datetime(2026, 3, 3, 17, tzinfo=UTC)  # noon in New York
DAY = date(2026, 3, 3)
UNTIL = AT + timedelta(days=30)
MANNERS = Manners(
    "Shop",
    ZoneInfo("America/New_York"),
    {
        "kinds": ["progress", "reward_used"],
        "cap": {"messages": 1, "days": 7},
        "quiet": {"from": "21:00", "until": "08:00"},
    },
)
PROGRESS: Key = ("ada", "progress", "2026-03-03")
NEXT: Key = ("ada", "progress", "2026-03-04")
USED: Key = ("ada", "reward_used", "rdm_1")
WANTED = {
    PROGRESS: Call(AT, DAY),
    NEXT: Call(AT + timedelta(days=1), DAY + timedelta(days=1)),
    USED: Call(AT, DAY),
}
CAPPED = Decided("skipped", None, "1 messages in 7 days are the cap")
RIGHT = {PROGRESS: Decided("sent", AT, ""), NEXT: CAPPED, USED: Decided("sent", AT, "")}

Decisions = dict[Key, Decided]


def problems(
    decided: Decisions, zone: str = "", left: datetime | None = None, manners: Manners = MANNERS
) -> list[str]:
    return check(WANTED, decided, manners, {"ada": zone}, {"ada": left}, UNTIL)


def test_what_is_right_is_right() -> None:
    assert problems(RIGHT) == []
    gone = {key: Decided("skipped", None, "the member has left") for key in RIGHT}
    assert problems(gone, left=AT) == []


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda right: right.pop(USED), "never decided"),
        (lambda right: right.update({("ada", "welcome", "joined"): right[USED]}), "not called for"),
        (
            lambda right: right.update({NEXT: Decided("sent", AT + timedelta(1), "")}),
            "above the cap",
        ),
        (lambda right: right.update({USED: Decided("skipped", None, "cap")}), "skipped: cap"),
        (lambda right: right.update({PROGRESS: CAPPED}), "though only 0 went"),
        (
            lambda right: right.update({USED: Decided("sent", AT + timedelta(hours=10), "")}),
            "quiet",
        ),
        (
            lambda right: right.update({USED: Decided("sent", AT - timedelta(1), "")}),
            "before it is due",
        ),
    ],
)
def test_what_is_wrong_is_told(wrong: Callable[[Decisions], object], says: str) -> None:
    decided = dict(RIGHT)
    wrong(decided)
    assert any(says in problem for problem in problems(decided)), problems(decided)


def test_hours_are_the_members_own() -> None:
    assert any("quiet" in problem for problem in problems(RIGHT, zone="Asia/Tokyo"))


def test_a_holdout_hears_no_marketing_but_what_it_did() -> None:
    everybody = Manners("Shop", MANNERS.zone, {**MANNERS.told, "holdout_percent": 100})
    assert held_out("ada", everybody)
    assert any("must not be sent" in problem for problem in problems(RIGHT, manners=everybody))
    skipped = {**RIGHT, PROGRESS: Decided("skipped", None, "held out"), NEXT: CAPPED}
    assert problems(skipped, manners=everybody) == []


def test_what_was_overtaken_need_not_be_told_if_anything_came_after_it() -> None:
    ready: Key = ("ada", "reward_ready", "five@1.2")
    dropped = {ready: Decided("skipped", None, "overtaken by what came after it")}
    for latest, problems_ in ((AT + timedelta(1), 0), (AT, 1)):
        found = check(
            {ready: WANTED[USED]}, dropped, MANNERS, {"ada": ""}, {}, UNTIL, {"ada": latest}
        )
        assert len(found) == problems_, found
