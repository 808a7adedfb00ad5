"""Progress bars: what was sent, what earn has read of it, how many mails arrived."""

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from headway.contracts.topics import EARN_INPUTS
from headway.local.demo.quiet import Watch
from headway.local.history import History
from headway.local.smtp_sink import count_mails
from headway.runtime.settings import Settings

_LOOK_EVERY_S = 0.5
# What earn tells itself is no part of the history.
_OF_THE_HISTORY = tuple(topic for topic in EARN_INPUTS if topic != "effects")


class Bars:
    """Shown while inside `async with`; on a terminal they move."""

    def __init__(self, console: Console, settings: Settings, mail: Path, history: History) -> None:
        self._settings = settings
        self._mail = mail
        self._progress = Progress(
            TextColumn("{task.description:<22}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        )
        self._sent = self._progress.add_task("events published", total=len(history.events))
        # Contacts are for notify alone.
        inputs = sum(event.type != "contact.updated" for event in history.events)
        self._decided = self._progress.add_task("events decided", total=inputs)
        self._mails = self._progress.add_task("mails received", total=None)
        self._looking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._progress.start()
        self._looking = asyncio.create_task(self._look())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        self._progress.stop()

    def sent(self, events: int) -> None:
        """So many more events have been published."""
        self._progress.advance(self._sent, events)

    async def _look(self) -> None:
        async with Watch(self._settings) as watch:
            while True:
                applied = await watch.applied("earn")
                decided = sum(applied.get(topic, 0) for topic in _OF_THE_HISTORY)
                self._progress.update(self._decided, completed=decided)
                mails = await asyncio.to_thread(count_mails, self._mail)
                self._progress.update(self._mails, completed=mails)
                await asyncio.sleep(_LOOK_EVERY_S)
