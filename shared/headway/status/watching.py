"""The latest look at everything, kept fresh, for all who wait to hear of it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection

import mode

from headway.runtime.health import Health
from headway.runtime.logging import event
from headway.status.judging import Judgement, Objectives, judged
from headway.status.snapshot import Frozen, Snapshot

Look = Callable[[], Awaitable[Snapshot]]
_DEAD_AFTER = 120.0
_LOOP = "watch"


class Status(Frozen):
    """What is seen and what it means: the document of `/api/status` and of `--json`."""

    judgement: Judgement
    snapshot: Snapshot


class Board:
    """Holds the latest status; whoever waits is told of the next one."""

    def __init__(self) -> None:
        self._status: Status | None = None
        self._serial = 0
        self._next = asyncio.Event()
        self.closed = False

    @property
    def latest(self) -> tuple[int, Status] | None:
        """The number of the latest status, and the status; None before the first look."""
        return None if self._status is None else (self._serial, self._status)

    def put(self, status: Status) -> None:
        """A new status is there."""
        self._status = status
        self._serial += 1
        self._wake()

    def close(self) -> None:
        """Nothing comes any more: whoever waits goes home."""
        self.closed = True
        self._wake()

    async def newest(self) -> tuple[int, Status] | None:
        """The latest status, or the first that comes; None once the board is closed."""
        return self.latest or await self.after(0)

    async def after(self, serial: int) -> tuple[int, Status] | None:
        """The first status that is newer than number `serial`; None once the board is closed."""
        while not self.closed:
            if self._status is not None and self._serial > serial:
                return self._serial, self._status
            await self._next.wait()
        return None

    def _wake(self) -> None:
        self._next.set()
        self._next = asyncio.Event()


class Watch(mode.Service):
    """Looks every so many seconds and puts what it sees on the board.

    `expected` names the consumer groups that there must be.
    """

    def __init__(
        self, look: Look, board: Board, objectives: Objectives, health: Health, every: float,
        expected: Collection[str] = (),
    ) -> None:  # fmt: skip
        super().__init__()
        self._look = look
        self._board = board
        self._objectives = objectives
        self._health = health
        self._every = every
        self._expected = expected
        self._state = ""
        self._health.ready(_LOOP, "nothing was looked at yet")

    async def run_once(self) -> Status:
        """Look once. What cannot be looked at is in the status, not an error."""
        snapshot = await self._look()
        judgement = judged(snapshot, self._objectives, self._expected)
        status = Status(judgement=judgement, snapshot=snapshot)
        self._board.put(status)
        return status

    @mode.Service.task
    async def _run(self) -> None:
        self._health.expect(_LOOP, within=_DEAD_AFTER + self._every)
        while not self.should_stop:
            self._health.beat(_LOOP)
            self._tell(await self.run_once())
            self._health.ready(_LOOP)
            await self.sleep(self._every)

    def _tell(self, status: Status) -> None:
        """One line when the state changes, none while it stays."""
        state = status.judgement.state
        if state != self._state:
            self._state = state
            level = logging.INFO if state == "well" else logging.WARNING
            about = sorted({problem.part for problem in status.judgement.problems})
            event("status", status.judgement.sentence, level=level, state=state, about=about)

    async def on_stop(self) -> None:
        """Let go of all who wait."""
        self._board.close()
