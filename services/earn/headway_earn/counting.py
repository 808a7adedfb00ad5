"""Counting what a transaction of earn decided, once it is durable."""

from collections import Counter
from collections.abc import Sequence

from headway.domain.closing import Decision
from headway.runtime.metrics import DEAD_LETTERS
from headway.stream.dead_letter import DeadLetter
from headway_earn import metrics


def count_decisions(decisions: Sequence[Decision]) -> None:
    """Inputs by what became of them, and the points events that they made."""
    inputs = Counter((one.input.kind, one.outcome.outcome) for one in decisions)
    events: Counter[str] = Counter()
    points: Counter[str] = Counter()
    for decision in decisions:
        for row in decision.points:
            events[row.kind] += 1
            points[row.kind] += row.points
    for (kind, outcome), number in inputs.items():
        metrics.INPUTS.labels(kind, outcome).inc(number)
    for kind, number in events.items():
        metrics.POINTS_EVENTS.labels(kind).inc(number)
        metrics.POINTS.labels(kind).inc(points[kind])


def count_batch(decisions: Sequence[Decision], repeats: int, letters: Sequence[DeadLetter]) -> None:
    """A batch of source events."""
    count_decisions(decisions)
    metrics.REPEATS.inc(repeats)
    count_letters(letters)


def count_letters(letters: Sequence[DeadLetter]) -> None:
    """Records refused for good."""
    for letter in letters:
        DEAD_LETTERS.labels(letter.group, letter.topic, letter.reason).inc()
