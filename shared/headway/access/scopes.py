"""What an API key may be good for. No scope includes another."""

from enum import StrEnum


class Scope(StrEnum):
    """One thing that a key may do, for any member."""

    meaning: str
    """In a few words, for people who give scopes to keys."""

    def __new__(cls, value: str, meaning: str) -> "Scope":
        """A scope by its name in keys and in the API's document."""
        scope = str.__new__(cls, value)
        scope._value_ = value
        scope.meaning = meaning
        return scope

    MEMBERS_READ = "members:read", "see members' balances, history and redemptions"
    MEMBERS_TOKENS = "members:tokens", "issue member tokens, each for one member"
    MEMBERS_ERASE = "members:erase", "take a member's name out of everything, for good"
    REDEMPTIONS_WRITE = "redemptions:write", "quote, reserve, confirm, fulfil and cancel"
    REDEMPTIONS_REVERSE = "redemptions:reverse", "undo confirmed redemptions"
    POOLS_WRITE = "pools:write", "send points between members, run household pools"
    CATALOGUE_READ = "catalogue:read", "see rewards, their prices and stock"
    CODES_USE = "codes:use", "check and use up voucher codes at a till"
    ADMIN_READ = "admin:read", "see redemptions, adjustments, stock, codes, status; export members"
    ADMIN_WRITE = (
        "admin:write",
        "adjust balances, alone or as a second; set stock; mend dead letters",
    )
