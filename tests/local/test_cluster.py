"""What a node is told of its cluster. The cluster itself runs in tests/proof."""

import pytest

from headway.local.kafka import PORTS, Membership


@pytest.mark.parametrize(
    ("nodes", "copies", "in_sync"), [(1, "1", "1"), (2, "2", "1"), (3, "3", "2"), (5, "3", "2")]
)
def test_one_copy_may_be_missing_wherever_there_are_several(
    nodes: int, copies: str, in_sync: str
) -> None:
    ports = {n: {name: 1000 * n + i for i, name in enumerate(PORTS)} for n in range(1, nodes + 1)}
    settings = Membership(nodes, "an-id", ports).settings
    assert (settings["copies"], settings["in_sync"]) == (copies, in_sync)
    assert settings["node"] == str(nodes)
    assert settings["voters"].split(",")[-1] == f"{nodes}@127.0.0.1:{nodes}001"
    assert settings["voters"].count("@") == nodes
