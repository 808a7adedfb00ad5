"""The floor's account and order, and the message that says how the account stands."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import orjson

from bench.decode import Paid

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


@dataclass(frozen=True, slots=True)
class Item:
    """A decoded order with the digests its rows carry."""

    paid: Paid
    time: datetime
    text: str
    data: str
    digest: bytes


def item(paid: Paid) -> Item:
    """The canonical JSON of what was decided on, and its hash."""
    fields = paid.data.__dict__ | {"lines": [line.__dict__ for line in paid.data.lines]}
    data = orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)
    digest = sha256(
        b'{"data":%b,"subject":%b,"type":"order.paid"}' % (data, orjson.dumps(paid.subject))
    ).digest()
    time = paid.time.astimezone(UTC)
    return Item(paid, time, iso(time), data.decode(), digest)


def message(account: Account, order: Item, first_seq: int) -> bytes:
    """balance.changed for one order, as Headway words it."""
    ready = [name for name, price in REWARDS if price <= account.available]
    further = next(((name, price) for name, price in REWARDS if price > account.available), None)
    moved = account.seq >= first_seq
    event = {
        "specversion": "1.0",
        "id": f"{account.member_id}:1:{account.version}",
        "source": "headway/ledger",
        "type": "balance.changed.v1",
        "subject": account.member_id,
        "time": order.time,
        "datacontenttype": "application/json",
        "data": {
            "member_id": account.member_id,
            "epoch": 1,
            "version": account.version,
            "cause": {
                "source": order.paid.source,
                "id": order.paid.id,
                "kind": "event",
                "time": order.time,
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
            "rewards_ready": ready,
            "next_reward": None if further is None else {
                "id": further[0],
                "points": further[1],
                "missing": further[1] - account.available - account.owed,
            },
        },
    }  # fmt: skip
    return orjson.dumps(event, option=orjson.OPT_UTC_Z)
