"""`samverkan witness`: cosigns another hub's log, so that nobody can be shown another one."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from hub.cli import options, terminal
from hub.cli.faults import Failed


def witness(
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What it is called, like fk.example/w1.")],
    policy: Annotated[
        str | None,
        typer.Option("--policy", metavar="FILE", help="The logs to witness: lines `log VKEY`, and `quorum none`."),
    ] = None,
    folder: Annotated[
        str, typer.Option("--folder", metavar="DIR", help="Its key and its memory. [dim]Default: witness[/dim]")
    ] = "witness",
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, metavar="PORT", help="0 takes any free one.")] = 8090,
    key: Annotated[bool, typer.Option("--key", help="Show the public key (vkey) and end.")] = False,
    json: options.Json = False,
) -> None:
    """Cosign the checkpoints of other hubs' logs (C2SP tlog-witness), until SIGTERM or Ctrl-C.

    It belongs to another authority than the log's, keeps one checkpoint per log, refuses what does not continue it."""
    from hub import bootstrap_log

    if key:
        vkey = bootstrap_log.open_witness_signer(Path(folder), name, create=True).verifier.vkey
        if json:
            terminal.show_json({"name": name, "vkey": vkey})
        else:
            terminal.show_secret(vkey)
        return
    if policy is None:
        raise Failed("Name the logs to witness with --policy FILE.")
    asyncio.run(_serve(Path(folder), name, Path(policy), host, port))


async def _serve(folder: Path, name: str, policy: Path, host: str, port: int) -> None:
    import structlog

    from hub import bootstrap_log, clock
    from hub.api import server
    from hub.api import witness as door
    from hub.telemetry import logging

    logging.configure("info", "auto")
    stopping = asyncio.create_task(server.stop_signal())
    await asyncio.sleep(0)
    one = bootstrap_log.open_witness(folder, name, bootstrap_log.read_policy(policy), clock.SystemClock())
    try:
        runner = await door.serve(one, host, port)
        try:
            bound = runner.addresses[0]
            structlog.get_logger(__name__).info("witness_started", url=f"http://{bound[0]}:{bound[1]}")
            await stopping
        finally:
            await runner.cleanup()
    finally:
        one.close()
