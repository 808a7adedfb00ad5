"""Earn, redeem and notify as processes, and a shop's day that moves nearly all of their metrics."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
from standardwebhooks import Webhook

from headway.access.audit import operator
from headway.access.scopes import Scope
from headway.access.store import create
from headway.stream.positions import Pool
from tests.earn.kit import Topics
from tests.earn.service import Place
from tests.notify.account import contact_event
from tests.notify.conftest import MailServer
from tests.notify.desk import FORM, SECRET
from tests.notify.sealing import MASTER_KEY
from tests.redeem.kit import bearer

JOINED = datetime(2025, 1, 1, 12, tzinfo=UTC)
LATER = JOINED + timedelta(days=60)


def free_port() -> int:
    """One that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


class Running:
    """The three services on a place. `ports`: where each serves its pages."""

    def __init__(self, place: Place, pool: Pool, mail: MailServer, folder: Path) -> None:
        self.place = place
        self.pool = pool
        self.mail = mail
        self.folder = folder
        self.ports = {name: free_port() for name in ("earn", "redeem", "notify")}
        self.api, self.desk = free_port(), free_port()
        self._source = Topics()

    def start(self) -> None:
        """All three."""
        own = {
            "earn": {},
            "redeem": {"API_PORT": str(self.api), "REDEEM_HOLD_SECONDS": "0.5"},
            "notify": {
                "NOTIFY_MASTER_KEY": MASTER_KEY,
                "NOTIFY_FEEDBACK_SECRETS": SECRET,
                "NOTIFY_WEB_PORT": str(self.desk),
                "NOTIFY_WEB_BIND": "127.0.0.1",
                "NOTIFY_PUBLIC_URL": f"http://127.0.0.1:{self.desk}",
                "SMTP_PORT": str(self.mail.port),
                "SMTP_FROM": "Stride Shoes <rewards@example.com>",
            },
        }
        for name, settings in own.items():
            shared = {"WEB_PORT": str(self.ports[name]), "WEB_BIND": "127.0.0.1"}
            environment = self.place.environment | {
                f"HEADWAY_{key}": value for key, value in (shared | settings).items()
            }
            with (self.folder / f"{name}.log").open("wb") as log:
                self.place.processes.append(
                    subprocess.Popen(
                        [sys.executable, "-m", f"headway_{name}"],
                        env=os.environ | environment,
                        stderr=log,
                    )
                )

    async def ready(self) -> None:
        """Wait until they are."""
        async with asyncio.timeout(150), httpx.AsyncClient() as asking:
            for name in self.ports:
                while not await self._is_ready(asking, name):
                    await asyncio.sleep(0.2)

    async def _is_ready(self, asking: httpx.AsyncClient, name: str) -> bool:
        try:
            answer = await asking.get(f"http://127.0.0.1:{self.ports[name]}/ready")
        except httpx.TransportError:
            return False
        return answer.status_code == 200

    def lines(self, service: str, event: str) -> list[dict[str, object]]:
        """What a service has logged of a kind."""
        text = (self.folder / f"{service}.log").read_text()
        found = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        return [line for line in found if line.get("event") == event]

    async def live_a_day(self) -> None:
        """Members join, buy, redeem, get mail and unsubscribe; some of it twice, some of it bad."""
        await self._shop()
        await self._checkout()
        await self._mail()

    async def _shop(self) -> None:
        source = self._source
        ann, bob = (source.join(name, JOINED) for name in ("ann", "bob"))
        bought = source.buy("o1", 23_000, "ann", at=JOINED + timedelta(days=1))
        later = source.buy("o2", 500, "bob", at=LATER)
        contacts = [
            ("member-contacts", b"ann", contact_event("ann")),
            ("member-contacts", b"bob", contact_event("bob", email='"odd"@example.com')),
            ("member-contacts", b"ann", b"not a contact"),
        ]
        await self.place.send([
            *contacts, ("members", ann.key, ann.value), ("members", bob.key, bob.value),
            ("members", ann.key, ann.value), ("orders", b"ann", b"not an order"),
            ("orders", bought.key, bought.value), ("orders", later.key, later.value),
        ])  # fmt: skip
        await self.place.until(
            "select count(*) = 1 from accounts where member_id = 'ann' and available = 250",
            within=90,
        )

    async def _checkout(self) -> None:
        async with self.pool.acquire() as connection:
            key = (await create(connection, "tests", Scope, operator())).text
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.api}", headers=bearer(key), timeout=30
        ) as client:
            for name, reward in (("one", "five"), ("one", "five"), ("two", "twenty")):
                await client.post(
                    "/v1/redemptions", json={"member_id": "ann", "reward_id": reward},
                    headers={"Idempotency-Key": name},
                )  # fmt: skip
        await self.place.until("select state = 'timed_out' from redemptions")

    async def _mail(self) -> None:
        await self.place.until("select count(*) > 0 from notify.notifications where state = 'sent'")
        told = await self.place.read_all("balance-changed")
        await self.place.send([("balance-changed", told[0].key, told[0].value)] * 2)
        [link] = {mail.parse()["List-Unsubscribe"].strip("<>") for mail in self.mail.mails()[:1]}
        async with httpx.AsyncClient(timeout=30) as client:
            await client.post(link, content="List-Unsubscribe=One-Click", headers=FORM)
            body, event_id, now = (
                json.dumps({"event_type": "opened"}),
                uuid4().hex,
                datetime.now(UTC),
            )
            await client.post(
                f"http://127.0.0.1:{self.desk}/feedback/generic", content=body,
                headers={
                    "webhook-id": event_id, "webhook-timestamp": str(int(now.timestamp())),
                    "webhook-signature": Webhook(SECRET).sign(event_id, now, body),
                },
            )  # fmt: skip
        await self.place.until("select count(*) > 0 from notify.feedback_events")
        await self.place.until(
            "select count(*) > 0 from notify.notifications where state = 'failed'"
        )
        await self.place.until("select count(*) = 0 from outbox")
        await asyncio.sleep(0.5)

    async def scrape(self, service: str) -> str:
        """What Prometheus gets."""
        async with httpx.AsyncClient(timeout=30) as client:
            answer = await client.get(f"http://127.0.0.1:{self.ports[service]}/metrics")
        assert answer.status_code == 200
        return answer.text
