"""The redemption commands that the API accepted, as its callers noted them down.

One JSON line each: member_id, redemption_id, kind (reserve, confirm, cancel, reverse, goal),
reward_id, points, value_minor, currency, effective_at, idempotency_key; order_id where it pays an
order. A goal is about no redemption.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tests.oracle.records import moment

SOURCE = "headway/redeem"


@dataclass(frozen=True)
class Command:
    """One accepted command; `time` is when it took effect, `number` its place in the notes."""

    member: str
    redemption_id: str
    kind: str
    reward_id: str
    points: int
    value_minor: int
    currency: str
    time: datetime
    idempotency_key: str
    number: int = 0
    order_id: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same input."""
        return SOURCE, self.idempotency_key

    @property
    def order(self) -> tuple[datetime, str, str]:
        """Its place in business time; of one moment's commands, in the order of their answers."""
        return self.time, SOURCE, f"{self.number:012}"


def load(path: Path) -> list[Command]:
    """All accepted commands, each once however often it was retried."""
    found: dict[str, Command] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        told = json.loads(line)
        found[told["idempotency_key"]] = Command(
            told["member_id"],
            told["redemption_id"],
            told["kind"],
            told["reward_id"],
            told["points"],
            told["value_minor"],
            told["currency"],
            moment(told["effective_at"]),
            told["idempotency_key"],
            number,
            told.get("order_id"),
        )
    return list(found.values())
