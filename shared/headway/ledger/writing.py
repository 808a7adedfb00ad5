"""Everything a transaction decided, as the columns of one write statement."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from headway.domain.chain import canonical_row, link, recorded_bytes
from headway.domain.closing import Decision
from headway.ledger.books import Books
from headway.ledger.publishing import OutboxRow, balance_changed, effect_event, notices
from headway.ledger.reading import QUERIES
from headway.ledger.snapshot import state_of

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

Rows = list[Sequence[Any]]
_NONE: Mapping[Any, Any] = {}


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
    `dead_letters` are rows as the type dead_letter_in has them.
    """
    points, messages, heads = _points_and_messages(books)
    inputs, released = _inputs(books)
    parked, unparked = _parked(books)
    keys = _Keys(books)
    await connection.execute(
        QUERIES.write_batch,
        inputs,
        released,
        parked,
        [account_id for account_id, _ in unparked],
        [n for _, n in unparked],
        points,
        _tiers(books),
        keys.new_lots,
        keys.changed_lots,
        keys.new_orders,
        keys.changed_orders,
        keys.new_lines,
        keys.changed_lines,
        keys.refunds,
        keys.new_reviews,
        keys.changed_reviews,
        keys.referees,
        keys.new_effects,
        keys.changed_effects,
        _accounts(books, heads),
        positions,
        dead_letters,
        [*messages, *outbox],
        *_certificates(books),
        keys.changed_payments,
    )


def _points_and_messages(books: Books) -> tuple[Rows, list[OutboxRow], dict[int, bytes]]:
    """Hash-chained points rows, and one message per cause that changed an account."""
    heads: dict[int, bytes] = {}
    stamps: dict[datetime, bytes] = {}
    rows: Rows = []
    messages: list[OutboxRow] = []
    prefix, epoch = books.topic_prefix, books.known.epoch
    for decision in books.decisions:
        account_id = decision.account.account_id
        head = heads.get(account_id)
        if head is None:
            head = books.heads[account_id]
        recorded_at = books.recorded_at[account_id]
        stamp = stamps.get(recorded_at)
        if stamp is None:
            stamp = stamps[recorded_at] = recorded_bytes(recorded_at)
        for row in decision.points:
            following = link(head, stamp, canonical_row(row))
            rows.append((*row, recorded_at, head, following))
            head = following
        heads[account_id] = head
        if decision.changed:
            messages.append(balance_changed(decision, books.programs, epoch, head, prefix))
        for effect in decision.effects:
            messages.append(effect_event(effect, account_id, prefix))
        if decision.notices or decision.tier_events:
            messages += notices(decision, books.programs, epoch, prefix)
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
                books.recorded_at[account_id],
                item.body.decode(),
                item.digest,
                outcome.outcome,
                outcome.reason,
            ]
    return [tuple(row) for row in new.values()], released


def _parked(books: Books) -> tuple[Rows, Rows]:
    parked: Rows = []
    unparked: Rows = []
    known = books.known.parked
    for account_id, account in books.accounts.items():
        if not account.parked and account_id not in known:
            continue
        stored = {waiting.n: waiting.waits_for for waiting in known.get(account_id, ())}
        for waiting in account.parked:
            if stored.pop(waiting.n, None) != waiting.waits_for:
                parked.append((account_id, waiting.n, waiting.waits_for, books.known.now))
        unparked += ((account_id, n) for n in stored)
    return parked, unparked


def _tiers(books: Books) -> Rows:
    return [
        (*event, books.recorded_at[event.account_id])
        for decision in books.decisions
        for event in decision.tier_events
    ]


def _certificates(books: Books) -> tuple[Rows, list[str], list[datetime]]:
    """Certificates that issued themselves, as they stand at the end; and of those that were there
    before, which were taken back, and when."""
    issued: dict[str, list[Any]] = {}
    voided: dict[str, datetime] = {}
    for decision in books.decisions:
        for one in decision.issued:
            certificate = one.certificate
            issued[certificate.redemption_id] = [
                certificate.redemption_id, decision.account.account_id, one.reward_id,
                one.reward_name, certificate.points, certificate.value_minor,
                certificate.currency, one.program_version, "confirmed", one.at, one.at,
            ]  # fmt: skip
        for gone in decision.voided:
            if gone.redemption_id in issued:
                issued[gone.redemption_id][8:] = [
                    "reversed",
                    issued[gone.redemption_id][9],
                    gone.at,
                ]
            else:
                voided[gone.redemption_id] = gone.at
    return [tuple(row) for row in issued.values()], list(voided), list(voided.values())


def _accounts(books: Books, heads: dict[int, bytes]) -> Rows:
    return [
        # The fields between the member's name and the first that is kept in the state.
        (
            account_id,
            *account[2:15],
            state_of(account),
            heads[account_id],
            books.recorded_at[account_id],
        )
        for account_id, account in books.accounts.items()
        if account_id in heads
    ]


class _Keys:
    """Rows beside the accounts, from what the decisions touched and how it stands at the end."""

    def __init__(self, books: Books) -> None:
        self._accounts = books.accounts
        self._known = books.keys
        self.new_lots: Rows = []
        self.changed_lots: Rows = []
        self.new_lines: Rows = []
        self.changed_lines: Rows = []
        self.new_orders: Rows = []
        self.changed_orders: Rows = []
        self.refunds: Rows = []
        self.new_reviews: Rows = []
        self.changed_reviews: Rows = []
        self.referees: Rows = []
        self.new_effects: Rows = []
        self.changed_effects: Rows = []
        self.changed_payments: Rows = []
        lots: dict[tuple[int, int], None] = {}
        accounts = self._accounts
        lines: dict[tuple[int, tuple[str, str]], None] = {}
        rare: dict[tuple[int, str, str], None] = {}
        for decision in books.decisions:
            account_id, touched = decision.account.account_id, decision.touched
            for lot in touched.lots:
                lots[account_id, lot] = None
            for lot in touched.opened:
                if not accounts[account_id].lots[lot].award.startswith("order:"):
                    lots[account_id, lot] = None
            for line in touched.lines:
                lines[account_id, line] = None
            for order_id in touched.orders:
                rare[account_id, "order", order_id] = None
            if touched.rare():
                self._note(account_id, decision, rare)
        for account_id, kind, key in rare:
            getattr(self, "_" + kind)(account_id, key)
        for account_id, number in lots:
            rows = self.new_lots if number > books.last_seq[account_id] else self.changed_lots
            rows.append((account_id, *accounts[account_id].lots[number]))
        for account_id, line in lines:
            order_id, line_id = line
            known = line_id in self._known.lines.get(account_id, _NONE).get(order_id, ())
            rows = self.changed_lines if known else self.new_lines
            rows.append((account_id, *accounts[account_id].lines[order_id][line_id]))

    def _note(
        self, account_id: int, decision: Decision, rare: dict[tuple[int, str, str], None]
    ) -> None:
        touched = decision.touched
        for refund_id in touched.refunds:
            rare[account_id, "refund", refund_id] = None
        for review_id in touched.reviews:
            rare[account_id, "review", review_id] = None
        for effect in touched.effects:
            rare[account_id, "effect", effect] = None
        for redemption_id in touched.payments:
            rare[account_id, "payment", redemption_id] = None
        if touched.referee and decision.account.referral is not None:
            referral_id = decision.account.referral.referral_id
            self.referees.append((account_id, referral_id, decision.n))

    def _order(self, account_id: int, order_id: str) -> None:
        order = self._accounts[account_id].orders[order_id]
        known = order_id in self._known.orders.get(account_id, ())
        rows = self.changed_orders if known else self.new_orders
        rows.append((order_id, account_id, *order[1:]))

    def _refund(self, account_id: int, refund_id: str) -> None:
        refund = self._accounts[account_id].refunds[refund_id]
        self.refunds.append((refund_id, account_id, refund.n, refund.digest))

    def _review(self, account_id: int, review_id: str) -> None:
        review = self._accounts[account_id].reviews[review_id]
        known = review_id in self._known.reviews.get(account_id, ())
        rows = self.changed_reviews if known else self.new_reviews
        rows.append((review_id, account_id, *review[1:]))

    def _effect(self, account_id: int, key: str) -> None:
        effect = self._accounts[account_id].effects[key]
        known = key in self._known.effects.get(account_id, ())
        rows = self.changed_effects if known else self.new_effects
        rows.append((key, account_id, effect.revision, effect.exact))

    def _payment(self, account_id: int, redemption_id: str) -> None:
        one = self._accounts[account_id].payments[redemption_id]
        row = redemption_id, one.restored_points, one.restored_minor, one.updated_at
        self.changed_payments.append(row)
