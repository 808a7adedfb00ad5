"""Dead letters: finding them, looking inside, mending, and sending again."""

from typing import Annotated, NamedTuple
from urllib.parse import urlencode

from fastapi import Depends, FastAPI, Path, Query
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from headway.errors import UserError
from headway.status.forms import form_of
from headway.status.login import Caller
from headway.status.member_pages import member_address
from headway.status.site import Site, html, json
from headway.stream.dead_letters.checking import Problem, checked, written_here
from headway.stream.dead_letters.drafting import draft, mended
from headway.stream.dead_letters.kept import Filter, Kept, Listed, Page, listed, shown
from headway.stream.dead_letters.pacing import Pace
from headway.stream.dead_letters.replaying import Replayer, StillRefused, producing

_SHOWN = 50
_MOST_BYTES = 4 * 1024 * 1024
"""Of a form: a message of 1 MiB, in which each byte may have become three."""
_HASTE = 100.0
_MISMATCH = "key-mismatch"
_ROWS = (8, 32)

_HIGHEST = 2**63 - 1
LetterId = Annotated[int, Path(ge=1, le=_HIGHEST)]
After = Annotated[int, Query(ge=0, le=_HIGHEST)]


class Wanted(NamedTuple):
    """What the list is filtered by; '' says nothing."""

    reason: str = ""
    topic: str = ""
    key: str = ""
    all: bool = False

    @property
    def filter(self) -> Filter:
        """The same as the library takes it."""
        return Filter(
            state="all" if self.all else "open", topic=self.topic or None,
            reason=self.reason or None, key=self.key.encode() or None,
        )  # fmt: skip

    def address(self, after: int) -> str:
        """Where the letters after that id are listed."""
        named = {name: value for name, value in self._asdict().items() if value}
        return "/dead-letters?" + urlencode({**named, "all": int(self.all), "after": after})


def add_letters(app: FastAPI, site: Site) -> None:
    """The routes under /dead-letters and /api/dead-letters."""
    Reader = Annotated[Caller | None, Depends(site.login.reader)]
    Actor = Annotated[Caller, Depends(site.login.actor)]
    Asked = Annotated[Wanted, Depends(_wanted)]

    @app.get("/dead-letters")
    async def letters(
        request: Request, caller: Reader, wanted: Asked, after: After = 0
    ) -> Response:
        found = await _listed(site, wanted, after)
        more = len(found) > _SHOWN
        values = {
            "wanted": wanted,
            "more": more,
            "letters": [_shown(one) for one in found[:_SHOWN]],
            "first": wanted.address(0) if after else None,
            "later": wanted.address(found[_SHOWN - 1].id) if more else None,
        }
        return html(request, "letter_list", caller, values)

    @app.get("/api/dead-letters")
    async def api_letters(caller: Reader, wanted: Asked, after: After = 0) -> Response:
        found = await _listed(site, wanted, after)
        return json(
            {
                "dead_letters": [one._asdict() for one in found[:_SHOWN]],
                "after": found[_SHOWN - 1].id if len(found) > _SHOWN else None,
            }
        )

    @app.get("/api/dead-letters/{id}")
    async def api_letter(caller: Reader, id: LetterId) -> Response:
        return json((await _kept(site, id))._asdict())

    @app.get("/dead-letters/{id}")
    async def letter(request: Request, caller: Reader, id: LetterId) -> Response:
        return _page(request, site, caller, await _kept(site, id))

    @app.post("/dead-letters/{id}")
    async def mend(request: Request, caller: Actor, id: LetterId) -> Response:
        form = await form_of(request, _MOST_BYTES)
        site.login.check_token(caller, form.get("token", ""))
        found = await _kept(site, id)
        text, rekey = form.get("body", "").encode(), form.get("rekey") == "1"
        if form.get("do") == "check":
            problem = await _problem(site, found, text, rekey=rekey)
            return _page(request, site, caller, found, text, problem, fine=problem is None)
        if form.get("do") != "replay":
            raise HTTPException(400, "The form says neither check nor replay.")
        try:
            await _replay(site, caller, found, text, again=form.get("again") == "1", rekey=rekey)
        except StillRefused as refused:
            return _page(request, site, caller, found, text, refused.problem)
        except UserError as error:
            raise HTTPException(409, str(error)) from error
        # A reload must not send it again.
        return RedirectResponse(f"/dead-letters/{id}", 303)


def _wanted(reason: str = "", topic: str = "", key: str = "", all: bool = False) -> Wanted:
    return Wanted(reason.strip(), topic.strip(), key.strip(), all)


async def _listed(site: Site, wanted: Wanted, after: int) -> list[Listed]:
    """One more than is shown, to know whether there are more."""
    if "\0" in wanted.reason + wanted.topic:
        return []
    async with site.pool().acquire() as connection:
        return await listed(connection, wanted.filter, Page(after, _SHOWN + 1))


async def _kept(site: Site, id: int) -> Kept:
    async with site.pool().acquire() as connection:
        return await shown(connection, id)


async def _problem(site: Site, letter: Kept, text: bytes, *, rekey: bool) -> Problem | None:
    async with site.pool().acquire() as connection:
        what = mended(letter, text, rekey=rekey)
        return await checked(connection, letter, what, site.topic_prefix, site.clock.now())


async def _replay(
    site: Site, caller: Caller, letter: Kept, text: bytes, *, again: bool, rekey: bool
) -> None:
    """Send the letter as it came, or with this text if it was changed; the audit log names the
    key."""
    async with site.pool().acquire() as connection, producing(site.kafka) as producer:
        replayer = Replayer(connection, producer, site.topic_prefix, caller.actor, Pace(_HASTE))
        now = site.clock.now()
        # A browser ends its lines its own way.
        if text.decode().replace("\r\n", "\n") == _words(letter) and not rekey:
            await replayer.replayed(letter.id, now, again=again)
        else:
            await replayer.mended_and_replayed(letter.id, text, now, again=again, rekey=rekey)


def _words(letter: Kept) -> str | None:
    """What is there to edit; None without a body."""
    return None if letter.value is None else _edited(draft(letter))


def _edited(body: bytes) -> str:
    return body.decode("utf-8", "backslashreplace").rstrip("\n")


def _page(
    request: Request, site: Site, caller: Caller | None, letter: Kept, text: bytes | None = None,
    problem: Problem | None = None, *, fine: bool = False,
) -> Response:  # fmt: skip
    """The letter, and what would be sent: what was typed, else what was kept."""
    words = _words(letter) if text is None else _edited(text)
    lines = 0 if words is None else words.count("\n") + 2
    values = {
        "letter": _shown(letter),
        "problem": problem,
        "fine": fine,
        "mismatch": _MISMATCH in (letter.reason, problem.reason if problem else ""),
        "body": words,
        "ours": written_here(letter.topic, site.topic_prefix),
        "rows": min(max(lines, _ROWS[0]), _ROWS[1]),
        "token": site.login.token(caller) if caller else "",
        "member_link": member_address(_text(letter.key) or ""),
    }
    return html(request, "letter", caller, values, 422 if problem else 200)


def _shown(letter: Kept | Listed) -> dict[str, object]:
    """Its fields, with what is bytes as text."""
    fields = letter._asdict()
    fields["key"] = _text(letter.key)
    if isinstance(letter, Kept):
        fields["headers"] = [(name, _text(value)) for name, value in letter.headers]
    return fields


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "backslashreplace")
