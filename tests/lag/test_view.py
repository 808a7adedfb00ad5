"""How a lag reads."""

import pytest

from headway.cli.lag_view import in_words, partitions_table
from headway.lag.burrow import GroupStatus, Status
from headway.lag.snapshot import GroupLag
from headway.status.charts import sparkline
from headway.status.words import duration
from tests.lag.test_exposition import BEHIND, SNAPSHOT


@pytest.mark.parametrize(
    ("values", "shown"),
    [([], ""), ([0, 0], "▁▁"), ([0, 7, 14], "▁▅█"), ([100, 50, 0], "█▅▁"), ([3], "█")],
)
def test_sparkline(values: list[int], shown: str) -> None:
    assert sparkline(values) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "-"), (0, "0 s"), (0.24, "0.2 s"), (119, "1 min 59 s"), (120, "2 min"), (7200, "2 h"),
     (172_800, "2 d")],
)  # fmt: skip
def test_seconds(seconds: float | None, shown: str) -> None:
    assert duration(seconds) == shown


def test_who_reads_a_partition_stands_beside_it() -> None:
    """That is whose log the runbook sends people to."""
    table = partitions_table(SNAPSHOT, everything=True)
    column = table.columns[-1]
    assert (column.header, [str(cell) for cell in column.cells]) == (
        "read by", ["reader-1", "nobody", "reader-1"],
    )  # fmt: skip


def test_a_group_in_one_line() -> None:
    earn, gone, _ = SNAPSHOT.groups
    assert in_words(earn) == (
        "earn: 70 behind, ERR (STALL), the oldest waits for 12 s, 2 members,"
        " 1 never committed and counted from the log's start"
    )
    assert in_words(gone) == "gone: 50 behind; Kafka does not know it"
    slow = GroupLag("s", True, "Stable", 1, GroupStatus(Status.WARN, 1.0), (BEHIND,))
    assert in_words(slow) == "s: 50 behind, WARN, the oldest waits for 12 s, 1 member"
