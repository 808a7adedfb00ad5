"""One member brings another. Keyed by the friend, whose first purchase decides."""

from headway.contracts.fields import Id, Subject


class ReferralCreated(Subject):
    """A member invited a friend; `member_id` is the friend."""

    referral_id: Id
    referrer_id: Id


class ReferralCompleted(Subject):
    """The shop says which order of the friend (`member_id`) completed the referral."""

    referral_id: Id
    referrer_id: Id
    order_id: Id
