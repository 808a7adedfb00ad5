"""Where the time goes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.table import Table


class Phases:
    """Names each stretch of a run and how long it took."""

    def __init__(self) -> None:
        self._took: list[tuple[str, float]] = []

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time what happens inside."""
        started = time.monotonic()
        try:
            yield
        finally:
            self._took.append((name, time.monotonic() - started))

    def seconds(self, name: str) -> float:
        """How long a phase took; 0 if there was none."""
        return sum(seconds for phase, seconds in self._took if phase == name)

    def table(self) -> Table:
        """All phases in their order, and the sum."""
        table = Table("Where the time went", "seconds", title=None, min_width=48)
        table.columns[1].justify = "right"
        for name, seconds in self._took:
            table.add_row(name, f"{seconds:.1f}")
        table.add_section()
        table.add_row("in all", f"{sum(seconds for _, seconds in self._took):.1f}")
        return table
