"""`headway healthcheck`: whether the service beside it is alive, or ready."""

import json
from http.client import HTTPConnection, HTTPException

import click

_WITHIN = 4.0


@click.command("healthcheck")
@click.option("--ready", is_flag=True, help="Ask /ready instead of /live.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=6066,
    show_default=True,
    envvar="HEADWAY_WEB_PORT",
    show_envvar=True,
    help="Port of the service's pages on this machine.",
)
def command(ready: bool, port: int) -> None:
    """Ask a service on this machine whether it is alive, or ready, as a container's health check.

    Exits 0 if it says so, else 1 with the reason: what a container's engine takes for an answer.
    """
    page = "/ready" if ready else "/live"
    connection = HTTPConnection("127.0.0.1", port, timeout=_WITHIN)
    try:
        connection.request("GET", page)
        answer = connection.getresponse()
        said = json.loads(answer.read())
    except (OSError, HTTPException, ValueError) as error:
        click.echo(f"{page} on port {port} does not answer: {error}", err=True)
        raise SystemExit(1) from error
    finally:
        connection.close()
    click.echo(json.dumps(said))
    if answer.status != 200:
        raise SystemExit(1)
