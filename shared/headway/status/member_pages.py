"""Members by their id, and the story of a balance."""

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from headway.ledger.queries import load
from headway.ledger.story import MemberAccount, StoryLine, facts, read_member, tell
from headway.status.login import Caller
from headway.status.site import Site, html, json

_QUERIES = load("headway.status", "members.sql")
_FOUND = 20
_LINES = 100
_LONGEST_ID = 128


def add_members(app: FastAPI, site: Site) -> None:
    """The routes under /members and /api/members."""
    Reader = Annotated[Caller | None, Depends(site.login.reader)]

    @app.get("/members")
    async def members(request: Request, caller: Reader, q: str = "") -> Response:
        found = await _like(site, q.strip())
        links = [(id_, member_address(id_)) for id_ in found]
        return html(request, "members", caller, {"q": q.strip(), "found": links})

    @app.get("/members/{member_id:path}")
    async def member(
        request: Request, caller: Reader, member_id: str, all: bool = False
    ) -> Response:
        found = await _read(site, member_id)
        return html(request, "member", caller, _values(found, everything=all))

    @app.get("/api/members/{member_id:path}")
    async def api_member(caller: Reader, member_id: str) -> Response:
        return json(facts(await _read(site, member_id)))


def member_address(member_id: str) -> str:
    """The page of a member."""
    return f"/members/{quote(member_id, safe='')}"


async def _like(site: Site, start: str) -> Sequence[str]:
    if not 1 <= len(start) <= _LONGEST_ID or "\0" in start:
        return ()
    rows = await site.pool().fetch(_QUERIES.members_like, start, _FOUND)
    return [row["member_id"] for row in rows]


async def _read(site: Site, member_id: str) -> MemberAccount:
    async with (
        site.pool().acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        return await read_member(connection, member_id.replace("\0", ""))


def _values(member: MemberAccount, *, everything: bool) -> dict[str, object]:
    lines: list[StoryLine] = list(tell(member))
    shown = lines if everything else lines[-_LINES:]
    tier, zone = member.tier, "UTC"
    if member.account_time is not None:
        program = member.programs.at(member.account_time)
        zone = str(program.zone)
        tier = {level.id: level.name for level in program.levels}.get(tier, tier)
    return {
        "member": member,
        "tier": tier,
        "zone": zone,
        "lines": shown,
        "hidden": len(lines) - len(shown),
        "lots": [lot for lot in member.lots if lot.pending or lot.available or lot.reserved],
        "waiting": [item for item in member.inputs if item.waits_for is not None],
    }
