"""The redeem API from Python, for checkouts and apps: typed answers, retries that never act twice.

`Client` for plain code, `AsyncClient` for asyncio; both have the same calls. See
services/redeem/README.md for a page to start from.
"""

from headway.client.asynchronous import AsyncClient
from headway.client.blocking import Client
from headway.client.errors import NoAnswer, Problem, Unexpected

__all__ = ["AsyncClient", "Client", "NoAnswer", "Problem", "Unexpected"]
