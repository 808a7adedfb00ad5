"""A circuit breaker: a road that fails again and again is left alone for a while. Pure.

closed ──(so many failures in a row)──► open ──(rest is over)──► half-open, one trial
   ▲                                      ▲                          │ │
   └──────────────(it works)──────────────┼──────────────────────────┘ │
                                          └───(it does not: rest longer)┘
"""

import random
from collections.abc import Callable
from typing import Literal

from headway.stream.backoff import Backoff

State = Literal["closed", "open", "half-open"]


class Breaker:
    """One road's breaker. `first` and `most`: seconds of rest, doubled from trial to trial.

    What the road says about a single message does not count, only what is wrong with the road.
    """

    def __init__(
        self,
        monotonic: Callable[[], float],
        *,
        opens_after: int = 5,
        first: float = 1.0,
        most: float = 60.0,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._monotonic = monotonic
        self._opens_after = opens_after
        self._rests = Backoff(first=first, most=most, jitter=jitter)
        self._failures = 0
        self._opens_until: float | None = None
        self._trial_until = 0.0

    @property
    def state(self) -> State:
        """closed: all may pass; open: none; half-open: one, to see."""
        if self._opens_until is None:
            return "closed"
        return "open" if self._monotonic() < self._opens_until else "half-open"

    def may_try(self, within: float) -> bool:
        """Whether the one trial of a half-open road is to be had now; it is taken, for so long."""
        if self.state != "half-open" or self._monotonic() < self._trial_until:
            return False
        self._trial_until = self._monotonic() + within
        return True

    def worked(self) -> None:
        """The road took something, or refused it for reasons of its own: it is well."""
        self._failures = 0
        self._opens_until = None
        self._trial_until = 0.0
        self._rests.reset()

    def failed(self, retry_after: float = 0.0) -> bool:
        """The road itself failed, and asks for so long a rest; whether it opened by this."""
        self._failures += 1
        state = self.state
        if state == "open" or (state == "closed" and self._failures < self._opens_after):
            return False
        self._opens_until = self._monotonic() + max(self._rests.next(), retry_after)
        self._trial_until = 0.0
        return True
