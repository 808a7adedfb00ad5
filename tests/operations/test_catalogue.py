"""The document of metrics is what is declared, and names say their units."""

from pathlib import Path

import pytest

from headway.lag.exposition import OTHERS
from headway.operations.catalogue import declarations, document
from headway.runtime.declaring import Declared

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
BASE_UNITS = ("_seconds", "_records", "_bytes")


def test_the_page_is_what_is_declared() -> None:
    assert PAGE.read_text() == document(), "run `headway metrics export docs/metrics.md`"


@pytest.mark.parametrize(
    "one", [one for part in declarations() for one in part.declared], ids=lambda one: one.name
)
def test_names_go_by_prometheus_practices(one: Declared) -> None:
    # Dashboards for kafka_exporter know its names, and no others.
    assert one.name.startswith("kafka_" if one in OTHERS.declared else "headway_")
    assert one.name.endswith("_total") == (one.type == "counter")
    assert "milli" not in one.name
    if one.type == "histogram":
        assert one.name.endswith(BASE_UNITS)
    assert one.meaning.endswith(".")
    assert {"member", "member_id", "order_id", "key", "le"}.isdisjoint(one.labels)
    # Prometheus adds these itself, and would call ours exported_job.
    assert {"job", "instance"}.isdisjoint(one.labels)


def test_each_is_declared_once() -> None:
    names = [one.name for part in declarations() for one in part.declared]
    assert len(set(names)) == len(names)
    assert len({part.order for part in declarations()}) == len(declarations())
