"""Names, labels and types: those of kafka_exporter and kafka-lag-exporter, to the letter."""

from dataclasses import replace

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from headway.lag.burrow import GroupStatus, PartitionStatus, Status
from headway.lag.exposition import LAG, OTHERS, families, registry
from headway.lag.groups import Member
from headway.lag.snapshot import GroupLag, LagSnapshot, PartitionLag, TopicPartitionEnds
from headway.operations.catalogue import declarations
from tests.lag.kit import named, series

MEMBER = Member("reader-1-uuid", "reader-1", "/10.0.0.7")
BEHIND = PartitionLag(
    "earn", "orders", 0, begin=5, end=100, committed=40, applied=50, in_ledger=True, owner=MEMBER,
    seconds=12.5, status=PartitionStatus(Status.STALL, 1.0, 60),
)  # fmt: skip
NEW = PartitionLag(
    "earn", "orders", 1, begin=5, end=25, committed=None, applied=None, in_ledger=True,
    seconds=None, status=PartitionStatus(Status.OK, 0.0, 0),
)  # fmt: skip
SNAPSHOT = LagSnapshot(
    1_800_000_000.0,
    groups=(
        GroupLag("earn", True, "Stable", 2, GroupStatus(Status.ERR, 0.5), (BEHIND, NEW)),
        GroupLag("gone", False, "", None, None, (BEHIND,)),
        GroupLag("newer-protocol", True, "Dead", None, None, ()),
    ),
    topics=(TopicPartitionEnds("orders", 0, 5, 100), TopicPartitionEnds("orders", 1, 5, 25)),
    brokers=3,
    database_asked=True,
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("kafka_brokers", {(): 3}),
        ("kafka_topic_partitions", {("orders",): 2}),
        ("kafka_topic_partition_current_offset", {("0", "orders"): 100, ("1", "orders"): 25}),
        ("kafka_topic_partition_oldest_offset", {("0", "orders"): 5, ("1", "orders"): 5}),
        ("kafka_consumergroup_current_offset", {("earn", "0", "orders"): 40}),
        ("kafka_consumergroup_current_offset_sum", {("earn", "orders"): 40}),
        ("kafka_consumergroup_lag", {("earn", "0", "orders"): 60, ("earn", "1", "orders"): 20}),
        ("kafka_consumergroup_lag_sum", {("earn", "orders"): 80}),
        ("kafka_consumergroup_members", {("earn",): 2}),
        ("headway_consumergroup_applied_lag",
         {("earn", "0", "orders"): 50, ("earn", "1", "orders"): 20}),
        ("headway_consumergroup_status", {("earn",): 3}),
        ("headway_consumergroup_complete", {("earn",): 0.5}),
        ("headway_consumergroup_partition_status",
         {("earn", "0", "orders"): 5, ("earn", "1", "orders"): 1}),
        ("headway_lag_up", {(): 1}),
        ("headway_lag_database_up", {(): 1}),
        ("headway_lag_measured_timestamp_seconds", {(): 1_800_000_000}),
    ],
)  # fmt: skip
def test_values(name: str, expected: dict[tuple[str, ...], float]) -> None:
    assert named(series(SNAPSHOT), name) == expected


def test_every_family_is_in_the_catalogue_of_metrics() -> None:
    told = {(one.name, one._labelnames) for one in families(SNAPSHOT, "c1")}
    declared = {(one.name, one.labels) for one in (*LAG.declared, *OTHERS.declared)}
    assert told == declared
    assert declared <= {(one.name, one.labels) for part in declarations() for one in part.declared}


def test_seconds_carry_the_labels_of_kafka_lag_exporter() -> None:
    found = series(SNAPSHOT)
    labels = {
        "cluster_name": "c1", "group": "earn", "topic": "orders", "partition": "0",
        "member_host": "/10.0.0.7", "consumer_id": "reader-1-uuid", "client_id": "reader-1",
    }  # fmt: skip
    key = ("kafka_consumergroup_group_lag_seconds", tuple(sorted(labels.items())))
    assert found[key] == 12.5
    assert len(named(found, key[0])) == 1, "what is not known is not there"
    assert named(found, "kafka_consumergroup_group_max_lag_seconds") == {
        ("c1", "earn"): 12.5, ("c1", "newer-protocol"): 0.0,
    }, "one partition that is not known does not silence the others"  # fmt: skip
    unknown = replace(SNAPSHOT, groups=(replace(SNAPSHOT.groups[0], partitions=(NEW,)),))
    assert not named(series(unknown), "kafka_consumergroup_group_max_lag_seconds")


def test_every_series_is_a_gauge_that_says_what_it_means() -> None:
    text = generate_latest(registry(lambda: SNAPSHOT, "c1")).decode()
    families = list(text_string_to_metric_families(text))
    assert {family.type for family in families} == {"gauge"}
    assert all(family.documentation for family in families)
    names = [family.name for family in families]
    assert len(names) == len(set(names))
    assert {label for f in families if f.name == "kafka_consumergroup_lag"
            for sample in f.samples for label in sample.labels} == {
        "consumergroup", "topic", "partition",
    }  # fmt: skip
