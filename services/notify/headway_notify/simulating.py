"""Who would be told what and when over a history: the same decisions, sending nothing. Pure.

Everybody is taken to have a contact and to want to hear: it is the programme that is looked at.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import NamedTuple

from headway.contracts.balance import BalanceChanged
from headway.contracts.codec import Event
from headway.contracts.notice import Notice
from headway.program.messages import SERVICE, Kind
from headway.program.program import Program
from headway_notify.deciding import Candidate, Standing, decide
from headway_notify.details import DETAILS
from headway_notify.facts import Facts
from headway_notify.noticing import due_for
from headway_notify.overtaken import AS_FROZEN, true_of
from headway_notify.plan import Due, Latest, Seen, plan


class Told(NamedTuple):
    """One message as it was decided: when it would go, or why it would not. `version`: of the
    account, as it was then."""

    member_id: str
    kind: Kind
    cause: str
    decided_at: datetime
    send_at: datetime | None
    why_not: str
    version: int


class Simulation:
    """A history told by time, under one programme. `result` has every message, in order."""

    def __init__(self, program_of: Callable[[Event], Program]) -> None:
        self._program_of = program_of
        self._seen: dict[str, Seen] = {}
        self._latest: dict[str, Latest] = {}
        self._programs: dict[str, Program] = {}
        self._waiting: list[tuple[datetime, int, Due]] = []
        self._known: set[tuple[str, str, str]] = set()
        self._numbers = count()
        self._marketing: dict[str, list[datetime]] = defaultdict(list)
        self.result: list[Told] = []

    def hear(self, event: Event) -> None:
        """Take in the next event of the history, after deciding what was due before it."""
        self.until(event.time)
        program = self._program_of(event)
        if isinstance(event.data, BalanceChanged):
            self._changed(event.data, event.canonical_data, program)
        elif isinstance(event.data, Notice):
            due = due_for(event, lambda moment: program)
            self._wait_for([] if due is None else [due])

    def until(self, now: datetime) -> None:
        """Decide all that is due by then."""
        while self._waiting and self._waiting[0][0] <= now:
            at, _, due = heapq.heappop(self._waiting)
            self._decide(due, at)

    def _changed(self, change: BalanceChanged, facts: bytes, program: Program) -> None:
        planned = plan([(change, facts)], self._seen, lambda version: program)
        for latest in planned.balances:
            self._latest[latest.member_id] = latest
            self._programs[latest.member_id] = program
        self._seen.update(planned.last)
        self._wait_for(planned.due)

    def _wait_for(self, due: Iterable[Due]) -> None:
        for one in due:
            key = one.member_id, one.kind, one.cause
            if key not in self._known:
                self._known.add(key)
                heapq.heappush(self._waiting, (one.ends_at, next(self._numbers), one))

    def _decide(self, due: Due, at: datetime) -> None:
        program = self._programs.get(due.member_id)
        if program is None:
            return  # told of somebody whose account never changed
        since = at - timedelta(days=program.messages.cap_days)
        sent = self._marketing[due.member_id] = [
            one for one in self._marketing[due.member_id] if one > since
        ]
        latest = self._latest[due.member_id]
        one = Candidate(due.member_id, due.kind, due.day, latest.left_day, _holds(due, latest))
        verdict = decide(one, program, Standing(True, marketing=len(sent)), at)
        if verdict.send_at is not None and due.kind not in SERVICE:
            sent.append(verdict.send_at)
        version = latest.version[1]
        self.result.append(Told(*due[:3], at, verdict.send_at, verdict.why_not, version))


def _holds(due: Due, latest: Latest) -> bool:
    """Whether what a message would tell is still so; what it tells of a period always is."""
    if due.kind in AS_FROZEN:
        return True
    told = DETAILS[due.kind].model_validate_json(due.detail)
    return true_of(due.kind, told, Facts.model_validate_json(latest.facts)) is not None


def in_order(events: Iterable[Event]) -> list[Event]:
    """A history as it happened: by time, and each member's account by version."""

    def place(event: Event) -> tuple[datetime, int]:
        data = event.data
        return event.time, data.version if isinstance(data, BalanceChanged | Notice) else 0

    return sorted(events, key=place)


def summary(told: Iterable[Told]) -> Iterator[tuple[str, int, Counter[str]]]:
    """By kind: how many would go, and how many would not for which reason."""
    sent: Counter[str] = Counter()
    skipped: dict[str, Counter[str]] = defaultdict(Counter)
    for one in told:
        if one.why_not:
            skipped[one.kind][one.why_not] += 1
        else:
            sent[one.kind] += 1
    for kind in sorted({*sent, *skipped}):
        yield kind, sent[kind], skipped[kind]
