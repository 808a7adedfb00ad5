"""Klaviyo: one event for each notification, by its Events API.

A 202 says accepted, not processed. Without `unique_id` only one event per profile and second would
survive; with it the same one told twice counts once. `backfill` records without starting flows.
"""

from datetime import UTC

import httpx
import orjson

from headway_notify.roads.answers import Answer, Ending
from headway_notify.roads.engagement import Occurrence
from headway_notify.roads.posting import client, later, post
from headway_notify.settings import NotifySettings

PREFIX = "loyalty_"
_LONGEST_TEXT = 1000
_OF_THE_MEMBER = frozenset(
    ("points_balance", "points_pending", "tier", "member_since", "saved_total", "saved_total_text",
     "next_reward_name", "points_to_next_reward", "progress_percent", "goal_name", "points_to_goal",
     "rewards_available", "as_of")
)  # fmt: skip
"""What is kept on the profile, too; the rest is of the event."""


class KlaviyoRoad:
    """Events to one Klaviyo account."""

    name = "klaviyo"

    def __init__(self, settings: NotifySettings) -> None:
        self.wants_address = settings.klaviyo_email
        self.rate = settings.klaviyo_rate
        self._url = settings.klaviyo_url.rstrip("/") + "/api/events"
        self._limit = settings.road_timeout
        self._client = client(self._limit, settings.road_senders)
        self._headers = {
            "Authorization": f"Klaviyo-API-Key {settings.klaviyo_key.get_secret_value()}",
            "Content-Type": "application/vnd.api+json",
            "Accept": "application/vnd.api+json",
            "revision": settings.klaviyo_revision,
        }

    async def track(self, occurrence: Occurrence, address: str = "") -> Answer:
        """Tell it of one occurrence."""
        content = orjson.dumps(body(occurrence, address if self.wants_address else ""))
        response = await post(self._client, self._url, content, self._headers, self._limit)
        return response if isinstance(response, Answer) else judge(response)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


def metric(kind: str) -> str:
    """`reward_ready` as `Loyalty Reward Ready`."""
    return "Loyalty " + kind.replace("_", " ").title()


def body(occurrence: Occurrence, address: str = "") -> dict[str, object]:
    """The request's JSON."""
    told = {
        PREFIX + name: value[:_LONGEST_TEXT] if isinstance(value, str) else value
        for name, value in occurrence.properties.items()
    }
    profile: dict[str, object] = {"external_id": occurrence.member_id}
    if address:
        profile["email"] = address
    # What happened long ago must not overwrite what the profile says now.
    if not occurrence.late:
        own = {PREFIX + name for name in _OF_THE_MEMBER}
        profile["properties"] = {name: value for name, value in told.items() if name in own}
    attributes: dict[str, object] = {
        "metric": {"data": {"type": "metric", "attributes": {"name": metric(occurrence.kind)}}},
        "profile": {"data": {"type": "profile", "attributes": profile}},
        "properties": told,
        "time": occurrence.at.astimezone(UTC).isoformat(timespec="seconds"),
        "unique_id": occurrence.id,
        "backfill": occurrence.late,
    }
    if occurrence.value is not None:
        attributes |= {"value": occurrence.value, "value_currency": occurrence.currency}
    return {"data": {"type": "event", "attributes": attributes}}


def judge(response: httpx.Response) -> Answer:
    """What Klaviyo's answer means: a bad key or a wrong revision is ours to mend, so it waits."""
    status = response.status_code
    if status == 202:
        return Answer(Ending.SENT, "202")
    if status in (400, 409, 413, 422):
        return Answer(Ending.FAILED, str(status))
    return later(response, str(status))
