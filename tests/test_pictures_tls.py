"""labkit.pictures.tls: what is said of a handshake is what happened, and no more than is known of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from test_transport import Certificates
from wire import Server

from labkit.errors import EngineError
from labkit.model import TLS, Endpoint
from labkit.pictures import probe, tls
from labkit.pictures.atlas import atlas
from labkit.pictures.tls import Certificate, Handshake

GOOD = Handshake(
    "localhost:2376",
    Certificate("CN=Lab"),
    Certificate("CN=localhost", "CN=Lab", "localhost", "for 30 more days"),
    Certificate("CN=learner", "CN=Lab", "", "for 30 more days"),
)
BAD = "localhost:2376 refused the connection: it does not accept your certificate, or got none (BAD_CERTIFICATE)."


def said(shake: Handshake) -> str:
    """Return a handshake in words."""
    return repr(tls.draw(shake))


def line(shake: Handshake, number: int) -> str:
    """Return what the words say of one step."""
    return next(text for text in said(shake).splitlines() if text.startswith(f"{number}. "))


def crosses(shake: Handshake) -> int:
    """Count the crosses in the picture."""
    root = ElementTree.fromstring(tls.draw(shake).svg)
    return sum(p.get("class") == "n s-red" and "10 10M" in p.get("d", "") for p in root.iter(f"{root.tag[:-3]}path"))


def test_a_hello_to_an_address_carries_no_name() -> None:
    """RFC 6066: the name that is called is a DNS name, never an address."""
    for address, named in (("localhost:2376", True), ("127.0.0.1:2376", False), ("[::1]:2376", False)):
        hello = line(replace(GOOD, address=address), 2)
        assert ("the name that is called" in hello) is named
        assert ("no name, since an address is called" in hello) is not named


def test_plain_http_reaches_a_server_of_tls() -> None:
    """The request goes out, and is answered 400: it is no hello, and nothing of TLS comes after it."""
    shake = replace(
        GOOD, ca=None, client=None, tls=False, failed="hello", reason="Client sent an HTTP request to an HTTPS server."
    )
    words = said(shake)
    assert "2. → HTTP, to be read by everybody on the way  [failed]\n   Client sent an HTTP request" in words
    assert "hello" not in words
    assert "not reached" not in words
    assert "nobody could be reached" in said(replace(shake, failed="connect")).splitlines()[0]


def test_no_certificate_is_no_success() -> None:
    """A client that has none shows none: no tick and no arrow, whether the daemon asks or not."""
    refused = replace(GOOD, client=None, failed="verify_client", reason=BAD)
    assert line(refused, 5) == "5. → the daemon asks for the client's certificate, and gets none  [left out]"
    assert "is there one? no" in line(refused, 6)
    content = replace(GOOD, client=None)
    for number in (5, 6):
        assert line(content, number).endswith("[left out]")
    assert "dockerd: believes: whoever comes" in said(content)
    arrows = [tls.draw(shake).svg.count('class="f-green"') for shake in (GOOD, content)]
    assert arrows == [5, 4]


def test_the_question_that_failed_has_a_cross() -> None:
    """Of the three questions about a server, the reason tells which was answered with no; the others stay open."""
    reasons = {
        "unable to get local issuer certificate": "signed by CN=Lab? no; still valid? for",
        "certificate has expired": "signed by CN=Lab? still valid? no; for",
        "Hostname mismatch, certificate is not valid": "still valid? for the name that was called, localhost? no",
        "IP address mismatch, certificate is not valid": "for the name that was called, localhost? no",
    }
    for reason, verdict in reasons.items():
        shake = replace(GOOD, failed="verify_server", reason=reason)
        assert verdict in line(shake, 4)
        assert crosses(shake) == 2  # the step, and the question
    assert line(GOOD, 4).count("yes") == 3


def test_what_a_daemon_does_not_tell_is_not_said() -> None:
    """Most daemons say of any certificate that it is bad: what is known of it may tell why, else nothing is guessed."""
    refused = replace(GOOD, failed="verify_client", reason=BAD)
    assert "signed by its tlscacert? still valid?  [failed]" in line(refused, 6)
    assert "the daemon's log says it" in said(refused)
    late = replace(refused, client=Certificate("CN=learner", "CN=Lab", "", "expired"))
    assert "still valid? no" in line(late, 6)
    assert "the daemon's log says it" not in said(late)
    stranger = replace(
        refused, client_ca=Certificate("CN=Lab"), client=Certificate("CN=x", "CN=Other", "", "for 1 day")
    )
    assert "signed by CN=Lab? no" in line(stranger, 6)
    assert "dockerd: believes: CN=Lab; shows" in said(stranger)


def test_whether_a_daemon_verifies_is_said_only_where_it_is_known() -> None:
    """A client with a certificate that is let in cannot tell a daemon that verified it from one that never asked."""
    assert "if the daemon asks for one" in line(GOOD, 5)
    assert line(GOOD, 6) == "6. · A daemon with tlsverify verifies it: signed by its tlscacert? still valid?  [done]"
    asked = replace(GOOD, asks=True, client_ca=Certificate("CN=Lab"))
    assert "which the daemon asks for" in line(asked, 5)
    assert line(asked, 6) == "6. · The daemon verifies it: signed by CN=Lab? yes; still valid? yes  [done]"
    open_door = replace(GOOD, asks=False)
    assert line(open_door, 5) == "5. → no certificate of the client: the daemon asks for none  [left out]"


def test_nothing_is_claimed_of_a_daemon_that_was_not_met() -> None:
    """Where nobody answered, or not with TLS, it is not known whom a daemon believes."""
    for step in ("connect", "hello"):
        assert "dockerd: believes: not known; shows" in said(replace(GOOD, failed=step, reason="No."))


def test_a_refused_client_may_have_sent_its_request() -> None:
    """With TLS 1.3 the verdict comes after the client has begun to speak: nobody reads that."""
    assert "the daemon does not read it" in line(replace(GOOD, failed="verify_client", reason=BAD), 7)


def test_an_example_says_that_it_is_one() -> None:
    """Where nothing was tried, the title says so, and no step is called done."""
    example = replace(GOOD, tried=False)
    assert said(example).startswith("An example: ")
    assert "Nothing was tried." in tls.draw(example).svg
    assert "[" not in said(example)
    assert "a connection of its own" in tls.draw(GOOD).svg


def test_long_names_of_authorities_leave_the_questions_whole() -> None:
    """Each question has a line of its own, so that a long name cuts none but its own, with a mark."""
    shake = replace(GOOD, ca=Certificate("CN=" + "An authority with a very long name, " * 4))
    svg = tls.draw(shake).svg
    assert "for the name that was called, localhost?" in svg
    assert "signed by CN=An authority" in svg
    assert "…" in svg


class Pretended:
    """A lab whose daemon listens at a port."""

    version = "1.41"
    endpoint = Endpoint(socket="/s")

    def __init__(self, server: Server, config: dict[str, Any] | None) -> None:
        self.record = type("Record", (), {"tls_port": server.endpoint.port})()
        self.daemon = self
        self._config, self._server = config, server

    def config(self) -> dict[str, Any]:
        """Return the daemon's configuration."""
        if self._config is None:
            raise EngineError("It is not the lab's own.", "")
        return self._config

    def at(self, address: str, tls: TLS | None = None) -> Any:
        """Return a client."""
        from labkit.client import Client
        from labkit.session import Session

        return Client(Session(Endpoint(host="localhost", port=self._server.endpoint.port, tls=tls), ""))


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    """A fresh authority and a foreign one."""
    return Certificates(tmp_path)


def test_whom_the_lab_s_own_daemon_believes_is_read(certificates: Certificates) -> None:
    """Its configuration tells what no client can see; of any other daemon nothing is claimed."""
    mine = certificates.client(issuer=certificates.mine)
    verifying = {"tlsverify": True, "tlscacert": str(mine.ca)}
    subject = probe._read(mine.ca)
    assert subject
    expected = {
        f"believes: {subject.subject}; shows": verifying,
        "believes: whoever comes": {"tlsverify": False},
        "believes: its tlscacert, if it has tlsverify": {},
    }
    for words, config in [*expected.items(), ("believes: its tlscacert, if it has", None)]:
        with Server(tls=certificates.server(verify=config == verifying), client=mine) as server:
            picture = atlas(Pretended(server, config), "tls", mine)  # type: ignore[arg-type]
        assert "both sides are content" in picture.title
        assert f"dockerd: {words}" in repr(picture)
