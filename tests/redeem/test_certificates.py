"""Certificates that issue themselves, on the real ledger: their codes, goals, and taking back."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import asyncpg
import orjson
import pytest

from headway.ledger import codes
from headway.ledger.replay import replay
from headway.ledger.verify import verify
from tests.ledger.tampering import tamper
from tests.redeem.kit import CATALOGUE, JOINED, LATER, Json, Shop, open_shop
from tests.redeem.test_catalogue import problem

VIP = (
    CATALOGUE
    + """\
  - id: vip-5
    name: $5 certificate
    kind: voucher
    points: 100
    value: "5.00 USD"
    codes: {pool: fives, valid_days: 30}
    automatic: true
  - id: vip-10
    name: $10 certificate
    kind: voucher
    points: 200
    value: "10.00 USD"
    codes: {pool: tens}
    automatic: true
"""
)


@pytest.fixture
async def vip(database: str) -> AsyncIterator[Shop]:
    """A shop with automatic certificates; verified and decided again afterwards."""
    async with open_shop(database, programme=VIP) as opened:
        yield opened
        assert await broken(opened) == {}
        async with (
            opened.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            assert (await replay(connection)).differences == []


async def broken(shop: Shop) -> dict[str, list[str]]:
    """What verify finds, by check."""
    async with (
        shop.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        report = await verify(connection)
    checks = report.checks.values()
    return {check.name: [one.what for one in check.findings] for check in checks if not check.ok}


async def filled(shop: Shop, **pools: list[str]) -> None:
    """Codes in pools."""
    async with shop.pool.acquire() as connection:
        for pool, given in pools.items():
            await codes.add(connection, pool, enumerate(given, 1), shared=False)


async def certificates(shop: Shop, member: str = "ann") -> list[Json]:
    """A member's automatic certificates, oldest first."""
    page = (await shop.client.get(f"/v1/redemptions?member_id={member}")).json()["redemptions"]
    return [one for one in reversed(page) if one["automatic"]]


async def published(shop: Shop) -> Json:
    """The data of the last balance.changed in the outbox."""
    value = await shop.pool.fetchval(
        "select value from outbox where topic like '%balance-changed' order by id desc limit 1"
    )
    return dict(orjson.loads(value)["data"])


async def goal(shop: Shop, reward: str | None, member: str = "ann", key: str = "") -> Json:
    """Choose a goal, or none."""
    method = "DELETE" if reward is None else "PUT"
    answer = await shop.client.request(
        method, f"/v1/members/{member}/goal", headers={"Idempotency-Key": key or f"g-{reward}"},
        json=None if reward is None else {"reward_id": reward},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_earning_issues_a_certificate_and_its_code_follows(vip: Shop) -> None:
    await vip.member_with(110)
    seen = await vip.sees("ann")
    assert (seen["balances"]["available"], seen["saved"]) == (10, {"USD": 500})
    (one,) = await certificates(vip)
    assert (one["state"], one["reward_id"], one["code"]) == ("confirmed", "vip-5", None)
    kept = {name: one[name] for name in ("redemption_id", "points", "value_minor", "currency")}
    assert seen["certificates"] == [kept]
    assert await vip.code_giver().run_all() == 0, "the pool is empty"
    await filled(vip, fives=["FIVE-1", "FIVE-2"])
    assert await vip.code_giver().run_all() == 1
    assert await vip.code_giver().run_all() == 0
    code = (await certificates(vip))[0]["code"]
    shown = (await vip.client.get(f"/v1/codes/{code}")).json()
    assert (shown["valid"], shown["reward_id"]) == (True, "vip-5")
    assert shown["valid_until"] == "2025-04-02T04:00:00Z", "30 days from when it was given"
    told = (await vip.client.get("/v1/members/ann/history")).json()["entries"]
    assert "certificate" in told[0]["what"]


async def test_a_used_certificate_stays_used_and_the_points_are_owed(vip: Shop) -> None:
    await filled(vip, fives=["FIVE-1"])
    await vip.member_with(100)
    await vip.code_giver().run_all()
    used = await vip.post("/v1/codes/FIVE-1/use", {"order_id": "o-1"}, key="use")
    again = await vip.post("/v1/codes/FIVE-1/use", {"order_id": "o-1"}, key="use")
    assert (used.status_code, again.text) == (200, used.text)
    assert problem(await vip.post("/v1/codes/FIVE-1/use", {})) == "code-used"
    (one,) = await certificates(vip)
    assert (one["state"], one["code"]) == ("fulfilled", "FIVE-1")
    assert (await vip.sees("ann"))["certificates"] == []
    assert problem(await vip.step(one["redemption_id"], "reverse")) == "code-used"
    await vip.returns("ann", "ann-first", 80, LATER)
    assert await vip.balances("ann") == (0, 0, 0, -80)


async def test_a_return_takes_an_unused_one_back_and_its_code_is_void(vip: Shop) -> None:
    await filled(vip, fives=["FIVE-1"])
    await vip.member_with(210)
    await vip.code_giver().run_all()
    with_code, without = await certificates(vip)
    await vip.returns("ann", "ann-first", 90, LATER)
    assert await vip.balances("ann") == (0, 20, 0, 0)
    assert [one["state"] for one in await certificates(vip)] == ["confirmed", "reversed"]
    await vip.returns("ann", "ann-first", 100, LATER)
    assert await vip.balances("ann") == (0, 20, 0, 0)
    states = {one["redemption_id"]: one["state"] for one in await certificates(vip)}
    assert states == {with_code["redemption_id"]: "reversed", without["redemption_id"]: "reversed"}
    assert problem(await vip.post("/v1/codes/FIVE-1/use", {})) == "code-void"
    assert (await vip.sees("ann"))["saved"] == {"USD": 0}
    assert await vip.code_giver().run_all() == 0, "what was taken back needs no code"
    told = (await vip.client.get("/v1/members/ann/history?kind=restore")).json()["entries"]
    assert "taken back" in told[0]["what"]


async def test_issued_and_taken_back_in_one_transaction(database: str) -> None:
    waiting = VIP.replace("pending_days: 0", "pending_days: 3")
    async with open_shop(database, programme=waiting) as shop:
        await shop.tell("member.joined", "ann", JOINED)
        await shop.buys("ann", "o", 80)
        await shop.returns("ann", "o", 80, LATER)
        (one,) = await certificates(shop)
        assert (one["state"], one["code"]) == ("reversed", None)
        assert await shop.balances("ann") == (0, 20, 0, 0)
        assert await broken(shop) == {}


async def test_saving_towards_a_goal(vip: Shop) -> None:
    await vip.member_with(20)
    chosen = await goal(vip, "hike")
    assert chosen["goal"]["missing"] == 60
    assert not chosen["goal"]["automatic"]
    assert (await published(vip))["goal"] == {"id": "hike", "points": 80, "missing": 60}
    assert (await published(vip))["version"] == chosen["version"]
    await vip.buys("ann", "o-1", 130)
    seen = (await vip.sees("ann"))["goal"]
    assert (seen["reward_id"], seen["points"], seen["missing"], seen["ready"]) == (
        "hike", 80, 0, True,
    )  # fmt: skip
    assert await certificates(vip) == [], "nothing is issued to who saves for something else"
    id_ = await vip.reserved("ann", "hike")
    await vip.step(id_, "confirm")
    seen = await vip.sees("ann")
    assert (seen["goal"], seen["balances"]["available"]) == (None, 70)
    await goal(vip, "vip-10")
    await vip.buys("ann", "o-2", 120)
    assert await vip.balances("ann") == (0, 190, 0, 0)
    reached = await goal(vip, None)
    assert (reached["goal"], reached["balances"]["available"]) == (None, 90)
    assert await goal(vip, None) == reached, "a retry changes nothing"
    (one,) = await certificates(vip)
    assert one["reward_id"] == "vip-5"
    said = await published(vip)
    assert (said["goal"], said["certificates"]) == (None, [one["redemption_id"]])
    assert [each["redemption_id"] for each in said["issued"]] == said["certificates"]


@pytest.mark.parametrize(
    ("member", "reward", "status", "told"),
    [
        ("ann", "none-such", 409, "unknown-reward"),
        ("ann", "pay", 409, "not-a-goal"),
        ("zoe", "hike", 404, "unknown-member"),
    ],
)
async def test_what_cannot_be_saved_for(
    vip: Shop, member: str, reward: str, status: int, told: str
) -> None:
    await vip.member_with(20)
    answer = await vip.client.put(
        f"/v1/members/{member}/goal", json={"reward_id": reward}, headers={"Idempotency-Key": "k"}
    )
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{told}")


@pytest.mark.parametrize("first", ["use", "return"])
async def test_using_a_code_races_with_a_return_that_takes_it_back(vip: Shop, first: str) -> None:
    """Whoever has the account first wins; the other finds it done."""
    await filled(vip, fives=["FIVE-1"])
    await vip.member_with(100)
    await vip.code_giver().run_all()
    number = await vip.pool.fetchval("select account_id from accounts where member_id = 'ann'")
    async with vip.pool.acquire() as connection:
        barrier = connection.transaction()
        await barrier.start()
        await connection.execute("select from accounts where account_id = $1 for update", number)
        doing: dict[str, Callable[[], Coroutine[Any, Any, Any]]] = {
            "use": lambda: vip.post("/v1/codes/FIVE-1/use", {}),
            "return": lambda: vip.returns("ann", "ann-first", 80, LATER),
        }
        running: dict[str, asyncio.Task[Any]] = {first: asyncio.create_task(doing[first]())}
        await _queued(vip, 1)
        other = "return" if first == "use" else "use"
        running[other] = asyncio.create_task(doing[other]())
        await _queued(vip, 2)
        await barrier.rollback()
    used, _ = await asyncio.gather(running["use"], running["return"])
    if first == "use":
        assert used.status_code == 200
        assert await vip.balances("ann") == (0, 0, 0, -80)
    else:
        assert problem(used) == "code-void"
        assert await vip.balances("ann") == (0, 20, 0, 0)


_WAITING = """
select count(*) from pg_stat_activity
where wait_event_type = 'Lock' and datname = current_database()
"""


async def _queued(shop: Shop, waiting: int) -> None:
    """Wait until so many sessions wait for a lock."""
    for _ in range(500):
        if await shop.pool.fetchval(_WAITING) >= waiting:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits")


async def test_two_givers_and_an_empty_pool_that_holds_up_nobody(
    vip: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(6):
        await vip.tell("member.joined", f"m{number}", JOINED)
        if number % 2:
            await goal(vip, "vip-10", f"m{number}", key=f"g{number}")
        await vip.buys(f"m{number}", f"o{number}", 200)
    fives, tens = [f"FIVE-{n}" for n in range(10)], ["TEN-1", "TEN-2"]
    await filled(vip, fives=fives, tens=tens)
    givers = [vip.code_giver(), vip.code_giver()]
    with caplog.at_level(logging.ERROR):
        given = await asyncio.gather(*(giver.run_all() for giver in givers))
        assert sum(given) + await givers[0].run_all() == 8
    assert any("wait for codes" in record.getMessage() for record in caplog.records)
    assert "TEN" not in str([record.__dict__ for record in caplog.records])
    held = await vip.pool.fetch("select code, reward_id from redemptions where automatic")
    assert sum(row["code"] is None for row in held) == 1
    assert len({row["code"] for row in held if row["code"]}) == 8
    await filled(vip, tens=["TEN-3"])
    assert await givers[1].run_all() == 1


async def test_the_database_lets_certificates_get_a_code_once_and_no_more(database: str) -> None:
    async with open_shop(database, programme=VIP) as shop:
        await shop.member_with(100)
        await shop.pool.execute("update redemptions set code = 'ABCD' where automatic")
        for statement in (
            "update redemptions set code = 'EFGH'",
            "update redemptions set code = null",
            "update redemptions set automatic = false",
            "update redemptions set state = 'reserved'",
            "update redemptions set reward_name = 'other'",
            _COPY.format(kind="'voucher'", automatic="false"),
            _COPY.format(kind="'money_off'", automatic="true"),
        ):
            with pytest.raises(asyncpg.PostgresError):
                await shop.pool.execute(statement)


_COPY = """
insert into redemptions (redemption_id, account_id, reward_id, reward_name, points, value_minor,
                         currency, program_version, state, reserved_at, held_until, updated_at,
                         kind, automatic)
select 'other', account_id, reward_id, reward_name, points, value_minor, currency,
       program_version, 'confirmed', reserved_at, held_until, updated_at, {kind}, {automatic}
from redemptions
"""


async def test_a_certificate_that_its_account_does_not_know_is_found(database: str) -> None:
    async with open_shop(database, programme=VIP) as shop:
        await shop.member_with(100)
        await tamper(
            database,
            "update accounts set state = (state::jsonb - 'certificates')::json",
        )
        assert set(await broken(shop)) == {"redemptions"}
