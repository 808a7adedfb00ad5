"""All metrics that this installation has, with their meaning, as a document for people.

Services name the module that declares theirs by an entry point of the group `headway.metrics`.
"""

from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import entry_points

from headway.runtime.declaring import Declarations, Declared

ENTRY_POINTS = "headway.metrics"
_OWN = ("headway.runtime.metrics", "headway.operations.exposing", "headway.lag.exposition")

_HEAD = """\
# Metrics

Every service serves its own at `/metrics` on `HEADWAY_WEB_PORT`, in Prometheus' text form. This
page is made from where they are declared: `headway metrics export docs/metrics.md`.

Times are in seconds. Counters begin at nothing whenever a process starts, so look at `rate()` and
`increase()`; a series with labels is there from the first time that it counts, but for those that
alerts look at: they are there from the start. A histogram has `_bucket`, `_sum` and `_count`. No
label holds the id of a member, an order or a key.
"""


def declarations() -> list[Declarations]:
    """The parts, in the document's order, with what each declares."""
    modules = [*_OWN, *(entry.value for entry in entry_points(group=ENTRY_POINTS))]
    for module in modules:
        import_module(module)
    known = [part for part in Declarations.every if part.declared]
    return sorted(known, key=lambda part: part.order)


def document() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *(line for part in declarations() for line in _section(part))])


def _section(part: Declarations) -> Iterator[str]:
    yield f"## {part.title}"
    yield f"Told by {part.where}."
    yield ""
    yield "| metric | type | labels | meaning |"
    yield "| --- | --- | --- | --- |"
    yield from (_row(one) for one in part.declared)
    yield ""


def _row(one: Declared) -> str:
    labels = ", ".join(f"`{label}`" for label in one.labels) or "-"
    return f"| `{one.name}` | {one.type} | {labels} | {one.meaning} |"
