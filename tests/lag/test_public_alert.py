"""An alert rule that people run with kafka_exporter works on our series as it stands."""

from pathlib import Path

from prometheus_client import generate_latest

from headway.lag.exposition import registry
from tests.lag.public_rule import fires_for
from tests.lag.test_exposition import SNAPSHOT


def test_a_public_rule_fires_on_our_series(tmp_path: Path) -> None:
    exposition = generate_latest(registry(lambda: SNAPSHOT, "c1")).decode()
    assert fires_for(exposition, {"earn"}, tmp_path) == ""
    assert "FAILED" in fires_for(exposition, set(), tmp_path)
    quiet = exposition.replace(" 60.0\n", " 6.0\n")
    assert fires_for(quiet, set(), tmp_path) == ""
