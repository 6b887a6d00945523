"""Requests and answers as plain data: what the practice engine takes and gives."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import kinds
from .machine.process import Wait

FULL = 1024 * 1024
"""A channel whose reader is slow takes so many bytes before its writer has to wait."""


@dataclass(eq=False, repr=False)
class Request:
    """A request.

    Parameters
    ----------
    path: without version prefix and query, percent-decoded.
    query: the last value of each parameter; `many` holds all of each.
    version: from the prefix, such as ``(1, 41)``; the engine's own where there is none.
    version_text: the same as it was written.
    old: whether the engine answers in the manner of those before 25.
    """

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    many: dict[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    version: tuple[int, ...] = (1, 41)
    version_text: str = "1.41"
    old: bool = True

    def flag(self, name: str, default: bool = False) -> bool:
        """Return a parameter as the Engine reads a boolean: empty, 0, no, false and none are false."""
        if name not in self.query:
            return default
        return self.query[name].strip().lower() not in ("", "0", "no", "false", "none")

    def moment(self, name: str) -> float | None:
        """Return a parameter as a time, in seconds since 1970; None where there is none.  Raises `Fault`."""
        text = self.query.get(name, "")
        if not text:
            return None
        if not re.fullmatch(r"-?\d{1,18}(\.\d{1,18})?", text):
            raise Fault(500 if self.old else 400, f'strconv.ParseInt: parsing "{text}": invalid syntax')
        return float(text)

    def number(self, name: str, default: int) -> int:
        """Return a parameter as a number.  Raises `Fault` (400)."""
        text = self.query.get(name, "")
        if not text:
            return default
        try:
            return int(text)
        except ValueError:
            raise Fault(500 if self.old else 400, f'strconv.Atoi: parsing "{text}": invalid syntax') from None


class Fault(Exception):
    """An error that the API answers: a status, and what it says."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Reply:
    """An answer that is whole.

    Parameters
    ----------
    lacks: which of the headers that every answer has it goes without.
    """

    def __init__(
        self,
        status: int = 200,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        lacks: Collection[str] = frozenset(),
    ) -> None:
        self.status, self.body, self.headers, self.lacks = status, body, dict(headers or {}), lacks

    def without(self, *names: str) -> Reply:
        """Return it without some of the headers that every answer has."""
        return Reply(self.status, self.body, self.headers, lacks=frozenset(names))


class Channel:
    """A connection that stays open: a stream of an answer or, after an upgrade, both ways.

    The engine writes into `outgoing`; whoever carries it takes bytes out, and calls
    `on_input`, while `wants_input`, `on_input_end` and `on_close`.

    Parameters
    ----------
    before: pieces that come first, none of them empty; each is made when it is taken.
    """

    def __init__(self, before: Iterator[bytes] | None = None) -> None:
        self._before = before or iter(())
        self.outgoing = bytearray()
        self.ended = False
        self.closed = False
        self.wants_input: Callable[[], bool] = lambda: True
        self.on_input: Callable[[bytes], None] = lambda data: None
        self.on_input_end: Callable[[], None] = lambda: None
        self.on_close: Callable[[], None] = lambda: None

    @property
    def ready(self) -> bool:
        """Whether more can be written now."""
        return self.closed or len(self.outgoing) < FULL

    def write(self, data: bytes) -> None:
        """Take bytes; forget them when nobody listens any more."""
        if not self.closed and not self.ended:
            self.outgoing += data

    def end(self) -> None:
        """Say that no more will come."""
        self.ended = True

    def take(self) -> bytes:
        """Return what comes next, and forget it; empty where there is nothing for now."""
        if piece := next(self._before, b""):
            return piece
        data = bytes(self.outgoing)
        self.outgoing.clear()
        return data

    def close(self) -> None:
        """The other side has gone."""
        if not self.closed:
            self.closed, self._before = True, iter(())
            self.on_close()


class Streaming:
    """An answer that goes on.

    Parameters
    ----------
    upgrade: the connection itself is handed over; status is 101, or a bare 200.
    """

    def __init__(
        self, channel: Channel, status: int = 200, headers: Mapping[str, str] | None = None, *, upgrade: bool = False
    ) -> None:
        self.channel, self.status, self.headers, self.upgrade = channel, status, dict(headers or {}), upgrade


Answer = Reply | Streaming
Working = Generator[Wait | None, None, Answer]
"""An answer that takes its time: a stop, a wait, a pull."""


def json_reply(value: Any, status: int = 200) -> Reply:
    """Return a value as the Engine writes JSON, with the line end behind it."""
    return Reply(status, dumps(value) + b"\n", {"Content-Type": "application/json"})


def dumps(value: Any) -> bytes:
    """Return compact JSON in which, as Go writes it, what is special in HTML is escaped."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026").encode("utf-8", "replace")


def streamed(data: bytes, headers: dict[str, str]) -> Streaming:
    """Return an answer that is there already, but comes in chunks: its length is not said before."""
    channel = Channel()
    channel.write(data)
    channel.end()
    return Streaming(channel, 200, headers)


def empty(status: int = 204) -> Reply:
    """Return an answer without a body."""
    return Reply(status)


def parse_json(request: Request, *, needed: bool = True, old: bool = True, struct: str = "Request") -> dict[str, Any]:
    """Return the body of a request: an object whose known fields are of the right kind.

    Parameters
    ----------
    old: whether to answer as engines before 25 do.
    struct: what the Engine calls the object, for its messages.

    Raises `Fault` for a body that is not JSON, or is not said to be.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if (request.body or kind or (needed and not old)) and kind != "application/json":
        if old:
            raise Fault(400, f"Content-Type specified ({kind}) must be 'application/json'")
        if not kind:
            raise Fault(400, "malformed Content-Type header (): mime: no media type")
        raise Fault(400, f"unsupported Content-Type header ({kind}): must be 'application/json'")
    status = 500 if old and struct in _DECODED else 400
    if not request.body.strip():
        if needed and old and struct in _DECODED:
            raise Fault(500, "EOF")
        if needed:
            raise Fault(400, f"{'' if old else 'invalid JSON: '}got EOF while reading request body")
        return {}
    try:
        text = request.body.decode("utf-8", "replace").lstrip()
        value, _end = json.JSONDecoder().raw_decode(text)
        value = kinds.named(_whole(value) if "\\u" in text else value)
    except (ValueError, RecursionError) as error:
        said = go_json_error(request.body.decode("utf-8", "replace"), error)
        raise Fault(status, said if old else f"invalid JSON: {said}") from error
    if value is None:
        return {}
    if said := kinds.wrong(value, struct, old=old):
        raise Fault(status, said if old else f"invalid JSON: {said}")
    return dict(value)


def _whole(value: Any) -> Any:
    """Return a value of JSON without halves of characters, such as ``\\ud800``: Go puts U+FFFD in their place."""
    return json.loads(re.sub("[\ud800-\udfff]", "\ufffd", json.dumps(value, ensure_ascii=False)))


_DECODED = ("ContainerConfigWrapper", "UpdateConfig", "AuthConfig")
"""Bodies that an old Engine reads without looking at what goes wrong."""


def go_json_error(text: str, error: Exception) -> str:
    """Return what Go's JSON decoder says about a text that is not JSON."""
    at = getattr(error, "pos", 0)
    if at >= len(text.rstrip()):
        return "unexpected EOF"
    char = text[at]
    said = str(error)
    if "property name" in said:
        return f"invalid character '{char}' looking for beginning of object key string"
    if "delimiter" in said and "':'" in said:
        return f"invalid character '{char}' after object key"
    if "delimiter" in said:
        return f"invalid character '{char}' after object key:value pair"
    for word in ("null", "true", "false"):
        if text[at] == word[0]:
            n = next((i for i, (a, b) in enumerate(zip(text[at:], word)) if a != b), 0)
            return f"invalid character '{text[at + n]}' in literal {word} (expecting '{word[n]}')"
    return f"invalid character '{char}' looking for beginning of value"
