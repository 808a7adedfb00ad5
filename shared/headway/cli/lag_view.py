"""How the lag is shown: a table for people, JSON for machines."""

from dataclasses import asdict

from rich.table import Table
from rich.text import Text

from headway.lag.burrow import Status
from headway.lag.snapshot import GroupLag, LagSnapshot, PartitionLag
from headway.status.charts import sparkline
from headway.status.words import counted, duration

_COLOURS = {Status.OK: "green", Status.WARN: "yellow", Status.NOTFOUND: "dim"}


def as_json(snapshot: LagSnapshot) -> dict[str, object]:
    """One object: totals by group, each group, each partition."""
    return {
        "groups": {group.name: group.lag for group in snapshot.groups},
        "states": [_group_as_json(group) for group in snapshot.groups],
        "partitions": [
            _partition_as_json(lag) for group in snapshot.groups for lag in group.partitions
        ],
    }


def _group_as_json(group: GroupLag) -> dict[str, object]:
    return {
        "group": group.name,
        "state": group.state or None,
        "members": group.members,
        "status": group.status.status.name if group.status else None,
        "complete": group.status.complete if group.status else None,
        "lag": group.lag,
        "max_seconds": group.seconds,
    }


def _partition_as_json(lag: PartitionLag) -> dict[str, object]:
    return {
        "group": lag.group,
        "topic": lag.topic,
        "partition": lag.partition,
        "begin": lag.begin,
        "end": lag.end,
        "committed": lag.committed,
        "applied": lag.applied,
        "lag": lag.lag,
        "committed_lag": lag.committed_lag,
        "seconds": lag.seconds,
        "status": lag.status.status.name if lag.status else None,
        "complete": lag.status.complete if lag.status else None,
        "member": asdict(lag.owner) if lag.owner else None,
    }


def partitions_table(snapshot: LagSnapshot, everything: bool) -> Table:
    """Partitions that are behind, or all of them."""
    table = Table("group", "topic")
    for column in ("part", "applied", "committed", "end", "behind", "by Kafka", "waits"):
        table.add_column(column, justify="right")
    table.add_column("status")
    table.add_column("read by")
    for lag in [lag for group in snapshot.groups for lag in group.partitions]:
        if everything or lag.lag or lag.committed_lag:
            table.add_row(
                lag.group,
                lag.topic,
                str(lag.partition),
                _offset(lag.applied) if lag.in_ledger else "",
                _offset(lag.committed),
                str(lag.end),
                f"{lag.lag:,}",
                f"{lag.committed_lag:,}",
                duration(lag.seconds),
                word(lag.status.status if lag.status else None),
                Text(lag.owner.client_id) if lag.owner else "nobody",
            )
    return table


def groups_table(snapshot: LagSnapshot) -> Table:
    """One line for each group, with the course of its lag so far."""
    table = Table("group", "status")
    for column in ("members", "behind", "oldest waits", "in/s", "out/s"):
        table.add_column(column, justify="right")
    table.add_column("course")
    for group in snapshot.groups:
        table.add_row(
            group.name,
            group_word(group),
            "-" if group.members is None else str(group.members),
            f"{group.lag:,}",
            duration(group.seconds),
            _rate(group.produced_per_second),
            _rate(group.consumed_per_second),
            sparkline([sample.lag for sample in group.series][-30:]),
        )
    return table


def in_words(group: GroupLag) -> str:
    """A group's state in one line."""
    said = f"{group.lag:,} behind" if group.lag else "caught up"
    if not group.in_kafka:
        return f"{group.name}: {said}; Kafka does not know it"
    if group.status is not None:
        said += f", {group_word(group)}"
    if group.lag and group.seconds is not None:
        said += f", the oldest waits for {duration(group.seconds)}"
    if group.members is not None:
        said += f", {counted(group.members, 'member')}"
    never = sum(lag.committed is None for lag in group.partitions)
    if never:
        said += f", {never} never committed and counted from the log's start"
    return f"{group.name}: {said}"


def group_word(group: GroupLag) -> Text:
    """A group's word, and behind ERR what the worst partition says."""
    if group.status is None or group.status.status is not Status.ERR:
        return word(group.status.status if group.status else None)
    worst = max(lag.status.status for lag in group.partitions if lag.status)
    return Text(f"ERR ({worst.name})", "bold red")


def word(status: Status | None) -> Text:
    """Burrow's word in its colour; a dash where commits cannot be read."""
    return Text("-") if status is None else Text(status.name, _COLOURS.get(status, "bold red"))


def _offset(offset: int | None) -> str:
    return "never" if offset is None else str(offset)


def _rate(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:,.0f}"
