"""The command as a whole: help, quick and complete; errors in words."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

from headway.cli import cli
from tests.cli.running import headway

SHOES = Path(__file__).parents[2] / "examples" / "programs" / "shoes.yaml"


def commands() -> list[str]:
    return cli.list_commands(click.Context(cli))


@pytest.fixture(scope="module")
def overview() -> str:
    """What `headway --help` prints."""
    return headway("--help")


def test_help_names_every_command_with_what_it_does(overview: str) -> None:
    listed = overview.partition("Commands:")[2]
    assert {"contracts", "dlq", "lag", "member", "migrate", "program", "replay", "report", "topics",
            "import", "up", "verify", "earn", "redeem", "notify"} <= set(commands())  # fmt: skip
    for name in commands():
        line = next(line for line in listed.splitlines() if line.startswith(f"  {name} "))
        assert len(line.split()) > 3, f"{name} says nothing about itself"


def test_help_imports_no_command() -> None:
    program = (
        "import sys\nfrom headway.cli import main\nsys.argv = ['headway', '--help']\n"
        "try:\n    main()\nfinally:\n"
        "    heavy = {'asyncpg', 'aiokafka', 'faust', 'pydantic', 'rich'} & set(sys.modules)\n"
        "    print('heavy:', sorted(heavy))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ended.stdout.endswith("heavy: []\n")


@pytest.mark.parametrize("name", commands())
def test_every_command_has_help_of_its_own(name: str, overview: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    context = click.Context(command, info_name=name)
    assert "--help" in command.get_help(context)
    # What the list says is what the command says.
    assert command.help
    summary = " ".join(command.help.partition("\n\n")[0].split())
    assert summary in " ".join(overview.split())


def test_an_unknown_command_is_a_usage_error() -> None:
    assert "No such command 'verifi'" in headway("verifi", code=2)


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify",),
        ("replay", "--check"),
        ("member", "ann"),
        ("migrate",),
        ("report", "month"),
        ("program", "show"),
        ("program", "publish", str(SHOES)),
    ],
)
def test_an_unreachable_database_is_told_in_words(arguments: tuple[str, ...]) -> None:
    said = headway(*arguments, code=2, postgres_dsn="postgresql://127.0.0.1:1/none")
    assert "the database cannot be reached" in said
    assert "check that it runs and that HEADWAY_POSTGRES_DSN names it" in said


def test_an_unreachable_kafka_is_told_in_words(database: str) -> None:
    said = headway(
        "verify", "--topic", code=2, postgres_dsn=database, kafka_bootstrap="127.0.0.1:1"
    )
    assert "Kafka cannot be read" in said
    assert "HEADWAY_KAFKA_BOOTSTRAP" in said


def test_a_wrong_setting_is_named() -> None:
    assert "HEADWAY_POOL_SIZE" in headway("verify", code=2, pool_size="many")
