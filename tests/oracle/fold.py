"""What a member is entitled to: a fold over the set of their inputs in the order of time.

No balances here: what was spent or has expired is no part of it. Everything is computed by going
through the entries once, and by nothing else; a fold that went on step by step and one over the
whole set agree, which tests ask for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from tests.oracle.days import local_day, start_of, yearly
from tests.oracle.entries import Entry
from tests.oracle.given import START, Award, AwardKey, Effect, Use
from tests.oracle.judging import cut
from tests.oracle.programme import Programme, in_force
from tests.oracle.rules import Rule, Scene


@dataclass
class Fold:
    """Where the fold has come to."""

    versions: Sequence[Programme]
    id: str = ""
    time: datetime = START
    last: Any = None
    joined_at: datetime | None = None
    left_at: datetime | None = None
    birthday: str | None = None
    tier: str = ""
    floor: int = 0
    year: int | None = None
    purchases: int = 0
    orders: dict[str, Any] = field(default_factory=dict)
    fulfilled: dict[str, datetime] = field(default_factory=dict)
    reviews: dict[str, list[Award]] = field(default_factory=dict)
    referral: Any = None
    membership: Any = None
    measures: dict[str, dict[date, int]] = field(default_factory=dict)
    uses: dict[str, list[Use]] = field(default_factory=dict)
    awards: dict[AwardKey, Award] = field(default_factory=dict)
    by_event: dict[str, list[Award]] = field(default_factory=dict)
    effects: dict[tuple[str, ...], Effect] = field(default_factory=dict)
    returns: int = 0
    taken: dict[AwardKey, int] = field(default_factory=dict)
    waiting: list[Entry] = field(default_factory=list)

    def programme(self, moment: datetime) -> Programme:
        """The version that judges what happens then."""
        return in_force(self.versions, moment)

    def day(self, moment: datetime) -> date:
        """The local day of a moment."""
        return local_day(moment, self.programme(moment).zone)

    def refusal(self, time: datetime, *, order: bool = False) -> str:
        """Why something that happened then gives this member nothing; '' when it does."""
        if self.left_at is not None and time >= self.left_at:
            return "nothing: member left"
        early = timedelta(days=self.programme(time).before_joining_days if order else 0)
        if self.joined_at is not None and time < self.joined_at - early:
            return "nothing: before enrolment"
        return ""

    def scene(self, on: str, time: datetime, said: dict[str, Any], **more: Any) -> Scene:
        """The member as of now, and an event of that time."""
        zone = self.programme(time).zone
        assert self.joined_at is not None
        runs = self.membership is not None and self.membership.runs(time)
        return Scene(
            on, time.astimezone(zone), self.day(self.joined_at), self.tier,
            self.membership.plan if runs else "", self.birthday, said, **more,
        )  # fmt: skip

    def rooms(self, programme: Programme, on: str, day: date) -> dict[str, int]:
        """How many millionths each rule with caps may still give on that day."""
        found: dict[str, int] = {}
        for rule in programme.on(on):
            for cap in rule.caps:
                used = [
                    use.standing
                    for use in self.uses.get(rule.id, [])
                    if cap.period(use.day) == cap.period(day)
                ]
                room = found.get(rule.id)
                if cap.points is not None:
                    left = max(0, cap.points - sum(used))
                    room = left if room is None else min(room, left)
                if cap.times is not None and sum(one > 0 for one in used) >= cap.times:
                    room = 0
                if room is not None:
                    found[rule.id] = room
        return found

    def give(
        self,
        event: str,
        rule: Rule,
        exacts: Iterable[tuple[str, str, int]],
        programme: Programme,
        earned_at: datetime,
        *,
        tier: str,
        day: date | None = None,
        order_id: str | None = None,
    ) -> list[Award]:
        """Awards of one event under one rule, (line, what, millionths) each, inside its caps."""
        day = day or self.day(earned_at)
        room = self.rooms(programme, rule.on, day).get(rule.id) if rule.caps else None
        told = list(exacts)
        kept = cut([exact for *_, exact in told], room)
        given = []
        for (line, what, _), exact in zip(told, kept, strict=True):
            if exact:
                key = event, line, rule.id, programme.since, earned_at
                given.append(
                    Award(key, rule, what, earned_at, programme, programme.expires(tier),
                          order_id, exact)
                )  # fmt: skip
                self.awards[key] = given[-1]
                self.count("points", earned_at, exact)
        self.by_event.setdefault(event, []).extend(given)
        if given and rule.caps:
            self.uses.setdefault(rule.id, []).append(Use(day, given))
        one = self.membership
        if given and "membership" in rule.when and one is not None and one.runs(earned_at):
            one.used = True
        return given

    def take(self, award: Award, exact: int) -> None:
        """So many millionths of an award do not stand any more."""
        award.standing -= exact
        self.taken.setdefault(award.key, self.returns)
        self.count("points", award.earned_at, -exact)

    def count(self, measure: str, moment: datetime, amount: int) -> None:
        """That day counts so much more, or less, towards the tier."""
        days = self.measures.setdefault(measure, {})
        day = self.day(moment)
        days[day] = days.get(day, 0) + amount

    def next_birthday(self, to: datetime) -> datetime | None:
        """The local midnight of the member's next birthday, if it is there by then."""
        if self.birthday is None or self.joined_at is None or self.left_at is not None:
            return None
        for year in range(self.day(self.time).year, self.day(to).year + 1):
            midnight = start_of(yearly(self.birthday, year), self.programme(self.time).zone)
            if self.time < midnight <= to:
                return midnight
        return None

    def pass_time(self, to: datetime) -> None:
        """Let time pass up to a moment at or before the next birthday."""
        programme = self.programme(to)
        if self.joined_at is not None and programme.tiers.one_step and programme.tiers.by_years:
            self._fall_by_steps(programme, to)
        self.time = max(self.time, to)
        self.retier()

    def _fall_by_steps(self, programme: Programme, to: datetime) -> None:
        """At each new year: what is kept then is one level below what was held before, or more."""
        tiers, joined = programme.tiers, self.day(self.joined_at or to)
        this = tiers.year(local_day(max(to, self.time), programme.zone), joined)
        if self.year is None:
            self.year = this
        while self.year < this:
            self.year += 1
            eve = tiers.starts(self.year, joined) - timedelta(days=1)
            measured = self.measures.get(tiers.measure, {})
            held = max(self.floor, tiers.reached(measured, eve, joined))
            self.floor = max(0, held - 1)

    def retier(self) -> None:
        """The tier that the measure reaches now."""
        self.tier = self.tier_at(self.time)

    def tier_at(self, moment: datetime) -> str:
        """The tier then, if nothing else happens; within the year that has come."""
        tiers = self.programme(moment).tiers
        if self.joined_at is None or not tiers.levels:
            return self.tier
        today, joined = self.day(moment), self.day(self.joined_at)
        place = tiers.reached(self.measures.get(tiers.measure, {}), today, joined)
        if tiers.one_step:
            place = min(max(place, self.floor), len(tiers.levels) - 1)
        return tiers.levels[place].id
