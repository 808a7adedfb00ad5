"""What is told of a batch: counted in the metrics, and one canonical line in the log."""

import time
from collections import Counter

from headway.runtime import metrics
from headway.runtime.logging import event
from headway.stream.batch import Applied, Batch


class BatchLine:
    """What one batch came to, over all the transactions that it took."""

    def __init__(self) -> None:
        self._topics: Counter[str] = Counter()
        self._numbers: Counter[str] = Counter()
        self._phases: dict[str, float] = {}

    def add(self, applied: Applied, by_topic: dict[str, list[int]]) -> None:
        """One transaction more; `by_topic` has its records' timestamps."""
        for topic, stamps in by_topic.items():
            self._topics[topic] += len(stamps)
        self._numbers.update(applied.facts)
        for phase, seconds in applied.phases.items():
            self._phases[phase] = self._phases.get(phase, 0.0) + seconds

    def write(self, group: str, seconds: float, lag: int, retries: int) -> None:
        """Write it. Times are in seconds (…_s); lag in records; retries are failed tries."""
        records = self._topics.total()
        numbers = {"repeats": 0, "refused": 0, **self._numbers}
        event(
            "batch",
            "batch applied",
            group=group,
            topics=dict(self._topics),
            records=records,
            applied=records - numbers["repeats"] - numbers["refused"],
            more=numbers | {f"{name}_s": round(took, 4) for name, took in self._phases.items()},
            duration_s=round(seconds, 4),
            lag=lag,
            retries=retries,
        )


def stamps_by_topic(batch: Batch) -> dict[str, list[int]]:
    """Kafka's timestamps of the records, in milliseconds, by topic."""
    found: dict[str, list[int]] = {}
    for record in batch.records:
        found.setdefault(record.topic, []).append(record.timestamp)
    return found


def count_applied(group: str, applied: Applied, by_topic: dict[str, list[int]]) -> None:
    """Count one transaction that is durable."""
    now = time.time() * 1000
    for topic, stamps in by_topic.items():
        metrics.RECORDS.labels(group, topic).inc(len(stamps))
        # A clock that runs behind the broker's makes nothing younger than new.
        ages = [max(now - stamp, 0.0) / 1000 for stamp in stamps if stamp >= 0]
        metrics.EVENT_AGE.observe_all((group, topic), ages)
    for phase, seconds in applied.phases.items():
        metrics.BATCH_PHASE_SECONDS.labels(group, phase).observe(seconds)


def count_batch(group: str, records: int, seconds: float) -> None:
    """Count a batch once all of it is durable."""
    metrics.BATCHES.labels(group).inc()
    metrics.BATCH_RECORDS.labels(group).observe(records)
    metrics.BATCH_SECONDS.labels(group).observe(seconds)
