"""Headway's core, in memory, deciding on a year: what it publishes, and what it has in the end.

The same shape as `acting.Acting`, with the real engine in it, so that the oracle can be asked about
every version that anybody would have been told.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from headway.contracts import codec
from headway.contracts.registry import CONTRACTS
from headway.domain.account import Input
from headway.domain.closing import Decision
from headway.domain.terms import Wish
from headway.ledger.publishing import OutboxRow, balance_changed, effect_event
from headway.local.history.happenings import SourceEvent
from headway.program.loading import load_program
from headway.program.program import Programs
from tests.domain.world import World
from tests.oracle.commands import Command
from tests.oracle.comparing import compare
from tests.oracle.computing import Result, compute
from tests.oracle.programme import read
from tests.oracle.records import Record
from tests.oracle.verdict import taken_from

_SENT = datetime(2100, 1, 1, tzinfo=UTC)
_WORTH_A_TRY = 100


class Engine:
    """All members of one shop, under one programme; the topics, and the accepted commands."""

    def __init__(self, programme: str) -> None:
        self._text = programme
        self.programs = Programs((load_program(programme, version=1),))
        self.world = World(self.programs)
        self.records: list[Record] = []
        self.commands: list[Command] = []
        self.inputs: dict[tuple[str, str], tuple[str, str]] = {}
        self._known: set[tuple[str, str]] = set()

    # -- what happens ------------------------------------------------------------------------------

    def act(self, sent: Iterable[SourceEvent]) -> None:
        """Decide on everything in the order of sending."""
        for event in sent:
            value, _ = codec.encode(
                event.type, source=event.source, id=event.id, time=event.time, data=event.data
            )
            self._hear(CONTRACTS[event.type].topic, event.member_id, value)

    def tick(self, now: datetime) -> None:
        """What jobs do: settle every account at which something is due by then."""
        for member in list(self.world.books):
            before = len(self.world.of(member).decisions)
            self.world.tick(member, now)
            self._tell(member, self.world.of(member).decisions[before:])

    def _hear(self, topic: str, member: str, value: bytes) -> None:
        self._write(topic, member.encode(), value)
        if topic == "member-contacts":
            return
        heard = codec.decode(member.encode(), value, codec.HEADERS)
        if (heard.source, heard.id) in self._known:
            return
        self._known.add((heard.source, heard.id))
        item = Input(
            heard.source, heard.id, heard.type, heard.time, heard.data, heard.digest,
            heard.canonical_data,
        )  # fmt: skip
        decisions = self.world.decide(member, item)
        assert decisions, self.world.poison
        self._tell(member, decisions)
        self._shop(member)

    def _tell(self, member: str, decisions: Iterable[Decision]) -> None:
        effects = []
        for decision in decisions:
            place = decision.input.source, decision.input.id
            self.inputs[place] = member, decision.outcome.outcome
            if decision.changed:
                row = balance_changed(decision, self.programs, 1, bytes(32), "")
                self._write(row.topic, row.key, row.value or b"")
            effects += [effect_event(effect, 1, "") for effect in decision.effects]
        for row in effects:
            self._hear_of(row)

    def _hear_of(self, row: OutboxRow) -> None:
        assert row.value is not None
        self._hear(row.topic, row.key.decode(), row.value)

    def _shop(self, member: str) -> None:
        """Whoever can redeem does, once in a while; some think better of it."""
        account, number = self.world.account(member), len(self.commands)
        if account.available < _WORTH_A_TRY or account.left_at or (len(account.lots) + number) % 7:
            return
        name, reward = f"r{number}", self.programs.at(account.time or _SENT).rewards[0]
        self.world.now = account.time or self.world.now
        told = reward.id, reward.points, reward.value_minor, reward.currency
        # They pay the last order that was told of them, which may come back, or have.
        order_id = list(account.orders)[-1] if account.orders and number % 4 else None
        reserved = self.world.reserve(name, reward.id, member, Wish(order_id=order_id))
        self._command(member, name, "reserve", reserved, told, order_id)
        kind = "cancel" if number % 3 == 0 else "confirm"
        self._command(member, name, kind, self.world.step(kind, name), told)
        if number % 11 == 0 and kind == "confirm":
            self._command(member, name, "reverse", self.world.step("reverse", name), told)

    def _command(
        self, member: str, name: str, kind: str, decision: Decision,
        told: tuple[str, int, int, str], order_id: str | None = None,
    ) -> None:  # fmt: skip
        assert decision.outcome.outcome == "applied", decision.outcome
        item = decision.input
        self.commands.append(
            Command(member, name, kind, *told, item.time, item.id, len(self.commands), order_id)
        )
        self._tell(member, [decision])

    def _write(self, topic: str, key: bytes, value: bytes) -> None:
        self.records.append(Record(topic, 0, len(self.records), _SENT, key, value, {}))

    # -- what the oracle is asked ------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        """What the ledger would say, as `tests/oracle` reads it."""
        accounts, awards = [], []
        for member, books in self.world.books.items():
            account = books.account
            accounts.append(
                {
                    name: getattr(account, name)
                    for name in ("member_id", "pending", "available", "reserved", "owed", "tier",
                                 "version", "saved")
                }
            )  # fmt: skip
            awards += [
                (member, lot.rule, lot.award, lot.line_id, lot.exact, lot.exact_returned)
                for lot in account.lots.values()
            ]
        inputs = [(*place, member, outcome) for place, (member, outcome) in self.inputs.items()]
        return {
            "accounts": accounts, "awards": awards, "inputs": inputs, "holders": [],
            "dead_letters": [], "notifications": None,
        }  # fmt: skip

    def differences(self) -> tuple[list[str], Result]:
        """Everything in which the oracle differs, and what it made of the year."""
        dump = self.dump()
        result = compute(self.records, self.commands, [read(self._text)], taken_from(dump))
        return compare(dump, result), result


def lived(programme: str, sent: list[SourceEvent], *, quarters: int = 4) -> Engine:
    """A year, with jobs at each quarter's end and half a year of silence after it."""
    engine = Engine(programme)
    for part in range(quarters):
        engine.act(sent[part * len(sent) // quarters : (part + 1) * len(sent) // quarters])
        times = [books.account.time for books in engine.world.books.values()]
        engine.tick(max(time for time in times if time is not None))
    last = max(event.time for event in sent)
    for days in range(30, 201, 10):
        engine.tick(last + timedelta(days=days))
    return engine
