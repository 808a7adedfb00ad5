"""Stories made of steps, so that one can be told twice in two ways."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from headway.domain.account import Account
from headway.domain.points import PointsEvent
from headway.errors import Conflict
from tests.domain import strategies as some
from tests.domain.world import World


@dataclass(frozen=True)
class Step:
    """One thing that happens to member m, after a pause; `late` is how long it took to arrive."""

    pause: timedelta
    kind: str
    told: dict[str, Any]
    late: timedelta = timedelta(0)


_pauses = st.sampled_from([1, 10, 24, 24 * 2, 24 * 5, 24 * 33, 24 * 100]).map(
    lambda hours: timedelta(hours=hours)
)


@st.composite
def steps(draw: st.DrawFn) -> Step:
    """A source event or a command."""
    kind, told = draw(
        st.one_of(
            st.tuples(st.just("order.paid"), some.orders()),
            st.tuples(st.just("order.paid"), some.orders()),
            st.tuples(st.just("order.refunded"), some.refunds()),
            st.tuples(
                st.just("order.cancelled"), some.order_ids.map(lambda id_: {"order_id": id_})
            ),
            st.tuples(st.just("review.published"), some.reviews()),
            st.tuples(
                st.just("review.removed"), some.review_ids.map(lambda id_: {"review_id": id_})
            ),
            st.tuples(st.just("referral.created"), some.referrals()),
            st.sampled_from(some.SIMPLE),
            st.tuples(st.just("reserve"), st.fixed_dictionaries({"reward_id": some.rewards})),
            st.tuples(st.sampled_from(["confirm", "cancel", "reverse"]), st.just({})),
        )
    )
    return Step(draw(_pauses), kind, told, draw(some.lateness))


def perform(world: World, step: Step, number: int) -> None:
    """Do one step; the world's clock has moved by its pause already."""
    if step.kind == "reserve":
        world.reserve(f"r{number}", step.told["reward_id"])
    elif step.kind in ("confirm", "cancel", "reverse"):
        if world.redemptions:
            world.step(step.kind, max(world.redemptions))
    else:
        at = world.now - step.late
        told = dict(step.told)
        if step.kind == "order.paid":
            told["order_id"] = f"{told['order_id']}-{number % 7}"
        try:
            world.tell(step.kind, at=at, **told)
        except Conflict:
            return


def moment_of(world: World, step: Step, number: int) -> datetime:
    """The moment that a step settles its account to, at least."""
    if step.kind in ("reserve", "confirm", "cancel", "reverse"):
        trial = world.apart()  # one that is refused settles nothing
        perform(trial, step, number)
        reached = trial.account().time
        assert reached is not None
        return reached
    own, account = world.now - step.late, world.account()
    return own if account.time is None else max(own, account.time)


def rows_without_cause(rows: list[PointsEvent]) -> list[PointsEvent]:
    """Points events apart from the input that brought them about."""
    return [row._replace(cause=0) for row in rows]


def projection(account: Account) -> dict[str, Any]:
    """How an account stands, apart from numbers of inputs."""
    kept = account._asdict()
    for name in ("inputs", "version", "orders", "refunds", "reviews", "parked", "held_elsewhere"):
        del kept[name]
    kept["lots"] = {
        number: lot._replace(award=lot.award.partition(":")[0])
        for number, lot in account.lots.items()
    }
    kept["orders"] = {id_: order._replace(n=0) for id_, order in account.orders.items()}
    kept["reviews"] = {id_: review._replace(n=0) for id_, review in account.reviews.items()}
    kept["parked"] = [(waiting.waits_for, waiting.input) for waiting in account.parked]
    return kept
