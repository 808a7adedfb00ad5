"""What balance-changed told about one member: versions without gaps, and what a restore lost."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Lost(NamedTuple):
    """Versions of a member that were published, and that the database no longer knew of."""

    member_id: str
    epoch: int
    first: int
    last: int

    def covers(self, member_id: str, epoch: int, version: int) -> bool:
        """Whether that version is one of them."""
        return (member_id, epoch) == (self.member_id, self.epoch) and (
            self.first <= version <= self.last
        )


@dataclass(slots=True)
class Life:
    """A member as the topic tells it, up to the message read last.

    `told_before`: the last version told under a name that has been erased since (0: none was).
    `contents` holds a fingerprint of each version, so that identical repeats can be dropped.
    """

    member_id: str
    told_before: int = 0
    epoch: int = 0
    version: int = 0
    head: bytes = b""
    contents: dict[tuple[int, int], bytes] = field(default_factory=dict)
    lost: list[Lost] = field(default_factory=list)

    def hear(self, epoch: int, version: int, head: bytes, content: bytes, whole: bool) -> str:
        """Take the next message; says what is wrong with it, or ''.

        `whole`: nothing of the log has been deleted, so the first version must be 1.
        """
        known = self.contents.setdefault((epoch, version), content)
        if known is not content:
            return "" if known == content else f"version {version} was told in two ways"
        wrong = self._step(epoch, version, whole)
        if epoch < self.epoch or (epoch == self.epoch and version < self.version):
            return wrong
        if self.epoch and epoch > self.epoch and version <= self.version:
            self.lost.append(Lost(self.member_id, self.epoch, version, self.version))
        self.epoch, self.version, self.head = epoch, version, head
        return wrong

    def _step(self, epoch: int, version: int, whole: bool) -> str:
        if not self.epoch:
            first = self.told_before + 1
            return f"the first version told is {version}" if whole and version != first else ""
        if epoch < self.epoch:
            return f"version {version} of epoch {epoch} came after epoch {self.epoch} had begun"
        if epoch == self.epoch and version < self.version:
            return f"version {version} came after version {self.version}"
        if version > self.version + 1:
            return f"version {version} came right after version {self.version}"
        return ""

    def against(
        self, version: int, head: bytes, epoch: int, waiting: tuple[int, int] | None
    ) -> str:
        """Compare with the account, whose versions from `waiting[0]` to `waiting[1]` are not yet
        published; says what is wrong, or ''. What the topic is ahead by is `lost`."""
        published = self.version or self.told_before
        if waiting is not None and self.epoch < epoch:
            published = min(published, waiting[0] - 1)
        published = min(published, version)
        if self.version > published:
            self.lost.append(Lost(self.member_id, self.epoch, published + 1, self.version))
        if self.version > version and self.epoch >= epoch:
            return f"version {self.version} was published, the account is at {version}"
        reached = published if waiting is None else max(published, waiting[1])
        if reached != version or (waiting is not None and waiting[0] > published + 1):
            return f"version {version} is neither published nor waiting to be; {published} was last"
        if published == version == self.version and self.head != head:
            return f"version {version} was published with another hash than the account has"
        return ""
