"""The Python text runs with plain requests, and sends the very same request."""

from __future__ import annotations

import ast
import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st
from samples import HOSTILE
from wire import Seen, Server

from labkit import curl, pythoncall
from labkit.model import TLS, Endpoint, Request
from labkit.session import Session
from labkit.transport import Adapter, send

OWN = frozenset(("accept", "accept-encoding", "connection", "content-length"))
"""Headers in which clients differ, and which say nothing about the request."""

JSON = (("Content-Type", "application/json"),)


def effective(seen: Seen) -> tuple[Any, ...]:
    """Return what a request asks for: a JSON body as its value with the order of its keys."""
    headers = tuple(pair for pair in seen.headers if pair[0] not in OWN)
    body: Any = seen.body
    if ("content-type", "application/json") in headers:
        try:
            body = json.loads(seen.body, object_pairs_hook=list)
        except ValueError:
            pass
    return seen.method, seen.target, headers, body


def run(requests: list[Request], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the text of each request, its secrets in the environment, in a Python that knows nothing of labkit."""
    program = (
        "import json, os, sys\n"
        "for text, variables in json.load(sys.stdin):\n"
        "    os.environ.update(variables)\n"
        "    exec(compile(text, '<pasted>', 'exec'), {'__name__': 'pasted'})\n"
        "assert 'labkit' not in sys.modules\n"
    )
    return subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps([(pythoncall.python(request), variables(request)) for request in requests]),
        cwd=folder,
        env={"HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def variables(request: Request) -> dict[str, str]:
    """Return the variables of the environment that hold the secrets of a request."""
    found = {curl.SECRET_HEADERS.get(name.lower(), ""): value for name, value in request.headers}
    if curl.has_secret(request):
        found["AUTH_BODY"] = (request.body or b"").decode()
    return {name: value for name, value in found.items() if name}


def assert_same(server: Server, requests: list[Request], folder: Path) -> None:
    """labkit and the Python text send the same for each request."""
    adapter, ours = Adapter(server.endpoint), []
    for request in requests:
        send(adapter, request, 10).close()
        ours += server.take()
    done = run(requests, folder)
    assert done.returncode == 0, done.stderr
    theirs = server.take()
    assert len(theirs) == len(ours)
    for request, one, other in zip(requests, ours, theirs, strict=True):
        assert effective(one) == effective(other), pythoncall.python(request)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A recording server on a unix socket."""
    with Server(tmp_path / "docker.sock") as running:
        yield running


BODIES: list[dict[str, Any]] = [
    {"json": {"Image": "busybox", "Cmd": ["echo", 'it\'s "here"'], "Tty": False, "HostConfig": {"Memory": 2**40}}},
    {"json": {}},
    {"json": {"Labels": {text: text for text in HOSTILE}}},
    {"data": '{"a":1,"a":2}', "headers": {"Content-Type": "application/json"}},
    {"data": "plain 'text' with \\ and €\n"},
    {"data": b""},
    {"data": b"\x00\xff" * 9},
    {"headers": {"X-One": "a \"b\" 'c' \\", "X-Two": ""}},
]


def test_each_kind_of_body_and_header(server: Server, tmp_path: Path) -> None:
    """JSON, text, bytes of a file, nothing, and odd headers arrive as labkit sends them."""
    session = Session(server.endpoint, "1.41", bodies=tmp_path / "bodies")
    requests = [session.request("POST", "/containers/create", {"name": "a b"}, **body).request for body in BODIES]
    requests += [session.request(method, "/images/json", {"all": True}).request for method in ("GET", "PUT", "DELETE")]
    requests.append(session.request("HEAD", "/_ping").request)
    requests.append(replace(requests[-2], stream=True))
    requests.append(replace(requests[-3], target="/v1.41/containers/a/../b/logs?stdout=1", stream=True))
    server.take()
    assert_same(server, requests, tmp_path)


def test_secrets_come_from_the_environment(server: Server, tmp_path: Path) -> None:
    """What a header or a login holds stands in no text, and is sent all the same."""
    login = b'{"username":"a","password":"s3cret"}'
    requests = [
        Request("POST", "/v1.41/images/x/push?tag=1", server.endpoint, (("X-Registry-Auth", "s3cret"),)),
        Request("POST", "/v1.41/auth", server.endpoint, JSON, login),
    ]
    assert not any("s3cret" in pythoncall.python(request) for request in requests)
    assert_same(server, requests, tmp_path)


def test_tcp_and_tls(tmp_path: Path) -> None:
    """Over TCP it is requests alone; over TLS it verifies, and shows its certificate."""
    with Server() as server:
        request = Request("GET", "/v1.41/info", server.endpoint)
        assert "requests_unixsocket" not in pythoncall.python(request)
        assert_same(server, [request], tmp_path)
    authority = trustme.CA()
    files = TLS(*(str(tmp_path / name) for name in ("ca.pem", "cert.pem", "key.pem")))
    own = authority.issue_cert("client@example.org")
    authority.cert_pem.write_to_path(files.ca)
    own.cert_chain_pems[0].write_to_path(files.cert)
    own.private_key_pem.write_to_path(files.key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    authority.issue_cert("localhost").configure_cert(context)
    with Server(tls=context, client=files) as server:
        assert_same(server, [Request("GET", "/v1.41/info", server.endpoint)], tmp_path)


def test_an_upgrade_is_said_to_be_impossible() -> None:
    """For attach with an upgrade, the text says that requests has no way, and is still Python."""
    headers = (("Connection", "Upgrade"), ("Upgrade", "tcp"))
    text = pythoncall.python(Request("POST", "/v1.41/containers/x/attach?stream=1", Endpoint("/s"), headers))
    assert "requests has no way" in text
    assert ast.parse(text).body == []


HARD = st.text(max_size=20) | st.sampled_from(HOSTILE) | st.text("'\"\\\n{}%\x00\u202e()#;", max_size=12)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | HARD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HARD, inner, max_size=3),
    max_leaves=10,
)


@given(VALUE)
def test_a_literal_is_its_value(value: Any) -> None:
    """A literal, on one line or on many, is read by Python as the value, and holds no hidden character."""
    for depth in (0, 24):
        text = pythoncall.literal(value, depth)
        assert ast.literal_eval(text) == value
        assert text.replace("\n", "").isprintable()


@given(HARD, HARD, HARD, st.dictionaries(HARD, HARD, max_size=3))
def test_hostile_text_stays_data(target: str, header: str, socket: str, body: dict[str, str]) -> None:
    """Whatever stands in a request, the text has the same statements, and calls what it always calls."""

    def shape(request: Request) -> list[str]:
        tree = ast.parse(pythoncall.python(request))
        return [type(node).__name__ for node in ast.walk(tree) if not isinstance(node, (ast.Constant, ast.Dict))]

    def request(target: str, header: str, socket: str, body: dict[str, str]) -> Request:
        encoded = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
        return Request("POST", "/" + target, Endpoint(socket), (("X-One", header), *JSON), encoded)

    assert shape(request(target, header, "/" + socket, body)) == shape(request("x", "y", "/z", {}))
