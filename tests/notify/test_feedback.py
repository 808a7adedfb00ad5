"""What comes back: kept first, then worked through, in one vocabulary; and what follows."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway_notify.feedback.event import EVENT_TYPES
from headway_notify.feedback.generic import generic_events
from headway_notify.feedback.ses import ses_events
from headway_notify.messaging import notification_id
from tests.notify.desk import DAY, Desk, bounced
from tests.notify.sns_sender import bounce, complaint, other
from tests.notify.test_contacts import holding

ANN, BOB = "ann.exampleperson@example.com", "bob.exampleperson@example.com"


def mapped(said: object) -> list[tuple[str, str, str, str]]:
    """Type, reason, bounce and recipient of each event in a message of SES."""
    return [
        (event.event_type, event.reject_reason, event.bounce, event.recipient)
        for event in ses_events(json.dumps(said))
    ]


@pytest.mark.parametrize("key", ["eventType", "notificationType"])
@pytest.mark.parametrize(
    ("kind", "hardness"), [("Permanent", "hard"), ("Transient", "soft"), ("Undetermined", "soft")]
)
def test_bounces_of_ses_are_hard_or_soft(key: str, kind: str, hardness: str) -> None:
    assert mapped(bounce(ANN, kind=kind, key=key)) == [("bounced", "bounced", hardness, ANN)]


def test_several_recipients_are_several_events_and_names_are_left_aside() -> None:
    assert mapped(bounce(f'"Ann, P." <{ANN}>', BOB)) == [
        ("bounced", "bounced", "hard", ANN),
        ("bounced", "bounced", "hard", BOB),
    ]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (complaint(ANN), ("complained", "spam")),
        (complaint(ANN, feedback_type="not-spam"), ("unknown", "")),
        (other("Delivery", ANN), ("delivered", "")),
        (other("Send", ANN), ("sent", "")),
        (other("Reject", ANN), ("rejected", "blocked")),
        (other("DeliveryDelay", ANN), ("deferred", "")),
        (other("Rendering Failure", ANN), ("failed", "other")),
        (other("Open", ANN), ("opened", "")),
        (other("Click", ANN), ("clicked", "")),
        (other("Something New", ANN), ("unknown", "")),
    ],
)
def test_kinds_of_ses_in_the_vocabulary(said: object, expected: tuple[str, str]) -> None:
    assert mapped(said) == [(*expected, "", ANN)]


def test_only_who_unsubscribed_from_all_of_sess_topics_is_unsubscribed() -> None:
    said = {
        "eventType": "Subscription",
        "subscription": {"newTopicPreferences": {"unsubscribeAll": True}},
        "mail": {"destination": [ANN]},
    }
    assert mapped(said) == [("unsubscribed", "", "", ANN)]
    said["subscription"] = {"newTopicPreferences": {"unsubscribeAll": False}}
    assert mapped(said) == [("unknown", "", "", ANN)]


_names = st.sampled_from(
    ["eventType", "bounce", "bouncedRecipients", "emailAddress", "mail", "destination", "headers",
     "complaint", "delivery", "tags", "notification", "event_type", "recipient", "timestamp"]
)  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=5),
    max_leaves=12,
)


@given(said=json_values)
def test_whatever_comes_is_an_event_and_never_an_error(said: object) -> None:
    for events in (ses_events(json.dumps(said)), generic_events(json.dumps(said).encode())):
        assert {event.event_type for event in events} <= EVENT_TYPES
        assert all(event.recipient or event.recipient == "" for event in events)


async def test_a_hard_bounce_suppresses_at_once_and_is_noted(desk: Desk) -> None:
    await desk.contact("m1")
    number = await desk.decided(state="sent", cause=DAY.isoformat())
    message_id = f"<{notification_id('m1', DAY.isoformat(), 'progress')}@example.com>"
    assert (await desk.tell(bounced(message_id=message_id))).status_code == 202
    assert await desk.events() == [], "answered first, worked through later"
    await desk.work_through()
    assert await desk.events() == [("bounced", "bounced", number)]
    assert await desk.suppressed() == {"hard_bounce"}


async def test_a_mail_is_found_by_its_number_or_what_the_provider_calls_it(desk: Desk) -> None:
    first = await desk.decided(state="sent")
    second = await desk.decided(state="sent", provider_id="provider-7")
    await desk.tell({"event_type": "delivered", "message_id": f"notification:{first}"})
    await desk.tell({"event_type": "delivered", "message_id": "provider-7"})
    await desk.tell({"event_type": "delivered", "message_id": "notification:999999999"})
    await desk.work_through()
    assert [event[2] for event in await desk.events()] == [first, second, None]


async def test_soft_bounces_suppress_when_there_are_too_many_in_the_time(desk: Desk) -> None:
    def soft(day: int) -> dict[str, object]:
        return bounced(bounce="soft", timestamp=f"2026-01-{day:02}T00:00:00Z")

    for day in (1, 2):
        await desk.tell(soft(day))
    await desk.work_through()
    assert await desk.suppressed() == set()
    await desk.tell(bounced(bounce="soft", timestamp="2026-03-01T00:00:00Z"))
    await desk.work_through()
    assert await desk.suppressed() == set(), "the others are more than 30 days ago"
    for day in (2, 3):
        await desk.tell(bounced(bounce="soft", timestamp=f"2026-03-0{day}T00:00:00Z"))
        await desk.work_through()
    assert await desk.suppressed() == {"soft_bounces"}


async def test_one_bad_event_does_not_lose_the_others(desk: Desk) -> None:
    bad: list[object] = [
        None, 7, [], {}, {"event_type": 5}, {"event_type": "bounced", "recipient": 7},
        {"event_type": "bounced", "recipient": "\0@\0", "message_id": "a\0b"},
        {"event_type": "gossip", "recipient": ANN, "timestamp": "yesterday"},
    ]  # fmt: skip
    await desk.tell(bounced(ANN), *bad, bounced(BOB))
    await desk.work_through()
    assert await desk.suppressed(ANN) == await desk.suppressed(BOB) == {"hard_bounce"}
    assert len(await desk.events()) == len(bad) + 2


async def test_what_cannot_be_worked_through_waits_and_holds_up_nothing(desk: Desk) -> None:
    await desk.tell(bounced(ANN))
    await desk.pool.execute("update notify.feedback set sealed = '\\x00'")
    await desk.tell(bounced(BOB))
    await desk.work_through()
    assert await desk.suppressed(BOB) == {"hard_bounce"}
    (row,) = await desk.pool.fetch("select * from notify.feedback where processed_at is null")
    assert (row["trouble"], row["tries"]) == ("CannotOpen", 1)
    assert row["due_at"] > row["received_at"]


async def test_bodies_go_once_worked_through_and_no_address_stays(desk: Desk) -> None:
    await desk.contact(email=ANN)
    await desk.tell(bounced(ANN, description=f"550 {ANN} is unknown", message_id=f"<{ANN}>"))
    await desk.tell({"event_type": ANN, "recipient": ANN})
    assert await holding(desk.pool, ANN) == set(), "sealed while they wait"
    await desk.work_through()
    assert await desk.pool.fetchval("select count(sealed) from notify.feedback") == 0
    assert await holding(desk.pool, ANN) == set()


async def test_the_same_feedback_again_changes_nothing(desk: Desk) -> None:
    for _ in range(3):
        await desk.tell(bounced(bounce="soft"), event_id="e-1")
        await desk.work_through()
    assert len(await desk.events()) == 1
    assert await desk.suppressed() == set()


async def test_unsigned_feedback_is_refused(desk: Desk) -> None:
    other_secret = "whsec_" + "A" * 44
    assert (await desk.tell(bounced(), secret=other_secret)).status_code == 403
    answer = await desk.client.post("/feedback/generic", json=bounced())
    assert answer.status_code == 403
    headers = {"webhook-id": "x", "webhook-timestamp": "1", "webhook-signature": "v1,?,?"}
    answer = await desk.client.post("/feedback/generic", json=bounced(), headers=headers)
    assert answer.status_code == 403
    assert await desk.pool.fetchval("select count(*) from notify.feedback") == 0


async def test_who_unsubscribed_elsewhere_is_not_written_to_about_that(desk: Desk) -> None:
    await desk.contact()
    number = await desk.decided(kind="reward_ready", state="sent")
    said = {"event_type": "unsubscribed", "recipient": "m1@example.com"}
    await desk.tell({**said, "message_id": f"notification:{number}"})
    await desk.work_through()
    assert await desk.unwanted() == {"rewards": "feedback"}
    assert await desk.suppressed() == set()
    await desk.tell(said)
    await desk.work_through()
    assert await desk.suppressed() == {"unsubscribed_all"}, "of nothing less than everything"


async def test_what_was_said_is_never_rewritten(desk: Desk) -> None:
    await desk.tell(bounced())
    await desk.work_through()
    for statement in (
        "update notify.feedback_events set kind = 'x'",
        "delete from notify.feedback_events",
    ):
        with pytest.raises(Exception, match="append-only"):
            await desk.pool.execute(statement)
