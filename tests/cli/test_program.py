"""headway program: check, publish, show, diff and explain, as people run them."""

import asyncio
import json
from pathlib import Path

import asyncpg
import pytest

from tests.cli.running import headway

PROGRAMS = Path(__file__).parents[2] / "examples" / "programs"
SHOES = PROGRAMS / "shoes.yaml"


async def execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


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
        "program", "check", str(PROGRAMS / "coffee-stars.yaml")
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
        "program", "publish", str(PROGRAMS / "coffee-stars.yaml"), code=2, postgres_dsn=database
    )
    assert "a version never rewrites the past" in said
    assert "-> write `from: 2990-01-01T00:00:00.000001+00:00` or later" in said


def test_publishing_never_rewrites_what_was_decided(database: str, tmp_path: Path) -> None:
    headway("program", "publish", str(SHOES), postgres_dsn=database)
    asyncio.run(execute(database, "insert into accounts (member_id, account_time) "
                        "values ('m1', '2026-05-01T12:00:00Z'), ('m2', null)"))  # fmt: skip
    file = tmp_path / "next.yaml"
    for moment, code in (("2026-05-01T12:00:00Z", 2), ("2026-05-01T12:00:00.000001Z", 0)):
        file.write_text(SHOES.read_text("utf-8").replace("1990-01-01T00:00:00Z", moment))
        said = headway("program", "publish", str(file), code=code, postgres_dsn=database)
        if code:
            assert "the ledger has decided up to that moment" in said
            assert "-> write `from: 2026-05-01T12:00:00.000001+00:00` or later" in said
    assert headway("program", "publish", str(SHOES), postgres_dsn=database).endswith(
        "is version 1\n"
    ), "an identical file changes nothing, whenever it starts"


def test_warnings_are_told_apart_and_change_no_exit_code(tmp_path: Path) -> None:
    file = tmp_path / "odd.yaml"
    file.write_text(SHOES.read_text("utf-8").replace("months: 12", "days: 3"))
    said = headway("program", "check", str(file))
    assert f"{file}: ok, with 1 warning\n" in said
    assert (
        f"{file}:7: points.expiry: warning: points live for a shorter time than they are pending; "
        "lengthen the expiry" in said
    )
    machine = json.loads(headway("program", "check", str(file), "--json"))
    assert machine["ok"] is True
    assert [(one["line"], one["field"]) for one in machine["warnings"]] == [(7, "points.expiry")]
    assert json.loads(headway("program", "check", str(SHOES), "--json"))["warnings"] == []


# -- diff ------------------------------------------------------------------------------------------


def test_diff_of_two_files(tmp_path: Path) -> None:
    file = tmp_path / "next.yaml"
    text = SHOES.read_text("utf-8")
    file.write_text(text.replace('"1.5"', '"2"').replace("1990-", "2990-"))
    said = headway("program", "diff", str(SHOES), str(file), code=1)
    assert said.splitlines() == [
        f"{SHOES}, from 1990-01-01T00:00:00+00:00",
        f"-> {file}, from 2990-01-01T00:00:00+00:00",
        "- rule boots now gives 2 x the base (1 on top), was 1.5 x the base (0.5 on top)",
    ]
    machine = json.loads(headway("program", "diff", str(SHOES), str(file), "--json", code=1))
    assert (machine["same"], [one["about"] for one in machine["changes"]]) == (
        False, ["rule boots"],
    )  # fmt: skip
    assert "both mean the same" in headway("program", "diff", str(SHOES), str(SHOES))
    file.write_text(text.replace("zone:", "zones:"))
    assert "zone: is missing" in headway("program", "diff", str(SHOES), str(file), code=1)
    assert "cannot be read" in headway("program", "diff", str(SHOES), str(tmp_path), code=2)
    assert "1 they differ" in headway("program", "diff", "--help")


def test_diff_with_a_published_version(database: str, tmp_path: Path) -> None:
    headway("program", "publish", str(SHOES), postgres_dsn=database)
    file = tmp_path / "next.yaml"
    file.write_text(SHOES.read_text("utf-8").replace('"1.5"', '"2"'))
    assert "both mean the same" in headway(
        "program", "diff", "1", str(SHOES), postgres_dsn=database
    )
    assert "rule boots" in headway("program", "diff", "1", str(file), code=1, postgres_dsn=database)
    assert "choose one of: 1, or name a file" in headway(
        "program", "diff", "1", "7", code=2, postgres_dsn=database
    )


# -- explain ---------------------------------------------------------------------------------------

ORDER = {
    "specversion": "1.0", "id": "e1", "source": "shop", "type": "order.paid.v1", "subject": "m1",
    "time": "2026-05-01T12:30:00Z",
    "data": {
        "member_id": "m1", "order_id": "o1", "currency": "USD",
        "lines": [
            {"line_id": "1", "sku": "b-1", "category": "boots", "quantity": 1, "amount": 10000},
            {"line_id": "2", "sku": "card", "quantity": 1, "amount": 5000, "gift_card": True},
        ],
    },
}  # fmt: skip


def rules_of(said: str) -> dict[str, tuple[str, str, int]]:
    """(verdict, why, points) by rule."""
    return {
        one["rule"]: (one["verdict"], one["why"], one["points"])
        for one in json.loads(said)["rules"]
    }


def test_explain_for_a_new_member_needs_no_database(tmp_path: Path) -> None:
    event = tmp_path / "order.json"
    event.write_text(json.dumps(ORDER))
    given = ("program", "explain", "--event", str(event), "--program", str(SHOES))
    said = headway(*given)
    for words in (
        "order.paid at 2026-05-01T12:30:00+00:00, by Stride Shoes", "100 points", "50 points",
        "only tier Gold; the member is in Club", "together 150 points",
    ):  # fmt: skip
        assert words in said
    assert rules_of(headway(*given, "--json")) == {
        "base": ("gives", "", 100), "boots": ("gives", "", 50),
        "elite": ("no", "only tier Elite; the member is in Club", 0),
        "gold": ("no", "only tier Gold; the member is in Club", 0),
    }  # fmt: skip
    event.write_text(json.dumps({**ORDER, "type": "order.fulfilled.v1",
                                 "data": {"member_id": "m1", "order_id": "o1"}}))  # fmt: skip
    assert "no rule is on order.fulfilled, so it earns nothing" in headway(*given)


def test_explain_for_a_member_by_what_is_published(database: str, tmp_path: Path) -> None:
    event = tmp_path / "order.json"
    event.write_text(json.dumps(ORDER))
    given = ("program", "explain", "--event", str(event), "--member", "m7")
    assert "no member m7" in headway(*given, code=2, postgres_dsn=database)
    asyncio.run(
        execute(
            database,
            "insert into accounts (member_id, joined_at, tier) "
            "values ('m7', '2026-01-01T00:00:00Z', 'gold')",
        )
    )
    assert "no programme is published" in headway(*given, code=2, postgres_dsn=database)
    headway("program", "publish", str(SHOES), postgres_dsn=database)
    assert rules_of(headway(*given, "--json", postgres_dsn=database)) == {
        "base": ("gives", "", 100), "boots": ("gives", "", 50), "gold": ("gives", "", 25),
        "elite": ("no", "only tier Elite; the member is in Gold", 0),
    }  # fmt: skip


def test_explain_knows_the_member_s_purchases_caps_birthday_and_membership(
    database: str, tmp_path: Path
) -> None:
    event, program = tmp_path / "order.json", tmp_path / "program.yaml"
    event.write_text(json.dumps(ORDER))
    program.write_text(
        "name: T\nzone: UTC\nfrom: 2020-01-01T00:00:00Z\ncurrency: USD\nrules:\n"
        "  - {id: third, on: order.paid, when: {purchase: {number: 3}}, award: {points: 3}}\n"
        "  - {id: first, on: order.paid, when: {purchase: first}, award: {points: 1}}\n"
        "  - {id: day, on: order.paid, when: {birthday: month}, award: {points: 5}}\n"
        "  - {id: plan, on: order.paid, when: {membership: prime}, award: {points: 7}}\n"
        "  - {id: capped, on: order.paid, award: {points: 30}, cap: {points: 50, per: month}}\n"
        "membership: {plans: [{id: prime, name: Prime, months: 12, price: 139.00 USD}]}\n"
    )
    state = {
        "purchases": 2, "birthday": "05-20", "caps": {"capped:month": ["2026-05", 40_000_000, 2]},
        "membership": ["s1", "prime", "2026-01-01T00:00:00+00:00", "2027-01-01T00:00:00+00:00",
                       13900, "USD", False],
    }  # fmt: skip
    row = f"('m7', '2026-01-01T00:00:00Z', '{json.dumps(state)}')"
    asyncio.run(
        execute(database, f"insert into accounts (member_id, joined_at, state) values {row}")
    )
    said = headway(
        "program", "explain", "--event", str(event), "--member", "m7", "--program", str(program),
        "--json", postgres_dsn=database,
    )  # fmt: skip
    assert rules_of(said) == {
        "third": ("gives", "", 3), "day": ("gives", "", 5), "plan": ("gives", "", 7),
        "first": ("no", "only on the first purchase; this is the 3rd", 0),
        "capped": ("capped", "at most 50 points a month: 40 points so far; it would be 30 points",
                   10),
    }  # fmt: skip


def test_explain_at_another_time(tmp_path: Path) -> None:
    event, program = tmp_path / "order.json", tmp_path / "program.yaml"
    event.write_text(json.dumps(ORDER))
    program.write_text(
        SHOES.read_text("utf-8").replace("category: [boots]", "hours: {from: '17:00', to: '19:00'}")
    )
    given = ("program", "explain", "--event", str(event), "--program", str(program), "--json")
    assert rules_of(headway(*given))["boots"] == (
        "no", "only between 17:00 and 19:00; this is Friday 2026-05-01 08:30", 0,
    )  # fmt: skip
    happy = headway(*given, "--at", "2026-05-01T21:00:00Z")
    assert rules_of(happy)["boots"] == ("gives", "", 50)
    assert "write it like" in headway(*given, "--at", "yesterday", code=2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is no CloudEvents JSON"),
        ("[]", "is no CloudEvents JSON"),
        (json.dumps({**ORDER, "type": "order.paid.v9"}), "type"),
        (json.dumps({**ORDER, "data": {"member_id": "m1"}}), "order_id"),
    ],
)
def test_explain_of_what_is_no_event(tmp_path: Path, text: str, told: str) -> None:
    event = tmp_path / "event.json"
    event.write_text(text)
    said = headway("program", "explain", "--event", str(event), "--program", str(SHOES), code=2)
    assert told in said
    assert "->" in said
