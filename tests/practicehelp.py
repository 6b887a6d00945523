"""Help for the tests of the practice engine: a core whose clock is its own."""

from __future__ import annotations

import contextlib
import io
import json
import tarfile
import time
from collections.abc import Iterator
from typing import Any

from labkit.engines.practice import bundled
from labkit.engines.practice.core import Core, Folders
from labkit.engines.practice.profile import profile
from labkit.engines.practice.registry import Registry
from labkit.engines.practice.wire import Channel, Reply, Streaming

MIRROR = "127.0.0.1:5000"
SLOW_SECONDS = 3.0
"""No turn of the engine takes longer, however it is tried; on a machine at rest it is far less."""


class Clock:
    """A core with a clock of its own: nothing waits for real.

    `headers` are those of the last answer, `streamed` is whether it was a stream.
    """

    def __init__(self, version: str = "20.10", *, folders: Folders | None = None, images: bool = True) -> None:
        self.now = 1_800_000_000.0
        self.core = Core(profile(version), now=self.now, folders=folders)
        self.registry = Registry()
        self.core.registries = {MIRROR: self.registry}
        self.core.config = {"registry-mirrors": [f"http://{MIRROR}"]}
        self.headers: dict[str, str] = {}
        self.streamed = False
        for label, image in bundled.images().items():
            repository, _colon, tag = label.partition(":")
            name, _size = self.registry.add(f"library/{repository}", tag, image)
            if images and tag == "latest":
                image.digests.append(f"{repository}@{name}")
                self.core.state.images[image.id] = image
                image.tags.append(label)

    def __call__(
        self, method: str, target: str, body: Any = None, *, limit: float = 60.0, **headers: str
    ) -> tuple[int, bytes]:
        """Ask, and let time pass until the answer is whole; status 0 where it is not within the limit."""
        status, out, channel = self._ask(method, target, body, limit, headers)
        whole = channel is None or (channel.ended and not channel.outgoing)
        return (status if whole else 0), out

    def listen(
        self, method: str, target: str, body: Any = None, *, limit: float = 1.0, **headers: str
    ) -> tuple[int, bytes, Channel | None]:
        """Ask for a stream, and take what comes within some seconds."""
        return self._ask(method, target, body, limit, headers)

    def _ask(
        self, method: str, target: str, body: Any, limit: float, headers: dict[str, str]
    ) -> tuple[int, bytes, Channel | None]:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes) else b""
        if body is not None and not isinstance(body, bytes):
            data = json.dumps(body).encode()
            given.setdefault("content-type", "application/json")
        call = self.core.handle(method, target, given, data, now=self.now)
        end, out = self.now + limit, b""
        while self.now <= end:
            again = self.core.tick(self.now)
            if call.answer is not None:
                lacks = call.answer.lacks if isinstance(call.answer, Reply) else ()
                usual = {name: value for name, value in self.core.headers.items() if name not in lacks}
                self.headers = {**usual, **call.answer.headers}
                self.streamed = isinstance(call.answer, Streaming)
            if isinstance(call.answer, Reply):
                return call.answer.status, call.answer.body, None
            if call.answer is not None:
                out += _taken(call.answer.channel)
                if call.answer.channel.ended:
                    break
            if again is None:
                break
            self.now = min(max(again, self.now + 0.0005), end + 0.0005)
        return (call.answer.status, out, call.answer.channel) if call.answer else (0, out, None)

    def take(self, channel: Channel, seconds: float) -> bytes:
        """Let time pass; return what a stream has brought."""
        end, out = self.now + seconds, b""
        while self.now <= end:
            again = self.core.tick(self.now)
            out += _taken(channel)
            if again is None or channel.ended:
                break
            self.now = min(max(again, self.now + 0.0005), end + 0.0005)
        return out

    def sh(self, script: str, image: str = "busybox", **more: Any) -> str:
        """Run a script in a container; return what it printed."""
        identity = self.ok(
            "POST", "/containers/create", {"Image": image, "Cmd": ["sh", "-c", script], "Tty": True, **more}
        )["Id"]
        assert self("POST", f"/containers/{identity}/start")[0] == 204
        self("POST", f"/containers/{identity}/wait", limit=600)
        return self("GET", f"/containers/{identity}/logs?stdout=1&stderr=1")[1].decode().replace("\r\n", "\n")

    def ok(self, method: str, target: str, body: Any = None, **more: Any) -> Any:
        """Ask, and return the JSON of an answer below 400."""
        status, data = self(method, target, body, **more)
        assert 200 <= status < 400, (status, data)
        return json.loads(data) if data.strip() else None


def _taken(channel: Channel) -> bytes:
    return b"".join(iter(channel.take, b""))


@contextlib.contextmanager
def slowest_turn(engine: Clock) -> Iterator[list[float]]:
    """Let the engine watch the time as its server does; give how long it was away at most, in seconds."""
    slowest, tick, watch = [0.0], engine.core.tick, engine.core.scheduler.watch

    def timed(now: float) -> float | None:
        begin = time.perf_counter()
        again = tick(now)
        slowest[0] = max(slowest[0], time.perf_counter() - begin)
        return again

    engine.core.tick, engine.core.scheduler.watch = timed, time.monotonic  # type: ignore[method-assign]
    try:
        yield slowest
    finally:
        engine.core.tick, engine.core.scheduler.watch = tick, watch  # type: ignore[method-assign]


def tar(**files: bytes) -> bytes:
    """Return an archive of some files."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return target.getvalue()
