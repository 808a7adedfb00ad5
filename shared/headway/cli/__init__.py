"""The `headway` command.

Every module of this package that has a `command` is a subcommand named after it (`import_` is
`import`, a word that Python keeps for itself); services add theirs by entry points of the group
`headway.commands`. A subcommand is imported when it runs: `headway --help` reads only its source.

Exit codes: 0 all is well; 1 it ran, and found something wrong; 2 it could not be done.
"""

import ast
import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import click

from headway.errors import HeadwayError

ENTRY_POINTS = "headway.commands"
EXIT_FOUND_WRONG = 1
EXIT_NOT_DONE = 2


class _Place(NamedTuple):
    """Where a subcommand is defined."""

    module: str
    attribute: str


class _Subcommands(click.Group):
    """Subcommands by name, imported one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_places())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = _places().get(cmd_name)
        if place is None:
            return None
        found = getattr(import_module(place.module), place.attribute)
        return found if isinstance(found, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, _summary(place)) for name, place in sorted(_places().items())]
            )


def _places() -> dict[str, _Place]:
    own = {
        path.stem.rstrip("_").replace("_", "-"): _Place(f"{__name__}.{path.stem}", "command")
        for path in Path(__file__).parent.glob("*.py")
        if _definition(path, "command") is not None
    }
    # A service that is not on this machine has no command here.
    added = {
        entry.name: _Place(entry.module, entry.attr)
        for entry in entry_points(group=ENTRY_POINTS)
        if _spec(entry.module)
    }
    return {**added, **own}


def _summary(place: _Place) -> str:
    """The first sentence of a subcommand's help, read from its source."""
    spec = _spec(place.module)
    source = _definition(Path(spec.origin), place.attribute) if spec and spec.origin else None
    text = (ast.get_docstring(source) if source else None) or ""
    return text.partition("\n\n")[0].replace("\n", " ")


def _spec(module: str) -> ModuleSpec | None:
    try:
        return find_spec(module)
    except ModuleNotFoundError:
        return None


def _definition(path: Path, name: str) -> ast.FunctionDef | None:
    tree = ast.parse(path.read_text("utf-8"))
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    return next((node for node in functions if node.name == name), None)


@click.group(cls=_Subcommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="headway")
def cli() -> None:
    """Headway turns purchase streams into loyalty points that people can trust.

    Kafka and PostgreSQL are named by HEADWAY_KAFKA_BOOTSTRAP and HEADWAY_POSTGRES_DSN.

    Exit codes: 0 all is well; 1 it ran, and found something wrong; 2 it could not be done.
    """


def main() -> None:
    """Run the command line; what Headway refuses is told in words, without a traceback."""
    try:
        cli(prog_name="headway")
    except HeadwayError as error:
        click.echo(f"headway: {error}", err=True)
        sys.exit(EXIT_NOT_DONE)
