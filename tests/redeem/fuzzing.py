"""The API over a real socket, and requests made up from its own document to be sent there."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, NamedTuple, TypeAlias

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import positive_data_acceptance

from headway.runtime.health import Health
from headway.runtime.web import WebServer
from tests.redeem.kit import Shop, bearer, open_shop

SECRET = "what the fuzzed API signs its members' tokens with"
_STARTS_WITHIN_S = 60
_keys = count(1)
Operation: TypeAlias = "APIOperation[Any, Any, Any, Any]"


class Desk(NamedTuple):
    """Where the API answers, and what there is to name: ids by the parameters that take them."""

    address: str
    key: str
    token: str
    known: dict[str, str]


async def _furnish(shop: Shop, port: int) -> Desk:
    ann = await shop.member_with(5000)
    redemption = await shop.reserved(ann, "five")
    answer = await shop.client.post("/v1/member-tokens", json={"member_id": ann})
    known = {"member_id": ann, "redemption_id": redemption}
    return Desk(f"http://127.0.0.1:{port}", shop.key, answer.json()["token"], known)


@contextmanager
def served(dsn: str) -> Iterator[Desk]:
    """The API on the database at `dsn`, served by a thread of its own until the block ends."""
    ready, over = threading.Event(), threading.Event()
    found: list[Desk] = []

    async def serve() -> None:
        async with open_shop(
            dsn, redeem_token_secrets=SECRET, redeem_rate_key=10**9, redeem_rate_member=10**9
        ) as shop:
            web = WebServer(shop.api, "127.0.0.1", 0, Health())
            await web.start()
            try:
                found.append(await _furnish(shop, web.port))
                ready.set()
                await asyncio.to_thread(over.wait)
            finally:
                await web.stop()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(_STARTS_WITHIN_S), "the API did not start"
        yield found[0]
    finally:
        over.set()
        thread.join()


def fuzz(desk: Desk, credential: str | None, *, examples: int) -> int:
    """Send so many requests to each operation, good and bad ones, to what is there and to what
    is not; each answer must be one that the document has. Returns how many were sent."""
    schema = schemathesis.openapi.from_url(f"{desk.address}/v1/openapi.json")
    sent = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        for mode in GenerationMode:
            for known in ({}, desk.known):
                sent += _fuzz_one(desk, found.ok(), mode, known, credential, examples)
    return sent


def _beyond_a_schema(operation: Operation) -> list[Any]:
    """Checks that cannot hold: no schema says which cursors were given, or which moments have been,
    so what it allows may be refused."""
    asked = {parameter.name for parameter in operation.query}
    return [positive_data_acceptance] if asked & {"cursor", "at", "since", "until"} else []


def _fuzz_one(
    desk: Desk, operation: Operation, mode: GenerationMode, known: dict[str, str],
    credential: str | None, examples: int,
) -> int:  # fmt: skip
    named = {name: value for name, value in known.items() if f"{{{name}}}" in operation.path}
    if known and not named:
        return 0
    sent = 0

    @settings(
        max_examples=examples, derandomize=True, deadline=None, database=None,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode, path_parameters=named or None))
    def check(case: "schemathesis.Case[Any]") -> None:
        nonlocal sent
        sent += 1
        headers = {} if credential is None else bearer(credential)
        if mode is GenerationMode.POSITIVE and "Idempotency-Key" in case.headers:
            # A made-up key is a good one, but not for a second command.
            headers["Idempotency-Key"] = f"fuzzed-{next(_keys)}"
        case.call_and_validate(
            base_url=desk.address, headers=headers, excluded_checks=_beyond_a_schema(operation)
        )

    check()
    return sent
