"""Voucher codes that people can type: 70 random bits, and a sign that tells a slip of the finger.

Fourteen signs of Crockford's alphabet and one more that checks them, in groups of five. The check
is a sum over the field of 32 elements in which every place has a weight of its own, so that one
wrong sign, or two that changed places, never pass.
"""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BITS = 70
_SIGNS = BITS // 5
_GROUP = 5
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_FIELD = 0b100101  # x^5 + x^2 + 1, which makes x a generator: its powers are all different


def spell(bits: int) -> str:
    """The code of that many random bits, such as 7K2MZ-0QHXN-4T8DC."""
    values = [bits >> shift & 31 for shift in range(BITS - 5, -1, -5)]
    signs = "".join(ALPHABET[value] for value in (*values, _check(values)))
    return _grouped(signs)


def read(text: str) -> str | None:
    """A generated code as it was spelt, however it was typed; None if it cannot be one."""
    signs = text.upper().translate(_READ_AS)
    if len(signs) != _SIGNS + 1 or any(sign not in ALPHABET for sign in signs):
        return None
    return _grouped(signs)


def mistyped(code: str) -> bool:
    """Whether a code, as `read` gives it, was never spelt like that."""
    values = [ALPHABET.index(sign) for sign in code if sign != "-"]
    return _check(values[:-1]) != values[-1]


def _check(values: list[int]) -> int:
    total = 0
    for value in values:
        total = (total ^ value) << 1
        if total & 32:
            total ^= _FIELD
    return total


def _grouped(signs: str) -> str:
    return "-".join(signs[start : start + _GROUP] for start in range(0, len(signs), _GROUP))
