"""A hosted service as a process of its own: pages, stopping, failing."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def service(
    behaviour: str, *, kafka: str, web: int = 0, api: int = 0
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.runtime.sample_service", behaviour, str(api)],
        cwd=ROOT,
        env=os.environ | {"HEADWAY_KAFKA_BOOTSTRAP": kafka, "HEADWAY_WEB_PORT": str(web)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def get(url: str, within: float = 20.0) -> tuple[int, str]:
    """The answer, once there is one."""
    until = time.monotonic() + within
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def test_serves_its_pages_and_stops_cleanly_on_term(kafka: str) -> None:
    web, api = free_port(), free_port()
    with service("steady", kafka=kafka, web=web, api=api) as process:
        assert get(f"http://127.0.0.1:{api}/hello") == (200, '{"hello":"world"}')
        assert get(f"http://127.0.0.1:{web}/live") == (200, '{"live":true,"stuck":{}}')
        assert get(f"http://127.0.0.1:{web}/ready") == (200, '{"ready":true,"not_ready":{}}')
        status, text = get(f"http://127.0.0.1:{web}/metrics")
        assert status == 200
        assert "# HELP headway_outbox_rows_waiting" in text
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=20)
    assert process.returncode == 0
    lines = [json.loads(line) for line in log.splitlines()]
    assert lines[-1]["message"] == "sample has stopped"
    assert {line["service"] for line in lines} == {"sample"}


def test_a_part_that_is_not_ready_or_not_alive_shows(kafka: str) -> None:
    web = free_port()
    with service("unwell", kafka=kafka, web=web):
        assert get(f"http://127.0.0.1:{web}/ready")[0] == 503
        assert '"part":"waits for a friend"' in get(f"http://127.0.0.1:{web}/ready")[1]
        status, text = get(f"http://127.0.0.1:{web}/live")
        assert status == 503
        assert '"stuck":{"part":' in text


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        ("fails", "sample stopped: RuntimeError"),
        ("invariant", "sample stopped: the books do not add up"),
    ],
)
def test_a_part_that_fails_ends_the_process(kafka: str, behaviour: str, said: str) -> None:
    with service(behaviour, kafka=kafka) as process:
        _, log = process.communicate(timeout=30)
    assert process.returncode == 1
    assert json.loads(log.splitlines()[-1])["message"] == said


def test_a_stop_that_hangs_is_cut_short(kafka: str) -> None:
    web = free_port()
    with service("stuck", kafka=kafka, web=web) as process:
        get(f"http://127.0.0.1:{web}/live")
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=20)
    assert process.returncode == 70
    assert "the stop hangs" in log.splitlines()[-1]


def test_without_kafka_it_says_what_to_do() -> None:
    with service("steady", kafka="127.0.0.1:1") as process:
        _, log = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "HEADWAY_KAFKA_BOOTSTRAP" in json.loads(log.splitlines()[-1])["message"]


def test_a_port_that_is_taken_is_named(kafka: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with service("steady", kafka=kafka, api=port) as process:
            _, log = process.communicate(timeout=30)
    assert process.returncode == 1
    assert f"nothing can listen on 127.0.0.1:{port}" in log.splitlines()[-1]
