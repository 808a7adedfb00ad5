"""Finding letters and sending them again: whoever is at it, each goes once and is on record."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from headway.access.audit import Actor, entries
from headway.errors import UserError
from headway.stream.dead_letters.checking import hindrance
from headway.stream.dead_letters.kept import Filter, Kept, Page, counted, listed, shown
from headway.stream.dead_letters.pacing import Pace
from headway.stream.dead_letters.replaying import Busy, Replayer, StillRefused, matching, target
from tests.stream.kit import make_topics, read_all
from tests.stream.letters import NOW, joined, kept, letter, person, record, write


async def test_of_two_people_one_sends(kafka: str, topics: str, database: str) -> None:
    await make_topics(kafka, f"{topics}members")
    async with (
        person(kafka, database, topics) as (one, connection),
        person(kafka, database, topics, by=Actor("operator", "bob")) as (other, _),
    ):
        letters = await write(
            connection, *(letter(record(f"{topics}members", n)) for n in range(12))
        )
        # Each has one connection, so their letters go one after another, side by side.
        said = await asyncio.gather(*(_in_turn(who, letters) for who in (one, other)))
        assert len(said[0]) + len(said[1]) == 12, "each was refused to one of them"
        sent = await read_all(kafka, f"{topics}members")
        assert sorted(r.value for r in sent) == sorted(x.value or b"" for x in letters)
        for x in letters:
            acts = await entries(connection, limit=9, target=target(x.id))
            assert [(act.act, act.detail["times"]) for act in acts] == [("dlq.replay", 1)]
            assert (await shown(connection, x.id)).replays == 1


async def _in_turn(who: Replayer, letters: list[Kept]) -> list[UserError]:
    """Send them all; what was said of those that were not sent."""
    refused = []
    for one in letters:
        try:
            await who.replayed(one.id, NOW)
        except UserError as error:
            refused.append(error)
    return refused


async def test_what_somebody_holds_is_left_alone(kafka: str, topics: str, database: str) -> None:
    async with person(kafka, database, topics) as (replayer, connection):
        (one,) = await write(connection, letter(record(f"{topics}members")))
        holder = await asyncpg.connect(database)
        try:
            async with holder.transaction():
                await holder.execute("select from dead_letters for update")
                with pytest.raises(Busy):
                    await replayer.replayed(one.id, NOW)
        finally:
            await holder.close()
        assert (await shown(connection, one.id)).replayed_at is None


async def test_what_cannot_be_recorded_is_not_sent(kafka: str, topics: str, database: str) -> None:
    await make_topics(kafka, f"{topics}members")
    nobody = Actor("operator", "x" * 200)
    async with person(kafka, database, topics, by=nobody) as (replayer, connection):
        (one,) = await write(connection, letter(record(f"{topics}members")))
        with pytest.raises(asyncpg.CheckViolationError):
            await replayer.replayed(one.id, NOW)
        assert (await shown(connection, one.id)).replayed_at is None
    assert await read_all(kafka, f"{topics}members") == []


async def test_a_mended_letter_goes_only_when_it_is_right(
    kafka: str, topics: str, database: str
) -> None:
    await make_topics(kafka, f"{topics}members")
    async with person(kafka, database, topics) as (replayer, connection):
        (one,) = await write(connection, letter(record(f"{topics}members", value=b"{")))
        with pytest.raises(StillRefused, match="data is missing") as refused:
            await replayer.mended_and_replayed(one.id, b'{"specversion": "1.0"}', NOW)
        assert refused.value.problem.field == "data"
        with pytest.raises(StillRefused, match="not-json"):
            await replayer.replayed(one.id, NOW)
        await replayer.mended_and_replayed(one.id, joined(), NOW)
        with pytest.raises(UserError, match="was sent again already"):
            await replayer.mended_and_replayed(one.id, joined(), NOW)
        await replayer.mended_and_replayed(one.id, joined(), NOW, again=True)
        assert (await shown(connection, one.id)).replays == 2
    assert len(await read_all(kafka, f"{topics}members")) == 2


async def test_what_is_not_kept_cannot_be_sent(kafka: str, topics: str, database: str) -> None:
    async with person(kafka, database, topics) as (replayer, connection):
        contact = letter(record(f"{topics}member-contacts"))._replace(value=None, headers=())
        gone = letter(record(f"{topics}members", key=b"erased:x"))._replace(value=None)
        empty = letter(record(f"{topics}members", 1))._replace(value=None)
        ids = [x.id for x in await write(connection, contact, gone, empty)]
        for id_, why in zip(
            ids, ["contacts are personal", "was erased", "without one"], strict=True
        ):
            with pytest.raises(UserError, match=f"has no body.*{why}"):
                await replayer.replayed(id_, NOW)
        for id_ in ids[:2]:
            with pytest.raises(UserError, match="has no body"):
                await replayer.mended_and_replayed(id_, joined(), NOW)


@pytest.mark.parametrize("name", ["balance-changed", "member-notices", "effects", "notifications"])
def test_what_headway_itself_writes_is_sent_as_it_is_or_not_at_all(name: str) -> None:
    ours, others = (kept(record(f"t.{topic}")) for topic in (name, "orders"))
    said = hindrance(ours, "t.", mending=True, again=False)
    assert f"is of t.{name}, which Headway itself writes" in (said or "")
    assert hindrance(ours, "t.", mending=False, again=False) is None
    assert hindrance(others, "t.", mending=True, again=False) is None
    assert hindrance(ours, "other.", mending=True, again=False) is None


async def test_each_part_of_a_filter_narrows(database: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        first = letter(record("a", 0))
        others = [
            first._replace(topic="b"),
            first._replace(offset=1, reason="not-json"),
            first._replace(offset=2, field="other"),
            first._replace(offset=3, group="h"),
            first._replace(offset=4, failed_at=first.failed_at - timedelta(hours=1)),
            first._replace(offset=5, key=b"m2"),
            first._replace(offset=6, value=b"nothing"),
        ]
        ids = [x.id for x in await write(connection, first, *others)]
        # Each part leaves out exactly the letter that differs from the first in it.
        parts = [
            Filter(topic="a"), Filter(reason=first.reason), Filter(field=first.field),
            Filter(group="g-earn"), Filter(since=first.failed_at), Filter(key=b"m1"),
            Filter(contains=b"member.joined"),
        ]  # fmt: skip
        for part, left_out in zip(parts, ids[1:], strict=True):
            found = await listed(connection, part, Page())
            assert [x.id for x in found] == [x for x in ids if x != left_out], part
            assert sum(x.letters for x in await counted(connection, part)) == 7
        until = await listed(connection, Filter(until=first.failed_at), Page())
        assert [x.id for x in until] == [ids[5]]
        assert [x.id for x in await listed(connection, Filter(), Page(ids[1], 2))] == ids[2:4]
        assert await matching(connection, Filter(state="all")) == ids
        await connection.execute(
            "update dead_letters set replayed_at = now() where id = $1", ids[0]
        )
        assert await matching(connection, Filter()) == ids[1:]
        assert await matching(connection, Filter(state="replayed")) == ids[:1]
    finally:
        await connection.close()


@pytest.mark.parametrize("rate", [0.5, 3, 100])
async def test_no_second_has_more_turns_than_the_rate(rate: float) -> None:
    clock, taken = [0.0], []

    async def sleep(seconds: float) -> None:
        clock[0] += seconds

    pace = Pace(rate, lambda: clock[0], sleep)
    for number in range(40):
        await pace.turn()
        taken.append(clock[0])
        # Some sends take longer than a turn; time lost so is not made up for in a burst.
        clock[0] += 5 / rate if number % 7 == 0 else 0.1 / rate
    window = max(1.0, 1 / rate)
    most = max(sum(1 for t in taken if start <= t < start + window - 1e-9) for start in taken)
    assert most <= max(1, rate)
    assert taken[6] - taken[1] == pytest.approx(5 / rate), "and not fewer either"


async def test_only_what_is_sent_takes_a_turn(kafka: str, topics: str, database: str) -> None:
    await make_topics(kafka, f"{topics}members")
    turns = []

    class Counting(Pace):
        async def turn(self) -> None:
            turns.append(1)

    async with person(kafka, database, topics, Counting(1)) as (replayer, connection):
        good = [letter(record(f"{topics}members", n)) for n in range(3)]
        bad = [letter(record(f"{topics}members", n, b"{")) for n in range(3, 9)]
        for x in await write(connection, *good, *bad):
            if x.value == b"{":
                with pytest.raises(StillRefused):
                    await replayer.replayed(x.id, NOW)
            else:
                await replayer.replayed(x.id, NOW)
    assert len(turns) == 3
    assert len(await read_all(kafka, f"{topics}members")) == 3
