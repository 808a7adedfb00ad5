"""A member's life as published, cause after cause."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.oracle import certificates, pooling
from tests.oracle.commands import Command
from tests.oracle.facts import Facts, facts, published, savings
from tests.oracle.member import CONFLICT, Member
from tests.oracle.pooling import Given
from tests.oracle.programme import Programme
from tests.oracle.published import Published
from tests.oracle.records import Input
from tests.oracle.redeeming import redeem

# What may be published although none of a member's points moved.
QUIET = (
    "member.updated", "membership.started", "membership.renewed", "membership.cancelled",
    "order.fulfilled",
)  # fmt: skip
Place = tuple[int, tuple[datetime, str, str]]
_FIRST = (datetime.min.replace(tzinfo=UTC), "", "")


@dataclass
class Life:
    """What became of one member. `facts` by (epoch, version)."""

    member: Member
    facts: dict[tuple[int, int], Facts] = field(default_factory=dict)
    parked: list[Input] = field(default_factory=list)
    conflicts: list[Input] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Walk:
    """Follows the published order of one member's causes.

    Inputs that changed nothing were published nowhere. Each is taken as early as its arrival, or
    if that is not known the account's time, allows, and later if taking it there would have
    changed something.
    """

    def __init__(
        self, id_: str, versions: Sequence[Programme], arrival: Mapping[tuple[str, str], int],
        given: Given | None = None,
    ) -> None:  # fmt: skip
        self.life = Life(Member(versions, id=id_))
        self._arrival = arrival
        self._given: Given = given or {}
        self._joined = 0
        self._bound: dict[tuple[int, int], Place] = {}

    def along(
        self,
        history: Sequence[Published],
        inputs: Sequence[Input],
        commands: Sequence[Command],
    ) -> Life:
        """The whole life."""
        named = {one.cause for one in history}
        events = {one.key: one for one in inputs}
        accepted = {one.key: one for one in commands}
        quiet = [one for one in commands if one.kind == "goal" and one.key not in named]
        quiet.sort(key=lambda one: (self._arrival.get(one.key, 0), one.order))
        silent = [one for one in inputs if one.key not in named]
        joined = [self._arrival.get(one.key, 0) for one in inputs if one.kind == "member.joined"]
        self._joined = min(joined, default=0)
        silent.sort(key=lambda one: self._place(one.key, one.order) or (0, one.order))
        self._bounds(history)
        last = {one.cause: one for one in history}
        coming = sorted(inputs, key=lambda one: self._arrival.get(one.key, 0))
        for one in history:
            event = events.get(one.cause)
            silent = self._needed(self._take_all(silent, one), event)
            coming = self._park(coming, one)
            quiet = self._choose(quiet, one)
            self._follow(one, event, accepted.get(one.cause))
            if event and event.key in self.life.member.parked and last[one.cause] is one:
                silent.append(event)  # it was published for the time that it let pass
        self._choose(quiet, None)
        left = self._take_all(silent, None)
        self._leftovers(left)
        unheard = accepted.keys() - named - {one.key for one in commands if one.kind == "goal"}
        self.life.problems += [f"accepted {key} but never published" for key in sorted(unheard)]
        return self.life

    def _choose(self, quiet: list[Command], before: Published | None) -> list[Command]:
        """Goals that were chosen by then and had been before; those that come later."""
        left, member = [], self.life.member
        for command in quiet:
            if before is not None and not self._is_before(command, before):
                left.append(command)
                continue
            if member.goal != command.reward_id:
                self.life.problems.append(f"goal {command.key}: chosen, but never published")
            redeem(member, command)
        return left

    def _is_before(self, command: Command, published: Published) -> bool:
        arrived, now = self._arrival, published.cause
        if command.key in arrived and now in arrived:
            return arrived[command.key] < arrived[now]
        return command.time <= published.time

    def _follow(self, one: Published, event: Input | None, command: Command | None) -> None:
        member, before = self.life.member, self.life.member.changes
        own_time = member.time if one.kind in ("tick", "timeout") else one.time
        if one.account_time < max(member.time, own_time):
            self._problem(one, f"account time {one.account_time} goes back")
        try:
            member.settle(max(member.time, one.account_time))
            if event is not None:
                self._check_time(one, event.time)
                if member.hear(event) == CONFLICT:
                    self._problem(one, "contradicts what was known")
            elif command is not None:
                self._check_time(one, command.time)
                redeem(member, command, self._given)
            elif one.kind == "timeout":
                redeem(member, _timeout(one), self._given)
            elif one.source == pooling.SOURCE:
                pooling.move(member, one, self._given)
            elif one.kind != "tick":
                self._problem(one, "published, but nobody sent it")
        except (ValueError, KeyError) as error:
            self._problem(one, f"cannot be: {error!r}")
        if member.changes == before and (event is None or event.kind not in QUIET):
            self._problem(one, "published, but it changed nothing")
        self.life.facts[one.place] = facts(member)
        self._compare(one)

    def _check_time(self, one: Published, time: datetime) -> None:
        if one.time != time:
            self._problem(one, f"happened at {time}, published as {one.time}")

    def _compare(self, one: Published) -> None:
        member, told = self.life.member, one.claims
        ours: dict[str, object] = {
            "pending": member.pending,
            "available": member.available,
            "reserved": member.reserved,
            "owed": member.owed,
            "tier": member.tier,
            "saved": savings(member.saved),
        }
        theirs = {name: told[name] for name in ours} | {"saved": savings(told["saved"])}
        if ours != theirs:
            wrong = {n: f"{theirs[n]}, not {ours[n]}" for n in ours if ours[n] != theirs[n]}
            self._problem(one, f"published {wrong}")
        for problem in certificates.differences(member, told):
            self._problem(one, problem)
        stated = published(told)
        if stated != self.life.facts[one.place]:
            self._problem(one, f"facts {stated}, not {self.life.facts[one.place]}")

    def _place(self, key: tuple[str, str], order: tuple[datetime, str, str]) -> Place | None:
        """Where an input was decided among others, if its arrival is known.

        What came before its member joined waited, and was decided right after that in the order
        of business time.
        """
        arrived = self._arrival.get(key)
        if arrived is None:
            return None
        return (self._joined, order) if arrived < self._joined else (arrived, _FIRST)

    def _bounds(self, history: Sequence[Published]) -> None:
        """For each cause the last arrival that it, or the next one that arrived, comes after.

        What waited was decided later than it arrived, so later arrivals before it count; what
        nobody sent, such as a tick, was decided before the next cause that somebody did.
        """
        latest: Place | None = None
        known: list[Place | None] = []
        for one in history:
            place = self._place(one.cause, (one.time, one.source, one.id))
            if place is not None:
                latest = place if latest is None else max(latest, place)
            known.append(latest if place is not None else None)
        following: Place | None = None
        for one, place in reversed(list(zip(history, known, strict=True))):
            following = place if place is not None else following
            if following is not None:
                self._bound[one.place] = following

    def _is_later(self, silent: Input, published: Published) -> bool:
        place = self._place(silent.key, silent.order)
        bound = self._bound.get(published.place)
        if place is not None and bound is not None and place > bound:
            return True
        return silent.time > published.account_time

    def _take_all(self, silent: list[Input], before: Published | None) -> list[Input]:
        """Take and take again: what one input brings may be what another waits for."""
        left = self._take(silent, before)
        while len(left) < len(silent):
            silent, left = left, self._take(left, before)
        return left

    def _park(self, coming: Sequence[Input], before: Published) -> list[Input]:
        """Of what is coming, let wait what had arrived by then and could not be decided yet."""
        member, bound = self.life.member, self._bound.get(before.place)
        left = []
        for one in coming:
            arrived = self._arrival.get(one.key)
            ahead = member.heard.joined and one.time > before.account_time
            if arrived is None or bound is None or arrived > bound[0] or ahead:
                left.append(one)
            elif one.key != before.cause and one.key not in member.parked and member.waits(one):
                member.park_nothing(one)
        return left

    def _needed(self, silent: list[Input], event: Input | None) -> list[Input]:
        """What the next cause waited for has been decided before it, whenever it arrived."""
        member = self.life.member
        while event is not None and member.waits(event):
            found = next(
                (one for one in silent if about(one, event) and member.hear_nothing(one)), None
            )
            if found is None:
                break
            silent = [one for one in silent if one is not found]
        return silent

    def _take(self, silent: list[Input], before: Published | None) -> list[Input]:
        """Take what may have been decided by then; give back what still waits."""
        left = []
        for one in silent:
            later = before is not None and self._is_later(one, before)
            member = self.life.member
            if member.heard.knows(one):
                continue  # it waited, and went along when all was folded again
            if later or member.waits(one):
                left.append(one)
            elif member.contradicts(one):
                self.life.conflicts.append(one)
            elif not member.hear_nothing(one):
                left.append(one)
        return left

    def _leftovers(self, silent: list[Input]) -> None:
        for one in silent:
            if self.life.member.waits(one):
                self.life.parked.append(one)
            else:
                self.life.problems.append(f"{one.kind} {one.key} should have changed something")

    def _problem(self, one: Published, text: str) -> None:
        self.life.problems.append(f"{one.place} by {one.kind} {one.id}: {text}")


def about(one: Input, event: Input) -> bool:
    """Whether an input tells of an order, refund, review or membership that another speaks of."""
    told = {
        "order.paid": "order_id",
        "order.refunded": "refund_id",
        "review.published": "review_id",
        "membership.started": "membership_id",
    }.get(one.kind, "")
    return bool(told) and one.data[told] == event.data.get(told)


def _timeout(one: Published) -> Command:
    redemption_id = one.id.removeprefix("timeout:")
    return Command(one.member, redemption_id, "timeout", "", 0, 0, "", one.time, one.id)
