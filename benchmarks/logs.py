"""Taking a log apart into its frames: 100 MB in odd chunks over a socket, beside docker-py."""

from __future__ import annotations

import os
import random
import resource
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from docker.utils.socket import frames_iter
from measure import Row, turns

from labkit.streams import Frames

SIZE = 100_000_000
LINE = (20, 400)
"""The lengths of log lines, in bytes; the Engine writes a frame for each."""

CHUNK = (1, 9001)
"""What the other side writes at a time, in bytes, as it comes."""

READ = 64 * 1024


def rows() -> Iterator[Row]:
    """Measure throughput and memory."""
    piece = block()
    count = SIZE // len(piece)
    grown: list[float] = []
    ours, theirs = turns(3, lambda: _timed(piece, count, _labkit, grown), lambda: _timed(piece, count, _docker_py, []))
    rate = count * len(piece) / 1e6
    yield Row(
        "log demultiplexing, 100 MB in odd chunks", "docker-py", rate / ours, rate / theirs, "MB/s",
        theirs / ours, 3, least=True,
    )  # fmt: skip
    yield Row("memory that this takes", "before it", max(grown), None, "MB", max(grown), 16, "MB more")


def block() -> bytes:
    """About 1 MB of whole frames, of both streams."""
    chance = random.Random(1)
    frames = bytearray()
    while len(frames) < 1_000_000:
        line = bytes(chance.randint(*LINE) - 1) + b"\n"
        frames += bytes([chance.choice([1, 2]), 0, 0, 0]) + len(line).to_bytes(4, "big") + line
    return bytes(frames)


@contextmanager
def _writer(block: bytes, count: int) -> Iterator[socket.socket]:
    """A socket that another process writes the log into."""
    here, there = socket.socketpair()
    child = os.fork()
    if child == 0:
        here.close()
        chance = random.Random(2)
        try:
            for _n in range(count):
                at = 0
                while at < len(block):
                    size = chance.randint(*CHUNK)
                    there.sendall(block[at : at + size])
                    at += size
        finally:
            os._exit(0)
    there.close()
    yield here
    here.close()
    os.waitpid(child, 0)


def _timed(block: bytes, count: int, read: Callable[[socket.socket], int], grown: list[float]) -> float:
    with _writer(block, count) as sock:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begin = time.perf_counter()
        size = read(sock)
        seconds = time.perf_counter() - begin
        grown.append((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000)
    assert 0.9 * count * len(block) < size < count * len(block)
    return seconds


def _labkit(sock: socket.socket) -> int:
    decoder, size = Frames(), 0
    while data := sock.recv(READ):
        for frame in decoder.feed(data):
            size += len(frame.data)
    decoder.close()
    return size


def _docker_py(sock: socket.socket) -> int:
    return sum(len(data) for _stream, data in frames_iter(sock, tty=False))
