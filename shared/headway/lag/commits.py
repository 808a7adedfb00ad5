"""Records of `__consumer_offsets`, where Kafka keeps what groups commit: who, what, and when.

The admin client tells only the last committed offset. When it was committed, and whether an
equal offset was committed again, stands here alone.
"""

import struct
from typing import NamedTuple

TOPIC = "__consumer_offsets"


class OffsetCommit(NamedTuple):
    """One commit at `at_ms` (milliseconds since 1970); `offset` is None if it was deleted."""

    group: str
    topic: str
    partition: int
    offset: int | None
    at_ms: int


def partition_of(group: str, partitions: int) -> int:
    """Which of the topic's partitions holds the group, as Kafka decides: by Java's hash of it."""
    code = 0
    for (unit,) in struct.iter_unpack(">H", group.encode("utf-16-be")):
        code = (31 * code + unit) & 0xFFFFFFFF
    signed = code - 2**32 if code >= 2**31 else code
    # Java has no positive counterpart to its lowest number; Kafka takes 0 for it.
    return 0 if signed == -(2**31) else abs(signed) % partitions


def decode(key: bytes | None, value: bytes | None) -> OffsetCommit | None:
    """The commit that a record tells; None for a record of another kind or of a later form.

    Key versions 0 and 1 and value versions 0 to 4 are known; Kafka 4.1 writes 1 and 4.
    """
    try:
        return _decoded(_Reader(key or b""), value)
    except (struct.error, UnicodeDecodeError):
        return None


def _decoded(key: "_Reader", value: bytes | None) -> OffsetCommit | None:
    if key.number(">h") not in (0, 1):
        return None
    group, topic, partition = key.text(), key.text(), key.number(">i")
    if value is None:
        return OffsetCommit(group, topic, partition, None, 0)
    body = _Reader(value)
    version = body.number(">h")
    if version not in (0, 1, 2, 3, 4):
        return None
    offset = body.number(">q")
    if version >= 3:
        body.number(">i")  # the leader's epoch
    if version >= 4:
        body.compact_text()
    else:
        body.text()  # metadata
    return OffsetCommit(group, topic, partition, offset, body.number(">q"))


class _Reader:
    """Takes values off the front of Kafka's binary form."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self, form: str) -> int:
        (value,) = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        return int(value)

    def text(self) -> str:
        return self._taken(self.number(">h"))

    def compact_text(self) -> str:
        """A length of seven bits a byte, one too high, with 0 for no text."""
        length = shift = 0
        while True:
            byte = self.number(">B")
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return self._taken(length - 1)

    def _taken(self, length: int) -> str:
        if length < 0:
            return ""
        end = self._at + length
        if end > len(self._data):
            raise struct.error("the text is longer than the record")
        taken, self._at = self._data[self._at : end], end
        return taken.decode()
