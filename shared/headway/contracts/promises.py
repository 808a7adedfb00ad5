"""Whether a published version of a contract still holds: what others rely on is never broken. Pure.

What Headway reads has to take all that was allowed when it was published, for senders go on sending
it and topics hold it. What Headway writes may be nothing that was not allowed then, for readers
expect nothing else. A topic that Headway both writes and reads keeps to both.
"""

from collections.abc import Mapping
from typing import NamedTuple

from headway.contracts.comparing import Schema, changes
from headway.contracts.registry import BY_TYPE
from headway.contracts.topics import SERVICES


class Break(NamedTuple):
    """One promise that is broken: the type, the field ('' for all of it), and how."""

    type: str
    field: str
    what: str

    @property
    def fix(self) -> str:
        """What to do instead."""
        if not self.field:
            return "keep it for as long as anybody may send it or topics hold it"
        name, _, version = self.type.rpartition(".")
        following = f"{name}.v{int(version[1:]) + 1}"
        return f"leave it as it was in {self.type}, or make it {following} and keep both"

    def __str__(self) -> str:
        where = f"{self.type}: {self.field}" if self.field else self.type
        return f"{where} {self.what}\n  -> {self.fix}"


def broken(published: Mapping[str, Schema], current: Mapping[str, Schema]) -> list[Break]:
    """Every promise of the published schemas that the current ones break; both by type."""
    found = []
    for wire_type, schema in sorted(published.items()):
        if wire_type in current:
            reads, writes = _sides(wire_type)
            found += broken_in(wire_type, schema, current[wire_type], reads=reads, writes=writes)
        else:
            found.append(Break(wire_type, "", "is gone"))
    return found


def broken_in(
    wire_type: str, published: Schema, current: Schema, *, reads: bool, writes: bool
) -> list[Break]:
    """Of one type; `reads`, `writes`: what Headway does with it."""
    return [
        Break(wire_type, change.field or "the event", change.what)
        for change in changes(published, current)
        if (reads and change.narrower) or (writes and change.wider)
    ]


def _sides(wire_type: str) -> tuple[bool, bool]:
    """Whether Headway reads a type of event, and whether it writes it."""
    contract = BY_TYPE.get(wire_type)
    topic = "" if contract is None else contract.topic
    reads = any(topic in service.reads for service in SERVICES)
    writes = any(topic in service.writes for service in SERVICES)
    # Nobody's topic is held to both.
    return (reads, writes) if reads or writes else (True, True)
