"""A world in which members share: what redeem does around the core for transfers and pools."""

from datetime import datetime

from headway.domain.account import Account, Input
from headway.domain.closing import Decision
from headway.domain.points import PointsEvent
from headway.domain.redemption import UNDOES, Guest, Pooled, Reserve
from headway.domain.standing import standing
from headway.domain.terms import Terms, Wish, terms_of
from headway.domain.transfer import (
    GIVE,
    HOME,
    RECEIVE,
    SEND,
    Give,
    Home,
    Part,
    Receive,
    Send,
    draw,
    parts_of,
)  # fmt: skip
from tests.domain.world import World

MEMBERS = ("m", "n", "o")


class Sharing(World):
    """Members who send each other points, and spend together."""

    def send(self, points: int, member: str, other: str) -> Decision:
        """A transfer; refused is an answer too."""
        now = self._latest(member, other)
        giver, taker = self.account(member), self.account(other)
        transfer_id = f"trf-{self.told}"
        item = self._command(SEND, now, Send(transfer_id, points, taker.account_id))
        sent = self.decide(member, item)[0]
        if sent.outcome.outcome == "applied":
            homes = self._homes(sent, giver.account_id, taker.account_id)
            parts = parts_of(sent.points, sent.account.lots, homes)
            self._applied(other, RECEIVE, item, Receive(transfer_id, parts))
        return sent

    def together(self, spender: str, reward_id: str) -> Decision | None:
        """A reservation that all pay for; None when they cannot."""
        now = self._latest(*MEMBERS)
        program, name = self.programs.at(now), f"rdm-{self.told}"
        accounts = [standing(self.programs, self.account(one), now) for one in MEMBERS]
        reward, own = program.reward(reward_id), self.account(spender).account_id
        assert reward is not None
        available = sum(account.available for account in accounts)
        terms = terms_of(program, reward, self.account(spender).tier, now, available, Wish())
        assert isinstance(terms, Terms)
        if available < terms.points:
            return None
        drawn = draw(accounts, own, terms.points)
        mine = tuple((one.lot, one.points) for one in drawn if one.account == own)
        parts: list[Part] = []
        reserve = self._command("redemption.reserve", now, None)
        for account in accounts:
            lots = tuple((d.lot, d.points) for d in drawn if d.account == account.account_id)
            if lots and account.account_id != own:
                given = self._applied(account.member_id, GIVE, reserve, Give(name, own, lots))
                parts += parts_of(given.points, given.account.lots, {})
        data = Reserve(name, reward_id, pooled=Pooled(tuple(parts), mine))
        decision = self.decide(spender, reserve._replace(data=data))[0]
        self.keep(name, spender, decision, reward, terms)
        self.redemptions[name].guests = tuple(
            Guest(
                row.lot or 0,
                row.origin_account or 0,
                self._left(row),
            )
            for row in decision.points
            if row.kind == "move_in"
        )
        return decision

    def step(self, kind: str, redemption_id: str) -> Decision:
        """A step, after which what others gave is at home if it came to nothing."""
        one = self.redemptions[redemption_id]
        self._latest(*MEMBERS)
        decision = super().step(kind, redemption_id)
        if f"redemption.{kind}" not in UNDOES or decision.outcome.outcome != "applied":
            return decision
        homes = {guest.lot: guest.home for guest in one.guests}
        owners = {guest.lot: guest.account for guest in one.guests}
        for member in MEMBERS:
            number = self.account(member).account_id
            rows = [
                r for r in decision.points if r.kind == "move_out" and owners[r.lot or 0] == number
            ]
            parts = parts_of(rows, decision.account.lots, homes)
            if parts:
                self._applied(member, HOME, decision.input, Home(redemption_id, parts))
        return decision

    def settled(self, member: str) -> Account:
        """The account as it stands now."""
        return standing(self.programs, self.account(member), self.now)

    def _latest(self, *members: str) -> datetime:
        """The moment at which all of them can be decided on; the clock is there, too."""
        times = [account.time for account in map(self.account, members) if account.time]
        self.now = max(self.now, *times)
        return self.now

    def _applied(self, member: str, kind: str, by: Input, data: object) -> Decision:
        decision = self.decide(member, self._command(kind, by.time, data))[0]
        assert decision.outcome.outcome == "applied", decision.outcome
        return decision

    def _homes(self, sent: Decision, giver: int, taker: int) -> dict[int, int]:
        """By lot that points left, the taker's lot that they came from."""
        found: dict[int, int] = {}
        for row in sent.points:
            account, lot = giver, row.lot
            while row.kind == "move_out" and lot is not None:
                opened = next(r for r in self._rows(account) if r.seq == lot)
                if opened.origin_account is None:
                    break
                account, lot = (
                    opened.origin_account,
                    self._left(opened),
                )
                if account == taker:
                    found[row.lot or 0] = lot
                    break
        return found

    def _left(self, arrived: PointsEvent) -> int:
        """The lot that what arrived had left."""
        rows = self._rows(arrived.origin_account)
        return next(row.lot or 0 for row in rows if row.seq == arrived.origin_seq)

    def _rows(self, account: int | None) -> list[PointsEvent]:
        return next(b.rows for b in self.books.values() if b.account.account_id == account)
