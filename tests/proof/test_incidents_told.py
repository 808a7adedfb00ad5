"""What is to tell of each incident is there: the alert, and the section of the runbook."""

import re

import pytest
import yaml

from tests.proof.incidents import Incident
from tests.proof.installation import ROOT
from tests.proof.test_incidents import INCIDENTS, ON_MACHINES_OF_THEIR_OWN

RULES = yaml.safe_load((ROOT / "deploy/alerts/headway.rules.yml").read_text())
RUNBOOK = (ROOT / "docs/operating.md").read_text()


@pytest.mark.parametrize("kind", [*INCIDENTS, *ON_MACHINES_OF_THEIR_OWN])
def test_alert_and_runbook_are_there(kind: type[Incident]) -> None:
    told = kind.expected
    urls = {
        rule["alert"]: rule["annotations"]["runbook_url"]
        for group in RULES["groups"]
        for rule in group["rules"]
    }
    assert urls[told.alert] == f"docs/operating.md#{told.runbook}"
    headings = re.findall(r"^## (.+)$", RUNBOOK, re.MULTILINE)
    assert told.runbook in {heading.lower().replace(" ", "-") for heading in headings}
    assert told.status in (None, "OK", "WARN", "STALL", "STOP", "REWIND")
