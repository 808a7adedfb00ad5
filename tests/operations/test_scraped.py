"""A shop's day on real servers: every metric that a service declares is there, and has moved."""

import subprocess
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from headway.operations.catalogue import declarations
from headway.runtime.declaring import Declared
from headway.stream.positions import Pool
from tests.earn.service import opened
from tests.notify.account import SHOES
from tests.notify.conftest import MailServer, mail_server, pool
from tests.operations.running import Running
from tests.promtool import MISSING, available, promtool

__all__ = ["mail_server", "pool"]

PARTS = {
    "earn": {"The process", "Reading from Kafka", "Publishing to Kafka", "Earn"},
    "redeem": {"The process", "Publishing to Kafka", "Redeem"},
    "notify": {"The process", "Reading from Kafka", "Notify"},
}
RESTING = {
    # Told at once, but nothing on a good day.
    "headway_batch_trouble_total",
    "headway_partitions_held_back",
    "headway_lag_records",
    "headway_outbox_rows_waiting",
    "headway_outbox_stalled_seconds",
    "headway_outbox_trouble_total",
    "headway_jobs_held_total",
    "headway_redeem_held_total",
    "headway_redeem_codes_given_total",
    "headway_redeem_rewards_without_codes",
    "headway_notify_unsure_total",
    "headway_notify_restores_total",
    "headway_notify_road_ill",
    "headway_notify_road_rests_total",
}


def declared_by(service: str) -> list[Declared]:
    return [one for part in declarations() if part.title in PARTS[service] for one in part.declared]


def sums(text: str) -> dict[str, float]:
    """What the series of each metric add up to; histograms by how often they observed."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        name = family.name + ("_total" if family.type == "counter" else "")
        counted = family.name + "_count" if family.type == "histogram" else name
        found[name] = sum(one.value for one in family.samples if one.name == counted)
    return found


async def test_every_declared_metric_moves(
    kafka: str, topics: str, database: str, pool: Pool, mail_server: MailServer, tmp_path: Path
) -> None:
    async with opened(kafka, topics, database, tmp_path, SHOES) as place:
        everything = {one.name for part in declarations() for one in part.declared}
        running = Running(place, pool, mail_server, tmp_path)
        running.start()
        await running.ready()
        await running.live_a_day()
        texts = {service: await running.scrape(service) for service in PARTS}
    moved: set[str] = set()
    for service, text in texts.items():
        found = sums(text)
        assert {one.name for one in declared_by(service)} <= set(found), service
        assert not {one for one in found if one.startswith("headway_")} - everything
        assert "example.com" not in text
        moved |= {name for name, number in found.items() if number > 0}
        _lint(text)
    # Of the relays of earn and redeem either may have had all there was to publish.
    mine = {one.name for service in PARTS for one in declared_by(service)}
    assert mine - moved <= RESTING
    _lines(running)


def _lint(text: str) -> None:
    """Prometheus' own opinion of the names, where its tool is installed."""
    if not available():
        return
    ended = subprocess.run(
        [promtool(), "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    ours = [line for line in ended.stderr.splitlines() if line.startswith("headway_")]
    assert (ended.returncode in (0, 3), ours) == (True, []), ended.stderr


def _lines(running: Running) -> None:
    """One canonical line for each batch and request, of the same day."""
    batches = running.lines("earn", "batch")
    assert sum(int(str(line["refused"])) for line in batches) == 1
    assert sum(int(str(line["repeats"])) for line in batches) == 1
    for line in batches:
        assert line["records"] == sum(line["topics"].values())  # type: ignore[attr-defined]
        phases = {"decode_s", "connect_s", "lock_s", "load_s", "decide_s", "write_s", "commit_s"}
        assert {"group", "applied", "duration_s", "lag", "retries"} <= set(line)
        assert phases <= set(line) or line["applied"] == 0
    asked = running.lines("redeem", "request")
    assert [(line["route"], line["status"], line["outcome"]) for line in asked] == [
        ("/v1/redemptions", 201, "applied"),
        ("/v1/redemptions", 201, "repeated"),
        ("/v1/redemptions", 409, "refused"),
    ]
    assert asked[2]["reason"] == "insufficient-points"
    pages = {(line["method"], line["route"]) for line in running.lines("notify", "request")}
    assert pages == {("POST", "/u/{token}"), ("POST", "/feedback/generic")}


@pytest.mark.skipif(not available(), reason=MISSING)
def test_prometheus_tool_finds_fault_with_a_bad_name() -> None:
    """Else the lint above would prove nothing."""
    name = "headway_things_total"
    bad = f"# HELP {name} Things.\n# TYPE {name} gauge\n{name} 1\n"
    with pytest.raises(AssertionError):
        _lint(bad)
