"""What a checkout does: look, reserve, confirm, cancel, reverse; and what the member then has."""

from datetime import datetime, timedelta

import orjson
import pytest

from headway.runtime.clock import BEGINNING
from tests.redeem.kit import JOINED, LATER, Shop


async def test_a_member_is_shown_as_of_now_and_nothing_is_written(shop: Shop) -> None:
    ann = await shop.member_with(150)
    stored = await shop.pool.fetchrow("select * from accounts")
    assert stored is not None
    assert (stored["pending"], stored["available"]) == (130, 20)

    seen = await shop.sees(ann)

    assert seen["balances"] == {"pending": 0, "available": 150, "reserved": 0, "owed": 0}
    assert [reward["reward_id"] for reward in seen["rewards_ready"]] == ["five"]
    assert (seen["next_reward"]["reward_id"], seen["next_reward"]["missing"]) == ("ten", 50)
    assert (seen["tier"], seen["saved"], seen["version"]) == ("club", {}, 2)
    assert seen["joined_at"] == "2025-01-01T12:00:00Z"
    assert seen["as_of"] == "2025-03-02T12:00:00Z"
    assert await shop.pool.fetchrow("select * from accounts") == stored


async def test_before_points_are_due_they_are_pending(shop: Shop) -> None:
    ann = await shop.member_with(150)
    shop.clock.move_to(JOINED + timedelta(days=2))
    assert await shop.balances(ann) == (130, 20, 0, 0)
    shop.clock.move_to(JOINED - timedelta(days=9))
    assert await shop.balances(ann) == (130, 20, 0, 0), "an account's time never goes back"


@pytest.mark.parametrize("behind", [LATER - timedelta(days=1), BEGINNING])
async def test_a_clock_behind_the_account_takes_nothing_back(shop: Shop, behind: datetime) -> None:
    ann = await shop.member_with(250)
    await shop.reserved(ann, "five")
    shop.clock.move_to(behind)
    answer = (await shop.reserve(ann, "five")).json()
    assert answer["effective_at"] == answer["reserved_at"] == "2025-03-02T12:00:00Z"
    assert (await shop.sees(ann))["as_of"] == "2025-03-02T12:00:00Z"
    assert (await shop.client.get("/v1/rewards")).json()["program_version"] == 1


async def test_reserve_confirm_reverse(shop: Shop) -> None:
    ann = await shop.member_with(250)

    response = await shop.reserve(ann, "ten")
    answer = response.json()
    assert response.status_code == 201
    assert answer["state"] == "reserved"
    assert (answer["points"], answer["value_minor"], answer["currency"]) == (200, 1000, "USD")
    assert answer["balances"] == {"pending": 0, "available": 50, "reserved": 200, "owed": 0}
    assert answer["effective_at"] == "2025-03-02T12:00:00Z"
    assert (answer["epoch"], answer["version"]) == (1, 3)
    assert (await shop.sees(ann))["saved"] == {}

    id_ = answer["redemption_id"]
    confirmed = (await shop.step(id_, "confirm")).json()
    assert confirmed["state"] == "confirmed"
    assert confirmed["balances"] == {"pending": 0, "available": 50, "reserved": 0, "owed": 0}
    seen = await shop.sees(ann)
    assert (seen["saved"], seen["version"]) == ({"USD": 1000}, 4)
    shown = (await shop.client.get(f"/v1/redemptions/{id_}")).json()
    assert shown == {name: confirmed[name] for name in shown}

    reversed_ = await shop.step(id_, "reverse")
    assert reversed_.status_code == 200
    assert await shop.balances(ann) == (0, 250, 0, 0)
    assert (await shop.sees(ann))["saved"] == {"USD": 0}
    assert shop.woken == 3


async def test_cancel_gives_back_to_the_lots_that_it_came_from(shop: Shop) -> None:
    ann = await shop.member_with(60)
    await shop.buys(ann, "second", 70, JOINED + timedelta(days=40))
    before = await shop.pool.fetch("select lot, expires_at from lots order by lot")
    id_ = await shop.reserved(ann, "five")
    taken = await shop.pool.fetch("select lot, reserved from lots where reserved > 0 order by lot")
    assert [row["reserved"] for row in taken] == [20, 40, 40]

    cancelled = (await shop.step(id_, "cancel")).json()

    assert cancelled["state"] == "cancelled"
    assert await shop.balances(ann) == (0, 130, 0, 0)
    after = await shop.pool.fetch("select lot, expires_at, available from lots order by lot")
    assert [row["available"] for row in after] == [20, 40, 70]
    assert [(r["lot"], r["expires_at"]) for r in after] == [tuple(r) for r in before]


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        (["confirm", "confirm"], "confirmed"),
        (["confirm", "cancel"], "confirmed"),
        (["cancel", "confirm"], "cancelled"),
        (["cancel", "reverse"], "cancelled"),
        (["reverse"], "reserved"),
        (["confirm", "reverse", "reverse"], "reversed"),
        (["confirm", "reverse", "confirm"], "reversed"),
    ],
)
async def test_a_step_from_the_wrong_state_changes_nothing(
    shop: Shop, steps: list[str], state: str
) -> None:
    ann = await shop.member_with(250)
    id_ = await shop.reserved(ann, "ten")
    for name in steps[:-1]:
        assert (await shop.step(id_, name)).status_code == 200
    before = await shop.sees(ann)

    response = await shop.step(id_, steps[-1])

    assert response.status_code == 409
    assert response.json()["type"] == "/problems/wrong-state"
    assert response.json()["state"] == state
    assert await shop.sees(ann) == before
    told = await shop.pool.fetchrow("select outcome, reason from inputs order by n desc limit 1")
    assert told is not None
    assert tuple(told) == ("refused", "wrong state")


async def test_points_that_expired_meanwhile_expire_when_they_come_back(shop: Shop) -> None:
    ann = await shop.member_with(120)
    kept = await shop.reserved(ann, "five")
    assert (await shop.step(kept, "confirm")).status_code == 200
    shop.clock.move_to(LATER + timedelta(days=800))
    assert await shop.balances(ann) == (0, 0, 0, 0)

    answer = (await shop.step(kept, "reverse")).json()

    assert answer["balances"] == {"pending": 0, "available": 0, "reserved": 0, "owed": 0}
    assert (await shop.sees(ann))["saved"] == {"USD": 0}
    kinds = await shop.pool.fetch(
        "select kind, sum(points)::int as points from points_events"
        " where kind in ('restore', 'expire') group by kind order by kind"
    )
    assert [tuple(row) for row in kinds] == [("expire", 120), ("restore", 100)]


async def test_a_reservation_outlives_expiry_but_not_its_cancelling(shop: Shop) -> None:
    ann = await shop.member_with(120)
    id_ = await shop.reserved(ann, "five")
    shop.clock.move_to(LATER + timedelta(days=800))
    assert await shop.balances(ann) == (0, 0, 100, 0)
    await shop.step(id_, "cancel")
    assert await shop.balances(ann) == (0, 0, 0, 0)


async def test_points_that_come_back_clear_what_is_owed(shop: Shop) -> None:
    ann = await shop.member_with(220)
    id_ = await shop.reserved(ann, "ten")
    await shop.returns(ann, "ann-first", 150, LATER)
    assert await shop.balances(ann) == (0, 0, 200, -130)

    short = await shop.reserve(ann, "five")
    assert short.status_code == 409
    assert (short.json()["available"], short.json()["owed"]) == (0, -130)
    assert (await shop.sees(ann))["next_reward"]["missing"] == 230

    cancelled = (await shop.step(id_, "cancel")).json()
    assert cancelled["balances"] == {"pending": 0, "available": 70, "reserved": 0, "owed": 0}
    assert await shop.balances(ann) == (0, 70, 0, 0)


async def test_who_has_left_reserves_nothing_but_may_confirm(shop: Shop) -> None:
    ann = await shop.member_with(250)
    id_ = await shop.reserved(ann, "five")
    await shop.tell("member.left", ann, LATER)
    refused = await shop.reserve(ann, "five")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/member-left")
    assert (await shop.step(id_, "confirm")).status_code == 200
    assert (await shop.sees(ann))["left_at"] == "2025-03-02T12:00:00Z"


async def test_each_command_is_published_once_with_its_cause(shop: Shop) -> None:
    ann = await shop.member_with(250)
    await shop.pool.execute("delete from outbox")
    id_ = (await shop.reserve(ann, "ten", key="k-reserve")).json()["redemption_id"]
    await shop.reserve(ann, "twenty", key="k-refused")
    await shop.step(id_, "confirm", key="k-confirm")
    await shop.step(id_, "reverse", key="k-reverse")

    rows = await shop.pool.fetch("select topic, key, value from outbox order by id")

    told = [orjson.loads(row["value"])["data"] for row in rows]
    assert {(row["topic"], row["key"]) for row in rows} == {("t.balance-changed", b"ann")}
    assert [one["cause"]["id"] for one in told] == ["k-reserve", "k-confirm", "k-reverse"]
    assert {one["cause"]["source"] for one in told} == {"headway/redeem"}
    assert {one["cause"]["kind"] for one in told} == {"redemption"}
    assert [one["version"] for one in told] == [3, 4, 5]
    assert [one["saved"] for one in told] == [{}, {"USD": 1000}, {"USD": 0}]


async def test_rewards_are_those_of_the_programme(shop: Shop) -> None:
    found = (await shop.client.get("/v1/rewards")).json()
    assert found["program_version"] == 1
    assert [(r["reward_id"], r["points"], r["value_minor"]) for r in found["rewards"]] == [
        ("five", 100, 500),
        ("ten", 200, 1000),
        ("twenty", 400, 2000),
    ]
