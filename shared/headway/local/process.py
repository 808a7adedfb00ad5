"""One server process under a supervisor that stops it when its owner is gone."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from headway.local.errors import LocalStackError
from headway.local.system_user import SystemUser

# Run by path and cut off from the environment: a supervisor needs the standard library alone.
_SUPERVISOR = [sys.executable, "-I", "-S", str(Path(__file__).with_name("supervise.py"))]


@dataclass(frozen=True, slots=True)
class Launch:
    """How a server is started: command and environment, where it prints, as whom it runs."""

    command: Sequence[str]
    log: Path
    environment: Mapping[str, str]
    user: SystemUser | None = None


class ServerProcess:
    """A server that runs, at most once, for as long as this object or someone stops it.

    `lock` is a file that the server's processes hold while any of them lives; it names the pid.
    Signals go through the supervisor, which has not yet reaped the server: they can never reach
    a stranger that was given the same pid.
    """

    def __init__(self, name: str, lock: Path, *, stop_signal: int, grace_s: float) -> None:
        self.name = name
        self._lock = lock
        self._stop_signal = stop_signal
        self._grace_s = grace_s
        self._supervisor: subprocess.Popen[str] | None = None
        self.pid: int | None = None

    def start(self, launch: Launch) -> None:
        """Start the server; waits for what is left of an earlier one to end.

        Raises LocalStackError when it cannot be started at all. Being started is not being
        ready: the caller asks the server.
        """
        began = time.monotonic()
        asked = False
        while not self._try_start(launch):
            waited = time.monotonic() - began
            # By now its supervisor would have ended it: that one must have been killed.
            if waited > self._grace_s and not asked:
                self._stop_left_over()
                asked = True
            if waited > self._grace_s + 10:
                raise LocalStackError(
                    f"An earlier {self.name} still runs (its pid is in {self._lock}).",
                    "Stop that process, then start again.",
                )
            time.sleep(0.1)

    def _stop_left_over(self) -> None:
        """Ask the server that holds the lock, and so lives, to stop; its pid is in the file."""
        with contextlib.suppress(OSError, ValueError):
            os.kill(int(self._lock.read_text()), self._stop_signal)

    def _try_start(self, launch: Launch) -> bool:
        """Start supervisor and server; False while an earlier server holds the lock."""
        arguments = ["--lock", str(self._lock), "--log", str(launch.log)]
        arguments += ["--stop-signal", str(int(self._stop_signal)), "--grace", str(self._grace_s)]
        if launch.user is not None:
            arguments += ["--uid", str(launch.user.uid), "--gid", str(launch.user.gid)]
        with launch.log.open("ab") as log:
            supervisor = subprocess.Popen(
                [*_SUPERVISOR, *arguments, "--", *launch.command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=dict(launch.environment),
                # Ctrl-C at the terminal is for the owner, who then stops servers in order.
                start_new_session=True,
            )
        assert supervisor.stdout is not None
        word, _, pid = supervisor.stdout.readline().strip().partition(" ")
        if word == "pid":
            self._supervisor, self.pid = supervisor, int(pid)
            return True
        self._reap(supervisor)
        if word != "busy":
            raise LocalStackError(
                f"{self.name} could not be started: {launch.command[0]} would not run.",
                f"See {launch.log}.",
            )
        return False

    @property
    def running(self) -> bool:
        """Whether the server has been started and has not ended."""
        return self._supervisor is not None and self._supervisor.poll() is None

    def signal(self, number: int) -> None:
        """Send a signal to the server; nothing when it has ended."""
        if self._supervisor is None or self._supervisor.stdin is None:
            return
        with contextlib.suppress(BrokenPipeError):
            self._supervisor.stdin.write(f"{int(number)}\n")
            self._supervisor.stdin.flush()

    def wait(self, timeout_s: float) -> int | None:
        """The exit code once the server has ended (128 + signal if killed), else None."""
        if self._supervisor is None:
            return None
        try:
            code = self._supervisor.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None
        self._reap(self._supervisor)
        self._supervisor = self.pid = None
        return code

    def stop(self, how: int | None = None) -> None:
        """Stop the server and wait until it has ended: asked by signal `how`, then killed."""
        if self._supervisor is None:
            return
        self.signal(signal.SIGCONT)
        self.signal(self._stop_signal if how is None else how)
        if self.wait(self._grace_s) is None:
            self.signal(signal.SIGKILL)
            self.wait(self._grace_s)

    def kill(self) -> None:
        """End the server as a power cut would: SIGKILL."""
        self.stop(signal.SIGKILL)

    @staticmethod
    def _reap(supervisor: "subprocess.Popen[str]") -> None:
        for pipe in (supervisor.stdin, supervisor.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        supervisor.wait()
