"""A history of the reader's own, from a CSV file."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from headway.errors import UserError
from headway.local.history import file_history
from headway.local.history.happenings import SourceEvent

ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 5, 14, 12, tzinfo=UTC)
HEAD = "order_id,member_id,time,line_id,sku,category,quantity,line_total,currency"
BOUGHT = """\
o-1,ada,2026-05-01T10:00:00-04:00,1,boot-7,boots,2,120.50,USD
o-1,ada,2026-05-01T10:00:00-04:00,2,sock-1,,1,7,USD
o-2,ben,2026-05-02 11:30,1,kimono,silk,1,9000,JPY
"""
RETURNED = """\
o-1,ada,2026-05-03T10:00:00-04:00,1,boot-7,,-1,,USD
,ada,2026-05-04T10:00:00-04:00,,sock-1,,-1,-7.00,USD
"""


def read(folder: Path, rows: str, head: str = HEAD) -> list[SourceEvent]:
    path = folder / "orders.csv"
    path.write_text(f"{head}\n{rows}", encoding="utf-8")
    return file_history(path, zone=ZONE, now=NOW).events


def test_orders_and_returns_become_events(tmp_path: Path) -> None:
    events = [e for e in read(tmp_path, BOUGHT + RETURNED) if e.type.startswith("order.")]
    assert [event.type for event in events] == ["order.paid"] * 2 + ["order.refunded"] * 2
    first, other, returned, at_till = events
    assert first.member_id == "ada"
    assert first.time == datetime(2026, 5, 1, 14, tzinfo=UTC)
    lines = first.facts["lines"]
    assert isinstance(lines, list)
    assert [line["amount"] for line in lines] == [12050, 700]
    assert other.time == datetime(2026, 5, 2, 15, 30, tzinfo=UTC), "local time of the programme"
    assert "9000" in str(other.facts), "yen have no minor unit"
    assert returned.facts["order_id"] == "o-1"
    assert returned.facts["lines"] == [{"line_id": "1", "quantity": 1}]
    assert at_till.facts["order_id"] is None
    assert at_till.facts["lines"] == [{"sku": "sock-1", "quantity": 1}]


def test_buyers_join_and_can_be_reached_and_nothing_else_is_made_up(tmp_path: Path) -> None:
    events = read(tmp_path, BOUGHT + RETURNED)
    assert sorted({event.type for event in events}) == [
        "contact.updated",
        "member.joined",
        "order.paid",
        "order.refunded",
    ]
    assert sum(event.type == "member.joined" for event in events) == 2


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("o-9,ada,2026-05-01T10:00Z,1,s,c,none,1,USD", "line 5: quantity: 'none'"),
        ("o-9,ada,2026-05-01T10:00Z,1,s,c,0,1,USD", "line 5: quantity: '0'"),
        ("o-9,ada,2026-05-01,1,s,c,1,1,USD", "line 5: time: '2026-05-01'"),
        ("o-9,ada,2027-05-01T10:00Z,1,s,c,1,1,USD", "line 5: time: '2027"),
        ("o-9,ada,2026-05-01T10:00Z,1,s,c,1,1.005,USD", "line 5: line_total: '1.005'"),
        ("o-9,ada,2026-05-01T10:00Z,1,s,c,1,-1,USD", "line 5: line_total: '-1'"),
        ("o-9,ada,2026-05-01T10:00Z,1,s,c,1,1,usd", "line 5: currency: 'usd'"),
        ("o-9,,2026-05-01T10:00Z,1,s,c,1,1,USD", "line 5: member_id: ''"),
        (",ada,2026-05-01T10:00Z,1,s,c,1,1,USD", "line 5: order_id: ''"),
        ("o-1,ben,2026-05-01T14:00Z,3,s,c,1,1,USD", "line 5: member_id: differs"),
        ("o-1,ada,2026-05-01T14:00Z,2,s,c,1,1,USD", "line 5: line_id: '2' is there twice"),
        ("o-8,ada,2026-05-01T14:00Z,1,s,c,-1,1,USD", "line 5: order_id: the file has no purchase"),
        ("o-2,ada,2026-05-05T14:00Z,1,s,c,-1,1,USD", "line 5: member_id: order o-2 belongs"),
        ("o-1,ada,2026-05-05T14:00Z,9,s,c,-1,1,USD", "line 5: line_id: order o-1 has no line '9'"),
        (",eve,2026-05-05T14:00Z,,s,c,-1,1,USD", "member_id: 'eve' returned something"),
    ],
)
def test_what_is_wrong_is_named_by_line_and_field_with_what_to_do(
    tmp_path: Path, row: str, said: str
) -> None:
    with pytest.raises(UserError) as refused:
        read(tmp_path, BOUGHT + row)
    assert said in str(refused.value)
    assert str(tmp_path / "orders.csv") in str(refused.value)
    assert refused.value.next_step


def test_a_file_without_its_columns_is_told_them(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="line 1: no column sku, category") as refused:
        read(tmp_path, "", head=HEAD.replace("sku,category,", ""))
    assert HEAD in refused.value.next_step


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(b"\xff\xfe\x00order")
    with pytest.raises(UserError, match="cannot be read as CSV"):
        file_history(path, zone=ZONE, now=NOW)
