"""What one run of one side came to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Run:
    """Pairs per second, milliseconds of a pair, CPU in microseconds per pair by process.

    `busy`: times that a client was put off and asked again.
    """

    rate: float
    p50: float
    p99: float
    cpu: Mapping[str, float]
    busy: int = 0

    @classmethod
    def of(
        cls, milliseconds: Sequence[float], seconds: float, cpu: Mapping[str, float], busy: int = 0
    ) -> Self:
        """From the time of each pair, and the seconds of CPU in all. ValueError without a pair."""
        if not milliseconds:
            raise ValueError("not one pair of reserve and confirm came to its end")
        there = sorted(milliseconds)
        count = len(there)
        return cls(
            rate=round(count / seconds, 1),
            p50=there[count // 2],
            p99=there[count * 99 // 100],
            cpu={name: round(spent / count * 1e6, 1) for name, spent in cpu.items()},
            busy=busy,
        )
