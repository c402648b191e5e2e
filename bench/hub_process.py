"""The hub as it runs, with its logs going where a service's logs go: to a file."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import uvloop

from hub import bootstrap, settings
from hub.api.server import Server, stop_signal
from hub.telemetry import logging


async def serve(data_dir: Path) -> None:
    given = {name: value for name, value in os.environ.items() if name.startswith("SAMVERKAN_")}
    chosen = settings.load({"data_dir": data_dir, "allow_test_numbers": True}, given, None)
    with (data_dir.parent / "hub.log").open("wb") as log:
        logging.configure("info", "json", log)
        server = Server(bootstrap.build_hub(chosen), "127.0.0.1", 0)
        await server.start()
        print(server.url.rpartition(":")[2], flush=True)
        await stop_signal()
        await server.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("data_dir", type=Path)
    uvloop.run(serve(parser.parse_args().data_dir))
