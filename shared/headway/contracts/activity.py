"""Anything else worth points: an app install, a survey, a flight, a booking, a target reached."""

from typing import Annotated

from pydantic import Field

from headway.contracts.fields import Currency, Id, Money, Quantity, Subject


class ActivityRecorded(Subject):
    """The member did something that the programme knows under this name."""

    activity: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00]*$")]
    amount: Money = 0
    """What it was worth, in minor units of `currency`."""
    currency: Currency | None = None
    quantity: Quantity = 1
    """How much of it: miles, nights, pieces."""
    channel: Id | None = None
    store: Id | None = None
    partner: Id | None = None
