"""The front page's parts as they change, for browsers that listen."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import TypedDict

from markupsafe import Markup
from starlette.exceptions import HTTPException

from headway.status.rendering import parts
from headway.status.watching import Board, Status

_MOST_CHANGES = 100
"""Then the browser connects anew, and its key is looked at again."""

_FIRST_LOOK_WITHIN = 20.0


class Change(TypedDict):
    """What a browser puts on the page: its title, and those parts that differ from before."""

    title: str
    parts: dict[str, str]


class Front:
    """The front page's parts, rendered once for each status, whoever asks."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._rendered: tuple[int, Mapping[str, Markup]] = (0, {})

    async def latest(self) -> tuple[Status, Mapping[str, Markup]]:
        """The latest status and its parts. The first look is waited for; HTTPException 503 when
        that takes too long."""
        try:
            found = await asyncio.wait_for(self._board.newest(), _FIRST_LOOK_WITHIN)
        except TimeoutError:
            found = None
        if found is None:
            raise HTTPException(503, "The first look is not over yet; try again in a moment.")
        return found[1], self._parts(*found)

    async def changes(self) -> AsyncIterator[tuple[int, Change]]:
        """The latest at once, then what each new look changes; ends when the server does."""
        serial, sent = 0, dict[str, str]()
        for _ in range(_MOST_CHANGES):
            found = await self._board.after(serial)
            if found is None:
                return
            serial, status = found
            now = self._parts(serial, status)
            changed = {name: str(html) for name, html in now.items() if sent.get(name) != html}
            sent.update(changed)
            yield serial, Change(title=f"{status.judgement.sentence} · Headway", parts=changed)

    def _parts(self, serial: int, status: Status) -> Mapping[str, Markup]:
        if self._rendered[0] != serial:
            self._rendered = serial, parts(status)
        return self._rendered[1]
