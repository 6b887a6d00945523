"""Endpoints that are not what they should be: one sentence each, and what to do next."""

from __future__ import annotations

import gc
import os
import shutil
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import trustme
from wire import OK, Seen, Server, answers, until

from labkit import transport
from labkit.connect import connect
from labkit.errors import ConnectionFailed, LabError, StreamError
from labkit.model import TLS, Endpoint
from labkit.session import Session

NOBODY = 65534


def sentence(endpoint: Endpoint, **more: Any) -> str:
    """Return what a learner is told when a call to an endpoint fails; a sentence and a hint there must be."""
    session = Session(endpoint, more.pop("version", "1.41"))
    with pytest.raises(ConnectionFailed) as failed:
        session.request("GET", "/info", **more)
    assert failed.value.endpoint is endpoint
    assert failed.value.hint
    assert failed.value.message.endswith(".")
    assert "\n" not in failed.value.message
    return failed.value.message


def test_no_socket(tmp_path: Path) -> None:
    """A socket that is not there is told as that."""
    assert "There is no socket at" in sentence(Endpoint(socket=str(tmp_path / "none.sock")))


def test_a_socket_nobody_listens_at(tmp_path: Path) -> None:
    """A socket that an engine left behind is told from one that is not there."""
    path = tmp_path / "stale.sock"
    socket.socket(socket.AF_UNIX).bind(str(path))
    assert "Nothing listens at" in sentence(Endpoint(socket=str(path)))


def test_a_port_nobody_listens_at() -> None:
    """A port where nothing listens is told as that."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert "Nothing listens at" in sentence(Endpoint(host="127.0.0.1", port=port))


def test_a_name_that_is_not_known() -> None:
    """A host name that does not resolve is told as that."""
    assert "is not known" in sentence(Endpoint(host="no-such-host.invalid", port=2375))


def test_a_socket_without_permission() -> None:
    """A socket that one may not open is told as that, with who may."""
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o755)
        with Server(folder / "docker.sock") as server:
            (folder / "docker.sock").chmod(0o600)
            said = _as_nobody(lambda: sentence(server.endpoint))
    finally:
        shutil.rmtree(folder)
    assert "You may not open the socket" in said


def _as_nobody(call: Callable[[], str]) -> str:
    """Return what a call says when a user without rights makes it."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            os.write(write, call().encode())
        finally:
            os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read, "rb") as pipe:
        return pipe.read().decode()


@pytest.mark.parametrize(
    "banner", [b"SSH-2.0-OpenSSH_9.2\r\n", b"220 mail ESMTP\r\n", b"\x16\x03\x01\x02\x00\x01", b"\xff" * 200]
)
def test_what_does_not_speak_http(banner: bytes) -> None:
    """Another protocol at the port is told, with how it greets."""
    with Server(answer=answers(banner)) as server:
        assert "does not speak HTTP" in sentence(server.endpoint)


def test_http_that_is_no_engine() -> None:
    """A web server at the port is no Engine, and its own words are told."""
    page = b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\nConnection: close\r\n\r\nnot here\x1b"
    with Server(answer=answers(page)) as server:
        said = sentence(server.endpoint, version=None)
    assert "is not a Docker Engine (status 404): not here␛" in said


def test_a_connection_that_is_closed() -> None:
    """A connection that is closed before an answer is told as that."""
    with Server(answer=answers()) as server:
        assert "closed the connection without an answer" in sentence(server.endpoint)


def test_silence() -> None:
    """An Engine that does not answer in time is told, with how to wait longer."""

    def wait(conn: socket.socket, _seen: Seen) -> None:
        conn.recv(1)

    with Server(answer=wait) as server:
        begin = time.monotonic()
        assert "did not answer within 0.2 s" in sentence(server.endpoint, timeout=0.2)
        assert time.monotonic() - begin < 5


@pytest.mark.parametrize("head", [b"X: " + b"y" * 100_000, b"\r\n".join(b"X: y" for _n in range(200))])
def test_endless_headers(head: bytes) -> None:
    """Headers without an end are given up."""
    with Server(answer=answers(b"HTTP/1.1 200 OK\r\n", head, b"\r\n\r\n")) as server:
        assert "does not speak HTTP" in sentence(server.endpoint)


class Certificates:
    """An authority, and files of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mine, self.foreign = trustme.CA(), trustme.CA()
        self.mine.cert_pem.write_to_path(folder / "ca.pem")
        self.foreign.cert_pem.write_to_path(folder / "foreign-ca.pem")

    def server(self, name: str = "localhost", days: float = 1, *, verify: bool = False) -> ssl.SSLContext:
        """Return the settings of a server with that name, whose certificate lasts that long."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        until = datetime.now(timezone.utc) + timedelta(days=days)
        self.mine.issue_cert(name, not_after=until).configure_cert(context)
        if verify:
            context.verify_mode = ssl.CERT_REQUIRED
            self.mine.configure_trust(context)
        return context

    def client(self, ca: str = "ca.pem", issuer: trustme.CA | None = None) -> TLS:
        """Return the settings of a client; without an issuer it shows no certificate."""
        if issuer is None:
            return TLS(ca=str(self.folder / ca))
        made = issuer.issue_cert("learner")
        made.cert_chain_pems[0].write_to_path(self.folder / "cert.pem")
        made.private_key_pem.write_to_path(self.folder / "key.pem")
        return TLS(*(str(self.folder / name) for name in (ca, "cert.pem", "key.pem")))


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    """A fresh authority and a foreign one."""
    return Certificates(tmp_path)


def test_tls(certificates: Certificates) -> None:
    """With the right certificates on both sides, the answer comes."""
    client = certificates.client(issuer=certificates.mine)
    with Server(tls=certificates.server(verify=True), client=client) as server:
        assert Session(server.endpoint, "1.41").request("GET", "/info").status == 200
        with Session(server.endpoint, "1.41").stream("GET", "/info", seconds=5) as stream:
            assert list(stream) == [{}]
        with Session(server.endpoint, "1.41").stream("GET", "/info", seconds=5, upgrade=True) as stream:
            assert list(stream) == [{}]


def test_each_mismatch_has_its_own_sentence(certificates: Certificates) -> None:
    """Unknown authority, wrong name, expired, no certificate, a foreign one, no TLS: six sentences, with reasons."""

    def told(settings: ssl.SSLContext | None, client: TLS | None) -> str:
        with Server(tls=settings, client=client) as server:
            return sentence(server.endpoint).replace(str(server.endpoint), "E")

    server, verifying = certificates.server(), certificates.server(verify=True)
    said = {
        "authority": told(server, certificates.client("foreign-ca.pem")),
        "name": told(certificates.server("elsewhere"), certificates.client()),
        "expired": told(certificates.server(days=-1), certificates.client()),
        "none": told(verifying, certificates.client()),
        "foreign": told(verifying, certificates.client(issuer=certificates.foreign)),
        "plain": told(None, certificates.client()),
    }
    assert said["authority"].startswith("The certificate of E is not to be trusted: ")
    assert "issuer" in said["authority"] or "self-signed" in said["authority"]
    assert "Hostname mismatch" in said["name"]
    assert "certificate has expired" in said["expired"]
    assert said["none"].startswith("E refused the connection: it wants a certificate from you, and got none (")
    assert "does not know the authority that issued your certificate" in said["foreign"]
    assert said["plain"].startswith("E does not speak TLS (")
    assert len(set(said.values())) == 6


def test_a_handshake_that_is_not_answered(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that takes connections and says nothing is told as that, and not as an answer that was waited for."""
    monkeypatch.setattr(transport, "CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = Endpoint(port=silent.getsockname()[1], tls=certificates.client())
        assert sentence(endpoint) == f"{endpoint} does not answer."


def test_plain_http_to_a_tls_port(certificates: Certificates) -> None:
    """Plain HTTP to a TLS port is told as a closed connection, and as the Engine's own words where it says some."""
    with Server(tls=certificates.server()) as server:
        said = sentence(Endpoint(host="localhost", port=server.endpoint.port))
    assert "closed the connection without an answer" in said or "does not speak HTTP" in said
    words = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
    with Server(answer=answers(words)) as server:
        assert "Client sent an HTTP request to an HTTPS server" in sentence(server.endpoint, version=None)


def test_certificate_files_that_cannot_be_used(certificates: Certificates, tmp_path: Path) -> None:
    """A missing or broken certificate file, and a key of another certificate, are told with the files' names."""
    (tmp_path / "broken.pem").write_text("nothing")
    right = certificates.client(issuer=certificates.mine)
    other = certificates.mine.issue_cert("other")
    other.private_key_pem.write_to_path(tmp_path / "other.pem")
    for tls in (
        TLS(ca=str(tmp_path / "none.pem")),
        TLS(ca=str(tmp_path / "broken.pem")),
        TLS(right.ca, right.cert, str(tmp_path / "other.pem")),
    ):
        with pytest.raises(LabError) as failed:
            Session(Endpoint(port=1, tls=tls))
        assert str(tls.ca) in failed.value.hint


@pytest.fixture
def cut(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Servers that answer with the given bytes and then go away."""
    running: list[Server] = []

    def start(*pieces: bytes) -> Server:
        running.append(Server(tmp_path / f"{len(running)}.sock", answer=answers(*pieces)))
        return running[-1]

    yield start
    for server in running:
        server.__exit__()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1,2,\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_an_engine_gone_in_mid_answer(answer: bytes, cut: Callable[..., Server]) -> None:
    """An answer that breaks off is an error, whole or streamed, upgraded or not; it is never taken for a short one."""
    for call in (
        lambda session: session.request("GET", "/containers/json"),
        lambda session: list(session.stream("GET", "/containers/json")),
        lambda session: list(session.stream("GET", "/containers/json", upgrade=True)),
    ):
        with pytest.raises(StreamError) as failed:
            call(Session(cut(answer).endpoint, "1.41"))
        assert "broke off" in failed.value.message or "not JSON" in failed.value.message
        assert failed.value.hint


def test_a_kept_connection_that_went_stale(tmp_path: Path) -> None:
    """After an engine was restarted, the next call opens a new connection."""
    keep = OK.replace(b"Connection: close\r\n", b"")
    with Server(tmp_path / "s", answer=answers(keep)) as server:  # says nothing of closing, and closes
        session = Session(server.endpoint, "1.41")
        for n in range(3):
            assert session.request("GET", "/info").json() == {}
            until(lambda n=n: server.ended > n)
    assert len(server.seen) == 3


def test_connections_are_reused(tmp_path: Path) -> None:
    """Calls that follow each other use one connection."""
    accepted = []

    def serve(conn: socket.socket, _seen: Seen) -> None:
        accepted.append(conn)
        for _n in range(3):
            conn.sendall(OK.replace(b"Connection: close\r\n", b""))
            if not conn.recv(65536):
                return

    with Server(tmp_path / "s", answer=serve) as server:
        session = Session(server.endpoint, "1.41")
        for _n in range(3):
            session.request("GET", "/info")
        session.close()
    assert len(accepted) == 1


def test_proxies_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment does not come between the lab and its Engine."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with Server() as server:
        assert Session(server.endpoint, "1.41").request("GET", "/info").status == 200


def test_redirects_are_shown() -> None:
    """A redirect is an answer like any other, and is not followed."""
    moved = b"HTTP/1.1 301 Moved Permanently\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with Server(answer=answers(moved)) as server:
        r = Session(server.endpoint, "1.41").request("GET", "/a//b")
    assert (r.status, r.headers["location"]) == (301, "/elsewhere")
    assert len(server.seen) == 1


def test_nothing_but_labkits_headers_is_sent() -> None:
    """No header goes out that the learner did not give and the curl line would not send."""
    with Server() as server:
        Session(server.endpoint, "1.41").request("GET", "/info")
        Session(server.endpoint, "1.41").request("POST", "/x", json={})
    names = [[name for name, _value in seen.headers] for seen in server.seen]
    assert names == [["accept", "host"], ["accept", "content-length", "content-type", "host"]]


def upgraded(*pieces: bytes, echo: bool = False) -> Callable[[socket.socket, Seen], None]:
    """Answer 101, then these bytes, then perhaps what comes in, until its end."""

    def answer(conn: socket.socket, _seen: Seen) -> None:
        head = b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n"
        conn.sendall(head + b"Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n" + b"".join(pieces))
        while echo:
            data = conn.recv(100)
            if not data:
                conn.sendall(b"bye")
                return
            conn.sendall(data)

    return answer


def test_input_and_output_over_an_upgrade(tmp_path: Path) -> None:
    """After a 101, what is sent comes back, the end of input is heard, and bytes that came with the head are there."""
    with Server(tmp_path / "s", answer=upgraded(b"$ ", echo=True)) as server:
        with Session(server.endpoint, "1.41").stream("POST", "/containers/x/attach", upgrade=True, seconds=5) as stream:
            assert stream.status == 101
            assert stream.take(1) == [b"$ "]
            stream.send("hé\n")
            assert b"".join(stream.take(1)) == "hé\n".encode()
            stream.close_write()
            assert b"".join(stream) == b"bye"
        assert stream.ended == "end"
    assert ("upgrade", "tcp") in server.seen[0].headers


def test_an_engine_that_does_not_upgrade(tmp_path: Path) -> None:
    """Where a bare 200 comes instead of a 101, the output is read all the same."""
    body = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\nhello"
    with Server(tmp_path / "s", answer=answers(body)) as server:
        with Session(server.endpoint, "1.41").stream("POST", "/exec/x/start", json={}, upgrade=True) as stream:
            assert b"".join(stream) == b"hello"


def test_an_upgrade_that_is_refused(tmp_path: Path) -> None:
    """An error instead of an upgrade has its message."""
    body = b'HTTP/1.1 404 Not Found\r\nContent-Length: 17\r\n\r\n{"message":"gone"'
    with Server(tmp_path / "s", answer=answers(body, b"}")) as server:
        stream = Session(server.endpoint, "1.41").stream("POST", "/exec/x/start", json={}, upgrade=True)
    assert stream.status == 404
    assert stream.exchange.error == '{"message":"gone"' or stream.exchange.error == "gone"


@pytest.mark.parametrize("banner", [b"SSH-2.0-x\r\n", b""])
def test_an_upgrade_at_what_is_no_engine(banner: bytes, tmp_path: Path) -> None:
    """An upgrade asked from something else fails in one sentence, as any call."""
    with Server(tmp_path / "s", answer=answers(banner)) as server:
        with pytest.raises(ConnectionFailed):
            Session(server.endpoint, "1.41").stream("POST", "/exec/x/start", upgrade=True)


def test_sending_to_a_process_that_ended(tmp_path: Path) -> None:
    """Input that nobody reads any more is an error, not a traceback of sockets."""
    with Server(tmp_path / "s", answer=upgraded()) as server:
        stream = Session(server.endpoint, "1.41").stream("POST", "/exec/x/start", upgrade=True)
        assert list(stream) == []
        with pytest.raises(StreamError, match="no longer reads"):
            stream.send(b"x" * 10_000_000)


def test_a_reader_in_another_thread_is_woken(tmp_path: Path) -> None:
    """Closing a stream wakes whoever waits for its next item, with or without an upgrade."""

    def wait(conn: socket.socket, seen: Seen) -> None:
        upgrade = dict(seen.headers).get("upgrade")
        conn.sendall(b"HTTP/1.1 101 UPGRADED\r\n\r\n" if upgrade else b"HTTP/1.1 200 OK\r\n\r\n")
        conn.recv(1)

    for upgrade in (False, True):
        with Server(tmp_path / f"s{upgrade}", answer=wait) as server:
            stream = Session(server.endpoint, "1.41").stream("GET", "/events", upgrade=upgrade)
            got: list[Any] = []
            reader = threading.Thread(target=lambda: got.append(list(stream)))  # noqa: B023
            reader.start()
            time.sleep(0.1)
            stream.close()
            reader.join(5)
            assert not reader.is_alive()
            assert got == [[]]
            assert stream.ended == "closed"


def test_a_connection_that_fails_leaves_no_socket(tmp_path: Path) -> None:
    """What cannot be connected is closed at once, also while its error is still looked at."""

    def opened() -> int:
        return sum(isinstance(s, socket.socket) and s.family == socket.AF_UNIX and s.fileno() >= 0 for s in _living())

    before = opened()
    with pytest.raises(ConnectionFailed) as failed:
        connect(Endpoint(socket=str(tmp_path / "none.sock")))
    assert failed.value.__cause__ is not None
    assert opened() == before


def _living() -> list[object]:
    gc.collect()
    return gc.get_objects()
