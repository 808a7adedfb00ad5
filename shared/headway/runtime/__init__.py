"""How a service runs: host, settings, health, metrics, logging and clock."""
