"""Prometheus' own tool, where it is installed."""

import shutil

import pytest


def promtool() -> str:
    """Its path; without it the test is skipped, and says what is missing."""
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    return found
