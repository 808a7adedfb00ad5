"""The same ledger with something of everything as the ledger's own tests have."""

from tests.ledger.conftest import busy_database, busy_template

__all__ = ["busy_database", "busy_template"]
