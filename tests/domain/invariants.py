"""What must hold of a member's books after anything at all, told from their rows alone."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

from headway.contracts.opening import OPENING
from headway.domain.account import Account, Lot
from headway.domain.chain import GENESIS, canonical_row, link, recorded_bytes
from headway.domain.entitlement import entitlement
from headway.domain.points import PointsEvent
from headway.domain.settle import settle
from headway.program.caps import Used
from headway.program.program import Programs
from headway.program.rules import MICRO
from tests.domain.world import Books, Redemption, World

_OWN = ("pending", "available", "reserved", "owed")
_PLACES = ("pending", "available", "reserved", "expired")


def check(world: World, member: str) -> None:
    """Every invariant of one member."""
    books = world.of(member)
    account, rows = books.account, books.rows
    _balances(account, rows)
    _lots(world.programs, account, rows)
    _fractions(account, rows)
    _numbers(books)
    _chain(rows)
    _settled(account)
    _tier(world.programs, books)
    _parked(account)
    _entitled(world.programs, books)
    _redemptions(account, [one for one in world.redemptions.values() if one.member == member])
    _payments(world, member)


def _balances(account: Account, rows: Iterable[PointsEvent]) -> None:
    sums: Counter[str] = Counter()
    for row in rows:
        assert row.points >= 0
        sums[row.from_bucket] -= row.points
        sums[row.to_bucket] += row.points
    told = {name: getattr(account, name) for name in _OWN}
    assert told == {name: sums[name] for name in _OWN}
    assert min(account.pending, account.available, account.reserved) >= 0
    assert account.owed <= 0
    assert not (account.available and account.owed), "what is available clears what is owed"


def _lots(programs: Programs, account: Account, rows: Iterable[PointsEvent]) -> None:
    lots: dict[int, dict[str, int]] = {}
    for row in rows:
        if row.from_bucket == "issued" or row.lot == row.seq:
            assert row.kind in ("earn", "adjust", "move_in", "restore")
            assert row.lot == row.seq
            assert (row.from_bucket == "moved") == (row.kind == "move_in")
            lots[row.seq] = dict.fromkeys((*_PLACES, "exact_returned", "waived"), 0)
            lots[row.seq] |= {"points": row.points, "exact": row.exact}
            lots[row.seq][row.to_bucket] += row.points
            continue
        if row.lot is not None:
            _move(lots[row.lot], row)
        if row.kind == "reverse":
            assert row.corrects is not None
            assert row.exact <= 0
            lots[row.corrects]["exact_returned"] -= row.exact
        policy = programs.version(row.program_version).clawback
        if row.kind == "waive" and row.to_bucket == "owed" and policy == "within_balance":
            assert row.corrects is not None
            lots[row.corrects]["waived"] += row.points
    assert {n: _figures(lot) for n, lot in account.lots.items()} == lots
    for place in ("pending", "available", "reserved"):
        assert sum(lot[place] for lot in lots.values()) == getattr(account, place)
    for lot in account.lots.values():
        assert 0 <= lot.exact_returned <= lot.exact, "no more goes back than was awarded"
        assert lot.pending + lot.available + lot.reserved + lot.expired <= lot.points


def _move(lot: dict[str, int], row: PointsEvent) -> None:
    if row.from_bucket in _PLACES:
        lot[row.from_bucket] -= row.points
        assert lot[row.from_bucket] >= 0, "no bucket of a lot ever goes below zero"
    if row.to_bucket in _PLACES:
        lot[row.to_bucket] += row.points
    if row.kind == "waive" and row.to_bucket == "waived":
        lot["waived"] -= row.points
        assert lot["waived"] >= 0


def _figures(lot: Lot) -> dict[str, int]:
    names = (*_PLACES, "exact_returned", "waived", "points", "exact")
    return {name: getattr(lot, name) for name in names}


def _fractions(account: Account, rows: Iterable[PointsEvent]) -> None:
    """Points under a rule are floor(sum of exact still standing), the rest is carried."""
    points: Counter[str] = Counter()
    exact: Counter[str] = Counter()
    for row in rows:
        if row.rule is not None and row.kind in ("earn", "reverse"):
            points[row.rule] += row.points if row.kind == "earn" else -row.points
            exact[row.rule] += row.exact
    for rule, standing in exact.items():
        assert (points[rule], account.remainders.get(rule, 0)) == divmod(standing, MICRO)


def _numbers(books: Books) -> None:
    account, decisions, rows = books.account, books.decisions, books.rows
    assert [row.seq for row in rows] == list(range(1, account.seq + 1))
    numbers = [decision.n for decision in decisions if not decision.released]
    assert numbers == list(range(1, account.inputs + 1))
    assert account.version == sum(decision.changed for decision in decisions)
    steps = [event.tier_seq for event in books.tier_events]
    assert steps == list(range(1, account.tier_seq + 1))
    for decision in decisions:
        causes = [row.cause for row in decision.points]
        causes += [event.cause for event in decision.tier_events]
        assert all(cause == decision.n for cause in causes), "each row names its cause"
        assert decision.changed or not causes


def _chain(rows: Iterable[PointsEvent]) -> None:
    stamp = recorded_bytes(datetime(2026, 1, 1, tzinfo=UTC))
    head, seen = GENESIS, set()
    for row in rows:
        head = link(head, stamp, canonical_row(row))
        assert head not in seen
        seen.add(head)


def _settled(account: Account) -> None:
    """Nothing that was due by the account's time is left undone, and what comes next is known."""
    dues = []
    for lot in account.lots.values():
        if lot.pending:
            dues.append(lot.activates_at)
        if lot.available and lot.expires_at is not None:
            dues.append(lot.expires_at)
    if account.time is not None:
        assert all(due > account.time for due in dues)
    if dues:
        assert account.next_due_at is not None
        assert account.next_due_at <= min(dues)


def measure(programs: Programs, account: Account, at: datetime) -> int:
    """Spend in the window that counts at `at`, told from the member's orders."""
    program = programs.at(at)
    today = program.day(at)
    days: defaultdict[date, int] = defaultdict(int)
    for kept in (line for lines in account.lines.values() for line in lines.values()):
        order = account.orders[kept.order_id]
        judged_by = programs.version(order.program_version)
        if order.counts and order.currency == judged_by.currency:
            spent = kept.amount - kept.amount * kept.returned // kept.quantity
            days[judged_by.day(order.paid_at)] += spent
    if program.tiers.window == "calendar_year":
        return sum(spent for day, spent in days.items() if day.year == today.year)
    return sum(spent for day, spent in days.items() if _twelve_months_on(day) > today)


def _twelve_months_on(day: date) -> date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:  # a leap day: the last of its month
        return day.replace(year=day.year + 1, day=28)


def _by_spend_alone(programs: Programs) -> bool:
    """Whether the tier is what the window's spend reaches, and nothing keeps it."""
    simple = ("end_of_period", "while_reached")
    return all(
        program.tiers.measure == "spend"
        and program.tiers.window in ("calendar_year", "rolling")
        and program.tiers.keep in simple
        and not program.tiers.one_step
        for program in programs.all
    )


def _tier(programs: Programs, books: Books) -> None:
    account = books.account
    told = books.tier_events[-1].tier_to if books.tier_events else ""
    assert account.tier == told
    for before, after in zip(books.tier_events, books.tier_events[1:], strict=False):
        assert before.tier_to == after.tier_from
    if account.joined_at is None or account.time is None:
        assert account.tier == ""
        return
    if not _by_spend_alone(programs) or any(item.kind == OPENING for _, item in books.log):
        return  # what was spent elsewhere is on no order here
    reached = programs.at(account.time).level_for(measure(programs, account, account.time))
    assert account.tier == reached
    if account.next_due_at is not None:
        last = account.next_due_at - timedelta(microseconds=1)
        assert account.tier == programs.at(last).level_for(measure(programs, account, last))


def standing(account: Account) -> dict[tuple[str, str, str], int]:
    """By award, line and rule, the millionths that stand."""
    found: Counter[tuple[str, str, str]] = Counter()
    for lot in account.lots.values():
        found[lot.award, lot.line_id, lot.rule] += lot.exact - lot.exact_returned
    return {key: exact for key, exact in found.items() if exact}


def _entitled(programs: Programs, books: Books) -> None:
    """However it came about, the account is what the set of its inputs entitles to."""
    account = books.account
    due = entitlement(programs, account, books.log)
    shadow = due.book
    if account.time is not None:
        settle(shadow, programs, account.time)
    stands: Counter[tuple[str, str, str]] = Counter()
    for lot in shadow.lots.values():
        stands[lot.award, lot.line_id, lot.rule] += lot.exact - lot.exact_returned
    told = standing(account)
    differs = {key: (told.get(key, 0), stands[key]) for key in {*told, *stands}}
    assert not {key: two for key, two in differs.items() if two[0] != two[1]}, differs
    remainders = {rule: left for rule, left in shadow.remainders.items() if left}
    assert {rule: left for rule, left in account.remainders.items() if left} == remainders
    steps = [(event.tier_to, event.effective_at) for event in books.tier_events]
    due_steps = [(event.tier_to, event.effective_at) for event in shadow.tier_events]
    assert account.tier == shadow.tier, f"{steps}, by the fold {due_steps}; {account.measures}"
    for name in ("joined_at", "left_at", "first", "purchases", "birthday", "membership"):
        assert getattr(account, name) == getattr(shadow, name), name
    assert _in_use(account.caps) == _in_use(shadow.caps), (account.caps, shadow.caps)
    waiting = {p.n: p.waits_for for p in account.parked}
    assert waiting.items() <= due.parked.items(), (waiting, due.parked)
    assert due.parked.keys() - due.words.keys() <= waiting.keys()


def _in_use(counters: Mapping[str, Used]) -> dict[str, Used]:
    return {name: used for name, used in counters.items() if used.times or used.exact}


def _parked(account: Account) -> None:
    decided = {"order:" + order_id for order_id in account.lines}
    decided |= {"review:" + review.review_id for review in account.reviews.values()}
    for waiting in account.parked:
        if account.joined_at is None:
            assert waiting.waits_for == "member"
        else:
            assert waiting.waits_for != "member"
            assert waiting.waits_for not in decided, "what it waits for is there"


def _redemptions(account: Account, redemptions: Iterable[Redemption]) -> None:
    saved: Counter[str] = Counter()
    reserved = 0
    for one in redemptions:
        assert sum(points for _, points in one.held) == one.points
        if one.state == "reserved":
            reserved += one.points
        if one.state in ("confirmed", "fulfilled") and not one.donation:
            saved[one.currency] += one.value_minor
    for payment in account.payments.values():
        if payment.state != "reversed":
            saved[payment.currency] -= payment.restored_minor
    assert account.reserved == reserved
    assert Counter(account.saved) == saved


def _payments(world: World, member: str) -> None:
    """What pays an order is restored within bounds, and as its rows say."""
    account = world.account(member)
    for name, one in world.redemptions.items():
        if one.member != member:
            continue
        taken = sum(points for _, points in world.taken(name))
        points, minor = world.restored(name)
        given = one.state in ("confirmed", "fulfilled", "reversed")
        assert taken == (one.points - points if given else 0)
        assert 0 <= points <= one.points
        assert 0 <= minor <= one.value_minor
        assert given or not (points or minor)
        payment = account.payments.get(name)
        assert (payment is None) == (one.order_id is None)
        if payment is not None:
            assert (payment.state, payment.held) == (one.state, one.held)
            assert dict(payment.taken) == dict(world.taken(name))
            if given:
                assert minor == one.value_minor or points < one.points
