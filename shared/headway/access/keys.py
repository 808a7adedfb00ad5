"""API keys: how they are made, told apart and checked. Nothing here reads or writes."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest

from headway.access.scopes import Scope

PREFIX = "hk_"
_FORM = re.compile(r"hk_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key as it is kept; its secret is known to its holder alone.

    `previous_digest` is that of the key before the last rotation, good until `previous_ends_at`.
    """

    key_id: str
    name: str
    scopes: frozenset[Scope]
    digest: bytes
    previous_digest: bytes | None
    previous_ends_at: datetime | None
    created_at: datetime
    expires_at: datetime | None
    rotated_at: datetime | None
    revoked_at: datetime | None

    @property
    def shown(self) -> str:
        """The part of the key by which people recognise it."""
        return PREFIX + self.key_id

    def lives(self, now: datetime) -> bool:
        """Whether it has neither been revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def opens(self, text: str, now: datetime) -> bool:
        """Whether `text` is this key, or the one before within its grace. In constant time."""
        digest = digest_of(text)
        current = compare_digest(digest, self.digest)
        before = compare_digest(digest, self.previous_digest or self.digest)
        in_grace = self.previous_ends_at is not None and now < self.previous_ends_at
        return self.lives(now) and (current or (before and in_grace))


def new_id() -> str:
    """An id for a new key."""
    return secrets.token_hex(6)


def new_text(key_id: str) -> str:
    """A key as its holder sends it: 256 random bits behind the prefix that is shown."""
    return f"{PREFIX}{key_id}_{secrets.token_urlsafe(_SECRET_BYTES)}"


def digest_of(text: str) -> bytes:
    """What is kept of a key. A plain hash will do: there is nothing to guess in 256 random bits."""
    return sha256(text.encode()).digest()


def id_in(text: str) -> str | None:
    """The id of what has the form of a key; None for anything else."""
    found = _FORM.fullmatch(text)
    return found[1] if found else None
