"""headway migrate, member, verify and replay on a ledger with something of everything."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import asyncpg
import pytest

from headway.cli.output import connected
from headway.local import Endpoints
from headway.operations.verifications import Verification, read_verifications
from headway.stream.dead_letter import RELEASE
from tests.cli.running import headway
from tests.conftest import in_database, run_apart
from tests.ledger.tampering import execute, tamper


@pytest.fixture
def empty_database(endpoints: Endpoints, database: str) -> Iterator[str]:
    """A database without a single table."""
    name = database.rpartition("/")[2] + "_empty"
    run_apart(execute(endpoints.postgres_dsn, f"create database {name}"))
    yield in_database(endpoints.postgres_dsn, name)
    run_apart(execute(endpoints.postgres_dsn, f"drop database {name} with (force)"))


def test_migrate_and_what_comes_before_it(empty_database: str) -> None:
    said = headway("verify", code=2, postgres_dsn=empty_database)
    assert "run `headway migrate` first" in said
    assert "applied 0001_ledger.sql\n" in headway("migrate", postgres_dsn=empty_database)
    assert headway("migrate", postgres_dsn=empty_database).startswith("nothing to do")
    assert json.loads(headway("migrate", "--json", postgres_dsn=empty_database)) == {"applied": []}
    assert headway("verify", postgres_dsn=empty_database).endswith("verify ok\n")


def test_member_is_told_so_that_support_can_read_it_out(busy_database: str) -> None:
    said = headway("member", "bob", postgres_dsn=busy_database)
    for words in (
        "Member bob", "15 pending", "can get now: nothing yet", "more points to $5 off",
        "saved so far: nothing", "tier Club", "times in America/New_York",
        "Points by what they were earned for", "order:bob-2 line 1",
        "Referred by ann (referral r1)", "friend: 25 points to the friend",
    ):  # fmt: skip
        assert words in said
    assert "waiting since" in headway("member", "zoe", postgres_dsn=busy_database)
    assert "100 points held for $5 off until" in headway(
        "member", "ann", postgres_dsn=busy_database
    )
    machine = json.loads(headway("member", "ann", "--json", postgres_dsn=busy_database))
    assert machine["balances"] == machine["story"][-1]["after"]
    assert machine["saved"] == {"USD": 500}
    assert "knows no member 'x'" in headway("member", "x", code=2, postgres_dsn=busy_database)


def test_a_held_account_is_shown_loudly(busy_database: str) -> None:
    run_apart(
        tamper(busy_database, "update accounts set held = 'KeyError: 7' where member_id = 'bob'")
    )
    said = headway("member", "bob", postgres_dsn=busy_database)
    assert "HELD" in said
    assert "KeyError: 7" in said
    assert "is held, jobs leave it alone: KeyError: 7" in headway(
        "verify", postgres_dsn=busy_database
    )


def test_held_accounts_are_listed_and_let_go_with_a_trace(busy_database: str) -> None:
    assert "No account is held." in headway("held", "list", postgres_dsn=busy_database)
    run_apart(
        tamper(busy_database, "update accounts set held = 'KeyError: 7' where member_id = 'bob'")
    )
    (held,) = json.loads(headway("held", "list", "--json", postgres_dsn=busy_database))
    assert (held["member_id"], held["held"]) == ("bob", "KeyError: 7")
    number = str(held["account_id"])
    assert "KeyError: 7" in headway("held", "list", postgres_dsn=busy_database)
    said = headway("held", "let-go", number, "999999", code=2, postgres_dsn=busy_database)
    assert "account 999999 is not held" in said
    assert headway("held", "let-go", number, postgres_dsn=busy_database) == f"let go: {number}\n"
    assert "No account is held." in headway("held", "list", postgres_dsn=busy_database)
    assert "account.let-go" in headway("audit", postgres_dsn=busy_database)
    headway("held", "let-go", number, code=2, postgres_dsn=busy_database)


def test_what_looks_like_markup_in_an_error_is_shown_as_it_is(busy_database: str) -> None:
    run_apart(
        tamper(
            busy_database,
            "update accounts set held = 'KeyError: [/orders] [red]7' where member_id = 'bob'",
        )
    )
    assert "KeyError: [/orders] [red]7" in headway("held", "list", postgres_dsn=busy_database)


def test_verify_says_what_it_checked_and_what_is_broken(busy_database: str) -> None:
    said = headway("verify", postgres_dsn=busy_database)
    assert said.endswith("verify ok\n")
    assert "points: issued " in said
    run_apart(
        tamper(busy_database, "update accounts set pending = pending + 1 where member_id = 'bob'")
    )
    said = headway("verify", code=1, postgres_dsn=busy_database)
    assert "balances" in said
    assert "    member bob: pending 16," in said
    assert said.endswith("verify: BROKEN, see above\n")
    machine = json.loads(headway("verify", "--json", code=1, postgres_dsn=busy_database))
    wrong = {check["name"]: check["first"] for check in machine["checks"] if not check["ok"]}
    assert set(wrong) == {"balances", "totals"}
    assert wrong["balances"][0]["member_id"] == "bob"


def test_verify_leaves_a_note_of_what_it_found(busy_database: str) -> None:
    headway("verify", "--no-record", postgres_dsn=busy_database)
    assert notes(busy_database) == []
    headway("verify", postgres_dsn=busy_database)
    run_apart(
        tamper(busy_database, "update accounts set pending = pending + 1 where member_id = 'bob'")
    )
    headway("verify", code=1, postgres_dsn=busy_database)
    broken, well = notes(busy_database)
    assert (well.ok, well.findings, well.scope, well.release) == (True, {}, "ledger", RELEASE)
    assert (broken.ok, broken.findings) == (False, {"balances": 1, "totals": 1})
    assert 0 < (datetime.now(UTC) - well.began_at).total_seconds() < 600
    assert well.took_s > 0
    reader = f"{busy_database}?default_transaction_read_only=on"
    said = headway("verify", code=1, postgres_dsn=reader)
    assert "not noted in verify_runs: this role may only read" in said
    assert len(notes(busy_database)) == 2
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        run_apart(execute(busy_database, "delete from verify_runs"))


def notes(dsn: str) -> list[Verification]:
    """The runs of verify that are noted, newest first."""

    async def read() -> list[Verification]:
        async with connected(dsn) as connection:
            return await read_verifications(connection, 10)

    return run_apart(read())


def test_replay_compares_and_never_writes(busy_database: str) -> None:
    assert headway("replay", "--check", postgres_dsn=busy_database).endswith("replay ok\n")
    assert "headway replay --check" in headway("replay", code=2, postgres_dsn=busy_database)
    run_apart(tamper(busy_database, "update accounts set tier = 'elite' where member_id = 'bob'"))
    said = headway("replay", "--check", code=1, postgres_dsn=busy_database)
    assert "member bob: account: tier is elite, would be club" in said
    machine = json.loads(headway("replay", "--check", "--json", code=1, postgres_dsn=busy_database))
    assert (machine["ok"], machine["accounts_differing"]) == (False, 1)
