"""headway program: check says what a file means or what is wrong with it; publish and show."""

import json
from pathlib import Path

import pytest

from tests.cli.running import headway

PROGRAMS = Path(__file__).parents[2] / "examples" / "programs"
SHOES = PROGRAMS / "shoes.yaml"


@pytest.mark.parametrize("file", sorted(PROGRAMS.glob("*.yaml")), ids=lambda file: file.name)
def test_every_example_is_right(file: Path) -> None:
    assert headway("program", "check", str(file)).endswith(f"{file}: ok\n")


def test_check_says_what_the_programme_means() -> None:
    said = headway("program", "check", str(SHOES))
    for words in (
        "1 point for every 1.00 USD", "after 14 days",
        "1.5 x the base (0.5 on top), category boots",
        "2 x the base (1 on top), tier Elite", "20 points for joining", "at once",
        "50 points to the referrer when a referred friend buys for the first time",
        "valid for 12 months from the day they can be spent, to the end of that month",
        "a return takes its points back; what is already spent is owed",
        "from 200.00 USD spent in a calendar year", "$10 off", "200", "10.00 USD",
    ):  # fmt: skip
        assert words in said
    assert "5 points for the activity own-cup" in headway(
        "program", "check", str(PROGRAMS / "coffee.yaml")
    )


def test_mistakes_are_told_with_file_line_field_and_fix(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    text = SHOES.read_text("utf-8").replace("zone: America/New_York", "zone: Mars/Olympus")
    file.write_text(text.replace("points: 100, value", "points: none, value"))
    said = headway("program", "check", str(file), code=1)
    assert f"{file}:4: zone: not an IANA time zone; write one such as America/New_York" in said
    line = next(n for n, row in enumerate(file.read_text().splitlines(), 1) if "id: five" in row)
    assert f"{file}:{line}: rewards.0.points: " in said
    machine = json.loads(headway("program", "check", str(file), "--json", code=1))
    assert [(problem["line"], problem["field"]) for problem in machine["problems"]] == [
        (4, "zone"), (line, "rewards.0.points"),
    ]  # fmt: skip


def test_a_file_that_is_not_there_is_another_exit_code(tmp_path: Path) -> None:
    said = headway("program", "check", str(tmp_path / "none.yaml"), code=2)
    assert "cannot be read" in said


def test_publish_and_show(database: str, tmp_path: Path) -> None:
    said = headway("program", "show", code=2, postgres_dsn=database)
    assert "run `headway program publish FILE`" in said
    for _ in range(2):
        said = headway("program", "publish", str(SHOES), postgres_dsn=database)
        assert said == f"{SHOES} is version 1\n"
    later = tmp_path / "later.yaml"
    later.write_text(SHOES.read_text("utf-8").replace("1990-01-01", "2990-01-01"))
    machine = json.loads(headway("program", "publish", str(later), "--json", postgres_dsn=database))
    assert machine == {"version": 2}
    said = headway("program", "show", postgres_dsn=database)
    assert "* version 1, from 1990-01-01" in said
    assert "  version 2, from 2990-01-01" in said
    shown = json.loads(
        headway("program", "show", "--version", "2", "--json", postgres_dsn=database)
    )
    assert (shown["versions"], shown["program"]["version"]) == ([1, 2], 2)
    assert "choose one of: 1, 2" in headway(
        "program", "show", "--version", "3", code=2, postgres_dsn=database
    )
    said = headway(
        "program", "publish", str(PROGRAMS / "coffee.yaml"), code=2, postgres_dsn=database
    )
    assert "versions never rewrite the past" in said
