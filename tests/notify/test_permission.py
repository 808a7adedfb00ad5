"""Whether a message may be sent: consent, topics and suppression, kind by kind."""

from typing import Literal, get_args

import pytest

from headway.program.messages import KINDS, SERVICE, TOPIC_OF, TOPICS, Kind
from headway_notify.permission import Permission, Suppression, may_send

ALL = Permission(True)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("consent", "marketing", "marketing_goes"),
    [
        ("assumed", True, True),
        ("assumed", None, True),
        ("assumed", False, False),
        ("required", True, True),
        ("required", None, False),
        ("required", False, False),
    ],
)
def test_consent_is_asked_for_marketing_alone(
    kind: Kind,
    consent: Literal["assumed", "required"],
    marketing: bool | None,
    marketing_goes: bool,
) -> None:
    goes = kind in SERVICE or marketing_goes
    assert may_send(kind, consent, Permission(marketing)) == (None if goes else "no consent")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_that_is_not_wanted_is_not_sent_whatever_the_kind(kind: Kind, topic: str) -> None:
    permission = Permission(True, frozenset({topic}))  # type: ignore[arg-type]
    expected = f"unwanted: {topic}" if TOPIC_OF[kind] == topic else None
    assert may_send(kind, "required", permission) == expected


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reason", get_args(Suppression))
def test_a_suppressed_address_gets_nothing_of_any_kind(kind: Kind, reason: Suppression) -> None:
    permission = ALL._replace(suppressed=reason)
    assert may_send(kind, "assumed", permission) == f"suppressed: {reason}"


def test_suppression_is_told_before_a_choice_and_a_choice_before_consent() -> None:
    everything = Permission(False, frozenset(TOPICS), "complaint")
    assert may_send("progress", "required", everything) == "suppressed: complaint"
    assert may_send("progress", "required", everything._replace(suppressed="")) == (
        "unwanted: progress"
    )
