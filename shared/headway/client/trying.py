"""When to ask again, and what an answer means: the same for both clients."""

from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import ValidationError
from tenacity import RetryCallState, retry_if_exception_type, stop_after_delay
from tenacity.wait import wait_base, wait_random_exponential

from headway.client.calls import Answer, Call
from headway.client.errors import NoAnswer, Problem, Unexpected
from headway.contracts.api.redemptions import Problem as Document

_AGAIN = (408, 425, 429, 500, 502, 503, 504)
"""Nobody has refused anything: it may still be done, and the key keeps it from being done twice."""


class NotYet(Exception):
    """This try came to nothing; `after` is how long the API asks to wait (seconds)."""

    def __init__(self, why: str, after: float = 0) -> None:
        super().__init__(why)
        self.after = after


@dataclass(frozen=True, slots=True)
class Patience:
    """For how long to ask: `timeout` for one try, `give_up_after` for all of them (seconds)."""

    timeout: float = 10.0
    give_up_after: float = 30.0
    first_wait: float = 0.1
    longest_wait: float = 5.0


class _Wait(wait_base):
    """Exponential with full jitter, but never sooner than the API asks for."""

    def __init__(self, patience: Patience) -> None:
        self._usual = wait_random_exponential(patience.first_wait, patience.longest_wait)

    def __call__(self, retry_state: RetryCallState) -> float:
        failed = retry_state.outcome.exception() if retry_state.outcome else None
        asked = failed.after if isinstance(failed, NotYet) else 0.0
        return asked + self._usual(retry_state)


def policy(patience: Patience) -> dict[str, Any]:
    """How tenacity is to go on."""
    return {
        "retry": retry_if_exception_type(NotYet),
        "wait": _Wait(patience),
        "stop": stop_after_delay(patience.give_up_after),
        "reraise": True,
    }


def understood(call: Call[Answer], response: httpx.Response) -> Answer:
    """The answer of one try. Raises Problem, NotYet, or Unexpected."""
    if response.status_code in _AGAIN:
        raise NotYet(f"{response.status_code} {response.reason_phrase}", _asked(response))
    try:
        if response.is_success:
            return call.answer.model_validate_json(response.content)
        raise Problem(Document.model_validate_json(response.content))
    except ValidationError as error:
        raise Unexpected(
            f"{call}: {response.status_code}, but not as the API answers; is the address right, "
            "and the client as new as the service?"
        ) from error


def _asked(response: httpx.Response) -> float:
    """The seconds of Retry-After; its other form, a date, is not the API's."""
    said = response.headers.get("Retry-After", "")
    return float(said) if said.isdigit() else 0.0


def gave_up(call: Call[Any], why: NotYet) -> NoAnswer:
    """What is left to say when patience has run out."""
    return NoAnswer(str(call), call.key, str(why))


def connection_of(base_url: str, credential: str, patience: Patience) -> dict[str, Any]:
    """How httpx reaches the API."""
    headers = {"Authorization": f"Bearer {credential}"} if credential else {}
    return {"base_url": base_url, "headers": headers, "timeout": patience.timeout}
