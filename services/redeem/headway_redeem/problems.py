"""Everything the API can refuse: the kinds of problem, each with a stable type."""

from http import HTTPStatus

from headway_redeem.refusal import Kind, Refusal

_BAD, _CONFLICT = HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT
_MISSING, _UNAVAILABLE = HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE

UNAUTHENTICATED = Kind(
    "unauthenticated", HTTPStatus.UNAUTHORIZED, "It is not known who is asking",
    "Send `Authorization: Bearer` with an API key, or with a member token that has not ended.",
)  # fmt: skip
FORBIDDEN = Kind(
    "forbidden", HTTPStatus.FORBIDDEN, "This credential is not for this",
    "Use a key with a scope that /v1/openapi.json names for it.",
)  # fmt: skip
TOO_MANY = Kind(
    "too-many-requests", HTTPStatus.TOO_MANY_REQUESTS, "Too many requests",
    "Wait for as long as Retry-After says, then send the same again.",
)  # fmt: skip
INVALID_KEY = Kind(
    "invalid-idempotency-key", _BAD, "The Idempotency-Key header is missing or unusable",
    "Send 1 to 128 printable ASCII characters, new for each command and the same for each retry.",
)  # fmt: skip
INVALID_REQUEST = Kind(
    "invalid-request", _BAD, "The request cannot be read",
    "Mend the fields named in `errors` and send it again.",
)  # fmt: skip
UNKNOWN_MEMBER = Kind(
    "unknown-member", _MISSING, "No such member",
    "Check the member id; a member is known once their member.joined has been read.",
)  # fmt: skip
UNKNOWN_REDEMPTION = Kind(
    "unknown-redemption", _MISSING, "No such redemption",
    "Use the redemption_id that the reservation was answered with.",
)  # fmt: skip
INSUFFICIENT_POINTS = Kind(
    "insufficient-points", _CONFLICT, "Not enough points for this reward",
    "Offer a reward of at most `available` points; under a new key it may be tried again later.",
    kept=True,
)  # fmt: skip
UNKNOWN_REWARD = Kind(
    "unknown-reward", _CONFLICT, "The programme has no such reward now",
    "Take a reward_id from GET /v1/rewards.",
    kept=True,
)  # fmt: skip
WRONG_STATE = Kind(
    "wrong-state", _CONFLICT, "The redemption is not in a state for this",
    "Look at `state`: confirm and cancel need reserved, fulfil confirmed, reverse confirmed or "
    "fulfilled.",
    kept=True,
)  # fmt: skip
MEMBER_LEFT = Kind(
    "member-left", _CONFLICT, "The member has left the programme",
    "Reserve only for members who have not left.",
    kept=True,
)  # fmt: skip
NOT_FOR_MEMBER = Kind(
    "not-for-this-member", _CONFLICT, "This reward is not for this member now",
    "Look at `who` in GET /v1/rewards: it names the tiers and the days.",
    kept=True,
)  # fmt: skip
LIMIT_REACHED = Kind(
    "limit-reached", _CONFLICT, "The member has had this reward as often as it may be had",
    "Look at `limit` in GET /v1/rewards; in the next period it may be had again.",
    kept=True,
)  # fmt: skip
OUT_OF_STOCK = Kind(
    "out-of-stock", _CONFLICT, "There is none left of this reward",
    "Offer another reward; under a new key it may be tried again later.",
    kept=True,
)  # fmt: skip
ORDER_NEEDED = Kind(
    "order-needed", _CONFLICT, "What this reward is worth depends on the order",
    "Send `order` with its total and currency.",
    kept=True,
)  # fmt: skip
OTHER_CURRENCY = Kind(
    "other-currency", _CONFLICT, "This reward is of another currency than the order",
    "Offer it for orders in the reward's `currency`.",
    kept=True,
)  # fmt: skip
NOTHING_TO_PAY = Kind(
    "nothing-to-pay", _CONFLICT, "The order leaves nothing for this reward to pay",
    "Use it for an order with a larger total; POST /v1/quotes tells in advance.",
    kept=True,
)  # fmt: skip
UNFIT_POINTS = Kind(
    "unfit-points", _CONFLICT, "So many points cannot be used for this order",
    "Send pay_points in whole steps, as POST /v1/quotes offers them, or leave them out.",
    kept=True,
)  # fmt: skip
NOT_A_GOAL = Kind(
    "not-a-goal", _CONFLICT, "This reward has no price of its own to save for",
    "Choose a reward with a price in points from GET /v1/rewards.",
    kept=True,
)  # fmt: skip
PAYS_NO_ORDER = Kind(
    "pays-no-order", _CONFLICT, "This reward does not pay an order",
    "Leave out order_id, or offer a reward that pays at a checkout out of the member's own points.",
    kept=True,
)  # fmt: skip
CODE_NOT_GIVEN = Kind(
    "code-not-given", _CONFLICT, "This code has not been given to anybody",
    "Use the code that a confirmed redemption shows.",
    kept=True,
)  # fmt: skip
CODE_USED = Kind(
    "code-used", _CONFLICT, "The code was used already",
    "What was used is not given back, and is not used twice.",
    kept=True,
)  # fmt: skip
CODE_VOID = Kind(
    "code-void", _CONFLICT, "The code is void: its redemption was reversed",
    "The member has the points back, and can redeem again.",
    kept=True,
)  # fmt: skip
CODE_EXPIRED = Kind(
    "code-expired", _CONFLICT, "The code is not valid any more",
    "Look at `valid_until` of GET /v1/codes/{code}.",
    kept=True,
)  # fmt: skip
UNKNOWN_CODE = Kind(
    "unknown-code", _MISSING, "No such code",
    "Check the code; capitals, dashes and blanks make no difference to one made here.",
)  # fmt: skip
CODE_MISTYPED = Kind(
    "code-mistyped", _MISSING, "The code was mistyped",
    "Read it again, sign by sign: its last sign does not fit the others.",
)  # fmt: skip
UNKNOWN_ADJUSTMENT = Kind(
    "unknown-adjustment", _MISSING, "No such adjustment",
    "Use the adjustment_id that POST /v1/adjustments was answered with.",
)  # fmt: skip
SECOND_PERSON_NEEDED = Kind(
    "second-person-needed", _CONFLICT, "Somebody else has to approve this",
    "Above the limit another person approves, with another API key.",
    kept=True,
)  # fmt: skip
ADJUSTMENT_DECIDED = Kind(
    "adjustment-decided", _CONFLICT, "The adjustment was decided already",
    "Look at `state`: only what is proposed can be approved or rejected.",
    kept=True,
)  # fmt: skip
TOO_FEW_POINTS = Kind(
    "too-few-points", _CONFLICT, "Not so many points can be taken",
    "Take at most `available`; what is pending or reserved cannot be taken by hand.",
    kept=True,
)  # fmt: skip
STOCK_TAKEN = Kind(
    "stock-taken", _CONFLICT, "More of this reward are spoken for already",
    "Name a total of at least `taken`, or cancel or reverse redemptions first.",
    kept=True,
)  # fmt: skip
NOT_COUNTED = Kind(
    "reward-not-counted", _CONFLICT, "This reward is not counted",
    "Give it a `stock` (an experience: `places`) in the programme file, and publish that.",
    kept=True,
)  # fmt: skip
EXPORT_TOO_LARGE = Kind(
    "export-too-large", _CONFLICT, "There is more of this member than one answer holds",
    "Run `headway export ID` where the database is within reach.",
)  # fmt: skip
TOO_LARGE = Kind(
    "too-large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request's body is too large",
    "Send only the fields that the API names.",
)  # fmt: skip
KEY_REUSED = Kind(
    "idempotency-key-reused", HTTPStatus.UNPROCESSABLE_ENTITY,
    "This Idempotency-Key was used for another request",
    "Use a new key for a new command, and the same request for a retry.",
)  # fmt: skip
TRY_AGAIN = Kind(
    "try-again", _UNAVAILABLE, "The service is busy, or was cut off from its database",
    "Send the same request, with the same Idempotency-Key, again: nothing is ever done twice.",
)  # fmt: skip
NO_PROGRAMME = Kind(
    "no-programme", _UNAVAILABLE, "No programme is published yet",
    "Run `headway program publish FILE`, then try again.",
)  # fmt: skip
TOKENS_OFF = Kind(
    "member-tokens-off", _UNAVAILABLE, "Member tokens are not set up",
    "Set HEADWAY_REDEEM_TOKEN_SECRETS for every redeem process, then try again.",
)  # fmt: skip
INTERNAL = Kind(
    "internal", HTTPStatus.INTERNAL_SERVER_ERROR, "Something is wrong on our side",
    "Retry with the same Idempotency-Key; if it stays, tell those who run this service.",
)  # fmt: skip
NO_TRANSFERS = Kind(
    "no-transfers", _CONFLICT, "The programme has no transfers between members",
    "Give it `transfers` in the programme file, and publish that.",
    kept=True,
)  # fmt: skip
SAME_MEMBER = Kind(
    "same-member", _CONFLICT, "Both are the same member",
    "Name another member in `to_member_id`.",
    kept=True,
)  # fmt: skip
RECEIVER_LEFT = Kind(
    "receiver-left", _CONFLICT, "The member who was to get it has left the programme",
    "Send points only to members who have not left.",
    kept=True,
)  # fmt: skip
BELOW_MINIMUM = Kind(
    "below-minimum", _CONFLICT, "So few points cannot be sent",
    "Send at least `minimum` points.",
    kept=True,
)  # fmt: skip
ABOVE_MAXIMUM = Kind(
    "above-maximum", _CONFLICT, "So many points cannot be sent in this period",
    "Send at most `left` points; in the next period there are more.",
    kept=True,
)  # fmt: skip
TOO_FEW_TO_SEND = Kind(
    "too-few-to-send", _CONFLICT, "There are not so many points to send",
    "Send at most `available`; what is pending or reserved cannot be sent.",
    kept=True,
)  # fmt: skip
NO_POOLS = Kind(
    "no-pools", _CONFLICT, "The programme has no household pools",
    "Give it `pools` in the programme file, and publish that.",
    kept=True,
)  # fmt: skip
UNKNOWN_POOL = Kind(
    "unknown-pool", _MISSING, "No such pool",
    "Use a pool_id that GET /v1/members/{member_id}/pool shows for this member.",
)  # fmt: skip
NOT_IN_POOL = Kind(
    "not-in-pool", _CONFLICT, "The member is in no pool",
    "Create a pool, or accept an invitation to one, before spending from it.",
    kept=True,
)  # fmt: skip
ALREADY_IN_POOL = Kind(
    "already-in-pool", _CONFLICT, "The member is in a pool already",
    "A member is in one pool at a time: leave the other one first.",
    kept=True,
)  # fmt: skip
POOL_FULL = Kind(
    "pool-full", _CONFLICT, "The pool has as many members as it may have",
    "Those invited count; the programme file says how many there may be.",
    kept=True,
)  # fmt: skip
NOT_OWNER = Kind(
    "not-the-owner", _CONFLICT, "Only the owner of the pool may do this",
    "Ask the member who created the pool.",
    kept=True,
)  # fmt: skip
OWNER_STAYS = Kind(
    "owner-stays", _CONFLICT, "The owner cannot do this",
    "The owner may always spend, and cannot leave: dissolve the pool.",
    kept=True,
)  # fmt: skip
NOT_INVITED = Kind(
    "not-invited", _CONFLICT, "There is no invitation that waits for this member",
    "Have the pool's owner invite the member.",
    kept=True,
)  # fmt: skip
NOT_A_POOL_MEMBER = Kind(
    "not-a-pool-member", _CONFLICT, "That member has not joined the pool",
    "Look at `members` of GET /v1/pools/{pool_id}.",
    kept=True,
)  # fmt: skip
MAY_NOT_SPEND = Kind(
    "may-not-spend", _CONFLICT, "The member may not spend from the pool",
    "Its owner may allow it: POST /v1/pools/{pool_id}/spending.",
    kept=True,
)  # fmt: skip

KINDS = {kind.name: kind for kind in list(vars().values()) if isinstance(kind, Kind)}
"""Every kind by its name."""


def unreadable(field: str, message: str) -> Refusal:
    """The refusal of one field that cannot be used; the message says what to do about it."""
    errors = [{"field": field, "message": message}]
    return Refusal(INVALID_REQUEST, f"{field} {message}.", errors=errors)
