"""Messages to members, as the file says them."""

from datetime import time
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from headway.program.messages import Kind, Messages
from headway.program.messages import Quiet as QuietHours
from headway.program.written import Hour, OneOrMore, Part, no_truth_value

Percent = Annotated[int, Field(ge=0, le=100), BeforeValidator(no_truth_value)]


class Progress(Part):
    """When progress is told."""

    digest: Literal["day", "none"] = "day"
    every_percent: Percent = 0
    last_percent: Percent = 0


class Cap(Part):
    """Marketing messages to one member, at most; 0 sends none at all."""

    messages: Annotated[int, Field(ge=0, le=1000), BeforeValidator(no_truth_value)]
    days: Annotated[int, Field(ge=1, le=366), BeforeValidator(no_truth_value)] = 7


class Quiet(Part):
    """Hours in the member's own zone in which nothing is sent."""

    from_: Hour = Field(alias="from")
    until: Hour

    @model_validator(mode="after")
    def some_time(self) -> "Quiet":
        if self.from_ == self.until:
            raise ValueError("from and until should differ: a whole day would never end")
        return self


class MessagesDocument(Part):
    """Which messages there are, and when they may go."""

    kinds: Annotated[tuple[Kind, ...], OneOrMore] = ("progress",)
    progress: Progress = Progress()
    statement_months: Annotated[
        Literal[1, 3, 6, 12], Field(description="Months that a statement tells of.")
    ] = 1
    cap: Cap | None = None
    quiet: Quiet | None = None
    send_at: Hour | None = None
    holdout_percent: Percent = 0
    consent: Literal["assumed", "required"] = "assumed"

    @model_validator(mode="after")
    def sent_some_time(self) -> "MessagesDocument":
        if (
            self.send_at is not None
            and self.quiet is not None
            and _within(self.quiet, self.send_at)
        ):
            raise ValueError("send_at is within the quiet hours: nothing could ever be sent then")
        return self


def _within(quiet: Quiet, at: time) -> bool:
    if quiet.from_ < quiet.until:
        return quiet.from_ <= at < quiet.until
    return at >= quiet.from_ or at < quiet.until


def compile_messages(document: MessagesDocument) -> Messages:
    """The checked part as a frozen value."""
    return Messages(
        kinds=frozenset(document.kinds),
        digest=document.progress.digest == "day",
        every_percent=document.progress.every_percent,
        last_percent=document.progress.last_percent,
        statement_months=document.statement_months,
        cap=None if document.cap is None else document.cap.messages,
        cap_days=7 if document.cap is None else document.cap.days,
        quiet=None
        if document.quiet is None
        else QuietHours(document.quiet.from_, document.quiet.until),
        send_at=document.send_at,
        holdout_percent=document.holdout_percent,
        consent=document.consent,
    )
