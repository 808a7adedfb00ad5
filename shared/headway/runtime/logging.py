"""Logs as JSON lines on standard error: one canonical line per batch, and what people must know."""

import logging
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime

import orjson

_LOGGER = "headway"
_FIELDS = "headway_fields"


class JsonLines(logging.Formatter):
    """One JSON object per record: time, level, logger, message, then the event's own fields."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON; what JSON cannot hold becomes its repr."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update(getattr(record, _FIELDS, {}))
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = "".join(traceback.format_exception(record.exc_info[1]))
        return orjson.dumps(line, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()


def configure(service: str, level: str = "INFO") -> None:
    """Send every log of this process to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(True)
    # These tell of every connection, request and rebalance; what matters is said by our own lines.
    # Faust's worker repeats why it ended; so does the host, in words.
    for chatty in ("aiokafka", "faust", "mode", "kafka", "asyncio", "httpx"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.getLogger("faust.worker").disabled = True
    # It tells with a traceback that the database is away, which whoever needs it says too.
    logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)


def event(
    kind: str,
    message: str,
    *,
    level: int = logging.INFO,
    more: Mapping[str, object] | None = None,
    **fields: object,
) -> None:
    """Log one event of `kind` (a short stable name) with fields for machines."""
    logger = logging.getLogger(f"{_LOGGER}.{kind}")
    if logger.isEnabledFor(level):
        logger.log(level, message, extra={_FIELDS: {"event": kind, **fields, **(more or {})}})


def failure(kind: str, message: str, error: BaseException, **fields: object) -> None:
    """Log an error with its traceback."""
    logging.getLogger(f"{_LOGGER}.{kind}").error(
        message, exc_info=error, extra={_FIELDS: {"event": kind, **fields}}
    )
