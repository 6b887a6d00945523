"""The lines of a log, the latest ones alone: bounded in lines and in bytes, whatever comes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from ..safe import decode
from ..streams import Frame

LINES = 5_000
"""No more lines are kept."""

BYTES = 4_000_000
"""No more bytes of lines are kept."""

LONGEST = 16_000
"""A line without an end is broken here, in bytes."""


@dataclass(frozen=True)
class Line:
    """One line; `stream` is 1 for stdout, 2 for stderr, 0 for what was typed."""

    number: int
    stream: int
    data: bytes

    @property
    def text(self) -> str:
        """The line as harmless text."""
        return decode(self.data.rstrip(b"\r"))


class LogBook:
    """Takes frames or bytes, and keeps the latest lines; lines of both streams are put together apart."""

    def __init__(self) -> None:
        self.lines: deque[Line] = deque()
        self.count = [0, 0, 0]
        self.received = 0
        self.dropped = 0
        self._held = 0
        self._rest = [b"", b"", b""]

    def take(self, item: Frame | bytes) -> None:
        """Take a piece of the log; a piece without a stream counts as stdout."""
        stream, data = (item.stream, item.data) if isinstance(item, Frame) else (1, item)
        self.received += len(data)
        if self._rest[stream]:
            data = self._rest[stream] + data
        *whole, rest = data.split(b"\n")
        while len(rest) > LONGEST:
            whole.append(rest[:LONGEST])
            rest = rest[LONGEST:]
        self._rest[stream] = rest
        for line in whole:
            self.add(stream, line)

    def add(self, stream: int, line: bytes) -> None:
        """Add a whole line."""
        line = line[:LONGEST]
        self.count[stream] += 1
        self.lines.append(Line(sum(self.count), stream, line))
        self._held += len(line)
        while len(self.lines) > LINES or self._held > BYTES:
            self._held -= len(self.lines.popleft().data)
            self.dropped += 1

    def end(self) -> None:
        """Take the last lines, which have no line end."""
        for stream, rest in enumerate(self._rest):
            if rest:
                self.add(stream, rest)
        self._rest = [b"", b"", b""]

    def open_line(self) -> list[Line]:
        """Return what came of lines that are not whole yet, such as the prompt of a shell."""
        return [Line(sum(self.count) + 1, stream, rest) for stream, rest in enumerate(self._rest) if rest]

    def found(self, words: str = "", streams: tuple[int, ...] = (0, 1, 2)) -> Iterator[Line]:
        """Yield kept lines, the newest first: those that hold `words` in any case, of some streams."""
        wanted = words.lower()
        for line in reversed(list(self.lines)):  # a copy: another thread adds to it
            if line.stream in streams and (not wanted or wanted in line.text.lower()):
                yield line
