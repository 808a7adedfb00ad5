"""The floor's account and order, and the message that says how the account stands."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from headway.contracts.codec import Event
from headway.contracts.order import OrderPaid

HEADERS = '[["content-type","application/cloudevents+json; charset=UTF-8"]]'
REWARDS = (("five", 100), ("ten", 200), ("twenty", 400))


def iso(moment: datetime) -> str:
    """RFC 3339 in UTC with a Z."""
    return moment.isoformat()[:-6] + "Z"


@dataclass(slots=True)
class Account:
    """An account's row while a batch is decided."""

    account_id: int
    member_id: str
    pending: int
    available: int
    reserved: int
    owed: int
    seq: int
    inputs: int
    version: int
    head_hash: bytes
    time: datetime
    joined_at: datetime
    tier: str
    next_due_at: datetime | None
    stored: str
    state: dict[str, Any] = field(init=False)
    remainder: int = field(init=False)

    def __post_init__(self) -> None:
        self.state = orjson.loads(self.stored)
        self.remainder = self.state.get("remainders", {}).get("base", 0)

    def row(self, recorded_at: datetime) -> tuple[object, ...]:
        """The account's row, empty where an order changes nothing."""
        state = {key: value for key, value in self.state.items() if key != "remainders"}
        if self.remainder:
            state["remainders"] = {"base": self.remainder}
        return (
            self.account_id, None, self.pending, None, None, None, self.seq, self.inputs, None,
            self.version, self.head_hash, self.time, recorded_at, None, None, None,
            self.next_due_at, None, orjson.dumps(state).decode(),
        )  # fmt: skip


class Item(NamedTuple):
    """A decoded order."""

    event: Event
    paid: OrderPaid


def message(account: Account, order: Item, first_seq: int, earned: int) -> bytes:
    """balance.changed for one order, which earned so many points, as Headway words it."""
    ready = [name for name, price in REWARDS if price <= account.available]
    further = next(((name, price) for name, price in REWARDS if price > account.available), None)
    moved = account.seq >= first_seq
    event = {
        "specversion": "1.0",
        "id": f"{account.member_id}:1:{account.version}",
        "source": "headway/ledger",
        "type": "balance.changed.v1",
        "subject": account.member_id,
        "time": order.event.time,
        "datacontenttype": "application/json",
        "data": {
            "member_id": account.member_id,
            "epoch": 1,
            "version": account.version,
            "cause": {
                "source": order.event.source,
                "id": order.event.id,
                "kind": "event",
                "time": order.event.time,
            },
            "seq_from": first_seq if moved else None,
            "seq_to": account.seq if moved else None,
            "account_time": account.time,
            "head_hash": account.head_hash.hex(),
            "pending": account.pending,
            "available": account.available,
            "reserved": account.reserved,
            "owed": account.owed,
            "tier": account.tier,
            "saved": {},
            "joined_at": account.joined_at,
            "left_at": None,
            "program_version": 1,
            "clawed_back": None,
            "redeemed": None,
            "moved": {"earn": earned} if moved else None,
            "issued": None,
            "certificates": None,
            "rewards_ready": ready,
            "next_reward": None if further is None else {
                "id": further[0],
                "points": further[1],
                "missing": further[1] - account.available - account.owed,
            },
            "goal": None,
        },
    }  # fmt: skip
    return orjson.dumps(event, option=orjson.OPT_UTC_Z)
