"""What is done about an error, and how long is waited."""

import asyncpg
import pytest
from aiokafka.errors import (
    CorruptRecordException,
    IllegalStateError,
    KafkaTimeoutError,
    NotLeaderForPartitionError,
    TopicAuthorizationFailedError,
    for_code,
)

from headway.errors import Conflict, DeployGoneWrong, InvariantViolated, Poison, Retryable
from headway.stream.backoff import Backoff
from headway.stream.errors import Verdict, classify, passes


def unique(constraint: str) -> Exception:
    error = asyncpg.UniqueViolationError("duplicate")
    error.constraint_name = constraint
    return error


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (asyncpg.ConnectionDoesNotExistError("08003"), Verdict.RETRY),
        (asyncpg.ConnectionFailureError("08006"), Verdict.RETRY),
        (asyncpg.DiskFullError("53100"), Verdict.RETRY),
        (asyncpg.TooManyConnectionsError("53300"), Verdict.RETRY),
        (asyncpg.QueryCanceledError("57014"), Verdict.RETRY),
        (asyncpg.AdminShutdownError("57P01"), Verdict.RETRY),
        (asyncpg.CannotConnectNowError("57P03"), Verdict.RETRY),
        (asyncpg.SerializationError("40001"), Verdict.RETRY),
        (asyncpg.DeadlockDetectedError("40P01"), Verdict.RETRY),
        (asyncpg.LockNotAvailableError("55P03"), Verdict.RETRY),
        (asyncpg.IdleInTransactionSessionTimeoutError("25P03"), Verdict.RETRY),
        (asyncpg.ReadOnlySQLTransactionError("25006"), Verdict.RETRY),
        (asyncpg.InterfaceError("connection is closed"), Verdict.RETRY),
        (asyncpg.InternalClientError("cannot switch to state 12"), Verdict.RETRY),
        (ConnectionResetError(), Verdict.RETRY),
        (TimeoutError(), Verdict.RETRY),
        (Retryable("not yet"), Verdict.RETRY),
        (unique("inputs_5_pkey"), Verdict.REDO),
        (unique("inputs_pkey"), Verdict.REDO),
        (unique("orders_pkey"), Verdict.REDO),
        (unique("refunds_pkey"), Verdict.REDO),
        (unique("reviews_pkey"), Verdict.REDO),
        (unique("referees_referral_id_unique"), Verdict.REDO),
        (unique("dead_letters_coordinates_unique"), Verdict.REDO),
        (unique("accounts_member_id_unique"), Verdict.REDO),
        (unique("points_events_pkey"), Verdict.HALVE),
        (asyncpg.CheckViolationError("23514"), Verdict.HALVE),
        (asyncpg.ForeignKeyViolationError("23503"), Verdict.HALVE),
        (asyncpg.NumericValueOutOfRangeError("22003"), Verdict.HALVE),
        (asyncpg.ProgramLimitExceededError("54000"), Verdict.HALVE),
        (asyncpg.DataError("cannot encode"), Verdict.HALVE),
        (Poison("invalid-data", "x", "y"), Verdict.HALVE),
        (Conflict("id", "again"), Verdict.HALVE),
        (asyncpg.UndefinedTableError("42P01"), Verdict.FATAL),
        (asyncpg.RaiseError("P0001"), Verdict.FATAL),
        (InvariantViolated("books"), Verdict.FATAL),
        (DeployGoneWrong("30 %"), Verdict.FATAL),
        (KeyError("bug"), Verdict.FATAL),
        (MemoryError(), Verdict.FATAL),
    ],
    ids=lambda value: value.name if isinstance(value, Verdict) else repr(value)[:50],
)
def test_verdicts(error: BaseException, verdict: Verdict) -> None:
    assert classify(error) is verdict


def test_waits_double_up_to_a_bound_with_jitter_above_a_half() -> None:
    least = Backoff(first=0.1, most=1.0, jitter=lambda: 0.0)
    most = Backoff(first=0.1, most=1.0, jitter=lambda: 1.0)
    assert [round(least.next(), 3) for _ in range(6)] == [0.05, 0.1, 0.2, 0.4, 0.5, 0.5]
    assert [round(most.next(), 3) for _ in range(6)] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    most.reset()
    assert most.next() == pytest.approx(0.1)


def test_a_backoff_never_overflows() -> None:
    backoff = Backoff()
    assert all(backoff.next() <= 10 for _ in range(5_000))


@pytest.mark.parametrize(
    ("error", "yes"),
    [
        (NotLeaderForPartitionError(), True),
        (KafkaTimeoutError("no leader for 40 s"), True),
        # What a leader says that has only just become one; the client knows none of these codes.
        (for_code(74)(), True),
        (for_code(75)(), True),
        (for_code(78)(), True),
        (for_code(9)(), True),
        (TopicAuthorizationFailedError("t"), False),
        (CorruptRecordException(), False),
        (IllegalStateError(), False),
        (TimeoutError(), False),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_passes_by_itself(error: BaseException, yes: bool) -> None:
    assert passes(error) is yes
