"""Feedback from mail providers: signatures checked, kept as it came, answered at once."""

from collections.abc import Callable, Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from headway.errors import Poison
from headway.runtime.logging import event
from headway.sealing.vault import Vault
from headway.stream.positions import Pool
from headway_notify.feedback import sns, store
from headway_notify.feedback.generic import signed_id
from headway_notify.feedback.sns import Fetch, Signatures
from headway_notify.web.bodies import body_of

_MOST_BYTES = 300_000
"""SNS sends 256 KiB at most."""
_LONGEST_ID = 256


class Listening:
    """Answers /feedback/ses and /feedback/generic."""

    def __init__(
        self,
        pool: Callable[[], Pool],
        vault: Callable[[], Vault],
        *,
        sns_topics: frozenset[str],
        secrets: Sequence[str],
        fetch: Fetch = sns.fetch,
    ) -> None:
        self._pool = pool
        self._vault = vault
        self._sns_topics = sns_topics
        self._secrets = secrets
        self._fetch = fetch
        self._signatures = Signatures(fetch)

    async def ses(self, request: Request) -> Response:
        """A message of SNS. 400 for what is none, 403 for a topic or signature that is not ours."""
        body = await body_of(request, _MOST_BYTES)
        try:
            message = sns.parse(body)
            if message["TopicArn"] not in self._sns_topics:
                raise Poison("wrong-topic", "TopicArn", "is not in HEADWAY_NOTIFY_SNS_TOPICS")
            await self._signatures.check(message)
            await self._take(message)
        except Poison as poison:
            event("feedback", f"refused: {poison}", source="ses", reason=poison.reason)
            status = 400 if poison.reason in ("not-json", "not-sns") else 403
            raise HTTPException(status, str(poison)) from None
        return PlainTextResponse("ok")

    async def _take(self, message: sns.SnsMessage) -> None:
        if message["Type"] == "SubscriptionConfirmation":
            await self._fetch(sns.confirmation_url(message))
            event("feedback", "a subscription is confirmed", topic=message["TopicArn"])
        elif message["Type"] == "Notification":
            if not 1 <= len(message["MessageId"]) <= _LONGEST_ID or "\0" in message["MessageId"]:
                raise Poison("not-sns", "MessageId", f"should be 1 to {_LONGEST_ID} characters")
            body = message["Message"].encode()
            await store.keep(self._pool(), self._vault(), "ses", message["MessageId"], body)
        else:
            event("feedback", "a subscription has ended", topic=message["TopicArn"])

    async def generic(self, request: Request) -> Response:
        """Events in Headway's own form, signed as Standard Webhooks says; 403 for others."""
        body = await body_of(request, _MOST_BYTES)
        event_id = signed_id(body, request.headers, self._secrets)
        if event_id is None:
            event("feedback", "refused: not signed with a secret of ours", source="generic")
            raise HTTPException(
                403, "It is not signed with one of HEADWAY_NOTIFY_FEEDBACK_SECRETS."
            )
        await store.keep(self._pool(), self._vault(), "generic", event_id, body)
        return PlainTextResponse("ok", status_code=202)
