"""Dashboards: every query is well formed and asks for what is told."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.metrics_known import grouped, known, used
from tests.promtool import promtool

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards"
DASHBOARDS = sorted(FOLDER.glob("*.json"))


def queries(path: Path) -> Iterator[tuple[str, str]]:
    """Each panel's title and queries."""
    for panel in json.loads(path.read_text())["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


def test_there_is_one_for_each_service_and_one_for_all() -> None:
    assert [path.stem for path in DASHBOARDS] == [
        "headway-earn", "headway-notify", "headway-overview", "headway-redeem",
    ]  # fmt: skip


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_every_query_asks_for_metrics_and_labels_that_there_are(path: Path) -> None:
    there = known()
    for title, expression in queries(path):
        asked = list(used(expression))
        assert asked, f"{title}: a query without a metric"
        for name, selected in asked:
            assert name in there, f"{title}: nothing tells {name}"
            assert selected <= there[name], f"{title}: {name} has no {selected - there[name]}"
        for name, labels in grouped(expression):
            assert labels <= there[name], f"{title}: {name} has no {labels - there[name]}"


def test_every_query_is_well_formed(tmp_path: Path) -> None:
    rules: list[dict[str, Any]] = [
        {"record": "asked", "expr": re.sub(r"\$__rate_interval", "5m", expression)}
        for path in DASHBOARDS
        for _, expression in queries(path)
    ]
    for number, rule in enumerate(rules):
        rule["labels"] = {"number": str(number)}
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    ended = subprocess.run(
        [promtool(), "check", "rules", str(file)], capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_panels_neither_overlap_nor_leave_the_grid_and_name_no_data_source(path: Path) -> None:
    document = json.loads(path.read_text())
    assert document["uid"] == path.stem
    taken: set[tuple[int, int]] = set()
    for panel in document["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
        if panel["type"] != "row":
            assert panel["datasource"]["uid"] == "${datasource}"
