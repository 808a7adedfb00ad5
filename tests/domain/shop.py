"""One member from joining on: short words for stories with dollars in them."""

from datetime import datetime
from typing import Any

from headway.program.program import Program, Programs
from tests.domain.invariants import check
from tests.domain.programme import DOLLAR, program
from tests.domain.world import HOUR, START, World, line


class Shop:
    """A shop and one member; every event comes an hour after the last."""

    def __init__(self, *versions: Program, at: datetime = START) -> None:
        self.world = World(Programs(versions or [program(DOLLAR)]), at=at, prove_pure=True)
        self.tell("member.joined")

    def tell(self, kind: str, **data: Any) -> str:
        """One event; what became of it, in words."""
        self.world.now += HOUR
        outcome = self.world.tell(kind, **data).outcome
        check(self.world, "m")
        return f"{outcome.outcome}: {outcome.reason}" if outcome.reason else outcome.outcome

    def buy(self, order_id: str, *lines: tuple[str, int], quantity: int = 1, **more: Any) -> str:
        """Lines as (category, cents); line ids count from 1."""
        told = [
            line(cents, str(number), category=category, quantity=quantity)
            for number, (category, cents) in enumerate(lines, start=1)
        ]
        data: dict[str, Any] = {"order_id": order_id, "currency": "USD", "lines": told}
        return self.tell("order.paid", **(data | more))

    def bring_back(self, order_id: str | None, line_id: str = "1", quantity: int = 1) -> str:
        """Pieces of one line; without an order, `line_id` names a category."""
        if order_id is None:
            back: dict[str, Any] = {"sku": f"sku-{line_id}", "quantity": quantity}
        else:
            back = {"line_id": line_id, "quantity": quantity}
        refund_id = f"refund-{self.world.told}"
        return self.tell("order.refunded", refund_id=refund_id, order_id=order_id, lines=[back])

    def redeem(self, name: str, reward_id: str) -> str:
        """Reserve and confirm; what became of the reservation."""
        outcome = self.reserve(name, reward_id)
        if outcome == "applied":
            self.step("confirm", name)
        return outcome

    def reserve(self, name: str, reward_id: str) -> str:
        """Hold a reward's points; what became of it."""
        outcome = self.world.reserve(name, reward_id).outcome
        check(self.world, "m")
        return outcome.reason or outcome.outcome

    def step(self, kind: str, name: str) -> str:
        """confirm, cancel, timeout or reverse; what became of it."""
        outcome = self.world.step(kind, name).outcome
        check(self.world, "m")
        return outcome.reason or outcome.outcome

    def goal(self, reward_id: str) -> str:
        """Save for a reward, or ('') for none; what became of it."""
        outcome = self.world.goal(reward_id).outcome
        check(self.world, "m")
        return outcome.reason or outcome.outcome

    @property
    def certificates(self) -> list[str]:
        """The unused certificates, oldest first."""
        return [one.redemption_id for one in self.world.account().certificates]

    def wait(self, until: datetime) -> None:
        """Time passes, and jobs run at the end of it."""
        self.world.now = until
        self.world.tick()
        check(self.world, "m")

    @property
    def points(self) -> int:
        """What the member can spend, less what is owed."""
        account = self.world.account()
        return account.available + account.owed

    @property
    def tier(self) -> str:
        """The member's tier."""
        return self.world.account().tier
