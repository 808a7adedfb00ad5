"""Whatever is killed, frozen, cut or restarted: the ledger and the mails are what they should be.

Two earn processes, redeem, notify and shoppers; a history of real purchases streams in; the fault
strikes on the way. Afterwards the oracle computes everything from the topics and the accepted
commands, and nothing may differ.
"""

import asyncio
import shutil
import signal
import time
from collections.abc import Callable

import asyncpg
import pytest

from headway.local import LocalStack
from headway.local.ports import HOST
from tests.proof.installation import SEED, Installation, history
from tests.proof.proxy import OFFSET_COMMIT, PRODUCE, Proxy, kafka_request, postgres_commit
from tests.proof.recording import Record

pytestmark = [pytest.mark.proof, pytest.mark.timeout(420)]

MEMBERS = 250


async def agree(place: Installation, record: Record, **allowed: bool) -> None:
    """Nothing differs from the oracle, and the books and the topic hold."""
    differing = await place.against_the_oracle(**allowed)
    assert differing == [], "\n".join(differing[:20])
    code, told = await place.headway("verify", "--topic")
    assert code == 0, told
    rows = {table: await place.count(table) for table in ("inputs", "points_events")}
    record.note(seed=SEED, **rows, commands=len(place.shoppers.accepted))


EARN_POINTS = [
    "earn.before_commit:7",
    "earn.after_commit:7",
    "consumer.before_offset_commit:3",
    "relay.after_send:5",
]


@pytest.mark.parametrize("point", EARN_POINTS)
async def test_earn_is_killed(place: Installation, record: Record, point: str) -> None:
    events = history(MEMBERS)
    place.start_all(earn_1=point)
    place.open_shop()
    publishing = asyncio.create_task(place.publish(events))
    await place.killed("earn-1", point.partition(":")[0])
    struck = time.monotonic()
    place.start("earn-1")
    await publishing
    await place.finish()
    record.note(events=len(events), kills=1, seconds_after_kill=round(time.monotonic() - struck, 1))
    await agree(place, record)


@pytest.mark.parametrize("point", ["jobs.before_commit", "jobs.after_commit"])
async def test_a_job_is_killed(place: Installation, record: Record, point: str) -> None:
    """Which of the two finds something due first, and whether the other does, is up to chance."""
    events = history(MEMBERS)
    place.start_all(earn_1=point, earn_2=point)
    await place.publish(events)
    first = await died(place, "earn-1", "earn-2")
    await place.killed(first, point)
    place.start(first)
    revived = Revive(place, "earn-1", "earn-2")
    await place.finish(revived)
    record.note(events=len(events), kills=1 + revived.times)
    await agree(place, record)


class Revive:
    """Starts again what died of its own fail point; `times` says how often."""

    def __init__(self, place: Installation, *names: str) -> None:
        self.times = 0
        self._place = place
        self._names = names

    def __call__(self) -> None:
        for name in self._names:
            if not self._place.runs(name):
                self._place.start(name)
                self.times += 1


async def test_earn_is_killed_in_the_middle_of_halving(place: Installation, record: Record) -> None:
    """One order that the database refuses: its batch is halved until it is found."""
    events = history(MEMBERS)
    orders = [event for event in events if event.type == "order.paid"]
    doomed = orders[len(orders) // 2]
    connection = await asyncpg.connect(place.settings.postgres_dsn)
    refusal = f"check (order_id <> '{doomed.facts['order_id']}')"
    await connection.execute(f"alter table orders add constraint refuses_one {refusal}")
    place.start_all(earn_1="consumer.in_halving:2", earn_2="consumer.in_halving:2")
    publishing = asyncio.create_task(place.publish(events))
    first = await died(place, "earn-1", "earn-2")
    assert (place.fired / "consumer.in_halving").exists()
    place.start(first)
    await publishing

    # The other may meet the refused record later, and die of its own fail point.
    await place.finish(Revive(place, "earn-1", "earn-2"))
    letters = await connection.fetch("select reason, stage, message from dead_letters")
    await connection.close()
    assert [letter["stage"] for letter in letters] == ["write"]
    assert "refuses_one" in letters[0]["message"]
    code, told = await place.headway("verify", "--topic")
    assert code == 0, told
    record.note(events=len(events), kills=1, dead_letters=1)


async def died(place: Installation, *names: str) -> str:
    """The first of those processes to die."""
    async with asyncio.timeout(90):
        while True:
            for name in names:
                if not place.runs(name):
                    return name
            await asyncio.sleep(0.05)


async def test_notify_is_killed_between_sending_and_marking(
    place: Installation, record: Record
) -> None:
    events = history(MEMBERS)
    place.start_all(notify="notify.after_send:3")
    publishing = asyncio.create_task(place.publish(events))
    await place.killed("notify", "notify.after_send")
    place.start("notify")
    await publishing
    await place.finish()
    twice = place.doubled_mails()
    assert 0 < twice <= 500, "what was sent and not marked is sent again, and nothing else"
    record.note(events=len(events), kills=1, mails_doubled=twice)
    await agree(place, record, doubles_allowed=True)


async def test_redeem_is_killed_before_its_answer(place: Installation, record: Record) -> None:
    events = history(MEMBERS)
    place.start_all(redeem="redeem.before_answer:5")
    place.open_shop()
    publishing = asyncio.create_task(place.publish(events))
    await place.killed("redeem", "redeem.before_answer", within=150)
    place.start("redeem")
    await publishing
    await place.finish()
    record.note(events=len(events), kills=1)
    await agree(place, record)


async def test_earn_is_frozen_past_its_session_and_resumed(
    place: Installation, record: Record
) -> None:
    events = history(MEMBERS)
    place.start_all()
    await place.all_ready()
    half = len(events) // 2
    publishing = asyncio.create_task(place.publish(events[:half]))
    await place.decided(half // 3)
    place.signal("earn-1", signal.SIGSTOP)
    await asyncio.sleep(14)
    await publishing
    await place.publish(events[half:])
    place.signal("earn-1", signal.SIGCONT)
    await place.finish()
    record.note(events=len(events), frozen_seconds=14)
    await agree(place, record)


async def test_partitions_are_revoked_with_a_batch_in_flight(
    place: Installation, record: Record
) -> None:
    """A batch waits for a lock longer than a revocation lets it: dropped, and done elsewhere."""
    events = history(MEMBERS)
    half = len(events) // 2
    place.start_all()
    await place.all_ready()
    await place.publish(events[:half])
    await place.decided(half // 2)
    connection = await asyncpg.connect(place.settings.postgres_dsn)
    async with connection.transaction():
        await connection.execute("lock table inputs in share mode")
        publishing = asyncio.create_task(place.publish(events[half:]))
        await asyncio.sleep(1)
        place.start("earn-3")
        await asyncio.sleep(8)
    await connection.close()
    await publishing
    await place.finish()
    record.note(events=len(events), seconds_locked=9)
    await agree(place, record)


async def test_the_connection_is_cut_between_commit_and_its_answer(
    place: Installation, stack: LocalStack, record: Record
) -> None:
    proxy = Proxy(stack.postgres.port, postgres_commit, every=4, limit=8)
    port = await proxy.start()
    dsn = place.settings.postgres_dsn.replace(f":{stack.postgres.port}/", f":{port}/")
    assert dsn != place.settings.postgres_dsn
    await through(place, record, proxy, postgres_dsn=dsn)


@pytest.mark.parametrize(
    ("name", "api_key"), [("produce and its ack", PRODUCE), ("offset commit", OFFSET_COMMIT)]
)
async def test_the_connection_to_kafka_is_cut(
    place: Installation, stack: LocalStack, record: Record, name: str, api_key: int
) -> None:
    every = 3 if api_key == PRODUCE else 1
    proxy = Proxy(stack.kafka.proxied_port, kafka_request(api_key), every=every, limit=6)
    await proxy.start(stack.kafka.proxy_port)
    await through(place, record, proxy, kafka_bootstrap=f"{HOST}:{stack.kafka.proxy_port}")


async def through(place: Installation, record: Record, proxy: Proxy, **settings: str) -> None:
    """Run with one of two earn processes behind the proxy, until it has cut often enough."""
    events = history(MEMBERS)
    try:
        for name in ("sink", "earn-2", "redeem", "notify"):
            place.start(name)
        place.start("earn-1", **settings)
        place.open_shop()
        await place.publish(events)
        await place.finish()
    finally:
        proxy.stop()
    assert proxy.cuts >= 3, f"only {proxy.cuts} connections were cut"
    record.note(events=len(events), cuts=proxy.cuts)
    await agree(place, record)


async def test_kafka_is_killed_and_started_again(
    place: Installation, stack: LocalStack, record: Record
) -> None:
    await away(place, record, stack.kafka.kill, stack.kafka.start)


async def test_postgres_is_stopped_at_once_and_started_again(
    place: Installation, stack: LocalStack, record: Record
) -> None:
    await away(place, record, lambda: stack.postgres.stop("immediate"), stack.postgres.start)


async def away(
    place: Installation, record: Record, stop: Callable[[], None], start: Callable[[], None]
) -> None:
    """A server is gone for three seconds in the middle of everything."""
    events = history(MEMBERS)
    half = len(events) // 2
    place.start_all()
    await place.all_ready()
    place.open_shop()
    await place.publish(events[:half])
    await place.decided(half // 3)
    await asyncio.to_thread(stop)
    await asyncio.sleep(3)
    await asyncio.to_thread(start)
    await place.publish(events[half:])
    await place.finish()
    record.note(events=len(events), seconds_away=3)
    await agree(place, record)


async def test_postgres_is_restored_to_an_earlier_point(
    place: Installation, stack: LocalStack, record: Record
) -> None:
    """What comes from topics is read again; what came over the API since then is listed as lost."""
    events = history(MEMBERS)
    third = len(events) // 3
    place.start_all()
    await place.all_ready()
    place.open_shop()
    await place.publish(events[:third])
    await place.decided(third // 2)
    await asyncio.to_thread(stack.postgres.stop, "fast")
    await asyncio.to_thread(copy, stack, "backup")
    await asyncio.to_thread(stack.postgres.start)
    await place.publish(events[third : 2 * third])
    await place.decided(third + third // 2)
    await asyncio.sleep(2)
    await asyncio.to_thread(stack.postgres.stop, "fast")
    await asyncio.to_thread(copy, stack, "restore")
    await asyncio.to_thread(stack.postgres.start)
    await place.publish(events[2 * third :])
    await place.finish()
    connection = await asyncpg.connect(place.settings.postgres_dsn)
    epoch = await connection.fetchval("select epoch from ledger_epoch")
    await connection.close()
    assert epoch > 1, "versions after the restore are of another epoch"
    twice = place.doubled_mails()
    differing = await place.against_the_oracle(restored=True, doubles_allowed=True)
    assert differing == [], "\n".join(differing[:20])
    _, told = await place.headway("verify", "--topic")
    record.note(events=len(events), epoch=epoch, mails_doubled=twice)
    assert "lost" in told or not place.shoppers.accepted, told


def copy(stack: LocalStack, what: str) -> None:
    """Keep a copy of PostgreSQL's data while it is stopped, or put the copy back."""
    data = stack.postgres.data
    kept = data.with_name(data.name + ".kept")
    source, target = (data, kept) if what == "backup" else (kept, data)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True)
    shutil.copystat(source, target)
    for here, there in zip(sorted(source.rglob("*")), sorted(target.rglob("*")), strict=True):
        stat = here.lstat()
        if not there.is_symlink():
            shutil.chown(there, stat.st_uid, stat.st_gid)
    stat = source.stat()
    shutil.chown(target, stat.st_uid, stat.st_gid)
