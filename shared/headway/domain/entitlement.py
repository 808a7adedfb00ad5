"""What a member is entitled to: a function of the set of their inputs, not of how they arrived.

The inputs stand in the order of business time, source and id. Of several versions of an order the
highest counts, at the place of the earliest; of an effect the highest revision; a refund that
failed never was. What waits for another input acts right after it.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from headway.domain.account import Account, Input, Key, key_of
from headway.domain.book import Book, Touched
from headway.domain.effects import undo_effect
from headway.domain.opening import ENROLS
from headway.domain.outcome import Outcome
from headway.domain.settle import settle
from headway.domain.steps import STEPS
from headway.program.program import Programs

History = Sequence[tuple[int, Input]]
"""Source inputs of one member with their numbers, in any order."""


class Entitlement(NamedTuple):
    """The shadow of an account: as if nothing had been spent and nothing had expired."""

    book: Book
    outcomes: dict[int, Outcome]
    parked: dict[int, str]
    """What still waits, by number, and what for."""
    words: dict[int, int]
    """Inputs that say something of what another one, by number, stands for."""
    last: Key | None


_REFERRALS = frozenset(("referral.created", "referral.completed"))


class _Turn(NamedTuple):
    """One input at its place."""

    key: Key
    n: int
    item: Input
    undoes: bool = False


def entitlement(programs: Programs, account: Account, history: History) -> Entitlement:
    """Fold the whole history of an account's source inputs."""
    book = Book(Account(account.account_id, account.member_id), 0, 0)
    book.shadow = True
    fold = _Fold(programs, book)
    turns, words = _turns(history)
    for turn in turns:
        fold.take(turn)
    parked = {t.n: waits_for for waits_for, waiting in fold.waiting.items() for t in waiting}
    for n, spoken_for in words.items():
        if spoken_for in parked:
            parked[n] = parked[spoken_for]
    return Entitlement(book, fold.outcomes, parked, words, fold.last)


class _Fold:
    def __init__(self, programs: Programs, book: Book) -> None:
        self._programs = programs
        self._book = book
        self.outcomes: dict[int, Outcome] = {}
        self.waiting: dict[str, list[_Turn]] = {}
        self.last: Key | None = None

    def take(self, turn: _Turn) -> None:
        """One input, and whatever waited for it."""
        item, book = turn.item, self._book
        if book.joined_at is None and item.kind not in ENROLS:
            self._park(turn, "member")
            return
        book.touched = Touched()
        book.cause, book.version = turn.n, self._programs.at(item.time).version
        settle(book, self._programs, item.time)
        data: Any = item.data
        step = undo_effect if turn.undoes else STEPS[item.kind]
        outcome = step(book, self._programs, item, data)
        if outcome.outcome == "parked":
            self._park(turn, outcome.waits_for)
            return
        self.outcomes[turn.n] = outcome
        if self.last is None or turn.key > self.last:
            self.last = turn.key
        unlocks = "order:" + data.order_id if item.kind == "order.paid" else outcome.unlocks
        for waited in sorted(self.waiting.pop(unlocks, ())):
            self.take(waited)

    def _park(self, turn: _Turn, waits_for: str) -> None:
        self.waiting.setdefault(waits_for, []).append(turn)
        self.outcomes[turn.n] = Outcome("parked", "waits for " + waits_for, waits_for)


def _turns(history: History) -> tuple[list[_Turn], dict[int, int]]:
    """Every input that counts, at its place; and which of the others are spoken for by which."""
    orders: dict[str, list[tuple[int, Input]]] = {}
    effects: dict[str, list[tuple[int, Input]]] = {}
    turns: list[_Turn] = []
    words: dict[int, int] = {}
    first = _first_heard(history)
    referred = min((n for (kind, _), n in first.items() if kind == "referral"), default=0)
    failed = {item.data.refund_id for _, item in history if item.kind == "order.refund_failed"}
    for n, item in sorted(history, key=lambda entry: key_of(entry[1])):
        if item.kind == "order.paid":
            orders.setdefault(item.data.order_id, []).append((n, item))
        elif item.kind == "effect":
            effects.setdefault(item.data.key, []).append((n, item))
        elif item.kind == "order.refunded":
            if item.data.refund_id not in failed and first["refund", item.data.refund_id] == n:
                turns.append(_Turn(key_of(item), n, item))
        elif item.kind in _REFERRALS:
            if first.get(("referral", item.data.referral_id), referred) == referred:
                turns.append(_Turn(key_of(item), n, item))
            else:
                words[n] = referred
        elif item.kind != "review.published" or first["review", item.data.review_id] == n:
            turns.append(_Turn(key_of(item), n, item))
    words.update({n: versions[0][0] for versions in orders.values() for n, _ in versions[1:]})
    turns += map(_order_turn, orders.values())
    for revisions in effects.values():
        latest = max(revisions, key=lambda entry: entry[1].data.revision)
        words.update({n: latest[0] for n, _ in revisions if n != latest[0]})
        turns += _effect_turns(*latest)
    return sorted(turns), words


def _first_heard(history: History) -> dict[tuple[str, str], int]:
    """Of a refund or a review told under several ids, the one that was heard first counts; and of
    several referrals the first."""
    first: dict[tuple[str, str], int] = {}
    for n, item in history:
        if item.kind == "order.refunded":
            name = ("refund", item.data.refund_id)
        elif item.kind == "review.published":
            name = ("review", item.data.review_id)
        elif item.kind in _REFERRALS and item.data.referrer_id != item.data.member_id:
            name = ("referral", item.data.referral_id)
        else:
            continue
        first[name] = min(n, first.get(name, n))
    return first


def _order_turn(versions: Iterable[tuple[int, Input]]) -> _Turn:
    """The last word on an order at the place of the first; `versions` by place."""
    ordered = list(versions)
    n, first = ordered[0]
    item = max(ordered, key=lambda entry: entry[1].data.order_version)[1]
    if item is not first:
        item = item._replace(time=first.time)
    return _Turn(key_of(first), n, item)


def _effect_turns(n: int, item: Input) -> list[_Turn]:
    data = item.data
    since = data.since or item.time
    turns = [_Turn((since, item.source, item.id), n, item._replace(time=since))]
    if data.undone_at is not None:
        undone = item._replace(time=data.undone_at)
        turns.append(_Turn((data.undone_at, item.source, item.id), n, undone, undoes=True))
    return turns
