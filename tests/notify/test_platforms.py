"""Klaviyo and a webhook's receiver, as documented: what is sent, and what each answer means."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

from headway_notify import details
from headway_notify.facts import Facts
from headway_notify.messaging import Message, notification_id
from headway_notify.roads.answers import Answer, Ending
from headway_notify.roads.engagement import Occurrence
from headway_notify.roads.klaviyo import KlaviyoRoad
from headway_notify.roads.klaviyo import body as klaviyo_body
from headway_notify.roads.told import occurrence
from headway_notify.roads.webhook import WebhookRoad
from headway_notify.settings import NotifySettings
from tests.notify.account import NOON, PROGRAM, balance
from tests.notify.platforms import CUT, HANG, Reply, always, platform

NEW, OLD = "whsec_" + "bmV3" * 10, "whsec_" + "b2xk" * 10


def told(
    kind: Any = "progress", detail: details.Detail | None = None, *, hours: int = 1,
    **changes: object,
) -> Occurrence:  # fmt: skip
    """What is told so many hours after it happened."""
    facts = Facts.model_validate(balance() | changes)
    message = Message("m1", kind, "c1", NOON.date(), facts, detail or details.Detail())
    account = {"joined_at": "2024-05-01T10:00:00Z"}
    now = NOON + timedelta(hours=hours)
    return occurrence(message, account, PROGRAM, now=now, history=timedelta(hours=48))


def klaviyo(url: str, **more: Any) -> KlaviyoRoad:
    settings: dict[str, Any] = {
        "klaviyo_key": "pk_secret",
        "klaviyo_url": url,
        "road_timeout": 0.5,
    } | more
    return KlaviyoRoad(NotifySettings(**settings))


def webhook(url: str, secrets: str = f"{NEW} {OLD}") -> WebhookRoad:
    return WebhookRoad(NotifySettings(webhook_url=url, webhook_secrets=secrets, road_timeout=0.5))


async def test_klaviyo_is_told_in_its_own_form() -> None:
    async with platform(always(202)) as server:
        road = klaviyo(server.url)
        answer = await road.track(told(), "maria@example.com")
        await road.close()
    assert answer == Answer(Ending.SENT, "202")
    (request,) = server.received
    assert (request.method, request.path) == ("POST", "/api/events")
    assert request.headers["revision"] == "2026-07-15"
    assert request.headers["authorization"] == "Klaviyo-API-Key pk_secret"
    assert request.headers["content-type"] == "application/vnd.api+json"
    event = request.json["data"]
    assert event["type"] == "event"
    attributes = event["attributes"]
    name = attributes["metric"]["data"]["attributes"]["name"]
    assert name == "Loyalty Progress"
    assert attributes["unique_id"] == notification_id("m1", "c1", "progress")
    assert attributes["time"] == "2026-03-03T17:00:00+00:00"
    assert attributes["backfill"] is False
    profile = attributes["profile"]["data"]["attributes"]
    assert profile["external_id"] == "m1"
    assert "email" not in profile
    properties = attributes["properties"]
    assert all(key.startswith("loyalty_") for key in [*properties, *profile["properties"]])
    assert all(isinstance(value, str | int | float) for value in properties.values())
    expected = {
        "loyalty_points_balance": 150,
        "loyalty_points_pending": 30,
        "loyalty_points_to_next_reward": 50,
        "loyalty_next_reward_points": 200,
        "loyalty_progress_percent": 75,
        "loyalty_rewards_available": 1,
        "loyalty_saved_total": 5.0,
        "loyalty_saved_total_text": "5.00 USD",
        "loyalty_tier": "gold",
        "loyalty_member_since": "2024-05-01",
        "loyalty_balance_version": 1,
        "loyalty_goal_id": "",
        "loyalty_goal_name": "",
    }
    assert expected.items() <= properties.items()
    assert profile["properties"]["loyalty_points_balance"] == 150


async def test_an_address_goes_only_where_a_setting_says_so() -> None:
    async with platform(always(202)) as server:
        road = klaviyo(server.url, klaviyo_email=True)
        await road.track(told(), "maria@example.com")
        await road.close()
    profile = server.received[0].json["data"]["attributes"]["profile"]["data"]["attributes"]
    assert (profile["external_id"], profile["email"]) == ("m1", "maria@example.com")


async def test_what_happened_long_ago_starts_no_flow_and_changes_no_profile() -> None:
    async with platform(always(202)) as server:
        road = klaviyo(server.url)
        await road.track(told(hours=49))
        await road.close()
    attributes = server.received[0].json["data"]["attributes"]
    assert attributes["backfill"] is True
    assert attributes["time"] == "2026-03-03T17:00:00+00:00"
    assert "properties" not in attributes["profile"]["data"]["attributes"]


async def test_a_reward_used_says_what_it_was_worth() -> None:
    used = details.RewardUsed(
        redemption_id="r1", reward_id="five", points=100, value_minor=500, currency="USD"
    )
    async with platform(always(202)) as server:
        road = klaviyo(server.url)
        await road.track(told("reward_used", used))
        await road.close()
    attributes = server.received[0].json["data"]["attributes"]
    assert (attributes["value"], attributes["value_currency"]) == (5.0, "USD")
    assert attributes["properties"]["loyalty_reward_used_reward_id"] == "five"


def test_a_goal_is_told_beside_the_next_reward_and_that_there_is_none_any_more() -> None:
    saving = told(goal={"id": "twenty", "points": 400, "missing": 250})
    expected = {
        "goal_id": "twenty", "goal_name": "$20 off", "goal_points": 400, "points_to_goal": 250,
        "next_reward_id": "ten", "points_to_next_reward": 50, "progress_percent": 75,
    }  # fmt: skip
    assert expected.items() <= saving.properties.items()
    assert _kept(saving) == ("$20 off", 250)
    assert _kept(told()) == ("", 0)


def _kept(one: Occurrence) -> tuple[str, int]:
    """Name of the goal, and points to it, on Klaviyo's profile."""
    event: Any = klaviyo_body(one)["data"]
    kept = event["attributes"]["profile"]["data"]["attributes"]["properties"]
    return kept["loyalty_goal_name"], kept["loyalty_points_to_goal"]


def test_a_certificate_says_what_it_is_worth_and_no_code() -> None:
    issued = details.CertificateIssued(
        redemption_id="crt_1_2", reward_id="five", points=100, value_minor=500, currency="USD"
    )
    one = told("certificate_issued", issued)
    assert (one.value, one.currency) == (5.0, "USD")
    own = {name for name in one.properties if name.startswith("certificate_issued_")}
    assert own == {f"certificate_issued_{name}" for name in details.CertificateIssued.model_fields}


@pytest.mark.parametrize(
    ("reply", "ending", "ill", "after"),
    [
        ((202, {}, b""), Ending.SENT, False, 0),
        ((400, {}, b'{"errors": [{"detail": "maria@example.com"}]}'), Ending.FAILED, False, 0),
        ((401, {}, b""), Ending.PUT_OFF, True, 0),
        ((403, {}, b""), Ending.PUT_OFF, True, 0),
        ((429, {"Retry-After": "17"}, b""), Ending.PUT_OFF, True, 17),
        ((429, {"Retry-After": "soon"}, b""), Ending.PUT_OFF, True, 0),
        ((429, {"Retry-After": "99999999"}, b""), Ending.PUT_OFF, True, 3600),
        ((500, {}, b""), Ending.PUT_OFF, True, 0),
        ((503, {}, b""), Ending.PUT_OFF, True, 0),
        (HANG, Ending.UNKNOWN, True, 0),
        (CUT, Ending.UNKNOWN, True, 0),
    ],
)
async def test_every_answer_of_klaviyo_has_its_meaning(
    reply: Reply, ending: Ending, ill: bool, after: float
) -> None:
    async with platform(lambda server, request: reply) as server:
        road = klaviyo(server.url)
        answer = await road.track(told())
        await road.close()
    assert (answer.ending, answer.road_ill, answer.retry_after) == (ending, ill, after)
    assert "@" not in answer.reply


@pytest.mark.parametrize("make", [klaviyo, webhook])
async def test_nobody_there_is_surely_not_sent(make: Any) -> None:
    road = make("http://127.0.0.1:1")
    answer = await road.track(told())
    await road.close()
    assert (answer.ending, answer.road_ill) == (Ending.PUT_OFF, True)


async def test_a_webhook_is_signed_so_that_either_secret_opens_it() -> None:
    async with platform(always(204)) as server:
        road = webhook(server.url + "/hooks")
        assert (await road.track(told())).ending is Ending.SENT
        await road.close()
    (request,) = server.received
    for secret in (NEW, OLD):
        body = Webhook(secret).verify(request.body, request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "b3Ro" * 10).verify(request.body, request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(request.body.replace(b"150", b"151"), request.headers)
    assert request.headers["webhook-id"] == notification_id("m1", "c1", "progress")
    assert body["type"] == "loyalty.progress"
    assert body["timestamp"] == "2026-03-03T17:00:00Z"
    data = body["data"]
    assert (data["member_id"], data["points_balance"]) == ("m1", 150)
    assert not any(isinstance(value, dict | list) for value in data.values())


@pytest.mark.parametrize(
    ("reply", "ending", "no_more"),
    [
        ((200, {}, b"ok"), Ending.SENT, False),
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), Ending.PUT_OFF, False),
        ((400, {}, b""), Ending.PUT_OFF, False),
        ((410, {}, b""), Ending.PUT_OFF, True),
        ((500, {}, b""), Ending.PUT_OFF, False),
        (HANG, Ending.UNKNOWN, False),
    ],
)
async def test_every_answer_of_a_receiver_has_its_meaning(
    reply: Reply, ending: Ending, no_more: bool
) -> None:
    async with platform(lambda server, request: reply) as server:
        road = webhook(server.url)
        answer = await road.track(told())
        await road.close()
    assert (answer.ending, answer.wants_no_more) == (ending, no_more)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"notify_roads": "pigeon"}, "none of topic, klaviyo, webhook"),
        ({"notify_roads": "klaviyo"}, "HEADWAY_KLAVIYO_KEY"),
        ({"notify_mail": "none"}, "HEADWAY_NOTIFY_MAIL is none and HEADWAY_NOTIFY_ROADS is empty"),
        ({"notify_roads": "webhook"}, "HEADWAY_WEBHOOK_URL"),
        ({"webhook_url": "http://shop.example.com/x"}, "https"),
        ({"webhook_secrets": "whsec_c2hvcnQ="}, "24 to 64 bytes"),
        ({"notify_domain_rates": "gmail.com=fast"}, "gmail.com=20/s"),
        ({"notify_roads": "topic", "road_timeout": 40}, "HEADWAY_ROAD_TIMEOUT"),
    ],
)
def test_settings_that_cannot_work_are_refused_in_words(
    settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        NotifySettings(**settings)
