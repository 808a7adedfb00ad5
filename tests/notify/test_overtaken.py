"""What waited says what is true now, or nothing; what has a day of its own stays as it was."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.program.messages import KINDS, Kind
from headway_notify import details
from headway_notify.facts import Facts
from headway_notify.overtaken import AS_FROZEN, Refreshed, refreshed
from tests.notify.account import NOON, balance

LATER = NOON + timedelta(days=30)
FROZEN = Facts.model_validate(balance(certificates=["crt_1_2"]))
DETAILS: dict[Kind, details.Detail] = {
    "welcome": details.Detail(),
    "progress": details.Detail(),
    "reward_ready": details.RewardReady(reward_id="five"),
    "reward_used": details.RewardUsed(
        redemption_id="r1", reward_id="five", points=100, value_minor=500, currency="USD"
    ),
    "certificate_issued": details.CertificateIssued(
        redemption_id="crt_1_2", reward_id="five", points=100, value_minor=500, currency="USD"
    ),
    "tier_changed": details.TierChanged(tier_from="club", tier_to="gold", at=NOON),
    "tier_at_risk": details.TierAtRisk(tier="gold", missing=5000, at=LATER),
    "points_expiring": details.PointsExpiring(points=120, at=LATER),
    "points_taken_back": details.PointsTakenBack(points=10, waived=0, reason="it came back"),
    "referral_thanks": details.ReferralThanks(points=50),
    "programme_change": details.ProgrammeChange(version=2, from_day=NOON.date(), changes=()),
    "statement": details.Statement(
        first=NOON.date(), last=NOON.date(), opening=0, earned=0, restored=0, adjusted=0, used=0,
        expired=0, taken_back=0, closing=0,
    ),
}  # fmt: skip


def latest(**changes: object) -> Facts:
    known = {"version": 2, "certificates": ["crt_1_2", "crt_1_9"]}
    return Facts.model_validate(balance() | known | changes)


def told(kind: Kind, now: Facts) -> Refreshed | None:
    return refreshed(kind, DETAILS[kind], FROZEN, now)


@pytest.mark.parametrize("kind", KINDS)
def test_figures_of_a_day_stay_and_others_are_the_newest(kind: Kind) -> None:
    now = latest(available=160)
    assert told(kind, now) == Refreshed(FROZEN if kind in AS_FROZEN else now, DETAILS[kind])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("version", [{"version": 1}, {"epoch": 1, "version": 1, "available": 0}])
def test_nothing_changes_where_nothing_is_newer(kind: Kind, version: dict[str, object]) -> None:
    assert told(kind, latest(**version)) == Refreshed(FROZEN, DETAILS[kind])


def test_a_newer_life_of_the_ledger_is_newer_whatever_its_version() -> None:
    now = latest(epoch=2, version=1)
    assert told("reward_used", now) == Refreshed(now, DETAILS["reward_used"])


def test_a_reward_that_was_spent_meanwhile_is_not_offered() -> None:
    assert told("reward_ready", latest(rewards_ready=[])) is None
    assert told("reward_ready", latest(rewards_ready=["ten"])) is None
    assert told("reward_ready", latest(rewards_ready=["five", "ten"])) is not None


@pytest.mark.parametrize("held", [None, [], ["crt_1_9"]])
def test_a_certificate_that_was_taken_back_is_not_told_of(held: list[str] | None) -> None:
    assert told("certificate_issued", latest(certificates=held)) is None


def test_a_tier_that_changed_is_at_risk_no_more() -> None:
    assert told("tier_at_risk", latest(tier="elite")) is None
    assert told("tier_at_risk", latest(account_time=LATER)) is None
    assert told("tier_changed", latest(tier="elite")) is None


@pytest.mark.parametrize(("available", "points"), [(500, 120), (120, 120), (70, 70), (1, 1)])
def test_points_that_were_spent_do_not_expire(available: int, points: int) -> None:
    now = told("points_expiring", latest(available=available))
    assert now is not None
    assert isinstance(now.detail, details.PointsExpiring)
    assert (now.detail.points, now.detail.at) == (points, LATER)


@pytest.mark.parametrize("changes", [{"available": 0}, {"account_time": LATER}])
def test_nothing_is_said_of_points_that_are_gone(changes: dict[str, object]) -> None:
    assert told("points_expiring", latest(**changes)) is None


@given(st.sampled_from(KINDS), st.integers(0, 400), st.integers(1, 3), st.integers(0, 3))
def test_what_goes_is_one_of_the_two_and_never_promises_more(
    kind: Kind, available: int, version: int, rewards: int
) -> None:
    ready = ["five", "ten", "twenty"][:rewards]
    now = latest(available=available, version=version, rewards_ready=ready)
    result = told(kind, now)
    if result is None:
        assert kind not in AS_FROZEN
        return
    assert result.facts in (FROZEN, now)
    if isinstance(result.detail, details.PointsExpiring):
        assert result.detail.points <= max(120, result.facts.available)
        assert version == 1 or result.detail.points <= available
    if kind == "reward_ready":
        assert "five" in result.facts.rewards_ready
