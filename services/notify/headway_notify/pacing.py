"""How fast a road may be used: turns at even distances, shared by all processes."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

from headway.stream.positions import Pool
from headway_notify.store import QUERIES

BURST: Final = 1.0
"""Seconds' worth of turns that an idle bucket gives at once."""
_RATE = re.compile(r"(?P<domain>\*|[a-z0-9.-]+)=(?P<turns>\d+(\.\d+)?)/(?P<unit>s|m|h)")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def parse_rates(text: str) -> dict[str, float]:
    """`gmail.com=20/s,*=600/m` as turns a second by domain; * is every other domain by itself.

    Raises ValueError, which says how it is written.
    """
    rates = {}
    for part in filter(None, (part.strip().lower() for part in text.split(","))):
        found = _RATE.fullmatch(part)
        if found is None or float(found["turns"]) <= 0:
            raise ValueError(f"{part!r} is no rate; write: gmail.com=20/s,*=600/m")
        rates[found["domain"]] = float(found["turns"]) / _SECONDS[found["unit"]]
    return rates


def delays(free_in: float, turns: int, apart: float, horizon: float) -> list[float]:
    """Seconds until each of the turns that come before `horizon`, at most `turns` of them.

    `free_in`: when the bucket has its next turn; negative when it has been idle for so long.
    """
    start = max(free_in, -BURST)
    found = []
    for turn in range(turns):
        at = max(start + turn * apart, 0.0)
        if at > horizon:
            break
        found.append(at)
    return found


async def reserve(
    pool: Pool, buckets: Sequence[str], rates: Mapping[str, float], horizon: float
) -> list[float | None]:
    """For each use of a bucket: seconds until its turn; None: not before `horizon`, ask again.

    Buckets without a rate of their own go by *; where there is none they have no limit.
    """
    wanted = Counter(name for name in buckets if _rate(name, rates))
    if not wanted:
        return [0.0] * len(buckets)
    names = sorted(wanted, key=_digest)
    digests = [_digest(name) for name in names]
    granted: dict[str, list[float]] = {}
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(QUERIES.paces_known, digests)
        rows = await connection.fetch(QUERIES.paces_locked, digests)
        free_in = {row["bucket"]: row["free_in"] for row in rows}
        taken = []
        for name, digest in zip(names, digests, strict=True):
            apart = 1.0 / _rate(name, rates)
            granted[name] = delays(free_in[digest], wanted[name], apart, horizon)
            taken.append(max(free_in[digest], -BURST) + len(granted[name]) * apart)
        await connection.execute(QUERIES.paces_taken, digests, taken)
    turns = {name: iter(found) for name, found in granted.items()}
    return [next(turns[name], None) if name in turns else 0.0 for name in buckets]


def _rate(name: str, rates: Mapping[str, float]) -> float:
    return rates.get(name) or rates.get("*", 0.0)


def _digest(name: str) -> bytes:
    """A domain may be a person's own, so it is not kept."""
    return sha256(name.encode()).digest()
