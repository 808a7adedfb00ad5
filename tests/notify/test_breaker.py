"""A road that fails is left alone, tried once, and taken again when it works."""

from hypothesis import given
from hypothesis import strategies as st

from headway_notify.roads.breaker import Breaker


class Time:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def breaker(time: Time) -> Breaker:
    return Breaker(time, opens_after=3, first=10, most=40, jitter=lambda: 1.0)


def state(one: Breaker) -> str:
    return one.state


def test_it_opens_after_failures_in_a_row_and_not_before() -> None:
    one = breaker(Time())
    for _ in range(5):
        assert not one.failed()
        assert not one.failed()
        one.worked()
    assert state(one) == "closed"
    assert [one.failed() for _ in range(4)] == [False, False, True, False]
    assert state(one) == "open"


def test_one_trial_decides_and_each_rest_is_twice_as_long() -> None:
    time = Time()
    one = breaker(time)
    for _ in range(3):
        one.failed()
    for rest in (10.0, 20.0, 40.0, 40.0):
        time.now += rest - 0.1
        assert state(one) == "open"
        assert not one.may_try(5)
        time.now += 0.1
        assert state(one) == "half-open"
        assert one.may_try(5)
        assert not one.may_try(5)
        assert one.failed()
    time.now += 40
    assert one.may_try(5)
    one.worked()
    assert state(one) == "closed"
    assert [one.failed() for _ in range(3)] == [False, False, True]
    time.now += 10
    assert state(one) == "half-open"


def test_a_trial_that_never_ends_is_had_again() -> None:
    time = Time()
    one = breaker(time)
    for _ in range(3):
        one.failed()
    time.now = 10
    assert one.may_try(5)
    time.now = 14.9
    assert not one.may_try(5)
    time.now = 15
    assert one.may_try(5)


def test_a_road_that_asks_for_more_rest_gets_it() -> None:
    time = Time()
    one = breaker(time)
    for _ in range(3):
        one.failed(retry_after=300)
    time.now = 299
    assert state(one) == "open"
    time.now = 300
    assert state(one) == "half-open"


@given(st.lists(st.one_of(st.booleans(), st.floats(0, 50))))
def test_while_it_is_open_nothing_passes_and_working_always_closes_it(
    steps: list[bool | float],
) -> None:
    time = Time()
    one = breaker(time)
    in_a_row = 0
    for step in steps:
        if step is True:
            one.worked()
            in_a_row = 0
            assert state(one) == "closed"
        elif step is False:
            one.failed()
            in_a_row += 1
        else:
            time.now += step
        if state(one) == "open":
            assert in_a_row >= 3
            assert not one.may_try(1)
