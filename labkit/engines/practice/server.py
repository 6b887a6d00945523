"""HTTP around the practice engine: unix socket, loopback TCP, TLS.  The one place with sockets.

asyncio carries the bytes and h11 reads and writes HTTP.  (Tornado's server gives no
access to one half of a connection after an upgrade, and attach closes the halves apart.)

Source: RFC 9112 (HTTP/1.1).
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import socket
import ssl
import time
from collections.abc import Callable, Collection, Coroutine
from pathlib import Path
from typing import Any

import h11

from . import tlsdoor
from .core import Core
from .machine.network import Socket
from .machine.times import http_date
from .state import Container
from .wire import Answer, Fault, Reply, Streaming, json_reply

MAX_BODY = 300 * 1024 * 1024
"""No request is taken whose body is longer than this, in bytes; nor are all that are being received together."""
IDLE_SECONDS = 120.0
"""A connection on which nothing is asked for so long is closed."""
SLOW_SECONDS = 30.0
"""The head of a request has to come within this time, once it has begun; so has each further piece of its body."""
LINGER_SECONDS = 0.5
"""So long is read, after a refusal, what the other side still sends."""
BACKLOG = 1024
"""So many may be connecting at once; a unix socket turns away whoever comes beyond."""
_CHUNK = 64 * 1024
_HANDOVER = 0.05
"""The pause between the head of an upgrade and what follows, in seconds, as long as a real engine needs for a process.

docker-py reads the head through a buffer and the rest from the bare socket: what comes with the head is lost to it.
"""

Handler = Callable[[str, str, dict[str, str], bytes], "asyncio.Future[Answer] | Answer"]


class Driver:
    """Lets a core go on in real time, and tells who waits that something may have changed.

    Parameters
    ----------
    core: the engine.
    """

    def __init__(self, core: Core) -> None:
        self.core = core
        core.scheduler.watch = time.monotonic
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._queued = False
        self._pulse = asyncio.Event()

    def kick(self) -> None:
        """Let the core go on soon."""
        if not self._queued:
            self._queued = True
            self._loop.call_soon(self._tick)

    def _tick(self) -> None:
        self._queued = False
        if self._timer:
            self._timer.cancel()
            self._timer = None
        now = time.time()
        again = self.core.tick(now)
        pulse, self._pulse = self._pulse, asyncio.Event()
        pulse.set()
        if again is not None and again <= now:
            self._queued = True
            self._loop.call_later(0.001, self._tick)  # there is more to do; let others have their turn
        elif again is not None:
            self._timer = self._loop.call_later(min(again - now, 3600.0), self.kick)

    def changed(self) -> Coroutine[Any, Any, Any]:
        """Return what to wait for until the core has gone on, counted from this call."""
        return self._pulse.wait()


class HostPorts:
    """The host's ports: listens on loopback, whatever address a container asks for."""

    def __init__(self) -> None:
        self.driver: Driver | None = None
        self._servers: dict[str, list[asyncio.AbstractServer | socket.socket]] = {}

    def open(self, container: Container, inner: int, address: str, port: int) -> int:
        """Listen for a container; return the port.  Raises `OSError`."""
        host = address if address.startswith("127.") else "127.0.0.1"
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(128)
        except OSError:
            listener.close()
            raise
        listener.setblocking(False)
        opened: list[asyncio.AbstractServer | socket.socket] = self._servers.setdefault(container.id, [])
        opened.append(listener)
        asyncio.get_running_loop().create_task(self._serve(listener, container, inner, opened))
        return int(listener.getsockname()[1])

    async def _serve(
        self,
        listener: socket.socket,
        container: Container,
        inner: int,
        opened: list[asyncio.AbstractServer | socket.socket],
    ) -> None:
        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._carry(container, inner, reader, writer)

        if listener in opened:  # it may have been closed before this ran
            opened[opened.index(listener)] = await asyncio.start_server(accept, sock=listener)

    def close(self, container: Container) -> None:
        """Stop listening for a container."""
        opened = self._servers.pop(container.id, [])
        while opened:  # emptied, so that what still comes to serve a listener finds it gone
            opened.pop().close()

    async def _carry(
        self, container: Container, inner: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        driver = self.driver
        if driver is None:
            writer.close()
            return
        try:
            end = driver.core.dial(container, inner)
        except OSError:
            writer.close()  # as docker-proxy does: taken, then closed
            return
        driver.kick()
        upward = asyncio.create_task(_up(driver, end, reader))
        try:
            while True:
                if data := end.read(_CHUNK):
                    writer.write(data)
                    await writer.drain()
                elif end.incoming.ended:
                    break
                else:
                    await driver.changed()
        except (OSError, ConnectionError):
            pass
        finally:
            upward.cancel()
            end.close()
            driver.kick()
            writer.close()


async def _up(driver: Driver, end: Socket, reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(OSError, ConnectionError):
        while data := await reader.read(_CHUNK):
            while not end.writable():
                await driver.changed()
            end.write(data)
            driver.kick()
    end.shutdown()
    driver.kick()


class Http:
    """Serves one handler over HTTP/1.1.

    Parameters
    ----------
    handler: given method, target, headers and body; gives the answer, or a future of it.
    headers: what every answer carries.
    """

    def __init__(self, handler: Handler, driver: Driver | None, headers: dict[str, str]) -> None:
        self._handler, self._driver, self._headers = handler, driver, headers
        self._open: set[asyncio.StreamWriter] = set()
        self._receiving = 0  # of bodies that are not whole yet, in bytes

    def close(self) -> None:
        """Close all connections."""
        for writer in list(self._open):
            writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        wire = h11.Connection(h11.SERVER, max_incomplete_event_size=64 * 1024)
        self._open.add(writer)
        try:
            while await self._one(wire, reader, writer):
                wire.start_next_cycle()
        except (OSError, ConnectionError, asyncio.IncompleteReadError, TimeoutError, asyncio.TimeoutError):
            pass  # the other side has gone, or says nothing
        except asyncio.CancelledError:
            pass  # the engine ends
        except h11.RemoteProtocolError as error:
            await self._refuse(reader, writer, error)
        except h11.LocalProtocolError:
            pass  # the answer was cut off; closing says so
        finally:
            self._open.discard(writer)
            writer.close()

    async def _refuse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, error: h11.RemoteProtocolError
    ) -> None:
        """Answer what is not HTTP, as Go's server does."""
        with contextlib.suppress(OSError, ConnectionError):
            status = error.error_status_hint or 400
            reason = {431: "Request Header Fields Too Large", 501: "Not Implemented"}.get(status, "Bad Request")
            text = f"{status} {reason}"
            writer.write(
                f"HTTP/1.1 {text}\r\nContent-Type: text/plain; "
                f"charset=utf-8\r\nConnection: close\r\n\r\n{text}".encode()
            )
            await writer.drain()
            await self._linger(reader, writer)

    async def _linger(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Let the answer reach who still sends: closing over unread bytes would take it back."""
        if writer.can_write_eof():
            writer.write_eof()
        end = time.monotonic() + LINGER_SECONDS
        with contextlib.suppress(OSError, TimeoutError, asyncio.TimeoutError):
            data = b"more"
            while data and time.monotonic() < end:
                data = await asyncio.wait_for(reader.read(_CHUNK), max(end - time.monotonic(), 0.001))

    async def _event(self, wire: h11.Connection, reader: asyncio.StreamReader, seconds: float) -> h11.Event | None:
        """Return what comes next; None where nothing more can.

        Parameters
        ----------
        seconds: how long to wait for its first byte.
        """
        until = None
        while True:
            event = wire.next_event()
            if isinstance(event, h11.Event):
                return event
            if event is h11.PAUSED:
                return None
            if wire.trailing_data[0] and until is None:
                until = time.monotonic() + SLOW_SECONDS
            left = seconds if until is None else until - time.monotonic()
            wire.receive_data(await asyncio.wait_for(reader.read(_CHUNK), max(left, 0.001)))

    async def _one(self, wire: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; return whether the connection can carry another."""
        event = await self._event(wire, reader, IDLE_SECONDS)
        if not isinstance(event, h11.Request):
            return False
        headers: dict[str, str] = {}
        for name, value in event.headers:
            headers[name.decode("latin-1")] = value.decode("latin-1")
        method, target = event.method.decode("ascii"), event.target.decode("latin-1")
        if not target.startswith(("/", "http://", "https://")):
            raise h11.RemoteProtocolError("a target is a path or a URL")
        if wire.they_are_waiting_for_100_continue:
            writer.write(wire.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
        try:
            body = await self._body(wire, reader)
        except Fault as fault:
            await self._reply(wire, writer, json_reply({"message": fault.message}, fault.status), method)
            await self._linger(reader, writer)
            return False
        answer = self._handler(method, target, headers, body)
        if isinstance(answer, asyncio.Future):
            answer = await answer
        if isinstance(answer, Reply):
            await self._reply(wire, writer, answer, method)
        elif answer.upgrade:
            await self._upgrade(answer, wire, reader, writer)
            return False
        else:
            await self._stream(answer, wire, reader, writer)
        return wire.our_state is h11.DONE and wire.their_state is h11.DONE

    async def _body(self, wire: h11.Connection, reader: asyncio.StreamReader) -> bytes:
        """Return the body of a request.  Raises `Fault` where it is too large."""
        body = io.BytesIO()  # unlike pieces that are joined, it gives what it has without a copy
        try:
            while True:
                event = await self._event(wire, reader, SLOW_SECONDS)
                if isinstance(event, h11.Data):
                    self._receiving += body.write(event.data)
                    if body.tell() > MAX_BODY:
                        raise Fault(413, "http: request body too large")
                    if self._receiving > MAX_BODY and body.tell() > _CHUNK:  # small ones always have room
                        raise Fault(503, "The practice engine is being sent too much at once; try again soon.")
                elif isinstance(event, h11.EndOfMessage):
                    return body.getvalue()
                else:
                    raise ConnectionError("the request broke off")
        finally:
            self._receiving -= body.tell()

    def _head(self, own: dict[str, str], lacks: Collection[str] = ()) -> list[tuple[str, str]]:
        usual = {name: value for name, value in self._headers.items() if name not in lacks}
        return [*{**usual, **own}.items(), ("Date", http_date(time.time()))]

    async def _reply(self, wire: h11.Connection, writer: asyncio.StreamWriter, reply: Reply, method: str) -> None:
        head = self._head(reply.headers, reply.lacks)
        bodyless = reply.status in (204, 304)
        if not bodyless:
            head.append(("Content-Length", str(len(reply.body))))
        out = wire.send(h11.Response(status_code=reply.status, headers=head, reason=_reason(reply.status))) or b""
        if reply.body and method != "HEAD" and not bodyless:
            out += wire.send(h11.Data(data=reply.body)) or b""
        writer.write(out + (wire.send(h11.EndOfMessage()) or b""))
        await writer.drain()

    async def _stream(
        self, answer: Streaming, wire: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        channel, driver = answer.channel, self._driver
        head = [*self._head(answer.headers), ("Transfer-Encoding", "chunked")]
        writer.write(
            wire.send(h11.Response(status_code=answer.status, headers=head, reason=_reason(answer.status))) or b""
        )
        gone = asyncio.create_task(
            reader.read(1)
        )  # it gives something only when the client leaves, or breaks the rules
        try:
            while True:
                if data := channel.take():
                    writer.write(wire.send(h11.Data(data=data)) or b"")
                    await writer.drain()
                    await asyncio.sleep(0)  # a reader that is fast enough would else have all turns
                    if driver:
                        driver.kick()
                elif channel.ended:
                    break
                elif gone.done():
                    raise ConnectionError("the client has gone")
                elif driver:
                    waiting = asyncio.create_task(driver.changed())
                    await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
                    waiting.cancel()
            writer.write(wire.send(h11.EndOfMessage()) or b"")
            await writer.drain()
        finally:
            if gone.done() and not gone.cancelled() and not gone.exception() and gone.result():
                wire.receive_data(gone.result())  # the next request came early
            gone.cancel()
            channel.close()

    async def _upgrade(
        self, answer: Streaming, wire: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        channel, driver = answer.channel, self._driver
        lines = [f"HTTP/1.1 {answer.status} {'UPGRADED' if answer.status == 101 else 'OK'}"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        lines += ["Connection: Upgrade", "Upgrade: tcp"] if answer.status == 101 else []
        writer.write("\r\n".join([*lines, "", ""]).encode())
        early, inward = wire.trailing_data[0], None
        try:
            await writer.drain()
            await asyncio.sleep(_HANDOVER)
            inward = asyncio.create_task(self._input(answer, early, reader))
            while True:
                if data := channel.take():
                    writer.write(data)
                    await writer.drain()
                    await asyncio.sleep(0)
                    if driver:
                        driver.kick()
                elif channel.ended or driver is None:
                    break
                else:
                    await driver.changed()
            if writer.can_write_eof():
                writer.write_eof()
        finally:
            if inward:
                inward.cancel()
            channel.on_input_end()  # whoever leaves in the middle types no more; a process would wait for it for ever
            channel.close()
            if driver:
                driver.kick()

    async def _input(self, answer: Streaming, early: bytes, reader: asyncio.StreamReader) -> None:
        channel, driver = answer.channel, self._driver
        with contextlib.suppress(OSError, ConnectionError):  # so ends who closes over output that was not read
            data = early or await reader.read(_CHUNK)
            while data:
                while driver and not channel.wants_input():
                    await driver.changed()
                channel.on_input(data)
                if driver:
                    driver.kick()
                data = await reader.read(_CHUNK)
        channel.on_input_end()
        if driver:
            driver.kick()


_REASONS = {
    101: "UPGRADED",
    200: "OK",
    201: "Created",
    202: "Accepted",
    204: "No Content",
    301: "Moved Permanently",
    304: "Not Modified",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Request Entity Too Large",
    499: "status code 499",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
}


def _reason(status: int) -> str:
    return _REASONS.get(status, "")


class Server:
    """A core with its listeners.

    Parameters
    ----------
    core: the engine.
    socket_path: the unix socket; it is only its owner's.
    say: called with each line for the daemon's log, from any thread.
    """

    def __init__(self, core: Core, socket_path: Path, ports: HostPorts, say: Callable[[str], None]) -> None:
        self.core = core
        self.say = core.say = say
        self.driver = Driver(core)
        ports.driver = self.driver
        self._path = socket_path
        self._http = Http(self._handle, self.driver, core.headers)
        self._servers: list[asyncio.AbstractServer] = []
        self._doors: list[asyncio.AbstractServer | _TlsDoor] = []
        self._others: list[Http] = []

    def _handle(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> asyncio.Future[Answer] | Answer:
        call = self.core.handle(method, target, headers, body, now=time.time())
        self.driver.kick()
        if call.answer is not None:
            return call.answer

        async def wait() -> Answer:
            while call.answer is None:
                await self.driver.changed()
            return call.answer

        return asyncio.ensure_future(wait())

    async def listen(self) -> None:
        """Listen on the unix socket."""
        self._path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._servers.append(await asyncio.start_unix_server(self._http.serve, self._path, backlog=BACKLOG))
        finally:
            os.umask(before)

    async def registry(self, port: int, handler: Callable[[str, str, dict[str, str], bytes], Reply]) -> None:
        """Serve a registry on a loopback port."""
        http = Http(handler, None, {})
        self._others.append(http)
        self._servers.append(await asyncio.start_server(http.serve, "127.0.0.1", port, backlog=BACKLOG))

    async def open_doors(self, hosts: list[tuple[str, int]], tls: ssl.SSLContext | None) -> None:
        """Listen on loopback TCP, with TLS where a context is given; former doors are closed."""
        for door in self._doors:
            door.close()
        self._doors = []
        for host, port in hosts:
            if tls is None:
                self._doors.append(await asyncio.start_server(self._http.serve, host, port, backlog=BACKLOG))
            else:
                self._doors.append(_TlsDoor(host, port, tls, self._http, self.say))

    def close(self) -> None:
        """Close everything."""
        for server in [*self._servers, *self._doors]:
            server.close()
        for http in [self._http, *self._others]:
            http.close()
        self._path.unlink(missing_ok=True)


class _TlsDoor:
    """A listening port whose connections speak TLS: each is carried by a thread to a plain one."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext, http: Http, say: Callable[[str], None]) -> None:
        self._tls, self._http, self._say = tls, http, say
        self._listener = socket.create_server((host, port))
        self._listener.setblocking(False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._listener, self._accept)
        self._tasks: set[asyncio.Task[None]] = set()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            outer, _address = self._listener.accept()
            plain, inner = socket.socketpair()
            tlsdoor.carry(outer, self._tls, inner, self._say)
            task = self._loop.create_task(self._serve(plain))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, plain: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=plain)
        await self._http.serve(reader, writer)

    def close(self) -> None:
        """Stop listening."""
        self._loop.remove_reader(self._listener)
        self._listener.close()
