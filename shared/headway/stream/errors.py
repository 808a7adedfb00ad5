"""What to do about an error met while a batch is applied. Pure."""

from enum import Enum

import asyncpg
from aiokafka.errors import (
    BrokerNotAvailableError,
    KafkaError,
    KafkaTimeoutError,
    ReplicaNotAvailableError,
    UnknownError,
)

from headway.errors import DeployGoneWrong, InvariantViolated, Poison, Retryable


class Verdict(Enum):
    """The four things that can be done with a batch that failed."""

    RETRY = "retry"
    """The world is not ready: pause everything, wait, try the same again."""
    REDO = "redo"
    """Another writer was first: read all again and decide again, at once."""
    HALVE = "halve"
    """Some record holds what the database refuses: find the one, refuse it alone."""
    FATAL = "fatal"
    """Not ours to judge: stop the process and dead-letter nothing."""


_RETRY_CLASSES = {"08", "53", "57"}
_RETRY_STATES = {"40001", "40P01", "55P03", "25P03", "25P04", "25006"}
_SESSION_ENDED = {"25P03", "25P04", "25006"}
_HALVE_CLASSES = {"22", "23"}
# A key that is longer than an index takes: bounds count characters, Postgres bytes.
_HALVE_STATES = {"54000"}
_UNIQUE = "23505"

TROUBLE = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
"""What a database may answer with, to be told apart by `classify`."""

# The client calls these final. A partition whose leader is gone for long times out; a leader that
# is new to it answers with codes that the client has no names for (78, offset not available; 74
# and 75, leader epochs).
_PASSING = (KafkaTimeoutError, UnknownError, ReplicaNotAvailableError, BrokerNotAvailableError)

# A unique key that two writers may race for in good faith: names of tables, as constraints and
# (for partitioned tables) their partitions' constraints start with them.
_RACES = (
    "inputs_",
    "orders_pkey",
    "order_lines_pkey",
    "refunds_pkey",
    "reviews_pkey",
    "referees_",
    "effect_awards_pkey",
    "dead_letters_",
    "accounts_member_id_unique",
    "redemptions_pkey",
    "idempotency_keys_pkey",
    "notifications_",
    "parked_pkey",
)


def classify(error: BaseException) -> Verdict:
    """The verdict on an error that came out of a batch's transaction."""
    if isinstance(error, InvariantViolated | DeployGoneWrong):
        return Verdict.FATAL
    if isinstance(error, Retryable):
        return Verdict.RETRY
    if isinstance(error, Poison):
        # The handler dead-letters what it can name; poison that escapes it is found by halving.
        return Verdict.HALVE
    if isinstance(error, asyncpg.PostgresError):
        # Arguments that cannot be encoded are refused by asyncpg itself, as class 22.
        return _by_state(error)
    # InternalClientError is what asyncpg says of a connection that the server ended while this
    # process was frozen: the farewell and the next answer come at once.
    if isinstance(
        error, asyncpg.InterfaceError | asyncpg.InternalClientError | OSError | TimeoutError
    ):
        return Verdict.RETRY
    return Verdict.FATAL


def passes(error: BaseException) -> bool:
    """Whether Kafka says what it says of a time that passes: leaders change, brokers come back."""
    return isinstance(error, KafkaError) and (error.retriable or isinstance(error, _PASSING))


def lost_database(error: BaseException) -> bool:
    """Whether the connection to the database was lost: what answers next may be another life of it.

    After a restore or a failover to an earlier point, positions known from before are wrong.
    """
    if isinstance(error, asyncpg.PostgresError):
        state = str(getattr(error, "sqlstate", None) or "")
        return state != "57014" and (state[:2] in {"08", "57"} or state in _SESSION_ENDED)
    return classify(error) is Verdict.RETRY and not isinstance(error, Retryable)


def _by_state(error: asyncpg.PostgresError) -> Verdict:
    state = str(getattr(error, "sqlstate", None) or "")
    if state[:2] in _RETRY_CLASSES or state in _RETRY_STATES:
        return Verdict.RETRY
    if state == _UNIQUE and _is_race(error):
        return Verdict.REDO
    if state[:2] in _HALVE_CLASSES or state in _HALVE_STATES:
        return Verdict.HALVE
    return Verdict.FATAL


def _is_race(error: asyncpg.PostgresError) -> bool:
    name = str(getattr(error, "constraint_name", None) or "")
    return name.startswith(_RACES)
