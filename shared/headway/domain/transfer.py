"""Points that move from one account to another: transfers, and what household pools draw.

Each account decides for itself, in one transaction: the one that gives writes a move_out for each
lot, the one that gets a move_in that answers it. Lots and expiries travel: what arrives opens a
lot that was earned, and dies, when the one it comes from does. Points that come home move back
into the lot that they once left. Nothing of it is `exact`: what members are entitled to by their
events knows nothing of it, so that a return takes back from whoever was awarded, and nobody else.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from headway.domain.account import Account, Input, Lot
from headway.domain.book import Book, spend_order
from headway.domain.inactivity import keeps_alive
from headway.domain.outcome import Outcome, applied, refused
from headway.domain.points import PointsEvent
from headway.domain.reversal import forgive_returned
from headway.errors import InvariantViolated
from headway.program.program import Programs

SEND, RECEIVE = "transfer.send", "transfer.receive"
GIVE, HOME = "pool.give", "pool.home"
"""The kinds of the inputs; whoever spends from a pool has those of the redemption itself."""
TRANSFER, POOL = "transfer", "pool"
"""What the points are told under where others are told under their rule."""


class Part(NamedTuple):
    """Points that arrive: the move_out they answer, and the life of the lot that they left.

    `home`: the lot of the getting account that they once came from; None: they open one.
    """

    points: int
    account: int
    seq: int
    earned_at: datetime
    activates_at: datetime
    expires_at: datetime | None
    home: int | None = None


class Send(NamedTuple):
    """Give points to another member; `sent`: how many this one has sent in the period before."""

    transfer_id: str
    points: int
    to_account: int
    sent: int = 0


class Receive(NamedTuple):
    """Take what another member has sent."""

    transfer_id: str
    parts: tuple[Part, ...]


class Give(NamedTuple):
    """Give, for a redemption by another member of the pool, points of these (lot, points)."""

    redemption_id: str
    to_account: int
    lots: tuple[tuple[int, int], ...]


class Home(NamedTuple):
    """Take back what was given for a redemption that came to nothing."""

    redemption_id: str
    parts: tuple[Part, ...]


class Drawn(NamedTuple):
    """What a pool is to give: points of one lot of one account."""

    account: int
    lot: int
    points: int


# -- deciding --------------------------------------------------------------------------------------


def decide_send(book: Book, programs: Programs, item: Input, command: Send) -> Outcome:
    """Points leave in spend order; refused outside of the programme's limits."""
    terms = programs.at(item.time).transfers
    if terms is None:
        return refused("no transfers")
    if book.joined_at is None:
        return refused("not a member")
    if book.left_at is not None and item.time >= book.left_at:
        return refused("member left")
    if command.points < terms.minimum:
        return refused("below minimum")
    if terms.maximum is not None and command.sent + command.points > terms.maximum.points:
        return refused("above maximum")
    if book.balances["available"] < command.points:
        return refused("insufficient points")
    left = command.points
    for lot in book.open_lots():
        part = min(lot.available, left)
        move_out(book, item, lot.lot, part, command.transfer_id)
        left -= part
        if not left:
            return applied()
    raise InvariantViolated(
        f"account {book.account.account_id} has fewer points in lots than available"
    )


def decide_receive(book: Book, programs: Programs, item: Input, command: Receive) -> Outcome:
    """What was sent arrives; what is owed is cleared by it, as by all that becomes available."""
    if book.joined_at is None:
        return refused("not a member")
    for part in command.parts:
        move_in(book, programs, item, part, command.transfer_id, TRANSFER)
    keeps_alive(book, programs, item.kind, item.time)
    return applied()


def decide_give(book: Book, item: Input, command: Give) -> Outcome:
    """Points leave exactly those lots that the pool has drawn on."""
    for lot, points in command.lots:
        move_out(book, item, lot, points, command.redemption_id)
    return applied()


def decide_home(book: Book, programs: Programs, item: Input, command: Home) -> Outcome:
    """Points are back in their lots, whoever has left what meanwhile, and whatever expired."""
    for part in command.parts:
        move_in(book, programs, item, part, command.redemption_id, POOL)
    return applied()


def move_out(book: Book, item: Input, lot: int, points: int, group: str) -> None:
    """Points leave one lot for another account."""
    book.move("move_out", points, "available", "moved", item.time, lot, group=group)


def move_in(book: Book, programs: Programs, item: Input, part: Part, group: str, rule: str) -> int:
    """Points of one move_out arrive; returns the lot that they are in."""
    origin, at = (part.account, part.seq), item.time
    if part.home is not None:
        book.move(
            "move_in", part.points, "moved", "available", at, part.home, group=group, origin=origin
        )
        forgive_returned(book, part.home, at)
        return part.home
    number, version = book.seq + 1, programs.at(at).version
    book.move(
        "move_in", part.points, "moved", "available", at, number, group=group, rule=rule,
        program_version=version, activates_at=part.activates_at, expires_at=part.expires_at,
        origin=origin,
    )  # fmt: skip
    book.open_lot(
        Lot(
            number, part.points, 0, part.points, 0, 0, 0, 0, 0, rule, f"{rule}:{group}", "",
            version, part.earned_at, part.activates_at, part.expires_at,
        )
    )  # fmt: skip
    return number


# -- between two accounts --------------------------------------------------------------------------


def parts_of(
    rows: Iterable[PointsEvent], lots: Mapping[int, Lot], homes: Mapping[int, int]
) -> tuple[Part, ...]:
    """What the move_outs among an account's rows bring to another; `homes`: by lot of the giving
    account, the lot of the getting one that its points came from."""
    parts: list[Part] = []
    for row in rows:
        if row.kind != "move_out":
            continue
        if row.lot is None:
            raise InvariantViolated(f"points left account {row.account_id} out of no lot")
        lot = lots[row.lot]
        parts.append(
            Part(
                row.points, row.account_id, row.seq, lot.earned_at, lot.activates_at,
                lot.expires_at, homes.get(lot.lot),
            )
        )  # fmt: skip
    return tuple(parts)


def draw(accounts: Sequence[Account], spender: int, points: int) -> tuple[Drawn, ...]:
    """Which lots of a pool give so many points, as if all were one account's: nearest expiry
    first, never-expiring last, then oldest; of equals the spender's own first.

    The accounts are settled, with their open lots. Raises InvariantViolated if it is too much.
    """
    found = sorted(

            (*spend_order(lot)[:3], account.account_id != spender, account.account_id, lot.lot,
             lot.available)
            for account in accounts
            for lot in account.lots.values()
            if lot.available

    )  # fmt: skip
    drawn: list[Drawn] = []
    left = points
    for *_, account_id, number, available in found:
        if not left:
            break
        part = min(available, left)
        drawn.append(Drawn(account_id, number, part))
        left -= part
    if left:
        raise InvariantViolated(f"{points} points drawn on a pool that has {points - left}")
    return tuple(drawn)
