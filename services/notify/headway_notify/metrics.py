"""Notify's metrics, declared once, with what they mean."""

from headway.runtime.declaring import Declarations

_notify = Declarations("Notify", "notify", order=6)

REPEATS = _notify.counter(
    "headway_notify_repeats_total", "balance.changed messages dropped: version already seen."
)
DECIDED = _notify.counter(
    "headway_notify_decided_total", "Messages decided, by outcome: decided, skipped.", ["outcome"]
)
HANDED_OVER = _notify.counter(
    "headway_notify_mails_total",
    "Tries to hand a mail over, by outcome: sent, failed, decided (put off), unknown.",
    ["outcome"],
)
UNSURE = _notify.counter(
    "headway_notify_unsure_total",
    "Tries after which nobody knows whether the other side has it: under the policy resend, the"
    " most that may have arrived twice.",
)
SECONDS = _notify.histogram(
    "headway_notify_hand_over_seconds",
    "Time from taking up a message to the other side's answer, by road.",
    ["road"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 20),
)
CONNECTED = _notify.gauge(
    "headway_notify_smtp_connections", "Connections to the mail server now open."
)
RESTORED = _notify.counter(
    "headway_notify_restores_total",
    "Times the database was found restored to an earlier point: mails since then may double.",
)
FEEDBACK = _notify.counter(
    "headway_notify_feedback_total",
    "What mail servers and platforms said of mails, by source and type of event.",
    ["source", "type"],
)
CHOICES = _notify.counter(
    "headway_notify_choices_total",
    "What members chose, by way: one_click, stop, choose.",
    ["way"],
)
ROAD_TRIES = _notify.counter(
    "headway_notify_road_tries_total",
    "Tries to hand something over, by road and outcome: sent, failed, decided (put off), unknown.",
    ["road", "outcome"],
)
ROAD_ERRORS = _notify.counter(
    "headway_notify_road_errors_total",
    "What went wrong on a road, by kind: unreachable (no connection), unanswered (it may have"
    " arrived), ill (the provider refused for reasons of its own: log-in, pace, trouble), refused"
    " (this message, for good), put_off (this message, for now).",
    ["road", "kind"],
)
ROAD_OPEN = _notify.gauge(
    "headway_notify_road_ill",
    "Whether a road is left alone because it failed again and again: 1, else 0.",
    ["road"],
)
ROAD_OPENED = _notify.counter(
    "headway_notify_road_rests_total",
    "Times a road failed so often that it was left alone.",
    ["road"],
)
