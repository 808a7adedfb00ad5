"""How metrics are declared: once each, with their meaning, from which docs/metrics.md is made."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

from headway.runtime.many import ManyHistogram

Type = Literal["counter", "gauge", "histogram"]

# A second series for each counter, of when it began, would tell nobody anything.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Declared(NamedTuple):
    """One metric: its full name, what it is, what tells its series apart, what it means."""

    name: str
    type: Type
    labels: tuple[str, ...]
    meaning: str


class Declarations:
    """The metrics of one part of Headway. `title` and `where` say in words which, and who serves
    them; `order` is the part's place in the document."""

    every: "list[Declarations]" = []  # noqa: RUF012 (one list for all on purpose)

    def __init__(self, title: str, where: str, *, order: int) -> None:
        self.title = title
        self.where = where
        self.order = order
        self.declared: list[Declared] = []
        Declarations.every.append(self)

    def counter(self, name: str, meaning: str, labels: Sequence[str] = ()) -> Counter:
        """What only grows, until the process starts anew; `name` ends in _total."""
        return Counter(*self._declare(name, "counter", meaning, labels))

    def gauge(self, name: str, meaning: str, labels: Sequence[str] = ()) -> Gauge:
        """What goes up and down."""
        return Gauge(*self._declare(name, "gauge", meaning, labels))

    def histogram(
        self, name: str, meaning: str, labels: Sequence[str] = (), *, buckets: Sequence[float]
    ) -> Histogram:
        """How often what was observed was at most each of the buckets' bounds."""
        return Histogram(*self._declare(name, "histogram", meaning, labels), buckets=buckets)

    def many(
        self, name: str, meaning: str, labels: Sequence[str] = (), *, buckets: Sequence[float]
    ) -> ManyHistogram:
        """A histogram that observes a whole batch's values at once."""
        return ManyHistogram(*self._declare(name, "histogram", meaning, labels), buckets=buckets)

    def collected(self, name: str, meaning: str, labels: Sequence[str] = ()) -> Declared:
        """A gauge that a collector of its own makes series of, when it is asked."""
        self._declare(name, "gauge", meaning, labels)
        return self.declared[-1]

    def _declare(
        self, name: str, type_: Type, meaning: str, labels: Sequence[str]
    ) -> tuple[str, str, tuple[str, ...]]:
        self.declared.append(Declared(name, type_, tuple(labels), meaning))
        return name, meaning, tuple(labels)
