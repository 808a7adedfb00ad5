"""The contracts as JSON Schema 2020-12, for people and programs that do not run Headway."""

import json
from inspect import cleandoc
from typing import Final

from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import CoreSchema

from headway.contracts.asyncapi import ASYNCAPI_FILE, asyncapi
from headway.contracts.envelope import SPECVERSION
from headway.contracts.fields import Data, Id, Source, Time
from headway.contracts.registry import CONTRACTS, Contract
from headway.contracts.topics import DEFAULT_PREFIX

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

ID: Final = "urn:headway:contract:"
"""What the `$id` of each type's schema begins with."""

_INDEX: Final = """\
# Contracts

What travels between a shop, Headway and those who listen to it: CloudEvents 1.0 as JSON on Kafka.
Written by `headway contracts export docs/contracts`; change the models, not these files.

- **Key**: the member id in UTF-8, on every topic. Key, `subject` and `data.member_id` are equal.
- **Identity**: `source` and `id`. The same identity with the same content again is a repeat and
  changes nothing; with other content it is a conflict and goes to the dead letters.
- **`time`** is when it happened (RFC 3339 with an offset), not when it was sent.
- **Structured mode** (`content-type: application/cloudevents+json`, or no content-type and a value
  with `specversion`) and **binary mode** (`ce_` headers, the data as value) are read; structured
  mode is written. A value has at most 1 MiB.
- Fields that a schema does not name are ignored. Numbers are integers: `1.0` and `"1"` are refused.
- Rules that the schemas do not say: `line_id` differs between the lines of an order;
  `paid_with_points` is at most the line's `amount`; a line of a refund names its `line_id` when
  the refund names an `order_id`, else its `sku`; `time` is at most five minutes ahead.
- All of it for tools: [asyncapi.json](asyncapi.json), AsyncAPI 3.0 with Kafka's bindings.
- A published version is never broken: what would break its senders or its readers becomes a `.v2`.
  `headway contracts check` compares these files with the models, and `export` overwrites none that
  would break.
- A record without a value on `{prefix}member-contacts` is a tombstone: it forgets the member.

## Types

The prefix of the topics (`{prefix}`) is a setting. Each type links to its schema and an example.

| type | topic | what it says |
| --- | --- | --- |
"""


_REASONS: Final = """
## Why an event is refused

What cannot be read goes to the dead letters, whole, with one of these reasons, the field that was
wrong and what to do. Values are never repeated in the message.

| reason | meaning |
| --- | --- |
| `no-value` | a record without a value, where none is a tombstone |
| `not-json` | the value is not JSON in UTF-8 |
| `not-an-object` | the value, or its `data`, is JSON but no object |
| `missing-attribute` | an attribute of the envelope, or `data`, is not there |
| `bad-attribute` | an attribute is there but cannot be read |
| `unknown-type` | `type` is in no row above |
| `unknown-version` | `type` is known, in a version that this release does not read |
| `invalid-data` | `data` does not fit its schema or the rules above |
| `too-long` | a string or the whole value is longer than allowed |
| `key-mismatch` | key, `subject` and `data.member_id` differ |
| `from-the-future` | `time` is more than five minutes ahead of the reader's clock |
"""


class _Plain(GenerateJsonSchema):
    """Without the titles that only repeat each field's name."""

    def field_title_should_be_set(self, schema: CoreSchema | FieldInfo) -> bool:
        return False


class _Envelope(Data):
    id: Id
    source: Source
    subject: Id
    time: Time


def exported() -> dict[str, str]:
    """Every file of the contracts' folder: its name and its text."""
    files = {file_name(contract): _text(schema(contract)) for contract in CONTRACTS.values()}
    files["README.md"] = _index()
    files[ASYNCAPI_FILE] = _text(asyncapi({c.type: schema(c) for c in CONTRACTS.values()}))
    return files


def file_name(contract: Contract) -> str:
    """Name of the file with a contract's schema."""
    return f"{contract.type}.schema.json"


def schema(contract: Contract) -> dict[str, object]:
    """The JSON Schema of a whole event: the envelope and its data."""
    data = contract.model.model_json_schema(schema_generator=_Plain)
    definitions = data.pop("$defs", {})
    attributes = _Envelope.model_json_schema(schema_generator=_Plain)["properties"]
    found: dict[str, object] = {
        "$schema": _DIALECT,
        "$id": ID + contract.type,
        "title": contract.type,
        "description": _said(contract),
        "type": "object",
        "required": ["specversion", "id", "source", "type", "subject", "time", "data"],
        "properties": {
            "specversion": {"const": SPECVERSION},
            "id": attributes["id"] | _id_of(contract),
            "source": attributes["source"],
            "type": {"const": contract.type},
            "subject": attributes["subject"],
            "time": attributes["time"],
            "datacontenttype": {"const": "application/json"},
            "data": data,
        },
    }
    if definitions:
        found["$defs"] = definitions
    return found


def _id_of(contract: Contract) -> dict[str, object]:
    if contract.id_max == 128:
        return {}
    return {
        "maxLength": contract.id_max,
        "description": "An identity that is put together out of others, so longer than each.",
    }


def _index() -> str:
    rows = "".join(
        f"| [{contract.type}]({file_name(contract)}) ([example](../../tests/contracts/golden/"
        f"{contract.type}.json)) | {DEFAULT_PREFIX}{contract.topic} | "
        f"{_said(contract).splitlines()[0]} |\n"
        for contract in CONTRACTS.values()
    )
    return _INDEX.replace("{prefix}", DEFAULT_PREFIX) + rows + _REASONS


def _said(contract: Contract) -> str:
    return cleandoc(contract.model.__doc__ or "")


def _text(document: dict[str, object]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
