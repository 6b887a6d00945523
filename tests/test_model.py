"""Endpoints and exchanges as plain data."""

from __future__ import annotations

import pytest
from samples import exchange

from labkit.errors import UsageError
from labkit.messages import _
from labkit.model import TLS, Endpoint, Request, phrase


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("unix:///var/run/docker.sock", Endpoint(socket="/var/run/docker.sock")),
        ("tcp://127.0.0.1:2375", Endpoint(host="127.0.0.1", port=2375)),
        ("tcp://engine", Endpoint(host="engine", port=2375)),
        ("http://127.0.0.1:5000", Endpoint(host="127.0.0.1", port=5000)),
        ("https://engine", Endpoint(host="engine", port=2376, tls=TLS())),
        ("tcp://[::1]:2375", Endpoint(host="::1", port=2375)),
    ],
)
def test_addresses(url: str, wanted: Endpoint) -> None:
    """The forms of DOCKER_HOST are read, with their usual ports."""
    assert Endpoint.parse(url) == wanted


def test_tls_changes_the_usual_port() -> None:
    """With certificates, 2376 is the usual port."""
    assert Endpoint.parse("tcp://engine", TLS(ca="ca.pem")).port == 2376


@pytest.mark.parametrize(
    "url",
    [
        *("", "docker.sock", "/var/run/docker.sock", "unix://relative", "ssh://host", "tcp://", "npipe:////./pipe"),
        *("tcp://host:99999", "tcp://host:-1", "tcp://host:0", "tcp://host:door", "https://host:1.5", "tcp://[::1"),
    ],
)
def test_what_is_no_address(url: str) -> None:
    """Another form is refused, with how one is written."""
    with pytest.raises(UsageError, match="not an address") as refused:
        Endpoint.parse(url)
    assert "unix:///" in refused.value.hint


def test_how_an_endpoint_is_written() -> None:
    """An endpoint has its Host header, its URL for curl, and its DOCKER_HOST form."""
    socket, tcp = Endpoint(socket="/s"), Endpoint(host="::1", port=5, tls=TLS())
    assert (socket.authority, socket.base, str(socket)) == ("localhost", "http://localhost", "unix:///s")
    assert (tcp.authority, tcp.base, str(tcp)) == ("[::1]:5", "https://[::1]:5", "tcp://[::1]:5")


def test_path_and_version_of_a_request() -> None:
    """A request knows the API's own path and the version in front of it."""
    asked = Request("GET", "/v1.41/containers/json?all=1", Endpoint())
    assert (asked.path, asked.version) == ("/containers/json", "1.41")
    assert (Request("GET", "/v2/", Endpoint()).path, Request("GET", "/v2/", Endpoint()).version) == ("/v2/", None)


def test_headers_are_found_in_any_case() -> None:
    """A response header is found however its name is written."""
    r = exchange("GET", "/x", received=[("Api-Version", "1.41")])
    assert r.header("API-VERSION") == "1.41"
    assert r.header("X-None", "-") == "-"
    assert r.headers["api-version"] == "1.41"


@pytest.mark.parametrize(("status", "ok"), [(101, True), (204, True), (304, True), (400, False), (500, False)])
def test_what_is_ok(status: int, ok: bool) -> None:
    """Below 400 all is well: also 304, already so."""
    assert exchange("GET", "/x", status=status).ok is ok


def test_phrases() -> None:
    """Standard statuses have their phrase, others have none."""
    assert phrase(404) == "Not Found"
    assert phrase(799) == ""


def test_how_an_exchange_is_written() -> None:
    """An exchange names its request and status, and its curl line is one line."""
    r = exchange("GET", "/v1.41/info", {})
    assert repr(r) == "<Exchange GET /v1.41/info 200 OK>"
    assert r.curl == "curl --unix-socket /run/docker.sock http://localhost/v1.41/info"


def test_sentences_can_be_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence without a translation stays as it is, its placeholders filled; braces alone do no harm."""
    monkeypatch.setenv("LABKIT_LANG", "xx")
    assert _("There is no {name!r} here.", name="x") == "There is no 'x' here."
    assert _("{a} and {b}", a="{b}", b="{a}") == "{b} and {a}"
    assert _("100 {percent") == "100 {percent"
