"""Alerting rules: they speak when they should, of metrics that exist, and each has its runbook."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.deploy.metrics_known import grouped, known, used
from tests.promtool import promtool

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "deploy" / "alerts"
RULES = [
    rule
    for group in yaml.safe_load((ALERTS / "headway.rules.yml").read_text())["groups"]
    for rule in group["rules"]
]
TESTS = yaml.safe_load((ALERTS / "headway.test.yml").read_text())["tests"]
RUNBOOK = (ROOT / "docs" / "operating.md").read_text()


def test_the_rules_are_well_formed_and_speak_when_they_should() -> None:
    tool = promtool()
    for words in (("check", "rules", "headway.rules.yml"), ("test", "rules", "headway.test.yml")):
        ended = subprocess.run([tool, *words], cwd=ALERTS, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_each_alert_is_tested_both_ways(rule: dict[str, object]) -> None:
    asked = [
        bool(one["exp_alerts"])
        for test in TESTS
        for one in test["alert_rule_test"]
        if one["alertname"] == rule["alert"]
    ]
    assert set(asked) == {True, False}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_each_alert_asks_for_metrics_that_there_are(rule: dict[str, str]) -> None:
    there = known()
    for name, selected in used(rule["expr"]):
        assert name in there, f"nothing tells {name}"
        assert selected <= there[name], f"{name} has no label {selected - there[name]}"
    for name, labels in grouped(rule["expr"]):
        assert labels <= there[name], f"{name} has no label {labels - there[name]}"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_each_alert_names_its_section_of_the_runbook(rule: dict[str, dict[str, str]]) -> None:
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    assert page == "docs/operating.md"
    sections = {
        re.sub(r"[^\w-]", "", title.lower().replace(" ", "-")): text
        for title, text in re.findall(r"^## (.+)\n((?:(?!^#).*\n?)*)", RUNBOOK, re.MULTILINE)
    }
    section = sections[anchor]
    assert f"`{rule['alert']}`" in section
    for part in ("Meaning", "Impact", "Diagnosis", "Mitigation"):
        assert f"**{part}.**" in section
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert {"summary", "description"} <= rule["annotations"].keys()
