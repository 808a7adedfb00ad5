"""Taking back what an award gave: own lot first, then others in spend order, then what unused
certificates were issued for; the rest is owed."""

from datetime import datetime
from typing import Literal

from headway.domain.account import Certificate, Lot
from headway.domain.book import Book
from headway.domain.certificate import void
from headway.domain.measure import count
from headway.errors import InvariantViolated
from headway.program.caps import counted
from headway.program.program import Clawback, Programs
from headway.program.rules import MICRO

_Place = Literal["pending", "available", "expired"]


def take_back(
    book: Book,
    programs: Programs,
    award: str,
    rule: str,
    exact: int,
    at: datetime,
    *,
    order_id: str | None = None,
    line_id: str = "",
) -> None:
    """Undo `exact` of what an award gave a line under a rule, oldest lot first.

    What hung on it goes too: the points that counted towards a tier, and the caps' room.
    """
    left = exact
    for lot in book.lots_of(award):
        if left and lot.rule == rule and lot.line_id == line_id:
            part = min(left, lot.exact - lot.exact_returned)
            left -= part
            reverse(book, programs, lot.lot, part, at, order_id=order_id, line_id=line_id or None)
            program = programs.version(lot.program_version)
            count(book, program, "points", lot.earned_at, -part)
            _free_caps(book, programs, lot, part)


def take_back_all(
    book: Book, programs: Programs, award: str, at: datetime, *, order_id: str | None = None
) -> None:
    """Undo all that still stands of an award."""
    for (rule, line_id), exact in standing_by_rule(book, award).items():
        take_back(book, programs, award, rule, exact, at, order_id=order_id, line_id=line_id)


def standing_by_rule(book: Book, award: str) -> dict[tuple[str, str], int]:
    """Millionths that stand of an award, by rule and line; zeros too."""
    found: dict[tuple[str, str], int] = {}
    for lot in book.lots_of(award):
        key = lot.rule, lot.line_id
        found[key] = found.get(key, 0) + lot.exact - lot.exact_returned
    return found


def _free_caps(book: Book, programs: Programs, lot: Lot, exact: int) -> None:
    program = programs.version(lot.program_version)
    rule = program.rules.get(lot.rule)
    if rule is None or not rule.caps:
        return
    gone = not any(
        other.exact > other.exact_returned
        for other in book.lots_of(lot.award)
        if other.rule == lot.rule
    )
    book.caps = counted(rule, book.caps, program.day(lot.earned_at), -exact, -1 if gone else 0)


def reverse(
    book: Book,
    programs: Programs,
    number: int,
    exact_back: int,
    at: datetime,
    *,
    order_id: str | None = None,
    line_id: str | None = None,
) -> None:
    """Undo `exact_back` millionths of a lot's award, by the awarding version's policy."""
    if exact_back == 0:
        return
    lot = book.lot(number)
    if exact_back > lot.exact - lot.exact_returned:
        raise InvariantViolated(f"lot {number} would give back more than it was awarded")
    book.put_lot(lot._replace(exact_returned=lot.exact_returned + exact_back))
    points, remainder = divmod(book.remainders.get(lot.rule, 0) - exact_back, MICRO)
    book.set_remainder(lot.rule, remainder)
    _Taking(book, lot, -exact_back, at, order_id, line_id).take(
        -points, programs.version(lot.program_version).clawback
    )


class _Taking:
    """The rows of one reversal; the whole `exact` stands on the first of them."""

    def __init__(
        self,
        book: Book,
        lot: Lot,
        exact: int,
        at: datetime,
        order_id: str | None,
        line_id: str | None,
    ) -> None:
        self.book, self.lot, self.exact, self.at = book, lot, exact, at
        self.order_id, self.line_id = order_id, line_id

    def take(self, points: int, policy: Clawback) -> None:
        own: tuple[_Place, ...] = (
            ("pending",) if policy == "only_pending" else ("pending", "available", "expired")
        )
        missing = points
        for place in own:
            missing -= self._from(self.lot.lot, place, missing)
        if missing and policy != "only_pending":
            missing = self._from_others(missing)
            while missing and self.book.certificates:
                missing = self._from_certificate(self.book.certificates[-1], missing)
        if missing:
            self._row(missing, "owed", None)
            if policy != "allow_negative":
                self._waive(missing, policy)
        elif self.exact:
            self._row(0, self._fullest(), self.lot.lot)

    def _from_others(self, missing: int) -> int:
        """Take from what is available, in spend order; what is still missing."""
        for other in self.book.open_lots():
            if not missing:
                break
            missing -= self._from(other.lot, "available", missing)
        return missing

    def _from_certificate(self, unused: Certificate, missing: int) -> int:
        """Void it, and take from its points; what is left of them stays available."""
        void(self.book, unused, self.at)
        for number, _ in reversed(unused.held):
            forgive_returned(self.book, number, self.at)
        missing -= self._from(self.lot.lot, "available", missing)
        return self._from_others(missing)

    def _from(self, number: int, place: _Place, wanted: int) -> int:
        there: int = getattr(self.book.lot(number), place)
        taken = min(there, wanted)
        if taken:
            self._row(taken, place, number)
        return taken

    def _row(
        self,
        points: int,
        place: Literal["pending", "available", "expired", "owed"],
        lot: int | None,
    ) -> None:
        self.book.move(
            "reverse",
            points,
            place,
            "reversed",
            self.at,
            lot,
            corrects=self.lot.lot,
            rule=self.lot.rule,
            exact=self.exact,
            order_id=self.order_id,
            line_id=self.line_id,
            program_version=self.lot.program_version,
        )
        self.exact = 0

    def _waive(self, points: int, policy: Clawback) -> None:
        self.book.move(
            "waive",
            points,
            "waived",
            "owed",
            self.at,
            None,
            corrects=self.lot.lot,
            rule=self.lot.rule,
            program_version=self.lot.program_version,
        )
        if policy == "within_balance":
            lot = self.book.lot(self.lot.lot)
            self.book.put_lot(lot._replace(waived=lot.waived + points))

    def _fullest(self) -> _Place:
        lot = self.book.lot(self.lot.lot)
        places: tuple[_Place, ...] = ("pending", "available", "expired")
        return max(places, key=lambda place: getattr(lot, place))


def forgive_returned(book: Book, number: int, at: datetime) -> None:
    """Points that came back to a lot whose return was waived go too (available -> waived)."""
    lot = book.lot(number)
    points = min(lot.waived, lot.available)
    if points:
        book.put_lot(lot._replace(waived=lot.waived - points))
        book.move(
            "waive",
            points,
            "available",
            "waived",
            at,
            number,
            corrects=number,
            rule=lot.rule,
            program_version=lot.program_version,
        )
