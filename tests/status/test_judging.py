"""From what is seen to what it means: each thing that needs a person, by name and next step."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from headway.status.judging import Anchor, Objectives, judged
from headway.status.runbook import anchor, rendered
from headway.status.snapshot import (
    DeadLetters,
    Group,
    Job,
    Notifications,
    Outbox,
    Partition,
    Pause,
    Refused,
    Snapshot,
    Unseen,
    VerifyRun,
)
from headway.status.words import away, duration, rate

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
OBJECTIVES = Objectives()


def ago(**parts: float) -> datetime:
    return NOW - timedelta(**parts)


def group(state: Any = "OK", lag: int = 0, seconds: float | None = 0, **more: Any) -> Group:
    known: dict[str, Any] = {"members": 1}
    return Group(group="earn", state=state, lag=lag, lag_seconds=seconds, **(known | more))


def part(state: Any, number: int = 0, seconds: float = 90) -> Partition:
    return Partition(
        topic="orders", partition=number, state=state, lag=5, lag_seconds=seconds, committed=1,
        applied=1, end=6, owner="",
    )  # fmt: skip


def job(**more: Any) -> Job:
    known: dict[str, Any] = {
        "job": "earn.settle", "last_at": ago(seconds=5), "outcome": "ok", "since": ago(hours=1),
        "next_at": ago(seconds=-5),
    }  # fmt: skip
    return Job(**(known | more))


def run(**more: Any) -> VerifyRun:
    known: dict[str, Any] = {"at": ago(hours=3), "ok": True, "scope": "ledger", "took_seconds": 2}
    return VerifyRun(**(known | more), release="1")


WELL = Snapshot(
    at=NOW, groups=(group(), group("OK", 7, 3.0)), outbox=Outbox(waiting=4, oldest_seconds=2),
    dead_letters=DeadLetters(waiting=0), jobs=(job(),), verify=run(), accounts_held=0,
    notifications=Notifications(
        paused=(Pause(road="mail", why="tests", paused_by="ann", paused_at=ago(hours=1)),),
        failed_last_hour=3,
    ),
)  # fmt: skip
LETTERS = DeadLetters(
    waiting=3,
    by_reason=(
        Refused(reason="not-json", topic="orders", count=1, first_at=ago(hours=2), last_at=NOW),
        Refused(reason="bad", topic="orders", count=2, first_at=ago(hours=1), last_at=NOW),
    ),
)
LONG_PAUSE = Pause(road="mail", why="a move", paused_by="ann", paused_at=ago(days=2))

WRONG: list[tuple[str, dict[str, Any], str, Anchor | None, datetime | None]] = [
    ("nobody reads", {"groups": (group("ERR", 9, 60, members=0),)},
     "earn has no members: nobody reads for it, and 9 records wait", "no-members",
     ago(seconds=60)),
    ("forgotten by Kafka", {"groups": (group(None, 500_000, None, members=None, in_kafka=False),)},
     "earn is not known to Kafka any more: nobody reads for it, and 500,000 records wait",
     "no-members", None),
    ("who knows how long", {"groups": (group("OK", 5, None),)},
     "earn is 5 records behind, and for how long cannot be told", "lag-seconds", None),
    ("went back, and one is stuck",
     {"groups": (group("ERR", 15, 90, partitions=(
         part("REWIND"), part("STALL", 1, 20), part("STOP", 2, 30), part("WARN", 3))),)},
     "earn stopped saying how far it is on orders-2: 5 records wait", "partition-stuck",
     ago(seconds=30)),
    ("stalled", {"groups": (group("ERR", 5, 90, partitions=(part("STALL"),)),)},
     "earn does not get on on orders-0: 5 records wait", "partition-stuck", ago(seconds=90)),
    ("many stopped",
     {"groups": (group("ERR", 25, 90, partitions=tuple(part("STOP", n) for n in range(5))),)},
     "earn stopped saying how far it is on orders-0, orders-1, orders-2 and 2 more: 25 records "
     "wait", "partition-stuck", ago(seconds=90)),
    ("rewound", {"groups": (group("ERR", 5, 90, partitions=(part("REWIND"),)),)},
     "earn went back to an earlier offset on orders-0: 5 records wait", "rewound",
     ago(seconds=90)),
    ("slow", {"groups": (group("WARN", 1234, 30),)},
     "earn reads more slowly than is written: 1,234 records behind and growing", "lag-growing",
     ago(seconds=30)),
    ("late", {"groups": (group("OK", 1, 125),)}, "earn is 2 min 5 s behind, by 1 record",
     "lag-seconds", ago(seconds=125)),
    ("late and slow", {"groups": (group("WARN", 10, 125),)},
     "earn is 2 min 5 s behind, by 10 records", "lag-growing", ago(seconds=125)),
    ("outbox", {"outbox": Outbox(waiting=2, oldest_seconds=61)},
     "2 messages wait to be published, the oldest for 1 min 1 s", "outbox-age", ago(seconds=61)),
    ("letters", {"dead_letters": LETTERS}, "3 dead letters wait, mostly bad from orders",
     "dead-letters", ago(hours=2)),
    ("broken", {"verify": run(ok=False, findings={"chains": 2})},
     "The books do not add up: chains 2 times", "verify-failed", ago(hours=3)),
    ("overdue", {"jobs": (job(next_at=ago(minutes=2), overdue_seconds=120),)},
     "The job earn.settle is overdue", "job-overdue", ago(minutes=2)),
    ("failing", {"jobs": (job(outcome="failed", trouble="OSError"),)},
     "The job earn.settle fails: OSError", "job-overdue", ago(hours=1)),
    ("held", {"accounts_held": 1}, "Jobs leave 1 account alone, as settling failed on it",
     "accounts-held", None),
    ("given up", {"notifications": Notifications(failed_last_hour=20)},
     "20 messages could not be sent in the last hour", "send-failures", None),
    ("long paused", {"notifications": Notifications(paused=(LONG_PAUSE,))},
     "Sending on mail is paused by ann: a move", "send-failures", ago(days=2)),
]  # fmt: skip


def test_nothing_wrong_is_well_and_says_so() -> None:
    found = judged(WELL, OBJECTIVES)
    assert (found.state, found.sentence, found.problems) == ("well", "All is well", ())


@pytest.mark.parametrize(("changes", "what", "runbook", "since"), [row[1:] for row in WRONG],
                         ids=[row[0] for row in WRONG])  # fmt: skip
def test_each_thing_is_told_with_since_when_and_what_to_do(
    changes: dict[str, Any], what: str, runbook: Anchor | None, since: datetime | None
) -> None:
    found = judged(WELL.model_copy(update=changes), OBJECTIVES)
    assert found.state == "attention"
    assert found.sentence == "1 thing needs a person"
    (problem,) = found.problems
    assert (problem.what, problem.runbook, problem.since) == (what, runbook, since)
    assert problem.next_step.endswith(".")


def test_a_group_that_was_never_started_is_told_unless_kafka_cannot_be_seen() -> None:
    found = judged(WELL, OBJECTIVES, ("earn", "notify"))
    assert [(problem.what, problem.runbook) for problem in found.problems] == [
        ("There is no group notify: nobody has ever read for it", "no-members"),
    ]
    assert judged(WELL, OBJECTIVES, ("earn",)).state == "well"
    blind = Snapshot(at=NOW, unseen=(Unseen(part="kafka", why="refused"),))
    assert [problem.part for problem in judged(blind, OBJECTIVES, ("earn",)).problems] == ["kafka"]


def test_what_cannot_be_seen_is_not_called_well_and_the_rest_is_still_told() -> None:
    unseen = (Unseen(part="kafka", why="refused"),)
    found = judged(Snapshot(at=NOW, unseen=unseen, dead_letters=LETTERS), OBJECTIVES)
    assert (found.state, found.sentence) == ("blind", "Kafka cannot be seen")
    assert [problem.part for problem in found.problems] == ["kafka", "dead_letters"]
    assert "HEADWAY_KAFKA_BOOTSTRAP" in found.problems[0].next_step
    assert found.problems[0].runbook == "lag-unknown"


def test_a_group_whose_commits_cannot_be_read_is_judged_by_its_lag_alone() -> None:
    assert (
        judged(WELL.model_copy(update={"groups": (group(None, 3, 9),)}), OBJECTIVES).problems == ()
    )
    late = judged(WELL.model_copy(update={"groups": (group(None, 3, 121),)}), OBJECTIVES)
    assert [problem.runbook for problem in late.problems] == ["lag-seconds"]


def test_every_section_that_is_named_is_in_the_runbook() -> None:
    text = (Path(__file__).parents[2] / "docs" / "operating.md").read_text("utf-8")
    sections = {anchor(line.lstrip("# ")) for line in text.splitlines() if line.startswith("#")}
    named = set(get_args(Anchor))
    assert named <= sections
    told = {row[3] for row in WRONG}
    assert told - {None} <= named


@pytest.mark.parametrize(("seconds", "said"), [
    (None, "-"), (0, "0 s"), (0.25, "0.2 s"), (8.0, "8 s"), (59.9, "59 s"), (60, "1 min"),
    (185, "3 min 5 s"), (7800, "2 h 10 min"), (86_400, "1 d"), (273_600, "3 d 4 h"),
])  # fmt: skip
def test_durations_as_people_say_them(seconds: float | None, said: str) -> None:
    assert duration(seconds) == said


def test_rates_and_moments_as_people_say_them() -> None:
    assert [rate(value) for value in (None, 0, 0.42, 1250.4)] == ["-", "0", "0.4", "1,250"]
    assert [away(value) for value in (0.3, 3, -17.5)] == ["now", "3 s ago", "in 17 s"]


def test_the_runbook_is_shown_with_its_anchors_and_without_links_that_lead_nowhere() -> None:
    text = rendered("## Lag growing\nSee [lag](lag.md), [below](#no-members) & <script>")
    assert '<h2 id="lag-growing">Lag growing</h2>' in text
    assert 'See lag, <a href="#no-members">below</a> &amp; &lt;script&gt;' in text
