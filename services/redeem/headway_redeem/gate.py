"""The gate before every route: who is asking, how often, and whether they may."""

from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from fastapi import FastAPI, Request
from starlette.responses import Response

from headway.access.keys import ApiKey, id_in
from headway.runtime.requests import note
from headway_redeem import problems
from headway_redeem.access import OPEN, RULES, Caller, Member, Rule
from headway_redeem.encoded_paths import EncodedPath
from headway_redeem.headers import answer_headers
from headway_redeem.pools import unknown_pool
from headway_redeem.rates import Limit, Rates
from headway_redeem.redemptions import unknown_member, unknown_redemption
from headway_redeem.refusal import Refusal
from headway_redeem.tokens import Tokens

_SCHEME = 'Bearer realm="headway"'
_LONGEST_CREDENTIAL = 4096


class Keys(Protocol):
    """Where live API keys are found."""

    async def find(self, key_id: str) -> ApiKey | None: ...


class Owners(NamedTuple):
    """How it is found whose something is: the member of a redemption, whether a member is in a
    pool."""

    redemption: Callable[[str], Awaitable[str | None]]
    pool: Callable[[str, str], Awaitable[bool]]


class Limits(NamedTuple):
    """What API keys, and what members with their tokens, may send."""

    key: Limit
    member: Limit


class Gate:
    """Lets a request through, or raises the Refusal that it is answered with.

    `owners` find whose an id's redemption or pool is, for member tokens alone; `now` is the
    system's clock.
    """

    def __init__(
        self, keys: Keys, tokens: Tokens, owners: Owners, limits: Limits,
        now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self.tokens = tokens
        self._keys = keys
        self._owners = owners
        self._limits = limits
        self._now = now
        self._rates = Rates()

    async def admit(self, rule: Rule, request: Request) -> None:
        """Let the caller through, who is `caller_of(request)` from then on."""
        caller = await self._authenticate(request)
        note(key_id=caller.key_id, by="key" if caller.member_id is None else "member")
        self._count(caller, request)
        if caller.member_id is None:
            if caller.scopes.isdisjoint(rule.scopes):
                raise forbidden(request, "This key's scopes do not cover it.")
        elif rule.member is Member.REFUSED:
            raise forbidden(request, "A member token is not enough.")
        else:
            await self._own(caller.member_id, rule.member, request)
        request.state.caller = caller

    async def _authenticate(self, request: Request) -> Caller:
        scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not credential:
            answer_headers(request.scope)["WWW-Authenticate"] = _SCHEME
            raise Refusal(problems.UNAUTHENTICATED, "There is no bearer credential.")
        caller = None
        if len(credential) <= _LONGEST_CREDENTIAL and credential.isascii():
            caller = await self._by_key(credential) or await self._by_token(credential)
        if caller is None:
            answer_headers(request.scope)["WWW-Authenticate"] = f'{_SCHEME}, error="invalid_token"'
            raise Refusal(problems.UNAUTHENTICATED, "The credential is not good, or no longer.")
        return caller

    async def _by_key(self, text: str) -> Caller | None:
        key_id = id_in(text)
        key = None if key_id is None else await self._keys.find(key_id)
        if key is None or not key.opens(text, self._now()):
            return None
        return Caller(key.key_id, key.scopes)

    async def _by_token(self, text: str) -> Caller | None:
        """A token ends with the key that issued it."""
        claims = self.tokens.read(text)
        key = None if claims is None else await self._keys.find(claims.key_id)
        if claims is None or key is None or not key.lives(self._now()):
            return None
        return Caller(key.key_id, frozenset(), claims.member_id)

    def _count(self, caller: Caller, request: Request) -> None:
        """By key, or by member: a new token brings no new requests."""
        if caller.member_id is None:
            limit, who = self._limits.key, f"key {caller.key_id}"
        else:
            limit, who = self._limits.member, f"member {caller.member_id}"
        standing = self._rates.take(limit, who)
        headers = answer_headers(request.scope)
        headers["RateLimit-Policy"] = limit.policy
        headers["RateLimit"] = f'"{limit.name}";r={standing.left};t={standing.full_in}'
        if not standing.granted:
            headers["Retry-After"] = str(standing.retry_after)
            raise Refusal(
                problems.TOO_MANY, f"At most {limit.requests} in {limit.window} seconds are served."
            )

    async def _own(self, own: str, member: Member, request: Request) -> None:
        """What is another member's is not there, in the very words for what is nobody's."""
        if member is Member.IN_QUERY:
            for named in request.query_params.getlist("member_id"):
                if named != own:
                    raise unknown_member(named)
        elif member is Member.IN_PATH:
            named = str(request.path_params["member_id"])
            if named != own:
                raise unknown_member(named)
        elif member is Member.IN_BODY:
            named = await _named_in_body(request)
            if named != own:
                raise unknown_member(named)
        elif member is Member.OF_REDEMPTION:
            redemption_id = str(request.path_params["redemption_id"])
            if await self._owners.redemption(redemption_id) != own:
                raise unknown_redemption(redemption_id)
        elif member is Member.OF_POOL:
            pool_id = str(request.path_params["pool_id"])
            if not await self._owners.pool(pool_id, own):
                raise unknown_pool(pool_id)


def caller_of(request: Request) -> Caller:
    """Who was let through."""
    caller: Caller = request.state.caller
    return caller


def put_before(api: FastAPI, gate: Gate) -> None:
    """Have every route added to `api` from now on pass the gate, under its name's rule."""

    class GatedRoute(EncodedPath):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()
            if self.name in OPEN:
                return handle
            rule = RULES.get(self.name)
            if rule is None:
                raise LookupError(
                    f"route {self.name!r} ({self.path}) is not in the table of who may use what: "
                    "enter it in headway_redeem.access.RULES"
                )

            known = {field.alias for field in self.dependant.query_params}

            async def gated(request: Request) -> Response:
                await gate.admit(rule, request)
                _refuse_unknown(request, known)
                return await handle(request)

            return gated

    api.router.route_class = GatedRoute


def refuse_ungated(api: FastAPI) -> None:
    """LookupError if anything that `api` serves is past the gate: routers, mounts, plain routes."""
    for route in api.routes:
        name = getattr(route, "name", "")
        gated = isinstance(route, api.router.route_class) and name in RULES
        if not gated and name not in OPEN:
            raise LookupError(
                f"{getattr(route, 'path', route)!r} does not pass the gate: add it to the API "
                "itself, after headway_redeem.gate.put_before"
            )


def _refuse_unknown(request: Request, known: set[str]) -> None:
    """A filter that is misspelt must not show everything."""
    for name in request.query_params:
        if name not in known:
            said = ", ".join(sorted(known)) or "none"
            raise problems.unreadable("query", f"has a parameter that is not known; known: {said}")


def forbidden(request: Request, detail: str) -> Refusal:
    """The refusal of a caller who is known, but may not do this."""
    answer_headers(request.scope)["WWW-Authenticate"] = f'{_SCHEME}, error="insufficient_scope"'
    return Refusal(problems.FORBIDDEN, detail)


async def _named_in_body(request: Request) -> str:
    """The body's `member_id`; Refusal when none can be read, as nothing unread gets through.

    The request keeps what was parsed, so that the route cannot read it in another way.
    """
    try:
        body = await request.json()
    except (ValueError, RecursionError):
        body = None
    named = body.get("member_id") if isinstance(body, dict) else None
    if not isinstance(named, str):
        raise problems.unreadable("body.member_id", "is needed as a string with a member token")
    return named
