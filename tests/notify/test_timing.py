"""When a message may go: quiet hours and the hour of sending, on clocks that change."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.program.messages import Messages, Quiet
from headway_notify.timing import earliest, is_quiet, zone_or

NIGHT = Quiet(time(21), time(8))
ZONES = ("America/New_York", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "Asia/Tokyo")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "zone", "goes"),
    [
        ("2026-07-01T12:00-04:00", "America/New_York", "2026-07-01T12:00-04:00"),
        ("2026-07-01T20:59:59-04:00", "America/New_York", "2026-07-01T20:59:59-04:00"),
        ("2026-07-01T21:00-04:00", "America/New_York", "2026-07-02T08:00-04:00"),
        ("2026-07-01T03:00-04:00", "America/New_York", "2026-07-01T08:00-04:00"),
        # The same moment is evening in one place and morning in another.
        ("2026-07-01T21:00-04:00", "Asia/Tokyo", "2026-07-01T21:00-04:00"),
        # The night in which clocks go forward is an hour shorter, the other an hour longer.
        ("2026-03-07T22:00-05:00", "America/New_York", "2026-03-08T08:00-04:00"),
        ("2026-10-31T22:00-04:00", "America/New_York", "2026-11-01T08:00-05:00"),
    ],
)
def test_quiet_hours_are_the_members_own(now: str, zone: str, goes: str) -> None:
    policy = Messages(quiet=NIGHT)
    for marketing in (True, False):
        at = earliest(utc(now), policy, ZoneInfo(zone), marketing=marketing)
        assert at == utc(goes)


def test_marketing_alone_waits_for_its_hour() -> None:
    policy, zone = Messages(send_at=time(10)), ZoneInfo("Europe/Berlin")
    now = utc("2026-07-01T12:00+02:00")
    assert earliest(now, policy, zone, marketing=False) == now
    assert earliest(now, policy, zone, marketing=True) == utc("2026-07-02T10:00+02:00")
    at_ten = utc("2026-07-02T10:00+02:00")
    assert earliest(at_ten, policy, zone, marketing=True) == at_ten


def test_an_hour_that_clocks_skip_is_read_with_the_offset_before_the_gap() -> None:
    """RFC 5545, 3.3.5: 02:30 on March 8, 2026 in New York is 03:30 of the summer's time."""
    policy = Messages(send_at=time(2, 30))
    at = earliest(
        utc("2026-03-07T12:00-05:00"), policy, ZoneInfo("America/New_York"), marketing=True
    )
    assert at == utc("2026-03-08T03:30-04:00")


def test_an_hour_that_comes_twice_is_its_first() -> None:
    policy = Messages(send_at=time(1, 30))
    at = earliest(
        utc("2026-10-31T12:00-04:00"), policy, ZoneInfo("America/New_York"), marketing=True
    )
    assert at == utc("2026-11-01T01:30-04:00")


@given(
    now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
    zone=st.sampled_from(ZONES),
    from_=st.times(),
    until=st.times(),
    hour=st.none() | st.times(),
    marketing=st.booleans(),
)
def test_nothing_goes_in_quiet_hours_nor_more_than_two_days_late(
    now: datetime, zone: str, from_: time, until: time, hour: time | None, marketing: bool
) -> None:
    quiet = Quiet(from_.replace(microsecond=0), until.replace(microsecond=0))
    if quiet.from_ == quiet.until:
        return
    start, where = now.replace(tzinfo=UTC), ZoneInfo(zone)
    at = earliest(start, Messages(quiet=quiet, send_at=hour), where, marketing=marketing)
    assert not is_quiet(at, quiet, where)
    assert start <= at <= start + timedelta(days=3)
    # Asked again then, the answer is the same: a look that comes late changes nothing.
    if hour is None or not marketing:
        assert earliest(at, Messages(quiet=quiet), where, marketing=marketing) == at


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd", "a" * 60])
def test_an_unknown_zone_is_the_programmes(name: str) -> None:
    assert zone_or(name, ZoneInfo("Asia/Tokyo")) == ZoneInfo("Asia/Tokyo")
