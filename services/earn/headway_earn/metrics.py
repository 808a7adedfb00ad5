"""Earn's own metrics, declared once, with what they mean."""

from headway.runtime.declaring import Declarations

_earn = Declarations("Earn", "earn", order=4)

INPUTS = _earn.counter(
    "headway_earn_inputs_total",
    "Inputs decided on, by kind (the event's type; tick: settling what was due) and outcome:"
    " applied, nothing, parked, refused.",
    ["kind", "outcome"],
)
REPEATS = _earn.counter(
    "headway_earn_repeats_total", "Events dropped, because they had been decided on before."
)
POINTS_EVENTS = _earn.counter(
    "headway_earn_points_events_total",
    "Points events written by earn, from events and by settling, by kind (earn, reverse, ...).",
    ["kind"],
)
POINTS = _earn.counter(
    "headway_earn_points_total",
    "Points in those points events: kind earn is what was awarded, reverse what was taken back.",
    ["kind"],
)
JOBS_SETTLED = _earn.counter(
    "headway_jobs_settled_total", "Accounts settled because something was due."
)
JOBS_HELD = _earn.counter(
    "headway_jobs_held_total",
    "Accounts that settling failed on, held since until a person looks.",
)
