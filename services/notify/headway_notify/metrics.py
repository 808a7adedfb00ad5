"""Notify's metrics, declared once, with what they mean."""

from prometheus_client import Counter, Gauge, Histogram

REPEATS = Counter(
    "headway_notify_repeats_total", "balance.changed messages dropped: version already seen."
)
DECIDED = Counter(
    "headway_notify_decided_total", "Messages decided, by outcome: decided, skipped.", ["outcome"]
)
HANDED_OVER = Counter(
    "headway_notify_mails_total",
    "Tries to hand a mail over, by outcome: sent, failed, decided (put off), unknown.",
    ["outcome"],
)
UNSURE = Counter(
    "headway_notify_unsure_total",
    "Tries after which nobody knows whether the mail server has the mail: under the policy resend,"
    " the most that may have arrived twice.",
)
SECONDS = Histogram(
    "headway_notify_hand_over_seconds",
    "Time from taking up a mail to the server's answer.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 20),
)
CONNECTED = Gauge("headway_notify_smtp_connections", "Connections to the mail server now open.")
RESTORED = Counter(
    "headway_notify_restores_total",
    "Times the database was found restored to an earlier point: mails since then may double.",
)
FEEDBACK = Counter(
    "headway_notify_feedback_total",
    "What mail servers and platforms said of mails, by source and type of event.",
    ["source", "type"],
)
CHOICES = Counter(
    "headway_notify_choices_total",
    "What members chose, by way: one_click, stop, choose.",
    ["way"],
)
ROAD_TRIES = Counter(
    "headway_notify_road_tries_total",
    "Tries to hand something over, by road and outcome: sent, failed, decided (put off), unknown.",
    ["road", "outcome"],
)
ROAD_OPEN = Gauge(
    "headway_notify_road_ill", "Whether a road is left alone because it failed again and again.",
    ["road"],
)  # fmt: skip
ROAD_OPENED = Counter(
    "headway_notify_road_rests_total",
    "Times a road failed so often that it was left alone.",
    ["road"],
)
