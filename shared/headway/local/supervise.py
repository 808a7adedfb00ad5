"""Keep one server alive exactly as long as its owner.

A program of its own, started by `headway.local.process` and needing nothing but the standard
library. Its standard input is a pipe that only the owner holds: a line there is a signal number
to pass on; its end means that the owner has gone, killed or not, and the server is stopped.
That needs no help from the kernel beyond pipes, so it works on Linux and macOS alike.

Says on standard output `pid N` once the server runs, or `busy` when another server still holds
the lock file; exits with the server's code, or 128 + signal.
"""

import argparse
import fcntl
import os
import signal
import subprocess
import sys
import threading

BUSY = 75


def main(arguments: list[str]) -> int:
    """Run the server named by `arguments` until it or the owner ends."""
    options = _parse(arguments)
    # The server inherits the lock, so it stays held for as long as any process of the server
    # lives, even if this supervisor is killed.
    lock = os.open(options.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _tell_owner("busy")
        return BUSY
    server = subprocess.Popen(
        options.command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if options.log is None else open(options.log, "ab"),  # noqa: SIM115
        stderr=subprocess.STDOUT,
        pass_fds=[lock],
        cwd=options.cwd,
        user=options.uid,
        group=options.gid,
        extra_groups=None if options.uid is None else [],
        start_new_session=True,
    )
    os.ftruncate(lock, 0)
    os.write(lock, f"{server.pid}\n".encode())
    signal.signal(signal.SIGTERM, lambda *_: server.send_signal(options.stop_signal))
    threading.Thread(target=_obey_owner, args=(server, options), daemon=True).start()
    _tell_owner(f"pid {server.pid}")
    code = server.wait()
    return code if code >= 0 else 128 - code


def _tell_owner(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _obey_owner(server: "subprocess.Popen[bytes]", options: argparse.Namespace) -> None:
    """Pass on signals until the pipe ends, then stop the server: first asked, then killed."""
    for line in sys.stdin:
        server.send_signal(int(line))
    # A server that is paused could not hear the request to stop.
    server.send_signal(signal.SIGCONT)
    server.send_signal(options.stop_signal)
    try:
        server.wait(options.grace)
    except subprocess.TimeoutExpired:
        server.kill()


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="supervise", allow_abbrev=False)
    parser.add_argument("--lock", required=True, help="held, and naming the server's pid")
    parser.add_argument("--log", help="takes what the server prints; nothing is kept without")
    parser.add_argument("--cwd", default="/")
    parser.add_argument("--uid", type=int)
    parser.add_argument("--gid", type=int)
    parser.add_argument("--stop-signal", type=int, default=signal.SIGTERM)
    parser.add_argument("--grace", type=float, default=10.0, help="seconds between ask and kill")
    parser.add_argument("command", nargs="+")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    # The thread may sit in a read that nothing ends; there is nothing left to clean up.
    os._exit(code)
