"""Everything Headway raises on purpose.

HeadwayError
├── Poison               one message can never be applied: dead-letter it, go on
│   └── Conflict         same identity, other content: dead-letter it, tell people
├── Retryable            the world is not ready: wait and try the same thing again
│   └── LookAgain        the database may be another life of it: read positions anew first
├── InvariantViolated    our own books do not add up: stop and shout, dead-letter nothing
├── DeployGoneWrong      too much poison at once: stop, this is not bad data
└── UserError            a person asked for something that cannot be: say what to do next
"""


class HeadwayError(Exception):
    """Root of the tree."""


class Poison(HeadwayError):
    """A message that no retry can mend.

    `reason` is a short stable code, `field` the path of the offending field ('' if none),
    `stage` is one of decode, validate, decide, write.
    """

    def __init__(self, reason: str, field: str, message: str, *, stage: str = "validate") -> None:
        super().__init__(f"{reason}: {field}: {message}" if field else f"{reason}: {message}")
        self.reason = reason
        self.field = field
        self.message = message
        self.stage = stage


class Conflict(Poison):
    """The same identity came with other content than before."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__("conflict", field, message, stage="decide")


class Retryable(HeadwayError):
    """Worth doing again, unchanged, after a pause."""


class LookAgain(Retryable):
    """The database may be another life of it (restored, failed over): read the positions anew."""


class InvariantViolated(HeadwayError):
    """The ledger contradicts itself; going on could spread the damage."""


class DeployGoneWrong(HeadwayError):
    """So many messages were refused that the refusing is the likely mistake."""


class UserError(HeadwayError):
    """A request that cannot be met, and what the person can do about it."""

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(f"{message}\n  -> {next_step}" if next_step else message)
        self.message = message
        self.next_step = next_step
