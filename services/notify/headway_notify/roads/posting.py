"""One HTTP request, and whether the other side can have it when no answer comes."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from headway_notify.roads.answers import Answer, Ending

LONGEST_RETRY_AFTER = 3600.0


def client(limit: float, at_once: int) -> httpx.AsyncClient:
    """Connections kept open. No redirects: what is signed for one place goes to no other."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(limit, connect=limit / 2, pool=limit / 2),
        limits=httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once),
    )


async def post(
    over: httpx.AsyncClient, url: str, content: bytes, headers: Mapping[str, str], limit: float
) -> httpx.Response | Answer:
    """The response; or, when there is none, whether the request surely did not arrive."""
    try:
        async with asyncio.timeout(limit):
            return await over.post(url, content=content, headers=headers)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        return Answer(Ending.PUT_OFF, f"connecting: {type(error).__name__}", road_ill=True)
    except (httpx.HTTPError, OSError) as error:
        return Answer(Ending.UNKNOWN, f"no answer: {type(error).__name__}", road_ill=True)


def later(response: httpx.Response, reply: str) -> Answer:
    """The road asks for patience, or is in trouble."""
    return Answer(Ending.PUT_OFF, reply, road_ill=True, retry_after=retry_after(response))


def retry_after(response: httpx.Response) -> float:
    """Seconds that it asks to be left alone: told as seconds or as a date; 0 where it is not."""
    text = response.headers.get("retry-after", "").strip()
    if not text:
        return 0.0
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return 0.0
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER) if seconds == seconds else 0.0
