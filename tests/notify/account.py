"""Balance changes, contacts and the shop's programme, as notify's tests need them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from headway.contracts.balance import BalanceChanged
from headway.contracts.codec import canonical, encode
from headway.program.loading import load_program

SHOES = (Path(__file__).parents[2] / "examples/programs/shoes.yaml").read_text()
PROGRAM = load_program(SHOES, version=1)
NOON = datetime(2026, 3, 3, 17, tzinfo=UTC)
"""Noon of Tuesday, March 3, 2026 in New York, the zone of the shop."""


def balance(member_id: str = "m1", **changes: object) -> dict[str, object]:
    """The data of a balance.changed: 150 points, the first reward ready; override any field."""
    data: dict[str, object] = {
        "member_id": member_id,
        "epoch": 1,
        "version": 1,
        "cause": {"source": "shop", "id": "o1", "kind": "event", "time": NOON},
        "seq_from": 1,
        "seq_to": 1,
        "account_time": NOON,
        "head_hash": "0" * 64,
        "pending": 30,
        "available": 150,
        "reserved": 0,
        "owed": 0,
        "tier": "gold",
        "saved": {"USD": 500},
        "joined_at": NOON,
        "left_at": None,
        "program_version": 1,
        "rewards_ready": ["five"],
        "next_reward": {"id": "ten", "points": 200, "missing": 50},
    }
    return data | changes


def cause(kind: str = "event", time: datetime = NOON) -> dict[str, object]:
    """Why a balance changed."""
    return {"source": "shop", "id": f"{kind}-{time.isoformat()}", "kind": kind, "time": time}


def change(member_id: str = "m1", **changes: object) -> tuple[BalanceChanged, bytes]:
    """A balance change as the plan takes it."""
    data = BalanceChanged.model_validate(balance(member_id, **changes))
    return data, canonical(data)


def balance_event(member_id: str = "m1", **changes: object) -> bytes:
    """A balance change as it goes over the wire."""
    data = balance(member_id, **changes)
    causing = data["cause"]
    if not isinstance(causing, Mapping):
        raise TypeError("the cause is a mapping")
    id_ = f"{member_id}:{data['epoch']}:{data['version']}"
    value, _ = encode(
        "balance.changed", source="headway/ledger", id=id_, time=causing["time"], data=data
    )
    return value


def contact_event(member_id: str = "m1", *, email: str = "", name: str = "Maria") -> bytes:
    """A contact as it goes over the wire."""
    data = {"member_id": member_id, "email": email or f"{member_id}@example.com", "name": name}
    value, _ = encode("contact.updated", source="crm", id=f"c-{member_id}", time=NOON, data=data)
    return value
