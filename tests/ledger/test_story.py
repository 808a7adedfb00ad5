"""A member's story: every line of the ledger, in words, with the balance after it."""

import asyncpg
import pytest

from headway.cli.output import snapshot
from headway.errors import UserError
from headway.ledger.story import StoryLine, read_member, story
from tests.ledger.factory import COFFEE, open_shop


def saying(lines: list[StoryLine], words: str) -> StoryLine:
    found = [line for line in lines if words in line.what]
    assert len(found) == 1, f"{words!r} in {len(found)} of {[line.what for line in lines]}"
    return found[0]


async def test_every_row_is_told_once_and_the_last_balance_is_the_account_s(
    busy_database: str,
) -> None:
    async with snapshot(busy_database) as connection:
        members = await connection.fetch("select member_id from accounts order by 1")
        for (member_id,) in members:
            member = await read_member(connection, member_id)
            lines = await story(busy_database, member_id)
            told = [line.seq for line in lines if line.seq is not None]
            assert told == [row.seq for row in member.points]
            assert lines[-1].after == member.balances
            inputs = {line.n for line in lines}
            assert inputs == {item.n for item in member.inputs}


async def test_what_was_earned_names_the_rule_and_the_fractions(busy_database: str) -> None:
    lines = await story(busy_database, "ann")
    head = saying(lines, "Order ann-1: 2 x shoe-1 (boots) 249.99 USD; 2 x shoe-2")
    rows = [line for line in lines if line.n == head.n and line.seq is not None]
    assert rows[0].rule == "base"
    assert "1 point for every 1.00 USD, line 1; 249.99 + 0 carried, 0.99 left" in rows[0].what
    assert "to spend from 2024-03-16" in rows[0].what
    assert (rows[0].points, rows[0].after.pending) == (249, 249)
    assert str(rows[0].at.tzinfo) == "America/New_York"
    back = saying(lines, "for order ann-1 line 2 (base), still pending; 12.75 points exactly")
    assert (back.source, back.target) == ("pending", "reversed")
    saying(lines, "welcome: 20 points for joining; expires on 2025-04-01")
    saying(lines, "Tier is now Gold")
    saying(lines, "referrer: 50 points to the referrer when a referred friend buys")


async def test_what_gave_nothing_says_why(busy_database: str) -> None:
    lines = await story(busy_database, "ann")
    saying(lines, "Activity: looked-around - gave nothing: no rule awards it")
    saying(lines, "Asked for $20 off - refused: insufficient points")
    assert [line.what for line in await story(busy_database, "zoe")] == [
        "Order zoe-1: 2 x shoe-1 (boots) 10.00 USD - waits for member"
    ]


async def test_redemptions_and_what_is_owed_are_told(busy_database: str) -> None:
    lines = await story(busy_database, "dan")
    saying(lines, "Took $5 off")
    owed = saying(lines, "taken back for order dan-1 line 1 (boots), not there any more: owed")
    assert (owed.points, owed.after.owed) == (60, -80)
    assert any("clears what is owed" in line.what for line in lines)
    ann = await story(busy_database, "ann")
    saying(ann, "Gave back $5 off")
    saying(ann, "Gave up $5 off")
    assert any("held for $5 off: earned for order ann-1 line 1" in line.what for line in ann)


async def test_what_is_waived_is_told(database: str) -> None:
    async with open_shop(database, COFFEE) as shop:
        await shop.happens("member.joined", "ann", 0)
        lines = [{"line_id": "1", "sku": "c", "quantity": 2, "amount": 6000}]
        await shop.happens("order.paid", "ann", 1, order_id="o1", currency="EUR", lines=lines)
        await shop.reserves("ann", "espresso", "k1", 2)
        await shop.happens("order.cancelled", "ann", 3, order_id="o1")
    told = await story(database, "ann")
    saying(told, "what is missing is waived: earned for order o1 line 1")
    assert told[-1].after.owed == 0


async def test_an_unknown_member_is_told_with_what_to_do(database: str) -> None:
    async with open_shop(database):
        with pytest.raises(UserError, match="knows no member 'nobody'"):
            await story(database, "nobody")
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await story(database + "_not", "nobody")
