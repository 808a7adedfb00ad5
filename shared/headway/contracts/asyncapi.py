"""The contracts as an AsyncAPI 3.0 document: topics, what they carry, who reads and writes."""

from collections.abc import Iterable, Mapping
from inspect import cleandoc
from typing import Any, Final

from headway.contracts.codec import HEADERS
from headway.contracts.registry import CONTRACTS, VERSION, Contract
from headway.contracts.topics import DEFAULT_PREFIX, SERVICES, TOPICS, Service, Topic

ASYNCAPI_FILE: Final = "asyncapi.json"
DEAD_LETTER: Final = "dead-letter"
TOMBSTONE: Final = "tombstone"
DEAD_LETTER_HEADERS: Final = (
    "dlq.id", "dlq.original-topic", "dlq.original-partition", "dlq.original-offset",
    "dlq.original-timestamp", "dlq.consumer-group", "dlq.stage", "dlq.error-code",
    "dlq.error-field", "dlq.exception-class", "dlq.exception-message", "dlq.attempts",
    "dlq.failed-at", "dlq.service-version", "kafka_dlt-original-topic",
)  # fmt: skip
"""What stands beside the original headers of a dead letter, each a text."""
_BINDING: Final = "0.5.0"
"""The version of AsyncAPI's Kafka bindings."""
_KEY: Final = {"type": "string", "description": "The member id in UTF-8."}


def asyncapi(schemas: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The document; `schemas` has the JSON Schema of each type of event, by its type."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Headway",
            "version": VERSION,
            "description": "What travels on Kafka between a shop, Headway and those who listen to"
            " it: CloudEvents 1.0 as JSON, structured. Prefixes of topics and groups are settings.",
        },
        "defaultContentType": "application/cloudevents+json",
        "servers": {
            "kafka": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "description": "The brokers; HEADWAY_KAFKA_BOOTSTRAP.",
                "variables": {"bootstrap": {"default": "127.0.0.1:9092"}},
            }
        },
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": dict(_operations()),
        "components": {
            "messages": {
                **{contract.type: _message(contract) for contract in CONTRACTS.values()},
                TOMBSTONE: _tombstone(),
                DEAD_LETTER: _dead_letter(),
            },
            "schemas": dict(_schemas(schemas)),
        },
    }


def _channel(topic: Topic) -> dict[str, Any]:
    config = topic.config
    configuration: dict[str, Any] = {
        "cleanup.policy": [config["cleanup.policy"]],
        "retention.ms": topic.retention_ms,
    }
    if topic.max_message_bytes is not None:
        configuration["max.message.bytes"] = topic.max_message_bytes
    kafka = {
        "partitions": topic.partitions,
        "topicConfiguration": configuration,
        "bindingVersion": _BINDING,
    }
    return {
        "address": DEFAULT_PREFIX + topic.name,
        "messages": {
            name: {"$ref": f"#/components/messages/{name}"} for name in messages_on(topic.name)
        },
        "bindings": {"kafka": kafka},
    }


def messages_on(topic: str) -> list[str]:
    """What a topic, named without prefix, carries: types of events, tombstones, dead letters."""
    types = [contract.type for contract in CONTRACTS.values() if contract.topic == topic]
    if not types:
        return [DEAD_LETTER]
    forgotten = any(topic in service.forgets for service in SERVICES)
    return [*types, TOMBSTONE] if forgotten else types


def _operations() -> Iterable[tuple[str, dict[str, Any]]]:
    for service in SERVICES:
        for topic in service.reads:
            yield (
                f"{service.name}-receives-{topic}",
                _operation(service, "receive", topic, messages_on(topic)),
            )
        for topic in service.writes:
            sent = [name for name in messages_on(topic) if name != TOMBSTONE]
            yield f"{service.name}-sends-{topic}", _operation(service, "send", topic, sent)
        for topic in service.forgets:
            yield f"{service.name}-sends-{topic}", _operation(service, "send", topic, [TOMBSTONE])


def _operation(
    service: Service, action: str, topic: str, messages: Iterable[str]
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic}"},
        "tags": [{"name": service.name}],
        "messages": [{"$ref": f"#/channels/{topic}/messages/{name}"} for name in messages],
    }
    if action == "receive":
        group = {"type": "string", "enum": [service.group]}
        found["bindings"] = {"kafka": {"groupId": group, "bindingVersion": _BINDING}}
    return found


def _message(contract: Contract) -> dict[str, Any]:
    said = cleandoc(contract.model.__doc__ or "")
    content_type = dict(HEADERS)["content-type"].decode()
    return {
        "name": contract.type,
        "title": contract.type,
        "summary": said.splitlines()[0],
        "contentType": content_type,
        "headers": {
            "type": "object",
            "properties": {"content-type": {"type": "string", "examples": [content_type]}},
        },
        "payload": {"$ref": f"#/components/schemas/{contract.type}"},
        "bindings": {"kafka": {"key": _KEY, "bindingVersion": _BINDING}},
    }


def _tombstone() -> dict[str, Any]:
    return {
        "name": TOMBSTONE,
        "title": TOMBSTONE,
        "summary": "A record without a value: it forgets the member.",
        "payload": {"type": "null"},
        "bindings": {"kafka": {"key": _KEY, "bindingVersion": _BINDING}},
    }


def _dead_letter() -> dict[str, Any]:
    key = {"type": "string", "description": "The original's key, whatever it was."}
    return {
        "name": DEAD_LETTER,
        "title": DEAD_LETTER,
        "summary": "A record that could not be read, as it was; without a value where that was"
        " personal or too large.",
        "contentType": "application/octet-stream",
        "headers": {
            "type": "object",
            "description": "The original's, and what was wrong with it.",
            "properties": {name: {"type": "string"} for name in DEAD_LETTER_HEADERS},
            "required": list(DEAD_LETTER_HEADERS),
        },
        "payload": {"description": "The original's bytes."},
        "bindings": {"kafka": {"key": key, "bindingVersion": _BINDING}},
    }


def _schemas(
    schemas: Mapping[str, Mapping[str, Any]],
) -> Iterable[tuple[str, dict[str, Any]]]:
    """Each event's schema and, beside it, the definitions that it leans on."""
    for wire_type, schema in schemas.items():
        # The document has one dialect, and names its schemas by where they stand in it.
        own = {
            name: value for name, value in schema.items() if name not in ("$schema", "$id", "$defs")
        }
        yield wire_type, _moved(own, wire_type)
        for name, definition in schema.get("$defs", {}).items():
            yield f"{wire_type}.{name}", _moved(definition, wire_type)


def _moved(schema: Any, wire_type: str) -> Any:
    """With references to where definitions stand in the document."""
    if isinstance(schema, list):
        return [_moved(one, wire_type) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _moved(value, wire_type) for name, value in schema.items()}
    reference = found.get("$ref")
    if isinstance(reference, str):
        name = reference.removeprefix("#/$defs/")
        found["$ref"] = f"#/components/schemas/{wire_type}.{name}"
    return found
