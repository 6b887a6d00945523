"""Time until the private engine answers, beside a dockerd started by hand in a network namespace of its own."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from measure import Row, turns
from root import own_root

from labkit.engines import setup
from labkit.engines.base import Engine
from labkit.errors import ConnectionFailed
from labkit.model import Endpoint
from labkit.session import Session

TURNS = 7


def rows() -> Iterator[Row]:
    """Measure starts on data that are there already, as every start but the first one is."""
    with own_root() as paths:
        engine, folder = setup.engine_of(paths, "private"), paths.run.with_name(paths.run.name + "h")
        ours, theirs = partial(_private, engine), partial(_by_hand, folder, paths.state / "by-hand")
        try:
            ours(), theirs()  # the first start makes the data
            mine, plain = turns(TURNS, ours, theirs)
        finally:
            engine.stop(lambda _said, _share: None)
            subprocess.run(["rm", "-rf", str(folder)], check=True)
        yield Row("engine ready, private", "dockerd by hand", mine, plain, "s", mine / plain, 1.2)


def _private(engine: Engine) -> float:
    begin = time.perf_counter()
    record = engine.start(lambda _said, _share: None)
    _wait(record.endpoint)
    seconds = time.perf_counter() - begin
    engine.stop(lambda _said, _share: None)
    return seconds


def _by_hand(run: Path, data: Path) -> float:
    run.mkdir(parents=True, exist_ok=True)
    data.mkdir(exist_ok=True)
    endpoint = Endpoint(socket=str(run / "docker.sock"))
    words = ["dockerd", f"--data-root={data}", f"--exec-root={run}/exec", f"--pidfile={run}/pid", f"-H={endpoint}"]
    begin = time.perf_counter()
    # Two daemons in one network namespace take each other's bridge and rules away.
    daemon = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "-", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(endpoint)
        return time.perf_counter() - begin
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait()


def _wait(endpoint: Endpoint) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            if Session(endpoint, "").request("GET", "/_ping").status == 200:
                return
        except ConnectionFailed:
            if time.monotonic() > end:
                raise
        time.sleep(0.005)
