"""What redemptions do: set points aside, spend them, give them back."""

from tests.oracle import paying
from tests.oracle.commands import Command
from tests.oracle.member import Member, Redemption
from tests.oracle.pooling import Given, draw

_NOBODY: Given = {}


def redeem(member: Member, command: Command, given: Given = _NOBODY) -> None:
    """A command that the API accepted. ValueError when it should not have been."""
    member.settle(max(member.time, command.time))
    if command.kind == "goal":
        member.changes += member.goal != command.reward_id
        member.goal = command.reward_id
    elif command.kind == "reserve":
        _reserve(member, command, sum(given.get(command.redemption_id, {}).values()))
    else:
        _conclude(member, command)
    member.settle(member.time)


def _reserve(member: Member, command: Command, by_others: int) -> None:
    programme = member.programme(member.time)
    reward = next((r for r in programme.rewards if r.id == command.reward_id), None)
    prices = [p for p, r in programme.menu(member.tier, member.time) if r.id == command.reward_id]
    if reward is None or (reward.priced and prices != [command.points]):
        raise ValueError(f"{command.reward_id} does not cost {command.points} points")
    own = draw(member, command.points - by_others)
    if by_others:
        member.draws[command.redemption_id] = own
    member.reserved += command.points
    member.redemptions[command.redemption_id] = Redemption(
        own.taken, command.points, donation=reward.donation, reward_id=reward.id,
        id=command.redemption_id, order_id=command.order_id, value=command.value_minor,
        currency=command.currency, since=member.time,
    )  # fmt: skip
    member.changes += 1


def _conclude(member: Member, command: Command) -> None:
    redemption = member.redemptions[command.redemption_id]
    needed = {"reverse": ("confirmed", "fulfilled"), "fulfil": ("confirmed",)}
    if redemption.state not in needed.get(command.kind, ("reserved",)):
        raise ValueError(f"{command.kind} of a redemption that is {redemption.state}")
    redemption.state = {
        "confirm": "confirmed",
        "fulfil": "fulfilled",
        "reverse": "reversed",
        "cancel": "cancelled",
        "timeout": "timed out",
    }[command.kind]
    if command.kind == "confirm" and member.goal == redemption.reward_id:
        member.goal = ""
    if command.kind == "fulfil":
        return  # nothing of the account changes
    if command.kind != "reverse":
        member.reserved -= redemption.points
    if command.kind in ("confirm", "reverse") and not redemption.donation:
        value = redemption.money_back - command.value_minor
        value = command.value_minor if command.kind == "confirm" else value
        member.saved[command.currency] = member.saved.get(command.currency, 0) + value
    if command.kind == "confirm":
        redemption.paid_from = {lot.number: points for lot, points in redemption.taken}
    elif command.kind == "reverse" and redemption.order_id is not None:
        paying.give_all(member, redemption)
    else:
        for lot, points in redemption.taken:
            member.give_back(lot, points)
    member.changes += 1
