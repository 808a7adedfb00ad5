"""Records refused for good: their rows, their copies on a topic, and when too many is too many."""

import base64
from collections import Counter, deque
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import NamedTuple

import orjson

from headway.errors import DeployGoneWrong, Poison
from headway.stream.batch import Header, Record
from headway.stream.outbox import OutboxRow, insert_outbox, outbox_headers, shard_of_key
from headway.stream.positions import QUERIES, Connection

RELEASE = version("headway")
WINDOW = 1_000
SHARE = 0.2
AT_LEAST = 50

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


class DeadLetters:
    """Writes refused records, and their copies for `topic`, in the caller's transaction.

    Records of the topics in `bodiless` hold personal data: neither value nor headers are kept.
    """

    def __init__(self, topic: str, *, bodiless: Collection[str] = ()) -> None:
        self._topic = topic
        self._bodiless = frozenset(bodiless)

    async def write(
        self,
        connection: Connection,
        group: str,
        refused: Sequence[tuple[Record, Exception]],
    ) -> None:
        """Dead-letter these records of `group`, each with what refused it."""
        letters = [
            dead_letter(group, record, error, keep_body=record.topic not in self._bodiless)
            for record, error in refused
        ]
        await insert_dead_letters(connection, letters)
        await insert_outbox(
            connection,
            [outbox_row(letter, self._topic, shard_of_key(letter.key)) for letter in letters],
        )


class CircuitBreaker:
    """Whether the refusals of late look like bad data or like a bad deploy.

    Immutable in use: `after` answers with the next state, which the caller keeps once its
    transaction is durable. With `stops` False it never says that it is a deploy.
    """

    def __init__(self, window: Iterable[Poison | None] = (), *, stops: bool = True) -> None:
        self._stops = stops
        self._window: deque[tuple[str, str] | None] = deque(maxlen=WINDOW)
        for outcome in window:
            self._window.append((outcome.reason, outcome.field) if outcome else None)

    def after(self, outcomes: Iterable[Poison | None]) -> "CircuitBreaker":
        """The state after these records, in order; None stands for a record that was fine.

        Raises DeployGoneWrong when more than 20 % of the last 1,000, and at least 50, were
        refused: then roll the batch back and stop.
        """
        following = CircuitBreaker(stops=self._stops)
        following._window.extend(self._window)
        for outcome in outcomes:
            following._window.append((outcome.reason, outcome.field) if outcome else None)
        refused = Counter(entry for entry in following._window if entry is not None)
        count = refused.total()
        if self._stops and count >= AT_LEAST and count > SHARE * len(following._window):
            (reason, field), most = refused.most_common(1)[0]
            where = f" in field {field}" if field else ""
            raise DeployGoneWrong(
                f"release {RELEASE} refused {count} of the last {len(following._window)} records, "
                f"{most} of them for {reason}{where}: that is a deploy gone wrong, here or "
                "upstream, not bad data. The last batch was rolled back.\n"
                "  -> compare what producers send with what this release expects, put the wrong "
                "one right or back, then start again; or, if it is bad data after all, start "
                "once with HEADWAY_STOP_ON_REFUSALS=false, which dead-letters what there is"
            )
        return following
