"""Amazon SES v2: SendEmail with the whole message, over HTTPS.

There is no token against doubles, so a time-out once the request is on its way is unknown. Signed
by botocore and sent by httpx, which tells a connection that never was from an answer that never
came; botocore's own client would send again by itself.
"""

import asyncio
import base64
from typing import Any

import httpx
import orjson

from headway.errors import UserError
from headway_notify.roads.answers import Answer, Ending, Unreachable
from headway_notify.roads.mail import Tag
from headway_notify.roads.posting import client, later, post
from headway_notify.settings import NotifySettings

_PATH = "/v2/email/outbound-emails"
_THE_MESSAGE = frozenset(("MessageRejected", "BadRequestException"))
"""What SES refuses for good. Everything else is about the account, its limits or its settings."""


class SesRoad:
    """Mail by SES. Credentials come as botocore finds them: environment, profile, instance role."""

    name = "ses"
    usable = True

    def __init__(self, settings: NotifySettings) -> None:
        try:
            from botocore.session import Session
        except ImportError as error:
            raise UserError("HEADWAY_NOTIFY_MAIL is ses, and botocore is not installed",
                            "install headway[ses]") from error  # fmt: skip
        session = Session()
        self._region = settings.ses_region or session.get_config_variable("region")
        if not self._region:
            raise UserError("SES needs a region", "set HEADWAY_SES_REGION")
        self._session = session
        self._credentials: Any = None
        base = settings.ses_endpoint or f"https://email.{self._region}.amazonaws.com"
        self._url = base.rstrip("/") + _PATH
        self._configuration_set = settings.ses_configuration_set
        self.limit = settings.road_timeout
        self.sessions = settings.road_senders
        self._client = client(self.limit, self.sessions)

    async def open(self, sender_address: str) -> "SesRoad":
        """Find credentials. Raises Unreachable while there are none."""
        if self._credentials is None:
            self._credentials = await asyncio.to_thread(self._session.get_credentials)
        if self._credentials is None:
            raise Unreachable("SES: no AWS credentials are found")
        return self

    async def send(self, recipient: str, message: bytes, tag: Tag) -> Answer:
        """Hand one message over."""
        body: dict[str, object] = {
            "Destination": {"ToAddresses": [recipient]},
            "Content": {"Raw": {"Data": base64.b64encode(message).decode()}},
            "EmailTags": [
                {"Name": "notification", "Value": str(tag.notification)},
                {"Name": "kind", "Value": tag.kind},
            ],
        }
        if self._configuration_set:
            body["ConfigurationSetName"] = self._configuration_set
        content = orjson.dumps(body)
        try:
            headers = await self._signed(content)
        except Exception as error:
            return Answer(Ending.PUT_OFF, f"not signed: {type(error).__name__}", road_ill=True)
        response = await post(self._client, self._url, content, headers, self.limit)
        return response if isinstance(response, Answer) else judge(response)

    async def _signed(self, content: bytes) -> dict[str, str]:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        # Refreshing credentials of a role is a request of its own, and blocks.
        frozen = await asyncio.to_thread(self._credentials.get_frozen_credentials)
        request = AWSRequest(
            "POST", self._url, data=content, headers={"Content-Type": "application/json"}
        )
        SigV4Auth(frozen, "ses", self._region).add_auth(request)
        return dict(request.headers.items())

    async def quit(self) -> None:
        """A session is nothing by itself."""

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


def judge(response: httpx.Response) -> Answer:
    """What SES's answer means. Its words may quote addresses, so only the error's type is kept."""
    if response.status_code == 200:
        return Answer(Ending.SENT, "200", str(_field(response, "MessageId"))[:128])
    given = response.headers.get("x-amzn-errortype") or str(_field(response, "__type"))
    kind = given.partition(":")[0].rpartition("#")[2]
    reply = f"{response.status_code} {kind if kind.isidentifier() else ''}".rstrip()
    if response.status_code == 400 and kind in _THE_MESSAGE:
        return Answer(Ending.FAILED, reply)
    return later(response, reply)


def _field(response: httpx.Response, name: str) -> object:
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return ""
    return body.get(name, "") if isinstance(body, dict) else ""
