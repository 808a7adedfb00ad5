"""How every Kafka client of this process connects: where to, over TLS or not, and as whom."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headway.errors import UserError
from headway.runtime.settings import KafkaSettings


class Connection(dict[str, Any]):
    """What any aiokafka client takes to connect, by argument name.

    It holds the password, so in words it is the brokers' addresses and nothing else.
    """

    def __repr__(self) -> str:
        return str(self["bootstrap_servers"])

    __str__ = __repr__


Brokers = str | Mapping[str, Any]
"""Where Kafka is: what `connection` gives, or bare addresses of brokers that ask for nothing."""


def connection(settings: KafkaSettings) -> Connection:
    """What the settings say, as arguments of AIOKafkaConsumer, -Producer and -AdminClient.

    Raises UserError when a certificate or key that is named cannot be used.
    """
    made = Connection(bootstrap_servers=settings.kafka_bootstrap)
    if settings.kafka_security == "PLAINTEXT":
        return made
    made["security_protocol"] = settings.kafka_security
    if settings.kafka_security.endswith("SSL"):
        made["ssl_context"] = _tls(settings)
    if settings.kafka_security.startswith("SASL"):
        made |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_sasl_user,
            "sasl_plain_password": settings.kafka_sasl_password.get_secret_value(),
        }
    return made


def arguments(brokers: Brokers) -> Mapping[str, Any]:
    """The same, also of bare addresses."""
    return Connection(bootstrap_servers=brokers) if isinstance(brokers, str) else brokers


def _tls(settings: KafkaSettings) -> ssl.SSLContext:
    """A context that checks the broker's certificate and its name, and shows ours if there is one.

    Without an authority of our own the system's are trusted.
    """
    authority, certificate = settings.kafka_ca_file, settings.kafka_cert_file
    try:
        context = ssl.create_default_context(cafile=authority)
    except OSError as error:
        raise _unusable("HEADWAY_KAFKA_CA_FILE", authority, error, "certificates") from error
    if certificate is not None:
        try:
            # An empty password: a key that needs one is refused instead of asked for.
            context.load_cert_chain(certificate, settings.kafka_key_file, password="")
        except OSError as error:
            raise _unusable(
                "HEADWAY_KAFKA_CERT_FILE and HEADWAY_KAFKA_KEY_FILE", certificate, error,
                "a certificate and its unencrypted key",
            ) from error  # fmt: skip
    return context


def _unusable(name: str, path: Path | None, error: OSError, what: str) -> UserError:
    return UserError(
        f"{name}: {path} cannot be used: {error.strerror or error}",
        f"name PEM files that this user can read, with {what}",
    )
