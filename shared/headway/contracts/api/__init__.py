"""The shapes of the redeem API: what the service gives, and what the client reads."""
