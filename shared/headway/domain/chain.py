"""The hash chain of an account's points events.

Canonical row: RFC 8785 JSON of all columns but recorded_at and the hashes.
hash = SHA-256(prev_hash || recorded_at || canonical row), form 1: recorded_at as microseconds
since 1970-01-01T00:00:00Z, eight bytes, big-endian.
"""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import orjson

from headway.domain.points import PointsEvent

FORM = 1
GENESIS = bytes(32)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def canonical_row(row: PointsEvent) -> bytes:
    """The row as RFC 8785 JSON: keys in order, integers, times in RFC 3339 with a Z."""
    return orjson.dumps(
        {
            "account_id": row.account_id,
            "activates_at": row.activates_at,
            "cause": row.cause,
            "corrects": row.corrects,
            "effective_at": row.effective_at,
            "exact": row.exact,
            "expires_at": row.expires_at,
            "from_bucket": row.from_bucket,
            "funder": "brand",
            "group": row.group,
            "kind": row.kind,
            "line_id": row.line_id,
            "lot": row.lot,
            "order_id": row.order_id,
            "origin_account": row.origin_account,
            "origin_seq": row.origin_seq,
            "points": row.points,
            "program_version": row.program_version,
            "rule": row.rule,
            "seq": row.seq,
            "to_bucket": row.to_bucket,
        },
        option=orjson.OPT_UTC_Z,
    )


def recorded_bytes(recorded_at: datetime) -> bytes:
    """recorded_at as the chain takes it."""
    return ((recorded_at - _EPOCH) // _MICROSECOND).to_bytes(8, "big", signed=True)


def link(previous: bytes, recorded: bytes, canonical: bytes) -> bytes:
    """The next hash of the chain."""
    return sha256(previous + recorded + canonical).digest()
