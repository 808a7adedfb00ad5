"""Redeem's own metrics, with what they mean."""

from prometheus_client import Counter, Gauge, Histogram

COMMANDS = Counter(
    "headway_redeem_commands_total",
    "Commands answered, by kind and outcome: applied, refused, repeated (a retry's stored answer).",
    ["kind", "outcome"],
)
COMMAND_SECONDS = Histogram(
    "headway_redeem_command_seconds",
    "Time from a command's arrival to its commit, waiting for locks included.",
    ["kind"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
PROBLEMS = Counter(
    "headway_redeem_problems_total", "Requests answered with a problem, by its type.", ["type"]
)
TIMED_OUT = Counter(
    "headway_redeem_timed_out_total", "Reservations released because they were held too long."
)
CODES_GIVEN = Counter(
    "headway_redeem_codes_given_total", "Codes given to certificates that issued themselves."
)
WITHOUT_CODES = Gauge(
    "headway_redeem_rewards_without_codes",
    "Rewards of which certificates wait for codes, because their pool has none.",
)
