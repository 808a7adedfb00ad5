"""headway report month: what finance reads, what machines read, and that wrong figures are kept."""

import csv
import io
import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from headway.local import Endpoints
from tests.cli.running import headway
from tests.conftest import in_database, run_apart
from tests.ledger.monthly import tell_a_year
from tests.ledger.tampering import execute, tamper


@pytest.fixture(scope="module")
def year(endpoints: Endpoints, template: str) -> Iterator[str]:
    """The DSN of a ledger that holds a year; nobody changes it."""
    name = f"year_{uuid.uuid4().hex[:12]}"
    server = endpoints.postgres_dsn
    run_apart(execute(server, f"create database {name} template {template}"))
    run_apart(tell_a_year(in_database(server, name)))
    yield in_database(server, name)
    run_apart(execute(server, f"drop database {name} with (force)"))


def cells(said: str, first: str) -> list[str]:
    """The figures of the line that begins so."""
    return next(line for line in said.splitlines() if line.startswith(first))[len(first) :].split()


def test_a_month_is_shown_so_that_it_adds_up(year: str) -> None:
    said = headway("report", "month", "2024-06", postgres_dsn=year)
    assert "Stride Shoes: points of 2024-06" in said
    head = ["opening", "issued", "redeemed", "expired", "reversed", "waived", "closing"]
    assert cells(said, "rule") == head
    assert cells(said, "all rules") == ["-50", "90", "-100", "0", "-90", "80", "-70"]
    assert cells(said, "base") == ["-80", "90", "-80", "-90", "80", "-80"]
    assert "outstanding at the end: 0 pending, 0 available, 0 held for rewards, 70 owed" in said
    assert "from 2024-06-01 00:00 to 2024-07-01 00:00 in America/New_York, by when it was" in said
    assert "what the accounts hold now: -70" in said
    assert "not closed yet" not in said
    said = headway("report", "month", "2025-04", "--by", "business", postgres_dsn=year)
    assert cells(said, "welcome") == ["20", "-20", "0"]
    assert "by business time" in said
    assert "what is heard of later still changes it" in said


def test_the_running_month_is_not_closed(busy_database: str) -> None:
    last = json.loads(headway("report", "month", "--json", postgres_dsn=busy_database))
    running = last["end"][:7]
    said = headway("report", "month", running, postgres_dsn=busy_database)
    assert "not closed yet: figures up to" in said
    machine = json.loads(headway("report", "month", running, "--json", postgres_dsn=busy_database))
    assert machine["closed"] is False
    assert machine["whole"]["members"] == machine["accounts_now"]


def test_machines_read_the_same_figures(year: str, tmp_path: Path) -> None:
    machine = json.loads(headway("report", "month", "2024-04", "--json", postgres_dsn=year))
    facts = [machine[name] for name in ("ok", "month", "zone", "start", "end", "by", "closed")]
    assert facts == [
        True, "2024-04", "America/New_York", "2024-04-01T04:00:00+00:00",
        "2024-05-01T04:00:00+00:00", "recorded", True,
    ]  # fmt: skip
    whole = machine["whole"]
    assert whole["movements"] == {
        "issued": 0, "redeemed": -100, "expired": 0, "reversed": -150, "moved": 0, "waived": 0,
        "donated": 0,
    }  # fmt: skip
    assert (whole["opening"], whole["closing"]) == (190, -60)
    assert whole["members"] == {"pending": 0, "available": 20, "reserved": 0, "owed": -80}

    text = headway("report", "month", "2024-04", "--csv", "-", postgres_dsn=year)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["level"], row["rule"]) for row in rows] == [
        ("programme", ""), *(("rule", line["rule"]) for line in machine["rules"]),
    ]  # fmt: skip
    for row, line in zip(rows, [whole, *machine["rules"]], strict=True):
        assert (row["programme"], row["month"], row["closed"]) == ("Stride Shoes", "2024-04", "yes")
        for name, points in {**line["movements"], "opening": line["opening"]}.items():
            assert int(row[name]) == points
        assert int(row["closing"]) == line["opening"] + sum(line["movements"].values())
    assert (rows[0]["available"], rows[0]["owed"], rows[1]["owed"]) == ("20", "-80", "")

    file = tmp_path / "april.csv"
    said = headway("report", "month", "2024-04", "--csv", str(file), postgres_dsn=year)
    assert said == f"{file} is written\n"
    assert file.read_text("utf-8") == text


def test_figures_that_do_not_tie_are_not_handed_out(busy_database: str, tmp_path: Path) -> None:
    run_apart(
        tamper(
            busy_database,
            "update points_events set points = points + 5 where kind = 'redeem'",
            rehash=True,
        )
    )
    file = tmp_path / "month.csv"
    said = headway("report", "month", "--csv", str(file), code=1, postgres_dsn=busy_database)
    assert "BROKEN reserved: " in said
    assert "run `headway verify`" in said
    assert "closing" not in said
    assert not file.exists()
    said = headway("report", "month", "--json", code=1, postgres_dsn=busy_database)
    machine, _ = json.JSONDecoder().raw_decode(said)
    assert machine["ok"] is False
    assert set(machine) == {"ok", "month", "problems"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("2024-6",), "'2024-6' is no month\n  -> write it with year and month, as in 2024-03"),
        (("9998-12",), "9998-12 has not begun in America/New_York\n  -> name a month that has"),
        (("2024-06", "--csv", "-", "--json"), "-> choose one"),
        (("2024-06", "--csv", "/dev/null/x.csv"), "/dev/null/x.csv cannot be written: "),
    ],
)
def test_what_cannot_be_done_says_what_to_do(
    year: str, arguments: tuple[str, ...], words: str
) -> None:
    assert words in headway("report", "month", *arguments, code=2, postgres_dsn=year)


def test_without_a_programme_there_is_no_month(database: str) -> None:
    said = headway("report", "month", code=2, postgres_dsn=database)
    assert "run `headway program publish FILE`" in said
