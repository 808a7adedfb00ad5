"""Earn: reads source events from Kafka and writes what they are worth to the ledger."""
