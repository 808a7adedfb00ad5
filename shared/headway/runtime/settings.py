"""Settings that every service shares, read from the environment (HEADWAY_...) or from files.

A setting may also be a file named like its variable, in any case, in the folder that
HEADWAY_SECRETS_DIR names (/run/secrets if it is not set): so do Docker and Kubernetes mount
secrets. A variable goes before a file.
"""

import os
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from headway.errors import UserError

Kind = TypeVar("Kind", bound=BaseSettings)

_USUAL_SECRETS = Path("/run/secrets")
_TLS = ("kafka_ca_file", "kafka_cert_file", "kafka_key_file")
_SASL = ("kafka_sasl_mechanism", "kafka_sasl_user", "kafka_sasl_password")


class KafkaSettings(BaseSettings):
    """Where Kafka is and how to connect to it, in the words that Kafka's own clients use."""

    # Secrets must not be repeated by the error that refuses them.
    model_config = SettingsConfigDict(
        env_prefix="HEADWAY_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    kafka_bootstrap: str = Field(
        "127.0.0.1:9092", description="Kafka's addresses, host:port, separated by commas."
    )
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT",
        description="Kafka's security.protocol: over TLS (…SSL), by log-in (SASL…).",
    )
    kafka_ca_file: Path | None = Field(
        None, description="Who vouches for the brokers, PEM; none: whom the system trusts."
    )
    kafka_cert_file: Path | None = Field(
        None, description="Our certificate, PEM, where brokers ask for one."
    )
    kafka_key_file: Path | None = Field(None, description="Its key, PEM, unencrypted.")
    kafka_sasl_mechanism: Literal["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "", description="How to log in."
    )
    kafka_sasl_user: str = Field("", description="User to log in as.")
    kafka_sasl_password: SecretStr = Field(SecretStr(""), description="That user's password.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given, the environment, mounted files: the first that has it."""
        folder = _secrets_folder()
        files = [] if folder is None else [SecretsSettingsSource(settings_cls, folder)]
        return (init_settings, env_settings, *files)

    @field_validator("kafka_security", "kafka_sasl_mechanism", mode="before")
    @classmethod
    def _in_capitals(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _whole(self) -> "KafkaSettings":
        security = self.kafka_security
        for names, used, other in (
            (_TLS, security.endswith("SSL"), "SSL or SASL_SSL"),
            (_SASL, security.startswith("SASL"), "SASL_SSL or SASL_PLAINTEXT"),
        ):
            unused = [name for name in names if self._is_set(name) and not used]
            if unused:
                raise ValueError(
                    f"{_variable(unused[0])} is set, but HEADWAY_KAFKA_SECURITY is {security},"
                    f" which makes no use of it: make that {other}, or unset the first"
                )
        missing = [name for name in _SASL if not self._is_set(name)]
        if security.startswith("SASL") and missing:
            raise ValueError(
                f"{_variable(missing[0])} is not set, but HEADWAY_KAFKA_SECURITY is {security}:"
                f" set {', '.join(map(_variable, _SASL))}, or make it without SASL"
            )
        if self._is_set("kafka_cert_file") != self._is_set("kafka_key_file"):
            raise ValueError(
                "HEADWAY_KAFKA_CERT_FILE and HEADWAY_KAFKA_KEY_FILE belong together:"
                " set both, or neither"
            )
        return self

    def _is_set(self, name: str) -> bool:
        value = getattr(self, name)
        return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)


class Settings(KafkaSettings):
    """Where the servers are and how this process behaves. Services add their own by subclassing."""

    postgres_dsn: str = Field(
        "postgresql://localhost/headway", description="The ledger's database."
    )
    topic_prefix: str = Field("headway.", description="What every topic's name starts with.")
    group_prefix: str = Field("headway-", description="What every consumer group starts with.")
    clock: Literal["system", "stream"] = Field(
        "system", description="What jobs call now: the machine's time, or the stream's."
    )
    web_port: int = Field(
        0, ge=0, le=65535, description="Port of /live, /ready and /metrics; 0 serves none."
    )
    web_bind: str = Field("0.0.0.0", description="Address that port listens on.")
    log_level: str = Field("INFO", description="Least severe log line that is written.")
    max_records: int = Field(1000, ge=1, le=50_000, description="Records in a batch, at most.")
    pool_size: int = Field(8, ge=2, le=100, description="Connections to Postgres, at most.")
    outbox_limit: int = Field(
        50_000, ge=1, description="Earn pauses while more outbox rows than this are waiting."
    )
    stop_on_refusals: bool = Field(
        True,
        description="Stop when so many records are refused that a deploy must have gone wrong. "
        "Once they are known to be bad data: false dead-letters them all.",
    )

    def topic(self, name: str) -> str:
        """The full name of one of Headway's topics."""
        return self.topic_prefix + name

    def group(self, name: str) -> str:
        """The full name of one of Headway's consumer groups."""
        return self.group_prefix + name


def read(kind: type[Kind]) -> Kind:
    """The settings of this process; UserError names the first that is wrong, and the fix."""
    try:
        return kind()
    except ValidationError as error:
        raise _refused(error) from error
    except SettingsError as error:
        if isinstance(error.__cause__, OSError):
            raise _unreadable(error.__cause__) from error
        raise UserError(f"settings: {error}") from error
    except OSError as error:
        raise _unreadable(error) from error


def _unreadable(error: OSError) -> UserError:
    return UserError(
        f"HEADWAY_SECRETS_DIR: {error.filename} cannot be read: {error.strerror}",
        f"let user {os.geteuid()} list that folder and read the files in it, or mount the files one"
        " by one",
    )


def _refused(error: ValidationError) -> UserError:
    first = error.errors(include_input=False)[0]
    said = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:  # It is about several, and names them.
        return UserError(f"settings: {said}")
    name = _variable("_".join(map(str, first["loc"])))
    return UserError(f"{name}: {said}", f"set {name} right and try again")


def _variable(field: str) -> str:
    return f"HEADWAY_{field.upper()}"


def _secrets_folder() -> Path | None:
    named = os.environ.get("HEADWAY_SECRETS_DIR")
    folder = Path(named) if named else _USUAL_SECRETS
    if folder.is_dir():
        return folder
    if named:
        raise UserError(
            f"HEADWAY_SECRETS_DIR: there is no folder {folder}", "name the one secrets are in"
        )
    return None
