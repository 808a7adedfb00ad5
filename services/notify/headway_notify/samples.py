"""A sample of each kind of message, for a programme: to look at, to check templates, to send."""

from datetime import UTC, date, datetime, time, timedelta

from headway.program.loading import load_program
from headway.program.messages import Kind
from headway.program.program import Program
from headway_notify import details
from headway_notify.details import Detail
from headway_notify.facts import Ahead, Facts
from headway_notify.messaging import Message

MEMBER = "sample"
_SHOP = """\
name: Stride Shoes
zone: America/New_York
from: 1990-01-01T00:00:00Z
currency: USD
points: {pending_days: 14, expiry: {months: 12, round_up: month}}
rules:
  - {id: base, on: order.paid, award: {per_money: {points: 1, every: "1.00", currency: USD}}}
  - {id: welcome, on: member.joined, pending_days: 0, award: {points: 20}}
  - {id: review, on: review.published, pending_days: 0, award: {points: 10}}
  - {id: referrer, on: referral.completed, award: {points: 50, to: referrer}}
tiers:
  measure: spend
  window: calendar_year
  levels:
    - {id: club, name: Club, from: "0"}
    - {id: gold, name: Gold, from: "200.00"}
    - {id: elite, name: Elite, from: "500.00"}
rewards:
  - {id: five, name: "$5 off", points: 100, value: "5.00 USD"}
  - {id: ten, name: "$10 off", points: 200, value: "10.00 USD"}
  - {id: twenty, name: "$20 off", points: 400, value: "20.00 USD"}
"""
TRIED_WITH = load_program(_SHOP)
"""A programme that has something of everything that messages tell of."""


def sample_facts(program: Program, day: date) -> Facts:
    """A member half-way between two rewards of this programme."""
    rewards = sorted(program.rewards, key=lambda reward: reward.points)
    middle = len(rewards) // 2
    ready, ahead = rewards[:middle], rewards[middle:]
    goal = ahead[0] if ahead else None
    floor = ready[-1].points if ready else 0
    available = (floor + goal.points) // 2 if goal else floor
    return Facts(
        epoch=1,
        version=12,
        account_time=datetime(day.year, day.month, day.day, 23, tzinfo=UTC),
        pending=(goal.points - available) // 3 if goal else 0,
        available=available,
        owed=0,
        tier=program.levels[-1].id if program.levels else "",
        saved={reward.currency: reward.value_minor for reward in ready[:1]},
        program_version=program.version,
        rewards_ready=tuple(reward.id for reward in ready),
        next_reward=goal and Ahead(id=goal.id, points=goal.points, missing=goal.points - available),
    )


def newcomer(program: Program, day: date) -> Facts:
    """Somebody who has joined and been given a fifth of the first reward."""
    first = min(program.rewards, key=lambda reward: reward.points, default=None)
    start = first.points // 5 if first else 0
    return sample_facts(program, day).model_copy(
        update={
            "version": 1,
            "available": start,
            "pending": 0,
            "saved": {},
            "tier": program.level_for(0),
            "rewards_ready": (),
            "next_reward": first
            and Ahead(id=first.id, points=first.points, missing=first.points - start),
        }
    )


def sample(
    program: Program, kind: Kind, day: date, *, facts: Facts | None = None, member_id: str = MEMBER
) -> Message:
    """A message of that kind, about the account in `facts` or a sample one."""
    if facts is None:
        facts = newcomer(program, day) if kind == "welcome" else sample_facts(program, day)
    detail = _detail(program, kind, day, facts)
    return Message(member_id, kind, day.isoformat(), day, facts, detail)


def _detail(program: Program, kind: Kind, day: date, facts: Facts) -> Detail:
    tier = facts.tier or "gold"
    before = program.levels[-2].id if len(program.levels) > 1 else ""
    # Points and tiers end with a local day.
    ends = datetime.combine(day + timedelta(days=31), time(), tzinfo=program.zone)
    reward = facts.rewards_ready[-1] if facts.rewards_ready else _cheapest(program)
    some = max(facts.available // 3, 1)
    made: dict[Kind, Detail] = {
        "reward_ready": details.RewardReady(reward_id=reward),
        "reward_used": details.RewardUsed(
            redemption_id="r-1", reward_id=reward, points=some, value_minor=500,
            currency=program.currency,
        ),
        "certificate_issued": details.CertificateIssued(
            redemption_id="crt_1_2", reward_id=_cheapest(program), points=_first_price(program),
            value_minor=500, currency=program.currency,
        ),
        "tier_changed": details.TierChanged(
            tier_from=before, tier_to=tier, at=facts.account_time
        ),
        "tier_at_risk": details.TierAtRisk(tier=tier, missing=4_000, at=ends),
        "points_expiring": details.PointsExpiring(points=some, at=ends),
        "points_taken_back": details.PointsTakenBack(
            points=some, waived=some // 2, reason="2 x boots returned", order_id="1001"
        ),
        "referral_thanks": details.ReferralThanks(points=50),
        "programme_change": details.ProgrammeChange(
            version=program.version + 1, from_day=day + timedelta(days=30),
            changes=("Reviews give 15 points instead of 10.", "A new reward: $50 off."),
        ),
        "statement": _statement(facts, day),
    }  # fmt: skip
    return made.get(kind, Detail())


def _statement(facts: Facts, day: date) -> Detail:
    last = day.replace(day=1) - timedelta(days=1)
    closing = facts.available + facts.pending
    return details.Statement(
        first=last.replace(day=1), last=last, opening=closing - closing // 2 + closing // 4,
        earned=closing // 2, restored=0, adjusted=0, used=closing // 4, expired=0, taken_back=0,
        closing=closing,
    )  # fmt: skip


def _first_price(program: Program) -> int:
    return min((each.points for each in program.rewards), default=100)


def _cheapest(program: Program) -> str:
    return min(program.rewards, key=lambda each: each.points).id if program.rewards else "reward"
