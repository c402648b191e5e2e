"""`samverkan audit key|verify|resume`: the log as a tree that anybody can check."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hub.cli import lookups, options, terminal
from hub.cli.faults import Failed, WrongUse

if TYPE_CHECKING:
    from hub.audit.checkpoints import Checkpoint
    from hub.audit.notes import Verifier
    from hub.audit.sources import Source
    from hub.audit.verifying import Verified
    from hub.settings import Settings

_MOST_TOLD: Final = 10

Vkey = Annotated[
    list[str] | None,
    typer.Option(
        "--vkey",
        metavar="VKEY|FILE",
        help="A public key, the log's or a witness's; may be repeated. [dim]Default: that of the data directory[/dim]",
    ),
]


def key(data_dir: options.DataDir = None, config: options.Config = None, json: options.Json = False) -> None:
    """Show the log's public key (vkey). Give it to those who are to check the log, by another way than the log."""
    from hub import bootstrap_log

    settings = options.load_settings(config, data_dir=data_dir)
    verifier = bootstrap_log.open_log_signer(settings, create=False).verifier
    if json:
        documents = bootstrap_log.open_document_key(settings).public_jwk()
        log = {"name": verifier.name, "key_id": verifier.key_id.hex(), "vkey": verifier.vkey}
        terminal.show_json({**log, "documents": documents})
    else:
        terminal.show_secret(verifier.vkey)


def resume(
    size: Annotated[int, typer.Option("--size", min=0, metavar="NUMBER", help="How many entries the log has now.")],
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Go on with a log that is shorter than one that was signed before: after a backup was restored, and only then.

    What was written since the backup is lost, and witnesses will refuse the log. The next start tells of it."""
    from hub import bootstrap_log
    from hub.audit.anchor import Anchor
    from hub.store.records import CheckpointKind

    settings = options.load_settings(config, data_dir=data_dir)
    verifier = bootstrap_log.open_log_signer(settings, create=False).verifier
    anchor = Anchor(settings.data_dir)
    before = anchor.read(verifier)
    with lookups.reading(settings) as reader:
        signed = reader.find_checkpoint(CheckpointKind.SIGNED)
    if before is None or signed is None or before.size <= signed.size:
        raise Failed("The log is not shorter than what was signed: there is nothing to resume.")
    if signed.size != size:
        raise WrongUse(f"--size must be {signed.size}, the size of the log in the database.")
    anchor.supersede(signed.note)
    if json:
        terminal.show_json({"signed": before.size, "resumed": signed.size})
        return
    terminal.say(
        f"The log goes on from {signed.size} entries; {before.size} had been signed. The next start tells of it."
    )


def verify(
    place: Annotated[
        str | None,
        typer.Argument(
            metavar="[FOLDER|URL]",
            help="Static files, or a hub's /log. [dim]Default: the log in the data directory[/dim]",
        ),
    ] = None,
    vkey: Vkey = None,
    policy: Annotated[
        str | None,
        typer.Option("--policy", metavar="FILE", help="Logs, witnesses and quorum (C2SP tlog-policy), for --vkey."),
    ] = None,
    checkpoint: Annotated[
        list[str] | None,
        typer.Option("--checkpoint", metavar="FILE", help="A checkpoint that was saved before; may be repeated."),
    ] = None,
    save: Annotated[
        str | None, typer.Option("--save", metavar="FILE", help="Keep the verified checkpoint here, for the next time.")
    ] = None,
    proof: Annotated[
        str | None, typer.Option("--proof", metavar="FILE", help="Check a receipt (.tlog-proof) and nothing else.")
    ] = None,
    receipt: Annotated[
        str | None, typer.Option("--receipt", metavar="FILE", help="With --proof: the receipt that the sender got.")
    ] = None,
    hashes_only: Annotated[
        bool, typer.Option("--hashes-only", help="Leave the entries out: of a hub, they take a role.")
    ] = False,
    rows: Annotated[
        bool,
        typer.Option(
            "--rows", help="Also hold the rows of messages and their copies against it, in the data directory."
        ),
    ] = False,
    token: options.Token = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Check the log: signature, root, every tile, every entry, and that older checkpoints are its beginning.

    Ends with 1 and names the first fault where something does not hold."""
    from hub import bootstrap_log
    from hub.audit import verifying

    if rows and (place is not None or proof is not None):
        raise WrongUse("--rows looks into the data directory, and takes neither a place nor --proof.")
    settings = options.load_settings(config, data_dir=data_dir)
    rule = bootstrap_log.read_policy(Path(policy)) if policy is not None else None
    verifiers = list(rule.verifiers) if rule is not None else _read_keys(vkey or [], settings)
    try:
        if proof is not None:
            told = _verify_proof(proof, receipt, verifiers)
        else:
            saved = [_read_checkpoint(name, verifiers) for name in checkpoint or ()]
            found = asyncio.run(_verify(place, settings, verifiers, saved, token, with_entries=not hashes_only))
            if rule is not None and not rule.is_met_by([seen.verifier for seen in found.note.seen]):
                raise Failed("The checkpoint holds, but fewer witnesses have cosigned it than the policy asks for.")
            told = _tell(found, save) | (_compare_rows(settings) if rows else {})
    except verifying.VerificationFailed as failed:
        raise Failed(str(failed)) from None
    if json:
        terminal.show_json(told)
    else:
        terminal.show_fields([(name, str(value)) for name, value in told.items() if value is not None])


async def _verify(
    place: str | None,
    settings: Settings,
    verifiers: list[Verifier],
    saved: list[Checkpoint],
    token: str | None,
    *,
    with_entries: bool,
) -> Verified:
    from hub.audit import verifying

    async with _source(place, settings, token) as source:
        return await verifying.verify(source, verifiers, saved=saved, with_entries=with_entries)


def _tell(found: Verified, save: str | None) -> dict[str, Any]:
    from hub.audit import anchor, notes

    if save is not None:
        anchor.write_durably(Path(save), notes.join(found.note.text, found.note.lines).encode())
    return {
        "log": found.checkpoint.origin,
        "size": found.checkpoint.size,
        "root": found.checkpoint.root.hex(),
        "signed_by": [seen.verifier.name for seen in found.note.seen],
        "entries": found.entries,
        "tiles": found.tiles,
        "older": list(found.older),
        "clock_put_back": found.clock_steps,
        "verified": True,
    }


def _compare_rows(settings: Settings) -> dict[str, Any]:
    """Raises `Failed` with the first differences."""
    from hub.audit import matching

    with lookups.reading(settings) as reader:
        found = matching.compare(reader)
    if found.differences:
        told = "; ".join(
            " ".join(filter(None, (each.message_id, each.unit, each.what))) for each in found.differences[:_MOST_TOLD]
        )
        raise Failed(f"The log holds, and {len(found.differences)} rows say something else: {told}.")
    return {"messages": found.messages, "copies": found.copies, "rows_agree": True}


@contextlib.asynccontextmanager
async def _source(place: str | None, settings: Settings, token: str | None) -> AsyncIterator[Source]:
    from hub.audit import sources

    if place is None:
        with lookups.reading(settings) as reader:
            yield sources.StoreSource(reader)
    elif place.startswith(("http://", "https://")):
        from hub.audit import web_source

        try:
            async with web_source.WebSource(place, token) as web:
                yield web
        except web_source.LogNotReached as absent:
            raise Failed(str(absent)) from None
    else:
        yield sources.FolderSource(_folder(place))


def _folder(place: str) -> Path:
    if not Path(place).is_dir():
        raise WrongUse(f"There is no folder {place}; an address begins with http:// or https://.")
    return Path(place)


def _verify_proof(file: str, receipt: str | None, verifiers: list[Verifier]) -> dict[str, Any]:
    from hub.audit import proofs

    proof = proofs.Proof.parse(_read_text(file))
    leaf = proof.leaf
    if receipt is not None:
        leaf = _leaf_of_receipt(receipt, proof.index)
        if proof.leaf is not None and proof.leaf != leaf:
            raise Failed("The proof is of another entry than the receipt's.")
    if leaf is None:
        raise WrongUse("The proof does not hold its entry: give the sender's receipt with --receipt.")
    checkpoint = proofs.verify(proof, leaf, verifiers)
    return {
        "log": checkpoint.origin,
        "index": proof.index,
        "size": checkpoint.size,
        "leaf": leaf.hex(),
        "entry": proof.entry.decode() if proof.entry is not None else None,
        "verified": True,
    }


def _leaf_of_receipt(file: str, index: int) -> bytes:
    from schemas import strict_json

    try:
        told = strict_json.loads(_read_text(file).encode())["log"]
        leaf, its_index = bytes.fromhex(told["leaf"]), told["index"]
    except (strict_json.NotJson, KeyError, TypeError, ValueError):
        raise WrongUse(f"{file} is no receipt of an accepted message.") from None
    if its_index != index:
        raise Failed(f"The receipt is of entry {its_index}, the proof of entry {index}.")
    return leaf


def _read_keys(given: list[str], settings: Settings) -> list[Verifier]:
    from hub import bootstrap_log
    from hub.audit.notes import NoteWrong, Verifier

    if not given:
        return [bootstrap_log.open_log_signer(settings, create=False).verifier]
    try:
        return [Verifier.parse(text if "+" in text else _read_text(text)) for text in given]
    except NoteWrong as wrong:
        raise WrongUse(f"--vkey takes a key as `samverkan audit key` shows it, or a file with one: {wrong}.") from None


def _read_checkpoint(file: str, verifiers: list[Verifier]) -> Checkpoint:
    from hub.audit import verifying

    return verifying.open_checkpoint(_read_text(file), verifiers)[0]


def _read_text(file: str) -> str:
    try:
        return Path(file).read_text("utf-8")
    except UnicodeDecodeError:
        raise WrongUse(f"{file} is not UTF-8 text.") from None
