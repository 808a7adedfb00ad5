"""From a validation error to a Poison that names the field and never shows its value."""

from typing import Final

from pydantic import ValidationError

from headway.contracts.registry import Contract
from headway.errors import Poison

_LONGEST_PATH: Final = 200


def refusal(error: ValidationError, contract: Contract) -> Poison:
    """The first thing wrong with an event's data. Values are left out: they may be personal."""
    first = error.errors(include_url=False, include_input=False)[0]
    at = first.get("ctx", {}).get("at", ())
    field = _path(("data", *first["loc"], *at))
    reason = "too-long" if first["type"] == "string_too_long" else "invalid-data"
    said = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    said = said[:1].lower() + said[1:]
    return Poison(reason, field, f"{field} {said}; see docs/contracts/{contract.type}.schema.json")


def _path(parts: tuple[object, ...]) -> str:
    # A part can be a key out of the message itself, so it is made safe to store and to print.
    path = ".".join(map(str, parts))[:_LONGEST_PATH]
    return path if path.isprintable() else "".join(c if c.isprintable() else "?" for c in path)
