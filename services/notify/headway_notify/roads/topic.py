"""The topic as a road: what was decided and what was sent, by way of the outbox."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from headway.contracts.codec import HEADERS, encode
from headway.stream.outbox import OutboxRow, insert_outbox, outbox_headers, shard_of_key
from headway.stream.positions import Connection
from headway_notify.messaging import notification_id

SOURCE = "headway/notify"
_HEADERS = outbox_headers(HEADERS)


class Topic:
    """Writes events for `name` into the outbox, inside the transaction of what they tell."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def requested(self, connection: Connection, rows: Sequence[asyncpg.Record]) -> None:
        """These notifications were decided to go."""
        await insert_outbox(
            connection,
            [
                self._event("requested", row, "", row["decided_at"], send_at=row["send_at"])
                for row in rows
            ],
        )

    async def sent(self, connection: Connection, rows: Sequence[asyncpg.Record], road: str) -> None:
        """Those of these that ended as sent were taken by the road."""
        events = [
            self._event(
                "sent", row, f":{road}", row["ended_at"], road=road,
                provider_id=row["provider_id"][:128],
            )
            for row in rows
            if row["state"] == "sent"
        ]  # fmt: skip
        await insert_outbox(connection, events)

    def _event(
        self, what: str, row: asyncpg.Record, of: str, time: datetime, **more: object
    ) -> OutboxRow:
        member_id = row["member_id"]
        id_ = notification_id(member_id, row["cause"], row["kind"])
        data = {
            "member_id": member_id,
            "notification_id": id_,
            "kind": row["kind"],
            "cause": row["cause"],
            "epoch": row["epoch"],
            "version": row["version"],
            **more,
        }
        value, _ = encode(
            f"notification.{what}", source=SOURCE, id=f"{id_}:{what}{of}", time=time, data=data
        )
        key = member_id.encode()
        return OutboxRow(shard_of_key(key), self._name, key, value, _HEADERS)
