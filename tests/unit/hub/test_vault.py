import os
import random
import stat

import pytest

from hub import key_file
from hub.store import records
from hub.vault import SealBroken, Vault, VaultLocked, body_aad

SECRET = bytes(range(32))
LANE = "0b6e1f5a-3c52-4a0e-9d59-0b6a5f3a1c11"
OTHER_LANE = "7d7c6b5a-1f2e-4d3c-8b9a-001122334455"


def make_aad(lane_id=LANE, source="/units/sd-farsta", message_id="m-1", type="plan.proposed", version="1.0"):
    return body_aad(lane_id, source, message_id, type, version)


@pytest.fixture
def vault():
    return Vault(SECRET)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "vault.key"


def test_first_start_makes_a_key_file_that_only_its_owner_reads(path):
    Vault.open(path, create=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["vault.key"]


def test_first_start_reaches_the_disk_before_the_key_is_used(path, monkeypatch):
    synced = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (synced.append(stat.S_IFMT(os.fstat(fd).st_mode)), real(fd)))
    Vault.open(path, create=True)
    assert synced == [stat.S_IFREG, stat.S_IFDIR]


def test_the_same_file_opens_what_it_sealed(path):
    row, key = Vault.open(path, create=True).new_data_key(LANE)
    sealed = key.seal(b"plan", aad=make_aad())
    assert Vault.open(path, create=False).unwrap(row).open(sealed, aad=make_aad()) == b"plan"


def test_a_second_start_keeps_the_key(path):
    first = Vault.open(path, create=True)
    assert Vault.open(path, create=True).kek_id == first.kek_id


def test_of_two_first_starts_the_first_key_counts(path, monkeypatch):
    winner = Vault.open(path, create=True)
    monkeypatch.setattr(type(path), "exists", lambda self, **_: False)
    assert Vault.open(path, create=True).kek_id == winner.kek_id
    assert [file.name for file in path.parent.iterdir()] == ["vault.key"]


def test_two_hubs_have_different_keys(tmp_path):
    one = Vault.open(tmp_path / "one", create=True)
    two = Vault.open(tmp_path / "two", create=True)
    assert one.kek_id != two.kek_id
    assert one.person_key("199001012385") != two.person_key("199001012385")


def test_refuses_to_start_without_a_key_when_there_is_a_database(path):
    with pytest.raises(VaultLocked, match=r"vault\.key is missing though data that needs it exists"):
        Vault.open(path, create=False)
    assert not path.exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_refuses_a_key_file_open_to_others(path, mode):
    Vault.open(path, create=True)
    path.chmod(mode)
    with pytest.raises(VaultLocked, match="open to others"):
        Vault.open(path, create=False)


@pytest.mark.parametrize("line", [b"", b"x", b"short\n", b"0" * 500])
def test_refuses_a_key_file_of_the_wrong_length(path, line):
    Vault.open(path, create=True)
    path.write_bytes(line)
    with pytest.raises(VaultLocked, match="wrong length"):
        Vault.open(path, create=False)


def test_refuses_a_key_file_that_is_no_key(path):
    Vault.open(path, create=True)
    path.write_bytes(b"z" * len(path.read_bytes().rstrip()))
    with pytest.raises(VaultLocked, match="not a key of this program"):
        Vault.open(path, create=False)


def test_refuses_a_key_file_with_one_wrong_digit(path):
    Vault.open(path, create=True)
    line = bytearray(path.read_bytes())
    line[30] = ord("0") if line[30] != ord("0") else ord("1")
    path.write_bytes(bytes(line))
    with pytest.raises(VaultLocked, match="damaged"):
        Vault.open(path, create=False)


def test_refuses_the_key_file_of_another_database(tmp_path):
    made_with = Vault.open(tmp_path / "one", create=True).kek_id
    Vault.open(tmp_path / "two", create=True)
    with pytest.raises(VaultLocked, match="belongs to another database"):
        Vault.open(tmp_path / "two", create=False, kek_id=made_with)


def test_a_refusal_never_shows_the_key(path):
    Vault.open(path, create=True)
    secret = path.read_text().split()[1]
    path.chmod(0o644)
    with pytest.raises(VaultLocked) as refused:
        Vault.open(path, create=False)
    assert secret not in str(refused.value)


def test_the_key_survives_a_lost_end_of_line(path):
    vault = Vault.open(path, create=True)
    path.write_bytes(path.read_bytes().rstrip())
    assert Vault.open(path, create=False).kek_id == vault.kek_id


def test_derivation_follows_rfc_5869():
    """Computed by hand from the two steps of the RFC, so that another program can make the same keys."""
    import hashlib
    import hmac

    extracted = hmac.digest(bytes(32), SECRET, "sha256")
    expanded = hmac.digest(extracted, b"samverkan/1/key-encryption\x01", hashlib.sha256)
    assert key_file.derive(SECRET, "key-encryption") == expanded


def test_seals_hide_and_differ(vault):
    _, key = vault.new_data_key(LANE)
    first, second = (key.seal(b"Asta Provberg", aad=b"") for _ in range(2))
    assert first != second
    assert b"Asta" not in first
    assert len(first) == 12 + len(b"Asta Provberg") + 16


def test_one_flipped_bit_is_always_found(vault):
    _, key = vault.new_data_key(LANE)
    sealed = key.seal(random.Random(1).randbytes(2048), aad=make_aad())
    for place in random.Random(2).sample(range(len(sealed) * 8), 300):
        altered = bytearray(sealed)
        altered[place // 8] ^= 1 << (place % 8)
        with pytest.raises(SealBroken):
            key.open(bytes(altered), aad=make_aad())


def test_one_flipped_bit_of_a_wrapped_key_is_always_found(vault):
    row, _ = vault.new_data_key(LANE)
    for place in range(len(row.wrapped) * 8):
        altered = bytearray(row.wrapped)
        altered[place // 8] ^= 1 << (place % 8)
        with pytest.raises(SealBroken):
            vault.unwrap(records.DataKey(row.lane_id, bytes(altered), row.kek_id))


@pytest.mark.parametrize("length", [0, 1, 12, 27, 28])
def test_a_cut_seal_is_refused(vault, length):
    _, key = vault.new_data_key(LANE)
    with pytest.raises(SealBroken):
        key.open(key.seal(b"plan", aad=b"")[:length], aad=b"")


@pytest.mark.parametrize("name", ["lane_id", "source", "message_id", "type", "version"])
def test_a_body_opens_only_in_its_own_row(vault, name):
    _, key = vault.new_data_key(LANE)
    sealed = key.seal(b"plan", aad=make_aad())
    with pytest.raises(SealBroken):
        key.open(sealed, aad=make_aad(**{name: "other"}))


def test_parts_of_the_aad_cannot_flow_into_each_other():
    assert body_aad("a", "bc", "d", "e", "f") != body_aad("ab", "c", "d", "e", "f")
    assert body_aad("a", "", "bc", "e", "f") != body_aad("a", "b", "c", "e", "f")
    assert body_aad("å", "b", "c", "d", "e") != body_aad("a", "b", "c", "d", "e")


def test_swapped_bodies_of_one_lane_are_refused(vault):
    _, key = vault.new_data_key(LANE)
    first = key.seal(b"one", aad=make_aad(message_id="m-1"))
    with pytest.raises(SealBroken):
        key.open(first, aad=make_aad(message_id="m-2"))


def test_keys_swapped_between_lanes_are_refused(vault):
    row, _ = vault.new_data_key(LANE)
    other, _ = vault.new_data_key(OTHER_LANE)
    with pytest.raises(SealBroken):
        vault.unwrap(records.DataKey(LANE, other.wrapped, other.kek_id))
    with pytest.raises(SealBroken):
        Vault(SECRET).unwrap(records.DataKey(OTHER_LANE, row.wrapped, row.kek_id))


def test_a_key_wrapped_by_another_master_key_is_named(vault):
    row, _ = Vault(bytes(32)).new_data_key(LANE)
    with pytest.raises(VaultLocked, match=row.kek_id):
        vault.unwrap(row)
    with pytest.raises(SealBroken):
        vault.unwrap(records.DataKey(LANE, row.wrapped, vault.kek_id))


def test_an_unwrapped_key_is_remembered_until_forgotten(vault):
    row, key = vault.new_data_key(LANE)
    assert vault.unwrap(row) is key
    vault.forget(LANE)
    assert vault.unwrap(row) is not key
    vault.forget("never-seen")


def test_the_memory_for_keys_is_bounded(vault, monkeypatch):
    monkeypatch.setattr("hub.vault._KEYS_KEPT", 10)
    rows = [vault.new_data_key(f"lane-{number}") for number in range(30)]
    kept = [row.lane_id for row, key in rows if vault.unwrap(row) is key]
    assert kept == []  # each of the 30 pushed another out before its turn came
    assert len(vault._unwrapped) == 10


def test_no_wrapped_key_shows_the_key(vault):
    row, key = vault.new_data_key(LANE)
    assert key._data_key not in row.wrapped
    assert key._data_key.hex() not in repr(key)


def test_commitments_depend_on_lane_data_and_hub(vault):
    _, key = vault.new_data_key(LANE)
    _, other = vault.new_data_key(OTHER_LANE)
    assert key.commit(b"body") == key.commit(b"body")
    assert len({key.commit(b"body"), key.commit(b"bodx"), other.commit(b"body")}) == 3
    assert len(bytes.fromhex(key.commit(b"body"))) == 16


def test_a_person_is_found_by_the_same_key_and_no_other(vault):
    assert vault.person_key("199001012385") == Vault(SECRET).person_key("199001012385")
    assert vault.person_key("199001012385") != vault.person_key("199006022397")
    assert "199001012385" not in vault.person_key("199001012385")
    assert len(bytes.fromhex(vault.person_key("199001012385"))) == 16


@pytest.mark.parametrize("number", ["9001012385", "19900101-2385", "", "199001012385\n", "١٩٩٠٠١٠١٢٣٨٥"])
def test_a_person_key_is_made_from_the_canonical_number_only(vault, number):
    with pytest.raises(ValueError) as refused:
        vault.person_key(number)
    assert not number or number not in str(refused.value)


def test_fingerprints_are_keyed(vault):
    assert vault.fingerprint(b"said") == Vault(SECRET).fingerprint(b"said")
    assert vault.fingerprint(b"said") != Vault(bytes(32)).fingerprint(b"said")
    assert vault.fingerprint(b"said") != vault.fingerprint(b"sais")
