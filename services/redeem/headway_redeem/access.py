"""Who may use which route: the one table that decides. Pure."""

from collections.abc import Mapping
from enum import Enum
from hashlib import sha256
from typing import NamedTuple

from headway.access.audit import Actor
from headway.access.scopes import Scope


class Member(Enum):
    """Whether a member token may use a route, and whom the route is about."""

    REFUSED = "refused"
    """Keys alone may."""
    IN_QUERY = "query"
    """The member whom `member_id` in the query names; nobody in particular without it."""
    IN_PATH = "path"
    """The member whom `member_id` in the path names."""
    IN_BODY = "body"
    """The member whom `member_id` in the JSON body names."""
    OF_POOL = "pool"
    """Those who have joined the pool that `pool_id` in the path names."""
    OF_REDEMPTION = "redemption"
    """The member whose redemption `redemption_id` in the path names."""


class Rule(NamedTuple):
    """A key needs any one of `scopes`; a member token is let in as `member` says."""

    scopes: tuple[Scope, ...]
    member: Member = Member.REFUSED


OPEN = frozenset({"openapi", "explain"})
"""Routes that ask nobody who they are."""

RULES: Mapping[str, Rule] = {
    "member": Rule((Scope.MEMBERS_READ,), Member.IN_PATH),
    "history": Rule((Scope.MEMBERS_READ,), Member.IN_PATH),
    "balance": Rule((Scope.MEMBERS_READ,), Member.IN_PATH),
    "explanation": Rule((Scope.MEMBERS_READ,), Member.IN_PATH),
    "set_goal": Rule((Scope.REDEMPTIONS_WRITE,), Member.IN_PATH),
    "clear_goal": Rule((Scope.REDEMPTIONS_WRITE,), Member.IN_PATH),
    "rewards": Rule((Scope.CATALOGUE_READ,), Member.IN_QUERY),
    "quote": Rule((Scope.REDEMPTIONS_WRITE,), Member.IN_BODY),
    "reserve": Rule((Scope.REDEMPTIONS_WRITE,), Member.IN_BODY),
    "confirm": Rule((Scope.REDEMPTIONS_WRITE,), Member.OF_REDEMPTION),
    "fulfil": Rule((Scope.REDEMPTIONS_WRITE,)),
    "cancel": Rule((Scope.REDEMPTIONS_WRITE,), Member.OF_REDEMPTION),
    "reverse": Rule((Scope.REDEMPTIONS_REVERSE,)),
    "redemption": Rule((Scope.MEMBERS_READ, Scope.REDEMPTIONS_WRITE), Member.OF_REDEMPTION),
    "transfer": Rule((Scope.POOLS_WRITE,), Member.IN_BODY),
    "pool": Rule((Scope.MEMBERS_READ, Scope.POOLS_WRITE), Member.OF_POOL),
    "member_pool": Rule((Scope.MEMBERS_READ,), Member.IN_PATH),
    "create_pool": Rule((Scope.POOLS_WRITE,), Member.IN_BODY),
    "invite": Rule((Scope.POOLS_WRITE,), Member.IN_BODY),
    "accept": Rule((Scope.POOLS_WRITE,), Member.IN_BODY),
    "decline": Rule((Scope.POOLS_WRITE,), Member.IN_BODY),
    "leave": Rule((Scope.POOLS_WRITE,), Member.IN_BODY),
    "spending": Rule((Scope.POOLS_WRITE,), Member.IN_BODY),
    "dissolve": Rule((Scope.POOLS_WRITE,), Member.IN_BODY),
    "code": Rule((Scope.CODES_USE,)),
    "use_code": Rule((Scope.CODES_USE,)),
    "member_token": Rule((Scope.MEMBERS_TOKENS,)),
    "redemptions": Rule((Scope.MEMBERS_READ, Scope.ADMIN_READ)),
    "adjust": Rule((Scope.ADMIN_WRITE,)),
    "approve_adjustment": Rule((Scope.ADMIN_WRITE,)),
    "reject_adjustment": Rule((Scope.ADMIN_WRITE,)),
    "adjustments": Rule((Scope.ADMIN_READ,)),
    "catalogue_state": Rule((Scope.ADMIN_READ,)),
    "code_pools": Rule((Scope.ADMIN_READ,)),
    "export": Rule((Scope.ADMIN_READ,)),
    "erase": Rule((Scope.MEMBERS_ERASE,)),
    "set_stock": Rule((Scope.ADMIN_WRITE,)),
}
"""By the route's name, which is its function's. A route that is in neither place is not served."""


class Caller(NamedTuple):
    """Who sends a request: an API key, or a member whose token that key has issued."""

    key_id: str
    scopes: frozenset[Scope]
    member_id: str | None = None

    @property
    def actor(self) -> Actor:
        """As the audit log names it."""
        return Actor("key", self.key_id)

    def command_key(self, key: str) -> str:
        """The Idempotency-Key under which a command of this caller is kept.

        Keys of API keys are one family, so that a shop's systems can retry for each other. A
        member's are apart: nobody else's command can be answered, or blocked, by guessing its key.
        """
        if self.member_id is None:
            return key
        return "member:" + sha256(f"{self.member_id}\0{key}".encode()).hexdigest()
