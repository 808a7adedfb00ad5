"""Made-up requests, as Schemathesis reads them out of the API's own document: none breaks it."""

import pytest

from tests.redeem.fuzzing import fuzz, served


@pytest.mark.parametrize("who", ["nobody", "key", "token"])
def test_no_answer_is_undocumented(database: str, who: str) -> None:
    with served(database) as desk:
        credential = {"nobody": None, "key": desk.key, "token": desk.token}[who]
        assert fuzz(desk, credential, examples=5) > 50
