"""The compose file as it is written, without an engine."""

from typing import Any

import yaml

from tests.deploy.conftest import ROOT

ONE_SHOT = {"migrate", "topics", "programme"}
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]


def test_what_runs_for_long_is_there_again_when_the_engine_starts() -> None:
    assert SERVICES.keys() > ONE_SHOT
    for name, service in SERVICES.items():
        assert service.get("restart") == (None if name in ONE_SHOT else "unless-stopped"), name


def test_pages_on_a_port_of_their_own_are_asked_there() -> None:
    words = SERVICES["status"]["healthcheck"]["test"]
    assert words[-2:] == ["--port", SERVICES["status"]["command"][-1]]
    told = (ROOT / "deploy/README.md").read_text()
    assert '--health-cmd "headway healthcheck --port 8090"' in told


def test_secrets_are_mounted_file_by_file_as_their_folder_lets_nobody_else_in() -> None:
    assert "chmod 700 secrets" in (ROOT / "deploy/secrets.sh").read_text()
    assert "secrets:/run/secrets" not in (ROOT / "deploy/README.md").read_text()
