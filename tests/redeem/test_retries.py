"""The same key: the same answer, the same effect, however often and however many at once."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from headway.ledger.redemptions import Answer, keep_answer, take_key
from headway_redeem.refusal import MEDIA_TYPE
from tests.redeem.kit import LATER, Shop


async def test_a_retry_gets_the_first_answer_and_does_nothing(shop: Shop) -> None:
    ann = await shop.member_with(250)
    first = await shop.reserve(ann, "five", key="once")
    shop.clock.move_to(LATER + timedelta(days=3))
    again = await shop.reserve(ann, "five", key="once")

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert await shop.balances(ann) == (0, 150, 100, 0)

    id_ = first.json()["redemption_id"]
    done = [await shop.step(id_, "confirm", key="step") for _ in range(3)]
    assert {response.content for response in done} == {done[0].content}
    assert (await shop.sees(ann))["saved"] == {"USD": 500}
    assert await shop.pool.fetchval("select count(*) from inputs where source <> 'shop'") == 2


async def test_a_refusal_is_an_answer_too(shop: Shop) -> None:
    ann = await shop.member_with(50)
    first = await shop.reserve(ann, "five", key="early")
    assert first.status_code == 409
    assert first.headers["content-type"] == MEDIA_TYPE
    problem = first.json()
    assert problem["type"] == "/problems/insufficient-points"
    assert (problem["status"], problem["instance"]) == (409, "/v1/redemptions")
    assert (problem["available"], problem["needed"]) == (50, 100)
    assert "under a new key" in problem["detail"]

    await shop.buys(ann, "more", 500)
    again = await shop.reserve(ann, "five", key="early")
    assert (again.status_code, again.content) == (409, first.content)
    assert again.headers["content-type"] == MEDIA_TYPE
    assert (await shop.reserve(ann, "five", key="anew")).status_code == 201


async def test_a_refusal_leaves_the_account_as_it_was(shop: Shop) -> None:
    ann = await shop.member_with(50)
    await shop.pool.execute("delete from outbox")
    columns = "pending, available, reserved, owed, seq, version, account_time, head_hash"
    before = await shop.pool.fetchrow(f"select {columns} from accounts")

    assert (await shop.reserve(ann, "five")).status_code == 409
    assert (await shop.reserve(ann, "no-such")).json()["type"] == "/problems/unknown-reward"

    assert await shop.pool.fetchrow(f"select {columns} from accounts") == before
    assert await shop.pool.fetchval("select count(*) from outbox") == 0
    told = await shop.pool.fetch("select reason from inputs where outcome = 'refused' order by n")
    assert [row["reason"] for row in told] == ["insufficient points", "unknown reward"]


async def test_a_key_is_good_for_one_request(shop: Shop) -> None:
    ann = await shop.member_with(450)
    id_ = (await shop.reserve(ann, "five", key="k")).json()["redemption_id"]
    for response in (
        await shop.reserve(ann, "ten", key="k"),
        await shop.reserve("bob", "five", key="k"),
        await shop.step(id_, "confirm", key="k"),
    ):
        assert response.status_code == 422
        assert response.json()["type"] == "/problems/idempotency-key-reused"
    assert await shop.balances(ann) == (0, 350, 100, 0)


async def test_the_ledger_keeps_keys_longer_than_answers(shop: Shop) -> None:
    ann = await shop.member_with(450)
    await shop.reserve(ann, "five", key="k")
    await shop.pool.execute("delete from idempotency_keys")
    response = await shop.reserve(ann, "five", key="k")
    assert response.json()["type"] == "/problems/idempotency-key-reused"
    assert await shop.balances(ann) == (0, 350, 100, 0)


async def test_what_was_not_found_may_be_asked_again(shop: Shop) -> None:
    early = await shop.reserve("ann", "five", key="k")
    assert (early.status_code, early.json()["type"]) == (404, "/problems/unknown-member")
    assert await shop.pool.fetchval("select count(*) from accounts") == 0
    await shop.member_with(250)
    assert (await shop.reserve("ann", "five", key="k")).status_code == 201


async def test_who_has_not_joined_is_no_member(shop: Shop) -> None:
    await shop.buys("ann", "parked", 500)
    assert (await shop.reserve("ann", "five")).json()["type"] == "/problems/unknown-member"
    assert (await shop.client.get("/v1/members/ann")).status_code == 404


async def test_retries_that_overlap_are_done_once(shop: Shop) -> None:
    ann = await shop.member_with(450)
    reserving = await asyncio.gather(*(shop.reserve(ann, "five", key="k") for _ in range(12)))
    assert {response.status_code for response in reserving} == {201}
    assert len({response.content for response in reserving}) == 1
    assert sum("Idempotency-Replayed" not in r.headers for r in reserving) == 1
    assert await shop.balances(ann) == (0, 350, 100, 0)


async def until_answered(shop: Shop, member: str, key: str) -> httpx.Response:
    """As a client does: the same key again while the service is busy."""
    while (response := await shop.reserve(member, "five", key)).status_code == 503:
        await asyncio.sleep(0.1)
    return response


async def test_sixty_four_at_once_get_exactly_what_there_is(shop: Shop) -> None:
    ann = await shop.member_with(1050)

    responses = await asyncio.gather(*(until_answered(shop, ann, f"c-{i}") for i in range(64)))

    won = [response for response in responses if response.status_code == 201]
    lost = [response for response in responses if response.status_code != 201]
    assert len(won) == 10
    assert {r.json()["type"] for r in lost} == {"/problems/insufficient-points"}
    assert {r.json()["available"] for r in lost} == {50}
    assert await shop.balances(ann) == (0, 50, 1000, 0)
    assert sorted(r.json()["balances"]["available"] for r in won) == list(range(50, 1050, 100))
    assert await shop.pool.fetchval("select min(available) from lots") >= 0


async def test_one_redemption_takes_one_of_many_steps(shop: Shop) -> None:
    ann = await shop.member_with(250)
    id_ = await shop.reserved(ann, "ten")
    names = ["confirm", "cancel"] * 8
    responses = await asyncio.gather(*(shop.step(id_, name) for name in names))
    assert sorted(r.status_code for r in responses) == [200] + [409] * 15
    _, available, reserved, _ = await shop.balances(ann)
    assert (available, reserved) in ((50, 0), (250, 0))


@pytest.mark.parametrize("ending", ["commit", "rollback"])
async def test_a_key_is_waited_for(shop: Shop, ending: str) -> None:
    ann = await shop.member_with(250)
    async with shop.pool.acquire() as other:
        first = other.transaction()
        await first.start()
        assert await take_key(other, "k", timedelta(seconds=1)) is None
        waiting = asyncio.create_task(shop.reserve(ann, "five", key="k"))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        if ending == "commit":
            await keep_answer(other, "k", Answer(bytes(32), 201, "{}"))
            await first.commit()
        else:
            await first.rollback()
        response = await waiting
    assert response.status_code == (422 if ending == "commit" else 201)
