"""From the ledger's notices to the messages that they call for. Pure."""

from collections.abc import Callable
from datetime import datetime

from headway.contracts.codec import Event
from headway.contracts.notice import Notice, PointsExpiring, TierAtRisk, TierChanged
from headway.program.calendar import local_date
from headway.program.messages import Kind
from headway.program.program import Program
from headway_notify import details
from headway_notify.plan import Due


def due_for(event: Event, program_at: Callable[[datetime], Program]) -> Due | None:
    """The message that a notice calls for; None: this programme tells nobody of it.

    The cause is the notice's id without the member and the epoch: a ledger that was restored tells
    again under another epoch what was told before.
    """
    data, program = event.data, program_at(event.time)
    if not isinstance(data, Notice):
        return None
    told = _told(data)
    if told is None or told[0] not in program.messages.kinds:
        return None
    kind, detail = told
    cause = event.id.removeprefix(data.member_id + ":").partition(":")[2]
    day = local_date(event.time, program.zone)
    body = detail.model_dump_json().encode()
    return Due(data.member_id, kind, cause, day, event.time, data.version, body)


def _told(data: Notice) -> tuple[Kind, details.Detail] | None:
    match data:
        case PointsExpiring():
            return "points_expiring", details.PointsExpiring(points=data.points, at=data.at)
        case TierAtRisk():
            return "tier_at_risk", details.TierAtRisk(
                tier=data.tier, missing=data.missing, at=data.at
            )
        case TierChanged() if data.tier_from:  # the first tier comes with joining: no news
            return "tier_changed", details.TierChanged(
                tier_from=data.tier_from, tier_to=data.tier_to, at=data.at
            )
        case _:
            return None
