"""What the oracle finds wrong with what a household gave, worked by hand."""

from datetime import UTC, datetime, timedelta

from tests.oracle.member import Draw, Edge, Member
from tests.oracle.pooling import check_draws, given_by

DAY = timedelta(days=1)
START = datetime(2025, 1, 1, tzinfo=UTC)


def dies(day: int, earned: int = 0) -> Edge:
    return START + day * DAY, START + earned * DAY


def household(**draws: tuple[Edge | None, Edge | None]) -> list[Member]:
    found = []
    for name, (last, left) in draws.items():
        member = Member([], id=name)
        member.draws["r"] = Draw([], last, left, 5)
        found.append(member)
    return found


GIVEN = given_by([("r", "ann", 5)])


def test_what_dies_first_is_given_first() -> None:
    ones = household(ann=(dies(10), dies(30)), bob=(dies(20), dies(20, 1)))
    assert check_draws(ones, GIVEN) == []


def test_nobody_keeps_what_dies_before_what_another_gave() -> None:
    ones = household(ann=(dies(20), None), bob=(dies(5), dies(10)))
    [problem] = check_draws(ones, GIVEN)
    assert problem.startswith("r: took")


def test_what_was_given_has_left_somebody() -> None:
    assert check_draws([], GIVEN) == ["r: points were given, and never left"]
