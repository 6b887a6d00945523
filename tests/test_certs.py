"""Certificates: what they say, who believes them, and who may read the keys."""

from __future__ import annotations

import ssl
import stat
from pathlib import Path

import pytest

from labkit import certs
from labkit.errors import LabError


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> certs.Authority:
    return certs.Authority(tmp_path_factory.mktemp("tls"))


def _handshake(
    authority: certs.Authority, server: certs.Pair, client: certs.Pair | None, host: str, ca: str | None = None
) -> str:
    """Shake hands in memory as a daemon with tlsverify and its client do; return who said no, and why."""
    here = ssl.create_default_context(cafile=ca or authority.cert)
    if client:
        here.load_cert_chain(client.cert, client.key)
    there = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority.cert)
    there.verify_mode = ssl.CERT_REQUIRED
    there.load_cert_chain(server.cert, server.key)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = {
        "client": here.wrap_bio(down, up, server_hostname=host),
        "server": there.wrap_bio(up, down, server_side=True),
    }
    for _round in range(3):
        for who, end in ends.items():
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError as error:
                return f"{who}: {getattr(error, 'verify_message', '') or error.reason}"
    return ""


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_both_sides_believe(authority: certs.Authority, host: str) -> None:
    """A server and a client of one authority believe each other, by every name in the certificate."""
    server, client = authority.server("localhost", "127.0.0.1"), authority.client("learner")
    assert _handshake(authority, server, client, host) == ""


def test_each_failure_is_one(authority: certs.Authority, tmp_path: Path) -> None:
    """A missing, foreign, expired or misused certificate and a wrong name are refused, each by the side that sees it"""
    server, client = authority.server("localhost"), authority.client("learner")
    late = authority.client("learner", days=-1, prefix="late-")
    stale = authority.server("localhost", days=-1, prefix="stale-")
    foreign = certs.Authority(tmp_path / "foreign", "Somebody else")

    def of(
        client: certs.Pair | None, server: certs.Pair = server, host: str = "localhost", ca: str | None = None
    ) -> str:
        return _handshake(authority, server, client, host, ca)

    assert of(None) == "server: PEER_DID_NOT_RETURN_A_CERTIFICATE"
    assert of(foreign.client("learner")).startswith("server: unable to get local issuer certificate")
    assert of(late) == "server: certificate has expired"
    assert of(server).startswith("server: unsuitable certificate purpose")
    assert of(client, client).startswith("client: ")
    assert of(client, stale) == "client: certificate has expired"
    assert of(client, host="127.0.0.1").startswith("client: IP address mismatch")
    assert of(client, host="elsewhere").startswith("client: Hostname mismatch")
    # OpenSSL's server sends its authority along, so the client sees a self-signed one that it does not know.
    assert of(client, ca=foreign.cert) == "client: self-signed certificate in certificate chain"


def test_private(tmp_path: Path) -> None:
    """Every file is 0600 in a folder that is 0700, whatever the umask, also when it is written again."""
    authority = certs.Authority(tmp_path / "new" / "tls")
    for _time in range(2):
        authority.server("localhost")
        authority.client("learner")
    files = list((tmp_path / "new" / "tls").iterdir())
    assert sorted(f.name for f in files) == sorted(
        ["ca.pem", "ca-key.pem", "server-cert.pem", "server-key.pem", "cert.pem", "key.pem"]
    )
    assert {stat.S_IMODE(f.stat().st_mode) for f in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "new" / "tls").stat().st_mode) == 0o700


def test_opened_again(authority: certs.Authority) -> None:
    """An authority that is there already is opened, and its certificates go on being believed."""
    server = authority.server("localhost")
    again = certs.Authority(authority.folder, "Another name")
    assert Path(again.cert).read_bytes() == Path(authority.cert).read_bytes()
    assert _handshake(authority, server, again.client("learner"), "localhost") == ""


def test_read(authority: certs.Authority) -> None:
    """What a certificate says is read in words: for whom, by whom, for which names and use, until when."""
    assert certs.read(authority.server("localhost", "127.0.0.1", days=3).cert) == {
        "subject": "CN=localhost",
        "issuer": "CN=Docker API Lab",
        "names": "localhost, 127.0.0.1",
        "authority": "no",
        "usage": "server",
        "valid": "for 3 more days",
    }
    root = certs.read(authority.cert)
    assert (root["subject"], root["issuer"], root["authority"]) == ("CN=Docker API Lab", "CN=Docker API Lab", "yes")
    assert certs.read(authority.client("learner", days=-2).cert)["valid"] == "expired"


def test_bad_input(authority: certs.Authority, tmp_path: Path) -> None:
    """No name, an impossible name and a damaged file are refused in one sentence, and nothing is lost."""
    before = {file: file.read_bytes() for file in authority.folder.iterdir()}
    with pytest.raises(LabError, match="needs a name"):
        authority.server()
    with pytest.raises(LabError, match="neither a host name"):
        authority.server("café")
    with pytest.raises(LabError, match="cannot be a name"):
        authority.client("")
    assert {file: file.read_bytes() for file in authority.folder.iterdir()} == before
    (tmp_path / "ca.pem").write_text("no certificate")
    (tmp_path / "ca-key.pem").write_bytes(Path(authority.key).read_bytes())
    with pytest.raises(LabError, match="no certificate"):
        certs.Authority(tmp_path)
    with pytest.raises(LabError, match="no certificate"):
        certs.read("missing.pem")


def test_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The learner's certificates lie in the course's private folder, and are gone when forgotten."""
    for name in ("notebooks/src", "labkit"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setenv("LABKIT_ROOT", str(tmp_path))
    certs.Authority(certs.folder())
    assert certs.folder() == tmp_path / ".lab" / "tls"
    certs.forget()
    assert not (tmp_path / ".lab" / "tls").exists()
