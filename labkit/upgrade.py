"""A connection that the Engine hands over: the 101 upgrade of attach and exec, by h11.

requests has no public way for it: after the answer, the connection is no longer HTTP.

Source: RFC 9110 section 7.8 (Upgrade).
"""

from __future__ import annotations

import math
import socket
import ssl
import time
from collections.abc import Iterator

import h11

from .connect import connect
from .errors import StreamError
from .failures import failure
from .messages import _
from .model import Headers, Request
from .transport import USER_AGENT

_CHUNK = 64 * 1024


class Upgraded:
    """A connection after its 101: bytes both ways, no HTTP any more.

    Where the Engine answers 200 without an upgrade, reading works the same.
    """

    def __init__(self, request: Request, seconds: float) -> None:
        self._sock = connect(request.endpoint)
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
