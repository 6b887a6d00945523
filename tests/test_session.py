"""From a call as a learner writes it to an exchange."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from samples import frame, lines
from wire import Seen, Server, answers, until

from labkit import session as module
from labkit.encode import Gap
from labkit.errors import APIError, ConnectionFailed, LabError, StreamError, UsageError
from labkit.model import Endpoint
from labkit.session import Session
from labkit.streams import Frame


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    """Return an HTTP answer."""
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers))
    return head.encode() + b"Connection: close\r\n\r\n" + body


Serve = Callable[[bytes], Session]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start a server that gives one answer, and return a session with it."""
    running: list[Server] = []

    def start(raw: bytes, version: str | None = "1.41") -> Session:
        running.append(Server(tmp_path / f"{len(running)}.sock", answer=answers(raw)))
        return Session(running[-1].endpoint, version, bodies=tmp_path / "bodies")

    yield start
    for server in running:
        server.__exit__()


def endless(start: bytes, piece: bytes, pause: float = 0.0) -> Callable[[socket.socket, Seen], None]:
    """Answer without an end, until the other side has had enough."""

    def serve_(conn: socket.socket, _seen: Seen) -> None:
        conn.sendall(start)
        while True:
            conn.sendall(piece)
            time.sleep(pause)

    return serve_


@pytest.mark.parametrize("status", ["200 OK", "304 Not Modified", "404 Not Found", "409 Conflict", "500 Oops"])
def test_no_status_raises(status: str, serve: Serve) -> None:
    """Whatever the status, an exchange comes back."""
    body = b"" if status.startswith("304") else b'{"message": "m"}'
    r = serve(answer(status, body, "X-A: b")).request("GET", "/info")
    assert r.status == int(status[:3])
    assert r.ok == (r.status < 400)
    assert r.headers["x-a"] == "b"
    assert r.seconds > 0


def test_raise_for_status(serve: Serve) -> None:
    """Only raise_for_status raises, with the Engine's words and the exchange; it returns what is well."""
    r = serve(answer("404 Not Found", b'{"message": "No such container: x"}')).request("GET", "/containers/x/json")
    with pytest.raises(APIError, match="GET /containers/x/json was answered 404: No such container: x") as raised:
        r.raise_for_status()
    assert raised.value.exchange is r
    fine = serve(answer("200 OK", b"{}")).request("GET", "/info")
    assert fine.raise_for_status() is fine


def test_raise_for_status_sees_an_error_inside_a_200(serve: Serve) -> None:
    """A pull that failed after its 200 is an error to raise_for_status as well."""
    body = lines({"status": "x"}, {"errorDetail": {"message": "no space"}, "error": "no space"})
    r = serve(answer("200 OK", body)).request("POST", "/images/create", {"fromImage": "x"})
    with pytest.raises(APIError, match="200: no space"):
        r.raise_for_status()


@pytest.mark.parametrize(
    ("body", "hint"), [(b"", "is empty"), (b'{"a": 1', "r.text"), (b"OK", "r.text"), (b'{"a":1}\n{"b":2}\n', "r.lines")]
)
def test_a_body_that_is_not_json(body: bytes, hint: str, serve: Serve) -> None:
    """A truncated, missing or foreign body is told when JSON is asked for, with what to read instead."""
    r = serve(answer("200 OK", body)).request("GET", "/info")
    with pytest.raises(LabError, match="not one JSON value") as raised:
        r.json()
    assert hint in raised.value.hint
    assert r.text == body.decode()


@pytest.mark.parametrize(
    ("method", "path", "offered"),
    [
        ("GET", "/container/json", "/containers/json"),
        ("GET", "/containers/web/jsn", "/containers/web/json"),
        ("GET", "/containers/web/start", "POST /containers/web/start"),
    ],
)
def test_a_typo_in_a_path(method: str, path: str, offered: str, serve: Serve) -> None:
    """A path that the API does not have is still sent, and the nearest one is offered beside the 404."""
    r = serve(answer("404 Not Found", b'{"message":"page not found"}')).request(method, path)
    assert r.notes == (f"The API has no {method} {path}. Did you mean {offered}?",)


def test_a_thing_that_is_not_there_is_no_typo(serve: Serve) -> None:
    """A 404 of a path that the API has needs no note, nor does a registry's."""
    gone = answer("404 Not Found", b'{"message":"No such container"}')
    assert serve(gone).request("GET", "/containers/x/json").notes == ()
    assert serve(gone).request("GET", "/v2/x", version="").notes == ()


@pytest.mark.parametrize(
    "call",
    [
        {"json": {"a": object()}},
        {"json": {1: {2}}},
        {"data": {"a": 1}},
        {"data": 5},
        {"json": {}, "data": b""},
        {"params": {"a": object()}},
        {"headers": {"A": "b\r\nC: d"}},
        {"version": "new"},
    ],
)
def test_wrong_kinds(call: dict[str, Any], serve: Serve) -> None:
    """A body, parameter, header or version of the wrong kind gets one sentence, with what to write."""
    with pytest.raises(UsageError) as refused:
        serve(answer("200 OK")).request("POST", "/x", **call)
    assert "\n" not in refused.value.message
    assert refused.value.hint


def test_a_head_has_no_body(serve: Serve) -> None:
    """HEAD with a body is refused; without one, its length does not keep it waiting."""
    with pytest.raises(UsageError, match="HEAD"):
        serve(answer("200 OK")).request("HEAD", "/_ping", json={})
    r = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n").request("HEAD", "/_ping")
    assert (r.status, r.response.body) == (200, b"")


@pytest.mark.parametrize(
    "call",
    [
        {"path": ...},
        {"path": "/x", "params": {"a": ...}},
        {"path": "/x", "json": {"Image": ...}},
        {"path": "/x", "json": ...},
        {"path": "/x", "data": ...},
        {"path": "/x", "headers": {"A": ...}},
    ],
)
def test_a_gap_is_not_sent(call: dict[str, Any]) -> None:
    """Three dots are a gap, found before any connection is made."""
    nowhere = Session(Endpoint(socket="/nowhere"))
    with pytest.raises(Gap):
        nowhere.request("POST", call.pop("path"), **call)


def test_what_is_said_wrongly_is_found_before_the_engine_is_asked() -> None:
    """A mistake in a call is told even when no Engine runs."""
    nowhere = Session(Endpoint(socket="/nowhere"))
    with pytest.raises(UsageError):
        nowhere.request("GET", "info")
    with pytest.raises(ConnectionFailed):
        nowhere.request("GET", "/info")


@pytest.mark.parametrize(
    ("offered", "used"), [("1.41", "1.41"), ("1.55", "1.55"), ("1.99", "1.55"), ("2.0", "1.55"), ("1.9", "1.9")]
)
def test_the_version_is_negotiated(offered: str, used: str, serve: Serve) -> None:
    """The newest version that both sides know is used."""
    session = serve(answer("200 OK", b"OK", f"Api-Version: {offered}"), None)  # type: ignore[call-arg]
    assert session.version == used
    assert session.request("GET", "/info").request.target == f"/v{used}/info"


@pytest.mark.parametrize("headers", [(), ("Api-Version: x",), ("Api-Version: 1.2.3",)])
def test_what_has_no_version_is_no_engine(headers: tuple[str, ...], serve: Serve) -> None:
    """An answer to the ping without an API version is not an Engine's."""
    with pytest.raises(ConnectionFailed, match=r"not a Docker Engine \(status 200\): OK\."):
        _ = serve(answer("200 OK", b"OK", *headers), None).version  # type: ignore[call-arg]


def test_versions_of_a_call(serve: Serve) -> None:
    """A version can be given for one call, in the path, or be left out."""
    session = serve(answer("200 OK", b"{}"))
    targets = [
        session.request("GET", "/info").request.target,
        session.request("GET", "/info", version="1.22").request.target,
        session.request("GET", "/v1.24/info").request.target,
        session.request("GET", "/info", version="").request.target,
        session.request("GET", "/_ping").request.target,
    ]
    assert targets == ["/v1.41/info", "/v1.22/info", "/v1.24/info", "/info", "/_ping"]


def test_an_enormous_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more of an answer is kept than MAX_BODY; it is cut, and said so, and the connection is let go."""
    monkeypatch.setattr(module, "MAX_BODY", 1_000_000)
    start = b"HTTP/1.1 200 OK\r\n\r\n"
    with Server(tmp_path / "s", answer=endless(start, b"x" * 65536)) as server:
        r = Session(server.endpoint, "1.41").request("GET", "/containers/x/export")
        until(lambda: server.problems)  # the sender was cut off
    assert len(r.response.body) == 1_000_000
    assert r.response.cut == "size"
    assert "larger than 1.0 MB" in r.notes[0]


def test_an_endless_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events without an end are read for a while, then cut at a whole line, and said so."""
    monkeypatch.setattr(module, "ENDLESS", 0.3)
    start = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    with Server(tmp_path / "s", answer=endless(start + b'{"a": ', b'1}\n{"a": ', 0.05)) as server:
        begin = time.monotonic()
        r = Session(server.endpoint, "1.41").request("GET", "/events")
        assert time.monotonic() - begin < 5
    assert r.response.cut == "time"
    assert r.lines[0] == {"a": 1}
    assert "no end" in r.notes[0]


def test_an_error_without_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error to a stream is read as a whole, but not for ever."""
    monkeypatch.setattr(module, "ENDLESS", 0.2)
    with Server(tmp_path / "s", answer=endless(b"HTTP/1.1 500 Oops\r\n\r\n", b"oops ", 0.05)) as server:
        stream = Session(server.endpoint, "1.41").stream("GET", "/events")
    assert stream.exchange.error.startswith("oops")


def test_silence_in_the_middle(tmp_path: Path) -> None:
    """An Engine that falls silent in mid-answer is given up after the timeout."""

    def stall(conn: socket.socket, _seen: Seen) -> None:
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[1,")
        conn.recv(1)

    with Server(tmp_path / "s", answer=stall) as server:
        with pytest.raises(StreamError, match="silent"):
            Session(server.endpoint, "1.41").request("GET", "/containers/json", timeout=0.2)


def test_bodies(tmp_path: Path) -> None:
    """JSON has its type, text and bytes go as they are, a file is read, and what curl cannot hold is kept in a file."""
    (tmp_path / "ctx.tar").write_bytes(b"\0tar")
    with Server(tmp_path / "s") as server:
        session = Session(server.endpoint, "1.41", bodies=tmp_path / "bodies")
        kept = session.request("POST", "/build", data=b"\0bytes").request
        session.request("POST", "/build", data=tmp_path / "ctx.tar")
        session.request("POST", "/x", data="text")
        session.request("POST", "/x", json={"a": "é"}, headers={"content-type": "application/x"})
    assert [seen.body for seen in server.seen] == [b"\0bytes", b"\0tar", b"text", '{"a":"é"}'.encode()]
    assert [dict(seen.headers).get("content-type") for seen in server.seen] == [None, None, None, "application/x"]
    assert kept.body_file is not None
    assert Path(kept.body_file).read_bytes() == b"\0bytes"
    assert Path(kept.body_file).parent == tmp_path / "bodies"


def test_a_body_that_cannot_be_kept(tmp_path: Path, serve: Serve) -> None:
    """A folder that cannot be written, and a file that is not there, are told in a sentence."""
    (tmp_path / "bodies").write_text("a file in the way")
    session = serve(answer("200 OK"))
    with pytest.raises(UsageError, match="could not be kept"):
        session.request("POST", "/build", data=b"\0")
    with pytest.raises(UsageError, match="cannot be read"):
        session.request("POST", "/build", data=tmp_path / "none.tar")


def test_a_stream_of_lines(serve: Serve) -> None:
    """A stream gives the objects as they come, and knows that it ended."""
    with serve(answer("200 OK", lines({"a": 1}, {"b": 2}), "Content-Type: application/json")).stream(
        "POST", "/images/create"
    ) as stream:
        assert next(stream) == {"a": 1}
        assert list(stream) == [{"b": 2}]
    assert stream.ended == "end"
    assert stream.status == 200


def test_a_stream_of_frames(serve: Serve) -> None:
    """A log comes in frames, stdout and stderr apart."""
    body = frame(1, b"out\n") + frame(2, b"err\n")
    stream = serve(answer("200 OK", body)).stream("GET", "/containers/x/logs", {"stdout": True})
    assert list(stream) == [Frame(1, b"out\n"), Frame(2, b"err\n")]


def test_an_error_in_a_stream_comes_after_its_item(serve: Serve) -> None:
    """The item that carries an error is given, then the error is raised."""
    stream = serve(answer("200 OK", lines({"a": 1}, {"error": "no space"}, {"c": 1}))).stream("POST", "/build")
    assert stream.take(2) == [{"a": 1}, {"error": "no space"}]
    with pytest.raises(StreamError, match="no space"):
        next(stream)


def test_a_stream_has_a_time_limit(tmp_path: Path) -> None:
    """After its seconds a stream ends, without an error, whether things keep coming or not."""
    for pause in (0.01, 10.0):
        start = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
        with Server(tmp_path / f"s{pause}", answer=_until_closed(start, b'{"a":1}\n', pause)) as server:
            begin = time.monotonic()
            stream = Session(server.endpoint, "1.41").stream("GET", "/events", seconds=0.3)
            assert list(stream)[0] == {"a": 1}  # noqa: RUF015
            assert 0.2 < time.monotonic() - begin < 3
            assert stream.ended == "time"


def _until_closed(start: bytes, piece: bytes, pause: float) -> Callable[[socket.socket, Seen], None]:
    def serve_(conn: socket.socket, _seen: Seen) -> None:
        conn.sendall(start + piece)
        conn.settimeout(pause)
        while True:
            try:
                conn.recv(1)
                return
            except TimeoutError:
                conn.sendall(piece)

    return serve_


def test_a_stream_without_a_limit_outlasts_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A follow without a limit waits as long as it takes, also longer than a call may be silent."""
    monkeypatch.setattr(module, "SILENCE", 0.2)

    def late(conn: socket.socket, _seen: Seen) -> None:
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        time.sleep(0.6)
        conn.sendall(b'{"a":1}\n')

    with Server(tmp_path / "s", answer=late) as server:
        stream = Session(server.endpoint, "1.41").stream("GET", "/events")
        assert list(stream) == [{"a": 1}]
        assert stream.ended == "end"


def test_leaving_a_stream_closes_it(tmp_path: Path) -> None:
    """A block that is left in the middle closes the connection, so that the Engine stops sending."""
    gone = threading.Event()

    def serve_(conn: socket.socket, _seen: Seen) -> None:
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + b'{"a":1}\n')
        if conn.recv(1) == b"":
            gone.set()

    with Server(tmp_path / "s", answer=serve_) as server:
        with Session(server.endpoint, "1.41").stream("GET", "/events") as stream:
            for _item in stream:
                break
        assert gone.wait(5)
    assert stream.ended == "closed"
    stream.close()
    assert list(stream) == []


def test_a_stream_that_was_refused(serve: Serve) -> None:
    """An error instead of a stream has its message, and no items."""
    body = json.dumps({"message": "No such container: x"}).encode()
    stream = serve(answer("404 Not Found", body)).stream("GET", "/containers/x/logs")
    assert stream.status == 404
    assert stream.exchange.error == "No such container: x"
    assert list(stream) == []


def test_input_needs_an_upgrade(serve: Serve) -> None:
    """Input to a stream that was not upgraded is an error that says how to ask for it."""
    stream = serve(answer("200 OK", b"{}")).stream("GET", "/events")
    with pytest.raises(StreamError) as refused:
        stream.send("x")
    assert "upgrade=True" in refused.value.hint
    stream.close_write()
    assert repr(stream) == "<Stream GET /v1.41/events open>"


def test_memory_of_a_large_answer_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading an answer without an end takes no more memory than a few times what is kept of it."""
    import tracemalloc

    monkeypatch.setattr(module, "MAX_BODY", 4_000_000)
    with Server(tmp_path / "s", answer=endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536)) as server:
        session = Session(server.endpoint, "1.41")
        tracemalloc.start()
        try:
            session.request("GET", "/containers/x/export")
            _now, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 4 * 4_000_000
