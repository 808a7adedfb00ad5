"""A ledger in memory: what headway.ledger and the services do around the core, and no more."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from headway.contracts import codec
from headway.domain.account import Account, Input
from headway.domain.adjustment import ADJUST, Adjust
from headway.domain.closing import Decision
from headway.domain.decide import decide_all, from_source
from headway.domain.goal import CLEAR_GOAL, SET_GOAL, Goal
from headway.domain.points import Effect, PointsEvent, TierEvent
from headway.domain.redemption import ENDS_IN, Guest, Reserve, State, Step
from headway.domain.terms import Terms, Wish, terms_of
from headway.errors import Poison
from headway.program.program import Programs
from headway.program.rewards import Reward

START = datetime(2024, 1, 10, 15, tzinfo=UTC)
_NOTHING_MORE = Wish()
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def event(
    kind: str,
    member: str,
    time: datetime,
    *,
    id_: str,
    source: str = "test",
    data: Mapping[str, Any] | None = None,
) -> Input:
    """A source event as earn reads it: written and read by the codec."""
    body = {"member_id": member, **(data or {})}
    value, headers = codec.encode(kind, source=source, id=id_, time=time, data=body)
    read = codec.decode(codec.key_of(member), value, headers)
    return Input(
        read.source, read.id, read.type, read.time, read.data, read.digest, read.canonical_data
    )


def effect_input(effect: Effect) -> Input:
    """An effect as earn reads it back."""
    data = effect._asdict()
    id_ = f"{effect.referral_id}:{effect.rule}:{effect.revision}"
    if effect.per_order:
        id_ = f"{effect.referral_id}:{effect.rule}:{effect.order_id}:{effect.revision}"
    return event("effect", effect.member_id, effect.time, id_=id_, source="headway/earn", data=data)


def line(
    cents: int, line_id: str = "1", *, category: str = "", quantity: int = 1, **more: Any
) -> dict[str, Any]:
    """One line of an order; its sku follows from its category."""
    return {
        "line_id": line_id, "sku": f"sku-{category}", "category": category, "quantity": quantity,
        "amount": cents, **more,
    }  # fmt: skip


@dataclass
class Redemption:
    """A redemption as the ledger keeps it."""

    member: str
    points: int
    value_minor: int
    currency: str
    state: State
    held: tuple[tuple[int, int], ...]
    donation: bool = False
    guests: tuple[Guest, ...] = ()
    reward_id: str = ""
    order_id: str | None = None


@dataclass
class Books:
    """What the ledger holds of one member."""

    account: Account
    decisions: list[Decision] = field(default_factory=list)

    @property
    def log(self) -> list[tuple[int, Input]]:
        """The source inputs, with their numbers."""
        return [(d.n, d.input) for d in self.decisions if not d.released and from_source(d.input)]

    @property
    def rows(self) -> list[PointsEvent]:
        """Every points event, in order."""
        return [row for decision in self.decisions for row in decision.points]

    @property
    def tier_events(self) -> list[TierEvent]:
        """Every tier event, in order."""
        return [row for decision in self.decisions for row in decision.tier_events]


class World:
    """Members, redemptions and effects. `now` is the clock that commands and ticks go by."""

    def __init__(
        self, programs: Programs, *, at: datetime = START, prove_pure: bool = False
    ) -> None:
        self.programs = programs
        self.now = at
        self.books: dict[str, Books] = {}
        self.redemptions: dict[str, Redemption] = {}
        self.effects: list[Effect] = []
        self.poison: list[tuple[Input, Poison]] = []
        self._prove_pure = prove_pure
        self.told = 0

    def apart(self) -> "World":
        """The same world, in which something may be tried that is not to happen in this one."""
        other = copy.copy(self)
        other.books = {
            member: Books(books.account, [*books.decisions]) for member, books in self.books.items()
        }
        other.redemptions = {name: replace(one) for name, one in self.redemptions.items()}
        other.effects, other.poison = [*self.effects], [*self.poison]
        return other

    def of(self, member: str) -> Books:
        """What is known of a member, who need not have joined."""
        if member not in self.books:
            self.books[member] = Books(Account(len(self.books) + 1, member))
        return self.books[member]

    def account(self, member: str = "m") -> Account:
        """The member's account."""
        return self.of(member).account

    # -- what happens ------------------------------------------------------------------------------

    def tell(
        self, kind: str, member: str = "m", *, at: datetime | None = None, **data: Any
    ) -> Decision:
        """One source event; the decision on itself. Raises Poison if it must not be applied."""
        self.told += 1
        item = event(kind, member, at or self.now, id_=f"{self.told:06}", data=data)
        decisions = self.decide(member, item)
        if not decisions:
            raise self.poison[-1][1]
        return decisions[0]

    def tick(self, member: str = "m", at: datetime | None = None) -> None:
        """What jobs do: settle an account at which something is due."""
        due, now = self.account(member).next_due_at, at or self.now
        if due is not None and due <= now:
            item = Input("headway/jobs", f"{member}:{due}", "tick", now, None, bytes(32), b"{}")
            self.decide(member, item)

    def reserve(
        self, redemption_id: str, reward_id: str, member: str = "m", wish: Wish = _NOTHING_MORE
    ) -> Decision:
        """Hold the points of a reward; refused is an answer too."""
        account = self.account(member)
        moment = max(self.now, account.time or self.now)
        item = self._command("redemption.reserve", moment, Reserve(redemption_id, reward_id, wish))
        decision = self.decide(member, item)[0]
        if decision.outcome.outcome == "applied":
            program = self.programs.at(moment)
            reward = program.reward(reward_id)
            assert reward is not None
            points = sum(row.points for row in decision.points if row.kind == "reserve")
            after = decision.account
            terms = terms_of(program, reward, after.tier, moment, after.available + points, wish)
            assert isinstance(terms, Terms)
            self.keep(redemption_id, member, decision, reward, terms, wish)
        return decision

    def keep(
        self, redemption_id: str, member: str, decision: Decision, reward: Reward, terms: Terms,
        wish: Wish = _NOTHING_MORE,
    ) -> None:  # fmt: skip
        """Note what an applied reservation holds."""
        held = tuple((r.lot or 0, r.points) for r in decision.points if r.kind == "reserve")
        points = sum(part for _, part in held)
        assert terms.points == points
        self.redemptions[redemption_id] = Redemption(
            member, points, terms.value_minor, terms.currency, "reserved", held,
            reward.kind == "donation", reward_id=reward.id, order_id=wish.order_id,
        )  # fmt: skip

    def step(self, kind: str, redemption_id: str) -> Decision:
        """confirm, cancel, timeout or reverse a redemption; refused from a wrong state."""
        kind, one = f"redemption.{kind}", self.redemptions[redemption_id]
        account = self.account(one.member)
        moment = max(self.now, account.time or self.now)
        step = Step(
            redemption_id, one.state, one.value_minor, one.currency, one.held, one.donation,
            guests=one.guests,
            reward_id=one.reward_id,
        )  # fmt: skip
        if kind == "redemption.reverse":
            left = one.value_minor - self.restored(redemption_id)[1]
            step = step._replace(value_minor=left, held=self.taken(redemption_id))
        decision = self.decide(one.member, self._command(kind, moment, step))[0]
        if decision.outcome.outcome == "applied":
            one.state = ENDS_IN[kind]
        return decision

    def taken(self, redemption_id: str) -> tuple[tuple[int, int], ...]:
        """From which lots a redemption's points are taken now, told from rows: (lot, points)."""
        taken: dict[int, int] = {}
        for row in self.of(self.redemptions[redemption_id].member).rows:
            if row.group == redemption_id and row.kind in ("redeem", "donate", "restore"):
                back = row.kind == "restore"
                lot = 0 if row.lot is None or (back and row.lot == row.seq) else row.lot
                taken[lot] = taken.get(lot, 0) + (-row.points if back else row.points)
        return tuple((lot, points) for lot, points in taken.items() if points)

    def restored(self, redemption_id: str) -> tuple[int, int]:
        """How much of a redemption has come back: points, and minor units of its currency."""
        one = self.redemptions[redemption_id]
        payment = self.account(one.member).payments.get(redemption_id)
        if payment is not None:
            return payment.restored_points, payment.restored_minor
        return (one.points, one.value_minor) if one.state == "reversed" else (0, 0)

    def adjust(self, points: int, member: str = "m") -> Decision:
        """Points given or taken by hand; refused is an answer too."""
        account = self.account(member)
        moment = max(self.now, account.time or self.now)
        command = Adjust(f"adj-{self.told:06}", points, "a reason", "sue")
        return self.decide(member, self._command(ADJUST, moment, command))[0]

    def goal(self, reward_id: str, member: str = "m") -> Decision:
        """Save for a reward, or ('') for none; refused is an answer too."""
        moment = max(self.now, self.account(member).time or self.now)
        kind = SET_GOAL if reward_id else CLEAR_GOAL
        return self.decide(member, self._command(kind, moment, Goal(reward_id)))[0]

    def feed_effects(self) -> None:
        """Deliver what accounts said to others, as its topic would."""
        waiting, self.effects = self.effects, []
        for effect in waiting:
            self.decide(effect.member_id, effect_input(effect))

    def _command(self, kind: str, moment: datetime, command: object) -> Input:
        self.told += 1
        id_ = f"key-{self.told:06}"
        return Input("headway/redeem", id_, kind, moment, command, bytes(32), b"{}")

    # -- deciding ----------------------------------------------------------------------------------

    def decide(self, member: str, item: Input) -> list[Decision]:
        """Decide and keep; nothing is kept of poison, which is noted."""
        books = self.of(member)
        account = books.account._replace(held_elsewhere=self._elsewhere(member))
        try:
            decisions = self._decide(account, item, books)
        except Poison as poison:
            self.poison.append((item, poison))
            return []
        if decisions[0].outcome.outcome == "refused":
            return decisions  # the service rolls back, and answers
        books.account = decisions[-1].account
        books.decisions += decisions
        for decision in decisions:
            self.effects += decision.effects
            self._note_certificates(member, decision)
        return decisions

    def _note_certificates(self, member: str, decision: Decision) -> None:
        for issued in decision.issued:
            one = issued.certificate
            self.redemptions[one.redemption_id] = Redemption(
                member, one.points, one.value_minor, one.currency, "confirmed", one.held,
                reward_id=issued.reward_id,
            )  # fmt: skip
        for gone in decision.voided:
            self.redemptions[gone.redemption_id].state = "reversed"

    def _decide(self, account: Account, item: Input, books: Books) -> list[Decision]:
        log = books.log
        if not self._prove_pure:
            return decide_all(self.programs, account, item, lambda: log)
        before = copy.deepcopy(account)
        try:
            first = decide_all(self.programs, account, item, lambda: log)
        finally:
            assert account == before, "deciding changed what it was given"
        again = decide_all(self.programs, before, item, lambda: log)
        assert again == first, "the same gave something else"
        return first

    def _elsewhere(self, member: str) -> frozenset[str]:
        return frozenset(
            key
            for other, books in self.books.items()
            if other != member
            for key in _keys(books.account)
        )


def _keys(account: Account) -> Iterator[str]:
    yield from ("order:" + id_ for id_ in account.orders)
    yield from ("refund:" + id_ for id_ in account.refunds)
    yield from ("review:" + id_ for id_ in account.reviews)
    yield from ("effect:" + key for key in account.effects)
    if account.referral is not None:
        yield "referral:" + account.referral.referral_id
