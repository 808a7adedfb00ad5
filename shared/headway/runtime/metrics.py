"""The metrics that services share, declared once, with what they mean.

docs/metrics.md is exported from here and from the services' own `metrics` modules.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY, generate_latest

from headway.runtime.declaring import Declarations

if TYPE_CHECKING:
    import asyncpg

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_consumer = Declarations("Reading from Kafka", "earn and notify, each for its own group", order=2)
_relay = Declarations(
    "Publishing to Kafka", "earn and redeem, each for the shards it holds", order=3
)
_process = Declarations("The process", "earn, redeem and notify", order=1)

_WORK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

RECORDS = _consumer.counter(
    "headway_records_total", "Kafka records applied durably.", ["group", "topic"]
)
EVENT_AGE = _consumer.many(
    "headway_event_age_seconds",
    "Age of each record when what was decided on it was durable: now less the record's timestamp in"
    " Kafka, which is when it was published (business time may be long before).",
    ["group", "topic"],
    buckets=(
        0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 21_600, 86_400,
    ),
)  # fmt: skip
BATCHES = _consumer.counter("headway_batches_total", "Batches applied durably.", ["group"])
BATCH_RECORDS = _consumer.histogram(
    "headway_batch_records",
    "Records in a batch; at the most that is allowed the group is catching up.",
    ["group"],
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000),
)
BATCH_SECONDS = _consumer.histogram(
    "headway_batch_seconds",
    "Time from a batch's first try to its commit, retries included.",
    ["group"],
    buckets=_WORK,
)
BATCH_PHASE_SECONDS = _consumer.histogram(
    "headway_batch_phase_seconds",
    "Time of each phase of the transaction that made a batch durable. Of earn: decode, connect"
    " (waiting for a connection of the pool), lock (accounts made and locked), load (what is known"
    " read), decide, write, commit. Of notify: decode, connect, write, commit.",
    ["group", "phase"],
    buckets=_WORK,
)
BATCH_TROUBLE = _consumer.counter(
    "headway_batch_trouble_total",
    "Batches that failed once more, by what was done: retry, redo, halve, fatal. Tries to find out"
    " from the database where to read on count as retry.",
    ["group", "verdict"],
)
LAG = _consumer.gauge(
    "headway_lag_records",
    "Records in the log that this process, which holds the partition, has not applied yet.",
    ["group", "topic", "partition"],
)
HELD_BACK = _consumer.gauge(
    "headway_partitions_held_back",
    "Partitions not read for now, because siblings lag behind them in business time.",
    ["group"],
)
REBALANCES = _consumer.counter(
    "headway_rebalances_total",
    "Times partitions were assigned, once for each consumer of the process.",
    ["group"],
)
OFFSETS_COMMITTED = _consumer.counter(
    "headway_offset_commits_total",
    "Offset commits to Kafka, by outcome: ok, failed.",
    ["group", "outcome"],
)
DEAD_LETTERS = _consumer.counter(
    "headway_dead_letters_total",
    "Records refused for good, by the reason that their dead letter tells.",
    ["group", "topic", "reason"],
)

OUTBOX_WAITING = _relay.gauge(
    "headway_outbox_rows_waiting",
    "Outbox rows of all shards not yet published, as this process last counted them up to the limit"
    " at which earn pauses. The same in every process: take the highest, never the sum.",
)
OUTBOX_STALLED = _relay.gauge(
    "headway_outbox_stalled_seconds",
    "Seconds since this process last published anything while it had rows to publish; 0 if none.",
)
OUTBOX_SHARDS = _relay.gauge(
    "headway_outbox_shards_held", "Outbox shards this process publishes, of 16."
)
OUTBOX_SENT = _relay.counter("headway_outbox_published_total", "Outbox rows published.", ["topic"])
OUTBOX_TRIPS = _relay.counter(
    "headway_outbox_round_trips_total", "Statements the relay sent to Postgres."
)
OUTBOX_TROUBLE = _relay.counter(
    "headway_outbox_trouble_total",
    "Times the relay had to start over, by cause: kafka, postgres.",
    ["cause"],
)

REQUEST_SECONDS = _process.histogram(
    "headway_http_request_seconds",
    "Time from a request to the end of its answer, in redeem's API and on notify's web port."
    " `route` is the template, never the path; `status` is 0 where nothing was answered.",
    ["method", "route", "status"],
    buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
CLOCK = _process.gauge(
    "headway_clock_seconds",
    "The process's clock, in seconds since 1970, when it was asked: what it differs by from"
    " Prometheus's own, which is timestamp() of it.",
)
CLOCK.set_function(time.time)
POOL_CONNECTIONS = _process.gauge(
    "headway_database_pool_connections",
    "Connections of the pool to Postgres, by state: in_use, idle. The relay has one of its own.",
    ["state"],
)
POOL_LIMIT = _process.gauge(
    "headway_database_pool_connections_limit", "Connections that the pool may open, at most."
)


def watch_pool(pool: "Callable[[], asyncpg.Pool[asyncpg.Record]]") -> None:
    """From now on tell of this pool, which need not be open yet."""

    def tell(count: "Callable[[asyncpg.Pool[asyncpg.Record]], int]") -> Callable[[], float]:
        def counted() -> float:
            try:
                return count(pool())
            except RuntimeError:  # Not started yet.
                return 0

        return counted

    POOL_CONNECTIONS.labels("in_use").set_function(tell(lambda p: p.get_size() - p.get_idle_size()))
    POOL_CONNECTIONS.labels("idle").set_function(tell(lambda p: p.get_idle_size()))
    POOL_LIMIT.set_function(tell(lambda p: p.get_max_size()))


def exposition() -> bytes:
    """All metrics of this process in Prometheus' text form."""
    return generate_latest(REGISTRY)
