"""Paths in which an id may hold any character, slashes too, so long as they are percent-encoded."""

from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope


class EncodedPath(APIRoute):
    """A route whose last word counts only where the path has it as such: an encoded slash is one
    of an id, so that `/v1/members/a%2Fhistory` is the member `a/history`."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As any route, if the path says the last word of this one after a slash as such."""
        word = self.path.rpartition("}")[2]
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        if not raw.endswith(word.encode()):
            return Match.NONE, {}
        return super().matches(scope)
