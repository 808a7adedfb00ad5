"""When too many refused records are too many."""

from collections import Counter, deque
from collections.abc import Iterable

from headway.errors import DeployGoneWrong, Poison
from headway.stream.dead_letter import RELEASE

WINDOW = 1_000
SHARE = 0.2
AT_LEAST = 50


class CircuitBreaker:
    """Whether the refusals of late look like bad data or like a bad deploy.

    Immutable in use: `after` answers with the next state, which the caller keeps once its
    transaction is durable. With `stops` False it never says that it is a deploy.
    """

    def __init__(self, window: Iterable[Poison | None] = (), *, stops: bool = True) -> None:
        self._stops = stops
        self._window: deque[tuple[str, str] | None] = deque(maxlen=WINDOW)
        for outcome in window:
            self._window.append((outcome.reason, outcome.field) if outcome else None)

    def after(self, outcomes: Iterable[Poison | None]) -> "CircuitBreaker":
        """The state after these records, in order; None stands for a record that was fine.

        Raises DeployGoneWrong when more than 20 % of the last 1,000, and at least 50, were
        refused: then roll the batch back and stop.
        """
        following = CircuitBreaker(stops=self._stops)
        following._window.extend(self._window)
        for outcome in outcomes:
            following._window.append((outcome.reason, outcome.field) if outcome else None)
        refused = Counter(entry for entry in following._window if entry is not None)
        count = refused.total()
        if self._stops and count >= AT_LEAST and count > SHARE * len(following._window):
            (reason, field), most = refused.most_common(1)[0]
            where = f" in field {field}" if field else ""
            raise DeployGoneWrong(
                f"release {RELEASE} refused {count} of the last {len(following._window)} records, "
                f"{most} of them for {reason}{where}: that is a deploy gone wrong, here or "
                "upstream, not bad data. The last batch was rolled back.\n"
                "  -> compare what producers send with what this release expects, put the wrong "
                "one right or back, then start again; or, if it is bad data after all, start "
                "once with HEADWAY_STOP_ON_REFUSALS=false, which dead-letters what there is"
            )
        return following
