"""Ordinary exchanges with an Endpoint: the one module that knows requests and urllib3.

They go through an adapter that opens unix sockets and lets nothing but labkit's own
headers onto the wire, so that the curl line can be exact.  What requests has no public
way for, an upgraded connection, is in `labkit.upgrade`.

Source: https://requests.readthedocs.io/en/latest/user/advanced/#transport-adapters
"""

from __future__ import annotations

import math
import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.util import SKIP_HEADER

from . import __version__
from .connect import CONNECT_SECONDS, connect, connect_unix, tls_context
from .errors import ConnectionFailed, StreamError
from .failures import failure, was_reset
from .messages import _
from .model import Endpoint, Headers, Request

SEND_SECONDS = 600.0
"""How long a request's body may take to be sent; an Engine reads a large one as fast as its disk writes."""
USER_AGENT = f"labkit/{__version__}"
_CHUNK = 64 * 1024


class _Plain(urllib3.connection.HTTPConnection):
    """A connection that adds no ``Content-Length: 0`` to a request without a body, as curl adds none."""

    endpoint: Endpoint
    bodyless = False
    wire: socket.socket | None = None
    """The socket itself; `sock` is given up while an answer without a length is still being read."""

    def connect(self) -> None:
        if not self.endpoint.socket:
            super().connect()
            self.wire = self.sock
            return
        self.sock = self.wire = connect_unix(self.endpoint.socket)

    def request(self, method: str, url: str, body: Any = None, *args: Any, **kwargs: Any) -> None:
        self.bodyless = body is None
        super().request(method, url, body, *args, **kwargs)

    def send(self, data: Any) -> None:
        if self.sock is not None:
            self.sock.settimeout(SEND_SECONDS)  # until now the time allowed for connecting held
        super().send(data)

    def putheader(self, header: Any, *values: Any) -> None:
        if not (self.bodyless and header == "Content-Length"):
            super().putheader(header, *values)


class _Secure(_Plain, urllib3.connection.HTTPSConnection):
    """The same over TLS."""

    def connect(self) -> None:
        try:
            urllib3.connection.HTTPSConnection.connect(self)
        except TimeoutError as error:  # in the handshake: no answer was waited for yet
            raise urllib3.exceptions.ConnectTimeoutError(self, str(error)) from error
        self.wire = self.sock

    def send(self, data: Any) -> None:
        try:
            super().send(data)
        except ssl.SSLEOFError as error:
            # The server went away while we wrote. What it said before can still be read, and
            # after a broken pipe the library does read: that is where the alert is.
            raise BrokenPipeError from error


def _pool(endpoint: Endpoint) -> urllib3.HTTPConnectionPool:
    tls = endpoint.tls
    options: dict[str, Any] = {"host": endpoint.host, "port": endpoint.port, "retries": False}
    pool: urllib3.HTTPConnectionPool
    if tls:
        pool = urllib3.HTTPSConnectionPool(**options, ssl_context=tls_context(tls))
    else:
        pool = urllib3.HTTPConnectionPool(**options)
    base = _Secure if tls else _Plain
    pool.ConnectionCls = type(base.__name__, (base,), {"endpoint": endpoint})
    return pool


class Adapter(HTTPAdapter):
    """A requests adapter for one endpoint, over a unix socket, TCP or TLS."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__()
        self.pool = _pool(endpoint)

    def get_connection_with_tls_context(self, *_args: Any, **_kwargs: Any) -> Any:
        return self.pool

    def cert_verify(self, *_args: Any, **_kwargs: Any) -> None:
        """Nothing to do: the pool has its TLS settings already."""

    def close(self) -> None:
        super().close()
        self.pool.close()


class Reply:
    """An answer whose body has not been read yet."""

    def __init__(self, response: requests.Response, endpoint: Endpoint) -> None:
        self._raw: urllib3.HTTPResponse = response.raw
        self._endpoint = endpoint
        self.status = response.status_code
        self.reason = response.reason or ""
        self.headers: Headers = tuple(self._raw.headers.items())

    def chunks(self, seconds: float | None = None) -> Iterator[bytes]:
        """Yield the body as it arrives.

        Parameters
        ----------
        seconds: how long to read in all; when they are over, `TimeoutError` is raised.
            None for the silence that `send` was given, infinity for any length of it.

        Raises `StreamError` when the connection breaks off.
        """
        end = None if seconds is None else time.monotonic() + seconds
        sock = self._socket() if end is not None else None
        try:
            while True:
                if end is not None:
                    left = end - time.monotonic()
                    if left <= 0:
                        raise TimeoutError
                    if sock is not None and sock.fileno() >= 0:  # it closes itself at the end of some answers
                        sock.settimeout(None if math.isinf(left) else left)
                data = self._raw.read1(_CHUNK)
                if not data:
                    return
                yield data
        except urllib3.exceptions.ReadTimeoutError as error:
            raise TimeoutError from error
        except TimeoutError:
            raise
        # Closed by another thread meanwhile, urllib3 stumbles over what it has let go of.
        except (urllib3.exceptions.HTTPError, OSError, ValueError, AttributeError) as error:
            raise StreamError(
                _("The connection broke off in the middle of the answer."),
                _("Its engine may have stopped: ./lab status says."),
            ) from error

    def _socket(self) -> socket.socket | None:
        """The socket that the answer comes from; None when it was read to its end, for then it may serve others."""
        return getattr(self._raw.connection, "wire", None)

    def close(self, *, reuse: bool = False) -> None:
        """Let the connection go; keep it for the next request only when it was read to its end."""
        if reuse:
            self._raw.release_conn()
            return
        sock = self._socket()
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)  # wakes a reader in another thread
            except OSError:
                pass
        self._raw.close()


def send(adapter: Adapter, request: Request, seconds: float) -> Reply:
    """Send a request and return its answer, the body unread.

    Parameters
    ----------
    seconds: how long the Engine may be silent.

    Raises `ConnectionFailed` when nothing answers, or what answers does not speak HTTP.
    """
    prepared = requests.PreparedRequest()
    prepared.method = request.method
    # Set directly: the library would decode and encode the target again.
    prepared.url = request.endpoint.base + request.target
    prepared.headers = CaseInsensitiveDict(
        [("User-Agent", USER_AGENT), ("Accept", "*/*"), ("Accept-Encoding", SKIP_HEADER), *request.headers]
    )
    if request.body is not None:
        prepared.headers["Content-Length"] = str(len(request.body))
    prepared.body = request.body
    prepared.hooks = {"response": []}
    try:
        return Reply(adapter.send(prepared, stream=True, timeout=(CONNECT_SECONDS, seconds)), request.endpoint)
    except requests.exceptions.ReadTimeout as error:
        raise ConnectionFailed(
            request.endpoint,
            _(
                "The engine at {endpoint} did not answer within {seconds:g} s.",
                endpoint=request.endpoint,
                seconds=seconds,
            ),
            _("Some calls wait for something to happen. Give more time with timeout=..., or interrupt the kernel."),
        ) from error
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise failure(request.endpoint, _refusal(request.endpoint, error) or error) from error


def _refusal(endpoint: Endpoint, error: BaseException) -> ssl.SSLError | None:
    """Return the alert of a TLS server that closed before it could be read; None where there is none.

    A server that refuses a client's certificate sends an alert and closes at once.  Whoever
    is still sending may see the reset alone; whoever only listens hears why.
    """
    if endpoint.tls is None or not was_reset(error):
        return None
    try:
        with connect(endpoint) as sock:
            sock.settimeout(CONNECT_SECONDS)
            sock.recv(1)
    except ssl.SSLError as alert:
        return alert
    except (OSError, ConnectionFailed):
        pass
    return None
