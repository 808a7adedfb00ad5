"""The oracle finds what is wrong: each tampering with a right set of books is told."""

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.oracle import records
from tests.oracle.commands import Command
from tests.oracle.comparing import check_mails, compare
from tests.oracle.computing import Result, compute
from tests.oracle.records import Record
from tests.oracle.telling import DOLLAR, program

WELCOME = {"id": "welcome", "on": "member.joined", "award": {"points": 20}}
PROGRAMME = program(
    {**DOLLAR, "pending_days": 14},
    WELCOME,
    rewards=[{"id": "five", "name": "$5 off", "points": 100, "value": "5.00 USD"}],
)
JOINED, PAID = "2026-05-01T14:00:00Z", "2026-05-01T15:00:00Z"
LINE = {"line_id": "1", "sku": "s", "quantity": 1, "amount": 3000}


def record(topic: str, offset: int, value: object) -> Record:
    """One record of member ada."""
    text = json.dumps(value).encode()
    sent = datetime(2026, 5, 2, tzinfo=UTC)
    return Record(topic, 0, offset, sent, b"ada", text, {})


def event(kind: str, id_: str, time: str, **data: Any) -> dict[str, Any]:
    """One CloudEvent about ada."""
    return {
        "specversion": "1.0",
        "type": f"{kind}.v1",
        "source": "shop",
        "id": id_,
        "subject": "ada",
        "time": time,
        "data": {"member_id": "ada", **data},
    }


def published(version: int, cause: str, time: str, pending: int) -> dict[str, Any]:
    """What Headway says of ada after one cause."""
    return event(
        "balance.changed",
        f"ada:1:{version}",
        time,
        epoch=1,
        version=version,
        cause={"source": "shop", "id": cause, "kind": "event", "time": time},
        account_time=time,
        pending=pending,
        available=20,
        reserved=0,
        owed=0,
        tier="club",
        saved={},
        rewards_ready=[],
        next_reward={"id": "five", "points": 100, "missing": 80},
    )


ORDER = event("order.paid", "paid", PAID, order_id="o", currency="USD", lines=[LINE])
TOPICS = [
    record("members", 0, event("member.joined", "joined", JOINED)),
    record("orders", 0, ORDER),
    record("orders", 1, ORDER),  # sent twice
    record("orders", 2, {"specversion": "1.0"}),  # nothing anyone can read
    record("member-contacts", 0, event("contact.updated", "c", JOINED, email="a@b.c", name="Ada")),
    record("balance-changed", 0, published(1, "joined", JOINED, 0)),
    record("balance-changed", 1, published(2, "paid", PAID, 30)),
    record("balance-changed", 2, published(2, "paid", PAID, 30)),
    # Somebody joins later: the first of May is over.
    record("balance-changed", 3, published(1, "other", "2026-05-03T00:00:00Z", 0)),
]
ENGINE: dict[str, Any] = {
    "accounts": [
        {
            "member_id": "ada",
            "pending": 30,
            "available": 20,
            "reserved": 0,
            "owed": 0,
            "tier": "club",
            "version": 2,
            "saved": {},
        }
    ],
    "awards": [
        ["ada", "welcome", "welcome", "", 20_000_000, 0],
        ["ada", "base", "order:o", "1", 30_000_000, 0],
    ],
    "inputs": [["shop", "joined", "ada", "applied"], ["shop", "paid", "ada", "applied"]],
    "dead_letters": [["orders", 0, 2, "missing-attribute"]],
    "notifications": [["ada", "2026-05-01", "sent"]],
    "holders": [],
}
MAIL = {
    "member_id": "ada",
    "business_day": "2026-05-01",
    "epoch": 1,
    "version": 2,
    "facts": {
        "ready": [],
        "saved": {},
        "next": {"id": "five", "points": 100, "missing": 80},
        "goal": None,
    },
}


def result(topics: list[Record], *, restored: bool = False) -> Result:
    return compute(topics, [], [PROGRAMME], restored=restored)


def of_ada() -> list[Record]:
    """The records, the last of them about somebody else."""
    *ada, last = copy.deepcopy(TOPICS)
    assert last.value is not None
    value = json.loads(last.value.replace(b"ada", b"eve"))
    value["data"]["joined_at"] = value["time"]
    joined = event("member.joined", "other", value["time"])
    told = [json.dumps(one).replace("ada", "eve").encode() for one in (value, joined)]
    return [
        *ada,
        Record("balance-changed", 1, 0, last.sent, b"eve", told[0], {}),
        Record("members", 1, 0, datetime(2026, 5, 4, tzinfo=UTC), b"eve", told[1], {}),
    ]


def engine() -> dict[str, Any]:
    """Books that are right."""
    right = copy.deepcopy(ENGINE)
    right["accounts"].append(
        {**right["accounts"][0], "member_id": "eve", "pending": 0, "version": 1}
    )
    right["awards"].append(["eve", "welcome", "welcome", "", 20_000_000, 0])
    right["inputs"].append(["shop", "other", "eve", "applied"])
    return right


def test_books_that_are_right_have_no_differences() -> None:
    assert compare(engine(), result(of_ada())) == []


def change(*path: Any, to: Any) -> Callable[[dict[str, Any]], None]:
    """A tampering: one value in the books is another."""

    def tamper(books: dict[str, Any]) -> None:
        *way, last = path
        place: Any = books
        for step in way:
            place = place[step]
        place[last] = to

    return tamper


def drop(table: str) -> Callable[[dict[str, Any]], None]:
    """A tampering: the first row of a table is gone."""
    return lambda books: books[table].pop(0)


TAMPERINGS = {
    "pending": change("accounts", 0, "pending", to=29),
    "available": change("accounts", 0, "available", to=21),
    "reserved": change("accounts", 0, "reserved", to=1),
    "owed": change("accounts", 0, "owed", to=-1),
    "tier": change("accounts", 0, "tier", to="gold"),
    "saved": change("accounts", 0, "saved", to={"USD": 500}),
    "an account gone": drop("accounts"),
    "an award gone": drop("awards"),
    "an award of another size": change("awards", 1, 4, to=31_000_000),
    "an award taken back": change("awards", 1, 5, to=1),
    "an input gone": drop("inputs"),
    "an input too many": lambda b: b["inputs"].append(["shop", "x", "ada", "nothing"]),
    "an input of another": change("inputs", 0, 2, to="eve"),
    "an input parked": change("inputs", 0, 3, to="parked"),
    "a dead letter gone": drop("dead_letters"),
    "a dead letter too many": lambda b: b["dead_letters"].append(["orders", 0, 1, "not-json"]),
    "a mail gone": drop("notifications"),
    "a mail too many": lambda b: b["notifications"].append(["ada", "2026-05-02", "sent"]),
    "a mail not sent": change("notifications", 0, 2, to="failed"),
}


@pytest.mark.parametrize("tamper", TAMPERINGS.values(), ids=TAMPERINGS.keys())
def test_each_tampering_with_the_books_is_told(tamper: Callable[[dict[str, Any]], None]) -> None:
    books = engine()
    tamper(books)
    assert compare(books, result(of_ada()))


CLAIMS = {
    "pending": 31,
    "available": 19,
    "owed": -1,
    "tier": "gold",
    "saved": {"USD": 1},
    "rewards_ready": ["five"],
    "next_reward": {"id": "five", "points": 100, "missing": 70},
}


@pytest.mark.parametrize("name", CLAIMS)
def test_each_wrong_claim_that_was_published_is_told(name: str) -> None:
    wrong = published(2, "paid", PAID, 30)
    wrong["data"][name] = CLAIMS[name]
    topics = of_ada()
    topics[6] = topics[7] = record("balance-changed", 1, wrong)
    assert result(topics).problems


def test_versions_that_are_missing_or_unlike_are_told() -> None:
    topics = of_ada()
    assert "versions have gaps" in str(result([*topics[:5], *topics[6:]]).problems)
    unlike = published(2, "paid", PAID, 31)
    topics[7] = record("balance-changed", 2, unlike)
    assert "not alike" in str(result(topics).problems)


def test_a_restore_undoes_what_was_told_after_it_and_commands_of_then_are_lost() -> None:
    topics = of_ada()
    again = json.loads(json.dumps(published(2, "paid", PAID, 30)).replace("ada:1:", "ada:2:"))
    again["data"]["epoch"] = 2
    topics += [record("balance-changed", 3, published(3, "lost", PAID, 0)),
               record("balance-changed", 4, again)]  # fmt: skip
    assert compare(engine(), result(topics, restored=True)) == []
    assert "did not happen" in str(result(topics).problems)
    lost = Command("ada", "r", "reserve", "five", 100, 500, "USD", datetime.now(UTC), "key")
    told = compute(topics, [lost], [PROGRAMME], restored=True)
    assert told.lost == [("headway/redeem", "key")]
    assert "never published" in str(compute(topics, [lost], [PROGRAMME]).problems)


def test_an_input_that_should_have_changed_something_is_told() -> None:
    topics = [one for at, one in enumerate(of_ada()) if at not in (6, 7)]
    assert "should have changed something" in str(result(topics).problems)


def test_a_cause_that_nobody_sent_is_told() -> None:
    topics = [one for at, one in enumerate(of_ada()) if at not in (1, 2)]
    assert "nobody sent it" in str(result(topics).problems)


def test_a_right_mail_is_right() -> None:
    assert check_mails([MAIL], result(of_ada())) == ([], {})


@pytest.mark.parametrize(
    "wrong",
    [
        {"business_day": "2026-05-02"},
        {"version": 3},
        {"member_id": "eve"},
        {"facts": {**MAIL["facts"], "ready": ["five"]}},  # type: ignore[dict-item]
        {"facts": {**MAIL["facts"], "saved": {"USD": 500}}},  # type: ignore[dict-item]
        {"facts": {**MAIL["facts"], "next": None}},  # type: ignore[dict-item]
        {"facts": {**MAIL["facts"], "goal": MAIL["facts"]["next"]}},  # type: ignore[dict-item,index]
    ],
)
def test_each_wrong_mail_is_told(wrong: dict[str, Any]) -> None:
    problems, _ = check_mails([{**MAIL, **wrong}], result(of_ada()))
    assert problems


def test_mails_that_came_twice_or_never_are_counted() -> None:
    _, twice = check_mails([MAIL, MAIL], result(of_ada()))
    assert list(twice.values()) == [2]
    problems, _ = check_mails([], result(of_ada()))
    assert "never sent" in str(problems)


def test_dumps_are_read_as_they_are_written(tmp_path: Path) -> None:
    row = {"topic": "test.orders", "partition": 3, "offset": 4, "timestamp": 0, "headers": []}
    (tmp_path / "a.jsonl").write_text(
        json.dumps({**row, "key": "ada", "value_base64": "/w=="})
        + "\n"
        + json.dumps({**row, "topic": "test.earn-dead-letters", "key": None, "value": None})
        + "\n"
    )
    (only,) = records.load(tmp_path)
    assert (only.coordinates, only.key, only.value) == (("orders", 3, 4), b"ada", b"\xff")
