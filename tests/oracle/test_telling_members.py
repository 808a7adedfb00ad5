"""The oracle of messages notices what is wrong with what was decided."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.oracle.being_so import untimely, untrue
from tests.oracle.published import Published
from tests.oracle.records import Record
from tests.oracle.telling_members import Call, Decided, Key, Manners, calls, check, held_out

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


ISSUED = {"redemption_id": "crt_1_2"}


def version(number: int, **claims: object) -> Published:
    """What was published of ada, an hour after the one before."""
    told = {
        "joined_at": None, "rewards_ready": [], "next_reward": None, "available": 50,
        "tier": "gold", "account_time": AT.isoformat(), **claims,
    }  # fmt: skip
    at = AT + timedelta(hours=number)
    return Published("ada", 1, number, "headway/jobs", str(number), "tick", at, at, told)


def test_each_certificate_that_issued_itself_calls_for_a_message_also_of_a_tick() -> None:
    manners = Manners("Shop", MANNERS.zone, {"kinds": ["progress", "certificate_issued"]})
    found = calls({"ada": [version(1, issued=[ISSUED]), version(2)]}, [], manners)
    assert list(found) == [("ada", "certificate_issued", "crt_1_2")]


@pytest.mark.parametrize(("held", "right"), [(["crt_1_2"], False), (["crt_1_9"], True)])
def test_a_certificate_is_left_out_only_if_it_was_taken_back(held: list[str], right: bool) -> None:
    key: Key = ("ada", "certificate_issued", "crt_1_2")
    dropped = {key: Decided("skipped", None, "overtaken by what came after it")}
    found = check(
        {key: WANTED[USED]}, dropped, MANNERS, {"ada": ""}, {}, UNTIL,
        {"ada": AT + timedelta(1)}, {"ada": held},
    )  # fmt: skip
    assert (found == []) == right


def test_what_was_overtaken_had_its_place_under_the_cap() -> None:
    ready: Key = ("ada", "reward_ready", "five@1.2")
    wanted = {NEXT: WANTED[NEXT], ready: WANTED[USED]}
    for send_at, problems_ in ((AT, 0), (None, 1)):
        dropped = Decided("skipped", send_at, "overtaken by what came after it")
        latest = {"ada": AT + timedelta(1)}
        decided = {NEXT: CAPPED, ready: dropped}
        found = check(wanted, decided, MANNERS, {"ada": ""}, {}, UNTIL, latest)
        assert len(found) == problems_, found


@pytest.mark.parametrize(
    ("kind", "cause", "said", "claims", "so"),
    [
        ("reward_ready", "five@1.2", {}, {"rewards_ready": ["five"]}, True),
        ("reward_ready", "five@1.2", {}, {"rewards_ready": ["ten"]}, False),
        ("certificate_issued", "crt_1_2", {}, {"certificates": ["crt_1_2"]}, True),
        ("certificate_issued", "crt_1_2", {}, {"certificates": None}, False),
        ("tier_changed", "x", {"tier_to": "gold"}, {}, True),
        ("tier_changed", "x", {"tier_to": "elite"}, {}, False),
        ("tier_at_risk", "x", {"tier": "gold", "at": UNTIL.isoformat()}, {}, True),
        ("tier_at_risk", "x", {"tier": "gold", "at": AT.isoformat()}, {}, False),
        ("points_expiring", "x", {"at": UNTIL.isoformat()}, {}, True),
        ("points_expiring", "x", {"at": UNTIL.isoformat()}, {"available": 0}, False),
    ],
)
def test_what_is_told_has_to_be_so_at_its_version(
    kind: str, cause: str, said: dict[str, str], claims: dict[str, object], so: bool
) -> None:
    key: Key = ("ada", kind, cause)
    decided = {key: Decided("sent", AT, "", (1, 2))}
    history = {"ada": [version(1), version(2, **claims)]}
    assert (untrue(decided, {key: Call(AT, DAY, said)}, history) == []) == so
    elsewhere = {key: Decided("sent", AT, "", (1, 3))}
    assert untrue(elsewhere, {key: Call(AT, DAY, said)}, history), "a version nobody published"


@pytest.mark.parametrize(("days", "right"), [(30, True), (29, False)])
def test_a_notice_comes_at_a_midnight_that_the_file_says(days: int, right: bool) -> None:
    end = datetime(2026, 4, 1, 4, tzinfo=UTC)  # midnight in New York, where clocks change before
    told = datetime(2026, 3, 2, 5, tzinfo=UTC) + timedelta(days=30 - days)
    notice = {
        "type": "points.expiring.v1", "id": "n", "time": told.isoformat(),
        "data": {"member_id": "ada", "at": end.isoformat()},
    }  # fmt: skip
    record = Record("member-notices", 0, 0, None, b"ada", json.dumps(notice).encode(), {})
    text = "zone: America/New_York\npoints: {notices: 30}\n"
    assert (untimely([record], text) == []) == right
