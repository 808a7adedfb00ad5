"""What is sealed opens for its member alone, under the right key alone; links are signed by it."""

import base64
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.errors import UserError
from headway.sealing.master_keys import MasterKeys, new_master_key
from headway.sealing.vault import CannotOpen, Contact, Vault
from headway_notify.links import is_token_of, links_of, number_in, token_of

ROOT = secrets.token_bytes(32)
VAULT = Vault(ROOT)
MARIA = Contact("maria@example.com", "María Müller", "de-AT", "Europe/Vienna")
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
members = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(member=members, contact=st.builds(Contact, texts, texts, texts, texts))
def test_a_contact_opens_as_it_was_and_for_nobody_else(member: str, contact: Contact) -> None:
    key = VAULT.new_key(member)
    sealed = VAULT.seal(member, key, contact)
    assert VAULT.open(member, sealed, key) == contact
    assert sealed != VAULT.seal(member, key, contact), "the same twice must not look the same"
    for other, other_key in [(member + "x", key), (member, VAULT.new_key(member))]:
        with pytest.raises(CannotOpen):
            VAULT.open(other, sealed, other_key)
    with pytest.raises(CannotOpen):
        Vault(secrets.token_bytes(32)).open(member, sealed, key)


@given(data=st.data())
def test_what_was_changed_does_not_open(data: st.DataObject) -> None:
    key = VAULT.new_key("m1")
    sealed = bytearray(VAULT.seal("m1", key, MARIA))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(CannotOpen):
        VAULT.open("m1", bytes(sealed), key)


def test_what_is_sealed_shows_nothing_of_it() -> None:
    sealed = VAULT.seal("m1", VAULT.new_key("m1"), MARIA)
    assert not any(part.encode() in sealed for part in MARIA)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Maria@Example.com", " maria@example.com ", True),
        ("maria@bücher.example", "maria@xn--bcher-kva.example", True),
        ("maria@example.com", "mario@example.com", False),
        ("maria+shop@example.com", "maria@example.com", False),
    ],
)
def test_an_address_is_found_again_in_any_spelling(one: str, other: str, same: bool) -> None:
    assert (VAULT.digest(one) == VAULT.digest(other)) is same
    assert VAULT.digest(one) != Vault(secrets.token_bytes(32)).digest(one)


def test_the_first_master_key_seals_and_each_opens() -> None:
    former, new = new_master_key(), new_master_key()
    wrapped = MasterKeys.parse(former).wrap(ROOT)
    assert MasterKeys.parse(former).unwrap(wrapped) == (ROOT, False)
    both = MasterKeys.parse(f"{new}, {former}")
    assert both.unwrap(wrapped) == (ROOT, True)
    assert MasterKeys.parse(new).unwrap(both.wrap(ROOT)) == (ROOT, False)
    with pytest.raises(UserError, match="does not open"):
        MasterKeys.parse(new).unwrap(wrapped)


@pytest.mark.parametrize(
    "text",
    ["not base64!", base64.b64encode(b"short").decode(), f"{new_master_key()},another"],
    ids=["no base64", "too short", "the second"],
)
def test_a_key_that_is_none_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(UserError, match="headway notify key") as caught:
        MasterKeys.parse(text)
    assert text.rpartition(",")[2] not in str(caught.value)


@pytest.mark.parametrize("text", ["", " , "])
def test_without_a_key_it_says_which_setting_and_how(text: str) -> None:
    with pytest.raises(UserError, match=r"HEADWAY_NOTIFY_MASTER_KEY is not set[^$]*notify key"):
        MasterKeys.parse(text)


@given(number=st.integers(1, 2**63 - 1), member=members)
def test_a_token_is_of_one_notification_and_holds_nothing_personal(
    number: int, member: str
) -> None:
    key = VAULT.new_key(member)
    token = token_of(VAULT, number, member, key)
    assert len(token) == 43
    assert number_in(token) == number
    assert is_token_of(VAULT, token, number, member, key)
    assert not is_token_of(VAULT, token, number - 1, member, key)
    assert not is_token_of(VAULT, token, number, member, VAULT.new_key(member))
    changed = token[:20] + ("A" if token[20] != "A" else "B") + token[21:]
    assert not is_token_of(VAULT, changed, number, member, key)


@pytest.mark.parametrize("text", ["", "x", "a" * 42, "a" * 44, "ä" * 43, "_" * 43, "=" * 43])
def test_what_has_not_the_form_of_a_token_names_no_notification(text: str) -> None:
    assert number_in(text) is None


def test_without_a_public_address_nothing_is_linked() -> None:
    key = VAULT.new_key("m1")
    assert links_of(VAULT, "", 1, "m1", key) == ("", "")
    links = links_of(VAULT, "https://rewards.example", 1, "m1", key)
    assert links.one_click.startswith("https://rewards.example/u/")
    assert "m1" not in links.one_click.rpartition("/")[0]
