"""Every metric of Headway, declared once, with what it means."""

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

RECORDS = Counter("headway_records_total", "Kafka records applied durably.", ["group", "topic"])
BATCHES = Counter("headway_batches_total", "Batches applied durably.", ["group"])
BATCH_SECONDS = Histogram(
    "headway_batch_seconds",
    "Time from a batch's first try to its commit, retries included.",
    ["group"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
BATCH_TROUBLE = Counter(
    "headway_batch_trouble_total",
    "Batches that failed once more, by what was done: retry, redo, halve, fatal.",
    ["group", "verdict"],
)
LAG = Gauge(
    "headway_lag_records",
    "Records in the log that this process has not applied yet.",
    ["group", "topic", "partition"],
)
HELD_BACK = Gauge(
    "headway_partitions_held_back",
    "Partitions not read for now, because siblings lag behind them in business time.",
    ["group"],
)
REBALANCES = Counter("headway_rebalances_total", "Times partitions were assigned.", ["group"])
OFFSETS_COMMITTED = Counter(
    "headway_offset_commits_total",
    "Offset commits to Kafka, by outcome: ok, failed.",
    ["group", "outcome"],
)
DEAD_LETTERS = Counter(
    "headway_dead_letters_total", "Records refused for good.", ["group", "topic", "reason"]
)
OUTBOX_WAITING = Gauge(
    "headway_outbox_rows_waiting", "Outbox rows not yet published, counted up to a bound."
)
OUTBOX_STALLED = Gauge(
    "headway_outbox_stalled_seconds",
    "Seconds since this process last published anything while it had rows to publish; 0 if none.",
)
OUTBOX_SHARDS = Gauge("headway_outbox_shards_held", "Outbox shards this process publishes.")
OUTBOX_SENT = Counter("headway_outbox_published_total", "Outbox rows published.", ["topic"])
OUTBOX_TRIPS = Counter("headway_outbox_round_trips_total", "Statements the relay sent to Postgres.")
OUTBOX_TROUBLE = Counter(
    "headway_outbox_trouble_total", "Times the relay had to start over, by cause.", ["cause"]
)

JOBS_SETTLED = Counter("headway_jobs_settled_total", "Accounts settled because something was due.")


def exposition() -> bytes:
    """All metrics of this process in Prometheus' text form."""
    return generate_latest(REGISTRY)
