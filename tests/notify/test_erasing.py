"""A member is erased in the ledger: what notify knew is unreadable everywhere, points stay."""

import json
import subprocess
from pathlib import Path

import pytest

from headway.ledger.verify import verify
from headway.stream.positions import Pool
from headway.stream.topics_admin import create_topics
from tests.notify.account import NOON, contact_event
from tests.notify.conftest import MailServer
from tests.notify.desk import texts
from tests.notify.sealing import MASTER_KEY
from tests.notify.service import Place, until
from tests.notify.test_service import LATER as MUCH_LATER
from tests.notify.test_service import changed
from tests.redeem.kit import JOINED, open_shop

EMAIL, NAME = "ann.exampleperson@example.com", "Ann Exampleperson"
WHY = {"reason": "asked us to", "by": "staff-3"}


async def holding(pool: Pool) -> set[str]:
    """The tables of the whole database that hold address or name in any dress."""
    tables = await pool.fetch(
        "select format('%I.%I', schemaname, tablename) as name from pg_tables"
        " where schemaname in ('public', 'notify')"
    )
    there = (
        "select exists (select from {} as x, unnest($1::text[]) as t(text)"
        " where strpos(x::text, t.text) > 0 or strpos(to_jsonb(x)::text, t.text) > 0)"
    )
    dressed = texts([EMAIL, NAME])
    return {t["name"] for t in tables if await pool.fetchval(there.format(t["name"]), dressed)}


async def test_erasing_leaves_no_contact_and_every_total(
    kafka: str, topics: str, database: str, pool: Pool, mail_server: MailServer, tmp_path: Path
) -> None:
    await create_topics(kafka, topics)
    place = Place(kafka, topics, database, mail_server, tmp_path)
    try:
        await _erasing(place, pool)
    finally:
        place.end()
    logs = (tmp_path / "notify-0.log").read_text()
    assert "notify has stopped" in logs
    assert not any(text in logs for text in (EMAIL, NAME))


async def _erasing(place: Place, pool: Pool) -> None:
    process = place.start()
    await place.publish([("member-contacts", "ann", contact_event("ann", email=EMAIL, name=NAME))])
    await place.publish([changed("ann", 1, NOON), changed("clock", 1, MUCH_LATER)])
    await until(
        lambda: _one(pool, "select count(*) = 1 from notify.notifications where state = 'sent'")
    )
    assert [mail.recipients[0] for mail in place.mail.mails()] == [EMAIL]
    await place.publish([changed("ann", 2, MUCH_LATER)])
    await until(
        lambda: _one(pool, "select version = 2 from notify.balances where member_id = 'ann'")
    )
    sealed, wrapped = await _row(pool, "select c.sealed, k.wrapped from notify.contacts c"
                                       " join notify.member_keys k using (member_id)")  # fmt: skip
    assert await holding(pool) == set()

    async with open_shop(place.database) as shop:
        await shop.tell("member.joined", "ann", JOINED)
        await shop.buys("ann", "o-1", 120)
        await shop.step(await shop.reserved("ann", "five"), "confirm")
        before = await _totals(pool)
        assert (await shop.post("/v1/members/ann/erase", WHY)).status_code == 200
        tombstones = await pool.fetch(
            "select key from outbox where topic like '%member-contacts' and value is null"
        )
    assert [row["key"] for row in tombstones] == [b"ann"]
    await place.publish([("member-contacts", "ann", None)])
    await until(lambda: _one(pool, "select count(*) = 0 from notify.contacts"))
    assert place.stop(process) == 0

    for column in (sealed, wrapped):
        assert not await _anywhere(pool, column.hex()), "neither the key nor what it opened"
    assert await holding(pool) == set()
    states = await pool.fetch(
        "select state, reply = 'forgotten' from notify.notifications"
        " where member_id = 'ann' order by id"
    )
    assert [tuple(row) for row in states] == [("sent", False), ("skipped", True)]
    assert await _totals(pool) == before
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        assert (await verify(connection)).ok


async def _one(pool: Pool, question: str) -> bool:
    return bool(await pool.fetchval(question))


async def _row(pool: Pool, question: str) -> tuple[bytes, bytes]:
    row = await pool.fetchrow(question)
    assert row is not None
    return row[0], row[1]


async def _anywhere(pool: Pool, text: str) -> bool:
    tables = await pool.fetch("select tablename from pg_tables where schemaname = 'notify'")
    there = "select exists (select from notify.{} as x where strpos(x::text, $1) > 0)"
    return any([await pool.fetchval(there.format(t["tablename"]), text) for t in tables])


async def _totals(pool: Pool) -> list[object]:
    """Points and balances, as finance adds them up."""
    return [
        *await pool.fetch(
            "select kind, sum(points), count(*) from points_events group by 1 order by 1"
        ),
        *await pool.fetch("select sum(pending), sum(available), sum(owed) from accounts"),
    ]


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("", "HEADWAY_NOTIFY_MASTER_KEY is not set"),
        ("c2hvcnQ=", "key 1 in HEADWAY_NOTIFY_MASTER_KEY is not 32 bytes"),
    ],
)
async def test_without_a_key_notify_does_not_start_and_says_how(
    kafka: str, topics: str, database: str, pool: Pool, mail_server: MailServer, tmp_path: Path,
    key: str, said: str,
) -> None:  # fmt: skip
    place = Place(kafka, topics, database, mail_server, tmp_path)
    process = place.start(NOTIFY_MASTER_KEY=key)
    try:
        assert process.wait(60) == 1
    except subprocess.TimeoutExpired:
        place.end()
        raise
    lines = (tmp_path / "notify-0.log").read_text().splitlines()
    told = [json.loads(line)["message"] for line in lines if line.startswith("{")]
    assert any(said in line and "headway notify key" in line for line in told), told
    assert MASTER_KEY not in "".join(lines)
