"""Months in the programme's zone: without gap or overlap, and never moved afterwards."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from headway.errors import UserError
from headway.program.calendar import add_months
from headway.program.months import Published, first_day, last_over, month
from tests.domain.programme import program

NEW_YORK = Published(program(), datetime(2020, 1, 1, tzinfo=UTC))
TOKYO_FROM_MAY = program(version=2, zone="Asia/Tokyo", **{"from": "2024-05-10T00:00:00Z"})
IN_TIME = Published(TOKYO_FROM_MAY, datetime(2024, 5, 9, tzinfo=UTC))
BELATED = Published(TOKYO_FROM_MAY, datetime(2024, 8, 9, tzinfo=UTC))


@pytest.mark.parametrize("versions", [(NEW_YORK,), (NEW_YORK, IN_TIME), (NEW_YORK, BELATED)])
def test_each_month_begins_where_the_one_before_ends(versions: tuple[Published, ...]) -> None:
    months = [month(add_months(date(2023, 12, 1), number), versions) for number in range(14)]
    for before, after in pairwise(months):
        assert before.end == after.start
        assert last_over(before.end, versions) == before
        assert last_over(after.end - timedelta(microseconds=1), versions) == before


def test_a_new_zone_counts_from_the_first_month_that_begins_in_it() -> None:
    may, june = (month(date(2024, number, 1), (NEW_YORK, IN_TIME)) for number in (5, 6))
    assert (str(may), str(june)) == ("2024-05", "2024-06")
    assert (str(may.zone), str(june.zone)) == ("America/New_York", "Asia/Tokyo")
    assert may.start == datetime(2024, 5, 1, 4, tzinfo=UTC)
    assert june.start == datetime(2024, 5, 31, 15, tzinfo=UTC)


def test_a_version_published_late_moves_no_month_that_is_over() -> None:
    for number in range(1, 9):
        first = date(2024, number, 1)
        assert month(first, (NEW_YORK, BELATED)).start == month(first, (NEW_YORK,)).start
    assert str(month(date(2024, 9, 1), (NEW_YORK, BELATED)).zone) == "Asia/Tokyo"


def test_a_ledger_older_than_its_programme_goes_by_the_first_version() -> None:
    assert str(month(date(1997, 1, 1), (NEW_YORK, IN_TIME)).zone) == "America/New_York"


def test_how_a_month_is_written() -> None:
    assert first_day("1970-01") == date(1970, 1, 1)
    for wrong in ("1969-12", "2024-00", "2024-13", "24-01", "2024-1", "9999-01", "202\u0664-01"):
        with pytest.raises(UserError, match="as in 2024-03"):
            first_day(wrong)
