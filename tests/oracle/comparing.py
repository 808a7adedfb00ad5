"""The engine's books and mails against what must be so."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from tests.oracle import commands
from tests.oracle.computing import Awards, Result
from tests.oracle.facts import mailed, savings
from tests.oracle.records import TOPICS

# What the engine decides on by itself: nobody sent these.
OWN_SOURCES = ("headway/jobs", "headway/admin", "headway/moves")
# What has come from another member is no award, and is worth nothing exactly.
_MOVED = ("transfer", "pool")


def compare(engine: Mapping[str, Any], result: Result) -> list[str]:
    """Every difference between a dump of the engine and the oracle, as a line for people."""
    return [
        *result.problems,
        *_accounts(engine["accounts"], result),
        *_awards(engine["awards"], result),
        *_inputs(engine["inputs"], result),
        *_dead_letters(engine["dead_letters"], result),
        *_notifications(engine.get("notifications"), result),
    ]


def _accounts(accounts: Iterable[Mapping[str, Any]], result: Result) -> list[str]:
    problems, seen = [], set()
    for theirs in accounts:
        member_id = theirs["member_id"]
        seen.add(member_id)
        member = result.members.get(member_id)
        if member is None:
            problems.append(f"{member_id}: has an account, and nothing that happened to it")
            continue
        ours: dict[str, object] = {
            "pending": member.pending,
            "available": member.available,
            "reserved": member.reserved,
            "owed": member.owed,
            "tier": member.tier,
        }
        for name, value in ours.items():
            if theirs[name] != value:
                problems.append(f"{member_id}: {name} {theirs[name]}, not {value}")
        if savings(theirs["saved"]) != savings(member.saved):
            problems.append(f"{member_id}: saved {theirs['saved']}, not {member.saved}")
    problems += [f"{id_}: has no account" for id_ in sorted(result.members.keys() - seen)]
    return problems


def _awards(awards: Iterable[Sequence[Any]], result: Result) -> list[str]:
    """Rows of (member, rule, award, line id or '', millionths given, millionths taken back)."""
    theirs: Awards = {}
    for member, rule, award, line_id, given, taken in awards:
        if rule in _MOVED and award.startswith(f"{rule}:") and given == taken == 0:
            continue
        key = member, rule, _what(award, rule, line_id)
        before = theirs.get(key, (0, 0))
        theirs[key] = before[0] + given, before[1] + taken
    return [
        f"award {key}: exact and taken back {theirs.get(key)}, not {result.awards.get(key)}"
        for key in sorted(theirs.keys() | result.awards.keys())
        if theirs.get(key) != result.awards.get(key)
    ]


def _what(award: str, rule: str, line_id: str) -> str:
    """What an award was for, in the oracle's words."""
    kind, _, id_ = award.partition(":")
    if kind == "order":
        return f"order:{id_}:{line_id}"
    if kind == "effect":
        referral, _, order_id = f"{id_}:".rpartition(f":{rule}:")
        return f"referral:{referral}" + (f":{order_id.rstrip(':')}" if order_id else "")
    if kind == "birthday":
        return f"birthday:{id_[:4]}"
    if kind == "welcome":
        return "joined"
    return "activity" if kind == "activity" else award


def _inputs(inputs: Iterable[Sequence[Any]], result: Result) -> list[str]:
    """Rows of (source, id, member, outcome). A refused command was told so, and changed nothing."""
    theirs = {
        (source, id_): (member, outcome)
        for source, id_, member, outcome in inputs
        if source not in OWN_SOURCES and (source, outcome) != (commands.SOURCE, "refused")
    }
    problems = [f"input {key}: not in the log" for key in sorted(result.inputs.keys() - theirs)]
    problems += [f"input {key}: nobody sent it" for key in sorted(theirs.keys() - result.inputs)]
    for key, (member, outcome) in theirs.items():
        if result.inputs.get(key, member) != member:
            problems.append(f"input {key}: of {member}, not of {result.inputs[key]}")
        if (outcome == "parked") != (key in result.parked):
            problems.append(f"input {key}: {outcome}, parked here: {key in result.parked}")
    return problems


def _dead_letters(dead_letters: Iterable[Sequence[Any]], result: Result) -> list[str]:
    """Rows of (topic, partition, offset, reason)."""
    theirs = {(_short(topic), at, offset): reason for topic, at, offset, reason in dead_letters}
    problems = [f"dead letter {at}: missing" for at in sorted(result.dead_letters - theirs.keys())]
    return problems + [
        f"dead letter {at}: {theirs[at]}, should have been applied"
        for at in sorted(theirs.keys() - result.dead_letters)
    ]


def _short(topic: str) -> str:
    return next((name for name in TOPICS if topic == name or topic.endswith("." + name)), topic)


def _notifications(rows: Iterable[Sequence[Any]] | None, result: Result) -> list[str]:
    """Rows of (member, business day, state); None when notify did not run."""
    if rows is None:
        return []
    decided = {(m, date.fromisoformat(day)): state for m, day, state in rows if state != "due"}
    problems = [f"mail {key}: never decided" for key in sorted(result.due.keys() - decided)]
    allowed = result.due.keys() | result.due_before_restore | result.due_as_known
    sent = {key for key, state in decided.items() if state != "skipped"}  # who has left is skipped
    problems += [f"mail {key}: not due" for key in sorted(sent - allowed)]
    for key, state in decided.items():
        expected = ("sent",) if key[0] in result.contacts else ("skipped",)
        if key in result.due and state not in expected:
            problems.append(f"mail {key}: {state}, not {expected[0]}")
    return problems


def check_told(
    mails: Iterable[Mapping[str, Any]], engine: Mapping[str, Any], result: Result
) -> tuple[list[str], dict[str, int]]:
    """As `check_mails`, where the programme has messages of many kinds: each mail is one that was
    decided, once, and says what the account was at its version."""
    problems: list[str] = []
    counted: Counter[str] = Counter()
    kinds: Counter[tuple[str, str]] = Counter()
    for mail in mails:
        counted[mail["message_id"]] += 1
        if counted[mail["message_id"]] == 1:
            kinds[mail["member_id"], mail["kind"]] += 1
        place = mail["member_id"], mail["epoch"], mail["version"]
        stated = mailed(mail["facts"])
        if place not in result.facts:
            problems.append(f"mail {mail['message_id']}: names {place}, which was not published")
        elif stated != result.facts[place]:
            problems.append(f"mail {mail['message_id']}: says {stated}, not {result.facts[place]}")
    sent = Counter((m, kind) for m, kind, _, state, *_ in engine["messages"] if state == "sent")
    problems += [
        f"mails {key}: {kinds[key]} came, {sent[key]} were sent"
        for key in sorted(kinds.keys() | sent.keys())
        if kinds[key] != sent[key]
    ]
    return problems, {key: count for key, count in counted.items() if count > 1}


def check_mails(
    mails: Iterable[Mapping[str, Any]], result: Result
) -> tuple[list[str], dict[tuple[str, date], int]]:
    """Problems with the mails that the mail server kept, and the mails that came more than once.

    Each mail: member_id, business_day, epoch, version, facts (ready, saved, next, goal).
    """
    problems: list[str] = []
    counted: Counter[tuple[str, date]] = Counter()
    for mail in mails:
        key = mail["member_id"], date.fromisoformat(mail["business_day"])
        counted[key] += 1
        place = mail["member_id"], mail["epoch"], mail["version"]
        stated = mailed(mail["facts"])
        if place not in result.facts:
            problems.append(f"mail {key}: names version {place[1:]}, which was not published")
        elif stated != result.facts[place]:
            problems.append(f"mail {key}: says {stated}, not {result.facts[place]}")
        # What was due in a life that a restore ended may go out before it is due again: then with
        # the figures of the restored life, which are younger than the lost ones.
        again = key in result.due_before_restore
        if not again and mail["version"] < result.due.get(key, 0):
            problems.append(f"mail {key}: carries version {place[2]}, older than its own cause")
    wanted = {key for key in result.due if key[0] in result.contacts}
    problems += [f"mail {key}: never sent" for key in sorted(wanted - counted.keys())]
    allowed = wanted | result.due_before_restore | result.due_as_known
    problems += [f"mail {key}: not due" for key in sorted(counted.keys() - allowed)]
    return problems, {key: count for key, count in counted.items() if count > 1}
