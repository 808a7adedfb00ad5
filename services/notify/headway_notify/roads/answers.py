"""How one try to hand something over ended, whatever the road."""

from enum import Enum
from typing import NamedTuple


class Ending(Enum):
    """The state that a try leads to."""

    SENT = "sent"
    """The other side said that it has it now."""
    FAILED = "failed"
    """The other side refused it for good."""
    PUT_OFF = "decided"
    """The other side surely does not have it: try again later."""
    UNKNOWN = "unknown"
    """It was on its way when the answer stopped coming."""


class Answer(NamedTuple):
    """The ending and the other side's words for it, without anything personal."""

    ending: Ending
    reply: str
    provider_id: str = ""
    """What the other side calls it from now on."""
    road_ill: bool | None = False
    """Whether this is about the road rather than about this message, so that others would fare the
    same; None: it says nothing of the road."""
    retry_after: float = 0.0
    """Seconds that the other side asks us to wait."""
    wants_no_more: bool = False
    """Whether the other side says that it wants nothing on this road any more."""

    @property
    def trouble(self) -> str:
        """What kind of error this is, in a word; '' for none."""
        if self.ending is Ending.SENT:
            return ""
        if self.ending is Ending.UNKNOWN:
            return "unanswered"
        if self.road_ill:
            return "ill"
        return "refused" if self.ending is Ending.FAILED else "put_off"


class Unreachable(Exception):
    """There is no road just now; the text says where it leads and what went wrong."""
