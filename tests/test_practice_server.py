"""The practice engine's server and bad input: an answer or a clean close, never a traceback or a hang."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from practicehelp import SLOW_SECONDS, Clock

from labkit.certs import Authority
from labkit.engines.practice import bundled, tlsdoor
from labkit.engines.practice import server as serving
from labkit.engines.practice.core import Core
from labkit.engines.practice.profile import profile
from labkit.engines.practice.server import HostPorts, Server

GET = b"GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n"


class Running:
    """A server in a thread; `said` is its log, `wrong` is what asyncio complained about."""

    def __init__(self, path: Path) -> None:
        self.path, self.said, self.wrong = path, list[str](), list[dict[str, Any]]()
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda _loop, facts: self.wrong.append(facts))
        self._over = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._thread.start()
        assert self._ready.wait(30)

    async def _serve(self) -> None:
        core = Core(profile("29"), now=time.time())
        image = bundled.images()["busybox:latest"]
        core.state.images[image.id] = image
        image.tags.append("busybox:latest")
        server = Server(core, self.path, HostPorts(), self.said.append)
        await server.listen()
        self._ready.set()
        await self._over.wait()
        server.close()
        await asyncio.sleep(0.05)  # what is open closes

    def stop(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(30)

    def connect(self) -> socket.socket:
        """Connect; nothing waits longer than 20 seconds."""
        link = socket.socket(socket.AF_UNIX)
        link.settimeout(20)
        link.connect(str(self.path))
        return link

    def talk(self, *pieces: bytes, half: bool = False) -> bytes:
        """Send, close one half where asked, and return all that comes until the other side closes."""
        with self.connect() as link:
            for piece in pieces:
                link.sendall(piece)
            if half:
                link.shutdown(socket.SHUT_WR)
            out = b""
            while data := link.recv(65536):
                out += data
            return out

    def ask(self, method: str, target: str, body: Any = None) -> Any:
        """Ask for JSON; None where the answer has no body."""
        with self.connect() as link:
            link.sendall(_request(method, target, body, "Connection: close"))
            out = _rest(link)
        head, _end, data = out.partition(b"\r\n\r\n")
        assert head.split(b" ", 2)[1] in (b"200", b"201", b"204"), out
        return json.loads(data) if data else None

    def upgrade(self, target: str, body: Any = None) -> socket.socket:
        """Ask for a connection of one's own; return it when its head has come."""
        link = self.connect()
        link.sendall(_request("POST", target, body, "Connection: Upgrade\r\nUpgrade: tcp"))
        assert link.recv(65536).startswith(b"HTTP/1.1 101")
        return link

    def box(self, *command: str, **more: Any) -> str:
        """Run a command in a container; return its id."""
        identity = self.ask("POST", "/containers/create", {"Image": "busybox", "Cmd": command, **more})["Id"]
        self.ask("POST", f"/containers/{identity}/start")
        return str(identity)


def _rest(link: socket.socket) -> bytes:
    return b"".join(iter(lambda: link.recv(65536), b""))


def _request(method: str, target: str, body: Any, more: str) -> bytes:
    data = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {target} HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\n{more}\r\n"
    return f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server whose patience is short."""
    patch = pytest.MonkeyPatch()
    patch.setattr(serving, "SLOW_SECONDS", 0.5)
    patch.setattr(serving, "IDLE_SECONDS", 1.0)
    found = Running(tmp_path_factory.mktemp("s") / "docker.sock")
    yield found
    found.stop()
    patch.undo()
    assert found.wrong == []
    assert not any("unforeseen" in line for line in found.said)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"not HTTP at all\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40) + b"\r\n\r\n", b"400"),
        (b"GET /_ping HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /_ping HTTP/1.1\r\nHost: docker\r\nX: " + b"a" * 200_000 + b"\r\n\r\n", b"431"),
        (b"POST /build HTTP/1.1\r\nHost: docker\r\nContent-Length: many\r\n\r\n", b"400"),
        (b"POST /build HTTP/1.1\r\nHost: docker\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (b"GET /%ff%00?filters=%ff HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n", b"404"),
        (b"GET /nowhere HTTP/1.1\r\nHost: docker\r\nUpgrade: nonsense\r\nConnection: close\r\n\r\n", b"404"),
    ],
)  # fmt: skip
def test_malformed(running: Running, sent: bytes, status: bytes) -> None:
    """What is no good HTTP gets a status line, and the connection is closed."""
    assert running.talk(sent).startswith(b"HTTP/1.1 " + status)


def test_half_closed(running: Running) -> None:
    """A request whose sender says at once that no more comes is answered."""
    out = running.talk(GET, half=True)
    assert out.startswith(b"HTTP/1.1 200")
    assert out.endswith(b"OK")


def test_half_a_body(running: Running) -> None:
    """A body that breaks off is refused, and the connection is closed."""
    out = running.talk(b"POST /build HTTP/1.1\r\nHost: docker\r\nContent-Length: 100\r\n\r\nhalf", half=True)
    assert out.startswith(b"HTTP/1.1 400")


def test_piece_by_piece(running: Running) -> None:
    """A request that comes byte by byte, but soon, is answered."""
    head = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    assert running.talk(*(head[n : n + 1] for n in range(len(head)))).endswith(b"OK")


def test_slow_head(running: Running) -> None:
    """A head that never ends is not waited for, however steadily bytes come."""
    begin = time.monotonic()
    with running.connect() as link:
        try:
            for byte in GET[:-2] * 100:
                link.sendall(bytes([byte]))
                time.sleep(0.05)
        except OSError:
            pass
    assert time.monotonic() - begin < 15


def test_silence(running: Running) -> None:
    """A connection on which nothing is asked is closed."""
    assert running.talk() == b""


def test_two_at_once(running: Running) -> None:
    """Requests sent one behind the other are answered in that order."""
    out = running.talk(GET + GET.replace(b"_ping", b"version"), half=True)
    assert out.count(b"HTTP/1.1 200 OK") == 2
    assert out.index(b"OK") < out.index(b"ApiVersion")


def test_stream_left(running: Running) -> None:
    """Whoever leaves a stream in the middle hurts nobody."""
    with running.connect() as link:
        link.sendall(b"GET /events HTTP/1.1\r\nHost: docker\r\n\r\n")
        head = link.recv(4096)
        assert b"Transfer-Encoding: chunked" in head
    assert running.talk(GET, half=True).endswith(b"OK")


@pytest.mark.parametrize("pause", [0.0, 0.5], ids=["at once", "later"])
def test_an_exec_whose_client_vanishes(running: Running, pause: float) -> None:
    """Closing over output that was not read ends its stdin too: what waits for more input does not wait for ever."""
    box = running.box("sleep", "1000")
    config = {"Cmd": ["sh", "-c", "echo hi; cat"], "AttachStdin": True, "AttachStdout": True}
    made = running.ask("POST", f"/containers/{box}/exec", config)["Id"]
    with running.upgrade(f"/exec/{made}/start", {}):
        time.sleep(pause)
    end = time.monotonic() + 10
    while running.ask("GET", f"/exec/{made}/json")["Running"] and time.monotonic() < end:
        time.sleep(0.05)
    assert not running.ask("GET", f"/exec/{made}/json")["Running"]


@pytest.mark.parametrize("kind", ["attach", "attach first", "exec"])
def test_stdin_that_nobody_reads(running: Running, kind: str) -> None:
    """Input is taken while the pipe has room, as on Linux, and goes on when it is read; the engine keeps no more."""
    command, size = ["sh", "-c", "until test -e /go; do sleep 0.1; done; wc -c"], 3_000_000
    config = {"Image": "busybox", "Cmd": command, "OpenStdin": True, "StdinOnce": True}
    box = running.box("sleep", "1000") if kind == "exec" else running.ask("POST", "/containers/create", config)["Id"]
    if kind == "exec":
        body = {"Cmd": command, "AttachStdin": True, "AttachStdout": True}
        target = f"/exec/{running.ask('POST', f'/containers/{box}/exec', body)['Id']}/start"
    else:
        target = f"/containers/{box}/attach?stream=1&stdin=1&stdout=1"
    if kind == "attach":
        running.ask("POST", f"/containers/{box}/start")
    with running.upgrade(target, {}) as link:
        link.settimeout(0.5)
        sent = 0
        with contextlib.suppress(TimeoutError):
            while sent < size:
                sent += link.send(bytes(min(size - sent, 65536)))
        assert sent < 2_000_000, "what the pipe and the buffers of the socket hold"
        if kind == "attach first":
            running.ask("POST", f"/containers/{box}/start")
        touch = {"Cmd": ["touch", "/go"]}
        made = running.ask("POST", f"/containers/{box}/exec", touch)["Id"]
        assert running.talk(_request("POST", f"/exec/{made}/start", {"Detach": True}, CLOSE.decode().strip()))
        link.settimeout(20)
        link.sendall(bytes(size - sent))
        link.shutdown(socket.SHUT_WR)
        out = _rest(link)
    assert out[8:] == f"{size}\n".encode()


def test_the_log_of_a_container_that_wrote_much(running: Running) -> None:
    """It is sent piece by piece as it is read, so that others have their turn, and what is not read is not made."""
    box = running.box("sh", "-c", "yes | head -n 400000; echo last")
    running.talk(_request("POST", f"/containers/{box}/wait", None, CLOSE.decode().strip()))
    slowest = 0.0
    links = [running.upgrade(f"/containers/{box}/attach?logs=1&stdout=1") for _n in range(5)]
    for _n in range(20):
        begin = time.monotonic()
        assert running.talk(GET, half=True).endswith(b"OK")
        slowest = max(slowest, time.monotonic() - begin)
    out = [_rest(link) for link in links]
    for link in links:
        link.close()
    assert slowest < SLOW_SECONDS / 2
    assert {len(data) for data in out} == {400_000 * 10 + 13}
    assert out[0].endswith(b"\x01\0\0\0\0\0\0\x05last\n")


BODIES: tuple[Any, ...] = (
    [],
    "text",
    5,
    {"Image": "busybox", "HostConfig": 7},
    {"Image": "busybox", "Cmd": 5},
    {"Image": "busybox", "HostConfig": {"Binds": 5}},
    {"Image": "busybox", "HostConfig": {"PortBindings": {"80/tcp": 5}}},
    {"Image": "busybox", "HostConfig": {"Mounts": [5]}},
    {"Image": "busybox", "HostConfig": {"RestartPolicy": 5}},
    {"Image": "busybox", "NetworkingConfig": {"EndpointsConfig": {"bridge": 5}}},
    {"Image": "busybox", "Env": [5]},
    {"Name": "x", "IPAM": {"Config": [5]}},
    {"Name": "x", "Options": 5},
    {"Name": 5},
    {"Container": "c1", "EndpointConfig": {"IPAMConfig": 5}},
)


@pytest.mark.parametrize("version", ["20.10", "29"])
@pytest.mark.parametrize("data", [b"{", b"nope", b"\xff\xfe", b"[" * 100_000, *BODIES], ids=lambda v: str(v)[:40])
def test_wrong_bodies(version: str, data: Any) -> None:
    """A body that is not JSON, or whose fields are of the wrong kind, is refused with a sentence."""
    engine = Clock(version)
    said: list[str] = []
    engine.core.say = said.append
    engine.ok("POST", "/containers/create?name=c1", {"Image": "busybox", "Cmd": ["sleep", "9"]})
    engine("POST", "/containers/c1/start")
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    statuses = []
    for target in (
        "/containers/create",
        "/containers/c1/exec",
        "/containers/c1/update",
        "/networks/create",
        "/networks/bridge/connect",
        "/volumes/create",
        "/auth",
    ):
        status, out = engine("POST", target, body, content_type="application/json")
        statuses.append(status)
        assert status < 400 or json.loads(out)["message"]
    assert said == [], "nothing unforeseen"
    assert max(statuses) >= 400


def test_unforeseen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of the engine's own is a 500 and one line in the log, and the engine goes on."""
    engine = Clock()
    said: list[str] = []
    engine.core.say = said.append
    monkeypatch.setattr(engine.core.state, "volumes", None)
    status, out = engine("GET", "/volumes")
    assert status == 500
    assert "practice engine failed" in json.loads(out)["message"]
    assert len(said) == 1
    assert "AttributeError" in said[0]
    assert engine("GET", "/_ping")[0] == 200


HEAD = b"POST /containers/create HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\n"
CLOSE = b"Connection: close\r\n"


@pytest.mark.parametrize(
    ("sent", "statuses"),
    [
        (HEAD + b"Content-Length: -5\r\n\r\n", (b"400",)),
        (HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", (b"400",)),
        (HEAD + CLOSE + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", (b"400",)),
        (HEAD + b"Transfer-Encoding: gzip\r\n\r\n", (b"400", b"501")),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n", (b"400",)),
        (HEAD + CLOSE + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n\r\n", (b"500", b"400")),
        (b"GET /_ping HTTP/1.0\r\n\r\n", (b"200",)),
        (b"GET /_ping HTTP/3.0\r\nHost: docker\r\n" + CLOSE + b"\r\n", (b"400", b"505", b"200")),
        (b"GET http://docker/_ping HTTP/1.1\r\nHost: docker\r\n" + CLOSE + b"\r\n", (b"200", b"404", b"400")),
        (b"CONNECT docker:80 HTTP/1.1\r\nHost: docker\r\n" + CLOSE + b"\r\n", (b"404", b"400", b"405")),
        (b"GET /" + b"a" * 60_000 + b" HTTP/1.1\r\nHost: docker\r\n" + CLOSE + b"\r\n", (b"404",)),
        (b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: docker\r\n" + CLOSE + b"\r\n", (b"431", b"414", b"400")),
        (b"GET /_ping HTTP/1.1\r\nHost: docker\r\n" + CLOSE + b"X: y\r\n" * 5000 + b"\r\n", (b"200", b"431")),
        (b"GET /_ping HTTP/1.1\r\nHost: docker\r\nX: a\x00b\r\n\r\n", (b"400",)),
        (b"GET /_ping HTTP/1.1\r\nHost: docker\r\n" + CLOSE + b"Expect: 100-continue\r\n\r\n", (b"200", b"100")),
    ],
)  # fmt: skip
def test_odd_requests(running: Running, sent: bytes, statuses: tuple[bytes, ...]) -> None:
    """What HTTP does not allow, or hardly anybody sends, gets an answer or a refusal."""
    assert running.talk(sent, half=True).split(b" ", 2)[1] in statuses


UPGRADES = (
    b"Upgrade: tcp\r\n",
    b"Connection: Upgrade\r\n",
    b"Connection: Upgrade\r\nUpgrade: h2c\r\n",
    b"Connection: Upgrade, close\r\nUpgrade: tcp, websocket\r\n",
)


@pytest.mark.parametrize("upgrade", UPGRADES)
@pytest.mark.parametrize("target", [b"/exec/nosuch/start", b"/containers/nosuch/attach?stream=1", b"/session"])
def test_wrong_upgrades(running: Running, target: bytes, upgrade: bytes) -> None:
    """An upgrade of what there is not, or to what is not spoken, is answered as the request without it is."""
    head = b"POST " + target + b" HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\n" + upgrade
    out = running.talk(head + b"Content-Length: 2\r\n\r\n{}", half=True)
    assert out.split(b" ", 2)[1] in (b"404", b"501")
    assert b"Traceback" not in out


def test_a_body_that_is_too_large(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused while it comes, not when all of it is in memory."""
    monkeypatch.setattr(serving, "MAX_BODY", 100_000)
    head = b"POST /build HTTP/1.1\r\nHost: docker\r\nContent-Length: 1000000\r\n\r\n"
    assert running.talk(head, b"x" * 200_000).startswith(b"HTTP/1.1 413")


def test_bodies_that_are_too_large_together(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not whole yet counts together; a small body has room all the same, and the room comes back."""
    monkeypatch.setattr(serving, "MAX_BODY", 300_000)
    monkeypatch.setattr(serving, "SLOW_SECONDS", 10.0)
    head = b"POST /build HTTP/1.1\r\nHost: docker\r\nContent-Length: 250000\r\n\r\n"
    with running.connect() as link:
        link.sendall(head + bytes(200_000))
        time.sleep(0.3)
        out = running.talk(head, bytes(250_000))
        assert out.startswith(b"HTTP/1.1 503")
        assert b"too much at once" in out
        assert running.ask("POST", "/containers/create", {"Image": "busybox"})["Id"]
    time.sleep(0.3)
    assert not running.talk(head, bytes(250_000), half=True).startswith(b"HTTP/1.1 503")


def test_a_body_that_comes_too_slowly(running: Running) -> None:
    """A body that stops in the middle is not waited for."""
    begin = time.monotonic()
    running.talk(b"POST /build HTTP/1.1\r\nHost: docker\r\nContent-Length: 100\r\n\r\n", b"half")
    assert time.monotonic() - begin < 15


def test_many_who_say_nothing(running: Running) -> None:
    """Two hundred open connections keep nobody out."""
    links = [running.connect() for _n in range(200)]
    try:
        assert running.talk(GET, half=True).endswith(b"OK")
    finally:
        for link in links:
            link.close()


REQUESTS = (
    GET,
    b"GET /v1.41/containers/json?all=1&filters=%7B%22name%22%3A%5B%22x%22%5D%7D HTTP/1.1\r\nHost: docker\r\n\r\n",
    HEAD + b'Content-Length: 19\r\n\r\n{"Image":"busybox"}',
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    b"POST /exec/x/start HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    request=st.sampled_from(REQUESTS),
    cuts=st.lists(st.tuples(st.integers(0, 120), st.integers(0, 8), st.binary(max_size=8)), max_size=4),
    more=st.binary(max_size=40),
)
def test_damaged_requests(running: Running, request: bytes, cuts: list[tuple[int, int, bytes]], more: bytes) -> None:
    """A request with bytes of chance in it is answered, or the connection is closed; the engine goes on."""
    for at, length, put in cuts:
        request = request[:at] + put + request[at + length :]
    out = running.talk(request + more, half=True)
    assert out == b"" or out.startswith(b"HTTP/1.1 ")
    assert b"Traceback" not in out
    assert b"practice engine failed" not in out
    assert running.talk(GET, half=True).endswith(b"OK")


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("", "client didn't provide a certificate"),
        ("learner", ""),
        ("stranger", "x509: certificate signed by unknown authority"),
        ("late", "x509: certificate has expired or is not yet valid"),
        ("server", "x509: certificate specifies an incompatible key usage"),
    ],
)
def test_the_log_says_why_a_client_is_refused(tmp_path: Path, shown: str, said: str) -> None:
    """The alert that a client reads tells less; the log has the words of a Go daemon."""
    ca, other = Authority(tmp_path / "ca"), Authority(tmp_path / "other")
    server = ca.server("localhost")
    pairs = {
        "learner": ca.client("learner"),
        "stranger": other.client("learner"),
        "late": ca.client("learner", days=-1, prefix="late-"),
        "server": server,
    }
    config = {"tlsverify": True, "tlscacert": ca.cert, "tlscert": server.cert, "tlskey": server.key}
    door, client = tlsdoor.context(config), ssl.create_default_context(cafile=ca.cert)
    assert door is not None
    if shown:
        client.load_cert_chain(pairs[shown].cert, pairs[shown].key)
    lines: list[str] = []
    inner, core = socket.socketpair()
    with core, socket.create_server(("127.0.0.1", 0)) as listener:
        outside = socket.create_connection(listener.getsockname(), timeout=10)
        tlsdoor.carry(listener.accept()[0], door, inner, lines.append)
        try:
            with client.wrap_socket(outside, server_hostname="localhost") as secure:
                secure.sendall(b"x")
                assert not said or not secure.recv(1)
        except OSError:
            assert said
        core.settimeout(10)
        assert core.recv(1) == (b"" if said else b"x")
    assert [line.partition(": tls: ")[2].removeprefix("failed to verify client certificate: ") for line in lines] == (
        [said] if said else []
    )
