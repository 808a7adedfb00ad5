"""Running Headway's own commands on a demo's servers, as a person would."""

import os
import subprocess
import sys

from headway.runtime.settings import Settings

_WIDTH_OF_FILES = "110"
_MAIN = "from headway.cli import main; main()"


def headway(settings: Settings, *arguments: str) -> int:
    """Run `headway ARGUMENTS` there, its output going where ours goes; its exit code."""
    sys.stdout.flush()
    environment = {
        **({} if sys.stdout.isatty() else {"COLUMNS": _WIDTH_OF_FILES}),
        # The stack here asks for no log-in, whatever this machine's other Kafka does.
        **{name: text for name, text in os.environ.items() if "HEADWAY_KAFKA" not in name},
        "HEADWAY_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "HEADWAY_POSTGRES_DSN": settings.postgres_dsn,
        "HEADWAY_TOPIC_PREFIX": settings.topic_prefix,
        "HEADWAY_GROUP_PREFIX": settings.group_prefix,
    }
    done = subprocess.run([sys.executable, "-c", _MAIN, *arguments], env=environment, check=False)
    return done.returncode
