"""When a message may go: quiet hours and the hour of sending, on the member's own clock. Pure.

Where clocks are put forward, a local time that does not exist is read with the offset from before
the gap, so it falls as much after the gap as it lies in it; where they are put back, a local time
that comes twice is its first (RFC 5545, 3.3.5). Quiet hours go by what the clock on the wall shows.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from headway.program.messages import Messages, Quiet


def zone_or(name: str, otherwise: ZoneInfo) -> ZoneInfo:
    """The member's zone; the programme's where none is told, or none is known by that name."""
    try:
        return ZoneInfo(name) if name else otherwise
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return otherwise


def earliest(now: datetime, policy: Messages, zone: ZoneInfo, *, marketing: bool) -> datetime:
    """The first moment from `now` on at which a message may go."""
    at = now
    if marketing and policy.send_at is not None:
        at = _next(at, policy.send_at, zone)
    quiet = policy.quiet
    if quiet is not None and is_quiet(at, quiet, zone):
        at = _next(at, quiet.until, zone)
        # Where the end of the quiet hours is skipped or comes twice, the wall decides again.
        while is_quiet(at, quiet, zone):
            at += timedelta(minutes=1)
    return at


def is_quiet(at: datetime, quiet: Quiet, zone: ZoneInfo) -> bool:
    """Whether the clock on the member's wall shows a quiet hour."""
    shown = at.astimezone(zone).time()
    if quiet.from_ < quiet.until:
        return quiet.from_ <= shown < quiet.until
    return shown >= quiet.from_ or shown < quiet.until


def _next(at: datetime, hour: time, zone: ZoneInfo) -> datetime:
    """The first moment from `at` on at which that local time of day comes."""
    day = at.astimezone(zone).date()
    for ahead in range(3):
        moment = _local(day + timedelta(days=ahead), hour, zone)
        if moment >= at:
            return moment
    return at


def _local(day: date, hour: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, hour, tzinfo=zone).astimezone(UTC)
