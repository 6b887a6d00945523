"""The session: from a call as a learner writes it to an Exchange."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from . import advice, api, curl, encode
from .errors import ConnectionFailed, StreamError, UsageError
from .exchange import Exchange
from .files import write
from .human import size
from .live import Stream
from .messages import _
from .model import Endpoint, Request, Response
from .transport import Adapter, Reply, send
from .upgrade import Upgraded

NEWEST = (1, 55)
"""The newest API version that labkit knows; it never asks for a newer one."""

MAX_BODY = 256 * 1024 * 1024
"""No more of a body than this is kept in memory, in bytes; the rest needs a stream."""

SILENCE = 60.0
"""How long an Engine may be silent before a call is given up, in seconds."""

ENDLESS = 5.0
"""How long an answer without an end is read when no stream was asked for, in seconds."""

_UPGRADE = {"Connection": "Upgrade", "Upgrade": "tcp"}


class Session:
    """Calls to one endpoint.

    Parameters
    ----------
    endpoint: where the Engine listens.
    version: of the API, such as ``1.41``; None negotiates the newest that both sides
        know; empty sends no prefix at all (a registry has none).
    bodies: folder that bodies of bytes are kept in, so that the curl line can name
        them; None keeps them below the working directory, in ``bodies``.
    """

    def __init__(self, endpoint: Endpoint, version: str | None = None, bodies: Path | None = None) -> None:
        self.endpoint = endpoint
        self._adapter = Adapter(endpoint)
        self._version = version
        self.bodies = bodies

    @property
    def version(self) -> str:
        """The API version in use; asked from the Engine on first use.

        Raises `ConnectionFailed` when what answers is not an Engine.
        """
        if self._version is None:
            self._version = self._negotiate()
        return self._version

    def _negotiate(self) -> str:
        # https://docs.docker.com/reference/api/engine/#versioned-api-and-sdk
        answer = self.request("GET", "/_ping", version="")
        offered = answer.header("Api-Version")
        try:
            major, minor = map(int, offered.split("."))
        except ValueError as error:
            raise ConnectionFailed(
                self.endpoint,
                _(
                    "What answers at {endpoint} is not a Docker Engine (status {status}): {said}.",
                    endpoint=self.endpoint,
                    status=answer.status,
                    said=" ".join(answer.text.split())[:160].rstrip(".") or "-",
                ),
                _("An Engine answers GET /_ping with a header Api-Version."),
            ) from error
        return ".".join(map(str, min((major, minor), NEWEST)))

    def request(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        json: Any = None,
        data: bytes | str | Path | None = None,
        headers: Mapping[str, str] | None = None,
        version: str | None = None,
        timeout: float = SILENCE,
    ) -> Exchange:
        """Send a request, read the whole answer, and return both.

        Parameters
        ----------
        path: the API's own path; it may bring a query.
        params: the query; True and False are sent as 1 and 0, a dict as JSON, a list several times.
        json: the body, to be sent as JSON with its Content-Type.
        data: the body as it is: text, bytes, or the path of a file.  No Content-Type is added.
        version: of the API, for this call alone; empty for no prefix.
        timeout: how long the Engine may be silent, in seconds.

        Returns an exchange whatever the status.  Raises `UsageError` for a call that
        cannot be sent, `ConnectionFailed` when no Engine answers, `StreamError` when it
        breaks off in mid-answer.
        """
        request = self._build(method, path, params, json, data, headers, version, stream=False)
        forever = api.endless(request.path, dict(parse_qsl(request.target.partition("?")[2])))
        begin = time.perf_counter()
        reply = send(self._adapter, request, timeout)
        body, cut = _read(reply, ENDLESS if forever else None)
        reply.close(reuse=not cut)
        seconds = time.perf_counter() - begin
        response = Response(reply.status, reply.reason, reply.headers, body, cut)
        return Exchange(request, response, seconds, _notes(request, response))

    def stream(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        json: Any = None,
        data: bytes | str | Path | None = None,
        headers: Mapping[str, str] | None = None,
        version: str | None = None,
        seconds: float | None = None,
        upgrade: bool = False,
    ) -> Stream:
        """Send a request and return its answer as a stream of items.

        Parameters
        ----------
        seconds: how long to read in all; None for no limit.
        upgrade: ask the Engine to hand over the connection (101), for input as well.

        Other parameters, and what is raised, as in `request`.
        """
        given = {**(_UPGRADE if upgrade else {}), **(headers or {})}
        request = self._build(method, path, params, json, data, given, version, stream=True)
        begin = time.perf_counter()
        reply: Reply | Upgraded
        if any(name.lower() == "upgrade" for name, _value in request.headers):
            reply = Upgraded(request, SILENCE)
        else:
            reply = send(self._adapter, request, SILENCE)
        body = b""
        if reply.status >= 400:  # an error is short, and a whole answer is more use than a stream of it
            body, _cut = _read(reply, ENDLESS)
        response = Response(reply.status, reply.reason, reply.headers, body)
        exchange = Exchange(request, response, time.perf_counter() - begin, _notes(request, response))
        return Stream(exchange, reply, seconds)

    def _build(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        json: Any,
        data: bytes | str | Path | None,
        headers: Mapping[str, str] | None,
        version: str | None,
        *,
        stream: bool,
    ) -> Request:
        if json is not None and data is not None:
            raise UsageError(_("A call has one body: json= or data=, not both."), _("Leave one of them out."))
        if any(given is ... for given in (data, headers, version)):  # type: ignore[comparison-overlap]  # a learner's gap
            raise encode.Gap
        given = dict(headers or {})
        body: bytes | None = None
        file: str | None = None
        if json is not None:
            body = encode.to_json(json).encode()
            if not any(name.lower() == "content-type" for name in given):
                given["Content-Type"] = "application/json"
        elif data is not None:
            body, file = _load(data)
        if method == "HEAD" and body is not None:
            raise UsageError(_("A HEAD request has no body."), _("Leave json= and data= out."))
        pairs = encode.headers(given)
        # What is said wrongly is found before the Engine is asked for its version.
        target = encode.target(path, params or {}, "" if version is None else version)
        if version is None and not _unversioned(target):
            target = encode.target(path, params or {}, self.version)
        if body is not None and file is None and not curl.fits_inline(body):
            file = self._keep(body)
        return Request(method, target, self.endpoint, pairs, body, file, stream)

    def _keep(self, body: bytes) -> str:
        """Keep a body of bytes in a file named after its digest, and return that file's path."""
        folder = (self.bodies or Path("bodies")).absolute()  # the curl line works from any folder
        file = folder / f"{hashlib.sha256(body).hexdigest()[:12]}.bin"
        if not file.exists():
            try:
                folder.mkdir(parents=True, exist_ok=True)
                write(file, body)  # whole or not at all: the name says what is in it
            except OSError as error:
                raise UsageError(
                    _("The body could not be kept in the file {file}: {why}.", file=file, why=error.strerror),
                    _("The curl line needs that file. Is the disk full, or the folder read-only?"),
                ) from error
        return str(file)

    def close(self) -> None:
        """Close all connections that are kept open."""
        self._adapter.close()


def _unversioned(target: str) -> bool:
    """Whether a target needs no prefix: it has one, or is the ping that comes before negotiating."""
    path = target.partition("?")[0]
    return path == "/_ping" or bool(encode.VERSION_PREFIX.match(path))


def _load(data: object) -> tuple[bytes, str | None]:
    if isinstance(data, Path):
        try:
            return data.read_bytes(), str(data)
        except OSError as error:
            raise UsageError(
                _("The file {name} cannot be read: {why}.", name=data, why=error.strerror), _("Is its path right?")
            ) from error
    if isinstance(data, str):
        try:
            return data.encode(), None
        except UnicodeEncodeError as error:
            raise UsageError(_("The body holds half a character and cannot be sent."), "") from error
    if isinstance(data, (bytes, bytearray)):
        return bytes(data), None
    raise UsageError(
        _("data= cannot be of the kind {kind}.", kind=type(data).__name__),
        _("Give text, bytes or a pathlib.Path; for a dict, json= is the one."),
    )


def _read(reply: Reply | Upgraded, seconds: float | None) -> tuple[bytes, str]:
    """Read a body: all of it, or as much as memory and time allow."""
    pieces, size = [], 0
    try:
        for chunk in reply.chunks(seconds):
            pieces.append(chunk)
            size += len(chunk)
            if size > MAX_BODY:
                return b"".join(pieces)[:MAX_BODY], "size"
    except TimeoutError:
        if seconds is None:
            raise StreamError(
                _("The engine was silent for too long in the middle of its answer."),
                _("Give more time with timeout=..."),
            ) from None
        return b"".join(pieces), "time"
    return b"".join(pieces), ""


def _notes(request: Request, response: Response) -> tuple[str, ...]:
    """Say what a learner would otherwise have to guess about this exchange."""
    said = []
    if response.cut == "time":
        said.append(
            _("This answer has no end; it was cut after {n:.0f} s. Add stream=True to read it bit by bit.", n=ENDLESS)
        )
    if response.cut == "size":
        said.append(
            _(
                "This answer is larger than {size} and was cut. Add stream=True to read it bit by bit.",
                size=size(MAX_BODY),
            )
        )
    if response.status in (404, 405) and request.version and api.template(request.method, request.path) is None:
        close = api.nearest_call(request.method, request.path)
        said.append(
            _("The API has no {method} {path}.", method=request.method, path=request.path)
            + (" " + _("Did you mean {close}?", close=close) if close else "")
        )
    return (*said, *advice.remarks(request))
