"""What one member's input is worth to another: written by earn, and read by it again."""

from headway.contracts.fields import Counter, Id, Positive32, Subject, Time


class Effect(Subject):
    """What a referral is now worth to `member_id`; the highest revision of a referral's rule wins.

    The event's id is REFERRAL:RULE:REVISION, its time the business time of what caused it.
    """

    referral_id: Id
    rule: Id
    revision: Positive32
    worth: Counter
    """Millionths of a point; 0 undoes the award."""
    earned_at: Time
    """Business time of the award."""
    program_version: Positive32
    order_id: Id
