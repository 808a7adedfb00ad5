"""Whether this process is alive (its loops turn) and ready (what it needs is there)."""

import time
from collections.abc import Callable
from typing import NamedTuple


class Answer(NamedTuple):
    """What a probe is answered: an HTTP status, 200 or 503, and a JSON object."""

    status: int
    body: dict[str, object]


class Health:
    """What /live and /ready answer from.

    A loop that must keep turning calls `expect` once and `beat` on every turn; a part that
    must be in place before work can be done calls `ready`.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._beats: dict[str, tuple[float, float]] = {}
        self._ready: dict[str, str] = {}

    def expect(self, loop: str, within: float) -> None:
        """From now on `loop` must beat at least every `within` seconds."""
        self._beats[loop] = (self._monotonic(), within)

    def beat(self, loop: str) -> None:
        """`loop` has turned."""
        known = self._beats.get(loop)
        if known is not None:
            self._beats[loop] = (self._monotonic(), known[1])

    def forget(self, loop: str) -> None:
        """`loop` has ended on purpose."""
        self._beats.pop(loop, None)

    def ready(self, part: str, why_not: str = "") -> None:
        """`part` is in place, or is not and says why."""
        self._ready[part] = why_not

    def dead(self) -> dict[str, float]:
        """Loops that have not turned in time, with the seconds since they last did."""
        now = self._monotonic()
        return {
            loop: round(now - last, 1)
            for loop, (last, within) in self._beats.items()
            if now - last > within
        }

    def not_ready(self) -> dict[str, str]:
        """Parts that are not in place, with the reason; a service with no parts is not ready."""
        if not self._ready:
            return {"service": "starting"}
        return {part: why for part, why in self._ready.items() if why}

    def live(self) -> Answer:
        """What /live answers: 503 names the loops that hang."""
        dead = self.dead()
        return Answer(503 if dead else 200, {"live": not dead, "stuck": dead})

    def readiness(self) -> Answer:
        """What /ready answers: 503 says what is missing."""
        missing = self.not_ready()
        return Answer(503 if missing else 200, {"ready": not missing, "not_ready": missing})
