"""The input log says everything: deciding it again gives the same rows, lots and balances."""

from datetime import timedelta

import asyncpg
import pytest

from headway.contracts.registry import CONTRACTS
from headway.domain.account import Account, Input, Lot
from headway.domain.chain import GENESIS, canonical_row, link, recorded_bytes
from headway.domain.decide import decide
from headway.domain.redemption import Reserve, Step
from headway.ledger.programs import read_programs
from headway.ledger.redemptions import body_of, command_from
from headway.ledger.snapshot import lot_from
from tests.redeem.kit import LATER, Shop


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        ("redemption.reserve", Reserve("rdm_1", "five")),
        (
            "redemption.confirm",
            Step("rdm_1", "reserved", 500, "USD", ((1, 20), (7, 80)), reward_id="five"),
        ),
        ("redemption.timeout", Step("rdm_1", "cancelled", 0, "JPY", (), reward_id="five")),
    ],
)
def test_a_command_survives_the_log(kind: str, command: Reserve | Step) -> None:
    assert command_from(kind, body_of(command, "five")) == command


async def test_the_log_replayed_gives_the_same_ledger(shop: Shop) -> None:
    ann = await shop.member_with(450)
    first, second, third = [await shop.reserved(ann, "five") for _ in range(3)]
    await shop.step(first, "confirm")
    await shop.reserve(ann, "twenty")
    shop.clock.move_to(LATER + timedelta(days=10))
    await shop.step(second, "cancel")
    await shop.returns(ann, "ann-first", 300, LATER + timedelta(days=11))
    await shop.pool.execute("update redemptions set held_until = clock_timestamp()")
    assert await shop.sweeper().run_once() == 1
    await shop.step(third, "confirm")
    shop.clock.move_to(LATER + timedelta(days=12))
    await shop.step(first, "reverse")

    async with shop.pool.acquire() as connection:
        programs = await read_programs(connection)
        stored = await connection.fetchrow("select * from accounts")
        inputs = await connection.fetch("select *, data::text as body from inputs order by n")
        rows = await connection.fetch("select * from points_events order by seq")
        lots = await connection.fetch("select * from lots order by lot")
    assert stored is not None
    assert len([row for row in inputs if row["outcome"] == "refused"]) == 2

    account = Account(stored["account_id"], ann)
    head, recorded = GENESIS, {row["seq"]: row["recorded_at"] for row in rows}
    for row in inputs:
        decision = decide(programs, account, _input(row))
        account = decision.account
        assert decision.outcome[:2] == (row["outcome"], row["reason"])
        for event in decision.points:
            head = link(head, recorded_bytes(recorded[event.seq]), canonical_row(event))

    assert head == bytes(stored["head_hash"])
    for name in ("pending", "available", "reserved", "owed", "seq", "inputs", "version", "tier"):
        assert getattr(account, name) == stored[name], name
    assert account.time == stored["account_time"]
    assert [tuple(lot_from(row)) for row in lots] == [tuple(lot) for lot in _lots(account)]
    assert await shop.balances(ann) == (0, account.available, 0, account.owed)


def _lots(account: Account) -> list[Lot]:
    return [account.lots[number] for number in sorted(account.lots)]


def _input(row: asyncpg.Record) -> Input:
    kind, body = row["kind"], row["body"]
    data: object
    if kind.startswith("redemption."):
        data = command_from(kind, body)
    else:
        data = CONTRACTS[kind].model.model_validate_json(body)
    return Input(
        row["source"], row["id"], kind, row["business_time"], data, bytes(row["digest"]),
        body.encode(),
    )  # fmt: skip
