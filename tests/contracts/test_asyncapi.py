"""The AsyncAPI document: valid by AsyncAPI's own schema, and of one mind with topics and codec."""

import gzip
import json
import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from headway.contracts.asyncapi import ASYNCAPI_FILE, DEAD_LETTER_HEADERS, messages_on
from headway.contracts.registry import CONTRACTS
from headway.contracts.schema import exported
from headway.contracts.topics import DEFAULT_PREFIX, SERVICES, TOPICS
from headway.errors import Poison
from headway.runtime.settings import Settings
from headway.stream.batch import Record
from headway.stream.dead_letter import dead_letter, outbox_row
from tests.contracts.events import NAMES, changed, golden
from tests.contracts.test_reasons import INVALID
from tests.contracts.test_schemas import BEYOND_SCHEMA

ROOT = Path(__file__).parents[2]
OFFICIAL = Path(__file__).parent / "asyncapi" / "3.0.0-without-id.json.gz"
DOCUMENT: dict[str, Any] = json.loads((ROOT / "docs/contracts" / ASYNCAPI_FILE).read_text())


@pytest.fixture(scope="module")
def official() -> Draft7Validator:
    return Draft7Validator(json.loads(gzip.decompress(OFFICIAL.read_bytes())))


def payload_of(wire_type: str) -> Draft202012Validator:
    """What a message may be, by the document alone."""
    schema = DOCUMENT["components"]["messages"][wire_type]["payload"]
    return Draft202012Validator(schema | {"components": DOCUMENT["components"]})


def test_the_published_document_is_up_to_date() -> None:
    assert exported()[ASYNCAPI_FILE] == (ROOT / "docs/contracts" / ASYNCAPI_FILE).read_text()


def test_asyncapi_s_own_schema_takes_it(official: Draft7Validator) -> None:
    assert [error.message for error in official.iter_errors(DOCUMENT)] == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda document: document.pop("info"),
        lambda document: document["operations"]["earn-receives-orders"].update(action="listen"),
        lambda document: document["channels"]["orders"]["bindings"]["kafka"].update(partitions="6"),
        lambda document: document["components"]["messages"]["order.paid.v1"].update(key="id"),
    ],
)
def test_asyncapi_s_own_schema_refuses_what_is_none(
    official: Draft7Validator, spoil: Callable[[dict[str, Any]], object]
) -> None:
    document = deepcopy(DOCUMENT)
    spoil(document)
    assert not official.is_valid(document)


def test_every_reference_leads_somewhere() -> None:
    references = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(DOCUMENT)))
    assert len(references) > len(CONTRACTS)
    for reference in references:
        found = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


def test_channels_are_the_topics_with_their_partitions_keys_and_messages() -> None:
    assert set(DOCUMENT["channels"]) == {topic.name for topic in TOPICS}
    for topic in TOPICS:
        channel = DOCUMENT["channels"][topic.name]
        kafka = channel["bindings"]["kafka"]
        assert channel["address"] == f"headway.{topic.name}"
        assert kafka["partitions"] == topic.partitions
        told = kafka["topicConfiguration"]
        assert topic.config == {
            name: value[0] if isinstance(value, list) else str(value)
            for name, value in told.items()
        }
        carried = {c.type for c in CONTRACTS.values() if c.topic == topic.name}
        assert carried <= set(channel["messages"])
    for message in DOCUMENT["components"]["messages"].values():
        assert message["bindings"]["kafka"]["key"]["type"] == "string"
    assert messages_on("member-contacts") == ["contact.updated.v1", "tombstone"]


def test_operations_are_what_services_do_under_their_own_groups() -> None:
    does = {
        (one["tags"][0]["name"], one["action"], one["channel"]["$ref"].rpartition("/")[2])
        for one in DOCUMENT["operations"].values()
    }
    assert does == {
        (service.name, action, topic)
        for service in SERVICES
        for action, topics in (
            ("receive", service.reads), ("send", (*service.writes, *service.forgets))
        )
        for topic in topics
    }  # fmt: skip
    groups = {
        one["tags"][0]["name"]: one["bindings"]["kafka"]["groupId"]["enum"]
        for one in DOCUMENT["operations"].values()
        if one["action"] == "receive"
    }
    settings = Settings.model_construct()
    assert settings.topic_prefix == DEFAULT_PREFIX
    assert groups == {name: [settings.group(name)] for name in ("earn", "notify")}


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_each_service_s_page_says_the_same(service: Any) -> None:
    page = (ROOT / f"services/{service.name}/README.md").read_text()

    def told(row: str) -> set[str]:
        line = re.search(rf"^\| {row}.*?\|(.*)\|$", page, re.M)
        return set(re.findall(r"`([a-z-]+)`", line[1])) if line else set()

    assert told("topics in") == set(service.reads)
    assert told("topics out") == {*service.writes, *service.forgets}


@pytest.mark.parametrize("name", NAMES)
def test_goldens_fit_the_payload_of_their_message(name: str) -> None:
    envelope = golden(name)
    payload_of(str(envelope["type"])).validate(envelope)


@pytest.mark.parametrize(("name", "path", "value"), INVALID)
def test_what_the_schemas_refuse_the_document_refuses(name: str, path: str, value: object) -> None:
    fits = payload_of(str(golden(name)["type"])).is_valid(changed(name, path, value))
    beyond = any(
        (name, path) == (n, p) and value == v and type(value) is type(v)
        for n, p, v in BEYOND_SCHEMA
    )
    assert fits == beyond


def test_a_dead_letter_has_the_headers_that_are_told_of() -> None:
    record = Record("headway.orders", 0, 7, b"m1", b"{", (), 1_700_000_000_000)
    letter = dead_letter("headway-earn", record, Poison("not-json", "", "no JSON"))
    row = outbox_row(letter, "headway.earn-dead-letters", 0)
    assert tuple(name for name, _ in json.loads(row.headers)) == DEAD_LETTER_HEADERS
