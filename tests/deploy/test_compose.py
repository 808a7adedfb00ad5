"""The compose file: every profile is accepted, and the core one comes up healthy and goes down."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from headway.local.ports import HOST, free_ports
from tests.deploy.conftest import ROOT

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]

PROFILES = ("core", "mail", "observability")
HARDENED = {
    "kafka",
    "postgres",
    "earn",
    "redeem",
    "notify",
    "status",
    "mailpit",
    "prometheus",
    "grafana",
}


class Compose:
    """The compose file in a folder and under a name of its own."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self._environment = os.environ | environment

    def __call__(self, *words: str, within: float = 300, check: bool = True) -> str:
        """What `docker compose` says on its standard output."""
        ended = subprocess.run(
            ["docker", "compose", *words], cwd=self.folder, env=self._environment,
            capture_output=True, text=True, timeout=within, check=False,
        )  # fmt: skip
        assert not check or ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout


@pytest.fixture
def compose(tmp_path: Path) -> Compose:
    """A copy of deploy/ with secrets of its own; skipped where there is no `docker compose`."""
    if (
        shutil.which("docker") is None
        or subprocess.run(
            ["docker", "compose", "version"], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("no `docker compose`")
    folder = tmp_path / "deploy"
    shutil.copytree(ROOT / "deploy", folder, ignore=shutil.ignore_patterns("secrets", ".env"))
    subprocess.run([folder / "secrets.sh"], check=True, capture_output=True)
    ports = free_ports(["kafka", "api", "notify", "status"])
    return Compose(
        folder,
        COMPOSE_PROJECT_NAME=f"headway-test-{os.getpid()}",
        HEADWAY_IMAGE="headway:test",
        HEADWAY_PROGRAMME=str(ROOT / "examples/programs/shoes.yaml"),
        HEADWAY_KAFKA_PORT=str(ports["kafka"]),
        HEADWAY_API_PORT=str(ports["api"]),
        HEADWAY_NOTIFY_PORT=str(ports["notify"]),
        HEADWAY_STATUS_PORT=str(ports["status"]),
    )


def test_every_profile_is_accepted_and_none_runs_with_more_than_it_needs(compose: Compose) -> None:
    chosen = [word for profile in PROFILES for word in ("--profile", profile)]
    document: dict[str, Any] = json.loads(compose(*chosen, "config", "--format", "json"))
    services = document["services"]
    assert services.keys() >= HARDENED
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service, name
        # Nothing is offered to more than this machine.
        assert {port["host_ip"] for port in service.get("ports", ())} <= {HOST}, name
        # No secret is a variable, which `docker inspect` would show.
        said = service.get("environment", {})
        assert not [key for key in said if "PASSWORD" in key and not key.endswith("__FILE")], name
    for name in HARDENED - {"kafka", "postgres"}:
        assert services[name]["read_only"], name
    for name in ("earn", "redeem", "notify", "status"):
        assert services[name]["stop_grace_period"] == "30s"
    for profile in PROFILES:
        compose("--profile", profile, "config", "--quiet")


@pytest.fixture
def core(compose: Compose, image: str) -> Iterator[Compose]:
    """The core profile, up."""
    try:
        compose("--profile", "core", "up", "--no-build", "--wait", "--wait-timeout", "270")
    except BaseException:
        print(compose("--profile", "core", "logs", "--tail", "40", check=False))  # noqa: T201
        compose("--profile", "core", "down", "--volumes", check=False)
        raise
    yield compose
    compose("--profile", "core", "down", "--volumes")


def test_the_core_profile_comes_up_healthy_and_goes_down_in_order(core: Compose) -> None:
    shown = [json.loads(line) for line in core("ps", "--all", "--format", "json").splitlines()]
    found = {one["Service"]: one for one in shown}
    running = {name for name, one in found.items() if one["State"] == "running"}
    assert running == {"kafka", "postgres", "earn", "redeem", "notify", "status"}
    assert {found[name]["Health"] for name in running} == {"healthy"}
    assert {found[name]["ExitCode"] for name in ("migrate", "topics", "programme")} == {0}
    (port,) = {
        one["PublishedPort"] for one in found["redeem"]["Publishers"] if one["TargetPort"] == 8080
    }
    assert httpx.get(f"http://{HOST}:{port}/v1/rewards").status_code == 401
    core("--profile", "core", "stop", "earn", "redeem", "notify")
    ended = [json.loads(line) for line in core("ps", "--all", "--format", "json").splitlines()]
    codes = {one["Service"]: one["ExitCode"] for one in ended}
    assert [codes[name] for name in ("earn", "redeem", "notify")] == [0, 0, 0]
