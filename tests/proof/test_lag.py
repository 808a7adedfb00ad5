"""The lag as others tell it: Kafka's own tools, kcat, Prometheus' rules, Debian's Burrow."""

import asyncio
import json
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from signal import SIGKILL

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from headway.lag.burrow import Rules
from headway.lag.cluster import Cluster
from headway.lag.measuring import Meter, Scope
from headway.local.history.happenings import SourceEvent
from headway.local.ports import HOST, free_ports
from tests.lag.kit import Series, named, parsed
from tests.lag.public_rule import fires_for
from tests.promtool import MISSING, available
from tests.proof import kafka_tools
from tests.proof.installation import ROOT, Installation, history
from tests.proof.recording import Record
from tests.stream.kit import make_topics

pytestmark = [pytest.mark.proof, pytest.mark.timeout(600)]

Told = dict[tuple[str, str, int], tuple[int, int, int]]


async def test_every_tool_tells_the_same_lag(place: Installation, record: Record) -> None:
    """Under load between two readings of Kafka's tool; then, with earn killed, to the record."""
    kcat = shutil.which("kcat")
    if kcat is None or not available():
        pytest.skip(f"{MISSING}, or kcat is not (Debian: apt install kcat)")
    await asyncio.to_thread(kafka_tools.jars, kafka_tools.TOOLS)
    place.start_all()
    await place.all_ready()
    async with _exporter(place) as web:
        compared = asyncio.Event()
        load = asyncio.create_task(_publish_slowly(place, history(400), compared))
        await place.decided(20)
        before = await _kafka_says(place)
        ours = await _headway_says(place)
        after = await _kafka_says(place)
        moved = sum(after[key][0] - before[key][0] for key in before)
        assert moved > 0, "nothing was going on"
        for key in before.keys() & ours.keys():
            for low, middle, high in zip(before[key][:2], ours[key][:2], after[key][:2],
                                         strict=True):  # fmt: skip
                assert low <= middle <= high, key
        for name in ("earn-1", "earn-2"):
            place.signal(name, SIGKILL)
            await place.gone(name)
        compared.set()
        await load
        still = await _at_rest(place)
        assert still == await _kafka_says(place)
        metrics, text = await _metrics_at_rest(web, still)
        assert _by_metrics(metrics) == still
        ends = {(topic, part): end for (_, topic, part), (_, end, _) in still.items()}
        assert ends == await asyncio.to_thread(_kcat_ends, kcat, place, ends)
    behind = {group: 0 for group, _, _ in still}
    for (group, _, _), (_, _, lag) in still.items():
        behind[group] += lag
    loud = {group for group, lag in behind.items() if lag > 50}
    assert f"{place.settings.group_prefix}earn" in loud
    assert fires_for(text, loud, place.folder) == ""
    record.note(
        partitions=len(still), moved_while_compared=moved, behind_when_compared=sum(behind.values())
    )


async def _publish_slowly(
    place: Installation, events: Sequence[SourceEvent], compared: asyncio.Event
) -> None:
    """A few at a time until the comparison under load is over, then what is left."""
    for start in range(0, len(events), 10):
        await place.publish(events[start : start + 10])
        if not compared.is_set():
            await asyncio.sleep(0.2)


async def _kafka_says(place: Installation) -> Told:
    return await asyncio.to_thread(
        kafka_tools.consumer_groups, place.settings.kafka_bootstrap, place.settings.group_prefix
    )


async def _headway_says(place: Installation) -> Told:
    code, said = await place.headway("lag", "--json")
    assert code == 0, said
    return {
        (lag["group"], lag["topic"], lag["partition"]): (
            lag["committed"], lag["end"], lag["committed_lag"],
        )
        for lag in json.loads(said)["partitions"]
        if lag["committed"] is not None
    }  # fmt: skip


async def _at_rest(place: Installation) -> Told:
    """What is told once nothing moves any more."""
    before: Told = {}
    told = await _headway_says(place)
    while told != before:
        await asyncio.sleep(1)
        told, before = await _headway_says(place), told
    return told


@asynccontextmanager
async def _exporter(place: Installation) -> AsyncIterator[httpx.AsyncClient]:
    port = free_ports(["web"])["web"]
    settings = place.settings
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from headway.cli import main; main()", "lag", "--serve",
        f"--port={port}", f"--bind={HOST}", "--every=1", stderr=subprocess.DEVNULL, cwd=ROOT,
        env={"HEADWAY_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
             "HEADWAY_POSTGRES_DSN": settings.postgres_dsn,
             "HEADWAY_TOPIC_PREFIX": settings.topic_prefix,
             "HEADWAY_GROUP_PREFIX": settings.group_prefix},
    )  # fmt: skip
    try:
        async with httpx.AsyncClient(base_url=f"http://{HOST}:{port}") as web:
            yield web
    finally:
        process.terminate()
        await process.wait()


async def _metrics_at_rest(web: httpx.AsyncClient, still: Told) -> tuple[Series, str]:
    """What is served once a sample is younger than the moment from which nothing moved."""
    asked = time.time()
    while True:
        text = (await web.get("/metrics")).text
        found = parsed(text)
        if found["headway_lag_measured_timestamp_seconds", ()] > asked:
            return found, text
        await asyncio.sleep(0.2)


def _by_metrics(found: Series) -> Told:
    ends = named(found, "kafka_topic_partition_current_offset")
    lags = named(found, "kafka_consumergroup_lag")
    return {
        (group, topic, int(part)): (
            int(committed), int(ends[part, topic]), int(lags[group, part, topic]),
        )
        for (group, part, topic), committed in named(
            found, "kafka_consumergroup_current_offset"
        ).items()
    }  # fmt: skip


def _kcat_ends(
    kcat: str, place: Installation, asked: dict[tuple[str, int], int]
) -> dict[tuple[str, int], int]:
    """Where kcat says that these partitions end."""
    wanted = [part for topic, number in asked for part in ("-t", f"{topic}:{number}:-1")]
    told = subprocess.run(
        [kcat, "-Q", "-b", place.settings.kafka_bootstrap, *wanted],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    found = {}
    for line in told.splitlines():
        topic, _, rest = line.partition(" [")
        number, _, end = rest.partition("] offset ")
        found[topic, int(number)] = int(end)
    return found


STEPS = 20
TOPIC = "steps"
QUIET = "quiet"
Script = Callable[[int], int | None]
# What each group commits at a step, while the log ends at 200 + 20 * step; None commits nothing.
SCRIPT: dict[str, Script] = {
    "level": lambda step: 200 + 20 * step,
    "slow": lambda step: 10 + 5 * step,
    "stuck": lambda step: 10,
    "stopped": lambda step: 10 + 30 * step if step <= 8 else None,
    "rewound": lambda step: 100 + 25 * step if step < 14 else 20 + 2 * step,
}
EXPECTED = {
    12: {"level": "OK", "slow": "WARN", "stuck": "STALL", "stopped": "OK", "rewound": "OK",
         "idle": "OK"},
    STEPS: {"level": "OK", "slow": "WARN", "stuck": "STALL", "stopped": "STOP",
            "rewound": "REWIND", "idle": "OK"},
}  # fmt: skip


async def test_burrow_says_the_same_words(tmp_path: Path, record: Record) -> None:
    """A scripted run, with Debian's Burrow and ours asked at every step."""
    missing = kafka_tools.burrow_missing()
    if missing:
        pytest.skip(missing)
    rules = Rules(intervals=10, min_distance=1, offset_refresh=1)
    compared, apart = 0, list[str]()
    async with AsyncExitStack() as running:
        bootstrap = running.enter_context(kafka_tools.older_broker(tmp_path / "kafka"))
        await make_topics(bootstrap, TOPIC, QUIET, partitions=1)
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
        await producer.start()
        running.push_async_callback(producer.stop)
        await _write(producer, TOPIC, 200)
        await _write(producer, QUIET, 5)
        burrow = running.enter_context(kafka_tools.burrow(tmp_path, bootstrap))
        groups = {name: await _group(running, bootstrap, name) for name in (*SCRIPT, "idle")}
        cluster = Cluster({"bootstrap_servers": bootstrap})
        await cluster.connect()
        running.push_async_callback(cluster.close)
        meter = Meter(cluster, Scope(lambda name: name in groups, "-", "-", None), rules)
        await meter.measure()
        for step in range(1, STEPS + 1):
            due = time.monotonic() + 1.1
            await _write(producer, TOPIC, 20)
            for name, script in SCRIPT.items():
                offset = script(step)
                if offset is not None:
                    await groups[name].commit({TopicPartition(TOPIC, 0): offset})
            if step == 3:
                await groups["idle"].commit({TopicPartition(QUIET, 0): 5})
            await asyncio.sleep(max(due - time.monotonic(), 0))
            ours = await _our_words(meter)
            theirs = {name: _burrows_words(burrow, name) for name in groups}
            compared += len(groups)
            apart += [
                f"{name} at step {step}: {ours.get(name)} and {theirs[name]}"
                for name in groups
                if ours.get(name) != theirs[name]
            ]
            if step in EXPECTED:
                assert {name: told[1] for name, told in theirs.items() if told} == EXPECTED[step]
                assert {name: told[1] for name, told in ours.items()} == EXPECTED[step]
                assert ours == theirs
    record.note(steps=STEPS, words_compared=compared, apart="; ".join(apart) or "none")


async def _write(producer: AIOKafkaProducer, topic: str, count: int) -> None:
    acks = [await producer.send(topic, b"x", partition=0) for _ in range(count)]
    await asyncio.gather(*acks)


async def _group(running: AsyncExitStack, bootstrap: str, name: str) -> AIOKafkaConsumer:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, group_id=name, enable_auto_commit=False
    )
    await consumer.start()
    running.push_async_callback(consumer.stop)
    consumer.assign([TopicPartition(QUIET if name == "idle" else TOPIC, 0)])
    return consumer


async def _our_words(meter: Meter) -> dict[str, tuple[str, str, float]]:
    """By group: its word, its partition's, and how full the window is."""
    found = {}
    for group in (await meter.measure()).groups:
        status = group.partitions[0].status if group.partitions else None
        if group.status is not None and status is not None:
            found[group.name] = (
                group.status.status.name, status.status.name, round(status.complete, 3)
            )  # fmt: skip
    return found


def _burrows_words(burrow: httpx.Client, group: str) -> tuple[str, str, float] | None:
    status = burrow.get(f"/v3/kafka/local/consumer/{group}/lag").json()["status"]
    if not status["partitions"]:
        return None
    (partition,) = status["partitions"]
    return status["status"], partition["status"], round(partition["complete"], 3)
