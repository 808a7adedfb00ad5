"""A histogram for values that come by the thousand: a batch is counted at once, not one by one."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from threading import Lock

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector


class ManyHistogram(Collector):
    """As prometheus_client's Histogram. What it costs is a sort for each batch."""

    def __init__(
        self,
        name: str,
        meaning: str,
        labels: Sequence[str],
        *,
        buckets: Sequence[float],
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        """`buckets`: upper bounds, rising, without infinity."""
        self._name = name
        self._meaning = meaning
        self._labels = tuple(labels)
        self._bounds = tuple(buckets)
        self._lock = Lock()
        self._counts: dict[tuple[str, ...], list[int]] = {}
        self._sums: dict[tuple[str, ...], float] = {}
        registry.register(self)

    def observe_all(self, labels: tuple[str, ...], values: Iterable[float]) -> None:
        """Take in these values of one series."""
        ordered = sorted(values)
        with self._lock:
            counts = self._counts.setdefault(labels, [0] * (len(self._bounds) + 1))
            for place, bound in enumerate(self._bounds):
                counts[place] += bisect_right(ordered, bound)
            counts[-1] += len(ordered)
            self._sums[labels] = self._sums.get(labels, 0.0) + sum(ordered)

    def describe(self) -> Iterable[HistogramMetricFamily]:
        """The name, for the registry to keep others from taking it."""
        return [HistogramMetricFamily(self._name, self._meaning, labels=self._labels)]

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """All series as they stand."""
        family = HistogramMetricFamily(self._name, self._meaning, labels=self._labels)
        names = [*(str(float(bound)) for bound in self._bounds), "+Inf"]
        with self._lock:
            for labels, counts in self._counts.items():
                buckets = list(zip(names, map(float, counts), strict=True))
                family.add_metric(labels, buckets, self._sums[labels])
        return [family]
