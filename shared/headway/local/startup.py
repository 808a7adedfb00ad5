"""What starting Kafka and starting PostgreSQL have in common: folders, ports, why it failed."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from headway.local import ports
from headway.local.errors import LocalStackError, PortTaken

_ATTEMPTS = 5
_TAIL_BYTES = 2_000


def folder_for(path: Path, *, mode: int = 0o755) -> Path:
    """Make `path` and what leads to it; LocalStackError where that cannot be."""
    try:
        path.mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as error:
        raise LocalStackError(
            f"The folder {path} cannot be made: {error.strerror}.",
            "Make room or make its parent writable, or choose another folder (--root).",
        ) from error
    return path


class Ports:
    """A server's ports: those wished for, else those of last time, else free ones.

    Once the server has started on them they are kept: a restart comes back where clients look.
    """

    def __init__(self, file: Path, names: Sequence[str], wished: Mapping[str, int | None]) -> None:
        self._file = file
        self._names = names
        self._wished = {name: port for name, port in wished.items() if port is not None}
        self._current: dict[str, int] = {}
        self._kept = False

    def __getitem__(self, name: str) -> int:
        return self._current[name]

    def all(self) -> dict[str, int]:
        """Every port by name."""
        return dict(self._current)

    def attempts(self, server: str) -> Iterator[None]:
        """Ports to try, until the caller stops asking; raises PortTaken when none will do."""
        for attempt in range(_ATTEMPTS):
            if not self._kept:
                remembered = {} if attempt else ports.remembered(self._file)
                self._current = ports.free_ports(self._names, remembered) | self._wished
            for name in self._current if self._kept else self._wished:
                if not ports.is_free(self._current[name]):
                    raise PortTaken(server, self._current[name])
            yield
        raise PortTaken(server, self._current[self._names[0]])

    def keep(self) -> None:
        """The server runs on these."""
        if not self._kept:
            ports.remember(self._file, self._current)
            self._kept = True


class LogTail:
    """What a log says from now on."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._start = log.stat().st_size if log.exists() else 0

    def text(self) -> str:
        """Everything since this object was made."""
        try:
            with self._log.open("rb") as file:
                file.seek(self._start)
                return file.read().decode(errors="replace")
        except OSError:
            return ""

    def error(
        self, server: str, port: int, what: str = "stopped while starting"
    ) -> LocalStackError:
        """The error that the log explains."""
        text = self.text()
        if "Address already in use" in text:
            return PortTaken(server, port)
        if "No space left on device" in text:
            return LocalStackError(
                f"{server} {what}: the disk is full.",
                "Make room, or choose a folder on another disk (--root), then start again.",
            )
        lines = text[-_TAIL_BYTES:].strip()
        return LocalStackError(
            f"{server} {what}. The end of its log:\n{lines}",
            f"The whole log is {self._log}. If the data is not needed, remove its folder.",
        )
