"""Anything else worth points: an app install, a survey, a flight, a booking, a target reached."""

from typing import Annotated, ClassVar

from pydantic import Field, Strict

from headway.contracts.fields import Currency, Id, Money, Subject


class ActivityRecorded(Subject):
    """The member did something that the programme knows under this name."""

    ADDED: ClassVar = (
        ("amount", 0),
        ("currency", None),
        ("quantity", 1),
        ("channel", None),
        ("store", None),
        ("partner", None),
    )

    activity: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00]*$")]
    amount: Money = 0
    """What it was worth, in minor units of `currency`."""
    currency: Currency | None = None
    quantity: Annotated[int, Strict(), Field(ge=1, le=10**6)] = 1
    """How much of it: miles, nights, pieces."""
    channel: Id | None = None
    store: Id | None = None
    partner: Id | None = None
