"""Containers of our image, on the network of this machine, as hardened as compose has them."""

import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from docker import DockerClient
from docker.models.containers import Container

HARDENED: Mapping[str, Any] = {
    "network_mode": "host",
    "read_only": True,
    "tmpfs": {"/tmp": "mode=1777,size=64m"},
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
}


class Containers:
    """Ours, of one test: what is left of them at its end is removed."""

    def __init__(self, engine: DockerClient, image: str, settings: Mapping[str, str]) -> None:
        self._engine = engine
        self._image = image
        self._settings = settings
        self._ends = ExitStack()

    def command(self, *words: str, volumes: Mapping[str, Any] | None = None) -> str:
        """What a `headway` command says; it must succeed."""
        said: bytes = self._engine.containers.run(
            self._image, list(words), environment=dict(self._settings), remove=True,
            volumes=dict(volumes or {}), **HARDENED,
        )  # fmt: skip
        return said.decode()

    def service(self, name: str, **settings: str) -> Container:
        """Start a service; further settings by their names without HEADWAY_."""
        further = {f"HEADWAY_{key}": value for key, value in settings.items()}
        container: Container = self._engine.containers.run(
            self._image, [name], environment={**self._settings, **further}, detach=True, **HARDENED
        )
        self._ends.callback(container.remove, force=True)
        return container

    def end(self) -> None:
        """Remove whatever is left."""
        self._ends.close()


def await_ready(container: Container, within: float = 90) -> None:
    """Return once its own health check says that it is ready."""
    until = time.monotonic() + within
    while True:
        code, said = container.exec_run(["headway", "healthcheck", "--ready"])
        if code == 0:
            return
        container.reload()
        if container.status != "running" or time.monotonic() > until:
            log = container.logs().decode()[-2000:]
            raise AssertionError(f"not ready: {said.decode()} {log}")
        time.sleep(0.5)


def stop(container: Container) -> int:
    """Stop it as an engine does, with a grace of thirty seconds; its exit code."""
    container.stop(timeout=30)
    return int(container.wait(timeout=10)["StatusCode"])
