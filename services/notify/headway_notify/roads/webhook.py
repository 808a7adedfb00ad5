"""A signed webhook by Standard Webhooks: an id, a time and signatures, over the exact body.

With several secrets a message is signed with each, so that receivers can change over. The id is
the same whenever a message is sent again: receivers drop what they know.
"""

from datetime import UTC, datetime

import httpx
import orjson
from standardwebhooks import Webhook

from headway_notify.roads.answers import Answer, Ending
from headway_notify.roads.engagement import Occurrence
from headway_notify.roads.posting import client, later, post
from headway_notify.settings import NotifySettings

GONE = 410


class WebhookRoad:
    """Messages to one receiver."""

    name = "webhook"
    wants_address = False
    rate = 0.0

    def __init__(self, settings: NotifySettings) -> None:
        self._url = settings.webhook_url
        self._limit = settings.road_timeout
        self._client = client(self._limit, settings.road_senders)
        secrets = settings.webhook_secrets.get_secret_value().split()
        self._signers = [Webhook(secret) for secret in secrets]

    async def track(self, occurrence: Occurrence, address: str = "") -> Answer:
        """Post one occurrence."""
        content = orjson.dumps(body(occurrence), option=orjson.OPT_UTC_Z)
        headers = self._signed(occurrence.id, content, datetime.now(UTC))
        response = await post(self._client, self._url, content, headers, self._limit)
        return response if isinstance(response, Answer) else judge(response)

    def _signed(self, id_: str, content: bytes, now: datetime) -> dict[str, str]:
        text = content.decode()
        return {
            "Content-Type": "application/json",
            "webhook-id": id_,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(one.sign(id_, now, text) for one in self._signers),
        }

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


def body(occurrence: Occurrence) -> dict[str, object]:
    """The posted JSON: type, timestamp and data, the data flat."""
    return {
        "type": f"loyalty.{occurrence.kind}",
        "timestamp": occurrence.at,
        "data": {
            "member_id": occurrence.member_id,
            "notification_id": occurrence.id,
            "late": occurrence.late,
            "currency": occurrence.currency,
            **occurrence.properties,
        },
    }


def judge(response: httpx.Response) -> Answer:
    """2xx is taken; everything else is tried again, since it is the receiver's to mend; 410 says
    that nothing is wanted any more, and whoever sends stops the road."""
    status = response.status_code
    if 200 <= status < 300:
        return Answer(Ending.SENT, str(status))
    return later(response, str(status))._replace(wants_no_more=status == GONE)
