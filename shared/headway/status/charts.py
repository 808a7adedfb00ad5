"""Small line charts as figures for an SVG, with the words that say the same. Pure."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from headway.status.snapshot import Group, Sample
from headway.status.words import counted, duration, rate

WIDTH, HEIGHT = 240, 48
_ROWS = 10


class Line(NamedTuple):
    """One line: its name, which is its style's, and `points` as SVG takes them."""

    name: str
    points: str


class Chart(NamedTuple):
    """A chart in a box of WIDTH by HEIGHT. `label` tells it to who does not see it."""

    title: str
    label: str
    top: str
    span: str
    lines: tuple[Line, ...]


class Charts(NamedTuple):
    """A group's two charts, and the same figures as rows: time, lag, consumed, produced."""

    lag: Chart
    throughput: Chart
    rows: tuple[tuple[str, str, str, str], ...]


def charts(group: Group) -> Charts | None:
    """The charts of a group; None while there is nothing to draw a line of."""
    series = group.series
    if len(series) < 2:
        return None
    span = duration(float(round((series[-1].at - series[0].at).total_seconds())))
    return Charts(_lag(group.group, series, span), _throughput(group.group, series, span),
                  _rows(series))  # fmt: skip


def _lag(group: str, series: Sequence[Sample], span: str) -> Chart:
    lags = [sample.lag for sample in series]
    label = (
        f"Lag of {group} over {span}: from {counted(lags[0], 'record')}, at most {max(lags):,}, "
        f"now {lags[-1]:,}."
    )
    line = Line("lag", _points(series, lambda sample: sample.lag, max(lags)))
    return Chart("Lag", label, f"{max(lags):,}", span, (line,))


def _throughput(group: str, series: Sequence[Sample], span: str) -> Chart:
    most = max(max(s.consumed_per_second or 0, s.produced_per_second or 0) for s in series)
    now = series[-1]
    label = (
        f"Throughput of {group} over {span}: now {rate(now.consumed_per_second)} records a second "
        f"consumed and {rate(now.produced_per_second)} produced, at most {rate(most)}."
    )
    lines = (
        Line("produced", _points(series, lambda sample: sample.produced_per_second, most)),
        Line("consumed", _points(series, lambda sample: sample.consumed_per_second, most)),
    )
    return Chart("Throughput", label, f"{rate(most)}/s", span, lines)


def _points(series: Sequence[Sample], value: Callable[[Sample], float | None], most: float) -> str:
    """Points from left (oldest) to right, a pixel away from the edges so that no line is cut."""
    began = series[0].at
    span = (series[-1].at - began).total_seconds() or 1
    usable = HEIGHT - 4
    placed = [
        (
            (sample.at - began).total_seconds() / span * WIDTH,
            HEIGHT - 2 - (usable * given / most if most else 0),
        )
        for sample in series
        if (given := value(sample)) is not None
    ]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)


def _rows(series: Sequence[Sample]) -> tuple[tuple[str, str, str, str], ...]:
    """About ten of the samples, the newest first."""
    step = max(len(series) // _ROWS, 1)
    return tuple(
        (
            f"{one.at:%H:%M:%S}", f"{one.lag:,}", rate(one.consumed_per_second),
            rate(one.produced_per_second),
        )
        for one in list(reversed(series))[::step]
    )  # fmt: skip


BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float]) -> str:
    """The same in a terminal: one character for each value."""
    most = max(values, default=0)
    top = len(BARS) - 1
    return "".join(BARS[round(value / most * top) if most else 0] for value in values)
