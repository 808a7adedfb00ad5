"""Certificates that issue themselves, as soon as the points are there; and taking one back.

Issuing reserves and redeems in one, lot by lot in spend order. Which one: the member's goal if that
is an automatic reward, else the cheapest automatic one. Who saves for any other reward gets none.
"""

from datetime import datetime

from headway.contracts.balance import MOST_CERTIFICATES
from headway.domain.account import Certificate
from headway.domain.book import Book
from headway.domain.points import Issued, Voided
from headway.errors import InvariantViolated
from headway.program.program import Program, Programs
from headway.program.rewards import Reward

PREFIX = "crt_"
"""How the ids of their redemptions begin."""
MOST_UNUSED = MOST_CERTIFICATES
"""With so many unused ones the points stay where they are: an account is no place for thousands."""


def due_certificate(book: Book, programs: Programs, at: datetime) -> Reward | None:
    """The reward of the certificate to be issued at that moment, at its price then; None: none.

    Asked anew only after points, tier or goal have changed, so that it makes no difference who
    else looks at the account, or when.
    """
    standing = book.standing()
    if book.weighed == standing:
        return None
    reward = _chosen(book, programs.at(at), at)
    if reward is not None and reward.points <= book.balances["available"]:
        return reward
    book.weighed = standing
    return None


def _chosen(book: Book, program: Program, at: datetime) -> Reward | None:
    if book.joined_at is None or (book.left_at is not None and at >= book.left_at):
        return None
    if len(book.certificates) >= MOST_UNUSED:
        return None
    automatic = (reward for reward in program.menu(book.tier, at) if reward.automatic)
    if book.goal and program.reward(book.goal) is not None:
        return next((reward for reward in automatic if reward.id == book.goal), None)
    return next(automatic, None)


def issue(book: Book, programs: Programs, at: datetime) -> None:
    """Issue the certificate that is due: its points are spent, its value counts as saved."""
    reward = due_certificate(book, programs, at)
    if reward is None:
        raise InvariantViolated(f"account {book.account.account_id}: no certificate is due")
    version = programs.at(at).version
    redemption_id = f"{PREFIX}{book.account.account_id}_{book.seq + 1}"
    held: list[tuple[int, int]] = []
    left = reward.points
    for lot in book.open_lots():
        if not left:
            break
        held.append((lot.lot, min(left, lot.available)))
        left -= held[-1][1]
    for number, points in held:
        book.move(
            "reserve", points, "available", "reserved", at, number, group=redemption_id,
            program_version=version,
        )  # fmt: skip
    for number, points in held:
        book.move(
            "redeem", points, "reserved", "redeemed", at, number, group=redemption_id,
            program_version=version,
        )  # fmt: skip
    book.add_saved(reward.currency, reward.saves_minor)
    certificate = Certificate(
        redemption_id, reward.points, reward.saves_minor, reward.currency, tuple(held)
    )
    book.certificates = (*book.certificates, certificate)
    book.issued.append(Issued(certificate, reward.id, reward.name, version, at))


def void(book: Book, certificate: Certificate, at: datetime) -> None:
    """Take an unused certificate back: its points return to their lots, with the lots' own
    expiry, and what it would have saved is not saved."""
    for number, points in reversed(certificate.held):
        book.move(
            "restore", points, "redeemed", "available", at, number, group=certificate.redemption_id
        )
    book.add_saved(certificate.currency, -certificate.value_minor)
    no_longer_unused(book, certificate.redemption_id)
    book.voided.append(Voided(certificate.redemption_id, at))


def no_longer_unused(book: Book, redemption_id: str) -> None:
    """A redemption that was used, handed over or undone; most are of no certificate."""
    if book.certificates:
        book.certificates = tuple(
            one for one in book.certificates if one.redemption_id != redemption_id
        )
