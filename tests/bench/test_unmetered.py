"""What the bench of metrics compares with is earn without any: else like is compared with like."""

import subprocess
import sys

PROGRAM = """
from bench.unmetered import unmeter
unmeter()
import headway.stream.consumer as consumer
from headway.runtime import metrics
from headway.stream.batch import Applied
metrics.RECORDS.labels("g", "t").inc()
metrics.EVENT_AGE.observe_all(("g", "t"), [1.0])
consumer.count_applied("g", Applied({}, phases={"decide": 1.0}), {"t": [1]})
consumer.count_batch("g", 1, 1.0)
print(metrics.exposition().decode())
"""


def test_nothing_is_counted() -> None:
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    ).stdout
    series = [line for line in told.splitlines() if line.startswith("headway_")]
    assert 'headway_records_total{group="g",topic="t"} 0.0' in series
    # The clock is read when somebody asks, and costs nothing else.
    series = [line for line in series if not line.startswith("headway_clock_seconds ")]
    assert {line.rpartition(" ")[2] for line in series} == {"0.0"}
