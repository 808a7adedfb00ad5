"""The three services and a mail server, each its own process, ended with this one."""

import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from headway.errors import UserError
from headway.local.demo.secrets import MASTER_KEY_FILE, master_key
from headway.local.ports import HOST, accepts, free_ports
from headway.local.process import Launch, ServerProcess
from headway.local.stack import Endpoints

NAMES = ("earn", "redeem", "notify")
_STARTS_WITHIN_S = 60.0
_STOPS_WITHIN_S = 30.0
_LAST_LINES = 5


class Services:
    """Earn, redeem and notify on one stack, with a mail server that keeps what notify sends."""

    def __init__(self, root: Path, endpoints: Endpoints, *, clock: str) -> None:
        self.logs = root / "logs"
        self.mail = root / "mail"
        self._run = root / "run"
        self._ports = free_ports([*NAMES, "api", "smtp"])
        self._environment = {
            **{name: text for name, text in os.environ.items() if not name.startswith("HEADWAY_")},
            "HEADWAY_KAFKA_BOOTSTRAP": endpoints.kafka_bootstrap,
            "HEADWAY_POSTGRES_DSN": endpoints.postgres_dsn,
            "HEADWAY_CLOCK": clock,
            "HEADWAY_WEB_BIND": HOST,
            "HEADWAY_API_PORT": str(self._ports["api"]),
            "HEADWAY_SMTP_HOST": HOST,
            "HEADWAY_SMTP_PORT": str(self._ports["smtp"]),
            "HEADWAY_NOTIFY_MASTER_KEY": master_key(root / MASTER_KEY_FILE),
        }
        self._running: dict[str, ServerProcess] = {}

    @property
    def api(self) -> str:
        """Where redeem's API answers."""
        return f"http://{HOST}:{self._ports['api']}"

    def pages(self, name: str) -> str:
        """Where a service answers /live, /ready and /metrics."""
        return f"http://{HOST}:{self._ports[name]}"

    def start(self) -> None:
        """Start all four and return when each is ready; UserError says which was not, and why."""
        for folder in (self.logs, self.mail, self._run):
            folder.mkdir(parents=True, exist_ok=True)
        port = str(self._ports["smtp"])
        sink = ["headway.local.smtp_sink", "--port", port, "--dir", str(self.mail)]
        self._start("mail server", sink, 0)
        for name in NAMES:
            self._start(name, [f"headway_{name}"], self._ports[name])
        deadline = time.monotonic() + _STARTS_WITHIN_S
        waiting = {"mail server", *NAMES}
        while waiting:
            self.check()
            waiting = {name for name in waiting if not self._ready(name)}
            if time.monotonic() > deadline:
                raise self._trouble(sorted(waiting)[0], "was not ready in time")
            time.sleep(0.05)

    def check(self) -> None:
        """UserError when one of them has ended on its own."""
        for name, process in self._running.items():
            if not process.running:
                raise self._trouble(name, "ended on its own")

    def stop(self) -> None:
        """Stop all and wait until they have stopped, the mail server last."""
        for process in self._running.values():
            process.signal(signal.SIGTERM)
        for name in (*NAMES, "mail server"):
            if name in self._running:
                self._running.pop(name).stop()

    def _start(self, name: str, module: Sequence[str], web_port: int) -> None:
        process = ServerProcess(
            name,
            self._run / f"{name}.lock",
            stop_signal=signal.SIGTERM,
            grace_s=_STOPS_WITHIN_S,
        )
        process.start(
            Launch(
                [sys.executable, "-m", *module],
                self._log(name),
                {**self._environment, "HEADWAY_WEB_PORT": str(web_port)},
            )
        )
        self._running[name] = process

    def _ready(self, name: str) -> bool:
        if name == "mail server":
            return accepts(self._ports["smtp"])
        try:
            with urllib.request.urlopen(f"{self.pages(name)}/ready", timeout=1):
                return True
        except urllib.error.HTTPError as answer:
            # Notify connects to the mail server, which is looked at by itself, for its first mail.
            return set(json.load(answer).get("not_ready", ["all"])) <= {"mail server"}
        except (OSError, ValueError):
            return False

    def _log(self, name: str) -> Path:
        return self.logs / f"{name.replace(' ', '-')}.log"

    def _trouble(self, name: str, what: str) -> UserError:
        log = self._log(name)
        try:
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            lines = []
        said = [f"    {line}" for line in map(_in_words, lines[-_LAST_LINES:]) if line]
        return UserError("\n".join([f"{name} {what}; it said last:", *said]), f"see {log}")


def _in_words(line: str) -> str:
    """A line of a log for people: the message of a JSON line, and why it was logged."""
    try:
        told = json.loads(line)
        exception = str(told.get("exception", "")).strip().rpartition("\n")[2]
        return " ".join([str(told["message"]), exception]).strip()
    except (ValueError, KeyError, AttributeError):
        return line
