"""The status of a real installation: in the terminal, as JSON, as events, and one letter mended."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from tests.status.kit import Installation, basic, installed, reading

OWED = "select available + pending = 35 from accounts where member_id = 'ann'"
"""Five points for joining, and thirty for the order that was refused at first."""


async def headway_status(*options: str, **environment: str) -> tuple[int | None, str]:
    """How `headway status` ends, and what it prints."""
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("headway"), "status", *options,
        env=os.environ | environment, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    said, complaints = await asyncio.wait_for(process.communicate(), 60)
    assert not complaints, complaints.decode()
    return process.returncode, said.decode()


async def changes(client: httpx.AsyncClient) -> AsyncIterator[dict[str, str]]:
    """The parts of the page as the server sends them."""
    async with client.stream("GET", "/events", timeout=30) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        async for line in stream.aiter_lines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))["parts"]


async def mend(here: Installation, client: httpx.AsyncClient) -> httpx.Response:
    """Send the dead letter again with a whole number for its amount."""
    page = (await client.get("/dead-letters/1")).text
    token = page.partition('name="token" value="')[2].partition('"')[0]
    letter = (await client.get("/api/dead-letters/1")).json()
    body = letter["value"].replace('"70.00"', "7000")
    form = {"do": "replay", "token": token, "body": body}
    return await client.post("/dead-letters/1", data=form, headers={"Origin": here.address})


async def test_what_is_wrong_is_told_everywhere_alike_until_it_is_mended(
    kafka: str, topics: str, database: str, tmp_path: Path
) -> None:
    async with installed(kafka, topics, database, tmp_path) as here:
        told = here.place.environment | {"COLUMNS": "160"}
        client = httpx.AsyncClient(base_url=here.address, headers=basic(here.key), timeout=30)
        async with client:
            code, said = await headway_status(**told)
            assert code == 1, said
            assert "2 things need a person" in said
            assert f"{topics}notify has no members: nobody reads for it, and 3 records wait" in said
            assert f"1 dead letter waits: invalid-data from {topics}orders" in said
            assert "docs/operating.md#no-members" in said
            assert "Test, version 1" in said

            served = (await client.get("/api/status")).json()
            groups = {one["group"]: one for one in served["snapshot"]["groups"]}
            assert groups[topics + "earn"]["state"] == "OK"
            assert groups[topics + "earn"]["members"] >= 1
            assert (groups[topics + "notify"]["members"], groups[topics + "notify"]["lag"]) == (
                0,
                3,
            )

            heard = changes(client)
            assert "invalid-data" in (await anext(heard))["letters"]
            answer = await mend(here, client)
            assert (answer.status_code, answer.headers["location"]) == (303, "/dead-letters/1")
            async with asyncio.timeout(30):
                while "None waits" not in (await anext(heard)).get("letters", ""):
                    pass
            await heard.aclose()  # type: ignore[attr-defined]
            await here.place.until(OWED)
            await here.place.until("select count(*) = 1 from dead_letters")
            acts = await here.place.fetch(
                "select actor, act, target from audit_log where act ~ 'dlq'"
            )
            assert acts == [(here.key.split("_")[1], "dlq.mend", "dead-letter:1")]
            # Somebody else had the page open, too: their form is too late.
            assert (await mend(here, client)).status_code == 409

            series = (await client.get("/metrics")).text
            assert f'kafka_consumergroup_members{{consumergroup="{topics}notify"}} 0.0' in series
            assert "headway_dead_letters_waiting 0.0" in series
            assert (await client.get("/ready")).json()["ready"]

        async with reading(kafka, topics + "notify", topics + "balance-changed"):
            code, text = await headway_status("--json", **told)
        assert code == 0, text
        found = json.loads(text)
        assert found["judgement"]["sentence"] == "All is well"
        assert (found.keys(), found["snapshot"].keys()) == (
            served.keys(), served["snapshot"].keys(),
        )  # fmt: skip

        # Services of another name: nobody has started them, and nothing is wrong with these.
        told["HEADWAY_GROUP_PREFIX"] = topics + "other-"
        code, said = await headway_status(**told)
        assert code == 1, said
        assert f"There is no group {topics}other-earn: nobody has ever read for it" in said
        assert f"There is no group {topics}other-notify: nobody has ever read for it" in said


async def test_what_cannot_be_looked_at_is_told_with_the_setting_to_check() -> None:
    nowhere = {"HEADWAY_KAFKA_BOOTSTRAP": "127.0.0.1:1",
               "HEADWAY_POSTGRES_DSN": "postgresql://127.0.0.1:1/nowhere"}  # fmt: skip
    code, said = await headway_status(**nowhere, COLUMNS="160")
    assert code == 2
    assert "Kafka and the database cannot be seen" in said
    assert "HEADWAY_KAFKA_BOOTSTRAP" in said
    assert "HEADWAY_POSTGRES_DSN" in said
