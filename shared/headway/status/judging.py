"""From what is seen to what it means: what is wrong, since when, and what to do. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from headway.status.snapshot import Frozen, Group, Partition, Snapshot
from headway.status.words import counted, duration

RUNBOOK = "docs/operating.md"

Anchor: TypeAlias = Literal[
    "lag-seconds", "lag-growing", "lag-unknown", "partition-stuck", "no-members", "rewound",
    "database-away", "dead-letters", "accounts-held", "outbox-age", "verify-failed", "job-overdue",
    "send-failures",
]  # fmt: skip
"""A section of the runbook."""
State: TypeAlias = Literal["well", "attention", "blind"]
Part: TypeAlias = Literal[
    "groups", "outbox", "dead_letters", "jobs", "verify", "notifications", "kafka", "database"
]
_SHOWN = 3


class Objectives(Frozen):
    """From where on something needs a person. Seconds, and messages in an hour."""

    lag_seconds: float = 120
    outbox_seconds: float = 60
    job_grace_seconds: float = 60
    paused_seconds: float = 24 * 3600
    failed_an_hour: int = 20


class Problem(Frozen):
    """One thing that needs a person. `since` is None where nobody knows."""

    part: Part
    what: str
    since: datetime | None
    next_step: str
    runbook: Anchor | None = None


class Judgement(Frozen):
    """What a snapshot means. `blind`: something could not be looked at."""

    state: State
    sentence: str
    problems: tuple[Problem, ...]


def judged(snapshot: Snapshot, objectives: Objectives, expected: Collection[str] = ()) -> Judgement:
    """What `snapshot` means under these objectives; `expected` names groups that there must be."""
    problems = (
        *_unseen(snapshot),
        *_missing(snapshot, expected),
        *(_group(group, snapshot.at, objectives) for group in snapshot.groups),
        *_outbox(snapshot, objectives),
        *_dead_letters(snapshot),
        *_verify(snapshot),
        *_jobs(snapshot, objectives),
        *_notifications(snapshot, objectives),
    )
    found = tuple(problem for problem in problems if problem is not None)
    if snapshot.unseen:
        parts = " and ".join(_PARTS[unseen.part] for unseen in snapshot.unseen)
        parts = parts[0].upper() + parts[1:]
        return Judgement(state="blind", sentence=f"{parts} cannot be seen", problems=found)
    if found:
        needs = "1 thing needs" if len(found) == 1 else f"{len(found)} things need"
        return Judgement(state="attention", sentence=f"{needs} a person", problems=found)
    return Judgement(state="well", sentence="All is well", problems=())


_PARTS = {"kafka": "Kafka", "database": "the database"}
_SETTINGS = {"kafka": "HEADWAY_KAFKA_BOOTSTRAP", "database": "HEADWAY_POSTGRES_DSN"}
_UNSEEN: Mapping[str, Anchor] = {"kafka": "lag-unknown", "database": "database-away"}


def _unseen(snapshot: Snapshot) -> Iterator[Problem]:
    for unseen in snapshot.unseen:
        yield Problem(
            part=unseen.part,
            what=f"{_PARTS[unseen.part].capitalize()} cannot be looked at: {unseen.why}",
            since=None,
            next_step=f"Check that it runs and that {_SETTINGS[unseen.part]} names it; what "
            "reads from it waits by itself and goes on.",
            runbook=_UNSEEN[unseen.part],
        )


_START = "Start the service; if it keeps ending, its last log line says why."


def _missing(snapshot: Snapshot, expected: Collection[str]) -> Iterator[Problem]:
    """Groups that never read anything; nothing is known of them while Kafka cannot be seen."""
    if any(unseen.part == "kafka" for unseen in snapshot.unseen):
        return
    there = {group.group for group in snapshot.groups}
    for name in sorted(set(expected) - there):
        yield Problem(
            part="groups",
            what=f"There is no group {name}: nobody has ever read for it",
            since=None,
            next_step=_START,
            runbook="no-members",
        )


def _group(group: Group, at: datetime, objectives: Objectives) -> Problem | None:
    """The most telling thing about one group, if anything is wrong with it."""
    behind = group.lag_seconds or 0
    since = at - timedelta(seconds=behind) if behind else None
    much = counted(group.lag, "record")
    wait = "waits" if group.lag == 1 else "wait"
    if group.members == 0 or not group.in_kafka:
        why = "has no members" if group.in_kafka else "is not known to Kafka any more"
        return Problem(
            part="groups",
            what=f"{group.group} {why}: nobody reads for it, and {much} {wait}",
            since=since,
            next_step=_START,
            runbook="no-members",
        )
    for state in _STUCK:
        stuck = [part for part in group.partitions if part.state == state]
        if stuck:
            return _stuck(group, state, stuck, at)
    if group.lag and group.lag_seconds is None:
        return Problem(
            part="groups",
            what=f"{group.group} is {much} behind, and for how long cannot be told",
            since=None,
            next_step="Look again. If it stays so, see that Kafka lets the records of these topics "
            "be read, and by `headway lag --watch` whether the group catches up.",
            runbook="lag-seconds",
        )
    if behind > objectives.lag_seconds:
        return Problem(
            part="groups",
            what=f"{group.group} is {duration(behind)} behind, by {much}",
            since=since,
            next_step="See whether it catches up: consumed should be above produced. If not, start "
            "another process of it.",
            runbook="lag-growing" if group.state == "WARN" else "lag-seconds",
        )
    if group.state == "WARN":
        return Problem(
            part="groups",
            what=f"{group.group} reads more slowly than is written: {much} behind and growing",
            since=since,
            next_step="Wait if a burst was published; else start another process of it.",
            runbook="lag-growing",
        )
    return None


_STUCK = {
    "STOP": "stopped saying how far it is",
    "STALL": "does not get on",
    "REWIND": "went back to an earlier offset",
}
"""What each word says of a group, the one that matters most first: a rewind mends itself."""


def _stuck(group: Group, state: str, stuck: Sequence[Partition], at: datetime) -> Problem:
    """What is wrong with the group's partitions that are in this state."""
    names = ", ".join(f"{part.topic}-{part.partition}" for part in stuck[:_SHOWN])
    more = f" and {len(stuck) - _SHOWN} more" if len(stuck) > _SHOWN else ""
    longest = max(part.lag_seconds or 0 for part in stuck)
    records = sum(part.lag for part in stuck)
    waiting = f"{counted(records, 'record')} {'waits' if records == 1 else 'wait'}"
    went_back = "This is right after a restore of the database; else find who reset the offsets."
    look = "Look for the group's last log lines: they name the batch that it tries again, and why."
    return Problem(
        part="groups",
        what=f"{group.group} {_STUCK[state]} on {names}{more}: {waiting}",
        since=at - timedelta(seconds=longest) if longest else None,
        next_step=went_back if state == "REWIND" else look,
        runbook="rewound" if state == "REWIND" else "partition-stuck",
    )


def _outbox(snapshot: Snapshot, objectives: Objectives) -> Iterator[Problem]:
    outbox = snapshot.outbox
    if outbox is None or (outbox.oldest_seconds or 0) <= objectives.outbox_seconds:
        return
    seconds = outbox.oldest_seconds or 0
    yield Problem(
        part="outbox",
        what=f"{counted(outbox.waiting, 'message')} wait to be published, the oldest for "
        f"{duration(seconds)}",
        since=snapshot.at - timedelta(seconds=seconds),
        next_step="See that Kafka takes writes and that earn, redeem or notify runs: each "
        "publishes. Nothing is lost meanwhile.",
        runbook="outbox-age",
    )


def _dead_letters(snapshot: Snapshot) -> Iterator[Problem]:
    letters = snapshot.dead_letters
    if letters is None or not letters.waiting:
        return
    top = max(letters.by_reason, key=lambda one: one.count)
    mostly = ":" if len(letters.by_reason) == 1 else ", mostly"
    yield Problem(
        part="dead_letters",
        what=f"{'At least ' if letters.at_least else ''}{counted(letters.waiting, 'dead letter')} "
        f"{'waits' if letters.waiting == 1 else 'wait'}{mostly} {top.reason} from {top.topic}",
        since=min(one.first_at for one in letters.by_reason),
        next_step="Open one, mend what its reason names, and send it again.",
        runbook="dead-letters",
    )


def _verify(snapshot: Snapshot) -> Iterator[Problem]:
    run = snapshot.verify
    if run is None or run.ok:
        return
    broken = ", ".join(f"{check} {count:,} times" for check, count in run.findings.items() if count)
    yield Problem(
        part="verify",
        what=f"The books do not add up: {broken or 'see the run'}",
        since=run.at,
        next_step="Change nothing in the tables. Run `headway verify` and keep what it says.",
        runbook="verify-failed",
    )


def _jobs(snapshot: Snapshot, objectives: Objectives) -> Iterator[Problem]:
    for job in snapshot.jobs:
        overdue = job.overdue_seconds > objectives.job_grace_seconds
        if overdue or job.outcome == "failed":
            yield Problem(
                part="jobs",
                what=f"The job {job.job} {'is overdue' if overdue else f'fails: {job.trouble}'}",
                since=job.next_at if overdue else job.since,
                next_step="See that its service runs, and what it last logged about this job.",
                runbook="job-overdue",
            )
    if snapshot.accounts_held:
        held = counted(snapshot.accounts_held, "account")
        yield Problem(
            part="jobs",
            what=f"Jobs leave {held} alone, as settling failed on "
            f"{'it' if snapshot.accounts_held == 1 else 'them'}",
            since=None,
            next_step="`headway held list` says which and why; once that is mended, "
            "`headway held let-go ACCOUNT`.",
            runbook="accounts-held",
        )


def _notifications(snapshot: Snapshot, objectives: Objectives) -> Iterator[Problem]:
    told = snapshot.notifications
    if told is None:
        return
    if told.failed_last_hour >= objectives.failed_an_hour:
        yield Problem(
            part="notifications",
            what=f"{counted(told.failed_last_hour, 'message')} could not be sent in the last hour",
            since=None,
            next_step="`headway notify failed list` names the provider's answers; once mended, "
            "`headway notify failed replay` sends them again.",
            runbook="send-failures",
        )
    for pause in told.paused:
        if (snapshot.at - pause.paused_at).total_seconds() > objectives.paused_seconds:
            yield Problem(
                part="notifications",
                what=f"Sending on {pause.road} is paused by {pause.paused_by}: {pause.why}",
                since=pause.paused_at,
                next_step="`headway notify resume` if the reason is gone.",
                runbook="send-failures",
            )
