"""Voucher codes: taken, given, used, voided; each for one member, and used once."""

import asyncio
import logging
import secrets

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.domain import voucher_code
from headway.errors import UserError
from headway.ledger import codes
from headway.ledger.verify import verify
from tests.ledger.tampering import tamper
from tests.redeem.kit import CATALOGUE, LATER, Json, Shop, open_shop
from tests.redeem.test_catalogue import problem

ALL = range(1 << voucher_code.BITS)


@given(st.integers(0, ALL.stop - 1))
def test_a_code_is_read_however_it_is_typed(bits: int) -> None:
    code = voucher_code.spell(bits)
    typed = code.replace("-", " ").lower().replace("0", "o").replace("1", "l")
    assert voucher_code.read(typed) == code
    assert not voucher_code.mistyped(code)


@given(st.integers(0, ALL.stop - 1), st.integers(0, 14), st.integers(1, 31))
def test_one_wrong_sign_is_noticed(bits: int, place: int, by: int) -> None:
    signs = list(voucher_code.spell(bits).replace("-", ""))
    other = (voucher_code.ALPHABET.index(signs[place]) + by) % 32
    signs[place] = voucher_code.ALPHABET[other]
    read = voucher_code.read("".join(signs))
    assert read is not None
    assert voucher_code.mistyped(read)


@given(st.integers(0, ALL.stop - 1), st.integers(0, 14), st.integers(0, 14))
def test_two_signs_that_changed_places_are_noticed(bits: int, one: int, other: int) -> None:
    signs = list(voucher_code.spell(bits).replace("-", ""))
    signs[one], signs[other] = signs[other], signs[one]
    read = voucher_code.read("".join(signs))
    assert read is not None
    assert voucher_code.mistyped(read) == (signs[one] != signs[other])


async def filled(shop: Shop, *spa: str) -> Shop:
    """Codes in the pools of the programme."""
    async with shop.pool.acquire() as connection:
        await codes.add(connection, "spa", enumerate(spa, 1), shared=False)
        await codes.add(connection, "club", [(1, "CLUB-2025")], shared=True)
    return shop


async def seen(shop: Shop, code: str) -> Json:
    """What a checkout is told of a code."""
    answer = await shop.client.get(f"/v1/codes/{code}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_code_shows_from_confirming_on_and_is_used_once(catalogue: Shop) -> None:
    await filled(catalogue, "SPA-1")
    ann = await catalogue.member_with(100)
    reserved = (await catalogue.reserve(ann, "spa")).json()
    assert reserved["code"] is None
    assert (await seen(catalogue, "SPA-1"))["why_not"] == "code-not-given"

    confirmed = (await catalogue.step(reserved["redemption_id"], "confirm")).json()

    assert confirmed["code"] == "SPA-1"
    view = await seen(catalogue, "SPA-1")
    assert (view["valid"], view["reward_id"], view["value_minor"]) == (True, "spa", 1500)
    assert view["valid_until"] == "2025-04-02T04:00:00Z", "the end of the 30th day in New York"
    used = await catalogue.post("/v1/codes/SPA-1/use", {"order_id": "o-1"}, key="use-1")
    assert (used.status_code, used.json()["why_not"]) == (200, "code-used")
    again = await catalogue.post("/v1/codes/SPA-1/use", {"order_id": "o-1"}, key="use-1")
    assert (again.text, again.headers["Idempotency-Replayed"]) == (used.text, "true")
    assert problem(await catalogue.post("/v1/codes/SPA-1/use", {})) == "code-used"
    refused = await catalogue.step(reserved["redemption_id"], "reverse")
    assert problem(refused) == "code-used"
    assert (await catalogue.sees(ann))["saved"] == {"USD": 1500}


async def test_codes_follow_what_becomes_of_their_redemption(catalogue: Shop) -> None:
    await filled(catalogue, "SPA-1")
    ann = await catalogue.member_with(200)
    cancelled = await catalogue.reserved(ann, "spa")
    assert problem(await catalogue.reserve(ann, "spa")) == "out-of-stock"
    await catalogue.step(cancelled, "cancel")
    late = await catalogue.reserved(ann, "spa")
    await catalogue.pool.execute(
        "update redemptions set held_until = clock_timestamp() where redemption_id = $1", late
    )
    assert await catalogue.sweeper().run_once() == 1
    confirmed = await catalogue.reserved(ann, "spa")
    await catalogue.step(confirmed, "confirm")
    await catalogue.step(confirmed, "reverse")
    assert (await seen(catalogue, "SPA-1"))["why_not"] == "code-void"
    assert problem(await catalogue.post("/v1/codes/SPA-1/use", {})) == "code-void"
    shown = (await catalogue.client.get(f"/v1/redemptions/{cancelled}")).json()
    assert shown["code"] is None, "somebody else may have it by now"


async def test_a_code_ends_with_its_last_day(catalogue: Shop) -> None:
    await filled(catalogue, "SPA-1")
    ann = await catalogue.member_with(100)
    await catalogue.step(await catalogue.reserved(ann, "spa"), "confirm")
    catalogue.clock.move_to(LATER.replace(month=4, day=2, hour=4))
    assert (await seen(catalogue, "SPA-1"))["why_not"] == "code-expired"
    assert problem(await catalogue.post("/v1/codes/SPA-1/use", {})) == "code-expired"


async def test_a_code_for_all_is_used_by_many(catalogue: Shop) -> None:
    await filled(catalogue)
    for name in ("ann", "bob"):
        member = await catalogue.member_with(50, name)
        id_ = await catalogue.reserved(member, "club-code")
        assert (await catalogue.step(id_, "confirm")).json()["code"] == "CLUB-2025"
        used = await catalogue.post("/v1/codes/CLUB-2025/use", {})
        assert (used.status_code, used.json()["reward_id"]) == (200, "club-code")
    assert (await seen(catalogue, "CLUB-2025"))["valid"]
    assert (await catalogue.step(id_, "reverse")).status_code == 200


async def test_a_slip_of_the_finger_is_told_from_a_code_that_is_not_there(catalogue: Shop) -> None:
    code = voucher_code.spell(secrets.randbits(voucher_code.BITS))
    unknown = await catalogue.client.get(f"/v1/codes/{code}")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/unknown-code")
    wrong = code[:-1] + ("A" if code[-1] != "A" else "B")
    slipped = await catalogue.client.get(f"/v1/codes/{wrong}")
    assert (slipped.status_code, slipped.json()["type"]) == (404, "/problems/code-mistyped")


async def test_sixteen_checkouts_use_a_code_once(catalogue: Shop) -> None:
    await filled(catalogue, "SPA-1")
    ann = await catalogue.member_with(100)
    await catalogue.step(await catalogue.reserved(ann, "spa"), "confirm")
    tries = [catalogue.post("/v1/codes/SPA-1/use", {}) for _ in range(16)]
    statuses = [answer.status_code for answer in await asyncio.gather(*tries)]
    assert sorted(statuses) == [200] + [409] * 15


async def test_members_at_once_get_codes_of_their_own(catalogue: Shop) -> None:
    await filled(catalogue, *(f"SPA-{number}" for number in range(5)))
    members = [await catalogue.member_with(100, f"m{number}") for number in range(8)]
    answers = await asyncio.gather(*(catalogue.reserve(member, "spa") for member in members))
    got = [answer.json()["redemption_id"] for answer in answers if answer.status_code == 201]
    assert [problem(a) for a in answers if a.status_code != 201] == ["out-of-stock"] * 3
    shown = [(await catalogue.step(id_, "confirm")).json()["code"] for id_ in got]
    assert len(set(shown)) == 5


async def test_an_upload_is_all_or_nothing(catalogue: Shop) -> None:
    async with catalogue.pool.acquire() as connection:
        assert await codes.add(connection, "a", [(1, "AAAA"), (2, "BBBB")], shared=False) == (2, 2)
        assert await codes.add(connection, "a", [(1, "AAAA"), (2, "CCCC")], shared=False) == (2, 1)
        for rows, said in (
            ([(1, "DDDD"), (2, "EEEE"), (3, "DDDD")], r"3 \(as 1\)"),
            ([(1, "DDDD"), (2, "SP ACE")], "codes_form"),
        ):
            with pytest.raises(UserError, match=said):
                await codes.add(connection, "a", rows, shared=False)
        with pytest.raises(UserError, match=r"lines 2 \(pool a\)"):
            await codes.add(connection, "b", [(1, "DDDD"), (2, "AAAA")], shared=False)
        assert await codes.read_pools(connection) == [("a", "free", 3)]
        made = await codes.generate(connection, "made", 500)
    assert made == (500, 500)
    with pytest.raises(asyncpg.CheckViolationError):
        await catalogue.pool.execute("update codes set state = 'used' where code = 'AAAA'")
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await catalogue.pool.execute("delete from codes")


async def test_damage_to_codes_and_stock_is_found(database: str) -> None:
    async with open_shop(database, programme=CATALOGUE) as shop:
        await filled(shop, "SPA-1")
        ann = await shop.member_with(300)
        await shop.step(await shop.reserved(ann, "spa"), "confirm")
        await shop.reserved(ann, "mug")
        await tamper(
            database,
            "update codes set state = 'free', redemption_id = null where code = 'SPA-1'",
            "update reward_stock set taken = 0",
        )
        async with (
            shop.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            report = await verify(connection)
    broken = {check.name: check.findings for check in report.checks.values() if not check.ok}
    assert set(broken) == {"codes", "stock"}
    assert "SPA-1" not in str(broken)


async def test_no_code_is_logged(catalogue: Shop, caplog: pytest.LogCaptureFixture) -> None:
    await filled(catalogue, "SPA-1")
    ann = await catalogue.member_with(100)
    with caplog.at_level(logging.INFO):
        await catalogue.step(await catalogue.reserved(ann, "spa"), "confirm")
        await catalogue.post("/v1/codes/SPA-1/use", {})
    told = [str(record.__dict__) for record in caplog.records if record.name != "httpx"]
    assert any("code.use" in one for one in told)
    assert not [one for one in told if "SPA-1" in one]
