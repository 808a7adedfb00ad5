"""`headway notify preview`, `test-send` and `templates`, as people run them."""

from email import message_from_bytes, policy
from pathlib import Path

import asyncpg
import pytest
from click.testing import CliRunner

from headway.errors import UserError
from headway_notify import store
from headway_notify.__main__ import command
from headway_notify.plan import Latest
from tests.cli.running import headway
from tests.notify.account import change
from tests.notify.conftest import MailServer

PROGRAM = str(Path(__file__).parents[2] / "examples/programs/coffee-stars.yaml")


def notify(*arguments: str, **settings: str) -> str:
    """The command in this process, which is faster; UserError when it says no."""
    given = {f"HEADWAY_{name.upper()}": value for name, value in settings.items()}
    ended = CliRunner().invoke(command, arguments, env=given)
    if isinstance(ended.exception, UserError):
        raise ended.exception
    assert ended.exit_code == 0, ended.output
    return ended.output


def test_any_kind_in_any_language_of_any_programme(tmp_path: Path) -> None:
    target = tmp_path / "mail.html"
    said = notify("preview", "--program", PROGRAM, "--kind", "statement", "--locale", "fr-CA",
                  "--out", str(target))  # fmt: skip
    assert said.startswith("Vos points du ")
    assert f"open {target.as_uri()}" in said
    assert '<html lang="fr"' in target.read_text()
    plain = notify("preview", "--kind", "reward_ready", "--locale", "de-AT")
    assert "Guten Tag Maria," in plain
    assert "reward_ready/de@" in plain


async def test_a_member_s_latest_balance_with_the_database_s_programme(
    database: str, pool: "asyncpg.Pool[asyncpg.Record]"
) -> None:
    data, facts = change("m7", available=240, rewards_ready=["five", "ten"],
                         next_reward={"id": "twenty", "points": 400, "missing": 160})  # fmt: skip
    async with pool.acquire() as connection:
        latest = Latest("m7", (data.epoch, data.version), None, facts)
        await store.write_balances(connection, [latest])
    said = headway("notify", "preview", "--member", "m7", postgres_dsn=database)
    assert said.startswith("You have 240 points: $10 off is available")
    assert "Next reward: 160 points to $20 off" in said
    none = headway("notify", "preview", "--member", "m8", code=2, postgres_dsn=database)
    assert "notify knows no member m8" in none


def test_a_test_mail_goes_through_the_mail_server(mail_server: MailServer) -> None:
    said = notify("test-send", "--to", "maria@example.com", "--kind", "welcome", "--locale", "ja",
                  smtp_port=str(mail_server.port),
                  postgres_dsn="postgresql://127.0.0.1:1/none")  # fmt: skip
    assert said.startswith("sent: message: 250")
    (kept,) = mail_server.mails()
    assert kept.recipients == ("maria@example.com",)
    found = message_from_bytes(kept.content, policy=policy.default)
    assert found["Subject"] == "Stride Shoes へようこそ"
    assert found["Headway-Template"].startswith("welcome/ja@")
    assert found["Headway-Member"] == "sample"


@pytest.mark.parametrize(
    ("address", "port", "said"),
    [
        ("refuse-550@example.com", "", "did not take it: RCPT: 550"),
        ("maria", "", "maria cannot be mailed"),
        ("maria@example.com", "1", "no connection to the mail server 127.0.0.1:1"),
    ],
)
def test_what_cannot_be_sent_says_why(
    mail_server: MailServer, address: str, port: str, said: str
) -> None:
    with pytest.raises(UserError, match=said):
        notify("test-send", "--to", address, smtp_port=port or str(mail_server.port))
    assert mail_server.mails() == []


def test_templates_are_exported_checked_and_used(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    assert str(folder / "locale" / "ja.po") in notify("templates", "export", str(folder))
    assert "progress/en@" in notify("templates", "check", str(folder))
    path = folder / "templates" / "welcome.txt"
    path.write_text(path.read_text().replace("Subject: ", "Subject: {{ nmae }}"))
    for arguments in (["templates", "check", str(folder)], ["preview"]):
        with pytest.raises(UserError, match=f"{path}:1: nmae is not known here"):
            notify(*arguments, notify_templates=str(folder))


def test_the_service_does_not_start_with_a_broken_template(database: str, tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "foot.txt").write_text("{{ whi }}")
    said = headway("notify", code=2, notify_templates=str(tmp_path), postgres_dsn=database)
    assert f"{tmp_path}/templates/foot.txt:1: whi is not known here" in said
