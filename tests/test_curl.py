"""The printed curl line goes through real shells and real curl, and sends the very same request."""

from __future__ import annotations

import base64
import json
import os
import shlex
import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wire import Server

from labkit import curl
from labkit.errors import UsageError
from labkit.model import TLS, Endpoint, Request
from labkit.session import Session

SHELLS = [shell for shell in ("sh", "bash", "zsh") if shutil.which(shell)]
COUNT = 510

# Characters that a shell, curl or HTTP gives a meaning to, beside plain ones and non-ASCII.
ODD = "'\"\\$`!#&|;<>(){}[]*?~^%=+@:,./- \n\t\r" + "aZ09é€字😀\u202e\x7f\x01"
TEXT = st.text(st.sampled_from([c for c in ODD if c not in "\x7f\x01"]), max_size=12) | st.text(max_size=8).filter(
    lambda s: s.isprintable()
)
STARTS = st.sampled_from(["", "@", "-", "--data", "=ls", "~", "%", "{a,b}", "[1-9]", "$(id)", "`id`", "!!", ";", "\n"])
WORD = st.builds(str.__add__, STARTS, TEXT)
SEGMENT = WORD.map(lambda s: s.replace("?", "").replace("\n", "").replace("\t", "").replace("\r", "")).filter(len)
PATH = st.lists(SEGMENT | st.sampled_from([".", "..", "containers", "json", "%2F", "%zz"]), min_size=1, max_size=4).map(
    lambda parts: "/" + "/".join(parts)
)
VALUE = st.text(st.sampled_from([c for c in ODD if " " <= c <= "~"]), max_size=12).map(str.strip)
HEADERS = st.dictionaries(st.sampled_from(["X-One", "x-two", "Accept", "X-Three"]), VALUE, max_size=2)
JSON = st.dictionaries(WORD, WORD | st.booleans() | st.none() | st.integers() | st.lists(WORD, max_size=2), max_size=3)
BODY: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"json": JSON}),
    st.fixed_dictionaries({"data": WORD}),
    st.fixed_dictionaries({"data": st.binary(max_size=20)}),
)
CALL = st.tuples(
    st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    PATH,
    st.dictionaries(SEGMENT, WORD | st.booleans() | JSON, max_size=2),
    BODY,
    HEADERS,
) | st.tuples(st.just("HEAD"), PATH, st.dictionaries(SEGMENT, WORD, max_size=2), st.just({}), HEADERS)


def generated(
    count: int, *, fixed: bool = True
) -> list[tuple[str, str, dict[str, Any], dict[str, Any], dict[str, str]]]:
    """Return that many calls, the same ones each time where `fixed`; many, as many curls run in one shell."""
    calls = []

    @settings(
        max_examples=count, derandomize=fixed, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(CALL)
    def collect(call: Any) -> None:
        calls.append(call)

    collect()
    return calls


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A recording server on a unix socket."""
    with Server(tmp_path / "docker.sock") as running:
        yield running


@pytest.fixture
def session(server: Server, tmp_path: Path) -> Iterator[Session]:
    """A session with it; bodies are kept beside the socket."""
    made = Session(server.endpoint, "1.41", bodies=tmp_path / "bodies")
    yield made
    made.close()


def paste(shell: str, lines: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run lines in one shell, as if pasted one after the other."""
    script = folder / f"pasted.{shell}"
    script.write_bytes("\n".join(lines).encode() + b"\n")
    options = {"zsh": ["-f"], "bash": ["--norc"]}.get(shell, [])
    return subprocess.run(
        [shell, *options, str(script)],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60 + len(lines),
        check=False,
    )


def words(shell: str, lines: list[str], folder: Path) -> list[list[bytes]]:
    """Return the arguments that curl would be given for each line."""
    recorder = """curl() { printf '%s\\0' "$@"; printf '\\0\\0'; }"""
    done = paste(shell, [recorder, *lines], folder)
    assert not done.stderr
    return [call.split(b"\0") for call in done.stdout.split(b"\0\0\0")[:-1]]


@pytest.mark.parametrize(
    "count",
    [pytest.param(COUNT, id="fixed"), pytest.param(3 * COUNT, marks=[pytest.mark.slow, pytest.mark.timeout(900)])],
)
def test_generated_requests(count: int, session: Session, server: Server, tmp_path: Path) -> None:
    """For 500 calls full of odd characters, curl sends what labkit sent, from each shell, in one line or wrapped."""
    requests, sent = [], []
    for method, path, params, body, headers in generated(count, fixed=count == COUNT):
        try:
            requests.append(session.request(method, path, params, headers=headers, **body).request)
        except UsageError:
            continue  # refused before it was sent: see test_what_cannot_be_sent_is_refused
        sent += server.take()
    assert len(requests) == len(sent) >= 0.98 * count
    lines = [curl.curl(request) for request in requests]
    wrapped = [curl.curl(request, wrap=True) for request in requests]

    ran = paste("sh", lines, tmp_path)
    assert not server.problems, ran.stderr
    for request, ours, theirs in zip(requests, sent, server.take(), strict=True):
        assert theirs == ours, curl.curl(request)

    wanted = words("sh", lines, tmp_path)
    assert len(wanted) == len(lines)
    for shell in SHELLS:
        for form in (lines, wrapped):
            for request, got, want in zip(requests, words(shell, form, tmp_path), wanted, strict=True):
                assert got == want, (shell, curl.curl(request))


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("wrap", [False, True])
def test_chosen_requests(shell: str, wrap: bool, session: Session, server: Server, tmp_path: Path) -> None:
    """What is known to be hard goes through each shell and real curl."""
    (tmp_path / "a b'.tar").write_bytes(b"\0\xff\r\n")
    mib = 1024 * 1024
    calls: list[Callable[[], Any]] = [
        lambda: session.request("GET", "/containers/json", {"all": True, "filters": {"label": ["a=b c"]}}),
        lambda: session.request(
            "POST", "/containers/create", json={"Cmd": ["sh", "-c", "echo \"$HOME\" 'it''s' `id` \\"]}
        ),
        lambda: session.request("POST", "/x", data="@/etc/hostname"),
        lambda: session.request("POST", "/x", data="=ls"),
        lambda: session.request("POST", "/x", data="-d"),
        lambda: session.request("POST", "/x", data="two\nlines\r\n"),
        lambda: session.request("POST", "/x", data=""),
        lambda: session.request("POST", "/x"),
        lambda: session.request("PUT", "/x", data=b"\0\1\2\xff"),
        lambda: session.request("PUT", "/x", data=tmp_path / "a b'.tar"),
        lambda: session.request("POST", "/x", data=b"\0" * (mib - 1)),
        lambda: session.request("POST", "/x", data=b"\0" * mib),
        lambda: session.request("POST", "/x", data=b"\0" * (mib + 1)),
        lambda: session.request("POST", "/x", data="x" * 30_000),
        lambda: session.request("HEAD", "/containers/x/archive", {"path": "/"}),
        lambda: session.request("GET", "/a/../b/./c", version=""),
        lambda: session.request("GET", "/a/..", version=""),
        lambda: session.request("GET", "/a?x={1..3}&y=[a-z]&z=%41%zz", version="1.24"),
        lambda: session.request("GET", "/x", headers={"X-Empty": "", "Accept": "a;q=0.5, */*"}),
        lambda: session.request("DELETE", "/images/a.b:5000/c/d:é"),
        lambda: session.request("GET", "/x", json={"a": 1}),
        lambda: session.request("POST", "/x", data="a", headers={"Content-Type": "text/plain; charset=utf-8"}),
        lambda: session.request("GET", "/x#fragment?a#b"),
    ]
    lines = []
    for call in calls:
        lines.append(curl.curl(call().request, wrap=wrap))
    ours = server.take()
    ran = paste(shell, lines, tmp_path)
    for line, sent, got in zip(lines, ours, server.take(), strict=True):
        assert got == sent, (line, ran.stderr)


def test_a_stream_is_asked_for_in_the_same_way(session: Session, server: Server, tmp_path: Path) -> None:
    """A stream, also one with an upgrade, has the line that asks for the same."""
    lines = []
    for upgrade in (False, True):
        with session.stream("POST", "/exec/x/start", json={"Tty": False}, upgrade=upgrade) as stream:
            lines.append(stream.exchange.curl)
    ours = server.take()
    assert all(" -N " in line for line in lines)
    paste("sh", lines, tmp_path)
    assert server.take() == ours


@pytest.mark.parametrize("path", ["a b's$.sock", "=ls.sock", "-x.sock"])
def test_odd_socket_paths(path: str, tmp_path: Path) -> None:
    """The path of a socket is quoted."""
    with Server(tmp_path / path) as server:
        session = Session(server.endpoint, "1.41")
        line = session.request("GET", "/x").curl
        for shell in SHELLS:
            paste(shell, [line], tmp_path)
    assert len(set(server.seen)) == 1
    assert len(server.seen) == 1 + len(SHELLS)


def test_tcp(tmp_path: Path) -> None:
    """Over TCP the line names host and port."""
    with Server() as server:
        line = Session(server.endpoint, "1.41").request("GET", "/containers/json", {"all": 1}).curl
        paste("sh", [line], tmp_path)
    assert server.seen[0] == server.seen[1]
    assert ("host", server.endpoint.authority) in server.seen[0].headers


def test_ipv6(tmp_path: Path) -> None:
    """An address of IPv6 is bracketed, and curl takes the brackets for no pattern."""
    request = Request("GET", "/x", Endpoint.parse("tcp://[::1]:2375"))
    line = curl.curl(request)
    assert "http://[::1]:2375/x" in shlex.split(line)
    ran = subprocess.run([*shlex.split(line), "-sS", "--max-time", "2"], capture_output=True, text=True, check=False)
    assert "bad range" not in ran.stderr
    assert ran.returncode != 3  # malformed URL


def test_tls(tmp_path: Path) -> None:
    """Over TLS the line names the same three files, and is let in as labkit is."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    mine = authority.issue_cert("learner")
    mine.cert_chain_pems[0].write_to_path(tmp_path / "my cert.pem")
    mine.private_key_pem.write_to_path(tmp_path / "key.pem")
    settings_ = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    settings_.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(settings_)
    authority.issue_cert("localhost").configure_cert(settings_)
    client = TLS(*(str(tmp_path / name) for name in ("ca.pem", "my cert.pem", "key.pem")))
    with Server(tls=settings_, client=client) as server:
        line = Session(server.endpoint, "1.41").request("POST", "/x", json={"a": "é"}).curl
        for shell in SHELLS:
            ran = paste(shell, [line], tmp_path)
            assert ran.returncode == 0, ran.stderr
    assert len(set(server.seen)) == 1
    assert len(server.seen) == 1 + len(SHELLS)


def test_secrets_are_variables(session: Session, server: Server, tmp_path: Path) -> None:
    """A secret is not in the line; with its variable set, the line sends it."""
    auth = base64.urlsafe_b64encode(b'{"username":"student","password":"s3cret>>?"}').decode()
    line = session.request("POST", "/images/x/push", headers={"X-Registry-Auth": auth}).curl
    assert auth not in line
    for shell in SHELLS:
        paste(shell, [line], tmp_path, REGISTRY_AUTH=auth)
    assert len(set(server.seen)) == 1
    assert len(server.seen) == 1 + len(SHELLS)


def test_the_note_on_a_secret_works(session: Session, server: Server, tmp_path: Path) -> None:
    """What the note beside the line says to type makes the very value."""
    auth = base64.urlsafe_b64encode(b'{"username":"student","password":"s3cret>>?"}').decode()
    request = session.request("POST", "/images/x/push", headers={"X-Registry-Auth": auth}).request
    (note,) = curl.notes(request)
    command = note.partition(": ")[2]
    for shell in SHELLS:
        paste(shell, [command, curl.curl(request)], tmp_path, NAME="student", PASSWORD="s3cret>>?")
    assert {dict(seen.headers)["x-registry-auth"] for seen in server.seen} == {auth}
    assert len(server.seen) == 1 + len(SHELLS)


def test_a_password_in_a_body_is_a_variable(session: Session, server: Server, tmp_path: Path) -> None:
    """The body of a login is not in the line; with its variable set, the line sends it."""
    body = {"username": "student", "password": "s3cret $x 'y'"}
    done = session.request("POST", "/auth", json=body)
    assert "s3cret" not in done.curl
    assert len(curl.notes(done.request)) == 1
    for shell in SHELLS:
        paste(shell, [done.curl], tmp_path, AUTH_BODY=json.dumps(body, separators=(",", ":")))
    assert len(set(server.seen)) == 1
    assert len(server.seen) == 1 + len(SHELLS)


@pytest.mark.parametrize("body", [b"not json", b"[1]", b'{"username":"a"}'])
def test_what_may_hold_a_password(body: bytes) -> None:
    """A login body that cannot be read is taken for a secret; one that holds none is shown."""
    request = Request("POST", "/v1.41/auth", Endpoint(), body=body)
    assert curl.has_secret(request) == (body == b"not json")


def test_an_empty_secret_is_sent_empty(session: Session, server: Server, tmp_path: Path) -> None:
    """An empty value holds no secret, and curl still sends its header."""
    done = session.request("POST", "/images/x/push", headers={"X-Registry-Auth": ""})
    paste("sh", [done.curl], tmp_path)
    assert server.seen[0] == server.seen[1]
    assert curl.notes(done.request) == []


@pytest.mark.parametrize(
    "call",
    [
        {"path": "/a\0b"},
        {"path": "/a\nb"},
        {"path": "/x", "params": {"a\0": "b"}},
        {"path": "/x", "params": {"a": "b\0"}},
        {"path": "/x", "params": {"a": "\ud800"}},
        {"path": "/x", "headers": {"X": "a\r\nY: b"}},
        {"path": "/x", "headers": {"X": "a\0"}},
        {"path": "/x", "headers": {"X": "é"}},
        {"path": "/x", "headers": {"X: Y": "a"}},
        {"path": "/x", "headers": {"Host": "elsewhere"}},
        {"path": "/x", "headers": {"Content-Length": "5"}},
        {"path": "/x", "data": "\ud800"},
    ],
)
def test_what_cannot_be_sent_is_refused(call: dict[str, Any], session: Session, server: Server) -> None:
    """NUL, line ends in a path or header, half characters: one sentence, and nothing is sent."""
    path = call.pop("path")
    with pytest.raises(UsageError) as refused:
        session.request("POST", path, **call)
    assert refused.value.message.endswith(".")
    assert "\n" not in refused.value.message
    assert not server.seen
