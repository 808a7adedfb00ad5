"""How many requests a caller may send: a token bucket for each, in this process alone."""

import time
from collections.abc import Callable
from math import ceil
from typing import NamedTuple

_MOST_BUCKETS = 10_000
# Who waits for as long as told must not be turned away by a rounding of floats.
_ONE = 1 - 1e-6


class Limit(NamedTuple):
    """So many `requests` at once, after which they come back evenly over `window` seconds."""

    name: str
    requests: int
    window: int

    @property
    def policy(self) -> str:
        """The RateLimit-Policy header."""
        return f'"{self.name}";q={self.requests};w={self.window}'


class Bucket(NamedTuple):
    """Requests left at a moment of the monotonic clock."""

    left: float
    at: float


class Standing(NamedTuple):
    """Where a caller stands after one more request. Seconds are whole, rounded up."""

    granted: bool
    left: int
    full_in: int
    retry_after: int


def take(limit: Limit, bucket: Bucket | None, now: float) -> tuple[Bucket, Standing]:
    """The bucket after one more request at `now`; a caller not seen before has a full one."""
    before = bucket or Bucket(limit.requests, now)
    pace = limit.requests / limit.window
    there = min(before.left + (now - before.at) * pace, limit.requests)
    granted = there >= _ONE
    left = max(there - 1, 0) if granted else there
    full_in = ceil((limit.requests - left) / pace)
    retry_after = 0 if granted else max(ceil((1 - left) / pace), 1)
    return Bucket(left, now), Standing(granted, int(left), full_in, retry_after)


class Rates:
    """The buckets of everybody seen lately; whoever has a full one again is forgotten."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._buckets: dict[str, tuple[Limit, Bucket]] = {}

    def take(self, limit: Limit, who: str) -> Standing:
        """One more request of `who`."""
        now = self._monotonic()
        if len(self._buckets) >= _MOST_BUCKETS and who not in self._buckets:
            self._forget(now)
        kept = self._buckets.get(who)
        bucket, standing = take(limit, kept[1] if kept else None, now)
        self._buckets[who] = limit, bucket
        return standing

    def _forget(self, now: float) -> None:
        """Drop those that have been idle for a window; if all are busy, the longest idle half."""
        stays = {
            who: (limit, bucket)
            for who, (limit, bucket) in self._buckets.items()
            if now - bucket.at < limit.window
        }
        if len(stays) >= _MOST_BUCKETS:
            latest = sorted(stays.items(), key=lambda item: item[1][1].at)
            stays = dict(latest[_MOST_BUCKETS // 2 :])
        self._buckets = stays
