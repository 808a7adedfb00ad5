"""Free TCP ports on the loopback address."""

import json
import random
import socket
from collections.abc import Iterable
from pathlib import Path

HOST = "127.0.0.1"

# Below the ranges from which Linux (32768 up) and macOS (49152 up) take the client side of a
# connection: a port of ours that is down for a restart is not lost to some client meanwhile.
_LOWEST, _HIGHEST = 20_000, 32_000


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` right now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do: a port that only waits out old connections counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def accepts(port: int, host: str = HOST) -> bool:
    """Whether some program listens on `port`."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def free_ports(names: Iterable[str], wished: dict[str, int] | None = None) -> dict[str, int]:
    """A distinct free port per name: the wished one where it is free, else a random one.

    Another program may take a port before its server does; callers try again.
    """
    found: dict[str, int] = {}
    for name in names:
        port = (wished or {}).get(name, 0)
        while not port or port in found.values() or not is_free(port):
            port = random.randrange(_LOWEST, _HIGHEST)
        found[name] = port
    return found


def remembered(path: Path) -> dict[str, int]:
    """The ports that `remember` wrote, or none: a stack keeps its addresses between starts."""
    try:
        saved = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return {str(name): int(port) for name, port in saved.items()}


def remember(path: Path, ports: dict[str, int]) -> None:
    """Write `ports` for `remembered`."""
    path.write_text(json.dumps(ports, sort_keys=True) + "\n")
