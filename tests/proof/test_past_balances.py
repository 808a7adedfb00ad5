"""A balance as of a past recorded moment is what was published then, over the demo's history."""

from bisect import bisect_right
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

import asyncpg
import orjson
import pytest

from headway.access.scopes import Scope
from headway.client import AsyncClient
from headway.contracts.topics import Topics
from headway.local.demo.dump import dump_topics
from tests.proof.installation import SEED, Installation, history
from tests.proof.recording import Record

pytestmark = [pytest.mark.proof, pytest.mark.timeout(600)]

MOMENTS = 1_000
SAME = ("version", "epoch", "tier", "head_hash")
BALANCES = ("pending", "available", "reserved", "owed")
RECORDED = """
select a.member_id, p.seq as seq, '' as source, '' as id, p.recorded_at
from points_events p join accounts a using (account_id)
union all
select a.member_id, null, i.source, i.id, i.recorded_at
from inputs i join accounts a using (account_id)
"""


class Published(NamedTuple):
    """What was published of one member, by when the ledger had recorded it."""

    recorded: list[datetime]
    data: list[dict[str, object]]

    def at(self, moment: datetime) -> dict[str, object] | None:
        """The last of it as of a moment; None before the first."""
        place = bisect_right(self.recorded, moment)
        return self.data[place - 1] if place else None


async def published(place: Installation) -> dict[str, Published]:
    """balance-changed, as a reader of the topic has it, each version once and in order."""
    settings = place.settings
    topic = Topics(settings.topic_prefix).balance_changed
    await dump_topics(settings.kafka_bootstrap, settings.topic_prefix, place.folder / "topics")
    lines = (place.folder / "topics" / f"{topic}.jsonl").read_bytes().splitlines()
    told = [orjson.loads(orjson.loads(line)["value"])["data"] for line in lines]
    connection = await asyncpg.connect(settings.postgres_dsn)
    recorded = {tuple(row)[:4]: row["recorded_at"] for row in await connection.fetch(RECORDED)}
    await connection.close()
    found: dict[str, Published] = {}
    for data in sorted(told, key=lambda one: (one["member_id"], one["epoch"], one["version"])):
        member, cause = data["member_id"], data["cause"]
        mine = found.setdefault(member, Published([], []))
        if mine.data and mine.data[-1]["version"] == data["version"]:
            continue
        by_seq = (member, data["seq_to"], "", "")
        by_cause = (member, None, cause["source"], cause["id"])
        when = recorded[by_cause if data["seq_to"] is None else by_seq]
        # What had waited is recorded when it came, and published when it was released.
        mine.recorded.append(max([when, *mine.recorded[-1:]]))
        mine.data.append(data)
    return found


def moments(told: dict[str, Published], dice: Random) -> list[tuple[str, datetime]]:
    """Half at any time; of the others half as something was recorded, half just before."""
    members = sorted(told)
    first = min(one.recorded[0] for one in told.values())
    last = max(one.recorded[-1] for one in told.values())
    drawn = []
    for number in range(MOMENTS):
        member = dice.choice(members)
        if number % 2:
            moment = first + (last - first) * dice.random()
        else:
            moment = dice.choice(told[member].recorded) - timedelta(microseconds=number // 2 % 2)
        drawn.append((member, moment))
    return drawn


async def test_a_balance_of_the_past_is_what_was_published_then(
    place: Installation, record: Record
) -> None:
    events = history(100_000)
    place.start_all()
    place.open_shop()
    await place.publish(events)
    await place.finish()
    told = await published(place)
    drawn = moments(told, Random(SEED))
    place.start("redeem")
    await place.ready("redeem")
    differing, nothing_yet = [], 0
    async with AsyncClient(place.api, await place.key_for(Scope.MEMBERS_READ)) as client:
        for member, moment in drawn:
            then = (await client.balance(member, moment)).model_dump()
            data = told[member].at(moment)
            got = {**{name: then[name] for name in SAME}, **then["balances"]}
            if data is None:
                nothing_yet += 1
                wanted = {**got, "version": 0, **dict.fromkeys(BALANCES, 0)}
            else:
                wanted = {name: data[name] for name in (*SAME, *BALANCES)}
            if got != wanted:
                differing.append((member, moment, got, wanted))
    await place.stop()
    assert differing == []
    assert nothing_yet < MOMENTS / 2, "most moments are of members who have something by then"
    assert len({(member, str(told[member].at(moment))) for member, moment in drawn}) > MOMENTS / 4
    versions = sum(len(one.data) for one in told.values())
    record.note(seed=SEED, moments=len(drawn), members=len(told), versions=versions)
    record.note(before_the_first_version=nothing_yet, differences=0)
