"""An engine that is the oracle itself, publishing as Headway does: to test how it is followed.

What is right it cannot tell; but whoever follows its published causes, with the inputs that it
published nowhere, the late ones and the birthdays in between, must come to the same.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from headway.local.history.happenings import SourceEvent
from tests.oracle import fields
from tests.oracle.commands import Command
from tests.oracle.computing import Known
from tests.oracle.facts import facts as facts_of
from tests.oracle.given import Effect
from tests.oracle.member import PARKED, Member
from tests.oracle.programme import Programme
from tests.oracle.records import Input, Record
from tests.oracle.redeeming import redeem

_SENT = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass
class Acting:
    """All members of one shop, and the topics."""

    programme: Programme
    members: dict[str, Member] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    known: Known = field(default_factory=lambda: Known({}, {}, {}))
    parked: dict[str, list[Input]] = field(default_factory=dict)
    told: dict[str, dict[tuple[str, ...], tuple[int, Effect]]] = field(default_factory=dict)

    def act(self, sent: Iterable[SourceEvent]) -> None:
        """Decide on everything in the order of sending."""
        for event in sent:
            self.take(event.type, event.source, event.id, event.member_id, event.time, event.data)

    def take(self, kind: str, source: str, id_: str, who: str, time: datetime, data: Any) -> None:
        """One record, and all that it brings about."""
        topic = "member-contacts" if kind == "contact.updated" else "orders"
        self._write(topic, who, {
            "specversion": "1.0", "type": f"{kind}.v1", "source": source, "id": id_,
            "subject": who, "time": time.isoformat(), "data": data,
        })  # fmt: skip
        if kind == "contact.updated" or (source, id_) in self.known.arrival:
            return
        self.known.arrival[source, id_] = len(self.known.arrival)  # type: ignore[index]
        plain = fields.plain(kind, data)
        waiting = self.parked.setdefault(who, [])
        self._decide(Input(source, id_, kind, who, time, plain), waiting)
        member = self.members[who]
        while ready := [one for one in waiting if not member.waits(one)]:
            first = min(ready, key=lambda one: one.order)
            waiting.remove(first)
            self._decide(first, waiting)
        self._shop(member)

    def _decide(self, event: Input, waiting: list[Input]) -> None:
        member = self.members.setdefault(event.member, Member([self.programme], id=event.member))
        before = member.changes
        if member.hear(event) == PARKED:
            waiting.append(event)
        self._publish(member, before, event.source, event.id, "event", event.time)
        self._tell(member, event.time)

    def _tell(self, member: Member, cause: datetime) -> None:
        """What invitations are worth now, where that is not what was told last."""
        told = self.told.setdefault(member.id, {})
        now = dict(member.state.effects)
        # What was told and is no more, as an earlier purchase came to light, is worth nothing.
        now |= {key: replace(last, worth=0) for key, (_, last) in told.items() if key not in now}
        for key, effect in now.items():
            revision, last = told.get(key, (0, None))
            if effect == last:
                continue
            told[key] = revision + 1, replace(effect)
            name = ":".join(part for part in key if part)
            facts = {
                "member_id": effect.referrer, "referral_id": key[0], "rule": key[1],
                "revision": revision + 1, "worth": effect.worth,
                "earned_at": effect.earned_at.isoformat(), "since": effect.since.isoformat(),
                "undone_at": effect.undone_at and effect.undone_at.isoformat(),
                "order_id": effect.order_id, "program_version": 1,
                "per_order": bool(key[2]),
            }  # fmt: skip
            time = max(cause, member.time)
            self.take(
                "effect", "headway/earn", f"{name}:{revision + 1}", effect.referrer, time, facts
            )

    def _shop(self, member: Member) -> None:
        """Whoever can redeem does, once in a while; some think better of it."""
        number = len(self.commands)
        if member.available < 100 or (len(member.lots) + number) % 7:
            return
        for kind in ("reserve", "cancel" if number % 3 == 0 else "confirm"):
            key = f"{member.id}:{number}:{kind}"
            orders = [*member.state.orders] if number % 4 else []
            told = "five", 100, 500, "USD"
            command = Command(member.id, f"r{number}", kind, *told, member.time, key,
                              len(self.commands), orders[-1] if orders else None)  # fmt: skip
            self.commands.append(command)
            before = member.changes
            redeem(member, command)
            self._publish(member, before, *command.key, "redemption", command.time)

    def tick(self, now: datetime) -> None:
        """Every account is settled up to now."""
        for member in self.members.values():
            before = member.changes
            member.settle(max(now, member.time))
            self._publish(member, before, "headway/jobs", f"{now}", "tick", now)

    def _publish(
        self, member: Member, before: int, source: str, id_: str, kind: str, time: datetime
    ) -> None:
        if member.changes == before:
            return
        last = self.known.last_version
        assert isinstance(last, dict)
        last[member.id] = last.get(member.id, 0) + 1
        stands = facts_of(member)
        coming = stands.next and dict(zip(("id", "points", "missing"), stands.next, strict=True))
        self._write("balance-changed", member.id, {"data": {
            "member_id": member.id, "epoch": 1, "version": last[member.id],
            "cause": {"source": source, "id": id_, "kind": kind, "time": time.isoformat()},
            "account_time": member.time.isoformat(), "pending": member.pending,
            "available": member.available, "reserved": member.reserved, "owed": member.owed,
            "tier": member.tier, "saved": member.saved, "rewards_ready": list(stands.ready),
            "next_reward": coming,
        }})  # fmt: skip

    def _write(self, topic: str, key: str, value: object) -> None:
        text = json.dumps(value).encode()
        at = len(self.records)
        self.records.append(Record(topic, 0, at, _SENT, key.encode(), text, {}))
