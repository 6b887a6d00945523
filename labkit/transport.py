"""Bytes to and from an Endpoint: the one module that knows the HTTP libraries.

requests (over urllib3) carries every ordinary exchange, through an adapter that
opens unix sockets and lets nothing but labkit's own headers onto the wire, so
that the curl line can be exact.  h11 carries the one thing that requests has no
public way for: the 101 upgrade of attach and exec, after which the connection
is no longer HTTP.

Sources: https://requests.readthedocs.io/en/latest/user/advanced/#transport-adapters
and RFC 9110 section 7.8 (Upgrade).
"""

from __future__ import annotations

import math
import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any

import h11
import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.util import SKIP_HEADER

from . import __version__
from .errors import ConnectionFailed, LabError, StreamError
from .failures import failure, was_reset
from .messages import _
from .model import Endpoint, Headers, Request

CONNECT_SECONDS = 5.0
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
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(CONNECT_SECONDS)
        try:
            sock.connect(self.endpoint.socket)
        except OSError:
            sock.close()
            raise
        self.sock = self.wire = sock

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
        pool = urllib3.HTTPSConnectionPool(**options, ssl_context=tls_context(endpoint))
    else:
        pool = urllib3.HTTPConnectionPool(**options)
    base = _Secure if tls else _Plain
    pool.ConnectionCls = type(base.__name__, (base,), {"endpoint": endpoint})
    return pool


def tls_context(endpoint: Endpoint) -> ssl.SSLContext:
    """Return the TLS settings of an endpoint: it must be vouched for, whatever its name.

    Raises `LabError` when a certificate file cannot be read.
    """
    tls = endpoint.tls
    if tls is None:
        raise ValueError(endpoint)
    try:
        context = ssl.create_default_context(cafile=tls.ca)
        if tls.cert:
            context.load_cert_chain(tls.cert, tls.key)
    except (OSError, ssl.SSLError) as error:
        names = ", ".join(str(p) for p in (tls.ca, tls.cert, tls.key) if p)
        raise LabError(
            _("A certificate file cannot be used: {why}.", why=error),
            _("Look whether these exist and belong together: {names}.", names=names),
        ) from error
    return context


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
        except (urllib3.exceptions.HTTPError, OSError, ValueError, AttributeError) as error:
            if isinstance(error, TimeoutError):
                raise
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
        with _connect(endpoint) as sock:
            sock.settimeout(CONNECT_SECONDS)
            sock.recv(1)
    except ssl.SSLError as alert:
        return alert
    except (OSError, ConnectionFailed):
        pass
    return None


def _connect(endpoint: Endpoint) -> socket.socket:
    try:
        if endpoint.socket:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            sock.settimeout(CONNECT_SECONDS)
            sock.connect(endpoint.socket)
            return sock
        sock = socket.create_connection((endpoint.host, endpoint.port or 0), CONNECT_SECONDS)
        if endpoint.tls:
            return tls_context(endpoint).wrap_socket(sock, server_hostname=endpoint.host)
        return sock
    except OSError as error:
        raise failure(endpoint, error) from error


class Upgraded:
    """A connection after its 101: bytes both ways, no HTTP any more.

    Where the Engine answers 200 without an upgrade, reading works the same.
    """

    def __init__(self, request: Request, seconds: float) -> None:
        self._sock = _connect(request.endpoint)
        self._sock.settimeout(seconds)
        try:
            self._open(request)
        except (OSError, h11.ProtocolError) as error:
            self._sock.close()
            raise failure(request.endpoint, error) from error

    def _open(self, request: Request) -> None:
        wire = h11.Connection(h11.CLIENT)
        body = request.body
        fields = [("Host", request.endpoint.authority), ("User-Agent", USER_AGENT), ("Accept", "*/*")]
        fields += request.headers
        if body is not None:
            fields.append(("Content-Length", str(len(body))))
        head = wire.send(h11.Request(method=request.method, target=request.target, headers=fields))
        rest = wire.send(h11.Data(data=body)) if body else b""
        try:
            self._sock.sendall((head or b"") + (rest or b"") + (wire.send(h11.EndOfMessage()) or b""))
        except (BrokenPipeError, ssl.SSLEOFError):
            pass  # what the server said before it went away can still be read
        event = wire.next_event()
        while not isinstance(event, (h11.Response, h11.InformationalResponse)):
            if event is not h11.NEED_DATA:
                raise h11.RemoteProtocolError(str(event))
            wire.receive_data(self._sock.recv(_CHUNK))
            event = wire.next_event()
        self.status: int = event.status_code
        self.reason = bytes(event.reason).decode("latin-1")
        self.headers: Headers = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in event.headers)
        self._wire: h11.Connection | None = None if self.status == 101 else wire
        self._first = wire.trailing_data[0] if self.status == 101 else b""

    def chunks(self, seconds: float | None = None) -> Iterator[bytes]:
        """Yield what arrives, as `Reply.chunks` does."""
        end = None if seconds is None else time.monotonic() + seconds
        if self._first:
            first, self._first = self._first, b""
            yield first
        try:
            while True:
                if end is not None and end - time.monotonic() <= 0:
                    raise TimeoutError
                self._sock.settimeout(None if end is None or math.isinf(end) else end - time.monotonic())
                if self._wire is None:
                    data = self._sock.recv(_CHUNK)
                    if not data:
                        return
                    yield data
                else:
                    event = self._wire.next_event()
                    if event is h11.NEED_DATA:
                        self._wire.receive_data(self._sock.recv(_CHUNK))
                    elif isinstance(event, h11.Data):
                        yield bytes(event.data)
                    else:
                        return
        except TimeoutError:
            raise
        except (OSError, h11.ProtocolError) as error:
            raise StreamError(
                _("The connection broke off."), _("Its engine may have stopped: ./lab status says.")
            ) from error

    def send(self, data: bytes) -> None:
        """Send bytes to the container's stdin.  Raises `StreamError` when the other side has gone."""
        try:
            self._sock.sendall(data)
        except OSError as error:
            raise StreamError(_("The other side no longer reads."), _("The process in the container ended.")) from error

    def close_write(self) -> None:
        """Say that no more input comes: the process reads the end of its stdin."""
        try:
            self._sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self, *, reuse: bool = False) -> None:
        """Close the connection."""
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._sock.close()
