"""A dead letter as something to edit, and what is sent once it has been edited. Pure."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from headway.contracts.codec import HEADERS
from headway.contracts.envelope import CONTENT_TYPE, STRUCTURED, from_headers
from headway.stream.batch import Header
from headway.stream.dead_letter import ATTEMPTS, REPLAY_OF, attempts
from headway.stream.dead_letters.kept import Kept


class Sendable(NamedTuple):
    """What goes back to the topic, under which key (None: none)."""

    key: bytes | None
    value: bytes | None
    headers: list[Header]


def draft(letter: Kept) -> bytes:
    """The letter's event, for an editor: indented where it is JSON, else the bytes as they are.

    An event in binary mode is shown whole, with the attributes that its headers hold.
    """
    try:
        document = json.loads(letter.value or b"")
        if _is_binary(letter.headers, document):
            document = {**_attributes(letter.headers), "data": document}
        return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"
    except (ValueError, RecursionError):
        return letter.value or b""


def unchanged(letter: Kept) -> Sendable:
    """The letter as it came."""
    return Sendable(letter.key, letter.value, letter.headers)


def mended(letter: Kept, text: bytes, *, rekey: bool = False) -> Sendable:
    """The letter with this text, an edited `draft`, in the place of its body.

    JSON goes out without the spaces of the draft. An event that was in binary mode and now is
    whole goes out structured. With `rekey` the key is the event's subject.
    """
    try:
        document = json.loads(text)
        value = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return Sendable(letter.key, text, letter.headers)
    headers, key = letter.headers, letter.key
    if isinstance(document, dict) and "specversion" in document:
        if not _says_structured(headers):
            headers = [*HEADERS, *(entry for entry in headers if not _describes(entry[0]))]
        subject = document.get("subject")
        if rekey and isinstance(subject, str):
            key = subject.encode()
    return Sendable(key, value, headers)


def replayed(letter: Kept, what: Sendable) -> Sendable:
    """The same, saying in headers of its own that it is sent again, and of which letter."""
    before = what.headers
    if [name for name, _ in before[-2:]] == [ATTEMPTS, REPLAY_OF]:
        before = before[:-2]  # What the last replay added.
    tried = str(attempts(letter.headers)).encode()
    return what._replace(headers=[*before, (ATTEMPTS, tried), (REPLAY_OF, letter.name.encode())])


def _describes(name: str) -> bool:
    return name.lower() == CONTENT_TYPE or name.lower().startswith("ce_")


def _says_structured(headers: Sequence[Header]) -> bool:
    said = [value or b"" for name, value in headers if name.lower() == CONTENT_TYPE]
    return bool(said) and said[-1].lstrip().lower().startswith(STRUCTURED)


def _is_binary(headers: Sequence[Header], document: object) -> bool:
    whole = isinstance(document, dict) and "specversion" in document
    named = any(name.lower().startswith("ce_") for name, _ in headers)
    return named and not whole and not _says_structured(headers)


def _attributes(headers: Sequence[Header]) -> dict[str, object]:
    return {
        name: value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        for name, value in from_headers(headers).items()
    }
