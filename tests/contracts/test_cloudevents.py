"""The CloudEvents project's own package reads what Headway writes, and writes what it reads."""

import json

import pytest
from cloudevents.core.bindings import kafka
from cloudevents.core.v1.event import CloudEvent

from headway.contracts.codec import decode, encode, key_of
from tests.contracts.events import NAMES, golden, read


@pytest.mark.parametrize("name", NAMES)
def test_what_headway_writes_is_a_cloudevent(name: str) -> None:
    event = read(golden(name))
    value, headers = encode(
        event.type, source=event.source, id=event.id, time=event.time, data=event.data
    )
    message = kafka.KafkaMessage(dict(headers), key_of(event.member_id), value)
    theirs = kafka.from_structured_event(message)
    assert theirs.get_specversion() == "1.0"
    assert theirs.get_id() == event.id
    assert theirs.get_source() == event.source
    assert theirs.get_type() == f"{event.type}.v1"
    assert theirs.get_subject() == event.member_id
    assert theirs.get_time() == event.time
    assert theirs.get_datacontenttype() == "application/json"
    assert theirs.get_data() == json.loads(event.canonical_data)


@pytest.mark.parametrize("write", [kafka.to_structured_event, kafka.to_binary_event])
@pytest.mark.parametrize("name", NAMES)
def test_what_their_package_writes_is_read(name: str, write: object) -> None:
    expected = read(golden(name))
    theirs = CloudEvent(
        {
            "id": expected.id,
            "source": expected.source,
            "type": f"{expected.type}.v1",
            "subject": expected.member_id,
            "time": expected.time,
            "datacontenttype": "application/json",
        },
        golden(name)["data"],  # type: ignore[arg-type]
    )
    message = write(theirs)  # type: ignore[operator]
    got = decode(key_of(expected.member_id), message.value, list(message.headers.items()))
    assert got == expected
