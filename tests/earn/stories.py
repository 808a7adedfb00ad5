"""Long random stories of a few members, as a shop's systems might send them, late ones included."""

import random
from datetime import timedelta
from typing import Any

from headway.stream.batch import Record
from tests.earn.kit import DAY, HOUR, START, Topics

MEMBERS = ["m", "m", "m", "n", "guest"]


class Storyteller:
    """Makes up events from a seed; remembers what was bought, so that returns find something."""

    def __init__(self, seed: int, topics: Topics) -> None:
        self._dice = random.Random(seed)
        self._topics = topics
        self._bought: list[tuple[str, str, int]] = []
        self.now = START

    def batches(self, events: int) -> list[list[Record]]:
        """So many events, cut into batches of one to twenty; some come twice."""
        dice = self._dice
        joins = [self._topics.join(member, START - DAY) for member in ("m", "n")]
        waiting = [*joins, *(self._next() for _ in range(events))]
        made: list[list[Record]] = []
        while waiting:
            size = dice.choice([1, 2, 5, 20])
            made.append(waiting[:size])
            del waiting[:size]
        for batch in made[1:]:
            if dice.random() < 0.2:
                batch.append(dice.choice(made[0]))
        return made

    def _next(self) -> Record:
        dice = self._dice
        self.now += dice.choice([HOUR, 5 * HOUR, DAY, 3 * DAY])
        late = dice.choice([timedelta(0)] * 5 + [5 * HOUR, 9 * DAY])
        member = dice.choice(MEMBERS)
        kind, told = self._event(member)
        return self._topics.tell(kind, member, at=self.now - late, **told)

    def _event(self, member: str) -> tuple[str, dict[str, Any]]:
        dice = self._dice
        what = dice.randrange(100)
        if what < 45:
            return "order.paid", self._order(member)
        if what < 63:
            return "order.refunded", self._refund(member)
        if what < 67:
            return "order.cancelled", {"order_id": self._known(member)[0]}
        review = {"review_id": f"{member}{dice.randrange(4)}"}
        if what < 75:
            return "review.published", {**review, "sku": "s", "rating": 5}
        if what < 78:
            return "review.removed", review
        if what < 84:
            return "activity.recorded", {"activity": dice.choice(["visit", "other"])}
        if what < 92:
            referral = {"referral_id": dice.choice(["f", "g"]), "referrer_id": dice.choice("mn")}
            if dice.random() < 0.5:
                return "referral.created", referral
            return "referral.completed", {**referral, "order_id": self._known(member)[0]}
        if what < 98:
            return "member.joined", {}
        if dice.random() < 0.2:
            return "member.left", {}
        return "member.updated", {"attributes": {}}

    def _order(self, member: str) -> dict[str, Any]:
        dice = self._dice
        number = dice.choice([len(self._bought), len(self._bought), dice.randrange(6)])
        order_id = f"{member}-{number}"
        lines = []
        for line_id in ("1", "2")[: dice.choice([1, 2])]:
            category = dice.choice(["boots", "socks"])
            quantity = dice.randrange(1, 4)
            lines.append(
                {"line_id": line_id, "sku": f"sku-{category}", "category": category,
                 "quantity": quantity, "amount": dice.choice([50, 333, 700, 999, 2500]),
                 "gift_card": dice.random() < 0.1}
            )  # fmt: skip
            self._bought.append((order_id, line_id, quantity))
        return {
            "order_id": order_id, "order_version": dice.choice([1, 1, 2, 3]),
            "currency": dice.choice(["USD"] * 9 + ["EUR"]), "lines": lines,
        }  # fmt: skip

    def _known(self, member: str) -> tuple[str, str, int]:
        own = [bought for bought in self._bought if bought[0].startswith(f"{member}-")]
        return self._dice.choice(own[-6:]) if own else (f"{member}-0", "1", 1)

    def _refund(self, member: str) -> dict[str, Any]:
        dice = self._dice
        order_id, line_id, quantity = self._known(member)
        refund_id = f"r{len(self._bought)}-{dice.randrange(30)}"
        if dice.random() < 0.2:
            sku = dice.choice(["sku-boots", "sku-socks"])
            lines: list[dict[str, Any]] = [{"sku": sku, "quantity": dice.randrange(1, 3)}]
            return {"refund_id": refund_id, "order_id": None, "lines": lines}
        lines = [{"line_id": line_id, "quantity": dice.randrange(1, quantity + 2)}]
        return {"refund_id": refund_id, "order_id": order_id, "lines": lines}
