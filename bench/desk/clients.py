"""`python -m bench.desk.clients`: clients that redeem over HTTP, in a process of their own.

Each sends reserve and confirm for random members, one pair after another, on one connection. It
speaks just as much HTTP as that takes: a full client costs more than the service does. What to do
comes as one JSON document on the input, what came of it goes to the output as another.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from random import Random

from bench.orders import member_name

_BUSY = (429, 503)
_PAUSE_S = 0.02


@dataclass(frozen=True, slots=True)
class Errand:
    """How many clients do what, for how long. The first `warm` seconds are not counted."""

    port: int
    key: str
    reward: str
    members: int
    clients: int
    warm: float
    seconds: float
    seed: int


@dataclass
class Done:
    """Pairs that ended after the warm time: milliseconds of each; from when to when, since 1970;
    seconds of CPU that the clients took for them. `busy`: times that a client was put off."""

    milliseconds: list[float] = field(default_factory=list)
    began: float = 0
    ended: float = 0
    cpu: float = 0
    busy: int = 0
    refused: Counter[str] = field(default_factory=Counter)


class Wire(asyncio.Protocol):
    """One kept-alive connection with one request at a time on it."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As asyncio says."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        """As asyncio says."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error or ConnectionResetError("the service hung up"))

    def data_received(self, data: bytes) -> None:
        """Answer once the body is whole."""
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        _, _, rest = head.lower().partition(b"\r\ncontent-length: ")
        if len(body) >= int(rest.partition(b"\r\n")[0]) and self._answer is not None:
            self._received = b""
            self._answer.set_result((int(head[9:12]), body))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request; status and body of its answer."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()


async def run(errand: Errand) -> Done:
    """All clients, from the first pair to the last."""
    done = Done()
    done.began = time.time() + errand.warm
    done.ended = done.began + errand.seconds

    async def note_cpu() -> None:
        await asyncio.sleep(errand.warm)
        done.cpu -= time.process_time()
        await asyncio.sleep(errand.seconds)
        done.cpu += time.process_time()

    clients = (_client(errand, number, done) for number in range(errand.clients))
    await asyncio.gather(note_cpu(), *clients)
    return done


async def _client(errand: Errand, number: int, done: Done) -> None:
    loop = asyncio.get_running_loop()
    _, wire = await loop.create_connection(Wire, "127.0.0.1", errand.port)
    random = Random(errand.seed * 1_000 + number)
    try:
        while (now := time.time()) < done.ended:
            began = time.perf_counter()
            good = await _pair(wire, errand, random, done)
            took = time.perf_counter() - began
            if good and done.began <= now + took < done.ended:
                done.milliseconds.append(round(took * 1000, 2))
    finally:
        wire.close()


async def _pair(wire: Wire, errand: Errand, random: Random, done: Done) -> bool:
    key = f"{random.randrange(10**16):016}"
    member = member_name(random.randrange(errand.members))
    body = f'{{"member_id":"{member}","reward_id":"{errand.reward}"}}'.encode()
    path = "/v1/redemptions"
    answer = await _until_done(wire, _post(errand.key, path, f"reserve-{key}", body), done)
    if answer is None:
        return False
    path += f"/{json.loads(answer)['redemption_id']}/confirm"
    return await _until_done(wire, _post(errand.key, path, f"confirm-{key}"), done) is not None


async def _until_done(wire: Wire, request: bytes, done: Done) -> bytes | None:
    """The answer's body, retried with the same key while the service is busy; None if refused."""
    while True:
        status, body = await wire.ask(request)
        if status not in _BUSY:
            break
        done.busy += 1
        await asyncio.sleep(_PAUSE_S)
    if status < 300:
        return body
    done.refused[f"{status} {body[:200].decode()}"] += 1
    return None


def _post(key: str, path: str, idempotency_key: str, body: bytes = b"") -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: desk\r\nAuthorization: Bearer {key}\r\n"
        f"Idempotency-Key: {idempotency_key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def main() -> None:
    """Do the errand on standard input."""
    errand = Errand(**json.load(sys.stdin))
    json.dump(asdict(asyncio.run(run(errand))), sys.stdout)


if __name__ == "__main__":
    main()
