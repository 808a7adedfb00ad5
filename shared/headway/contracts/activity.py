"""Anything else worth points: an app install, a survey, a visit."""

from typing import Annotated

from pydantic import Field

from headway.contracts.fields import Subject


class ActivityRecorded(Subject):
    """The member did something that the programme knows under this name."""

    activity: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00]*$")]
