"""The same as in tests/redeem, many more of them."""

import pytest

from tests.redeem.fuzzing import fuzz, served

pytestmark = [pytest.mark.proof, pytest.mark.timeout(900)]


@pytest.mark.parametrize("who", ["nobody", "key", "token"])
def test_no_answer_is_undocumented(database: str, who: str) -> None:
    with served(database) as desk:
        credential = {"nobody": None, "key": desk.key, "token": desk.token}[who]
        assert fuzz(desk, credential, examples=100) > 1000
