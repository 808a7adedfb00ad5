"""Deciding again from the input log: what a late input, or a change of an earlier one, makes of
the awards after it. Only the differences are appended; what was spent or has expired stands.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from headway.contracts.opening import OPENING
from headway.domain.account import Input, Lot, Referral
from headway.domain.actions import cannot_earn
from headway.domain.award import open_lot
from headway.domain.book import Book
from headway.domain.entitlement import Entitlement, History, entitlement
from headway.domain.inactivity import keeps_alive
from headway.domain.membership import ended_by
from headway.domain.opening import reaches
from headway.domain.orders import set_free
from headway.domain.payment import pay_again, restore_for
from headway.domain.points import Effect, TierEvent
from headway.domain.reinstatement import reinstate
from headway.domain.reversal import reverse
from headway.domain.settle import settle
from headway.program.program import NOT_YET, Programs

_ACTS = frozenset(("review.published", "activity.recorded"))


class _Award(NamedTuple):
    """What sets two lots of one account apart for good."""

    earned_at: datetime
    award: str
    line_id: str
    rule: str
    version: int


def redecide(book: Book, programs: Programs, item: Input, history: History) -> Entitlement:
    """Bring the account to what its history, this input included, entitles the member to."""
    settle(book, programs, reaches(item))
    now = book.time or item.time
    # What waits and lies ahead of the account's time is taken up after this, as it is released.
    ahead = {one.n: one.waits_for for one in book.account.parked if one.input.time > now}
    known = [entry for entry in history if entry[0] not in ahead]
    due = entitlement(programs, book.account, [*known, (book.cause, item)])
    due.parked.update(ahead)
    shadow = due.book
    book.notices += ended_by(book, shadow, item)
    shadow.cause, shadow.version = book.cause, book.version
    settle(shadow, programs, now)
    referred = book.referral or shadow.referral
    before = _as_decided(book, programs, history) if referred else None
    _take_over_keys(book, shadow)
    _book_all(book, programs, shadow, now)
    _take_over_state(book, shadow)
    _tell_differences(book, before, shadow)
    _move_tier(book, shadow, now)
    if item.kind == "order.paid" and item.data.order_id not in book.account.lines:
        order = book.orders[item.data.order_id]
        if order.counts and any(line.amount for line in book.lines_of(order.order_id)):
            reinstate(book, programs, order.paid_at, order.tier)
            keeps_alive(book, programs, item.kind, order.paid_at)
    elif item.kind == OPENING or (item.kind in _ACTS and not cannot_earn(book, item)):
        keeps_alive(book, programs, item.kind, reaches(item))
    return due


def _book_all(book: Book, programs: Programs, shadow: Book, now: datetime) -> None:
    """As with a return in its turn: what paid comes back first, and pays again last."""
    told = dict.fromkeys(order_id for order_id, _ in book.touched.lines)
    for order_id in told:
        restore_for(book, programs, order_id, now)
    _book_differences(book, programs, shadow, now)
    for order_id in told:
        pay_again(book, order_id, now)


def _as_decided(book: Book, programs: Programs, history: History) -> Book:
    """The shadow of the account as it stands, without what still waited until now."""
    waiting = {waited.n for waited in book.account.parked}
    decided = [entry for entry in history if entry[0] not in waiting]
    return entitlement(programs, book.account, decided).book


def _standing(lots: Mapping[int, Lot]) -> dict[_Award, list[Lot]]:
    found: dict[_Award, list[Lot]] = {}
    for number in sorted(lots):
        lot = lots[number]
        key = _Award(lot.earned_at, lot.award, lot.line_id, lot.rule, lot.program_version)
        found.setdefault(key, []).append(lot)
    return found


def _exact(lots: list[Lot]) -> int:
    return sum(lot.exact - lot.exact_returned for lot in lots)


def _book_differences(book: Book, programs: Programs, shadow: Book, now: datetime) -> None:
    """Grants first, then take-backs, so that nothing is owed that a grant would have paid.

    Grants go in the order in which steps would have given them, take-backs in the order in which
    it was given: so a rule's remainder falls to the same award either way.
    """
    stands, due = _standing(book.lots), _standing(shadow.lots)
    for key, lots in due.items():
        exact = _exact(lots) - _exact(stands.get(key, []))
        if exact > 0:
            _grant(book, lots[-1], exact)
    for key, lots in stands.items():
        left = max(_exact(lots) - _exact(due.get(key, [])), 0)
        for lot in lots:
            part = min(left, lot.exact - lot.exact_returned)
            left -= part
            order_id = _order_of(lot)
            reverse(
                book, programs, lot.lot, part, now, order_id=order_id, line_id=lot.line_id or None
            )
    _set_free(book, stands, due, now)


def _grant(book: Book, like: Lot, exact: int) -> None:
    open_lot(
        book, like.rule, exact, like.award, like.line_id, like.program_version, like.earned_at,
        like.activates_at, like.expires_at, _order_of(like),
    )  # fmt: skip


def _order_of(lot: Lot) -> str | None:
    kind, _, name = lot.award.partition(":")
    return name if kind == "order" else None


def _set_free(
    book: Book, stands: Mapping[_Award, list[Lot]], due: Mapping[_Award, list[Lot]], now: datetime
) -> None:
    """Lots that waited for their order, which has been handed over, as is known now."""
    for key, lots in stands.items():
        target = due.get(key)
        for lot in lots:
            if lot.activates_at == NOT_YET and target and target[-1].activates_at != NOT_YET:
                free = target[-1]
                set_free(book, lot.lot, free.activates_at, free.expires_at, now)


def _take_over_keys(book: Book, shadow: Book) -> None:
    """Orders, lines, refunds, reviews and effects as they now are; who holds them stays."""
    for order_id, order in shadow.orders.items():
        known = book.orders.get(order_id)
        if known is not None:
            order = order._replace(n=known.n)
        if order != known:
            book.put_order(order)
    for order_id, lines in shadow.lines.items():
        known_lines = book.lines.get(order_id, {})
        for line_id, line in lines.items():
            if line != known_lines.get(line_id):
                book.put_line(line)
        for line_id, line in known_lines.items():
            gone = line._replace(
                amount=0, returned=line.quantity, paid_with_points=0, full_amount=0
            )
            if line_id not in lines and line != gone:
                # An amendment has taken it out of its order: nothing of it can come back.
                book.put_line(gone)
    for refund_id, refund in shadow.refunds.items():
        if refund_id not in book.refunds:
            book.put_refund(refund)
    for review_id, review in shadow.reviews.items():
        held = book.reviews.get(review_id)
        if held is None or held.removed != review.removed:
            book.put_review(review if held is None else held._replace(removed=review.removed))
    for key, effect in shadow.effect_awards.items():
        if book.effect_awards.get(key) != effect:
            book.put_effect(effect)


def _take_over_state(book: Book, shadow: Book) -> None:
    _take_over_referral(book, shadow)
    for name in (
        "joined_at", "left_at", "first", "purchases", "caps", "carried", "measures", "birthday",
    ):  # fmt: skip
        if getattr(book, name) != getattr(shadow, name):
            setattr(book, name, getattr(shadow, name))
    if book.membership != shadow.membership:
        book.membership = shadow.membership
    book.active_at = book.active_at or shadow.active_at


def _take_over_referral(book: Book, shadow: Book) -> None:
    """What has come of it; the claim itself stays, and so does the count of what was told."""
    held, due = book.referral, shadow.referral
    if due is None:
        if held is not None:
            book.referral = Referral(
                held.referral_id, held.referrer, None, None, held.revision, None
            )
        return
    if held is None:
        book.touched.referee = True
    book.referral = due._replace(revision=held.revision if held else 0)


def _move_tier(book: Book, shadow: Book, now: datetime) -> None:
    if shadow.tier == book.tier:
        return
    number = book.account.tier_seq + len(book.tier_events) + 1
    book.tier_events.append(
        TierEvent(
            book.account.account_id, number, book.tier, shadow.tier, book.cause, book.version, now
        )
    )
    book.tier = shadow.tier


def _tell_differences(book: Book, before: Book | None, shadow: Book) -> None:
    """Tell the referrer what has become different of what they were told."""
    if book.referral is None or before is None:
        return
    told, due = _last_words(before), _last_words(shadow)
    for key in sorted({*told, *due}, key=str):
        was, now = told.get(key), due.get(key)
        if _says(was) == _says(now):
            continue
        word = now if now is not None else was._replace(worth=0, undone_at=None)  # type: ignore[union-attr]
        revision = book.referral.revision + 1
        book.referral = book.referral._replace(revision=revision)
        book.effects_out.append(word._replace(revision=revision))


def _last_words(book: Book) -> dict[tuple[str, str | None], Effect]:
    found: dict[tuple[str, str | None], Effect] = {}
    for effect in book.effects_out:
        found[effect.rule, effect.order_id if effect.per_order else None] = effect
    return found


def _says(effect: Effect | None) -> object:
    return None if effect is None or not effect.worth else effect._replace(revision=0)
