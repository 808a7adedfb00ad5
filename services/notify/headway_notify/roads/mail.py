"""The port for rendered mail: a road on which sessions are opened, one mail at a time."""

from typing import NamedTuple, Protocol

from headway_notify.roads.answers import Answer


class Tag(NamedTuple):
    """What a carrier may know of a mail beside the mail itself: never an address."""

    notification: int
    kind: str


class MailSession(Protocol):
    """A way to hand mails over, one at a time. When it is not usable, open another."""

    @property
    def usable(self) -> bool: ...

    async def send(self, recipient: str, message: bytes, tag: Tag) -> Answer:
        """Hand one message (CRLF line ends) over. Never raises for what the other side does."""
        ...

    async def quit(self) -> None:
        """End it politely."""
        ...


class MailRoad(Protocol):
    """One way for mail to leave."""

    name: str
    sessions: int
    """How many sessions are kept open."""
    limit: float
    """Seconds that handing one mail over may take."""

    async def open(self, sender_address: str) -> MailSession:
        """A session. Raises Unreachable."""
        ...

    async def close(self) -> None:
        """Give up what sessions share."""
        ...
