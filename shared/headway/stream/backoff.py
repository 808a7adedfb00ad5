"""How long to wait before trying again."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Backoff:
    """Waits that double from `first` to `most` seconds, each with full jitter above a half.

    The jitter keeps processes that failed together from coming back together.
    """

    first: float = 0.1
    most: float = 10.0
    jitter: Callable[[], float] = random.random
    tries: int = field(default=0, init=False)

    def next(self) -> float:
        """Seconds to wait now; the next wait is longer."""
        bound = min(self.most, self.first * 2.0 ** min(self.tries, 30))
        self.tries += 1
        return bound * (0.5 + self.jitter() / 2)

    def reset(self) -> None:
        """It worked: start from the shortest wait again."""
        self.tries = 0
