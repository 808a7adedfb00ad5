"""Records of `__consumer_offsets`, as brokers of several releases write them."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.lag.commits import OffsetCommit, decode, partition_of

KEY = b"\x00\x01\x00\x02g1\x00\x03x.t\x00\x00\x00\x07"
AT = 1_795_677_723_136


def value(version: int, metadata: bytes) -> bytes:
    epoch = struct.pack(">i", -1) if version >= 3 else b""
    return struct.pack(">hq", version, 3) + epoch + metadata + struct.pack(">q", AT)


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(value(0, b"\x00\x00"), id="0"),
        pytest.param(value(1, b"\x00\x02hi") + struct.pack(">q", AT), id="1, which expires"),
        pytest.param(value(2, b"\x00\x00"), id="2"),
        pytest.param(value(3, b"\x00\x00"), id="3, Kafka 2.1 to 4.0"),
        pytest.param(value(3, b"\xff\xff"), id="3, without metadata"),
        pytest.param(value(4, b"\x01") + b"\x00", id="4, Kafka 4.1"),
        pytest.param(value(4, b"\x83\x01" + b"x" * 130) + b"\x00", id="4, long metadata"),
    ],
)
def test_every_form_of_a_commit(written: bytes) -> None:
    assert decode(KEY, written) == OffsetCommit("g1", "x.t", 7, 3, AT)


def test_what_kafka_4_1_wrote() -> None:
    key = b"\x00\x01\x00\x02g1\x00\x03x.t\x00\x00\x00\x00"
    written = (
        b"\x00\x04\x00\x00\x00\x00\x00\x00\x00\x03\xff\xff\xff\xff\x01"
        b"\x00\x00\x01\xa2\x16\xb8\xc5\x06\x00"
    )
    told = decode(key, written)
    assert told is not None
    assert told[:4] == ("g1", "x.t", 0, 3)
    assert told.at_ms // 1_000_000_000 == 1795


def test_a_tombstone_ends_the_partition() -> None:
    assert decode(KEY, None) == OffsetCommit("g1", "x.t", 7, None, 0)


@pytest.mark.parametrize(
    ("key", "written"),
    [
        pytest.param(b"\x00\x02\x00\x02g1", b"\x00\x03", id="a group's members"),
        pytest.param(b"\x00\x03\x00\x02g1", b"", id="the newer protocol's"),
        pytest.param(KEY, value(5, b"\x01"), id="a later form"),
        pytest.param(KEY[:-2], value(3, b"\x00\x00"), id="a key cut short"),
        pytest.param(KEY, value(3, b"\x00\x00")[:-1], id="a value cut short"),
        pytest.param(KEY, value(3, b"\x7f\xff"), id="a text longer than the record"),
        pytest.param(None, b"x", id="no key"),
    ],
)
def test_anything_else_is_passed_over(key: bytes | None, written: bytes) -> None:
    assert decode(key, written) is None


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_no_bytes_break_it(rest: bytes, written: bytes) -> None:
    decode(b"\x00\x01" + rest, written)


@pytest.mark.parametrize(
    ("group", "code"),
    [("g1", 3242), ("hello", 99162322), ("polygenelubricants", -(2**31)), ("ä😀", 1_992_007)],
)
def test_groups_are_found_by_javas_hash(group: str, code: int) -> None:
    """`code` is s[0]*31^(n-1) + ... + s[n-1] over UTF-16, which String.hashCode is defined as."""
    for partitions in (1, 8, 50):
        assert partition_of(group, partitions) == (0 if code < 0 else code % partitions)
