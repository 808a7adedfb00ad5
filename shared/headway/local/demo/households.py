"""Households of shoppers who can have together what none of them could have alone."""

from collections.abc import Mapping
from typing import Any, NamedTuple

LEAST = 300
"""Points with which somebody is worth asking."""


class Household(NamedTuple):
    """Members who pool their points, the owner first, and the reward that they are after."""

    members: tuple[str, ...]
    reward_id: str


class Households:
    """Brings members together as balances are published, until there are `wanted` households.

    `largest`: how many may be in one; 0 when the programme has no pools.
    """

    def __init__(self, largest: int, wanted: int) -> None:
        self._largest = largest
        self._left = wanted if largest else 0
        self._asked: set[str] = set()
        self._waiting: dict[str, int] = {}

    def hear(self, balance: Mapping[str, Any]) -> Household | None:
        """Take a balance into account; a household once enough wait for the same reward."""
        following, member_id = balance["next_reward"], balance["member_id"]
        if not self._left or following is None or member_id in self._asked:
            return None
        self._waiting.pop(member_id, None)
        if balance["rewards_ready"] or balance["left_at"] is not None:
            return None  # whoever can have something does not need the others
        if balance["available"] < LEAST:
            return None
        self._waiting[member_id] = balance["available"]
        return self._enough(following["id"], following["points"])

    def _enough(self, reward_id: str, price: int) -> Household | None:
        """The owner is the one who has the most."""
        ranked = sorted(self._waiting, key=lambda name: (-self._waiting[name], name))
        members = tuple(ranked[: self._largest])
        if sum(self._waiting[name] for name in members) < price:
            return None
        self._left -= 1
        self._asked.update(members)
        for name in members:
            del self._waiting[name]
        return Household(members, reward_id)
