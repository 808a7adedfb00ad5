"""Everything a transaction decided, as the columns of one write statement."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from headway.domain.chain import canonical_row, link, recorded_bytes
from headway.domain.decide import Decision
from headway.ledger.books import Books
from headway.ledger.publishing import OutboxRow, balance_changed, effect_event
from headway.ledger.reading import QUERIES
from headway.ledger.snapshot import state_of

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

Rows = list[Sequence[Any]]


async def write(
    connection: "Connection",
    books: Books,
    *,
    positions: Sequence[Sequence[Any]] = (),
    dead_letters: Sequence[Sequence[object]] = (),
    outbox: Sequence[Sequence[object]] = (),
) -> None:
    """Write all decisions, positions, dead letters and further messages in one statement.

    `positions` are rows (group, topic, partition, next offset, log end, business time);
    `dead_letters` are the columns of that table, as `headway.stream.dead_letter.rows` gives them.
    """
    points, messages, heads = _points_and_messages(books)
    inputs, released = _inputs(books)
    parked, unparked = _parked(books)
    keys = _Keys(books)
    tables: list[tuple[Iterable[Sequence[Any]], int]] = [
        (inputs, 11),
        (released, 4),
        (parked, 4),
        (unparked, 2),
        (points, 21),
        (_tiers(books), 8),
        (keys.lots(), 17),
        (keys.new_orders, 10),
        (keys.lines(), 8),
        (_accounts(books, heads), 17),
        (positions, 6),
        ([*messages, *outbox], 5),
        (keys.changed_orders, 6),
        (keys.refunds(), 4),
        (keys.new_reviews, 5),
        (keys.changed_reviews, 2),
        (keys.referees(), 3),
        (keys.new_effects, 4),
        (keys.changed_effects, 3),
    ]
    columns = [column for rows, width in tables for column in _columns(rows, width)]
    await connection.execute(QUERIES.write_batch, *columns, *(dead_letters or [()] * 13))


def _columns(rows: Iterable[Sequence[Any]], width: int) -> list[Sequence[Any]]:
    return list(zip(*rows, strict=True)) or [()] * width


def _points_and_messages(books: Books) -> tuple[Rows, list[OutboxRow], dict[int, bytes]]:
    """Hash-chained points rows, and one message per cause that changed an account."""
    heads: dict[int, bytes] = {}
    stamps: dict[int, tuple[datetime, bytes]] = {}
    rows: Rows = []
    messages: list[OutboxRow] = []
    prefix, epoch = books.topic_prefix, books.known.epoch
    for decision in books.decisions:
        account_id = decision.account.account_id
        head = heads.get(account_id)
        if head is None:
            head = bytes(books.before[account_id]["head_hash"])
            recorded = books.recorded_at(account_id)
            stamps[account_id] = (recorded, recorded_bytes(recorded))
        recorded_at, stamp = stamps[account_id]
        for row in decision.points:
            following = link(head, stamp, canonical_row(row))
            rows.append((*row, recorded_at, head, following))
            head = following
        heads[account_id] = head
        if decision.changed:
            messages.append(balance_changed(decision, books.programs, epoch, head, prefix))
        for effect in decision.effects:
            messages.append(effect_event(effect, account_id, prefix))
    return rows, messages, heads


def _inputs(books: Books) -> tuple[Rows, Rows]:
    """New inputs with what became of them, and earlier parked ones that were decided now."""
    new: dict[tuple[str, str], list[Any]] = {}
    released: Rows = []
    for decision in books.decisions:
        item, outcome = decision.input, decision.outcome
        identity = (item.source, item.id)
        if identity in new:
            new[identity][-2:] = [outcome.outcome, outcome.reason]
        elif decision.released:
            if outcome.outcome != "parked":
                released.append((item.source, item.id, outcome.outcome, outcome.reason))
        else:
            account_id = decision.account.account_id
            new[identity] = [
                item.source,
                item.id,
                account_id,
                decision.n,
                item.kind,
                item.time,
                books.recorded_at(account_id),
                item.body.decode(),
                item.digest,
                outcome.outcome,
                outcome.reason,
            ]
    return list(new.values()), released


def _parked(books: Books) -> tuple[Rows, Rows]:
    parked: Rows = []
    unparked: Rows = []
    for account_id, account in books.accounts.items():
        stored = {
            waiting.n: waiting.waits_for for waiting in books.known.parked.get(account_id, ())
        }
        for waiting in account.parked:
            if stored.pop(waiting.n, None) != waiting.waits_for:
                parked.append((account_id, waiting.n, waiting.waits_for, books.known.now))
        unparked += ((account_id, n) for n in stored)
    return parked, unparked


def _tiers(books: Books) -> Rows:
    return [
        (*event, books.recorded_at(event.account_id))
        for decision in books.decisions
        for event in decision.tier_events
    ]


def _accounts(books: Books, heads: dict[int, bytes]) -> Rows:
    return [
        (
            account_id,
            account.pending,
            account.available,
            account.reserved,
            account.owed,
            account.seq,
            account.inputs,
            account.tier_seq,
            account.version,
            heads[account_id],
            account.time,
            books.recorded_at(account_id),
            account.joined_at,
            account.left_at,
            account.tier,
            account.next_due_at,
            state_of(account),
        )
        for account_id, account in books.accounts.items()
        if account_id in heads
    ]


class _Keys:
    """Rows beside the accounts, from what the decisions touched and how it stands at the end."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self.new_orders: Rows = []
        self.changed_orders: Rows = []
        self.new_reviews: Rows = []
        self.changed_reviews: Rows = []
        self.new_effects: Rows = []
        self.changed_effects: Rows = []
        for decision in books.decisions:
            touched = decision.touched
            if touched.reviews or touched.effects:
                self._rare(decision)
        self._orders()

    def _touched(self, name: str) -> Iterable[tuple[int, Any]]:
        """(account, key) of every row of that name that was written, once."""
        seen: dict[tuple[int, Any], None] = {}
        for decision in self._books.decisions:
            for key in getattr(decision.touched, name):
                seen[decision.account.account_id, key] = None
        return seen

    def _orders(self) -> None:
        for account_id, order_id in self._touched("orders"):
            order = self._books.accounts[account_id].orders[order_id]
            if order_id in self._books.keys.orders.get(account_id, ()):
                self.changed_orders.append(
                    (
                        order_id,
                        order.order_version,
                        order.digest,
                        order.tier,
                        order.program_version,
                        order.counts,
                    )
                )
            else:
                self.new_orders.append((order_id, account_id, *order[1:]))

    def _rare(self, decision: Decision) -> None:
        account_id = decision.account.account_id
        final, keys = self._books.accounts[account_id], self._books.keys
        for review_id in decision.touched.reviews:
            review = final.reviews[review_id]
            if review_id in keys.reviews.get(account_id, ()):
                _once(self.changed_reviews, (review_id, review.removed))
            else:
                _once(self.new_reviews, (review_id, account_id, *review[1:]))
        for key in decision.touched.effects:
            effect = final.effects[key]
            if key in keys.effects.get(account_id, ()):
                _once(self.changed_effects, (key, effect.revision, effect.exact))
            else:
                _once(self.new_effects, (key, account_id, effect.revision, effect.exact))

    def lots(self) -> Rows:
        accounts = self._books.accounts
        return [(account, *accounts[account].lots[lot]) for account, lot in self._touched("lots")]

    def lines(self) -> Rows:
        accounts = self._books.accounts
        return [(account, *accounts[account].lines[key]) for account, key in self._touched("lines")]

    def refunds(self) -> Rows:
        rows: Rows = []
        for account_id, refund_id in self._touched("refunds"):
            refund = self._books.accounts[account_id].refunds[refund_id]
            rows.append((refund_id, account_id, refund.n, refund.digest))
        return rows

    def referees(self) -> Rows:
        return [
            (decision.account.account_id, decision.account.referral.referral_id, decision.n)
            for decision in self._books.decisions
            if decision.touched.referee and decision.account.referral is not None
        ]


def _once(rows: Rows, row: Sequence[Any]) -> None:
    if row not in rows:
        rows.append(row)
