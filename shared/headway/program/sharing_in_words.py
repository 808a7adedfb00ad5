"""What members may share, in words a marketer understands."""

from headway.program.program import Program


def transfers_in_words(program: Program) -> str:
    """How many points members may send each other."""
    terms = program.transfers
    if terms is None:
        return "members cannot send each other points"
    words = f"members may send each other points, at least {terms.minimum:,} at once"
    if terms.maximum is None:
        return words
    per = "in all" if terms.maximum.per == "lifetime" else f"a {terms.maximum.per}"
    return f"{words}, at most {terms.maximum.points:,} {per}"


def pools_in_words(program: Program) -> str:
    """How many members may spend together."""
    if not program.pool_members:
        return "there are no households"
    return f"households of up to {program.pool_members} members spend together"
