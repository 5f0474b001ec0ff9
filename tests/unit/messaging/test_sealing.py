"""Can only the right key open sealed content, and nobody after the key is deleted?"""

import base64
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.messaging import sealing
from shared.messaging.sealing import Unopened

PERSON = UUID(int=7)
TYPE = "clearwater.registry.contact.recorded.v1"
VAULT = base64.b64encode(bytes(range(32))).decode()


@given(st.binary(max_size=500))
def test_sealed_content_opens_with_the_key_of_the_person(content: bytes) -> None:
    key = sealing.new_key()

    sealed = sealing.seal(content, key=key, person_id=PERSON, event_type=TYPE)

    assert sealing.open_sealed(sealed, key=key, person_id=PERSON, event_type=TYPE) == content


@given(st.binary(min_size=12, max_size=500))
def test_the_ciphertext_does_not_show_the_content(content: bytes) -> None:
    sealed = sealing.seal(content, key=sealing.new_key(), person_id=PERSON, event_type=TYPE)

    assert content not in base64.b64decode(sealed.ciphertext)


def test_the_same_content_never_gives_the_same_ciphertext() -> None:
    key = sealing.new_key()

    sealings = [sealing.seal(b"13800000000", key=key, person_id=PERSON, event_type=TYPE) for _ in range(200)]

    assert len({item.nonce for item in sealings}) == len({item.ciphertext for item in sealings}) == len(sealings)


@given(st.data())
def test_one_changed_bit_is_noticed(data: st.DataObject) -> None:
    key = sealing.new_key()
    sealed = sealing.seal(b"13800000000", key=key, person_id=PERSON, event_type=TYPE)
    raw = bytearray(base64.b64decode(sealed.ciphertext))
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[bit // 8] ^= 1 << bit % 8
    changed = sealed.model_copy(update={"ciphertext": base64.b64encode(bytes(raw)).decode()})

    with pytest.raises(Unopened):
        sealing.open_sealed(changed, key=key, person_id=PERSON, event_type=TYPE)


@pytest.mark.parametrize("moved", ["person", "key", "key_id", "type"])
def test_a_ciphertext_opens_only_in_its_own_context(moved: str) -> None:
    key = sealing.new_key()
    sealed = sealing.seal(b"x", key=key, person_id=PERSON, event_type=TYPE)
    if moved == "key_id":
        sealed = sealed.model_copy(update={"key_id": uuid4()})

    with pytest.raises(Unopened):
        sealing.open_sealed(
            sealed,
            key=sealing.new_key() if moved == "key" else key,
            person_id=uuid4() if moved == "person" else PERSON,
            event_type="clearwater.registry.other.recorded.v1" if moved == "type" else TYPE,
        )


def test_a_reader_unwraps_its_key_and_reads() -> None:
    private, public = sealing.key_pair()
    key = sealing.new_key()
    wrapped = sealing.wrap(key, person_id=PERSON, reader="notify", public_key=public)

    unwrapped = sealing.unwrap(wrapped, key_id=key.key_id, person_id=PERSON, reader="notify", private_key=private)

    assert unwrapped == key


@pytest.mark.parametrize("wrong", ["private_key", "person", "reader", "key_id", "bytes"])
def test_a_wrapped_key_opens_for_its_reader_only(wrong: str) -> None:
    private, public = sealing.key_pair()
    key = sealing.new_key()
    wrapped = sealing.wrap(key, person_id=PERSON, reader="notify", public_key=public)

    with pytest.raises(Unopened):
        sealing.unwrap(
            "AAAA" if wrong == "bytes" else wrapped,
            key_id=uuid4() if wrong == "key_id" else key.key_id,
            person_id=uuid4() if wrong == "person" else PERSON,
            reader="reporting" if wrong == "reader" else "notify",
            private_key=sealing.key_pair()[0] if wrong == "private_key" else private,
        )


def test_the_vault_keeps_keys_that_only_its_own_key_opens() -> None:
    key = sealing.new_key()
    kept = sealing.wrap_at_rest(key, person_id=PERSON, vault_key=VAULT)

    assert key.secret not in kept
    assert sealing.unwrap_at_rest(kept, key_id=key.key_id, person_id=PERSON, vault_key=VAULT) == key
    with pytest.raises(Unopened):
        sealing.unwrap_at_rest(kept, key_id=key.key_id, person_id=uuid4(), vault_key=VAULT)
    other = base64.b64encode(bytes(32)).decode()
    with pytest.raises(Unopened):
        sealing.unwrap_at_rest(kept, key_id=key.key_id, person_id=PERSON, vault_key=other)


def test_once_the_key_is_dropped_a_new_one_reads_nothing_old() -> None:
    old, new = sealing.new_key(), sealing.new_key()
    past = [sealing.seal(b"x", key=old, person_id=PERSON, event_type=TYPE) for _ in range(3)]
    del old

    for sealed in past:
        with pytest.raises(Unopened):
            sealing.open_sealed(sealed, key=new, person_id=PERSON, event_type=TYPE)


def test_a_key_never_shows_its_secret() -> None:
    key = sealing.new_key()

    assert repr(key.secret) not in repr(key)
    assert "secret" not in repr(key)
