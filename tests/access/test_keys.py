"""API keys and the audit log as they are kept, and `headway keys` and `headway audit`."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import asyncpg
import pytest
from click.testing import CliRunner

from headway.access import audit, keys, store
from headway.access.audit import Actor
from headway.access.scopes import Scope
from headway.cli.keys import command
from headway.errors import UserError
from tests.cli.running import headway

WHO = Actor("operator", "someone")
DAY = timedelta(days=1)
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    opened = await asyncpg.connect(database)
    yield opened
    await opened.close()


async def test_the_secret_is_kept_nowhere(connection: Connection) -> None:
    issued = await store.create(connection, "till", [Scope.MEMBERS_READ], WHO)
    assert len(issued.text) == 3 + 12 + 1 + 43
    row = await connection.fetchrow("select k::text, digest from api_keys k")
    assert row is not None
    assert issued.text[16:] not in row["k"]
    assert row["digest"] == keys.digest_of(issued.text)
    log = await connection.fetchval("select json_agg(l)::text from audit_log l")
    assert issued.text[16:] not in log
    assert issued.text.startswith(issued.key.shown)


async def test_a_key_opens_while_it_lives(connection: Connection) -> None:
    issued = await store.create(connection, "till", Scope, WHO, lasts=DAY)
    now = datetime.now(UTC)
    assert issued.key.opens(issued.text, now)
    assert not issued.key.opens(issued.text, now + DAY)
    assert not issued.key.opens(issued.text[:-1] + "~", now)
    rotated = await store.rotate(connection, issued.key.key_id, WHO, grace=timedelta(hours=1))
    assert rotated.text != issued.text
    assert rotated.key.opens(rotated.text, now)
    assert rotated.key.opens(issued.text, now)
    assert not rotated.key.opens(issued.text, now + timedelta(hours=2))
    again = await store.rotate(connection, issued.key.key_id, WHO, grace=timedelta(hours=1))
    assert not again.key.opens(issued.text, now), "only the latest two go on"
    assert again.key.opens(rotated.text, now)
    await store.revoke(connection, issued.key.key_id, WHO)
    (kept,) = await store.all_keys(connection)
    assert not kept.opens(again.text, now)
    assert await store.live_keys(connection) == []
    for refused in (store.revoke(connection, kept.key_id, WHO),
                    store.rotate(connection, kept.key_id, WHO, grace=DAY)):  # fmt: skip
        with pytest.raises(UserError, match="was revoked"):
            await refused
    assert [entry.act for entry in await audit.entries(connection, limit=9)] == [
        "key.revoke", "key.rotate", "key.rotate", "key.create",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_log set actor = 'nobody'",
        "delete from audit_log",
        "truncate audit_log",
        "delete from api_keys",
        "truncate api_keys",
        "update api_keys set scopes = '{admin:write}'",
        "update api_keys set name = 'other'",
        "update api_keys set expires_at = null",
        "update api_keys set revoked_at = null where revoked_at is not null",
        "update api_keys set digest = sha256('mine') where revoked_at is not null",
    ],
)
async def test_the_database_refuses_to_rewrite(connection: Connection, statement: str) -> None:
    first = await store.create(connection, "till", [Scope.MEMBERS_READ], WHO, lasts=DAY)
    await store.create(connection, "app", [Scope.MEMBERS_READ], WHO, lasts=DAY)
    await store.revoke(connection, first.key.key_id, WHO)
    with pytest.raises(asyncpg.PostgresError) as refused:
        await connection.execute(statement)
    assert refused.value.sqlstate == "HW001"


async def test_an_act_and_its_entry_stand_or_fall_together(connection: Connection) -> None:
    key = (await store.create(connection, "till", [Scope.MEMBERS_READ], WHO)).key

    async def act() -> None:
        async with connection.transaction():
            await audit.record(
                connection, Actor("key", key.key_id), "member.adjust", "m-1",
                request_id="r-1", outcome="refused", points=5,
            )  # fmt: skip
            raise LookupError

    with pytest.raises(LookupError):
        await act()
    assert await audit.entries(connection, limit=9, target="m-1") == []
    with pytest.raises(asyncpg.CheckViolationError, match="audit_log_act_form"):
        await audit.record(connection, WHO, "Something else", "m-1")


@pytest.mark.parametrize("name", ["", "x" * 101, "two\nlines"])
async def test_a_name_that_says_nothing_is_refused(connection: Connection, name: str) -> None:
    with pytest.raises(UserError, match="name"):
        await store.create(connection, name, [Scope.MEMBERS_READ], WHO)
    with pytest.raises(UserError, match="scope"):
        await store.create(connection, "till", [], WHO)


async def test_a_scope_of_a_newer_release_is_good_for_nothing(connection: Connection) -> None:
    await connection.execute(
        "insert into api_keys (key_id, name, scopes, digest)"
        " values ('0123456789ab', 'x', '{members:read,moon:fly}', sha256('x'))"
    )
    (key,) = await store.live_keys(connection)
    assert key.scopes == {Scope.MEMBERS_READ}


def test_keys_from_the_command_line(database: str) -> None:
    def headway_keys(*arguments: str) -> str:
        done = CliRunner().invoke(command, arguments, env={"HEADWAY_POSTGRES_DSN": database})
        assert done.exit_code == 0, done.output
        return done.output

    assert headway_keys("list") == "No keys.\n"
    said = headway_keys("create", "shop checkout", "--scope", "redemptions:write",
                        "--scope", "members:read", "--days", "90")  # fmt: skip
    text = said.splitlines()[0]
    shown = text[:15]
    assert keys.id_in(text) == shown[3:]
    assert "this once" in said
    (listed,) = json.loads(headway_keys("list", "--json"))
    assert (listed["key"], listed["scopes"]) == (shown, ["members:read", "redemptions:write"])
    rotated = json.loads(headway_keys("rotate", shown, "--grace-hours", "1", "--json"))
    assert rotated["key"] == shown
    assert keys.id_in(rotated["secret"]) == shown[3:]
    assert "revoked" in headway_keys("revoke", shown)
    assert headway_keys("list") == "No keys.\n"
    everything = headway_keys("list", "--all")
    assert "revoked" in everything
    for secret in (text, rotated["secret"]):
        assert secret[16:] not in everything
    assert "was revoked" in headway("keys", "revoke", shown, code=2, postgres_dsn=database)
    log = json.loads(headway("audit", "--json", "--target", shown[3:], postgres_dsn=database))
    assert [entry["act"] for entry in log] == ["key.revoke", "key.rotate", "key.create"]
    assert {entry["actor"]["kind"] for entry in log} == {"operator"}
