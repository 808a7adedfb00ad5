"""One Kafka cluster as the lag is asked of it: its groups, its logs' ends, commits and times."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from headway.lag import commits
from headway.lag.commit_reader import CommitReader
from headway.lag.commits import OffsetCommit
from headway.lag.groups import Group, read_groups
from headway.lag.record_times import Place, RecordTimes

_ANSWER_WITHIN_MS = 10_000
_FEW_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Ends:
    """Where a partition's log begins, and where it ends: the next record's offset."""

    begin: int
    end: int


class Cluster:
    """Connected from `connect` to `close`. All methods raise KafkaError, OSError, TimeoutError."""

    def __init__(self, connection: Mapping[str, Any]) -> None:
        """`connection` is what every client of aiokafka takes: bootstrap_servers and security."""
        self._connection = {**connection, "request_timeout_ms": _ANSWER_WITHIN_MS}
        self._admin = AIOKafkaAdminClient(**self._connection)
        # Each of its own: questions on one connection wait behind a fetch that waits for records.
        self._asking = self._consumer()
        self._following = self._consumer()
        self._looking = self._consumer(max_partition_fetch_bytes=_FEW_BYTES)
        self._commits = CommitReader(self._following)
        self._times = RecordTimes(self._looking)
        self._offsets_partitions = 0

    def _consumer(self, **options: object) -> AIOKafkaConsumer:
        # Without a group: what watches groups must not be one more of them.
        return AIOKafkaConsumer(
            **self._connection,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=100,
            **options,
        )

    async def connect(self) -> None:
        """Connect all clients, or none."""
        try:
            await self._admin.start()
            await self._asking.start()
            await self._following.start()
            await self._looking.start()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close what was opened."""
        await self._looking.stop()
        await self._following.stop()
        await self._asking.stop()
        await self._admin.close()

    async def brokers(self) -> int:
        """How many brokers there are."""
        return len((await self._admin.describe_cluster())["brokers"])

    async def groups(self, wanted: Callable[[str], bool]) -> list[Group]:
        """The groups of these names that exist now, with where they have committed."""
        return await read_groups(self._admin, wanted)

    async def topics(self) -> dict[str, list[int]]:
        """Partitions that have a leader, by topic, also of topics that have none with a leader.

        Kafka's own topics are left out.
        """
        described = await self._admin.describe_topics()
        found = {
            topic["topic"]: [
                part["partition"]
                for part in topic["partitions"]
                if part["leader"] >= 0 and not topic["error_code"]
            ]
            for topic in described
        }
        # All of them, with a leader or not: their number tells where a group's commits are.
        self._offsets_partitions = next(
            (
                len(topic["partitions"])
                for topic in described
                if topic["topic"] == commits.TOPIC and not topic["error_code"]
            ),
            0,
        )
        internal = {topic["topic"] for topic in described if topic["is_internal"]}
        return {name: parts for name, parts in found.items() if name not in internal}

    async def ends(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, Ends]:
        """Begin and end of partitions that `topics` has named just before."""
        if not partitions:
            return {}
        begins = await self._asking.beginning_offsets(list(partitions))
        ends = await self._asking.end_offsets(list(partitions))
        return {tp: Ends(begins[tp], ends[tp]) for tp in partitions}

    @property
    def tells_commits(self) -> bool:
        """Whether commits can be read; not without leave to read their topic, or before any."""
        return self._offsets_partitions > 0

    def knows_commits(self, group: str) -> bool:
        """Whether all that this group has committed was read once: half of it tells nothing."""
        return self.tells_commits and self._commits.knows(group, self._offsets_partitions)

    def commits(self, groups: Collection[str]) -> AsyncIterator[OffsetCommit]:
        """What these groups have committed since the last call; `topics` comes before."""
        return self._commits.read(groups, self._offsets_partitions)

    async def times(self, places: Iterable[Place]) -> dict[tuple[TopicPartition, int], int | None]:
        """When the records at these places were written, in milliseconds since 1970.

        None where there is no record, missing where that cannot be told.
        """
        return await self._times.find(places)

    @property
    def fetched(self) -> int:
        """How many records were fetched for their time so far."""
        return self._times.fetched
