"""Redeem's own metrics, declared once, with what they mean."""

from headway.runtime.declaring import Declarations

_redeem = Declarations("Redeem", "redeem", order=5)

COMMANDS = _redeem.counter(
    "headway_redeem_commands_total",
    "Commands answered, by kind and outcome: applied, refused, repeated (a retry's stored answer).",
    ["kind", "outcome"],
)
COMMAND_SECONDS = _redeem.histogram(
    "headway_redeem_command_seconds",
    "Time from a command's arrival to its commit, waiting for locks included.",
    ["kind"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
PROBLEMS = _redeem.counter(
    "headway_redeem_problems_total", "Requests answered with a problem, by its type.", ["type"]
)
TIMED_OUT = _redeem.counter(
    "headway_redeem_timed_out_total", "Reservations released because they were held too long."
)
HELD = _redeem.counter(
    "headway_redeem_held_total",
    "Accounts on which releasing a reservation failed, held since until a person looks.",
)
CODES_GIVEN = _redeem.counter(
    "headway_redeem_codes_given_total", "Codes given to certificates that issued themselves."
)
WITHOUT_CODES = _redeem.gauge(
    "headway_redeem_rewards_without_codes",
    "Rewards of which certificates wait for codes, because their pool has none.",
)
