"""Several Kafka nodes on this machine as one cluster, for proofs of what one node cannot show."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from headway.local.errors import PortTaken
from headway.local.kafka import PORTS, KafkaServer, Membership, new_cluster_id
from headway.local.startup import Ports, folder_for

NODES: Final = (1, 2, 3)


class KafkaCluster:
    """Three nodes, each broker and controller: any one may be away, and two may not.

    Every internal topic has three copies, two of which must hold a record before it counts. The
    nodes end with this process, however it ends; their data stays under `root`. Everything here
    blocks; from async code call it through `asyncio.to_thread`.
    """

    def __init__(self, root: Path, *, fast_start: bool = True) -> None:
        self._root = root
        self._fast_start = fast_start
        names = [f"{name}-{node}" for node in NODES for name in PORTS]
        self._ports = Ports(root / "run" / "cluster.ports", names, {})
        self.nodes: Mapping[int, KafkaServer] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def bootstrap(self) -> str:
        """Where clients connect, as host:port of every node; known once started."""
        return ",".join(node.bootstrap for node in self.nodes.values())

    def start(self) -> None:
        """Start all nodes, on new or earlier data; returns once each takes part.

        Raises LocalStackError with what to do next; then nothing is left running.
        """
        folder_for(self._root / "run")
        for _ in self._ports.attempts("Kafka"):
            self.nodes = self._members()
            try:
                # None is ready before it can see a second one.
                with ThreadPoolExecutor(len(NODES)) as pool:
                    for started in [pool.submit(node.start) for node in self.nodes.values()]:
                        started.result()
            except PortTaken:
                self.stop()
                continue
            except BaseException:
                self.stop()
                raise
            self._ports.keep()
            return

    def stop(self) -> None:
        """Stop all nodes and wait until they have stopped. Stopping twice does nothing."""
        with ThreadPoolExecutor(len(NODES)) as pool:
            for stopped in [pool.submit(node.stop) for node in self.nodes.values()]:
                stopped.result()

    def _members(self) -> dict[int, KafkaServer]:
        ports = {node: {name: self._ports[f"{name}-{node}"] for name in PORTS} for node in NODES}
        cluster_id = self._cluster_id()
        members = {}
        for node in NODES:
            root = self._root / f"node-{node}"
            folder_for(root / "logs")
            member = Membership(node, cluster_id, ports)
            members[node] = KafkaServer(root, fast_start=self._fast_start, member=member)
        return members

    def _cluster_id(self) -> str:
        """That of earlier data, else a new one."""
        file = folder_for(self._root / "run") / "cluster.id"
        if not file.exists():
            file.write_text(new_cluster_id())
        return file.read_text()
