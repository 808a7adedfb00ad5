"""How long each part of one piece of work took."""

from time import perf_counter


class Phases:
    """A stopwatch that runs from its making: `end` says what the time since the last end was."""

    def __init__(self) -> None:
        self._since = perf_counter()
        self.seconds: dict[str, float] = {}

    def end(self, phase: str) -> None:
        """What has been done since the last end was this phase; twice the same adds up."""
        now = perf_counter()
        self.seconds[phase] = self.seconds.get(phase, 0.0) + now - self._since
        self._since = now
