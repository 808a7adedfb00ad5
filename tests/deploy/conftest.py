"""A Docker engine, and the image built on it: for the tests that are marked `docker`."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker import DockerClient
from docker.errors import BuildError, DockerException, ImageNotFound

from tests.notify.conftest import mail_server
from tests.servers import KAFKA_IMAGE, POSTGRES_IMAGE

__all__ = ["engine", "image", "mail_server"]

ROOT = Path(__file__).parents[2]
IMAGE = "headway:test"
BASE_IMAGE = "python:3.11-slim-bookworm"

# Where packages come from is this machine's affair: handed over, and in no file of ours.
_INDEX = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX")


@pytest.fixture(scope="session")
def engine() -> Iterator[DockerClient]:
    """The engine that answers here; without one, or without base images, the test is skipped."""
    try:
        client = DockerClient.from_env(timeout=600)
        client.ping()
    except DockerException as error:
        pytest.skip(f"no Docker engine: {error}")
    for name in (BASE_IMAGE, KAFKA_IMAGE, POSTGRES_IMAGE):
        try:
            client.images.get(name)
        except ImageNotFound:
            try:
                client.images.pull(name)
            except DockerException as error:
                pytest.skip(f"no image {name}: it is not here and cannot be pulled: {error}")
    yield client
    client.close()


@pytest.fixture(scope="session")
def image(engine: DockerClient) -> str:
    """Our image, built from this checkout."""
    try:
        engine.images.build(
            path=str(ROOT), dockerfile="deploy/Dockerfile", tag=IMAGE, network_mode="host", rm=True,
            buildargs={name: os.environ[name] for name in _INDEX if name in os.environ},
        )  # fmt: skip
    except BuildError as error:
        log = "".join(str(line.get("stream", "")) for line in error.build_log)
        pytest.fail(f"the image does not build: {error}\n{log[-3000:]}")
    return IMAGE
