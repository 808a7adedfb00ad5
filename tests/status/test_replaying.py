"""Replaying on the page: what nobody changed goes as it came; what Headway wrote stays as it is."""

from pathlib import Path

from headway.access.audit import entries
from headway.access.scopes import Scope
from headway.stream.dead_letters.replaying import target
from tests.status.kit import basic, key
from tests.status.pages import HERE, served
from tests.stream.kit import make_topics, read_all
from tests.stream.letters import letter, record, write

GOLDEN = Path(__file__).parents[1] / "contracts" / "golden" / "balance.changed.v1.json"


async def test_what_headway_wrote_is_replayed_to_the_byte_and_not_edited(
    kafka: str, topics: str, database: str
) -> None:
    topic, value = f"{topics}balance-changed", GOLDEN.read_bytes()
    await make_topics(kafka, topic, partitions=1)
    headers = basic(await key(database, Scope.ADMIN_WRITE)) | {"Origin": HERE}
    async with served(database, kafka=kafka, prefix=topics) as pages:
        async with pages.pool.acquire() as connection:
            [kept] = await write(connection, letter(record(topic, value=value, key=b"m-10481")))
        address = f"/dead-letters/{kept.id}"
        shown = (await pages.client.get(address, headers=headers)).text
        assert " readonly " in shown
        token = shown.partition('name="token" value="')[2].partition('"')[0]
        typed = value.decode().rstrip("\n").replace("\n", "\r\n")
        form = {"do": "replay", "token": token, "body": typed}
        edited = form | {"body": typed.replace('"version": 3', '"version": 4')}
        assert edited != form
        refused = await pages.client.post(address, data=edited, headers=headers)
        assert (refused.status_code, "Headway itself writes" in refused.text) == (409, True)
        assert await read_all(kafka, topic) == []
        sent = await pages.client.post(address, data=form, headers=headers)
        assert sent.status_code == 303, sent.text
        [arrived] = await read_all(kafka, topic)
        assert (arrived.key, arrived.value) == (b"m-10481", value)
        async with pages.pool.acquire() as connection:
            [act] = await entries(connection, limit=9, target=target(kept.id))
        assert act.act == "dlq.replay"
