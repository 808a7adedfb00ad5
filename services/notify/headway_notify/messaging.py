"""A message that was decided: what it is for, and the frozen facts that it may say."""

import hashlib
from datetime import date
from typing import NamedTuple

from headway.program.messages import Kind
from headway_notify.details import Detail
from headway_notify.facts import Facts


class Message(NamedTuple):
    """One message to one member. `cause` is what it is due for (of progress: the business day),
    `day` the local business day of that; the account is as of the version that `facts` names."""

    member_id: str
    kind: Kind
    cause: str
    day: date
    facts: Facts
    detail: Detail

    @property
    def notification_id(self) -> str:
        """Its id on every road."""
        return notification_id(self.member_id, self.cause, self.kind)


def notification_id(member_id: str, cause: str, kind: Kind) -> str:
    """The same for the same member, kind and cause, whatever happened in between.

    A mail that had to be sent again carries it in the same Message-ID, so that a mailbox can tell;
    platforms know by it what they were told before.
    """
    return hashlib.sha256(f"{kind}\n{cause}\n{member_id}".encode()).hexdigest()[:32]
