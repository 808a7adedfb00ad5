"""A member's review of a product."""

from typing import Annotated

from pydantic import Field, Strict

from headway.contracts.fields import Flag, Id, Label, Subject

Rating = Annotated[int, Strict(), Field(ge=1, le=5)]


class ReviewPublished(Subject):
    """A review passed moderation. The text is not sent: points do not depend on it."""

    review_id: Id
    sku: Label
    order_id: Id | None = None
    rating: Rating
    verified: Flag = False
    photo: Flag = False


class ReviewRemoved(Subject):
    """A published review was taken down."""

    review_id: Id
