"""Doing again what the database could not do just now."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import mode

from headway.runtime.logging import event
from headway.stream.backoff import Backoff
from headway.stream.errors import Verdict, classify

Result = TypeVar("Result")


async def patiently(
    service: mode.Service, what: str, act: Callable[[], Awaitable[Result]]
) -> Result | None:
    """`act`'s result, tried until the database can; None if the service was stopped before.

    Errors that waiting does not mend are raised.
    """
    backoff = Backoff()
    while True:
        try:
            return await act()
        except Exception as error:
            if classify(error) not in (Verdict.RETRY, Verdict.REDO):
                raise
            event("notify", f"{what}: not now", level=logging.WARNING, error=repr(error))
        if service.should_stop:
            return None
        await service.sleep(backoff.next())
