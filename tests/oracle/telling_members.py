"""Which messages a history calls for, and whether what was decided keeps to the programme's word.

What an account was at each version is held to the oracle elsewhere; here it is taken as published,
with the ledger's notices, and judged by the programme file's `messages` alone.
"""

import hashlib
import json
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from tests.oracle.being_so import untimely, untrue
from tests.oracle.days import add_months, end_of, local_day, start_of
from tests.oracle.published import Published
from tests.oracle.records import Record, moment

SERVICE = (
    "welcome", "reward_used", "certificate_issued", "points_taken_back", "points_expiring",
    "programme_change",
)  # fmt: skip
_MAY_BE_OVERTAKEN = ("reward_ready", "tier_changed", "tier_at_risk", "points_expiring")
"""What can stop being so before it is sent: when something came after it, it need not be. Of a
certificate it is known whether it stopped: it is held no more."""
_HEARD = ("event", "effect", "redemption", "transfer")
_NOTICES = {
    "points.expiring.v1": "points_expiring",
    "tier.at-risk.v1": "tier_at_risk",
    "tier.changed.v1": "tier_changed",
}
Key = tuple[str, str, str]
"""Member, kind, cause."""


@dataclass(frozen=True)
class Manners:
    """The file's `messages`, and what of the file they lean on."""

    name: str
    zone: ZoneInfo
    told: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kinds(self) -> Sequence[str]:
        """The messages there are."""
        kinds = self.told.get("kinds", ["progress"])
        return [kinds] if isinstance(kinds, str) else list(kinds)

    def hour(self, name: str, of: str = "") -> time | None:
        """A time of day in the file."""
        told = self.told.get(name)
        written = told.get(of) if of and told else told
        return None if written is None else time.fromisoformat(written)


@dataclass(frozen=True)
class Call:
    """A message that is called for: when it is decided, the day that it is about; of a notice,
    what it says."""

    at: datetime
    day: date
    said: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Decided:
    """What became of a message, as notify has it; `place` is the epoch and version told of."""

    state: str
    send_at: datetime | None
    why_not: str
    place: tuple[int, int] = (0, 0)


def calls(
    histories: Mapping[str, Sequence[Published]], records: Iterable[Record], manners: Manners
) -> dict[Key, Call]:
    """Every message that the history calls for."""
    found: dict[Key, Call] = {}
    for member, history in histories.items():
        for kind, cause, call in _of_changes(history, manners):
            found.setdefault((member, kind, cause), call)
    for record in records:
        if record.topic == "member-notices" and record.value is not None:
            told = json.loads(record.value)
            kind, about = _NOTICES.get(told["type"], ""), told["data"]
            if kind in manners.kinds and about.get("tier_from", "some"):
                name = told["id"][len(about["member_id"]) + 1 :].split(":", 1)[1]
                at = moment(told["time"])
                call = Call(at, local_day(at, manners.zone), about)
                found.setdefault((about["member_id"], kind, name), call)
    return found


def _of_changes(history: Sequence[Published], manners: Manners) -> Iterable[tuple[str, str, Call]]:
    before: Mapping[str, Any] = {}
    for one in history:
        now, day = one.claims, local_day(one.time, manners.zone)
        heard = one.kind in _HEARD and one.source != "headway/import"
        here, call = f"{one.epoch}.{one.version}", Call(one.time, day)
        wanted: list[tuple[str, str, Call]] = []
        if now.get("moved"):
            yield from _statement(one, manners)
        if heard and _worth_a_word(before, now, manners):
            if manners.told.get("progress", {}).get("digest", "day") == "day":
                wanted.append(("progress", str(day), Call(end_of(day, manners.zone), day)))
            else:
                wanted.append(("progress", here, call))
        if (
            heard
            and one.kind == "event"
            and now["joined_at"]
            and moment(now["joined_at"]) == one.time
        ):
            wanted.append(("welcome", "joined", call))
        new = [r for r in now["rewards_ready"] if r not in before.get("rewards_ready", ())]
        if heard and new:
            wanted.append(("reward_ready", f"{new[-1]}@{here}", call))
        if heard and now.get("redeemed"):
            wanted.append(("reward_used", now["redeemed"]["redemption_id"], call))
        if heard and now.get("clawed_back"):
            wanted.append(("points_taken_back", here, call))
        if heard and one.kind == "effect" and (now.get("moved") or {}).get("earn", 0) > 0:
            wanted.append(("referral_thanks", here, call))
        if one.source != "headway/import":
            for certificate in now.get("issued") or ():
                wanted.append(("certificate_issued", certificate["redemption_id"], call))
        yield from (one for one in wanted if one[0] in manners.kinds)
        before = now


def _statement(one: Published, manners: Manners) -> Iterable[tuple[str, str, Call]]:
    if "statement" not in manners.kinds:
        return
    months = manners.told.get("statement_months", 1)
    day = local_day(one.account_time, manners.zone)
    first = date(day.year, day.month - (day.month - 1) % months, 1)
    after = add_months(first, months)
    yield "statement", str(first), Call(start_of(after, manners.zone), after - timedelta(days=1))


def _worth_a_word(before: Mapping[str, Any], now: Mapping[str, Any], manners: Manners) -> bool:
    told = manners.told.get("progress", {})
    every, last = told.get("every_percent", 0), told.get("last_percent", 0)
    if not (every or last) or not before:
        return True
    (goal, had), (next_, has) = _way(before), _way(now)
    if goal != next_:
        return True
    near = bool(last) and has >= 100 - last and has != had
    return near or (bool(every) and has // every > had // every)


def _way(told: Mapping[str, Any]) -> tuple[str, int]:
    goal = told.get("goal") or told["next_reward"]
    if goal is None:
        return "", 100
    return goal["id"], max(goal["points"] - goal["missing"], 0) * 100 // goal["points"]


def held_out(member: str, manners: Manners) -> bool:
    """Whether marketing is kept from a member, so that it can be measured."""
    number = hashlib.sha256(f"{manners.name}\0{member}".encode()).digest()[:8]
    share = int(manners.told.get("holdout_percent", 0))
    return int.from_bytes(number, "big") % 100 < share


def check(
    wanted: Mapping[Key, Call], decided: Mapping[Key, Decided], manners: Manners,
    zones: Mapping[str, str], left: Mapping[str, datetime | None], until: datetime,
    latest: Mapping[str, datetime] | None = None, held: Mapping[str, Sequence[str]] | None = None,
) -> list[str]:  # fmt: skip
    """Problems: what was not decided, or otherwise than the programme says. `zones` of members who
    have a contact; `until` is how far notify's clock came; `latest`: each member's last change;
    `held`: the certificates that each has in the end."""
    due = {key: call for key, call in wanted.items() if call.at <= until}
    problems = [f"message {key}: never decided" for key in sorted(due.keys() - decided.keys())]
    problems += [f"message {key}: not called for" for key in sorted(decided.keys() - wanted.keys())]
    sends, counted = _marketing(decided), _marketing(decided, dropped=True)
    for key, call in due.items():
        became = decided.get(key)
        gone = key[1] == "certificate_issued" and key[2] not in (held or {}).get(key[0], ())
        if became is not None and not _overtaken(key, call, became, latest or {}, gone=gone):
            wrong = _wrong(key, call, became, manners, zones, left, counted.get(key[0], []))
            problems += [f"message {key}: {wrong}"] if wrong else []
    return problems + _above_cap(sends, manners)


def _overtaken(
    key: Key, call: Call, became: Decided, latest: Mapping[str, datetime], *, gone: bool
) -> bool:
    """Whether it was dropped before it went, and there was something to overtake it. `gone`: it
    told of a certificate that was taken back."""
    if became.state != "skipped" or not became.why_not.startswith("overtaken"):
        return False
    changed = latest.get(key[0])
    return gone or (key[1] in _MAY_BE_OVERTAKEN and changed is not None and changed > call.at)


def _marketing(
    decided: Mapping[Key, Decided], *, dropped: bool = False
) -> dict[str, list[datetime]]:
    """When marketing may go to each member; `dropped`: also what was to go and then overtaken,
    which had its place under the cap when others were decided."""
    sends: dict[str, list[datetime]] = defaultdict(list)
    for (member, kind, _), one in decided.items():
        if kind not in SERVICE and one.send_at is not None and (dropped or one.state != "skipped"):
            sends[member].append(one.send_at)
    return {member: sorted(times) for member, times in sends.items()}


def _wrong(
    key: Key, call: Call, became: Decided, manners: Manners, zones: Mapping[str, str],
    left: Mapping[str, datetime | None], sends: Sequence[datetime],
) -> str:  # fmt: skip
    member, kind, _ = key
    gone = left.get(member)
    if member not in zones or (kind not in SERVICE and held_out(member, manners)):
        return "" if became.state == "skipped" else f"{became.state}, must not be sent"
    if became.state == "skipped":
        if gone is not None and local_day(gone, manners.zone) <= call.day:
            return ""
        cap = manners.told.get("cap")
        if kind in SERVICE or cap is None:
            return f"skipped: {became.why_not}"
        since = call.at - timedelta(days=cap.get("days", 7))
        near = len(sends) - bisect_left(sends, since)
        return (
            "" if near >= cap["messages"] else f"skipped, though only {near} went: {became.why_not}"
        )
    if became.send_at is None or became.send_at < call.at:
        return f"may go at {became.send_at}, before it is due at {call.at}"
    return _at_a_bad_time(kind, became.send_at, manners, zones[member])


def _at_a_bad_time(kind: str, at: datetime, manners: Manners, zone: str) -> str:
    shown = at.astimezone(ZoneInfo(zone) if zone else manners.zone).time()
    start, end = manners.hour("quiet", "from"), manners.hour("quiet", "until")
    if start is not None and end is not None:
        overnight = shown >= start or shown < end
        if (start <= shown < end) if start < end else overnight:
            return f"may go at {shown}, in quiet hours"
    hour = manners.hour("send_at")
    if hour is not None and kind not in SERVICE and shown != hour:
        return f"may go at {shown}, not at {hour}"
    return ""


def _above_cap(sends: Mapping[str, Sequence[datetime]], manners: Manners) -> list[str]:
    cap = manners.told.get("cap")
    if cap is None:
        return []
    window = timedelta(days=cap.get("days", 7))
    return [
        f"member {member}: {bisect_right(times, at) - bisect_right(times, at - window)} in the"
        f" {window.days} days before {at}, above the cap"
        for member, times in sends.items()
        for at in times
        if bisect_right(times, at) - bisect_right(times, at - window) > cap["messages"]
    ]


def manners_of(text: str) -> Manners | None:
    """The file's `messages`; None for a file that says nothing of them."""
    told = yaml.safe_load(text)
    if "messages" not in told:
        return None
    return Manners(told["name"], ZoneInfo(told["zone"]), told["messages"])


def check_messages(
    engine: Mapping[str, Any], records: Sequence[Record], text: str,
    histories: Mapping[str, Sequence[Published]], until: datetime,
) -> list[str]:  # fmt: skip
    """Everything in which notify's decisions differ from what the programme's file says."""
    manners = manners_of(text)
    if manners is None:
        return []
    decided = {
        (member, kind, cause): Decided(
            state, None if at is None else datetime.fromisoformat(at), why_not, (epoch, version)
        )
        for member, kind, cause, state, at, why_not, epoch, version in engine["messages"]
        if state != "due"
    }
    left = {
        member: None if (at := history[-1].claims["left_at"]) is None else moment(at)
        for member, history in histories.items()
        if history
    }
    wanted = calls(histories, records, manners)
    ends = {member: history[-1] for member, history in histories.items() if history}
    latest = {member: end.time for member, end in ends.items()}
    held = {member: end.claims.get("certificates") or () for member, end in ends.items()}
    zones = zones_in(records)
    return (
        check(wanted, decided, manners, zones, left, until, latest, held)
        + untrue(decided, wanted, histories)
        + untimely(records, text)
    )


def zones_in(records: Iterable[Record]) -> dict[str, str]:
    """Where the clocks of members hang who have a contact; '' where that is not told."""
    zones: dict[str, str] = {}
    for record in records:
        if record.topic != "member-contacts":
            continue
        if record.value is None:
            zones.pop((record.key or b"").decode(), None)
        else:
            told = json.loads(record.value)["data"]
            zones[told["member_id"]] = told.get("zone", "")
    return zones
