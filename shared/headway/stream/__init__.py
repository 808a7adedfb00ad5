"""Kafka in batches: the consumer loop, the outbox relay, dead letters and lag."""
