"""From rows and lots of the ledger, in words, to what the API shows of them."""

from headway.contracts.api.members import (
    CauseView,
    Explanation,
    History,
    HistoryEntry,
    LotEntry,
    LotView,
)
from headway.domain.account import Account, Lot
from headway.domain.points import PointsEvent
from headway.ledger.explanation import ExplainedLot, LotPage, LotRow
from headway.ledger.history import Cause, Page, Told
from headway.program.program import FOREVER, NOT_YET
from headway_redeem.cursor import cursor_to
from headway_redeem.views import balances

_ORDER = "order:"


def history_view(member_id: str, page: Page) -> History:
    """A page of the points history."""
    return History(
        member_id=member_id,
        entries=[_entry(told) for told in page.told],
        next_cursor=cursor_to("history", page.before),
    )


def _entry(told: Told) -> HistoryEntry:
    row, lot = told.row, told.lot
    return HistoryEntry(
        seq=row.seq,
        kind=row.kind,
        points=row.points,
        from_bucket=row.from_bucket,
        to_bucket=row.to_bucket,
        what=told.what,
        rule=told.rule or None,
        program_version=row.program_version,
        lot=None if lot is None else lot.lot,
        order_id=row.order_id or order_of(lot),
        line_id=row.line_id or (lot.line_id if lot else None) or None,
        redemption_id=_redemption(row),
        effective_at=row.effective_at,
        recorded_at=told.recorded_at,
        cause=_cause(told.cause),
        after=balances(told.after),
    )


def explanation_view(account: Account, epoch: int, page: LotPage) -> Explanation:
    """A page of the lots of a balance."""
    if account.time is None:
        raise ValueError("only members who have joined are shown")
    return Explanation(
        member_id=account.member_id,
        account_time=account.time,
        epoch=epoch,
        version=account.version,
        balances=balances(account),
        lots=[_lot(one) for one in page.lots],
        next_cursor=cursor_to("lots", page.before),
    )


def _lot(one: ExplainedLot) -> LotView:
    lot = one.lot
    return LotView(
        lot=lot.lot,
        points=lot.points,
        pending=lot.pending,
        available=lot.available,
        reserved=lot.reserved,
        expired=lot.expired,
        waived=lot.waived,
        owed=one.owed,
        rule=lot.rule,
        rule_in_words=one.rule_in_words,
        program_version=lot.program_version,
        award=lot.award,
        order_id=order_of(lot),
        line_id=lot.line_id or None,
        earned_at=lot.earned_at,
        activates_at=None if lot.activates_at >= NOT_YET else lot.activates_at,
        expires_at=None if lot.expires_at is None or lot.expires_at >= FOREVER else lot.expires_at,
        cause=_cause(one.cause),
        entries=[_lot_entry(row) for row in one.rows],
        entries_left_out=one.left_out,
    )


def _lot_entry(one: LotRow) -> LotEntry:
    row = one.row
    return LotEntry(
        seq=row.seq,
        kind=row.kind,
        lot=row.lot,
        points=row.points,
        from_bucket=row.from_bucket,
        to_bucket=row.to_bucket,
        what=one.what,
        redemption_id=_redemption(row),
        effective_at=row.effective_at,
        recorded_at=one.recorded_at,
        cause=_cause(one.cause),
    )


def order_of(lot: Lot | None) -> str | None:
    """The order whose purchase a lot was earned with; None for what was earned otherwise."""
    if lot is None or not lot.award.startswith(_ORDER):
        return None
    return lot.award.removeprefix(_ORDER)


def _redemption(row: PointsEvent) -> str | None:
    return row.group if row.group and row.group.startswith("rdm_") else None


def _cause(cause: Cause) -> CauseView:
    return CauseView(
        what=cause.what, source=cause.source, id=cause.id, kind=cause.kind, time=cause.time
    )
