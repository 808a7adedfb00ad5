"""Handing over what is decided, on any road: claim, wait for the turn, hand over, say what came.

A row is claimed before it is handed over and marked after, so a process killed in between leaves
it claimed. When the claim runs out nobody knows whether the other side has it, and the policy
decides.
"""

import asyncio
import logging
import random
import time
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar
from uuid import uuid4

import mode

from headway.runtime.clock import Clock
from headway.runtime.fail_points import fail_point
from headway.runtime.health import Health
from headway.runtime.logging import event
from headway.stream.positions import Pool
from headway_notify import metrics
from headway_notify.lives import ItemT, Lives
from headway_notify.marking import Marker
from headway_notify.patience import patiently
from headway_notify.pausing import pause
from headway_notify.roads.answers import Answer, Ending
from headway_notify.roads.breaker import Breaker
from headway_notify.settings import NotifySettings
from headway_notify.store import QUERIES, Outcome

POLL_EVERY = 0.25
"""Seconds between looks for work when there was none."""
PAUSE_EVERY = 1.0
"""Seconds between looks whether the road was paused."""
FINISH_WITHIN = 5.0
"""Seconds that what is being handed over gets when the process stops."""
LONGEST_WAIT = 3600.0
"""Seconds between two tries, at most."""


class Session(Protocol):
    """Something to hand over by; when it is not usable, open another."""

    @property
    def usable(self) -> bool: ...
    async def quit(self) -> None: ...


SessionT = TypeVar("SessionT", bound=Session)


class Dispatch(mode.Service, Generic[ItemT, SessionT]):
    """Hands over what is decided. Any number of processes may run one for each road."""

    abstract = True

    def __init__(
        self, pool: Callable[[], Pool], settings: NotifySettings, clock: Clock, lives: Lives[ItemT],
        marker: Marker, health: Health, *, senders: int, limit: float, unknown: str = "resend",
    ) -> None:  # fmt: skip
        """`limit`: seconds that handing one over may take. `unknown`: resend or leave."""
        super().__init__()
        self._pool = pool
        self._settings = settings
        self._clock = clock
        self._lives = lives
        self._marker = marker
        self._health = health
        self._senders_wanted = senders
        self._limit = limit
        self._unknown = unknown
        self.breaker = Breaker(
            time.monotonic,
            opens_after=settings.notify_breaker_failures,
            first=settings.notify_breaker_seconds,
            most=60.0 * settings.notify_breaker_seconds,
        )
        # None tells a sender that there is no more to come.
        self._queue: asyncio.Queue[ItemT | None] = asyncio.Queue()
        self._later: dict[int, tuple[asyncio.TimerHandle, ItemT]] = {}
        self._more = asyncio.Event()
        self._ending = False
        self._ill = False
        self._paused = ""
        self._paused_looked = 0.0
        self._senders: list[asyncio.Future[None]] = []

    # -- what each road brings --------------------------------------------------------------

    @abstractmethod
    async def _open(self, until: float) -> SessionT | None:
        """A session; None when there is still none at `until`, or the road is not well."""

    @abstractmethod
    async def _hand_over(self, session: SessionT, item: ItemT) -> Answer:
        """Try once."""

    async def _stop_road(self, answer: Answer) -> None:
        """The other side wants nothing more: paused in all processes, until somebody resumes."""
        why = f"the other side wants nothing more ({answer.reply})"
        await patiently(self, "pause", lambda: pause(self._pool(), self._lives.road, why, "notify"))
        self._paused = why

    async def _turns(self, items: Sequence[ItemT], horizon: float) -> Sequence[float | None]:
        """Seconds until each may go; None: not before `horizon`."""
        return [0.0] * len(items)

    # -- life -------------------------------------------------------------------------------

    def wake(self) -> None:
        """There is something to send: look now."""
        self._more.set()

    async def on_start(self) -> None:
        """Start the senders."""
        # Connected for the first one; until one fails nothing is wrong.
        self._health.ready(self._part)
        metrics.ROAD_OPEN.labels(self._lives.road).set(0)
        for _ in range(self._senders_wanted):
            self._senders.append(self.add_future(self._send_all()))

    async def on_stop(self) -> None:
        """Give back what is not begun; let what is on its way arrive."""
        self._ending = True
        self._give_all_back()
        for _ in self._senders:
            self._queue.put_nowait(None)
        await asyncio.wait(self._senders, timeout=FINISH_WITHIN)

    @property
    def _part(self) -> str:
        """What /ready calls it."""
        return f"road {self._lives.road}"

    # -- claiming ---------------------------------------------------------------------------

    @mode.Service.task
    async def _claim_all(self) -> None:
        loop_name = f"notify claims {self._lives.road}"
        self._health.expect(loop_name, within=120)
        while not self.should_stop:
            self._health.beat(loop_name)
            # Before looking: what is woken for from here on is seen, or waited for in vain once.
            self._more.clear()
            await patiently(self, "pauses", self._look_for_pause)
            most = self._room()
            if self._held():
                self._give_all_back()
            elif most and self._marker.writable.is_set():
                if await patiently(self, "claim", lambda most=most: self._claim(most)):  # type: ignore[misc]
                    continue
            elif self.breaker.state == "closed":
                await asyncio.sleep(0.01)
                continue
            await self._wait_for_more()

    def _held(self) -> bool:
        """Whether nothing is to be begun."""
        return bool(self._paused) or self.breaker.state == "open" or self._ending

    def _room(self) -> int:
        """How many to claim now."""
        most = self._settings.notify_claim
        if self.breaker.state == "closed":
            return most if self._queue.qsize() <= most // 2 else 0
        # The trial of a road that has rested.
        return 1 if not self._held() and self.breaker.may_try(self._limit + POLL_EVERY) else 0

    async def _look_for_pause(self) -> None:
        now = time.monotonic()
        if now - self._paused_looked < PAUSE_EVERY:
            return
        self._paused_looked = now
        roads = ["all", self._lives.road]
        why = await self._pool().fetchval(QUERIES.paused, roads) or ""
        if bool(why) != bool(self._paused):
            event("paused" if why else "resumed", why or "sending again", road=self._lives.road)
        self._paused = why

    async def _claim(self, most: int) -> int:
        # From before the statement, so that this process's idea of the claim ends first.
        lease = self._settings.notify_lease_seconds
        horizon = lease - self._limit
        send_before = time.monotonic() + horizon
        items = await self._lives.claim(
            self._pool(), uuid4(), lease=lease, send_before=send_before, most=most,
            now=self._clock.now(),
        )  # fmt: skip
        if not items:
            return 0
        fail_point("notify.after_claim")
        turns = await self._turns(items, horizon / 2)
        for item, turn in zip(items, turns, strict=True):
            if turn is None:
                self._give_back(item, wait=horizon / 2)
            elif self._ending:
                self._give_back(item)
            elif turn:
                self._in_turn(item, turn)
            else:
                self._queue.put_nowait(item)
        return len(items)

    def _in_turn(self, item: ItemT, seconds: float) -> None:
        def come() -> None:
            del self._later[item.id]
            self._queue.put_nowait(item)

        self._later[item.id] = asyncio.get_running_loop().call_later(seconds, come), item

    async def _wait_for_more(self) -> None:
        try:
            async with asyncio.timeout(POLL_EVERY):
                await self._more.wait()
        except TimeoutError:
            pass

    def _give_all_back(self) -> None:
        for timer, item in self._later.values():
            timer.cancel()
            self._give_back(item)
        self._later.clear()
        while not self._queue.empty():
            self._give_back(self._queue.get_nowait())

    def _give_back(self, item: ItemT | None, wait: float = 0.0) -> None:
        if item is not None:
            self._marker.add(
                Outcome(item.id, item.claim, "decided", "given back", wait, begun=False)
            )

    # -- handing over -----------------------------------------------------------------------

    async def _send_all(self) -> None:
        session: SessionT | None = None
        try:
            while (item := await self._queue.get()) is not None:
                await self._marker.writable.wait()
                if session is None or not session.usable:
                    session = None if self._held() else await self._open(item.send_before)
                if session is None or self._held() or time.monotonic() > item.send_before:
                    self._give_back(item)
                    continue
                started = time.monotonic()
                answer = await self._hand_over(session, item)
                metrics.SECONDS.labels(self._lives.road).observe(time.monotonic() - started)
                if kind := answer.trouble:
                    metrics.ROAD_ERRORS.labels(self._lives.road, kind).inc()
                if answer.ending is Ending.SENT:
                    fail_point("notify.after_send")
                self._judge_road(answer)
                if answer.wants_no_more:
                    await self._stop_road(answer)
                self._marker.add(self._outcome(item, answer))
        finally:
            if session is not None and session.usable:
                await session.quit()

    def _judge_road(self, answer: Answer) -> None:
        if answer.road_ill:
            self._failed(answer.reply, answer.retry_after)
        elif answer.road_ill is False:
            if self._ill:
                self._ill = False
                self._health.ready(self._part)
            if self.breaker.state != "closed":
                metrics.ROAD_OPEN.labels(self._lives.road).set(0)
                event("road-well", "the road works again", road=self._lives.road)
            self.breaker.worked()

    def _failed(self, why: str, retry_after: float = 0.0) -> None:
        """The road itself failed once more."""
        self._ill = True
        self._health.ready(self._part, why)
        if self.breaker.failed(retry_after):
            metrics.ROAD_OPEN.labels(self._lives.road).set(1)
            metrics.ROAD_OPENED.labels(self._lives.road).inc()
            event(
                "road-ill", "the road is left alone for a while", level=logging.WARNING,
                road=self._lives.road, why=why,
            )  # fmt: skip

    def _outcome(self, item: ItemT, answer: Answer) -> Outcome:
        """Where an answer leads: when to try again, or that it is over."""
        state, reply = answer.ending.value, answer.reply
        if answer.ending in (Ending.SENT, Ending.FAILED):
            return Outcome(item.id, item.claim, state, reply, None, answer.provider_id)
        if answer.ending is Ending.UNKNOWN and self._unknown == "leave":
            return Outcome(item.id, item.claim, state, reply)
        if item.age > self._settings.notify_give_up_hours * 3600:
            state = "failed" if answer.ending is Ending.PUT_OFF else state
            return Outcome(item.id, item.claim, state, f"given up after {reply}")
        wait = self._settings.notify_retry_seconds * 2.0 ** min(item.tries_before, 20)
        wait = min(wait, LONGEST_WAIT) * (0.5 + random.random() / 2)
        return Outcome(item.id, item.claim, state, reply, max(wait, answer.retry_after))
