"""The plain data that everything else works on: endpoints and exchanges.

Nothing here touches a socket or a file.  An exchange is made once, by
the session; every view of it (curl line, table, HTML) is a pure function of it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from .errors import LabError, UsageError
from .messages import _

Headers = tuple[tuple[str, str], ...]
_VERSION_PREFIX = re.compile(r"^/v(\d+\.\d+)(?=/)")


@dataclass(frozen=True)
class TLS:
    """The three PEM files of a TLS client, as paths; None where one is not used.

    Parameters
    ----------
    ca: certificates of the authorities that may vouch for the server.
    cert, key: the client's own certificate and private key.
    """

    ca: str | None = None
    cert: str | None = None
    key: str | None = None


@dataclass(frozen=True)
class Endpoint:
    """Where an Engine listens: a unix socket, or a TCP host and port.

    Source: https://docs.docker.com/reference/cli/dockerd/#daemon-socket-option
    """

    socket: str | None = None
    host: str = "localhost"
    port: int | None = None
    tls: TLS | None = None

    @classmethod
    def parse(cls, url: str, tls: TLS | None = None) -> Endpoint:
        """Read a ``DOCKER_HOST`` value: ``unix:///path`` or ``tcp://host:port``.

        Raises `UsageError` for any other form.
        """
        try:
            parts = urlsplit(url)
            port = parts.port  # which is read now, and may be no port at all
        except ValueError as error:
            raise _no_address(url) from error
        if parts.scheme == "unix" and parts.path.startswith("/"):
            return cls(socket=parts.path)
        if parts.scheme in ("tcp", "http", "https") and parts.hostname and port != 0:
            tls = tls or (TLS() if parts.scheme == "https" else None)
            return cls(host=parts.hostname, port=port or (2376 if tls else 2375), tls=tls)
        raise _no_address(url)

    @property
    def authority(self) -> str:
        """The ``Host`` header: ``localhost`` for a socket, else ``host:port``."""
        if self.socket:
            return "localhost"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def base(self) -> str:
        """The URL that a target is appended to, as curl wants it."""
        return f"{'https' if self.tls else 'http'}://{self.authority}"

    def __str__(self) -> str:
        return f"unix://{self.socket}" if self.socket else f"tcp://{self.authority}"


def _no_address(url: str) -> UsageError:
    return UsageError(
        _("{url!r} is not an address of an Engine.", url=url),
        _("Write unix:///path/to/docker.sock or tcp://127.0.0.1:2375."),
    )


@dataclass(frozen=True)
class Request:
    """A request as it was sent.

    Parameters
    ----------
    target: origin-form, percent-encoded: path with version prefix, and query.
    headers: in the order sent, without ``Host`` and ``Content-Length``.
    body: the bytes sent; None when there was no body.
    body_file: the path that a body of bytes was read from or kept in, for curl.
    stream: the learner asked to read the answer bit by bit.
    """

    method: str
    target: str
    endpoint: Endpoint
    headers: Headers = ()
    body: bytes | None = None
    body_file: str | None = None
    stream: bool = False

    @property
    def path(self) -> str:
        """The API's own path: no version prefix, no query."""
        return _VERSION_PREFIX.sub("", self.target.partition("?")[0])

    @property
    def version(self) -> str | None:
        """The API version in the prefix, such as ``1.41``; None without one."""
        found = _VERSION_PREFIX.match(self.target)
        return found.group(1) if found else None


@dataclass(frozen=True)
class Response:
    """A response as it was received; `body` is empty for a streamed one.

    `cut` says why the body is not whole: ``""`` (it is), ``"size"`` or ``"time"``.
    """

    status: int
    reason: str
    headers: Headers = ()
    body: bytes = b""
    cut: str = ""


@dataclass(frozen=True)
class ExchangeData:
    """One request and its response, with what it took.

    Parameters
    ----------
    seconds: from the first byte sent to the last byte read.
    notes: sentences of labkit's own about this exchange (a typo in a path, …).
    """

    request: Request
    response: Response
    seconds: float
    notes: tuple[str, ...] = ()

    @property
    def status(self) -> int:
        """The status code, such as 200."""
        return self.response.status

    @property
    def ok(self) -> bool:
        """Whether the status is below 400.  304, *already so*, counts as well."""
        return self.response.status < 400

    def header(self, name: str, default: str = "") -> str:
        """Return a response header; its name is found in any case."""
        wanted = name.lower()
        return next((v for k, v in self.response.headers if k.lower() == wanted), default)

    def json(self) -> Any:
        """Return the body, parsed and otherwise untouched.

        Raises `LabError` when the body is not one JSON value.
        """
        try:
            return json.loads(self.response.body)
        except ValueError as error:
            raise LabError(_("The body of this response is not one JSON value."), self._json_hint()) from error

    def _json_hint(self) -> str:
        if self.response.cut:
            return _("It was cut short; r.text shows what arrived.")
        if not self.response.body:
            return _("It is empty: read r.status instead.")
        return _("Read r.text, or r.lines where the answer is a stream of JSON lines.")


def version_number(version: str) -> tuple[int, ...]:
    """Return a version such as ``1.41`` as numbers, which compare as versions do: 1.9 is before 1.41."""
    return tuple(map(int, version.split(".")))


def phrase(status: int) -> str:
    """Return the standard reason phrase of a status code, such as ``Not Found``."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
