"""Turns at even distances, over all processes; other domains are not held up."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.stream.positions import Pool
from headway_notify.pacing import BURST, delays, parse_rates, reserve


def test_rates_are_written_as_people_say_them() -> None:
    assert parse_rates("gmail.com=20/s, *=600/m,Example.COM=36/h") == {
        "gmail.com": 20.0, "*": 10.0, "example.com": 0.01,
    }  # fmt: skip
    assert parse_rates("") == {}


@pytest.mark.parametrize("text", ["gmail.com", "gmail.com=0/s", "gmail.com=5", "a@b.com=5/s"])
def test_what_is_no_rate_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"gmail\.com=20/s"):
        parse_rates(text)


@given(
    st.floats(-100, 100), st.integers(0, 200), st.floats(0.001, 10), st.floats(0, 60)
)  # fmt: skip
def test_turns_are_never_closer_than_the_rate_after_a_burst(
    free_in: float, turns: int, apart: float, horizon: float
) -> None:
    found = delays(free_in, turns, apart, horizon)
    assert len(found) <= turns
    assert found == sorted(found)
    assert all(max(free_in, 0) - 1e-9 <= at <= horizon for at in found)
    span = found[-1] if found else 0.0
    assert len(found) <= (span + BURST) / apart + 1.001


async def test_processes_at_once_share_one_pace(pool: Pool) -> None:
    rates = {"slow.example": 10.0}
    uses = ["slow.example"] * 15 + ["other.example"]
    answers = await asyncio.gather(*(reserve(pool, uses, rates, 2.0) for _ in range(4)))
    assert all(answer[-1] == 0.0 for answer in answers)
    turns = sorted(turn for answer in answers for turn in answer[:-1] if turn is not None)
    # A second's worth at once, then ten a second until two seconds from now.
    assert 28 <= len(turns) <= 32
    assert sum(turn < 0.05 for turn in turns) in (10, 11, 12)
    assert sum(answer.count(None) for answer in answers) == 60 - len(turns)


async def test_every_domain_has_a_pace_of_its_own_and_none_is_kept_by_name(pool: Pool) -> None:
    turns = await reserve(pool, ["a.example", "b.example"] * 3, {"*": 1.0}, 0.5)
    assert sum(turn is not None for turn in turns) >= 2
    assert await pool.fetchval("select count(*) from notify.paces") == 2
    kept = await pool.fetchval("select string_agg(encode(bucket, 'escape'), ' ') from notify.paces")
    assert "example" not in kept
