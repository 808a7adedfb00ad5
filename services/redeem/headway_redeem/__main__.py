"""`python -m headway_redeem`, and `headway redeem`."""

import json
from pathlib import Path

import click

from headway_redeem.app import document, main


@click.group("redeem", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Run the redeem service: balances, rewards and redemptions over HTTP."""
    if context.invoked_subcommand is None:
        main()


@command.command("openapi")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if the file is stale.")
def openapi(file: Path, check: bool) -> None:
    """Write the API's OpenAPI document into FILE."""
    text = json.dumps(document(), indent=2, ensure_ascii=False) + "\n"
    stale = not file.is_file() or file.read_text(encoding="utf-8") != text
    if check and stale:
        raise click.ClickException(f"{file} is stale\n  -> run `headway redeem openapi {file}`")
    if stale:
        try:
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise click.ClickException(
                f"{file} cannot be written: {error.strerror}\n  -> name a file that can"
            ) from error
    click.echo(f"{file} {'written' if stale else 'is up to date'}")


if __name__ == "__main__":
    command()
