"""What one member's input is worth to another: written by earn, and read by it again."""

from headway.contracts.fields import Counter, Flag, Id, Positive32, Subject, Time


class Effect(Subject):
    """What a referral is worth to `member_id`; the highest revision of a referral's rule wins.

    Each revision says everything: what it is worth, from when on, and since when no more. The
    event's id is REFERRAL:RULE:REVISION (REFERRAL:RULE:ORDER:REVISION where each order counts),
    its time that of what it tells.
    """

    referral_id: Id
    rule: Id
    revision: Positive32
    worth: Counter
    """Millionths of a point, as long as it stands; 0 when it never should have stood."""
    earned_at: Time
    """Business time of the award."""
    since: Time
    """Business time of what completed it: its place among the referrer's own inputs."""
    undone_at: Time | None = None
    """Business time of what undid it; null while it stands."""
    program_version: Positive32
    order_id: Id | None = None
    """The friend's order; null for a sign-up."""
    per_order: Flag = False
    """Whether each order of the friend is worth something by itself."""

    @property
    def key(self) -> str:
        """What the revisions are of."""
        key = f"{self.referral_id}:{self.rule}"
        return f"{key}:{self.order_id}" if self.per_order else key
