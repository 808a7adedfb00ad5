"""Saying rows and inputs of one account: the versions, lots and names that their words need."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from headway.domain.account import Lot
from headway.domain.points import PointsEvent
from headway.ledger import story_words
from headway.ledger.story_words import Names
from headway.program.program import Programs


class Wording(NamedTuple):
    """`lots` must hold those that the rows to be said speak of; `names` are of rewards."""

    programs: Programs
    lots: Mapping[int, Lot]
    names: Names

    @classmethod
    def of(cls, programs: Programs, lots: Iterable[Lot], redemptions: Names) -> "Wording":
        """With the rewards of the latest version, and those of redemptions by their own names."""
        rewards = {reward.id: reward.name for reward in programs.version(programs.latest).rewards}
        return cls(programs, {lot.lot: lot for lot in lots}, {**rewards, **redemptions})

    def local(self, moment: datetime) -> datetime:
        """A moment in the zone of the programme in force then."""
        return moment.astimezone(self.programs.at(moment).zone)

    def happening(self, kind: str, data: Mapping[str, Any], outcome: str, reason: str) -> str:
        """What an input was, and what became of it."""
        what = story_words.happening(kind, data, self.names)
        became = story_words.became(outcome, reason)
        return f"{what} - {became}" if became else what

    def row(self, row: PointsEvent, carried: int) -> str:
        """What a row moved and why. `carried`: millionths left under its rule before it."""
        program = self.programs.version(row.program_version)
        return story_words.row(row, self.lot(row), program, carried, self.names)

    def rule(self, row: PointsEvent) -> str:
        """The rule behind a row; '' if there is none."""
        lot = self.lot(row)
        return row.rule or (lot.rule if lot else "")

    def lot(self, row: PointsEvent) -> Lot | None:
        """The lot whose points a row moved."""
        return self.lots.get(row.corrects or row.lot or 0)
