"""Signed notes: the text's own example, what counts as a signature, and what must not."""

from __future__ import annotations

import base64

import pytest

from hub.audit import notes
from hub.audit.checkpoints import Checkpoint
from hub.audit.notes import Kind, NoteWrong, Signer, Verifier

# C2SP signed-note, the example of the specification.
VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"

EXAMPLE = (
    "This is an example message.\n\n\u2014 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)

TEXT = "example.com/log\n7\nqqpxtFzQlxqmzt4nVCrEYtHcbWZyZYBVmQGEgSMd8nI=\n"
SIGNER = Signer("example.com/log", Kind.ED25519, b"1" * 32)
OTHER = Signer("example.com/other", Kind.ED25519, b"2" * 32)
WITNESS = Signer("witness.example", Kind.COSIGNATURE, b"3" * 32)


def signed(*signers: Signer, at: int = 0) -> str:
    return notes.join(TEXT, [signer.sign(TEXT, at) for signer in signers])


def test_reads_the_vkey_of_the_specification() -> None:
    verifier = Verifier.parse(VKEY)
    assert (verifier.name, verifier.kind, verifier.key_id.hex()) == ("example.com/foo", Kind.ED25519, "530d903a")
    assert verifier.vkey == VKEY


def test_opens_the_note_of_the_specification() -> None:
    assert notes.open_note(EXAMPLE, [Verifier.parse(VKEY)]).text == "This is an example message.\n"


def test_opens_what_it_has_signed() -> None:
    note = notes.open_note(signed(SIGNER), [SIGNER.verifier])
    assert note.text == TEXT
    assert [seen.verifier for seen in note.seen] == [SIGNER.verifier]


def test_passes_over_strangers_and_tells_who_has_signed() -> None:
    note = notes.open_note(signed(OTHER, SIGNER, WITNESS, at=1_770_000_000), [SIGNER.verifier, WITNESS.verifier])
    assert [(seen.verifier.name, seen.at) for seen in note.seen] == [
        ("example.com/log", None),
        ("witness.example", 1_770_000_000),
    ]
    assert len(note.lines) == 3


def test_takes_many_signatures() -> None:
    strangers = [Signer(f"witness-{number}", Kind.COSIGNATURE, bytes([number]) * 32) for number in range(1, 20)]
    assert len(notes.open_note(signed(*strangers, SIGNER), [SIGNER.verifier]).seen) == 1


def test_refuses_what_nobody_known_has_signed() -> None:
    with pytest.raises(NoteWrong):
        notes.open_note(signed(OTHER), [SIGNER.verifier])


def test_one_wrong_signature_of_a_known_key_spoils_the_note() -> None:
    lines = [SIGNER.sign(TEXT), OTHER.sign(TEXT + "x")]
    assert notes.open_note(notes.join(TEXT, lines), [SIGNER.verifier])
    with pytest.raises(NoteWrong):
        notes.open_note(notes.join(TEXT, lines), [SIGNER.verifier, OTHER.verifier])


def test_a_cosignature_counts_for_its_second_only() -> None:
    line = WITNESS.sign(TEXT, 1_770_000_000)
    raw = bytearray(base64.b64decode(line.rsplit(" ", 1)[1]))
    raw[11] ^= 1
    forged = line.rsplit(" ", 1)[0] + " " + base64.b64encode(bytes(raw)).decode() + "\n"
    with pytest.raises(NoteWrong):
        notes.open_note(notes.join(TEXT, [forged]), [WITNESS.verifier])


def test_every_bit_of_a_note_counts() -> None:
    whole = signed(SIGNER).encode()
    for at in range(len(whole) * 8):
        flipped = bytearray(whole)
        flipped[at // 8] ^= 1 << at % 8
        with pytest.raises(NoteWrong):
            notes.open_note(bytes(flipped), [SIGNER.verifier])


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "example.com/foo",
        VKEY.replace("530d903a", "530d903b"),
        VKEY[:-4],
        VKEY.replace("example.com/foo", "example com/foo"),
        VKEY.replace("example.com/foo", ""),
        "a+b+" + VKEY,
        VKEY.replace("Aek", "Bek"),
    ],
)
def test_refuses_what_is_no_vkey(vkey: str) -> None:
    with pytest.raises(NoteWrong):
        Verifier.parse(vkey)


@pytest.mark.parametrize(
    "note",
    [
        b"",
        TEXT.encode(),
        signed(SIGNER).encode()[:-1],
        TEXT.encode() + b"\n",
        signed(SIGNER).replace("\u2014", "-").encode(),
        signed(SIGNER).replace("example", "exa\tmple", 1).encode(),
        signed(SIGNER).encode() + b"\n",
        signed(SIGNER).replace("\n\u2014", "\n\u2014 ").encode(),
        b"\xff" + signed(SIGNER).encode(),
        signed(SIGNER).replace("\n", "\r\n").encode(),
        signed(*[SIGNER] * 101).encode(),
    ],
)
def test_refuses_what_is_no_note(note: bytes) -> None:
    with pytest.raises(NoteWrong):
        notes.open_note(note, [SIGNER.verifier])


def test_the_last_empty_line_divides() -> None:
    text = TEXT + "\nmore\n"
    note = notes.join(text, [SIGNER.sign(text)])
    assert notes.open_note(note, [SIGNER.verifier]).text == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com/log\n7\n",
        "\n" + TEXT.partition("\n")[2],
        TEXT.replace("\n7\n", "\n07\n"),
        TEXT.replace("\n7\n", "\n-7\n"),
        TEXT.replace("\n7\n", "\n7 \n"),
        TEXT.replace("qqpx", "qqp"),
        TEXT.replace("8nI=", "8nJ="),
        TEXT[:-1],
    ],
)
def test_refuses_what_is_no_checkpoint(text: str) -> None:
    with pytest.raises(NoteWrong):
        Checkpoint.parse(text)


def test_reads_a_checkpoint_with_and_without_extensions() -> None:
    found = Checkpoint.parse(TEXT)
    assert (found.origin, found.size, found.text) == ("example.com/log", 7, TEXT)
    assert Checkpoint.parse(TEXT + "an extension\n") == found
