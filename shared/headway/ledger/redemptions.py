"""Redemptions in the ledger: their rows, what they hold, and the answers kept under their keys.

Everything here runs inside a transaction that takes its locks in this order: idempotency key,
account, redemption (which the account's lock covers), code, stock.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import asyncpg
import orjson

from headway.domain.redemption import ENDS_IN, Guest, Pooled, Reserve, State, Step
from headway.domain.terms import Wish
from headway.ledger import snapshot
from headway.ledger.books import Books
from headway.ledger.queries import load
from headway.ledger.transfers import part_fields, part_from
from headway.program.rewards import Kind, Order

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

QUERIES = load("headway.ledger", "redemptions.sql")

Held = tuple[tuple[int, int], ...]
"""(lot, points) in the order reserved."""


class Parts(NamedTuple):
    """Where a redemption's points were held, and where they are taken from now; each (lot, points)
    in the order reserved. Lot 0 stands for what was owed when it was taken."""

    held: Held
    taken: Held


class Redemption(NamedTuple):
    """One redemption. Money in minor units: `value_minor` is what it saves or, of a donation, what
    the cause gets. `held_until` is by the system's clock, the other times are business times: when
    it was reserved, and when it last changed. `counted`: it took one of a limited stock.
    `automatic`: it is a certificate that issued itself. `pool_id`: the pool that its points came
    from, `guests` the lots that others gave. `order_id`: the order it pays; what of its points and
    value has come back is `restored_*`."""

    redemption_id: str
    account_id: int
    member_id: str
    reward_id: str
    reward_name: str
    points: int
    value_minor: int
    currency: str
    program_version: int
    state: State
    reserved_at: datetime
    held_until: datetime
    updated_at: datetime
    kind: Kind = "money_off"
    cash_minor: int = 0
    counted: bool = False
    code: str | None = None
    automatic: bool = False
    pool_id: str | None = None
    order_id: str | None = None
    restored_points: int = 0
    restored_minor: int = 0
    guests: tuple[Guest, ...] = ()

    def after(self, kind: str, at: datetime) -> "Redemption":
        """The redemption after a step of that kind."""
        moved = self._replace(state=ENDS_IN[kind], updated_at=at)
        if moved.state != "reversed":
            return moved
        return moved._replace(restored_points=self.points, restored_minor=self.value_minor)

    @property
    def gave_back(self) -> bool:
        """Whether what it took of a limited stock is free again."""
        return self.counted and self.state in ("cancelled", "timed_out", "reversed")


_COLUMNS = Redemption._fields[:-1]


class Answer(NamedTuple):
    """What a command was answered, and the digest of what was asked."""

    digest: bytes
    status: int
    body: str


# -- what the input log holds ----------------------------------------------------------------------


def body_of(command: Reserve | Step, reward_id: str) -> bytes:
    """The fields decided on, as canonical JSON: all that replaying the command needs."""
    if isinstance(command, Reserve):
        return orjson.dumps(
            {
                "redemption_id": command.redemption_id,
                "reward_id": reward_id,
                **_wish_fields(command.wish),
                **_pooled_fields(command.pooled),
            },
            option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z,
        )
    told: dict[str, object] = {
        name: True for name in ("donation", "code_used") if getattr(command, name)
    }
    if command.guests:
        told["guests"] = [list(guest) for guest in command.guests]
    return orjson.dumps(
        {
            "redemption_id": command.redemption_id,
            "reward_id": reward_id,
            "state": command.state,
            "value_minor": command.value_minor,
            "currency": command.currency,
            "held": command.held,
            **told,
        },
        option=orjson.OPT_SORT_KEYS,
    )


def _wish_fields(wish: Wish) -> dict[str, object]:
    """What of a wish is not as usual."""
    told = {
        name: value for name, value in wish._asdict().items() if value != Wish._field_defaults[name]
    }
    return told if wish.order is None else {**told, "order": wish.order._asdict()}


def _pooled_fields(pooled: Pooled | None) -> dict[str, object]:
    if pooled is None:
        return {}
    return {"pooled": {"parts": [part_fields(part) for part in pooled.parts], "own": pooled.own}}


def _pooled_from(fields: Mapping[str, Any] | None) -> Pooled | None:
    if fields is None:
        return None
    own = tuple((lot, points) for lot, points in fields["own"])
    return Pooled(tuple(map(part_from, fields["parts"])), own)


def _wish_from(fields: Mapping[str, Any]) -> Wish:
    given = {name: fields[name] for name in Wish._fields if name in fields}
    if "order" in given:
        given["order"] = Order(**given["order"])
    return Wish(**given)


def command_from(kind: str, body: bytes | str) -> Reserve | Step:
    """The inverse of `body_of`, for replaying the input log."""
    fields = orjson.loads(body)
    if kind == "redemption.reserve":
        return Reserve(
            fields["redemption_id"], fields["reward_id"], _wish_from(fields),
            _pooled_from(fields.get("pooled")),
        )  # fmt: skip
    held = tuple((lot, points) for lot, points in fields["held"])
    return Step(
        fields["redemption_id"],
        fields["state"],
        fields["value_minor"],
        fields["currency"],
        held,
        fields.get("donation", False),
        fields.get("code_used", False),
        tuple(Guest(*guest) for guest in fields.get("guests", ())),
        fields["reward_id"],
    )


# -- keys and their answers ------------------------------------------------------------------------


async def take_key(connection: "Connection", key: str, lock_timeout: timedelta) -> Answer | None:
    """Wait until no other request with this key runs; its answer, if there was one before.

    Raises asyncpg.LockNotAvailableError when this, or a later lock of the transaction, takes
    longer than `lock_timeout`.
    """
    milliseconds = str(max(int(lock_timeout.total_seconds() * 1000), 1))
    await connection.execute(QUERIES.take_key, key, milliseconds)
    row = await connection.fetchrow(QUERIES.read_answer, key)
    return None if row is None else Answer(bytes(row["digest"]), row["status"], row["answer"])


async def keep_answer(connection: "Connection", key: str, answer: Answer) -> None:
    """Store the answer under its key, in the transaction of what it tells."""
    await connection.execute(QUERIES.keep_answer, key, answer.digest, answer.status, answer.body)


# -- redemptions -----------------------------------------------------------------------------------


class Holder(NamedTuple):
    """The account whose redemption it is, and the others that gave points for it."""

    account_id: int
    givers: tuple[int, ...]


async def holder_of(connection: "Connection", redemption_id: str) -> Holder | None:
    """Whose redemption it is; None if there is no such redemption."""
    row = await connection.fetchrow(QUERIES.holder_of, redemption_id)
    return None if row is None else Holder(row["account_id"], tuple(row["givers"] or ()))


async def owner_of(connection: "Connection", redemption_id: str) -> str | None:
    """The member whose redemption it is; None if there is no such redemption."""
    member_id: str | None = await connection.fetchval(QUERIES.owner_of, redemption_id)
    return member_id


async def read_redemption(
    connection: "Connection", redemption_id: str
) -> tuple[Redemption, Parts] | None:
    """One redemption and what it took from which lot."""
    found = await read_redemptions(connection, [redemption_id])
    return found[0] if found else None


async def read_redemptions(
    connection: "Connection", redemption_ids: Sequence[str]
) -> list[tuple[Redemption, Parts]]:
    """Redemptions by id, each with what it took from which lot."""
    rows = await connection.fetch(QUERIES.read_redemptions, redemption_ids)
    return [_from(row) for row in rows]


class Wanted(NamedTuple):
    """Which redemptions are asked for; `since`: reserved from that business time on."""

    member_id: str | None = None
    state: State | None = None
    since: datetime | None = None


async def read_page(
    connection: "Connection", before: str | None, limit: int, wanted: Wanted
) -> list[Redemption]:
    """The newest wanted redemptions before one, by business time."""
    rows = await connection.fetch(QUERIES.page_of_redemptions, before, *wanted, limit)
    return [Redemption(*row) for row in rows]


def _from(row: asyncpg.Record) -> tuple[Redemption, Parts]:
    redemption = Redemption(*(row[name] for name in _COLUMNS))
    guests = tuple(Guest(*guest) for guest in orjson.loads(row["guests"]))
    redemption = redemption._replace(guests=guests)
    parts = orjson.loads(row["parts"])
    held = tuple((lot, points) for lot, points, _ in parts if points)
    return redemption, Parts(held, tuple((lot, taken) for lot, _, taken in parts if taken))


def step_of(kind: str, redemption: Redemption, parts: Parts) -> Step:
    """What a later step of that kind is decided on: of what is undone, what is left of it."""
    undone = ENDS_IN[kind] == "reversed"
    return Step(
        redemption.redemption_id,
        redemption.state,
        redemption.value_minor - (redemption.restored_minor if undone else 0),
        redemption.currency,
        parts.taken if undone else parts.held,
        redemption.kind == "donation",
        guests=redemption.guests,
        reward_id=redemption.reward_id,
    )


async def load_held_lots(
    connection: "Connection", books: Books, account_id: int, held: Iterable[tuple[int, int]]
) -> None:
    """Add the lots that a redemption took from to an opened account: they may be empty by now."""
    account = books.accounts[account_id]
    missing = [lot for lot, _ in held if lot and lot not in account.lots]
    if missing:
        rows = await connection.fetch(QUERIES.read_lots_of, account_id, missing)
        lots = {row["lot"]: snapshot.lot_from(row) for row in rows}
        books.accounts[account_id] = account._replace(lots={**account.lots, **lots})


async def open_redemption(connection: "Connection", redemption: Redemption) -> None:
    """Store a new redemption."""
    later = ("member_id", "restored_points", "restored_minor")
    columns = [getattr(redemption, name) for name in _COLUMNS if name not in later]
    await connection.execute(QUERIES.open_redemption, *columns)


async def move_redemption(connection: "Connection", redemption: Redemption) -> None:
    """Store a redemption's new state."""
    await connection.execute(
        QUERIES.move_redemption, redemption.redemption_id, redemption.state, redemption.updated_at,
        redemption.restored_points, redemption.restored_minor,
    )  # fmt: skip


async def lock_late(
    connection: "Connection", limit: int
) -> dict[int, tuple[asyncpg.Record, Redemption, Parts]]:
    """Lock accounts with a reservation held too long; by account, its row and its oldest one.

    Takes up to `limit` reservations into view. Accounts that others hold now, and those that
    wait for a person, are left out; so are those of pools, which more than one account holds.
    """
    rows = await connection.fetch(QUERIES.lock_late_holders, limit)
    if not rows:
        return {}
    accounts = {row["account_id"]: row for row in rows}
    ids = await connection.fetch(QUERIES.late_redemptions, list(accounts))
    found = await read_redemptions(connection, [row["redemption_id"] for row in ids])
    return {one.account_id: (accounts[one.account_id], one, parts) for one, parts in found}


async def late_pooled(connection: "Connection", limit: int) -> list[str]:
    """Reservations from pools that were held too long, the longest first. Nothing is locked."""
    rows = await connection.fetch(QUERIES.late_pooled, limit)
    return [row["redemption_id"] for row in rows]


async def is_late(connection: "Connection", redemption_id: str) -> bool:
    """Whether a reservation is still held, and for too long. Exact under its account's lock."""
    late: bool = await connection.fetchval(QUERIES.is_late, redemption_id)
    return late


async def lock_without_code(
    connection: "Connection", limit: int, without: Collection[str]
) -> list[Redemption]:
    """Certificates that issued themselves and have no code yet, their accounts locked; those of
    accounts that others hold now, and of the rewards `without`, are left out."""
    passed = list(without)
    rows = await connection.fetch(QUERIES.lock_holders_without_code, limit, passed)
    if not rows:
        return []
    accounts = [row["account_id"] for row in rows]
    ids = await connection.fetch(QUERIES.without_code, accounts, passed, limit)
    found = await read_redemptions(connection, [row["redemption_id"] for row in ids])
    return [redemption for redemption, _ in found]


async def give_code(connection: "Connection", redemption_id: str, code: str) -> None:
    """Store the code of a certificate that issued itself."""
    await connection.execute(QUERIES.give_code_to, redemption_id, code)
