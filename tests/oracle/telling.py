"""Short ways to tell the oracle a story, for its own tests."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.oracle import fields, programme, redeeming
from tests.oracle.commands import Command
from tests.oracle.member import Member
from tests.oracle.records import Input

START = datetime(2020, 7, 6, 16, tzinfo=UTC)
DOLLAR = {"id": "base", "on": "order.paid", "award": {"per_money": {"points": 1, "every": "1.00"}}}


def program(*rules: dict[str, Any], **settings: Any) -> programme.Programme:
    """A programme of these rules: dollars, New York, points at once and for good."""
    told = {
        "name": "Test",
        "zone": "America/New_York",
        "from": "1990-01-01T00:00:00Z",
        "currency": "USD",
        "points": {"pending_days": 0, "clawback": "allow_negative"},
        "rules": list(rules),
        "tiers": {"levels": [{"id": "club", "from": "0"}]},
        "rewards": [],
    }
    return programme.read(json.dumps(told | settings))


class Story:
    """One member from joining on; an event comes an hour after the last if no time is told."""

    def __init__(self, *versions: programme.Programme, at: datetime = START) -> None:
        self.member = Member(versions, id="m")
        self.now = at
        self._told = 0
        self.tell("member.joined")

    def tell(self, kind: str, **data: Any) -> str:
        """One event, an hour later; says what came of it."""
        self.now += timedelta(hours=1)
        return self.tell_at(self.now, kind, **data)

    def tell_at(self, time: datetime, kind: str, **data: Any) -> str:
        """One event of that time, heard of now."""
        self._told += 1
        plain = fields.plain(kind, {"member_id": "m", **data})
        return self.member.hear(Input("test", f"{self._told:04}", kind, "m", time, plain))

    def buy(
        self,
        order_id: str,
        *lines: tuple[str, int],
        quantity: int = 1,
        at: datetime | None = None,
        **more: Any,
    ) -> str:
        """Lines named by their category, in cents; line ids count from 1."""
        self.now += timedelta(hours=1)
        told = [
            {
                "line_id": str(number),
                "sku": f"sku-{category}",
                "category": category,
                "quantity": quantity,
                "amount": cents,
            }
            for number, (category, cents) in enumerate(lines, start=1)
        ]
        facts = {"order_id": order_id, "currency": "USD", "lines": told} | more
        return self.tell_at(at or self.now, "order.paid", **facts)

    def bring_back(
        self, order_id: str, line: int = 1, quantity: int = 1, at: datetime | None = None
    ) -> str:
        """A refund of some pieces of one line."""
        self.now += timedelta(hours=1)
        return self.tell_at(
            at or self.now,
            "order.refunded",
            refund_id=f"refund-{self._told}",
            order_id=order_id,
            lines=[{"line_id": str(line), "quantity": quantity}],
        )

    def redeem(self, kind: str, reward_id: str = "", points: int = 0, cents: int = 0) -> None:
        """One command about the one redemption of this reward."""
        self.now += timedelta(hours=1)
        self._told += 1
        key = str(self._told)
        command = Command("m", reward_id, kind, reward_id, points, cents, "USD", self.now, key)
        redeeming.redeem(self.member, command)

    def wait(self, until: datetime) -> None:
        """Time passes and nothing else."""
        self.now = until
        self.member.settle(until)

    @property
    def points(self) -> int:
        """What can be spent, less what is owed."""
        return self.member.available + self.member.owed

    def earned(self, rule: str) -> int:
        """Millionths of a point that stand under a rule."""
        return sum(lot.standing for lot in self.member.lots if lot.rule == rule)
