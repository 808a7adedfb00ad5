"""Prometheus' own tool, where it is installed."""

import shutil

import pytest

MISSING = "promtool is not installed (Debian: apt install prometheus)"


def available() -> bool:
    """Whether it is on this machine."""
    return shutil.which("promtool") is not None


def promtool() -> str:
    """Its path; without it the test is skipped, and says what is missing."""
    found = shutil.which("promtool")
    if found is None:
        pytest.skip(MISSING)
    return found
