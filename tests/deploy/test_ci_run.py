"""The time that continuous integration gives to its parts."""

import re
import subprocess

import pytest

from tests.deploy.conftest import ROOT

SCRIPT = (ROOT / ".ci/run").read_text()


def run(function: str, words: str) -> int:
    """The exit code of these words after one of the script's functions."""
    (found,) = re.findall(rf"^{function}\(\) {{.*?^}}$", SCRIPT, re.DOTALL | re.MULTILINE)
    return subprocess.run(["bash", "-c", f"{found}\n{words}"], timeout=20, check=False).returncode


@pytest.mark.parametrize("seconds", ["0", "-5"])
def test_when_no_time_is_left_nothing_is_begun(seconds: str) -> None:
    assert run("within", f"within {seconds} true") == 124


def test_what_is_begun_ends_when_its_time_is_up() -> None:
    assert run("within", "within 5 true") == 0
    assert run("within", "within 1 sleep 15") == 124


@pytest.mark.parametrize(("left", "has"), [(300, False), (301, True)])
def test_an_engine_that_is_there_is_used_only_while_there_is_time(left: int, has: bool) -> None:
    words = f"answers() {{ true; }}; left() {{ echo {left}; }}; engine=/nowhere; has_engine"
    assert (run("has_engine", words) == 0) == has
