"""The database's figures as metrics, for the one process that reads them."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from headway.operations.figures import DatabaseFigures, Figures
from headway.runtime.declaring import Declarations, Declared

PART = Declarations(
    "Figures of the database",
    "`headway status --serve`, of which an installation runs one; no service does",
    order=7,
)

UP = PART.collected(
    "headway_database_figures_up", "Whether the figures below could be read: 1; else 0."
)
READ_AT = PART.collected(
    "headway_database_figures_timestamp_seconds",
    "When they were read, in seconds since 1970. While they cannot be read they are absent.",
)
OUTBOX_ROWS = PART.collected(
    "headway_outbox_rows", "Outbox rows not yet published, counted up to 100,000."
)
OUTBOX_OLDEST = PART.collected(
    "headway_outbox_oldest_age_seconds", "How long the oldest of them has waited; 0: none waits."
)
DEAD_LETTERS = PART.collected(
    "headway_dead_letters_waiting", "Dead letters not replayed, counted up to 100,000."
)
ACCOUNTS_HELD = PART.collected(
    "headway_accounts_held",
    "Accounts that jobs leave alone until a person looks, counted up to 100,000.",
)
REDEMPTIONS = PART.collected(
    "headway_redemptions",
    "Redemptions, by state. Beyond 10,000 rows: reserved is counted up to 100,000, the others are"
    " the planner's estimate, as old as the last ANALYZE.",
    ["state"],
)
NOTIFICATIONS = PART.collected(
    "headway_notifications",
    "Notifications, by road and state. Of mail, beyond 10,000 rows: due, decided, sending, failed"
    " and unknown (to be tried again) are counted up to 100,000, sent and skipped are the planner's"
    " estimate. Of other roads only what waits or failed; what was sent is in"
    " headway_notify_road_tries_total.",
    ["road", "state"],
)
JOB_RAN = PART.collected(
    "headway_job_last_run_timestamp_seconds",
    "When the job last ran in any process, in seconds since 1970, to within ten seconds.",
    ["name"],
)
JOB_FAILED = PART.collected(
    "headway_job_failed", "Whether its last run failed: 1, else 0.", ["name"]
)
JOB_OVERDUE = PART.collected(
    "headway_job_overdue_seconds",
    "Seconds since the job should have run again; 0 while that is not yet.",
    ["name"],
)
VERIFIED_AT = PART.collected(
    "headway_verify_last_run_timestamp_seconds",
    "When the latest recorded run of `headway verify` began, in seconds since 1970.",
)
VERIFY_OK = PART.collected(
    "headway_verify_ok", "Whether it found nothing: 1, else 0. Absent before the first run."
)
VERIFY_FINDINGS = PART.collected(
    "headway_verify_findings",
    "How much it found, by check; only checks that are broken.",
    ["check"],
)


class FiguresCollector(Collector):
    """For a registry: the figures that were read last."""

    def __init__(self, figures: DatabaseFigures) -> None:
        self._figures = figures

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """The names, for the registry to keep others from taking them."""
        return [_family(one) for one in PART.declared]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """All series; but for `up` none while the figures cannot be read."""
        latest = self._figures.latest
        yield _family(UP, ((), latest is not None))
        if latest is not None:
            yield from _families(latest)


def _families(figures: Figures) -> Iterator[GaugeMetricFamily]:
    yield _family(READ_AT, ((), figures.taken_at.timestamp()))
    for declared, number in (
        (OUTBOX_ROWS, figures.outbox_rows),
        (OUTBOX_OLDEST, figures.outbox_oldest_s),
        (DEAD_LETTERS, figures.dead_letters),
        (ACCOUNTS_HELD, figures.accounts_held),
    ):
        if number is not None:
            yield _family(declared, ((), number))
    yield _family(REDEMPTIONS, *(((state,), n) for state, n in figures.redemptions.items()))
    yield _family(NOTIFICATIONS, *figures.notifications.items())
    yield _family(JOB_RAN, *(((one.job,), one.ran_at.timestamp()) for one in figures.jobs))
    yield _family(JOB_FAILED, *(((one.job,), one.outcome == "failed") for one in figures.jobs))
    yield _family(JOB_OVERDUE, *(((one.job,), one.overdue_s) for one in figures.jobs))
    if figures.verified is not None:
        found = figures.verified.findings
        yield _family(VERIFIED_AT, ((), figures.verified.began_at.timestamp()))
        yield _family(VERIFY_OK, ((), figures.verified.ok))
        yield _family(VERIFY_FINDINGS, *(((check,), number) for check, number in found.items()))


def _family(declared: Declared, *series: tuple[tuple[str, ...], float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(declared.name, declared.meaning, labels=declared.labels)
    for labels, number in series:
        family.add_metric(labels, float(number))
    return family
