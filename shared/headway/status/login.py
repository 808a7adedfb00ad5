"""Who asks for a page, and what they may do: HTTP Basic with an API key as the password.

On a loopback address reading is open; acts need a key with `admin:write` wherever they come from.
On any other address reading needs a key with `admin:read`.
"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request

from headway.access.audit import Actor
from headway.access.keys import ApiKey, id_in
from headway.access.scopes import Scope
from headway.access.store import live_key
from headway.runtime.requests import note
from headway.stream.errors import TROUBLE
from headway.stream.positions import Pool

REALM = 'Basic realm="Headway status", charset="UTF-8"'
_LONGEST_CREDENTIAL = 512
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class Caller(NamedTuple):
    """The API key that somebody has logged in with."""

    key_id: str
    scopes: frozenset[Scope]

    @property
    def actor(self) -> Actor:
        """As the audit log names it."""
        return Actor("key", self.key_id)

    @property
    def may_act(self) -> bool:
        """Whether it may mend and send again."""
        return Scope.ADMIN_WRITE in self.scopes


class Login:
    """Tells callers by their key; `bind` is the address that is listened on."""

    def __init__(
        self, pool: Callable[[], Pool], bind: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        self._pool = pool
        self._loopback = is_loopback(bind)
        self._now = now
        self._secret = secrets.token_bytes(32)
        self._known: dict[str, ApiKey] = {}

    async def caller(self, request: Request) -> Caller | None:
        """Who asks; None if they do not say. HTTPException 401 for a key that is not good."""
        given = request.headers.get("authorization")
        if given is None:
            return None
        password = password_in(given)
        key_id = None if password is None else id_in(password)
        key = None if key_id is None else await self._find(key_id)
        if password is None or key is None or not key.opens(password, self._now()):
            raise challenge("This key is not good, or no longer.")
        note(key=key.key_id)
        return Caller(key.key_id, key.scopes)

    async def reader(self, request: Request) -> Caller | None:
        """Whoever may read; HTTPException for everybody else."""
        caller = await self.caller(request)
        if self._loopback and _host(request) in _LOCAL_NAMES:
            return caller
        if caller is None:
            raise challenge("Reading needs an API key with the scope admin:read.")
        if Scope.ADMIN_READ not in caller.scopes:
            raise HTTPException(403, "This key has not the scope admin:read.")
        return caller

    async def actor(self, request: Request) -> Caller:
        """Whoever may act; HTTPException for everybody else, and for what another site sends."""
        if not same_origin(request.headers):
            raise HTTPException(403, "Only this site's own pages may send this.")
        caller = await self.reader(request)
        if caller is None:
            raise challenge("Acting needs an API key with the scope admin:write.")
        if not caller.may_act:
            raise HTTPException(403, "This key has not the scope admin:write.")
        return caller

    def token(self, caller: Caller) -> str:
        """What a form of this caller carries, so that no other site can send it."""
        return hmac.new(self._secret, caller.key_id.encode(), sha256).hexdigest()

    def check_token(self, caller: Caller, token: str) -> None:
        """HTTPException 403 if the form is not one that this caller was given."""
        if not hmac.compare_digest(self.token(caller).encode(), token.encode()):
            raise HTTPException(403, "The form is too old or not yours: open the page again.")

    async def _find(self, key_id: str) -> ApiKey | None:
        """The key; while the database is away, as it was known last: the page is needed then."""
        try:
            async with self._pool().acquire() as connection:
                key = await live_key(connection, key_id)
        except TROUBLE:
            return self._known.get(key_id)
        if key is None:
            self._known.pop(key_id, None)
        else:
            self._known[key_id] = key
        return key


def is_loopback(bind: str) -> bool:
    """Whether only this machine can reach what listens on `bind`."""
    try:
        return ip_address(bind).is_loopback
    except ValueError:
        return bind == "localhost"


def password_in(authorization: str) -> str | None:
    """The password of a Basic credential; None for anything else. The user's name is ignored."""
    scheme, _, credential = authorization.partition(" ")
    if scheme.lower() != "basic" or len(credential) > _LONGEST_CREDENTIAL:
        return None
    try:
        text = base64.b64decode(credential.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return text.partition(":")[2]


def challenge(detail: str) -> HTTPException:
    """What makes a browser ask for a name and a password."""
    return HTTPException(401, detail, {"WWW-Authenticate": REALM})


def same_origin(headers: Mapping[str, str]) -> bool:
    """Whether one of our own pages sent this. Browsers say so; what says nothing is refused."""
    site = headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        return False
    origin = headers.get("origin")
    if origin is None:
        return site == "same-origin"
    return bool(origin) and urlsplit(origin).netloc == headers.get("host", "")


def local_path(wanted: str) -> str:
    """A path on this site to go to after logging in; '/' for whatever is none."""
    usable = wanted.startswith("/") and wanted.isprintable() and "\\" not in wanted
    return wanted if usable and not wanted.startswith("//") else "/"


def _host(request: Request) -> str | None:
    try:
        return urlsplit(f"//{request.headers.get('host', '')}").hostname
    except ValueError:
        return None
