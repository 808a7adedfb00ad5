"""The OpenAPI document: what FastAPI makes of the routes, and what holds for all of them."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from headway_redeem import problems
from headway_redeem.access import RULES, Member, Rule
from headway_redeem.refusal import MEDIA_TYPE, Kind

_KEY, _TOKEN = "apiKey", "memberToken"
_SCHEMES = {
    _KEY: {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, `hk_...`, with one of the scopes that the operation names.",
    },
    _TOKEN: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A member token from `POST /v1/member-tokens`: good for what is that "
        "member's own; everything else is not found.",
    },
}
_FOR_ALL = (problems.UNAUTHENTICATED, problems.FORBIDDEN, problems.TOO_MANY)


class Api(FastAPI):
    """FastAPI, with problem documents under their own media type and who may use what."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        if self.openapi_schema is None:
            made = super().openapi()
            made["components"]["securitySchemes"] = _SCHEMES
            for operations in made["paths"].values():
                for operation in operations.values():
                    _secured(operation)
            for unused in ("HTTPValidationError", "ValidationError"):
                made["components"]["schemas"].pop(unused, None)
        return super().openapi()


def _secured(operation: dict[str, Any]) -> None:
    """Add who may, and what the gate answers everybody else."""
    rule = RULES.get(operation["operationId"])
    responses = _truly(operation["responses"])
    if rule is None:
        operation["security"] = []
    else:
        operation["security"] = _security(rule)
        for kind in _FOR_ALL:
            responses[str(int(kind.status))] = _answer(kind)
    operation["responses"] = dict(sorted(responses.items()))


def _security(rule: Rule) -> list[dict[str, list[str]]]:
    by_key = [{_KEY: [scope.value]} for scope in rule.scopes]
    return by_key if rule.member is Member.REFUSED else [*by_key, {_TOKEN: []}]


def _answer(kind: Kind) -> dict[str, Any]:
    header = {
        HTTPStatus.UNAUTHORIZED: "WWW-Authenticate",
        HTTPStatus.FORBIDDEN: "WWW-Authenticate",
        HTTPStatus.TOO_MANY_REQUESTS: "Retry-After",
    }[kind.status]
    return {
        "description": kind.name,
        "headers": {header: {"schema": {"type": "string"}}},
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _truly(responses: dict[str, Any]) -> dict[str, Any]:
    """Problems under their media type, without the validation error that FastAPI would answer."""
    found = {}
    for status, response in sorted(responses.items()):
        content = response["content"]
        if int(status) >= 400:
            content = {MEDIA_TYPE: content["application/json"]}
            if content[MEDIA_TYPE]["schema"]["$ref"].endswith("HTTPValidationError"):
                continue
        found[status] = {**response, "content": content}
    return found
