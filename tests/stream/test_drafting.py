"""What an editor is given of a dead letter, and what goes out of it."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.contracts import codec
from headway.errors import Poison
from headway.stream.batch import Header
from headway.stream.dead_letter import outbox_row
from headway.stream.dead_letters.checking import decoded
from headway.stream.dead_letters.drafting import draft, mended, replayed, unchanged
from headway.stream.outbox import kafka_headers
from tests.stream.letters import NOW, joined, kept, letter, record

BINARY: list[Header] = [
    ("trace", b"\xff"), ("ce_specversion", b"1.0"), ("ce_id", b"e1"), ("ce_source", b"test"),
    ("ce_type", b"member.joned.v1"), ("ce_subject", b"m1"), ("ce_time", b"2024-06-01T12:00:00Z"),
    ("content-type", b"application/json"),
]  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), json_values, max_size=4))
def test_a_draft_that_is_left_as_it_is_says_the_same(document: dict[str, object]) -> None:
    value = json.dumps(document).encode()
    one = kept(record("t", value=value))
    assert json.loads(mended(one, draft(one)).value or b"") == document
    assert mended(one, draft(one)).headers == one.headers


@pytest.mark.parametrize("value", [b"{\xff", b"{", b"[" * 100_000, b'{"a": "\\ud800"}'])
def test_what_is_no_json_is_edited_as_it_is(value: bytes) -> None:
    one = kept(record("t", value=value))
    assert draft(one) == value


def test_a_binary_event_is_edited_whole_and_goes_out_structured() -> None:
    one = kept(record("h.members", value=b'{"member_id": "m1"}', headers=BINARY))
    with pytest.raises(Poison, match="unknown-type"):
        decoded(unchanged(one), "h.members", "h.", NOW)
    text = draft(one).replace(b"joned", b"joined")
    what = mended(one, text)
    event = decoded(what, "h.members", "h.", NOW)
    assert event is not None
    assert (event.id, event.type, event.member_id) == ("e1", "member.joined", "m1")
    assert what.headers == [*codec.HEADERS, ("trace", b"\xff")]


def test_the_key_is_changed_only_when_asked() -> None:
    one = kept(record("h.members", value=joined("m2"), key=None))
    assert mended(one, draft(one)).key is None
    what = mended(one, draft(one), rekey=True)
    assert what.key == b"m2"
    assert decoded(what, "h.members", "h.", NOW) is not None


@pytest.mark.parametrize(
    ("topic", "value", "reason"),
    [
        ("h.orders", b"{", "not-json"),
        ("h.balance-changed", joined(), "wrong-topic"),
        ("h.members", joined().replace(b"joined", b"joned"), "unknown-type"),
    ],
)
def test_what_would_be_refused_again_is_named(topic: str, value: bytes, reason: str) -> None:
    with pytest.raises(Poison) as refused:
        decoded(unchanged(kept(record(topic, value=value))), topic, "h.", NOW)
    assert refused.value.reason == reason


def test_the_future_is_judged_by_the_given_clock_and_strange_topics_not_at_all() -> None:
    what = unchanged(kept(record("h.members")))
    with pytest.raises(Poison, match="from-the-future"):
        decoded(what, "h.members", "h.", NOW - timedelta(hours=1))
    assert decoded(unchanged(kept(record("elsewhere", value=b"{"))), "elsewhere", "h.", NOW) is None


def test_each_refusal_of_what_is_sent_again_counts_one_and_headers_do_not_pile_up() -> None:
    """The original has headers of our names, as one redriven by a tool: they stay, ours count."""
    own: list[Header] = [("dlq.attempts", b"4"), ("kafka_dlt-original-topic", b"theirs")]
    one = kept(record("t", headers=own))
    sizes = []
    for attempt in (5, 6, 7):
        of = record("t", headers=one.headers)
        copy = kafka_headers(outbox_row(letter(of), "dead", 0).headers)
        assert copy[:2] == own
        assert dict(copy)["dlq.attempts"] == b"%d" % attempt
        assert dict(copy)["kafka_dlt-original-topic"] == b"t"
        sent = replayed(one, unchanged(one))
        assert sent.headers[:2] == own
        assert (sent.key, sent.value) == (one.key, one.value)
        sizes.append(len(sent.headers))
        one = one._replace(headers=sent.headers)
    assert sizes == [4, 4, 4]
