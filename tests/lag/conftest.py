"""Fixtures of the lag's tests."""

from tests.lag.kit import place

__all__ = ["place"]
