"""A histogram that counts whole batches says what prometheus_client's own says."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from headway.runtime.many import ManyHistogram

BOUNDS = (0.01, 0.5, 1.0, 60.0)
# Halves and their sums are exact, so that it does not matter in which order they are added.
ages = st.integers(0, 200).map(lambda n: n / 2) | st.sampled_from(BOUNDS[1:])


@given(st.lists(st.tuples(st.sampled_from("ab"), st.lists(ages, max_size=30)), max_size=5))
def test_as_the_library_counts_one_by_one(batches: list[tuple[str, list[float]]]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    many = ManyHistogram("age_seconds", "Age.", ["topic"], buckets=BOUNDS, registry=ours)
    single = Histogram("age_seconds", "Age.", ["topic"], buckets=BOUNDS, registry=theirs)
    for topic, values in batches:
        many.observe_all((topic,), values)
        for value in values:
            single.labels(topic).observe(value)
        single.labels(topic)
    assert sorted(generate_latest(ours).splitlines()) == sorted(
        generate_latest(theirs).splitlines()
    )
