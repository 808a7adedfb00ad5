"""Apache Kafka and PostgreSQL on this machine, for the demo, development and tests.

    with LocalStack(Path(".headway")) as stack:
        endpoints = stack.start()

Real servers without Docker: see the `local` extra in pyproject.toml for where they come from.
"""

from headway.local.cluster import KafkaCluster
from headway.local.errors import LocalStackError, PortTaken
from headway.local.stack import DEFAULT_ROOT, Endpoints, LocalStack

__all__ = [
    "DEFAULT_ROOT",
    "Endpoints",
    "KafkaCluster",
    "LocalStack",
    "LocalStackError",
    "PortTaken",
]
