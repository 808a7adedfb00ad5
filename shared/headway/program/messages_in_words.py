"""What members are written to about, in words a marketer understands."""

from headway.program.messages import KINDS, MAILED_AS_EVER, Messages
from headway.program.numbers_in_words import count
from headway.program.program import Program


def messages_in_words(program: Program) -> str:
    """Which messages there are, and the manners that are kept."""
    policy = program.messages
    parts = [_kinds(policy)]
    if "progress" in policy.kinds:
        parts.append(_progress(policy))
    if policy.cap == 0:
        parts.append("no marketing is sent at all (cap 0)")
    elif policy.cap is not None:
        days = count(policy.cap_days, "day")
        parts.append(f"at most {count(policy.cap, 'marketing message')} in {days}")
    if policy.quiet is not None:
        parts.append(f"nothing from {policy.quiet.from_:%H:%M} to {policy.quiet.until:%H:%M}")
    if policy.send_at is not None:
        parts.append(f"marketing is sent at {policy.send_at:%H:%M}")
    if policy.holdout_percent:
        parts.append(f"{policy.holdout_percent}% of members are held out of marketing")
    if policy.consent == "required":
        parts.append("marketing is sent to who agreed alone")
    return "; ".join(parts)


def _kinds(policy: Messages) -> str:
    if policy == MAILED_AS_EVER:
        return "members are told of progress"
    told = [kind.replace("_", " ") for kind in KINDS if kind in policy.kinds]
    return f"members are told of {', '.join(told)}" if told else "members are told nothing"


def _progress(policy: Messages) -> str:
    when = "once a day" if policy.digest else "at once"
    passing = []
    if policy.every_percent:
        passing.append(f"at every {policy.every_percent}% of the way")
    if policy.last_percent:
        passing.append(f"within the last {policy.last_percent}%")
    return f"progress {when}" + (f", {' and '.join(passing)}" if passing else "")
