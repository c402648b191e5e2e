"""How long from starting the program until it answers `/readyz`: the first start, and the one after it."""

from __future__ import annotations

import tempfile
import time
import urllib.request
from pathlib import Path

import servers
from engines import Engine
from results import Results


def cold(engine: Engine, results: Results) -> None:
    with tempfile.TemporaryDirectory() as folder, engine.scene(Path(folder)) as environ:
        for name in ("first start", "next start"):
            started = time.perf_counter()
            with servers.hub(Path(folder), environ) as server:
                with urllib.request.urlopen(f"http://{server.host}/readyz", timeout=30) as answer:
                    assert answer.status == 200
                results.add("cold start", name, "s", time.perf_counter() - started)
                results.add("cold start", f"{name}, in memory", "MiB", server.memory_mib("VmRSS"))
