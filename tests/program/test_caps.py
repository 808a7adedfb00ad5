"""Periods of caps, the room they leave, and counting and giving back."""

from datetime import date

import pytest

from headway.program.caps import Used, counted, period_of, room
from headway.program.rules import MICRO, Per, Rule
from tests.program.making import program_of, rule

DAY = date(2026, 5, 4)


def capped(caps: str) -> Rule:
    return program_of(rule("r", "points: 1", rest=f"cap: {caps}")).rules["r"]


@pytest.mark.parametrize(
    ("per", "day", "period"),
    [
        ("day", "2026-05-04", "2026-05-04"),
        ("week", "2026-05-10", "2026-W19"),
        ("week", "2025-12-29", "2026-W01"),
        ("week", "2027-01-03", "2026-W53"),
        ("month", "2026-05-31", "2026-05"),
        ("year", "2026-12-31", "2026"),
        ("lifetime", "2026-12-31", ""),
    ],
)
def test_periods(per: Per, day: str, period: str) -> None:
    assert period_of(per, date.fromisoformat(day)) == period


def test_the_tightest_cap_leaves_the_room() -> None:
    caps = capped("[{points: 10, per: day}, {points: 25, per: month}, {times: 3, per: week}]")
    assert room(caps, {}, DAY) == 10 * MICRO
    used = {"r:month": Used("2026-05", 20 * MICRO, 1)}
    assert room(caps, used, DAY) == 5 * MICRO
    assert room(caps, {"r:month": Used("2026-05", 30 * MICRO, 1)}, DAY) == 0
    assert room(caps, {"r:week": Used("2026-W19", 0, 3)}, DAY) == 0
    assert room(capped("{times: 3, per: week}"), {}, DAY) is None
    assert room(program_of(rule("r", "points: 1")).rules["r"], {}, DAY) is None


def test_what_is_given_back_frees_the_current_period_only() -> None:
    caps = capped("[{points: 10, per: day}, {points: 25, times: 4, per: month}]")
    used = counted(caps, {}, DAY, 7 * MICRO, 1)
    assert used == {
        "r:day": Used("2026-05-04", 7 * MICRO, 1), "r:month": Used("2026-05", 7 * MICRO, 1),
    }  # fmt: skip
    later = date(2026, 5, 6)
    used = counted(caps, used, later, 9 * MICRO, 1)
    used = counted(caps, used, DAY, -3 * MICRO, 0)
    assert used == {
        "r:day": Used("2026-05-06", 9 * MICRO, 1), "r:month": Used("2026-05", 13 * MICRO, 2),
    }  # fmt: skip
    assert counted(caps, used, later, -20 * MICRO, -1)["r:day"] == Used("2026-05-06", 0, 0)
