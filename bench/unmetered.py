"""The earn service as it ships, but for its metrics: what counts and times is replaced by nothing.

Only for `python -m bench.metrics`, which measures what metrics cost; the service has no switch.
"""

from collections.abc import Sequence

from prometheus_client import Counter, Gauge, Histogram

import headway.stream.consumer
import headway_earn.batch
import headway_earn.jobs
from headway.operations.jobs import JobLog
from headway.runtime.many import ManyHistogram
from headway.runtime.phases import Phases
from headway_earn.app import main

_COUNTING: Sequence[tuple[object, Sequence[str]]] = (
    (Counter, ("inc",)),
    (Gauge, ("inc", "dec", "set", "remove")),
    (Histogram, ("observe",)),
    (ManyHistogram, ("observe_all",)),
    (Phases, ("end",)),
    (headway.stream.consumer, ("count_applied", "count_batch")),
    (headway_earn.batch, ("count_batch", "count_letters")),
    (headway_earn.jobs, ("count_decisions",)),
)


def _nothing(*_: object, **__: object) -> None:
    """What a metric does that is switched off."""


async def _nothing_written(*_: object) -> None:
    """No row of how a job does."""


def unmeter() -> None:
    """Replace them in this process; LookupError if one is not there any more."""
    for owner, names in _COUNTING:
        for name in names:
            if not hasattr(owner, name):
                raise LookupError(f"{owner} has no {name}: mend bench/unmetered.py")
            setattr(owner, name, _nothing)
    JobLog.ran = _nothing_written  # type: ignore[method-assign,assignment]


if __name__ == "__main__":
    unmeter()
    main()
