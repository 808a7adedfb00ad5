"""What Headway published of each member: causes in their order, and what came of them."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.oracle.records import Record, moment


@dataclass(frozen=True)
class Published:
    """One balance.changed; `claims` is its data as published."""

    member: str
    epoch: int
    version: int
    source: str
    id: str
    kind: str
    time: datetime
    account_time: datetime
    claims: Mapping[str, Any]

    @property
    def cause(self) -> tuple[str, str]:
        """The input that it names."""
        return self.source, self.id

    @property
    def place(self) -> tuple[int, int]:
        """Epoch and version."""
        return self.epoch, self.version


@dataclass
class Told:
    """Everything that was published: what happened, by member, and what a restore undid."""

    histories: dict[str, list[Published]] = field(default_factory=dict)
    undone: list[Published] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def told_by(records: Iterable[Record], last: Mapping[str, int] | None = None) -> Told:
    """Each member's causes in the order decided, and what is wrong with the versions themselves.

    A version may be published more than once, always alike. A restored database starts a new
    epoch: what an older epoch published at or beyond the new one's first version did not happen,
    nor did what lies beyond `last`, the version each account has in the end, when that is known.
    """
    told = Told()
    problems = told.problems
    seen: dict[str, dict[tuple[int, int], Published]] = defaultdict(dict)
    for record in records:
        if record.topic != "balance-changed" or record.value is None:
            continue
        new = _published(json.loads(record.value))
        if record.key != new.member.encode():
            problems.append(f"{new.member} {new.place}: published under key {record.key!r}")
        known = seen[new.member].setdefault(new.place, new)
        if known.claims != new.claims:
            problems.append(f"{new.member} {new.place}: published twice, not alike")
    for member, places in seen.items():
        life = _one_life(list(places.values()), None if last is None else last.get(member, 0))
        told.histories[member] = life
        kept = {one.place for one in life}
        told.undone += [one for place, one in places.items() if place not in kept]
        versions = [one.version for one in life]
        if versions != list(range(1, len(versions) + 1)):
            problems.append(f"{member}: versions have gaps: {versions[:20]}")
        if last is not None and last.get(member, 0) != len(versions):
            problems.append(
                f"{member}: the account is at version {last.get(member, 0)}, "
                f"the last one published is {len(versions)}"
            )
    for member in (last or {}).keys() - told.histories.keys():
        if last and last[member]:
            problems.append(f"{member}: version {last[member]} but nothing published")
    return told


def _one_life(published: list[Published], last: int | None) -> list[Published]:
    kept: dict[int, Published] = {}
    for one in sorted(published, key=lambda one: one.place):
        if kept and one.epoch > max(other.epoch for other in kept.values()):
            kept = {version: other for version, other in kept.items() if version < one.version}
        kept[one.version] = one
    return [kept[v] for v in sorted(kept) if last is None or v <= last]


def _published(event: dict[str, Any]) -> Published:
    told = event["data"]
    cause = told["cause"]
    return Published(
        told["member_id"],
        told["epoch"],
        told["version"],
        cause["source"],
        cause["id"],
        cause["kind"],
        moment(cause["time"]),
        moment(told["account_time"]),
        told,
    )
