"""What a rule may ask about an event: facts, and conditions on them that explain themselves."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple, Protocol


class AnyLine(Protocol):
    """One line of a purchase; `amount` is what can earn, in minor units."""

    @property
    def line_id(self) -> str: ...
    @property
    def sku(self) -> str: ...
    @property
    def category(self) -> str: ...
    @property
    def brand(self) -> str: ...
    @property
    def quantity(self) -> int: ...
    @property
    def amount(self) -> int: ...


class LineFacts(NamedTuple):
    """A line as rules see it."""

    line_id: str
    sku: str
    category: str
    brand: str
    quantity: int
    amount: int


class Facts(NamedTuple):
    """An event and its member, as rules see them at the event's business time.

    `amount` and `quantity` are the event's own (an activity's), or the total of its lines.
    `purchase` counts the member's purchases, this one included; 0 for what is none.
    """

    event: str
    time: datetime
    lines: tuple[AnyLine, ...] = ()
    currency: str = ""
    amount: int = 0
    quantity: int = 1
    channel: str = ""
    store: str = ""
    partner: str = ""
    purchase: int = 0
    tier: str = ""
    membership: str = ""
    joined_at: datetime | None = None
    birthday: str = ""
    activity: str = ""
    photo: bool = False
    verified: bool = False
    referral: str = ""


class Condition(NamedTuple):
    """On the whole event. `words` complete "only ..."; `field` is its name in the file."""

    field: str
    words: str
    holds: Callable[[Facts], bool]


class LineCondition(NamedTuple):
    """On one line of a purchase."""

    field: str
    words: str
    holds: Callable[[AnyLine], bool]
