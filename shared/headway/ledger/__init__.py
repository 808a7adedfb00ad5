"""The points ledger in Postgres: queries, migrations, and the proof that it is whole."""
