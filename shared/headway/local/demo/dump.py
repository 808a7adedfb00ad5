"""Everything of a run as files: what went in, what came out, what the ledger says.

    DIR/topics/TOPIC.jsonl   every record: topic, partition, offset, timestamp, key, value, headers
    DIR/redemptions.jsonl    commands that the API accepted, as its callers noted them
    DIR/engine.json          balances, awards, inputs, dead letters, notifications
    DIR/mails.jsonl          what each mail says of itself in its headers

So that a program which shares no code with Headway can compute the same and compare.
"""

import base64
from collections.abc import Iterable
from pathlib import Path

import asyncpg
import orjson
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from headway.contracts.topics import Topics
from headway.ledger.queries import load
from headway.local.smtp_sink import read_mails

QUERIES = load("headway.local.demo", "queries.sql")
_DUMPED = ("awards", "inputs", "holders", "given", "dead_letters", "notifications", "messages")


async def dump_topics(bootstrap: str, prefix: str, folder: Path) -> int:
    """Write every record of every topic; returns how many. All topics must have been created."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        topics = Topics(prefix).all()
        partitions = [TopicPartition(t.name, p) for t in topics for p in range(t.partitions)]
        ends = {tp: end for tp, end in (await consumer.end_offsets(partitions)).items() if end}
        consumer.assign(list(ends))
        await consumer.seek_to_beginning(*ends)
        written = 0
        # The end may lie behind records that compaction has removed: positions tell, not records.
        while ends:
            for tp, records in (await consumer.getmany(timeout_ms=200, max_records=5000)).items():
                _append(folder / f"{tp.topic}.jsonl", records)
                written += len(records)
            ends = {tp: end for tp, end in ends.items() if await consumer.position(tp) < end}
        return written
    finally:
        await consumer.stop()


def _append(path: Path, records: "Iterable[ConsumerRecord[bytes, bytes]]") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as lines:
        lines.writelines(map(_line, records))


def _line(record: "ConsumerRecord[bytes, bytes]") -> bytes:
    told: dict[str, object] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "headers": [[name, raw.decode(errors="replace")] for name, raw in record.headers],
    }
    for name, raw in (("key", record.key), ("value", record.value)):
        try:
            told[name] = None if raw is None else raw.decode()
        except UnicodeDecodeError:
            told[f"{name}_base64"] = base64.b64encode(raw).decode()
    return orjson.dumps(told) + b"\n"


async def read_ledger(dsn: str, *, notified: bool = True) -> bytes:
    """What the ledger and notify say, as of one moment: the JSON of engine.json.

    `notified` False: notify did not run, so nothing about mails is to be compared.
    """
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            accounts = [
                {**row, "saved": orjson.loads(row["saved"])}
                for row in await connection.fetch(QUERIES.dump_accounts)
            ]
            rows: dict[str, list[list[object]] | None] = {
                name: [list(row) for row in await connection.fetch(QUERIES[f"dump_{name}"])]
                for name in _DUMPED
            }
    finally:
        await connection.close()
    if not notified:
        rows["notifications"] = rows["messages"] = None
    return orjson.dumps({"accounts": accounts, **rows})


def dump_lines(path: Path, told: Iterable[object]) -> None:
    """Write JSON lines."""
    with path.open("wb") as lines:
        lines.writelines(orjson.dumps(one) + b"\n" for one in told)


def dump_mails(kept: Path, path: Path) -> None:
    """Write what the headers of each kept mail say."""
    dump_lines(path, (_mail(mail.content) for mail in read_mails(kept)))


def _mail(content: bytes) -> dict[str, object]:
    head, _, _ = content.replace(b"\r\n", b"\n").partition(b"\n\n")
    # Long headers are folded: a line that begins with white space goes on with the one before.
    unfolded = head.decode().replace("\n ", " ").replace("\n\t", " ")
    headers = dict(line.partition(": ")[::2] for line in unfolded.splitlines())
    epoch, _, version = headers["Headway-Ledger-Version"].partition(".")
    return {
        "message_id": headers["Message-ID"],
        "kind": headers["Headway-Template"].partition("/")[0],
        "member_id": headers["Headway-Member"],
        "business_day": headers["Headway-Business-Day"],
        "epoch": int(epoch),
        "version": int(version),
        "facts": orjson.loads(headers["Headway-Facts"]),
    }
