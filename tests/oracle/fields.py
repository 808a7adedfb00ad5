"""Which event data is valid, and its plain form: defaults written out, unknown fields gone."""

import re
from collections.abc import Callable

Check = Callable[[object], object]
REQUIRED = object()


class Invalid(Exception):
    """This event can never be applied."""


def text(low: int, high: int, pattern: str = "") -> Check:
    """A string of so many characters, without NUL."""

    def check(value: object) -> object:
        if not isinstance(value, str) or not low <= len(value) <= high or "\0" in value:
            raise Invalid
        if pattern and not re.fullmatch(pattern, value):
            raise Invalid
        return value

    return check


def whole(low: int, high: int) -> Check:
    """An integer, and neither true nor 1.0."""

    def check(value: object) -> object:
        if type(value) is not int or not low <= value <= high:
            raise Invalid
        return value

    return check


def flag(value: object) -> object:
    """true or false."""
    if type(value) is not bool:
        raise Invalid
    return value


def maybe(check: Check) -> Check:
    """null, or what `check` takes."""
    return lambda value: None if value is None else check(value)


def several(check: Check, low: int, high: int) -> Check:
    """A list."""

    def checked(value: object) -> object:
        if not isinstance(value, list) or not low <= len(value) <= high:
            raise Invalid
        return [check(item) for item in value]

    return checked


def texts(value: object) -> object:
    """A map of at most 20 texts."""
    if not isinstance(value, dict) or len(value) > 20:
        raise Invalid
    for name, content in value.items():
        text(1, 64, "[ -~]*")(name)
        text(0, 256)(content)
    return value


def obj(**fields: tuple[Check, object]) -> Callable[[object], dict[str, object]]:
    """A JSON object with these fields: (check, default) each."""

    def check(value: object) -> dict[str, object]:
        if not isinstance(value, dict):
            raise Invalid
        plain = {}
        for name, (check_field, default) in fields.items():
            given = value.get(name, default)
            if given is REQUIRED:
                raise Invalid
            plain[name] = check_field(given)
        return plain

    return check


ID = (text(1, 128), REQUIRED)
NO_ID = (maybe(text(1, 128)), None)
LABEL = text(0, 128)
REASON = (text(0, 256), "")
MONEY = whole(0, 10**12)
QUANTITY = (whole(1, 10**6), REQUIRED)
MOMENT = (text(1, 64), REQUIRED)
NO_MOMENT = (maybe(text(1, 64)), None)
CURRENCY = text(3, 3, "[A-Z]{3}")

LINE = obj(
    line_id=ID,
    sku=(LABEL, REQUIRED),
    category=(LABEL, ""),
    brand=(LABEL, ""),
    quantity=QUANTITY,
    amount=(MONEY, REQUIRED),
    paid_with_points=(MONEY, 0),
    gift_card=(flag, False),
)
REFUND_LINE = obj(line_id=NO_ID, sku=(maybe(LABEL), None), quantity=QUANTITY)
MEMBERSHIP = {"member_id": ID, "membership_id": ID}
PAID = {"paid_minor": (maybe(MONEY), None), "currency": (maybe(CURRENCY), None)}
REFERRAL = {"member_id": ID, "referral_id": ID, "referrer_id": ID}

DATA = {
    "order.paid": obj(
        member_id=ID,
        order_id=ID,
        order_version=(whole(1, 2**31 - 1), 1),
        currency=(CURRENCY, REQUIRED),
        channel=NO_ID,
        store=NO_ID,
        partner=NO_ID,
        lines=(several(LINE, 1, 500), REQUIRED),
        tax=(MONEY, 0),
        shipping=(MONEY, 0),
    ),
    "order.refunded": obj(
        member_id=ID,
        refund_id=ID,
        order_id=NO_ID,
        lines=(several(REFUND_LINE, 1, 500), REQUIRED),
        reason=REASON,
    ),
    "order.refund_failed": obj(member_id=ID, order_id=NO_ID, refund_id=ID, reason=REASON),
    "order.cancelled": obj(member_id=ID, order_id=ID, reason=REASON),
    "order.fulfilled": obj(member_id=ID, order_id=ID),
    "referral.created": obj(**REFERRAL),
    "referral.completed": obj(**REFERRAL, order_id=ID),
    "review.published": obj(
        member_id=ID,
        review_id=ID,
        sku=(LABEL, REQUIRED),
        order_id=NO_ID,
        rating=(whole(1, 5), REQUIRED),
        verified=(flag, False),
        photo=(flag, False),
    ),
    "review.removed": obj(member_id=ID, review_id=ID),
    "member.joined": obj(member_id=ID),
    "member.updated": obj(member_id=ID, attributes=(texts, REQUIRED)),
    "member.left": obj(member_id=ID),
    "activity.recorded": obj(
        member_id=ID,
        activity=(text(1, 64), REQUIRED),
        amount=(MONEY, 0),
        currency=(maybe(CURRENCY), None),
        quantity=(whole(1, 10**6), 1),
        partner=NO_ID,
        store=NO_ID,
        channel=NO_ID,
    ),
    "membership.started": obj(**MEMBERSHIP, plan=ID, **PAID),
    "membership.renewed": obj(**MEMBERSHIP, **PAID),
    "membership.cancelled": obj(**MEMBERSHIP, refund=(flag, True)),
    "effect": obj(
        member_id=ID,
        referral_id=ID,
        rule=ID,
        revision=(whole(1, 2**31 - 1), REQUIRED),
        worth=(whole(0, 2**53 - 1), REQUIRED),
        earned_at=MOMENT,
        since=NO_MOMENT,
        undone_at=NO_MOMENT,
        program_version=(whole(1, 2**31 - 1), REQUIRED),
        order_id=NO_ID,
        per_order=(flag, False),
    ),
    "contact.updated": obj(
        member_id=ID,
        email=(text(3, 254, r"[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+"), REQUIRED),
        name=(text(1, 200, r"[^\x00-\x1f\x7f]*"), REQUIRED),
        locale=(text(0, 35, r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*"), "en-US"),
    ),
}
"""The data of each type of event that somebody sends."""


def plain(kind: str, data: object) -> dict[str, object]:
    """The data in its plain form; Invalid when the contract refuses it."""
    found = DATA[kind](data)
    if kind == "order.paid":
        lines = found["lines"]
        assert isinstance(lines, list)
        if len({line["line_id"] for line in lines}) < len(lines):
            raise Invalid
        if any(line["paid_with_points"] > line["amount"] for line in lines):
            raise Invalid
    if kind == "order.refunded":
        lines, named = found["lines"], "sku" if found["order_id"] is None else "line_id"
        assert isinstance(lines, list)
        if any(line[named] is None for line in lines):
            raise Invalid
    return found
