"""Notify's web application and feedback loop on a test's database, in the test's own process."""

import base64
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import httpx
from standardwebhooks import Webhook
from starlette.types import ASGIApp

from headway.contracts.contact import ContactUpdated
from headway.program.messages import Kind
from headway.runtime.health import Health
from headway.sealing.vault import Vault
from headway.stream.positions import Pool
from headway_notify import store
from headway_notify.contacts.writing import write_contacts
from headway_notify.feedback.processing import FeedbackLoop, SoftBounces
from headway_notify.feedback.sns import Fetch
from headway_notify.links import links_of
from headway_notify.store import Claimed
from headway_notify.web.application import build
from headway_notify.web.choices import Choices
from headway_notify.web.listening import Listening
from headway_notify.web.unsubscribing import Unsubscribing
from tests.notify.account import change
from tests.notify.sealing import vault_in

DAY = date(2026, 3, 3)
HERE = "http://rewards.test"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:mail"
SECRET = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
FORM = {"content-type": "application/x-www-form-urlencoded"}


async def no_fetch(url: str) -> bytes:
    raise AssertionError(f"{url} should not be asked")


@dataclass
class Desk:
    """What tests do to it, and what they look at."""

    pool: Pool
    vault: Vault
    app: ASGIApp
    client: httpx.AsyncClient
    loop: FeedbackLoop

    @classmethod
    async def open(cls, pool: Pool, fetch: Fetch = no_fetch, soft: int = 3) -> "Desk":
        """One whose SNS answers are `fetch`'s, and where so many soft bounces in 30 days count."""
        vault = await vault_in(pool)
        listening = Listening(
            lambda: pool, lambda: vault, sns_topics=frozenset({TOPIC}), secrets=[SECRET],
            fetch=fetch,
        )  # fmt: skip
        pages = Unsubscribing(Choices(lambda: pool, lambda: vault), "Stride Shoes")
        app = build(pages, listening)
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HERE)
        bounces = SoftBounces(soft, timedelta(days=30))
        return cls(
            pool, vault, app, client, FeedbackLoop(lambda: pool, lambda: vault, bounces, Health())
        )

    async def contact(self, member_id: str = "m1", **told: object) -> None:
        """The CRM tells of a member."""
        data = {"email": f"{member_id}@example.com", "name": "Maria", **told}
        contact = ContactUpdated.model_validate({"member_id": member_id, **data})
        async with self.pool.acquire() as connection, connection.transaction():
            await write_contacts(connection, self.vault, [contact], [])

    async def forget(self, *member_ids: str) -> None:
        """The tombstone of members."""
        async with self.pool.acquire() as connection, connection.transaction():
            await write_contacts(connection, self.vault, [], member_ids)

    async def decided(
        self, member_id: str = "m1", kind: Kind = "progress", state: str = "decided",
        cause: str = "", provider_id: str = "",
    ) -> int:  # fmt: skip
        """A notification that waits for a sender, or was sent."""
        facts = change(member_id)[1].decode()
        number = await self.pool.fetchval(
            "insert into notify.notifications (member_id, kind, cause, business_day, ends_at,"
            " state, decided_at, epoch, version, facts, next_attempt_at, ended_at, provider_id)"
            " values ($1, $2, $3, $4, now(), $5, now(), 1, 1, $6,"
            " case when $5 = 'decided' then now() end, case when $5 = 'sent' then now() end, $7)"
            " returning id",
            member_id, kind, cause or uuid4().hex, DAY, state, facts, provider_id,
        )  # fmt: skip
        return int(number)

    async def claim(self) -> list[Claimed]:
        """What a sender gets."""
        return await store.claim(self.pool, uuid4(), lease=60, send_before=0, most=100)

    async def link(self, member_id: str = "m1", kind: Kind = "progress") -> str:
        """The link in a message that was sent to a member."""
        number = await self.decided(member_id, kind, "sent")
        wrapped = await self.pool.fetchval(
            "select wrapped from notify.member_keys where member_id = $1", member_id
        )
        return links_of(self.vault, HERE, number, member_id, wrapped).one_click

    async def state(self, number: int) -> tuple[str, str]:
        """State and reply of a notification."""
        row = await self.pool.fetchrow(
            "select state, reply from notify.notifications where id = $1", number
        )
        assert row is not None
        return row["state"], row["reply"]

    async def unwanted(self, member_id: str = "m1") -> dict[str, str]:
        """Topics a member does not want, with how they said it."""
        rows = await self.pool.fetch(
            "select topic, how from notify.preferences where member_id = $1 and not wanted",
            member_id,
        )
        return {row["topic"]: row["how"] for row in rows}

    async def suppressed(self, email: str = "m1@example.com") -> set[str]:
        """Why an address is suppressed."""
        rows = await self.pool.fetch(
            "select reason from notify.suppressions where address_digest = $1",
            self.vault.digest(email),
        )
        return {row["reason"] for row in rows}

    async def events(self) -> list[tuple[str, str, int | None]]:
        """What feedback meant: type, reason, notification."""
        rows = await self.pool.fetch(
            "select event_type, reject_reason, notification_id from notify.feedback_events"
            " order by feedback_id, position"
        )
        return [(row[0], row[1], row[2]) for row in rows]

    async def tell(
        self, *events: object, event_id: str = "", secret: str = SECRET
    ) -> httpx.Response:
        """Signed feedback in Headway's own form; one event or several."""
        body = json.dumps(events[0] if len(events) == 1 else events)
        return await self.tell_raw(body, event_id, secret)

    async def tell_raw(self, body: str, event_id: str = "", secret: str = SECRET) -> httpx.Response:
        """Whatever, signed."""
        event_id, now = event_id or uuid4().hex, datetime.now(UTC)
        headers = {
            "webhook-id": event_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign(event_id, now, body),
        }
        return await self.client.post("/feedback/generic", content=body, headers=headers)

    async def work_through(self) -> None:
        """The loop has done all there is."""
        while await self.loop.run_once():
            pass


def bounced(email: str = "m1@example.com", **more: object) -> dict[str, object]:
    """A hard bounce in Headway's own form."""
    return {"event_type": "bounced", "reject_reason": "bounced", "recipient": email, **more}


def texts(values: Sequence[str]) -> list[str]:
    """Each text in every dress in which a table could hold it."""
    # Of base64 what stands there whatever stands beside it; of too short a text that is nothing.
    assert all(len(value) >= 12 for value in values)
    plain = [value.encode() for value in values]
    return [
        *values,
        *(json.dumps(value)[1:-1] for value in values),
        *(value.hex() for value in plain),
        *(
            base64.b64encode(b"-" * pad + value).decode()[4:-4]
            for value in plain
            for pad in range(3)
        ),
    ]
