"""A hosted service for the tests of the host; its one argument says how it behaves.

steady  runs until it is told to stop
fails   a part fails a second after the start
invariant  the same with broken books
stuck   a part never ends its stop
"""

import asyncio
import sys

import mode
from fastapi import FastAPI

from headway.errors import InvariantViolated
from headway.runtime import host
from headway.runtime.health import Health
from headway.runtime.settings import Settings
from headway.runtime.web import WebServer


class Part(mode.Service):
    """Behaves as told."""

    def __init__(self, behaviour: str, health: Health) -> None:
        super().__init__()
        self._behaviour = behaviour
        self._health = health

    async def on_start(self) -> None:
        unwell = self._behaviour == "unwell"
        self._health.ready("part", "waits for a friend" if unwell else "")
        self._health.expect("part", within=-1 if unwell else 60)

    @mode.Service.task
    async def _work(self) -> None:
        if self._behaviour in ("fails", "invariant"):
            await asyncio.sleep(1)
            if self._behaviour == "invariant":
                raise InvariantViolated("the books do not add up")
            raise RuntimeError("this part cannot go on")

    async def on_stop(self) -> None:
        if self._behaviour == "stuck":
            await asyncio.sleep(3600)


def main() -> None:
    behaviour, api_port = sys.argv[1], int(sys.argv[2])
    health = Health()
    api = FastAPI()

    @api.get("/hello")
    async def hello() -> dict[str, str]:
        return {"hello": "world"}

    parts = [Part(behaviour, health), WebServer(api, "127.0.0.1", api_port, health)]
    if behaviour == "stuck":
        host.STOP_WITHIN = 2.0
    host.run("sample", parts, Settings(), health)


if __name__ == "__main__":
    main()
