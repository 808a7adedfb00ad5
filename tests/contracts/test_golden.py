"""One golden event per type (and shape): what shops and listeners were promised stays readable."""

import json
from hashlib import sha256

import pytest
import rfc8785

from headway.contracts.codec import HEADERS, decode, encode, key_of
from headway.contracts.registry import CONTRACTS
from tests.contracts.events import DIGESTS, GOLDEN, NAMES, STRUCTURED, golden, read


def test_every_type_has_a_golden_and_every_golden_a_digest() -> None:
    assert {contract.type for contract in CONTRACTS.values()} <= set(NAMES)
    assert set(DIGESTS) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_digest_never_changes(name: str) -> None:
    # It tells repeats from conflicts against rows stored by earlier releases.
    assert read(golden(name)).digest.hex() == DIGESTS[name]


@pytest.mark.parametrize("name", NAMES)
def test_digest_is_sha256_of_rfc_8785_json(name: str) -> None:
    event = read(golden(name))
    data = json.loads(event.canonical_data)
    content = {"type": event.type, "subject": event.member_id, "data": data}
    assert event.canonical_data == rfc8785.dumps(data)
    assert event.digest == sha256(rfc8785.dumps(content)).digest()


def test_canonical_data_holds_the_defaults() -> None:
    assert json.loads(read(golden("order.paid.v1.minimal")).canonical_data) == {
        "member_id": "m-10481",
        "order_id": "o-77121",
        "order_version": 1,
        "currency": "JPY",
        "channel": None,
        "store": None,
        "lines": [
            {
                "line_id": "1",
                "sku": "sneaker-red",
                "category": "",
                "quantity": 1,
                "amount": 9800,
                "paid_with_points": 0,
                "gift_card": False,
            }
        ],
        "tax": 0,
        "shipping": 0,
    }


@pytest.mark.parametrize("name", NAMES)
def test_attributes_are_read(name: str) -> None:
    raw, event = golden(name), read(golden(name))
    assert (event.source, event.id, event.member_id) == (raw["source"], raw["id"], raw["subject"])
    assert f"{event.type}.v1" == raw["type"]
    assert isinstance(event.data, CONTRACTS[event.type].model)
    assert event.data.member_id == event.member_id


@pytest.mark.parametrize("name", NAMES)
def test_what_is_encoded_decodes_to_the_same_event(name: str) -> None:
    event = read(golden(name))
    for data in (event.data, json.loads(event.canonical_data)):
        value, headers = encode(
            event.type, source=event.source, id=event.id, time=event.time, data=data
        )
        assert tuple(headers) == HEADERS
        assert decode(key_of(event.member_id), value, headers) == event
    # A second trip changes no byte.
    again = decode(key_of(event.member_id), value, STRUCTURED)
    rewritten, _ = encode(
        again.type, source=again.source, id=again.id, time=again.time, data=again.data
    )
    assert rewritten == value


def test_goldens_are_files_that_a_shop_could_send_as_they_are() -> None:
    raw = (GOLDEN / "order.paid.v1.json").read_bytes()
    event = decode(b"m-10481", raw, [])
    assert event.time.isoformat() == "2026-05-04T18:03:27.125000+00:00"
