"""Finding a member's name in bytes that should be JSON, however it is spelt there. Pure."""

import re

import orjson


def naming_pattern(member_id: str) -> str:
    """A regular expression of Postgres for bytes shown as `encode(bytes, 'escape')`.

    It finds the name as the whole value of `subject` or of a field that ends in `_id`, in any
    spelling that JSON allows. What is not JSON, or not UTF-8, is searched alike.
    """
    return r'("subject"|_id")\s*:\s*"' + "".join(map(_spellings, member_id)) + '"'


def _spellings(char: str) -> str:
    """The ways to write one character in a JSON text: as it is, escaped, or by number."""
    ways = {orjson.dumps(char)[1:-1], *([b"\\/"] if char == "/" else [])}
    if char not in '"\\':
        ways.add(char.encode())
    units = char.encode("utf-16-be").hex()
    numbered = "".join(
        r"\\\\u" + "".join(map(_either_case, units[start : start + 4]))
        for start in range(0, len(units), 4)
    )
    return f"({'|'.join([*sorted(map(_shown, ways)), numbered])})"


def _either_case(digit: str) -> str:
    return f"[{digit}{digit.upper()}]" if digit.isalpha() else digit


def _shown(text: bytes) -> str:
    """These bytes as `encode(…, 'escape')` shows them, taken literally."""
    shown = "".join(
        r"\\" if byte == ord("\\") else chr(byte) if 0 < byte < 128 else f"\\{byte:03o}"
        for byte in text
    )
    return re.escape(shown)
