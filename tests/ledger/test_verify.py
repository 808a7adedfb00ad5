"""headway verify: a sound ledger passes, and each kind of damage fails its own check."""

import asyncpg
import pytest

from headway.cli.output import snapshot
from headway.ledger.verify import Report, verify
from tests.ledger.factory import COFFEE, open_shop
from tests.ledger.tampering import tamper


def _of(member: str) -> str:
    return f"(select account_id from accounts where member_id = '{member}')"


ANN, BOB, DAN, ZOE = (_of(member) for member in ("ann", "bob", "dan", "zoe"))


async def report_of(dsn: str) -> Report:
    async with snapshot(dsn) as connection:
        return await verify(connection)


def broken(report: Report) -> set[str]:
    return {check.name for check in report.checks.values() if not check.ok}


async def test_a_sound_ledger_passes_every_check(busy_database: str) -> None:
    async with snapshot(busy_database) as connection:
        kinds = await connection.fetch("select distinct kind from points_events order by kind")
        outcomes = await connection.fetch("select distinct outcome from inputs order by outcome")
    assert [row["kind"] for row in kinds] == [
        "activate", "earn", "expire", "redeem", "release", "repay", "reserve", "restore", "reverse",
    ]  # fmt: skip
    assert [row["outcome"] for row in outcomes] == ["applied", "nothing", "parked", "refused"]
    report = await report_of(busy_database)
    assert broken(report) == set(), [check.findings for check in report.checks.values()]
    for name, check in report.checks.items():
        assert check.examined or name in ("moves", "stock", "codes", "adjustments"), name
    totals = dict(report.totals)
    assert totals.pop("issued") == sum(totals.values())
    assert totals["redeemed"] == 200


async def test_waived_points_are_accounted_for(database: str) -> None:
    async with open_shop(database, COFFEE) as shop:
        await shop.happens("member.joined", "ann", 0)
        lines = [{"line_id": "1", "sku": "c", "quantity": 2, "amount": 6000}]
        await shop.happens("order.paid", "ann", 1, order_id="o1", currency="EUR", lines=lines)
        await shop.reserves("ann", "espresso", "k1", 2)
        await shop.reserves("ann", "espresso", "k2", 2)
        await shop.happens("order.cancelled", "ann", 3, order_id="o1")
        waived = await shop.pool.fetchval("select sum(waived) from lots")
        held = await shop.pool.fetchval("select redemption_id from redemptions limit 1")
        assert waived > 0
        assert broken(await report_of(database)) == set()
        await shop.steps("cancel", held, "k3", 4)
        assert await shop.pool.fetchval("select sum(waived) from lots") < waived
    assert broken(await report_of(database)) == set()


async def test_an_empty_ledger_is_sound(database: str) -> None:
    report = await report_of(database)
    assert report.ok
    assert report.totals["issued"] == 0


async def test_a_held_account_is_noted(database: str) -> None:
    async with open_shop(database) as shop:
        await shop.happens("member.joined", "ann", 0)
        await shop.pool.execute("update accounts set held = 'KeyError: x'")
    report = await report_of(database)
    assert report.ok
    assert "KeyError: x" in report.notes[0]


# (what is done to the ledger, whether its chains are made to fit, the checks that must fail)
DAMAGE: dict[str, tuple[list[str], bool, set[str]]] = {
    "a row was recorded at another time": (
        [f"update points_events set recorded_at = recorded_at + interval '1 s'"
         f" where account_id = {ANN} and seq = 2"], False, {"chain"}),
    "a hash was replaced": (
        [f"update points_events set hash = sha256('x') where account_id = {ANN} and seq = 2"],
        False, {"chain"}),
    "the account names another last hash": (
        [f"update accounts set head_hash = sha256('x') where account_id = {ANN}"],
        False, {"chain"}),
    "a last hash without rows": (
        [f"update accounts set head_hash = sha256('x') where account_id = {ZOE}"],
        False, {"chain"}),
    "somebody else pays for a row": (
        [f"update points_events set funder = 'nobody' where account_id = {ANN} and seq = 2"],
        False, {"chain"}),
    "an input was rewritten": (
        ["update inputs set data = replace(data::text, '24999', '25999')::json"
         " where data::text like '%24999%'"], False, {"inputs"}),
    "points were redeemed before they were reserved": (
        # The two rows of dan's redemption change places; all sums stay as they were.
        [f"create temporary table pair on commit drop as select * from points_events"
         f" where account_id = {DAN} and \"group\" is not null and kind in ('reserve', 'redeem')",
         f"update points_events e set kind = p.kind, from_bucket = p.from_bucket,"
         f" to_bucket = p.to_bucket, points = p.points, cause = p.cause, lot = p.lot from pair p"
         f" where e.account_id = {DAN} and e.seq in (select seq from pair)"
         f" and p.seq = (select min(seq) + max(seq) from pair) - e.seq"],
        True, {"never-negative"}),
    "the account counts an input too many": (
        [f"update accounts set inputs = inputs + 1 where account_id = {ANN}"], False, {"sequence"}),
    "the account counts a tier event too many": (
        [f"update accounts set tier_seq = tier_seq + 1 where account_id = {ANN}"],
        False, {"sequence"}),
    "an account is gone": (
        [f"delete from accounts where account_id = {ZOE}"], False, {"sequence"}),
    "a version was skipped": (
        [f"update accounts set version = version + 1 where account_id = {ANN}"],
        False, {"versions"}),
    "a row names a cause that is no input": (
        [f"update points_events set cause = 999 where account_id = {DAN} and kind = 'redeem'"],
        True, {"causes"}),
    "an award comes from an input that gave nothing": (
        ["update inputs set outcome = 'nothing' where kind = 'review.published'"],
        False, {"causes"}),
    "a balance moved from one member to another": (
        [f"update accounts set pending = pending + 1 where account_id = {ANN}",
         f"update accounts set pending = pending - 1 where account_id = {BOB}"],
        False, {"balances"}),
    "points from nowhere": (
        [f"update accounts set pending = pending + 1 where account_id = {ANN}"],
        False, {"balances", "totals"}),
    "a lot says other than its rows": (
        [f"update lots set expired = expired - 1 where account_id = {ANN}"
         f" and lot = (select min(lot) from lots where account_id = {ANN} and expired > 0)"],
        False, {"lots"}),
    "a lot is gone": (
        [f"delete from lots where account_id = {ANN} and lot = 1"], False, {"lots"}),
    "another remainder is carried": (
        [f"update accounts set state = jsonb_set(state::jsonb, '{{remainders,base}}', '7')::json"
         f" where account_id = {ANN}"], False, {"fractions"}),
    "a row that is no award holds exact points": (
        [f"update points_events set exact = 5 where account_id = {ANN} and kind = 'activate'"],
        True, {"awards"}),
    "more was taken back than was given": (
        [f"update points_events set exact = -999000000 where account_id = {ANN}"
         f" and kind = 'reverse' and exact < 0"], True, {"awards", "lots", "fractions"}),
    "the tier is not where its events end": (
        [f"update accounts set tier = 'elite' where account_id = {ANN}"], False, {"tiers"}),
    "a tier event leaves a tier the member did not have": (
        [f"update tier_events set tier_from = 'elite' where account_id = {ANN} and tier_seq = 2"],
        False, {"tiers"}),
    "a redemption has another state than its rows": (
        [f"update redemptions set state = 'cancelled' where account_id = {DAN}"],
        False, {"redemptions"}),
    "a redemption says that more came back than its rows": (
        [f"update redemptions set restored_points = 1 where account_id = {DAN}"],
        False, {"redemptions"}),
    "more was saved than was redeemed": (
        [f"update accounts set state = jsonb_set(state::jsonb, '{{saved,USD}}', '1500')::json"
         f" where account_id = {ANN}"], False, {"saved"}),
    "what waits is forgotten": (
        [f"delete from parked where account_id = {ZOE}"], False, {"parked"}),
    "nothing wakes the account": (
        [f"update accounts set next_due_at = null where account_id = {BOB}"], False, {"waking"}),
    "an order names an input that is not there": (
        ["update orders set n = 999 where order_id = 'dan-1'"], False, {"keys"}),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
async def test_damage_fails_its_own_check(busy_database: str, damage: str) -> None:
    statements, rehash, expected = DAMAGE[damage]
    await tamper(busy_database, *statements, rehash=rehash)
    report = await report_of(busy_database)
    assert broken(report) == expected, [check.findings for check in report.checks.values()]
    for name in expected:
        assert report.checks[name].findings


async def test_it_reads_and_changes_nothing(database: str) -> None:
    async with open_shop(database) as shop:
        await shop.happens("member.joined", "ann", 0)
    async with snapshot(database) as connection:
        await verify(connection)
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connection.execute("delete from parked")
