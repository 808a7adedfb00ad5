"""A supervised process ends when asked, when it will not listen, and when nobody is left."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from headway.local import LocalStackError
from headway.local.process import Launch, ServerProcess

_DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def _process(folder: Path) -> ServerProcess:
    return ServerProcess("sleeper", folder / "lock", stop_signal=signal.SIGTERM, grace_s=0.5)


def _launch(folder: Path, *command: str) -> Launch:
    return Launch(command or ("sleep", "600"), folder / "log", dict(os.environ))


def _ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_stop_asks_and_the_exit_code_says_by_which_signal(tmp_path: Path) -> None:
    process = _process(tmp_path)
    process.start(_launch(tmp_path))
    assert process.running
    process.signal(signal.SIGINT)
    assert process.wait(5) == 128 + signal.SIGINT
    assert not process.running


def test_a_process_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    process = _process(tmp_path)
    process.start(_launch(tmp_path, sys.executable, "-c", _DEAF))
    pid = process.pid
    assert pid is not None
    process.stop()
    assert _ended(pid)


def test_a_paused_process_can_be_stopped(tmp_path: Path) -> None:
    process = _process(tmp_path)
    process.start(_launch(tmp_path))
    pid = process.pid
    assert pid is not None
    process.signal(signal.SIGSTOP)
    process.stop()
    assert _ended(pid)


def test_a_deaf_and_paused_process_ends_with_its_killed_owner(tmp_path: Path) -> None:
    owner_program = (
        "import os, signal, sys, time; from pathlib import Path;"
        "from headway.local.process import Launch, ServerProcess;"
        "folder = Path(sys.argv[1]);"
        "it = ServerProcess('x', folder / 'lock', stop_signal=15, grace_s=0.5);"
        "it.start(Launch(sys.argv[2:], folder / 'log', dict(os.environ)));"
        "it.signal(signal.SIGSTOP); print(it.pid, flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", owner_program, str(tmp_path), sys.executable, "-c", _DEAF]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        assert not _ended(pid)
        owner.kill()
    deadline = time.monotonic() + 10
    while not _ended(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_a_killed_supervisor_left_is_stopped_before_the_next_start(tmp_path: Path) -> None:
    process = _process(tmp_path)
    process.start(_launch(tmp_path))
    left_over = process.pid
    assert left_over is not None
    supervisor = psutil.Process(left_over).parent()
    assert supervisor is not None
    supervisor.kill()
    assert process.wait(5) is not None
    assert not _ended(left_over)

    process.start(_launch(tmp_path))
    assert _ended(left_over)
    assert process.running
    process.stop()


def test_a_program_that_does_not_exist_is_named(tmp_path: Path) -> None:
    process = _process(tmp_path)
    with pytest.raises(LocalStackError, match="no-such-program would not run") as told:
        process.start(_launch(tmp_path, "/no-such-program"))
    assert str(tmp_path / "log") in told.value.next_step
    assert "No such file" in (tmp_path / "log").read_text()
