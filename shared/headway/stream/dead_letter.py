"""Records refused for good: their rows, and their copies on a topic."""

import base64
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import NamedTuple

import orjson

from headway.errors import Poison
from headway.stream.batch import Header, Record
from headway.stream.outbox import OutboxRow, outbox_headers
from headway.stream.positions import QUERIES, Connection

RELEASE = version("headway")

ATTEMPTS = "dlq.attempts"
"""Header: how often the message was refused, counting what was sent again."""
REPLAY_OF = "dlq.replay-of"
"""Header of what is sent again: the `dlq.id` of the letter that it comes from."""

_MESSAGE_ROOM = 3_500_000
"""Bytes of a copy on the topic; larger ones travel without their value, which the table keeps."""
_TOLD_ROOM = 500
"""Characters of what a copy says of the error."""


class DeadLetter(NamedTuple):
    """One row of `dead_letters`, and what its copy on the topic says besides.

    `message` is all that is known, for the table. `told` is for whoever reads the topic: what
    others' code and the database say may quote the message, so of those only the kind is told.
    """

    group: str
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]
    timestamp: int
    stage: str
    reason: str
    field: str
    message: str
    told: str
    exception: str
    failed_at: datetime


def _text(value: str, limit: int = 2_000) -> str:
    """Text that Postgres takes: no NUL, not endless."""
    return value.replace("\x00", "\\0")[:limit]


def dead_letter(
    group: str, record: Record, error: Exception, *, keep_body: bool = True
) -> DeadLetter:
    """The row for a record that `error` refuses.

    Poison names its own stage, reason and field; any other error is one of writing, and names
    its type. With `keep_body=False` neither value nor headers are kept (personal data).
    """
    if isinstance(error, Poison):
        stage, reason, field, message = error.stage, error.reason, error.field, error.message
    else:
        stage, reason, field = "write", "refused", ""
        message = str(error) if keep_body else "the database refuses it"
    return DeadLetter(
        group, record.topic, record.partition, record.offset, record.key,
        record.value if keep_body else None,
        tuple(record.headers) if keep_body else (),
        record.timestamp, stage, _text(reason, 64), _text(field, 256), _text(message),
        _text(_told(error), _TOLD_ROOM), type(_root(error)).__qualname__, datetime.now(UTC),
    )  # fmt: skip


def _root(error: Exception) -> BaseException:
    """What went wrong in the first place: poison may stand for another error."""
    return error.__cause__ or error


def _told(error: Exception) -> str:
    root = _root(error)
    if isinstance(root, Poison):
        return root.message
    state = getattr(root, "sqlstate", None)
    where = getattr(root, "constraint_name", None)
    kind = type(root).__qualname__ + (f", SQLSTATE {state}" if state else "")
    return f"{kind}{f', {where}' if where else ''}: the table dead_letters has what it says"


def header_json(headers: Iterable[Header]) -> str:
    """Headers as the table keeps them: [[name, base64 of the value, or null], ...]."""
    return orjson.dumps(
        [[name, None if v is None else base64.b64encode(v).decode()] for name, v in headers]
    ).decode()


def headers_from_json(text: str) -> list[Header]:
    """The inverse of `header_json`."""
    return [(name, None if v is None else base64.b64decode(v)) for name, v in orjson.loads(text)]


def rows(letters: Sequence[DeadLetter]) -> list[list[object]]:
    """Column arrays for the statement `dead_letters_insert`, in its order."""
    return [
        [x.group for x in letters],
        [x.topic for x in letters],
        [x.partition for x in letters],
        [x.offset for x in letters],
        [x.key for x in letters],
        [x.value for x in letters],
        [header_json(x.headers) for x in letters],
        [x.stage for x in letters],
        [x.reason for x in letters],
        [x.field for x in letters],
        [x.message for x in letters],
        [RELEASE for _ in letters],
        [x.failed_at for x in letters],
    ]


async def insert_dead_letters(
    connection: Connection,
    letters: Sequence[DeadLetter],
) -> None:
    """Write the rows inside the caller's transaction; known coordinates are left as they are."""
    if letters:
        await connection.execute(QUERIES.dead_letters_insert, *rows(letters))


def outbox_row(letter: DeadLetter, topic: str, shard: int) -> OutboxRow:
    """The letter's copy for the dead-letter topic `topic`, to go out through the outbox.

    Original key, value and headers, and what went wrong as text headers behind them. An original
    may have headers of the same names, as one sent again from the topic does: it keeps them, and
    of a header given twice the last counts.
    """
    value, notes = letter.value, _notes(letter)
    size = len(value or b"") + sum(len(n) + len(v or b"") for n, v in letter.headers)
    if size > _MESSAGE_ROOM:
        value = None
        notes.append(("dlq.value-omitted", "too large to copy; the table dead_letters has it"))
    headers = [(name, text.encode()) for name, text in notes]
    return OutboxRow(
        shard, topic, letter.key or b"", value,
        outbox_headers([*(letter.headers if size <= _MESSAGE_ROOM else ()), *headers]),
    )  # fmt: skip


def attempts(headers: Iterable[Header]) -> int:
    """How often a message with these headers has been refused, if it is refused now."""
    said = [value for name, value in headers if name == ATTEMPTS]
    known = said[-1] if said else None
    return 1 + int(known) if known and known.isdigit() and len(known) < 10 else 1


def _notes(letter: DeadLetter) -> list[tuple[str, str]]:
    return [
        ("dlq.id", f"{letter.group}/{letter.topic}/{letter.partition}/{letter.offset}"),
        ("dlq.original-topic", letter.topic),
        ("dlq.original-partition", str(letter.partition)),
        ("dlq.original-offset", str(letter.offset)),
        ("dlq.original-timestamp", str(letter.timestamp)),
        ("dlq.consumer-group", letter.group),
        ("dlq.stage", letter.stage),
        ("dlq.error-code", letter.reason),
        ("dlq.error-field", letter.field),
        ("dlq.exception-class", letter.exception),
        ("dlq.exception-message", letter.told),
        (ATTEMPTS, str(attempts(letter.headers))),
        ("dlq.failed-at", letter.failed_at.isoformat()),
        ("dlq.service-version", RELEASE),
        ("kafka_dlt-original-topic", letter.topic),
    ]
