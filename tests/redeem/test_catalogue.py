"""What rewards cost whom, when they are to be had, and what they save: over the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from headway.domain.redemption import ENDS_IN, MOVES
from headway.errors import UserError
from headway.ledger.catalogue import set_stock
from headway.ledger.programs import publish
from headway.ledger.report import read_month
from headway.ledger.story import story
from tests.redeem.kit import CATALOGUE, LATER, Json, Shop

APRIL = datetime(2025, 4, 15, 12, tzinfo=UTC)
USD_60 = {"total_minor": 6000, "currency": "USD"}


def problem(answer: Any) -> str:
    """The name of the problem that a command was refused with."""
    assert answer.status_code == 409, answer.text
    return str(answer.json()["type"]).removeprefix("/problems/")


async def offered(shop: Shop, member: str = "") -> dict[str, Json]:
    """The catalogue by reward."""
    asked = {"member_id": member} if member else {}
    answer = await shop.client.get("/v1/rewards", params=asked)
    assert answer.status_code == 200, answer.text
    return {reward["reward_id"]: reward for reward in answer.json()["rewards"]}


async def quoted(shop: Shop, member: str, reward: str, **more: object) -> Json:
    """What it would cost."""
    body = {"member_id": member, "reward_id": reward, **more}
    answer = await shop.client.post("/v1/quotes", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_the_catalogue_says_what_everything_takes(catalogue: Shop) -> None:
    found = await offered(catalogue)
    assert (found["mug"]["kind"], found["mug"]["stock_left"]) == ("free_product", 20)
    assert (found["poster"]["value_minor"], found["poster"]["cash_minor"]) == (2500, 1000)
    assert (found["fifth"]["percent"], found["fifth"]["maximum_minor"]) == (20, 3000)
    assert found["pay"]["rate"] == {
        "points": 2, "pays_minor": 300, "minimum": 4, "maximum_share_percent": 50,
    }  # fmt: skip
    assert found["coffee"]["limit"] == {"times": 2, "per": "day"}
    assert found["preview"]["who"]["tiers"] == ["gold"]
    assert found["ten"]["prices"][1]["days"] == {"from": "2025-04-01", "to": "2025-04-30"}
    assert (found["spring"]["available"], found["spring"]["why_not"]) == (
        False, "not-for-this-member",
    )  # fmt: skip
    assert found["spa"]["why_not"] == "out-of-stock", "no codes were brought in"


@pytest.mark.parametrize(
    ("spent", "day", "price"), [(300, LATER, 200), (600, LATER, 150), (300, APRIL, 180)]
)
async def test_the_price_is_that_of_the_tier_and_of_the_day(
    catalogue: Shop, spent: int, day: datetime, price: int
) -> None:
    ann = await catalogue.member_with(spent + 20)
    catalogue.clock.move_to(day)
    assert (await offered(catalogue, ann))["ten"]["points"] == price
    quote = await quoted(catalogue, ann, "ten")
    assert (quote["points"], quote["value_minor"], quote["can_have"]) == (price, 1000, True)
    answer = (await catalogue.reserve(ann, "ten")).json()
    assert (answer["points"], answer["balances"]["reserved"]) == (price, price)


async def test_early_access_is_for_the_tier_it_names(catalogue: Shop) -> None:
    ann, bob = await catalogue.member_with(100), await catalogue.member_with(700, "bob")
    assert problem(await catalogue.reserve(ann, "preview")) == "not-for-this-member"
    assert (await offered(catalogue, ann))["preview"]["why_not"] == "not-for-this-member"
    assert (await catalogue.reserve(bob, "preview")).json()["kind"] == "early_access"
    assert problem(await catalogue.reserve(bob, "spring")) == "not-for-this-member"
    catalogue.clock.move_to(APRIL)
    assert (await catalogue.reserve(ann, "spring")).status_code == 201


async def test_points_plus_cash_save_the_difference(catalogue: Shop) -> None:
    ann = await catalogue.member_with(100)
    answer = (await catalogue.reserve(ann, "poster")).json()
    assert (answer["points"], answer["cash_minor"], answer["value_minor"]) == (30, 1000, 1500)
    await catalogue.step(answer["redemption_id"], "confirm")
    assert (await catalogue.sees(ann))["saved"] == {"USD": 1500}
    await catalogue.step(answer["redemption_id"], "reverse")
    assert (await catalogue.sees(ann))["saved"] == {"USD": 0}


@pytest.mark.parametrize(("total", "off"), [(5001, 1000), (99_900, 3000)])
async def test_a_percentage_saves_what_the_order_makes_of_it(
    catalogue: Shop, total: int, off: int
) -> None:
    ann = await catalogue.member_with(100)
    order = {"total_minor": total, "currency": "USD"}
    assert problem(await catalogue.reserve(ann, "fifth")) == "order-needed"
    assert (await quoted(catalogue, ann, "fifth", order=order))["value_minor"] == off
    answer = (await catalogue.reserve(ann, "fifth", order=order)).json()
    assert (answer["points"], answer["value_minor"]) == (50, off)
    in_yen = {"total_minor": 5000, "currency": "JPY"}
    assert problem(await catalogue.reserve(ann, "fifth", order=in_yen)) == "other-currency"


async def test_a_limit_counts_what_is_not_given_back(catalogue: Shop) -> None:
    ann = await catalogue.member_with(100)
    first, _ = [await catalogue.reserved(ann, "coffee") for _ in range(2)]
    assert problem(await catalogue.reserve(ann, "coffee")) == "limit-reached"
    assert (await quoted(catalogue, ann, "coffee"))["why_not"] == "limit-reached"
    await catalogue.step(first, "cancel")
    again = await catalogue.reserved(ann, "coffee")
    await catalogue.step(again, "confirm")
    assert problem(await catalogue.reserve(ann, "coffee")) == "limit-reached"
    await catalogue.step(again, "reverse")
    assert (await catalogue.reserve(ann, "coffee")).status_code == 201
    catalogue.clock.move_to(LATER + timedelta(days=1))
    assert (await catalogue.reserve(ann, "coffee")).status_code == 201, "a new day"


async def test_places_come_back_however_a_redemption_ends(catalogue: Shop) -> None:
    ann = await catalogue.member_with(500)
    cancelled, late = [await catalogue.reserved(ann, "hike") for _ in range(2)]
    refused = await catalogue.reserve(ann, "hike", key="full")
    assert problem(refused) == "out-of-stock"
    assert (await catalogue.reserve(ann, "hike", key="full")).text == refused.text
    await catalogue.step(cancelled, "cancel")
    confirmed = await catalogue.reserved(ann, "hike")
    await catalogue.step(confirmed, "confirm")
    assert (await offered(catalogue))["hike"]["stock_left"] == 0
    await catalogue.pool.execute(
        "update redemptions set held_until = clock_timestamp() where redemption_id = $1", late
    )
    assert await catalogue.sweeper().run_once() == 1
    await catalogue.step(confirmed, "reverse")
    assert (await offered(catalogue))["hike"]["stock_left"] == 2


async def test_fulfilling_changes_nothing_of_the_account_and_can_be_reversed(
    catalogue: Shop,
) -> None:
    ann = await catalogue.member_with(100)
    id_ = await catalogue.reserved(ann, "mug")
    assert problem(await catalogue.step(id_, "fulfil")) == "wrong-state"
    confirmed = (await catalogue.step(id_, "confirm")).json()
    fulfilled = (await catalogue.step(id_, "fulfil")).json()
    assert fulfilled["state"] == "fulfilled"
    assert (fulfilled["version"], fulfilled["balances"]) == (
        confirmed["version"], confirmed["balances"],
    )  # fmt: skip
    assert (await catalogue.step(id_, "reverse")).json()["balances"]["available"] == 100


async def test_a_donation_goes_to_its_cause_and_saves_nothing(catalogue: Shop) -> None:
    ann = await catalogue.member_with(100)
    id_ = await catalogue.reserved(ann, "trees")
    await catalogue.step(id_, "confirm")
    assert (await catalogue.sees(ann))["saved"] == {}
    assert await catalogue.balances(ann) == (0, 50, 0, 0)
    given = await catalogue.pool.fetchrow(
        "select kind, from_bucket, to_bucket, sum(points) as points from points_events"
        " where kind = 'donate' group by 1, 2, 3"
    )
    assert given is not None
    assert tuple(given) == ("donate", "reserved", "donated", 50)
    await catalogue.step(id_, "reverse")
    assert await catalogue.balances(ann) == (0, 100, 0, 0)


async def test_a_quote_writes_nothing_and_says_why_not(catalogue: Shop) -> None:
    ann = await catalogue.member_with(70)
    before = await catalogue.pool.fetchval("select count(*) from inputs")
    quote = await quoted(catalogue, ann, "five")
    assert (quote["can_have"], quote["why_not"], quote["missing"]) == (
        False, "insufficient-points", 30,
    )  # fmt: skip
    assert await catalogue.pool.fetchval("select count(*) from inputs") == before
    unknown = await catalogue.client.post(
        "/v1/quotes", json={"member_id": ann, "reward_id": "none"}
    )
    assert problem(unknown) == "unknown-reward"
    nobody = await catalogue.client.post("/v1/quotes", json={"member_id": "x", "reward_id": "five"})
    assert nobody.status_code == 404


@pytest.mark.parametrize(
    ("asked", "points", "value"),
    [({}, 20, 3000), ({"pay_points": 6}, 6, 900)],
)
async def test_paying_with_points_takes_what_the_quote_says(
    catalogue: Shop, asked: Json, points: int, value: int
) -> None:
    """Half of the order at most: $60 take $30, though there are points for more."""
    ann = await catalogue.member_with(100)
    quote = await quoted(catalogue, ann, "pay", order=USD_60, **asked)
    assert (quote["points"], quote["value_minor"]) == (points, value)
    answer = (await catalogue.reserve(ann, "pay", order=USD_60, **asked)).json()
    assert (answer["points"], answer["value_minor"]) == (points, value)


@pytest.mark.parametrize(
    ("total", "pay_points", "why"),
    [
        (6000, 7, "unfit-points"), (6000, 2, "unfit-points"), (6000, 22, "unfit-points"),
        (1000, None, "nothing-to-pay"), (0, None, "nothing-to-pay"),
        (100_000, 200, "insufficient-points"),
    ],
)  # fmt: skip
async def test_points_that_do_not_fit_the_order_are_refused(
    catalogue: Shop, total: int, pay_points: int | None, why: str
) -> None:
    ann = await catalogue.member_with(100)
    order = {"total_minor": total, "currency": "USD"}
    answer = await catalogue.reserve(ann, "pay", order=order, pay_points=pay_points)
    assert problem(answer) == why
    quote = await quoted(catalogue, ann, "pay", order=order, pay_points=pay_points)
    assert quote["why_not"] == why


async def test_a_programme_published_meanwhile_is_what_decides(
    catalogue: Shop, database: str
) -> None:
    ann = await catalogue.member_with(100)
    await catalogue.reserved(ann, "coffee")
    cheaper = CATALOGUE.replace("mug-1, points: 40", "mug-1, points: 5")
    await publish(database, cheaper.replace("2020-01-01T00", "2025-03-02T13"))
    catalogue.clock.move_to(LATER + timedelta(days=1))
    first = await catalogue.reserve(ann, "mug", key="again")
    assert (first.status_code, first.json()["type"]) == (503, "/problems/try-again")
    again = (await catalogue.reserve(ann, "mug", key="again")).json()
    assert again["points"] == 5


async def test_the_database_knows_the_moves_of_the_domain_and_no_others(catalogue: Shop) -> None:
    rows = await catalogue.pool.fetch("select from_state, to_state from redemption_moves")
    drawn = {(start, move.ends) for move in MOVES.values() for start in move.starts}
    assert {tuple(row) for row in rows} == drawn
    ann = await catalogue.member_with(200)
    for start in sorted({*ENDS_IN.values()}):
        id_ = await catalogue.reserved(ann, "coffee")
        for kind in [k for k, m in MOVES.items() if m.ends == start]:
            if "confirmed" in MOVES[kind].starts:
                await catalogue.step(id_, "confirm")
            await _step(catalogue, id_, kind)
        for end in sorted({*ENDS_IN.values()} - {start}):
            if (start, end) not in drawn:
                with pytest.raises(asyncpg.CheckViolationError, match="redemption"):
                    await catalogue.pool.execute(
                        "update redemptions set state = $2 where redemption_id = $1", id_, end
                    )
        catalogue.clock.move_to(catalogue.clock.now() + timedelta(days=1))
    with pytest.raises(asyncpg.PostgresError, match="keep what they are"):
        await catalogue.pool.execute("update redemptions set points = points + 1")


async def _step(shop: Shop, id_: str, kind: str) -> None:
    if kind == "redemption.timeout":
        await shop.pool.execute(
            "update redemptions set held_until = clock_timestamp() where redemption_id = $1", id_
        )
        assert await shop.sweeper().run_once() == 1
        return
    answer = await shop.step(id_, kind.removeprefix("redemption."))
    assert answer.status_code == 200, answer.text


async def test_a_month_and_a_story_tell_of_donations(catalogue: Shop, database: str) -> None:
    ann = await catalogue.member_with(100)
    id_ = await catalogue.reserved(ann, "trees")
    for step in ("confirm", "fulfil"):
        await catalogue.step(id_, step)
    told = [line.what for line in await story(database, ann)]
    assert "Received $5 for trees" in told
    assert any(what.startswith("given through $5 for trees: earned for") for what in told)
    async with (
        catalogue.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        month = await read_month(connection, "2025-03", "business")
    assert month.sums.problems == []
    assert month.sums.whole.movements["donated"] == -50


async def test_the_operator_says_how_many_there_are(catalogue: Shop) -> None:
    ann = await catalogue.member_with(300)
    for _ in range(2):
        await catalogue.reserved(ann, "hike")
    async with catalogue.pool.acquire() as connection:
        with pytest.raises(UserError, match="more than 1 of hike are spoken for"):
            await set_stock(connection, "hike", 1)
        assert await set_stock(connection, "hike", 3) == ("hike", 3, 2)
    assert (await catalogue.reserve(ann, "hike")).status_code == 201
    assert problem(await catalogue.reserve(ann, "hike")) == "out-of-stock"
