"""A message that was decided: what it is for, and the frozen facts that it may say."""

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
