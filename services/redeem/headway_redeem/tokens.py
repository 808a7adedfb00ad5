"""Member tokens: signed, short-lived proof that the shop knows who is asking."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import jwt

LONGEST = timedelta(minutes=15)
"""A token is not good for longer, whatever it says."""
_ALGORITHM = "HS256"
_ISSUER = "headway"
_AUDIENCE = "headway/redeem"
_CLAIMS = ["exp", "iat", "iss", "aud", "sub", "key"]
# Clocks of two processes may differ by a little.
_LEEWAY_S = 5


class Claims(NamedTuple):
    """Whom a token is for, and the API key that issued it."""

    member_id: str
    key_id: str


class Tokens:
    """Issues tokens under the first secret and reads those under any of them.

    `now` is the system's clock. Without a secret none is issued and none is good.
    """

    def __init__(self, secrets: Sequence[str], now: Callable[[], datetime]) -> None:
        self._secrets = tuple(secrets)
        self._now = now

    @property
    def on(self) -> bool:
        """Whether there is a secret to sign with."""
        return bool(self._secrets)

    def issue(self, claims: Claims, lasts: timedelta) -> tuple[str, datetime]:
        """A token and the moment at which it ends, LONGEST from now at most."""
        began = self._now().replace(microsecond=0)
        ends = began + min(lasts, LONGEST)
        payload = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": claims.member_id,
            "key": claims.key_id,
            "iat": began,
            "exp": ends,
        }
        return jwt.encode(payload, self._secrets[0], algorithm=_ALGORITHM), ends

    def read(self, text: str) -> Claims | None:
        """What a token says, if it is one of ours and still good."""
        for secret in self._secrets:
            try:
                payload = jwt.decode(
                    text, secret, algorithms=[_ALGORITHM], audience=_AUDIENCE, issuer=_ISSUER,
                    leeway=_LEEWAY_S, options={"require": _CLAIMS},
                )  # fmt: skip
            except jwt.InvalidSignatureError:
                continue
            except jwt.PyJWTError:
                return None
            if payload["exp"] - payload["iat"] > LONGEST.total_seconds():
                return None
            return Claims(payload["sub"], str(payload["key"]))
        return None
