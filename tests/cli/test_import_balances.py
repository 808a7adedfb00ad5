"""headway import balances on a real ledger: what it opens, what it refuses, and that it ties."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from headway.ledger.programs import publish
from tests.cli.importing import BALANCES, balances, month, rows, sound, write
from tests.cli.running import headway
from tests.conftest import run_apart
from tests.ledger.factory import SHOES, open_shop


@pytest.fixture
def shop(database: str) -> str:
    """The DSN of a ledger with a programme and nobody in it."""
    run_apart(publish(database, SHOES))
    return database


def test_members_start_with_what_they_had(shop: str, tmp_path: Path) -> None:
    file = write(tmp_path, BALANCES)
    said = balances(shop, file, "--check")
    assert "3 members, 3 lots, 225 points; 0 members are in the ledger already" in said
    assert said.endswith("check ok: nothing was written\n")
    assert not rows(shop, "select from accounts")

    said = balances(shop, file)
    assert "ties: the file's 225 points in 3 lots are in the ledger as batch opening" in said
    found = rows(
        shop, "select member_id, available, tier, joined_at from accounts order by member_id"
    )
    assert [tuple(row) for row in found] == [
        ("ann", 150, "gold", datetime(2019, 5, 1, 4, tzinfo=UTC)),
        ("bob", 75, "club", datetime(2024, 1, 10, 5, tzinfo=UTC)),
        ("cid", 0, "club", datetime(2020, 1, 1, 5, tzinfo=UTC)),
    ]
    lots = rows(shop, "select points, rule, earned_at, expires_at from lots order by points")
    assert [tuple(row) for row in lots] == [
        (30, "opening", datetime(2024, 2, 15, 14, tzinfo=UTC), None),
        (75, "opening", datetime(2024, 1, 10, 5, tzinfo=UTC), datetime(2029, 7, 1, 4, tzinfo=UTC)),
        (120, "opening", datetime(2024, 2, 1, 5, tzinfo=UTC), datetime(2030, 1, 1, 5, tzinfo=UTC)),
    ]
    sound(shop)
    said = headway("member", "ann", postgres_dsn=shop)
    assert "Opening balance: 150 points in 2 lots (opening)" in said


def test_the_same_file_again_changes_nothing_and_a_changed_one_is_refused(
    shop: str, tmp_path: Path
) -> None:
    file = write(tmp_path, BALANCES)
    balances(shop, file)
    before = rows(shop, "select * from accounts order by 1"), rows(shop, "select id from outbox")
    head, *lines = BALANCES.splitlines()
    turned = write(tmp_path, "\n".join([head, *reversed(lines)]), "turned.csv")
    for again in (file, turned):
        assert "3 members are in the ledger already" in balances(shop, again)
    assert before == (
        rows(shop, "select * from accounts order by 1"),
        rows(shop, "select id from outbox"),
    )

    changed = write(tmp_path, BALANCES.replace("bob,75", "bob,76") + "dee,5,2024-01-01,,,,\n")
    said = balances(shop, changed, code=1)
    assert "member bob: the ledger has another balance of batch opening\n  -> " in said
    assert "import: CONFLICT, see above; nothing was written" in said
    assert len(rows(shop, "select from accounts")) == 3
    machine = json.loads(balances(shop, changed, "--json", code=1))
    assert (machine["ok"], machine["conflicts"], machine["already_there"]) == (False, ["bob"], 2)

    more = write(tmp_path, "member_id,points,earned_at\nbob,5,2024-02-01\n")
    assert "5 points in 1 lots" in balances(shop, more, "--batch", "forgotten")
    assert rows(shop, "select available from accounts where member_id = 'bob'")[0][0] == 80
    sound(shop)


def test_the_month_ties_out_with_a_line_of_its_own(shop: str, tmp_path: Path) -> None:
    balances(shop, write(tmp_path, BALANCES))
    now = json.loads(headway("report", "month", "--json", postgres_dsn=shop))["end"][:7]
    whole, line = month(shop, now)
    assert (line["rule"], line["issued"], line["closing"]) == ("opening", "225", "225")
    assert (whole["issued"], whole["available"], whole["owed"]) == ("225", "225", "0")
    february = month(shop, "2024-02", "--by", "business")[1]
    assert (february["opening"], february["issued"], february["closing"]) == ("75", "150", "225")


async def test_orders_from_before_and_after_the_import(shop: str, tmp_path: Path) -> None:
    async with open_shop(shop) as till:
        for member_id in ("ann", "bob"):
            await till.buys(member_id, f"early-{member_id}", -20, 1000)
        await till.happens("member.joined", "cid", -30)
        await till.buys("cid", "early-cid", -29, 1000)
        await asyncio.to_thread(balances, shop, write(tmp_path, BALANCES))
        await asyncio.to_thread(sound, shop)
        await till.buys("ann", "next", 10, 1000)
        await till.buys("ann", "late", -22, 1000)
        await till.buys("bob", "late-bob", 2, 1000)
    found = {
        row["order_id"]: (row["tier"], row["counts"])
        for row in rows(shop, "select order_id, tier, counts from orders")
    }
    # Had joined years before: no welcome for cid.
    (welcome,) = rows(shop, "select exact, exact_returned from lots where rule = 'welcome'")
    assert welcome["exact"] == welcome["exact_returned"]
    # The balance was there from joining on: gold, for what it says was spent.
    assert found == {
        "early-ann": ("gold", True), "late": ("gold", True), "next": ("gold", True),
        "early-bob": ("club", True), "late-bob": ("club", True), "early-cid": ("club", True),
    }  # fmt: skip
    await asyncio.to_thread(sound, shop)


def test_points_expire_and_are_spent_by_their_own_life(shop: str, tmp_path: Path) -> None:
    file = write(tmp_path, "member_id,points,earned_at,expires_at\n"
                 "ann,100,2024-02-01,\nann,40,2024-01-01,2024-03-31\nann,7,2023-01-01,2023-12-31\n"
                 )  # fmt: skip
    assert "ties: the file's 147 points in 3 lots" in balances(shop, file)

    async def spend() -> None:
        async with open_shop(shop) as till:
            reply = await till.reserves("ann", "five", "k1", 1)
            assert reply.status == 201, reply.body
            await till.settles(60)

    run_apart(spend())
    moved = rows(
        shop,
        "select kind, points from points_events where kind in ('reserve', 'expire') order by seq",
    )
    assert [tuple(row) for row in moved] == [("expire", 7), ("reserve", 40), ("reserve", 60)]
    assert "expired: earned for the opening balance" in headway("member", "ann", postgres_dsn=shop)
    sound(shop)


def test_a_whole_batch_and_more(shop: str, tmp_path: Path) -> None:
    lines = [f"m{n:04},{n},2024-01-01" for n in range(1, 2102)]
    file = write(tmp_path, "member_id,points,earned_at\n" + "\n".join(lines))
    total = sum(range(1, 2102))
    assert f"the file's {total:,} points in 2,101 lots are in the ledger" in balances(shop, file)
    (row,) = rows(shop, "select count(*) as lots, sum(available) as points from lots")
    assert tuple(row) == (2101, total)


def test_what_is_published_is_administration_and_tells_of_no_tier(
    shop: str, tmp_path: Path
) -> None:
    balances(shop, write(tmp_path, BALANCES))
    found = rows(shop, "select topic, value from outbox order by id")
    assert {row["topic"] for row in found} == {"headway.balance-changed"}
    causes = [json.loads(row["value"])["data"]["cause"] for row in found]
    assert {(cause["source"], cause["kind"]) for cause in causes} == {("headway/import", "admin")}


WRONG = {
    "ann,1.5,2024-01-01,,,,,": "line 2: points: '1.5' will not do\n  -> write whole points",
    "ann,-5,2024-01-01,,,,,": "line 2: points: '-5' will not do",
    "ann,9000000001,2024-01-01,,,,,": "line 2: points: '9000000001' will not do",
    ",5,2024-01-01,,,,,": "line 2: member_id: is empty\n  -> write the member's id",
    "ann,5,2999-01-01,,,,,": "line 2: earned_at: '2999-01-01' will not do\n  -> write a day in the",
    "ann,5,01/02/2024,,,,,": "line 2: earned_at: '01/02/2024' will not do",
    "ann,5,,,,,,": "line 2: earned_at: is empty",
    "ann,5,2024-01-01,9999-12-31,,,,": "expires_at: '9999-12-31' will not do\n  -> write the last",
    "ann,5,2024-01-01,2023-12-31,,,,": "line 2: expires_at: is not after earned_at",
    "ann,5,2024-01-01,,2024-02-01,,,": "line 2: joined_at: the member has points earned before",
    "ann,5,2024-01-01,,,12.345,2024-01-01,": "line 2: measured: '12.345' will not do",
    "ann,5,2024-01-01,,,12,,": "line 2: measured_on: is empty",
    "ann,5,2024-01-01,,,,2024-01-01,": "line 2: measured: is empty",
    "ann,5,2024-01-01,,,12,2999-01-01,": "line 2: measured_on: '2999-01-01' will not do",
    "ann,5,2024-01-01,,,,,x": "line 2: purchases: 'x' will not do",
    "ann,5,2024-01-01": "line 2: the row: has not 8 cells, as line 1 has",
    "": "line 2: member_id: the file has no rows",
    "ann,5,2024-01-01,,2023-01-01,,,\nann,5,2024-01-01,,2023-01-02,,,":
        "line 3: joined_at: differs from the member's earlier row\n  -> state one moment",
    "ann,5,2024-01-01,,,9,2024-01-01,\nann,5,2024-01-02,,,9,2024-01-01,":
        "line 3: measured: 2024-01-01 is stated twice for this member",
}  # fmt: skip
_HEAD = "member_id,points,earned_at,expires_at,joined_at,measured,measured_on,purchases\n"


def test_all_that_is_wrong_is_told_at_once_and_nothing_is_written(
    shop: str, tmp_path: Path
) -> None:
    broken = write(tmp_path, _HEAD + "\n".join(row for row in WRONG if row and "\n" not in row))
    said = balances(shop, broken, code=1)
    assert said.endswith("headway: nothing was written\n")
    assert "line 2: points: '1.5' will not do" in said
    assert "line 17: the row: has not 8 cells" in said
    many = write(tmp_path, _HEAD + "ann,x,2024-01-01,,,,,\n" * 500)
    said = balances(shop, many, code=1)
    assert said.count("\n  -> ") == 100
    assert "reading stopped at 100 mistakes" in said
    assert not rows(shop, "select from accounts")
    said = balances(shop, write(tmp_path, "member_id,point,earned_at\n"), code=1)
    assert "line 1: points: this column is missing" in said
    assert "line 1: 'point': no such column\n  -> rename or remove it; known: member_id," in said
    assert "write 1 to 64 letters" in balances(shop, many, "--batch", "a:b", code=2)


def test_without_a_programme_nothing_can_be_imported(database: str, tmp_path: Path) -> None:
    said = balances(database, write(tmp_path, BALANCES), code=2)
    assert "run `headway program publish FILE`" in said
