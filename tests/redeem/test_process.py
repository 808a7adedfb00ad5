"""Redeem as a process of its own, over real sockets, on a real Kafka and a real PostgreSQL."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
import orjson
import pytest
from aiokafka import AIOKafkaConsumer

from headway.runtime.health import Health
from headway.runtime.web import WebServer
from headway.stream.topics_admin import create_topics
from headway_redeem.app import services
from headway_redeem.settings import RedeemSettings
from tests.redeem.kit import Json, bearer, key_in, open_shop

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


class Process:
    """One redeem process. `client` speaks to its API, `pages` is where it tells of itself."""

    def __init__(self, environment: dict[str, str], key: str) -> None:
        api, web = free_port(), free_port()
        self.pages = f"http://127.0.0.1:{web}"
        self.client = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{api}", timeout=30, headers=bearer(key)
        )
        self._said: str | None = None
        self._popen = subprocess.Popen(
            [sys.executable, "-m", "headway_redeem"],
            cwd=ROOT,
            env=os.environ
            | environment
            | {"HEADWAY_API_PORT": str(api), "HEADWAY_WEB_PORT": str(web)},
            stderr=subprocess.PIPE,
        )

    async def ready(self) -> None:
        async with asyncio.timeout(60), httpx.AsyncClient() as asking:
            while True:
                assert self._popen.poll() is None, "it ended on its own"
                try:
                    if (await asking.get(f"{self.pages}/ready")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.1)

    def signal(self, number: signal.Signals) -> None:
        self._popen.send_signal(number)

    async def ended(self) -> int:
        return await asyncio.to_thread(self._popen.wait, 30)

    async def close(self) -> str:
        """End it at once, if it has not ended; what it said."""
        await self.client.aclose()
        if self._popen.poll() is None:
            self._popen.kill()
        if self._said is None:
            self._said = self._popen.communicate()[1].decode()
        return self._said


@contextlib.asynccontextmanager
async def running(environment: dict[str, str], key: str) -> AsyncIterator[Process]:
    process = Process(environment, key)
    try:
        await process.ready()
        yield process
    except Exception as error:
        error.add_note(await process.close())
        raise
    finally:
        await process.close()


@pytest.fixture
async def key(database: str) -> str:
    """An API key of the database's, that may do everything."""
    async with asyncpg.create_pool(database, min_size=1) as pool:
        return await key_in(pool)


@pytest.fixture
async def environment(kafka: str, topics: str, database: str) -> dict[str, str]:
    """Settings of a redeem process with a member, ann, who has 250 points."""
    await create_topics(kafka, topics, 1)
    async with open_shop(database, topics) as shop:
        await shop.member_with(250, joined=datetime.now(UTC) - timedelta(days=60))
    return {
        "HEADWAY_KAFKA_BOOTSTRAP": kafka,
        "HEADWAY_POSTGRES_DSN": database,
        "HEADWAY_TOPIC_PREFIX": topics,
        "HEADWAY_WEB_BIND": "127.0.0.1",
    }


async def reserved(client: httpx.AsyncClient, reward: str, key: str) -> httpx.Response:
    """As a client does: the same key again while the service is busy."""
    body = {"member_id": "ann", "reward_id": reward}
    headers = {"Idempotency-Key": key}
    while True:
        answer = await client.post("/v1/redemptions", json=body, headers=headers)
        if answer.status_code != 503:
            return answer
        await asyncio.sleep(0.2)


async def published(kafka: str, topic: str, wanted: int) -> list[Json]:
    """The data of the first balances published."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(30):
            return [orjson.loads((await consumer.getone()).value)["data"] for _ in range(wanted)]
    finally:
        await consumer.stop()


async def test_from_the_request_to_the_topic(
    environment: dict[str, str], key: str, kafka: str, topics: str
) -> None:
    async with running(environment | {"HEADWAY_REDEEM_HOLD_SECONDS": "0.2"}, key) as redeem:
        response = await reserved(redeem.client, "ten", "over-a-socket")
        assert response.status_code == 201, response.text
        told = await published(kafka, f"{topics}balance-changed", 4)
        assert [one["version"] for one in told] == [1, 2, 3, 4]
        assert (told[2]["cause"]["id"], told[2]["reserved"]) == ("over-a-socket", 200)
        assert (told[3]["cause"]["kind"], told[3]["available"]) == ("timeout", 250)
        member = (await redeem.client.get("/v1/members/ann")).json()
        assert (member["version"], member["balances"]["available"]) == (4, 250)
        async with httpx.AsyncClient(base_url=redeem.pages) as pages:
            assert (await pages.get("/live")).status_code == 200
            metrics = (await pages.get("/metrics")).text
        counted = 'headway_redeem_commands_total{kind="redemption.reserve",outcome="applied"} 1.0'
        assert counted in metrics
        assert "headway_redeem_timed_out_total 1.0" in metrics

        redeem.signal(signal.SIGTERM)
        assert await redeem.ended() == 0


async def test_killed_before_its_answer_it_answers_the_retry(
    environment: dict[str, str], key: str, tmp_path: Path
) -> None:
    body = {"member_id": "ann", "reward_id": "ten"}
    headers = {"Idempotency-Key": "cut-off"}
    armed = {
        "HEADWAY_FAIL_POINTS": "redeem.before_answer",
        "HEADWAY_FAIL_POINTS_DIR": str(tmp_path),
    }
    async with running(environment | armed, key) as redeem:
        with pytest.raises(httpx.TransportError):
            await redeem.client.post("/v1/redemptions", json=body, headers=headers)
        assert await redeem.ended() == -signal.SIGKILL
    assert (tmp_path / "redeem.before_answer").exists()

    async with running(environment, key) as redeem:
        retried = await reserved(redeem.client, "ten", "cut-off")
        assert retried.status_code == 201
        assert retried.headers["Idempotency-Replayed"] == "true"
        balances = (await redeem.client.get("/v1/members/ann")).json()["balances"]
        assert balances == {"pending": 0, "available": 50, "reserved": 200, "owed": 0}
        confirm = f"/v1/redemptions/{retried.json()['redemption_id']}/confirm"
        done = await redeem.client.post(confirm, headers={"Idempotency-Key": "then"})
        assert done.json()["state"] == "confirmed"


async def test_two_processes_never_spend_the_same_points(
    environment: dict[str, str], key: str
) -> None:
    async with running(environment, key) as one, running(environment, key) as other:
        asked = [
            reserved(process.client, "five", f"k-{number}")
            for number in range(10)
            for process in (one, other)
        ]
        answers = await asyncio.gather(*asked)
        assert sorted(answer.status_code for answer in answers) == [201] * 4 + [409] * 16
        balances = (await one.client.get("/v1/members/ann")).json()["balances"]
        assert balances == {"pending": 0, "available": 50, "reserved": 200, "owed": 0}


async def test_while_kafka_is_away_redemptions_go_on(environment: dict[str, str], key: str) -> None:
    settings = RedeemSettings(
        postgres_dsn=environment["HEADWAY_POSTGRES_DSN"],
        kafka_bootstrap=f"127.0.0.1:{free_port()}",
        api_port=0,
    )
    health = Health()
    parts = services(settings, health)
    web = parts[-1]
    assert isinstance(web, WebServer)
    async with contextlib.AsyncExitStack() as stack:
        for part in parts:
            await part.start()
            stack.push_async_callback(part.stop)
        address = f"http://127.0.0.1:{web.port}"
        async with httpx.AsyncClient(base_url=address, timeout=30, headers=bearer(key)) as client:
            answer = await reserved(client, "five", "no-kafka")
        assert answer.status_code == 201
        assert health.not_ready() == {}
        async with asyncpg.create_pool(settings.postgres_dsn, min_size=1) as pool:
            waiting = await pool.fetch("select topic, value from outbox order by id")
        told = [orjson.loads(row["value"]) for row in waiting]
        balances = [one["data"] for one in told if one["type"] == "balance.changed.v1"]
        # Nothing is lost of what ann did before, nor of what she does now.
        assert [one["version"] for one in balances] == [1, 2, 3]
        assert (balances[-1]["cause"]["id"], balances[-1]["reserved"]) == ("no-kafka", 100)
