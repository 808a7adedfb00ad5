"""Settings that belong together, and settings from mounted files."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from headway.errors import UserError
from headway.runtime.kafka import arguments, connection
from headway.runtime.settings import Settings, read

LOGIN = {"SASL_MECHANISM": "scram-sha-512", "SASL_USER": "headway", "SASL_PASSWORD": "hush"}


def set_kafka(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"HEADWAY_KAFKA_{name}", value)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"SECURITY": "SASL_SSL"}, "HEADWAY_KAFKA_SASL_MECHANISM is not set"),
        (LOGIN | {"SECURITY": "SASL_SSL", "SASL_PASSWORD": ""}, "SASL_PASSWORD is not set"),
        (LOGIN | {"SECURITY": "SSL"}, "HEADWAY_KAFKA_SECURITY is SSL, .* make that SASL_SSL or"),
        (LOGIN, "HEADWAY_KAFKA_SECURITY is PLAINTEXT"),
        ({"CA_FILE": "ca.pem"}, "HEADWAY_KAFKA_CA_FILE is set, .* make that SSL or SASL_SSL"),
        (LOGIN | {"SECURITY": "SASL_PLAINTEXT", "CA_FILE": "c"}, "KAFKA_CA_FILE is set"),
        ({"SECURITY": "SSL", "CERT_FILE": "c.pem"}, "KEY_FILE belong together"),
        ({"SECURITY": "SSL", "KEY_FILE": "k.pem"}, "KEY_FILE belong together"),
        ({"SECURITY": "TLS"}, "HEADWAY_KAFKA_SECURITY: .*'SASL_SSL'"),
        (LOGIN | {"SECURITY": "SASL_SSL", "SASL_MECHANISM": "GSSAPI"}, "KAFKA_SASL_MECHANISM:"),
    ],
)
def test_half_set_settings_name_what_is_missing_and_the_fix(
    values: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_kafka(monkeypatch, **values)
    with pytest.raises(UserError, match=named) as refused:
        read(Settings)
    assert "hush" not in str(refused.value)
    assert "hush" not in repr(refused.value.__cause__)


def test_what_is_set_reaches_the_client_and_the_password_no_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_kafka(monkeypatch, SECURITY="sasl_plaintext", BOOTSTRAP="a:1,b:2", **LOGIN)
    made = connection(read(Settings))
    assert dict(made) == {
        "bootstrap_servers": "a:1,b:2",
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "headway",
        "sasl_plain_password": "hush",
    }
    assert f"{made} {made!r} {[made]}" == "a:1,b:2 a:1,b:2 [a:1,b:2]"
    assert arguments(made) == made
    assert arguments("a:1") == {"bootstrap_servers": "a:1"}


def test_files_that_cannot_be_used_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    set_kafka(monkeypatch, SECURITY="SSL", CA_FILE=str(tmp_path / "none.pem"))
    with pytest.raises(UserError, match=r"HEADWAY_KAFKA_CA_FILE: .*none.pem cannot be used"):
        connection(read(Settings))
    (tmp_path / "none.pem").write_text("no certificate")
    with pytest.raises(UserError, match="HEADWAY_KAFKA_CA_FILE"):
        connection(read(Settings))
    monkeypatch.delenv("HEADWAY_KAFKA_CA_FILE")
    set_kafka(monkeypatch, CERT_FILE=str(tmp_path / "none.pem"), KEY_FILE=str(tmp_path / "k.pem"))
    with pytest.raises(UserError, match="HEADWAY_KAFKA_CERT_FILE and HEADWAY_KAFKA_KEY_FILE"):
        connection(read(Settings))


def test_a_mounted_file_sets_what_no_variable_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HEADWAY_SECRETS_DIR", str(tmp_path))
    (tmp_path / "headway_postgres_dsn").write_text("postgresql://h:p@db/headway\n")
    (tmp_path / "HEADWAY_TOPIC_PREFIX").write_text("mounted.")
    (tmp_path / "something_else").write_text("of another program")
    settings = read(Settings)
    assert settings.postgres_dsn == "postgresql://h:p@db/headway"
    assert settings.topic_prefix == "mounted."
    monkeypatch.setenv("HEADWAY_TOPIC_PREFIX", "said.")
    assert read(Settings).topic_prefix == "said."
    monkeypatch.setenv("HEADWAY_SECRETS_DIR", str(tmp_path / "none"))
    with pytest.raises(UserError, match="HEADWAY_SECRETS_DIR"):
        read(Settings)


@pytest.fixture
def nobody() -> Iterator[None]:
    """Root, who may read everything, is somebody else meanwhile."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(10_001)
    yield
    os.seteuid(before)


@pytest.mark.parametrize("inside", [False, True])
def test_a_folder_that_may_not_be_read_is_named_with_its_rights(
    inside: bool, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    with TemporaryDirectory() as closed:
        folder = Path(closed, "secrets") if inside else Path(closed)
        folder.mkdir(exist_ok=True)
        monkeypatch.setenv("HEADWAY_SECRETS_DIR", str(folder))
        Path(closed).chmod(0)
        request.getfixturevalue("nobody")
        with pytest.raises(UserError, match=f"{folder} cannot be read: Permission denied") as said:
            read(Settings)
        assert f"let user {os.geteuid()} list that folder" in str(said.value)
        os.seteuid(os.getuid())
        Path(closed).chmod(0o700)
