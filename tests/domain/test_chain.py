"""The hash chain: rows are RFC 8785 JSON whatever they hold, and nothing in them can change."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import orjson
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from headway.contracts.fields import MAX_SAFE_INTEGER
from headway.domain.chain import GENESIS, canonical_row, link, recorded_bytes
from headway.domain.points import Bucket, Kind, PointsEvent
from tests.domain.strategies import examples

numbers = st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER)
counts = st.integers(0, MAX_SAFE_INTEGER)
texts = st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
moments = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
events = st.builds(
    PointsEvent,
    account_id=counts, seq=counts, kind=st.sampled_from(get_args(Kind)), points=counts,
    from_bucket=st.sampled_from(get_args(Bucket)), to_bucket=st.sampled_from(get_args(Bucket)),
    lot=st.none() | counts, corrects=st.none() | counts, group=texts, cause=counts,
    order_id=texts, line_id=texts, rule=texts, program_version=counts, exact=numbers,
    activates_at=st.none() | moments, expires_at=st.none() | moments, effective_at=moments,
    origin_account=st.none() | counts, origin_seq=st.none() | counts,
)  # fmt: skip

COLUMNS = {
    "account_id", "seq", "kind", "points", "from_bucket", "to_bucket", "lot", "corrects", "group",
    "origin_account", "origin_seq", "cause", "order_id", "line_id", "rule", "program_version",
    "exact", "activates_at", "expires_at", "funder", "effective_at",
}  # fmt: skip
"""All columns of points_events but recorded_at and the hashes."""


@examples(200)
@given(events)
def test_rows_are_canonical_json(row: PointsEvent) -> None:
    written = canonical_row(row)
    told: dict[str, Any] = orjson.loads(written)
    assert written == rfc8785.dumps(told)
    assert set(told) == COLUMNS
    for name, value in row._asdict().items():
        if isinstance(value, datetime):
            assert told[name].endswith("Z")
            assert datetime.fromisoformat(told[name]) == value
        else:
            assert told[name] == value


@examples(100)
@given(row=events, other=events, recorded=moments)
def test_the_hash_holds_row_time_and_everything_before(
    row: PointsEvent, other: PointsEvent, recorded: datetime
) -> None:
    stamp = recorded_bytes(recorded)
    after_row = link(GENESIS, stamp, canonical_row(row))
    assert after_row == hashlib.sha256(bytes(32) + stamp + canonical_row(row)).digest()
    assert link(after_row, stamp, canonical_row(row)) != after_row
    later = recorded_bytes(recorded + timedelta(microseconds=1))
    assert link(GENESIS, later, canonical_row(row)) != after_row
    if other != row:
        assert link(GENESIS, stamp, canonical_row(other)) != after_row


def test_a_link_that_must_never_change() -> None:
    """Form 1 of the chain: ledgers written today are verified for good."""
    moment = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    row = PointsEvent(
        1, 2, "earn", 3, "issued", "pending", 2, None, None, 4, "ö", "1", "base", 1, 3_500_000,
        moment, None, moment,
    )  # fmt: skip
    assert (
        canonical_row(row)
        == (
            '{"account_id":1,"activates_at":"2026-01-02T03:04:05.678901Z","cause":4,"corrects":null,'
            '"effective_at":"2026-01-02T03:04:05.678901Z","exact":3500000,"expires_at":null,'
            '"from_bucket":"issued","funder":"brand","group":null,"kind":"earn","line_id":"1","lot":2,'
            '"order_id":"ö","origin_account":null,"origin_seq":null,"points":3,"program_version":1,'
            '"rule":"base","seq":2,"to_bucket":"pending"}'
        ).encode()
    )
    assert recorded_bytes(moment).hex() == "0006475ef6574f35"
    assert link(GENESIS, recorded_bytes(moment), canonical_row(row)).hex() == (
        "b7c4e48924b3047abbcfb07b899e28dbabad519295b4c3b4edb909168c59e65f"
    )
