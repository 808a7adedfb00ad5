"""A refusal of the API as an RFC 9457 problem document; its kinds are in problems.py."""

from dataclasses import dataclass
from http import HTTPStatus

import orjson

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of problem.

    `kept`: the command was judged and refused; the answer is stored under its key, so that a
    retry gets it again.
    """

    name: str
    status: HTTPStatus
    title: str
    advice: str
    kept: bool = False

    @property
    def type(self) -> str:
        """The type's URI reference, where the API explains it; no name says no more than status."""
        return f"/problems/{self.name}" if self.name else "about:blank"


class Refusal(Exception):
    """A request that cannot be met, as the problem document its caller gets.

    `more` are extension members of the document, such as `available` and `needed`.
    """

    def __init__(self, kind: Kind, detail: str, instance: str = "", **more: object) -> None:
        super().__init__(f"{kind.name}: {detail}")
        self.kind = kind
        self.detail = detail
        self.instance = instance
        self.more = more

    def body(self, instance: str = "") -> bytes:
        """The document; `instance` is the request's path where none was given before."""
        members = {
            "type": self.kind.type,
            "title": self.kind.title,
            "status": int(self.kind.status),
            "detail": f"{self.detail} {self.kind.advice}",
            "instance": self.instance or instance,
        }
        return orjson.dumps({**members, **self.more})

    def headers(self) -> dict[str, str]:
        """When to come back, where that helps."""
        return {"Retry-After": "1"} if self.kind.status == HTTPStatus.SERVICE_UNAVAILABLE else {}
