"""The rows of one member, put together: they have to agree on what they say of the member."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from headway.contracts.opening import MOST_LOTS, Measured, OpeningBalance, OpeningLot
from headway.importing.cells import Row
from headway.program.calendar import midnight


class MemberRows:
    """What the rows of one member have said so far."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._lots: list[OpeningLot] = []
        self._measured: dict[str, Measured] = {}
        self._earliest: datetime | None = None
        self._latest: datetime | None = None
        self._joined_at: datetime | None = None
        self._purchases = 0

    def take(
        self, row: Row, earned_at: datetime, joined_at: datetime | None, purchases: int,
        measured: Measured | None,
    ) -> None:  # fmt: skip
        """Take in what a row says of the member; problems go to the row."""
        if joined_at is not None:
            if self._joined_at not in (None, joined_at):
                row.wrong("joined_at", "differs from the member's earlier row", "state one moment")
            self._joined_at = joined_at
        self._earliest = min(self._earliest or earned_at, earned_at)
        self._latest = max(self._latest or earned_at, earned_at)
        if self._joined_at is not None and self._earliest < self._joined_at:
            row.wrong(
                "joined_at", "the member has points earned before",
                "state when the member first joined, or leave it empty",
            )  # fmt: skip
        if purchases and self._purchases not in (0, purchases):
            row.wrong("purchases", "differs from the member's earlier row", "state one number")
        self._purchases = purchases or self._purchases
        if measured is not None:
            if measured.on in self._measured:
                row.wrong(
                    "measured", f"{measured.on} is stated twice for this member",
                    "state each day on one of the member's rows",
                )  # fmt: skip
            self._measured[measured.on] = measured
            day = midnight(date.fromisoformat(measured.on), self._zone)
            self._latest = max(self._latest, day)

    def add(self, row: Row, lot: OpeningLot) -> None:
        """One more lot."""
        if len(self._lots) == MOST_LOTS:
            row.wrong(
                "member_id", f"more than {MOST_LOTS:,} lots", "add up those that expire together"
            )
        self._lots.append(lot)

    def balance(self, member_id: str, batch: str, measure: str) -> OpeningBalance:
        """All of it, in an order of its own."""
        assert self._earliest is not None
        assert self._latest is not None
        joined_at = self._joined_at or self._earliest
        return OpeningBalance(
            member_id=member_id, batch=batch, joined_at=joined_at,
            as_of=max(joined_at, self._latest),
            lots=tuple(sorted(self._lots, key=_by_life)),
            measure=measure if self._measured else "",
            measured=tuple(self._measured[on] for on in sorted(self._measured)),
            purchases=self._purchases,
        )  # fmt: skip


def _by_life(lot: OpeningLot) -> tuple[datetime, bool, datetime, str, int]:
    return (
        lot.earned_at, lot.expires_at is None, lot.expires_at or lot.earned_at, lot.rule, lot.points
    )  # fmt: skip
