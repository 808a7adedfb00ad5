"""`headway healthcheck`: what a container's engine is told."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from click.testing import CliRunner, Result

from headway.cli.healthcheck import command
from headway.local.ports import HOST, free_ports

ANSWERS = {
    "/live": (200, b'{"live": true, "stuck": {}}'),
    "/ready": (503, b'{"ready": false, "not_ready": {"relay": "not connected yet"}}'),
}


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, body = ANSWERS[self.path]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    """A service that lives and is not ready."""
    with HTTPServer((HOST, 0), _Pages) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def ask(*words: str) -> Result:
    return CliRunner().invoke(command, words)


def test_it_says_what_the_pages_say(port: int) -> None:
    assert ask("--port", str(port)).exit_code == 0
    refused = ask("--port", str(port), "--ready")
    assert refused.exit_code == 1
    assert "not connected yet" in refused.output


def test_no_answer_is_not_healthy() -> None:
    silent = ask("--port", str(free_ports(["none"])["none"]))
    assert silent.exit_code == 1
    assert "does not answer" in silent.output
