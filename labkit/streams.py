"""The Engine's streams as pure decoders: bytes in, items out, no socket in sight.

JSON lines (pull, push, build, events, stats): one JSON object a line.
Frames (logs, attach, exec without a TTY): ``[stream, 0, 0, 0, length]`` and then
`length` bytes, where length is a big-endian 32 bit number.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerAttach
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from .errors import StreamError
from .messages import _
from .model import ExchangeData
from .safe import decode, harmless

MAX_ITEM = 64 * 1024 * 1024
"""No frame and no line is taken that is longer than this, in bytes."""

_HEADER = 8
_NAMES = ("stdin", "stdout", "stderr")
_JSON_LINES = ("/images/create", "/push", "/build", "/images/load", "/events", "/stats")
_FRAMES = ("/logs", "/attach", "/start")


@dataclass(frozen=True)
class Frame:
    """A piece of a container's output.

    Parameters
    ----------
    stream: 0 stdin, 1 stdout, 2 stderr.
    data: the bytes, as the process wrote them.
    """

    stream: int
    data: bytes

    @property
    def name(self) -> str:
        """``stdin``, ``stdout`` or ``stderr``."""
        return _NAMES[self.stream]

    @property
    def text(self) -> str:
        """The data as harmless text."""
        return decode(self.data)


class Decoder(Protocol):
    """Takes bytes in pieces of any size, and gives whole items."""

    def feed(self, data: bytes) -> list[Any]:
        """Take `data`; return the items that are whole by now.

        Raises `StreamError` for bytes that are no item; items before them are given first,
        and the error comes with the next call.
        """

    def close(self) -> list[Any]:
        """Return what is left at the end.  Raises `StreamError` for half an item."""


class JSONLines:
    """Decoder of JSON lines; objects written without a line end between them work too."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._json = json.JSONDecoder()
        self._wrong: StreamError | None = None

    def feed(self, data: bytes) -> list[Any]:
        if self._wrong:
            raise self._wrong
        self._rest += data
        if len(self._rest) > MAX_ITEM + len(data):
            raise StreamError(_("A line of this stream is longer than 64 MiB."), _("Read it as bytes instead."))
        if b"\n" not in data:
            return []
        *lines, self._rest = self._rest.split(b"\n")
        found: list[Any] = []
        try:
            for line in lines:
                found.extend(self._line(line))
        except StreamError as error:
            if not found:
                raise
            self._wrong = error
        return found

    def close(self) -> list[Any]:
        if self._wrong:
            raise self._wrong
        rest, self._rest = self._rest, bytearray()
        return list(self._line(rest))

    def _line(self, line: bytes | bytearray) -> Iterator[Any]:
        text = line.decode("utf-8", "replace").strip()
        at = 0
        while at < len(text):
            try:
                item, at = self._json.raw_decode(text, at)
            except ValueError as error:
                raise StreamError(
                    _("The stream holds a line that is not JSON: {line}", line=harmless(text[at : at + 80])),
                    _("The connection may have broken off in the middle of it."),
                ) from error
            yield item
            while at < len(text) and text[at].isspace():
                at += 1


class Frames:
    """Decoder of the multiplexed stream of logs, attach and exec."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._need = _HEADER  # how many bytes the frame in hand wants, so that small pieces are not read again
        self._wrong: StreamError | None = None

    def feed(self, data: bytes) -> list[Frame]:
        if self._wrong:
            raise self._wrong
        if self._rest:
            self._rest += data
            if len(self._rest) < self._need:
                return []
            data = bytes(self._rest)
        frames: list[Frame] = []
        buffer, at, size = data, 0, len(data)
        self._need = _HEADER
        while size - at >= _HEADER:
            length = int.from_bytes(buffer[at + 4 : at + _HEADER], "big")
            if buffer[at] > 2 or length > MAX_ITEM:
                self._wrong = StreamError(
                    _("These bytes are not log frames."), _("A container with a TTY sends its output raw: read r.text.")
                )
                if not frames:
                    raise self._wrong
                break
            end = at + _HEADER + length
            if end > size:
                self._need = end - at
                break
            frames.append(Frame(buffer[at], buffer[at + _HEADER : end]))
            at = end
        self._rest = bytearray(buffer[at:])
        return frames

    def close(self) -> list[Frame]:
        if self._wrong:
            raise self._wrong
        if self._rest:
            raise StreamError(_("The stream ended in the middle of a frame."), _("Its engine may have gone."))
        return []


class Raw:
    """Decoder that takes nothing apart: a TTY's output, a tar."""

    def feed(self, data: bytes) -> list[bytes]:
        return [data] if data else []

    def close(self) -> list[bytes]:
        return []


def looks_framed(start: bytes) -> bool:
    """Whether bytes begin as a frame does.  Engines before API 1.42 say nothing better."""
    return len(start) >= _HEADER and start[0] <= 2 and start[1:4] == b"\0\0\0"


def decoder(content_type: str, path: str, start: bytes) -> Decoder:
    """Choose the decoder of a stream.

    Parameters
    ----------
    content_type: of the response; may be empty.
    path: the API's path, without version and query.
    start: the first bytes, where the content type leaves the choice open.
    """
    if "multiplexed" in content_type:
        return Frames()
    if path.endswith(_FRAMES):
        return Frames() if looks_framed(start) else Raw()
    if "json" in content_type or path.endswith(_JSON_LINES):
        return JSONLines()
    return Raw()


def _is_frames(exchange: ExchangeData) -> bool:
    path = exchange.request.path
    if not (exchange.ok and path.endswith(_FRAMES)):
        return False
    return "multiplexed" in exchange.header("Content-Type") or looks_framed(exchange.response.body)


def body_frames(exchange: ExchangeData) -> list[Frame]:
    """Return the frames of a body; a raw one (TTY) comes as a single frame of stdout."""
    body = exchange.response.body
    if not _is_frames(exchange):
        return [Frame(1, body)] if body else []
    frames = Frames()
    found = frames.feed(body)
    return found + (frames.feed(b"") if exchange.response.cut else frames.close())


def body_lines(exchange: ExchangeData) -> list[Any]:
    """Return the objects of a body of JSON lines; a last half one of a cut body is left out."""
    lines = JSONLines()
    found = lines.feed(exchange.response.body)
    return found + (lines.feed(b"") if exchange.response.cut else lines.close())


def body_text(exchange: ExchangeData) -> str:
    """Return the body as harmless text: frames joined, and as it is where they cannot be taken apart."""
    body = exchange.response.body
    if _is_frames(exchange):
        try:
            body = b"".join(frame.data for frame in body_frames(exchange))
        except StreamError:
            pass  # whoever asks for the text wants to see what there is; r.frames tells what is wrong
    return decode(body)


def is_progress(exchange: ExchangeData) -> bool:
    """Whether the body is a stream of JSON lines that tells how some work goes on."""
    return exchange.ok and exchange.request.method == "POST" and exchange.request.path.endswith(_JSON_LINES[:4])


def item_error(item: object) -> str:
    """Return the error that an item of a progress stream carries, as harmless text; empty when it has none."""
    if not isinstance(item, dict):
        return ""
    detail = item.get("errorDetail")
    said = detail.get("message") if isinstance(detail, dict) else None
    return harmless(str(said or item.get("error") or ""))


def error_text(exchange: ExchangeData) -> str:
    """Return what the Engine said went wrong; empty when all is well."""
    if not exchange.ok:
        try:
            said = json.loads(exchange.response.body)
        except ValueError:
            return decode(exchange.response.body).strip()
        # A registry answers {"errors": [{"code", "message"}]} instead of {"message"}.
        if isinstance(said, dict) and isinstance(said.get("errors"), list):
            return harmless("; ".join(_registry_errors(said["errors"])))
        return harmless(str(said.get("message", "") if isinstance(said, dict) else said)).strip()
    if is_progress(exchange):
        try:
            items = body_lines(exchange)
        except StreamError:
            return ""
        return next(filter(None, map(item_error, items)), "")
    return ""


def _registry_errors(errors: list[Any]) -> Iterator[str]:
    for error in errors:
        if isinstance(error, dict):
            yield f"{error.get('code', '')} {error.get('message', '')}".strip()
