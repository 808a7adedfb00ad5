"""What is told of a road's tries."""

import pytest
from prometheus_client import REGISTRY

from headway.runtime.health import Health
from headway.stream.positions import Pool
from headway_notify.marking import Marker
from headway_notify.roads.handovers import Handovers
from headway_notify.settings import NotifySettings


def no_pool() -> Pool:
    raise AssertionError("nothing is written")


@pytest.mark.parametrize("outcome", ["sent", "failed", "decided", "unknown"])
def test_a_roads_tries_are_told_of_before_there_are_any(outcome: str) -> None:
    road = f"quiet-{outcome}"
    Marker(no_pool, NotifySettings(), Health(), Handovers(road, None))
    labels = {"road": road, "outcome": outcome}
    assert REGISTRY.get_sample_value("headway_notify_road_tries_total", labels) == 0
