"""Logs, stats and attach: the endpoints of containers that stream.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerAttach
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from . import checks, lifecycle
from .machine.digits import whole
from .machine.process import PROCESSORS, Wait
from .machine.streams import PIPE_SIZE
from .state import Container, LogEntry, Run, timestamp
from .wire import Answer, Channel, Fault, Reply, Request, Streaming, Working, dumps, json_reply

if TYPE_CHECKING:
    from .core import Core

RAW = "application/vnd.docker.raw-stream"
MULTIPLEXED = "application/vnd.docker.multiplexed-stream"


def frame(stream: int, data: bytes) -> bytes:
    """Return a piece of output with its head: stream, three zeros, length."""
    return struct.pack(">BxxxL", stream, len(data)) + data


def _kind(container_tty: bool, request: Request) -> str:
    return RAW if container_tty or request.version < (1, 42) else MULTIPLEXED


def _since(request: Request, name: str) -> float:
    try:
        return request.moment(name) or 0.0
    except Fault as fault:
        said = fault.message if request.old else f'invalid value for "{name}": {request.query[name]}'
        raise Fault(fault.status, said) from None


def _selected(container: Container, request: Request) -> Iterator[LogEntry]:
    """Return the log lines that are asked for, as `_log_lines` gives them."""
    since, until = _since(request, "since"), _since(request, "until")
    streams = {n for n, name in ((1, "stdout"), (2, "stderr")) if request.flag(name)}
    entries, skip = list(container.logs), 0
    if entries:  # the last one still grows while these are read
        entries[-1] = LogEntry(entries[-1].time, entries[-1].stream, entries[-1].data)
    tail = request.query.get("tail", "all")
    if (wanted := whole(tail)) is not None:
        last = {entry.stream: entry.data for entry in entries}
        lines = sum(entry.data.count(b"\n") for entry in entries)
        lines += sum(not data.endswith(b"\n") for data in last.values())
        skip = max(lines - wanted, 0)  # counted over both streams, as the Engine does
    return (
        line
        for line in _log_lines(entries, skip)
        if (line.stream in streams or container.tty) and line.time >= since and (not until or line.time <= until)
    )


def _log_lines(entries: list[LogEntry], skip: int) -> Iterator[LogEntry]:
    """Give the log as the Engine keeps it, by lines, whatever pieces were written; those of one piece together.

    Parameters
    ----------
    skip: so many lines are left out.
    """
    for entry in _whole_lines(entries):
        lines = entry.data.count(b"\n") or 1
        if not skip:
            yield entry
        elif skip < lines:
            yield LogEntry(entry.time, entry.stream, entry.data.split(b"\n", skip)[skip])
        skip = max(skip - lines, 0)


def _whole_lines(entries: list[LogEntry]) -> Iterator[LogEntry]:
    """Give entries that begin and end with a line, and at the end what has no line end yet."""
    begun: dict[int, tuple[float, bytearray]] = {}
    for (time, stream), same in groupby(entries, attrgetter("time", "stream")):  # a busy program writes many at once
        whole, newline, rest = b"".join(entry.data for entry in same).rpartition(b"\n")
        whole += newline
        if whole and stream in begun:
            since, line = begun.pop(stream)
            first, newline, whole = whole.partition(b"\n")
            yield LogEntry(since, stream, bytes(line) + first + newline)
        if whole:
            yield LogEntry(time, stream, whole)
        if rest:
            begun[stream] = since, line = begun.pop(stream, (time, bytearray()))
            line += rest
    for stream, (time, line) in begun.items():
        yield LogEntry(time, stream, bytes(line))


def _sent(container: Container, entry: LogEntry, *, stamps: bool = False) -> bytes:
    """Return lines of the log as they are sent, each with a head of its own where there is no terminal."""
    stamp = timestamp(entry.time).encode() + b" " if stamps else b""
    lines = [stamp + line for line in io.BytesIO(entry.data)]
    return b"".join(lines if container.tty else [frame(entry.stream, line) for line in lines])


def _pieces(container: Container, entries: Iterator[LogEntry], *, stamps: bool = False) -> Iterator[bytes]:
    """Give lines of the log as they are sent, each piece not much larger than a pipe."""
    piece = bytearray()
    for entry in entries:
        piece += _sent(container, entry, stamps=stamps)
        if len(piece) >= PIPE_SIZE:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)


def logs(core: Core, request: Request, name: str) -> Answer:
    """``GET /containers/{id}/logs``."""
    if not (request.flag("stdout") or request.flag("stderr")):
        raise Fault(
            400,
            "Bad parameters: you must choose at least one stream"
            if core.profile.old
            else "must specify at least one of 'stdout' or 'stderr'",
        )
    container = core.state.container(name)
    stamps = request.flag("timestamps")
    streams = {n for n, key in ((1, "stdout"), (2, "stderr")) if request.flag(key)}
    driver = (container.host_config.get("LogConfig") or {}).get("Type") or "json-file"
    if driver == "none":
        raise Fault(500 if core.profile.old else 501, "configured logging driver does not support reading")

    channel = Channel(_pieces(container, _selected(container, request), stamps=stamps))
    headers = {"Content-Type": _kind(container.tty, request)} if request.version >= (1, 42) else {}
    if not request.flag("follow") or not container.running:
        channel.end()
        return Streaming(channel, 200, headers)
    rest: dict[int, bytes] = {}

    def follow(entry: LogEntry | None) -> None:
        if entry is None:
            stop()
            channel.end()
        elif container.tty:
            channel.write(_sent(container, entry, stamps=stamps))
        elif entry.stream in streams:
            whole, newline, left = (rest.get(entry.stream, b"") + entry.data).rpartition(b"\n")
            lines = LogEntry(entry.time, entry.stream, whole + newline)
            channel.write(_sent(container, lines, stamps=stamps))
            rest[entry.stream] = left

    def ready() -> bool:
        return channel.ready

    def stop() -> None:
        if follow in container.followers:
            container.followers.remove(follow)
        if container.run and ready in container.run.ready:
            container.run.ready.remove(ready)

    container.followers.append(follow)
    if container.run:
        container.run.ready.append(ready)
    channel.on_close = stop
    return Streaming(channel, 200, headers)


def attach_socket(core: Core, _request: Request, name: str) -> Answer:
    """``GET /containers/{id}/attach/ws``."""
    core.state.container(name)
    raise Fault(501, "The practice engine does not attach by WebSocket. POST /containers/{id}/attach does the same.")


def take_input(channel: Channel, run: Run, output: Callable[[int, bytes], None] | None) -> None:
    """Lead what comes in to a process's stdin; as a pipe of Linux does, a full one lets its writer wait.

    Parameters
    ----------
    output: where a terminal echoes what is typed.
    """
    stdin = run.stdin
    if stdin is None:
        channel.wants_input, channel.on_input = lambda: True, lambda data: None
        return
    typed = lifecycle.typed(stdin, output, run.process)
    channel.wants_input = lambda: stdin.writable() and (output is None or channel.ready)
    channel.on_input = lambda data: None if stdin.broken else typed(data)


def attach(core: Core, request: Request, name: str) -> Answer:
    """``POST /containers/{id}/attach``."""
    container = core.state.container(name)
    if container.status == "paused":
        raise Fault(409, f"Container {container.id} is paused, unpause the container before attach")
    keys = request.query.get("detachKeys", "")
    if not checks.detach_keys(keys):
        raise Fault(400, f"Invalid detach keys ({keys}) provided")
    logged = _selected(container, request) if request.flag("logs") else iter(())
    channel, framed = Channel(_pieces(container, logged)), not container.tty
    upgraded = "upgrade" in request.headers
    headers = {"Content-Type": _kind(container.tty, request) if upgraded else RAW}
    answer = Streaming(channel, 101 if upgraded else 200, headers, upgrade=True)
    if not request.flag("stream"):
        channel.end()
        return answer
    core.event("container", "attach", container.id, lifecycle.event_attributes(container))
    streams = {n for n, key in ((1, "stdout"), (2, "stderr")) if request.flag(key)}

    def output(stream: int, data: bytes) -> None:
        if stream in streams or container.tty:
            channel.write(frame(stream, data) if framed else data)

    early, ended = bytearray(), list[bool]()

    def join() -> None:
        """Join the container's streams."""
        run = container.run
        if run is None or channel.closed:
            return

        def ready() -> bool:
            return channel.ready

        def leave() -> None:
            if output in run.outputs:
                run.outputs.remove(output)
            if ready in run.ready:
                run.ready.remove(ready)
            if channel in container.attached:
                container.attached.remove(channel)
            if request.flag("stdin") and container.config.get("StdinOnce") and run.stdin is not None:
                run.stdin.end()

        run.outputs.append(output)
        run.ready.append(ready)
        container.attached.append(channel)
        channel.on_close = leave
        if not request.flag("stdin"):
            return
        take_input(channel, run, output if container.tty else None)
        if run.stdin is not None and container.config.get("StdinOnce"):
            channel.on_input_end = run.stdin.end
        if early:
            channel.on_input(bytes(early))
        if ended:
            channel.on_input_end()

    if request.flag("stdin"):
        channel.wants_input = lambda: len(early) < PIPE_SIZE
        channel.on_input = early.extend  # what is typed before the container starts
        channel.on_input_end = lambda: ended.append(True)
    if container.running:
        join()
    else:
        container.starters.append(join)
    return answer


def stats(core: Core, request: Request, name: str) -> Answer | Working:
    """``GET /containers/{id}/stats``."""
    container = core.state.container(name)
    once = not request.flag("stream", default=True)
    one_shot = request.flag("one-shot")
    if once and ((one_shot and not core.profile.old) or not container.running):
        return json_reply(_sample(core, container, None))
    if once:
        return _after_a_second(core, container, compared=not one_shot)
    channel = Channel()

    def work() -> Working:
        before: dict[str, Any] | None = None
        while not channel.closed and container.id in core.state.containers:
            before = _sample(core, container, before)
            channel.write(dumps(before) + b"\n")
            yield Wait(lambda: channel.closed, core.now + 1.0)
        channel.end()
        return Reply()

    core.begin(work())
    return Streaming(channel)


def _after_a_second(core: Core, container: Container, *, compared: bool) -> Working:
    """Answer after a second; where it is to be compared, with what was used before it."""

    before = _sample(core, container, None) if compared else None
    yield Wait(until=core.now + 1.0)
    return json_reply(_sample(core, container, before))


def _sample(core: Core, container: Container, before: dict[str, Any] | None) -> dict[str, Any]:
    """Return what a container uses now; where it does not run, empty measures."""
    old = core.profile.old
    named = {"id": container.id, "name": "/" + container.name}
    facts: dict[str, Any] = {
        **({} if old else {**named, "os_type": "linux"}),
        "read": timestamp(core.now) if container.running else timestamp(0),
        "preread": before["read"] if before else timestamp(0),
        "pids_stats": {},
        "blkio_stats": {name: [] if container.running else None for name in _BLKIO},
        "num_procs": 0,
        "storage_stats": {},
        "cpu_stats": _CPU_NONE,
        "precpu_stats": before["cpu_stats"] if before else _CPU_NONE,
        "memory_stats": {},
        **named,
    }
    if container.space is None:
        return facts
    processes = container.space.alive.values()
    used = int(container.space.spent * 1e9)
    memory = 800_000 * len(processes) + sum(len(entry.data) for entry in list(container.logs)[-100:])
    facts["pids_stats"] = {"current": len(processes)} | ({} if old else {"limit": container.space.limits.processes})
    facts["cpu_stats"] = {
        "cpu_usage": {"total_usage": used, "usage_in_kernelmode": used // 4, "usage_in_usermode": used - used // 4},
        "system_cpu_usage": int((core.now - core.started) * PROCESSORS * 1e9),
        "online_cpus": PROCESSORS,
        "throttling_data": {"periods": 0, "throttled_periods": 0, "throttled_time": 0},
    }
    limit = container.host_config.get("Memory") or 2 * 1024**3
    facts["memory_stats"] = {"usage": memory, "max_usage": memory, "stats": {"cache": 0, "rss": memory}, "limit": limit}
    if any(not i.card for i in container.host.interfaces):  # on the host network there is nothing of its own
        facts["networks"] = {
            card: {
                "rx_bytes": i.received,
                "rx_packets": i.received // 100,
                "rx_errors": 0,
                "rx_dropped": 0,
                "tx_bytes": i.sent,
                "tx_packets": i.sent // 100,
                "tx_errors": 0,
                "tx_dropped": 0,
            }
            for card, i in container.host.cards
            if not i.card
        }
    return facts


_BLKIO = (
    "io_service_bytes_recursive",
    "io_serviced_recursive",
    "io_queue_recursive",
    "io_service_time_recursive",
    "io_wait_time_recursive",
    "io_merged_recursive",
    "io_time_recursive",
    "sectors_recursive",
)
_CPU_NONE: dict[str, Any] = {
    "cpu_usage": {"total_usage": 0, "usage_in_kernelmode": 0, "usage_in_usermode": 0},
    "throttling_data": {"periods": 0, "throttled_periods": 0, "throttled_time": 0},
}
