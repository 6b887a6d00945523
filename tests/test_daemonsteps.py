"""Steps of lab 1 that no request can do: how they are written out, and how a daemon's door is tried."""

from __future__ import annotations

import shlex
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from labkit import certs
from labkit.exercises import daemonsteps as steps
from labkit.exercises.record import Call
from labkit.model import TLS

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\nConnection: close\r\n\r\n{"ID": "WHALE"}'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("notebooks/src", "labkit"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setenv("LABKIT_ROOT", str(tmp_path))
    return certs.folder()


@pytest.fixture
def door(folder: Path) -> Iterator[str]:
    """The address of a server that shows a certificate for two names, and answers like an Engine."""
    pair = certs.Authority(folder).server("localhost", "docker.example")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.cert, pair.key)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    with server.accept()[0] as wire, context.wrap_socket(wire, server_side=True) as sock:
                        sock.recv(4096)
                        sock.sendall(ANSWER)
                except ssl.SSLError:
                    continue
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        yield f"tcp://localhost:{server.getsockname()[1]}"


def test_identity(door: str, folder: Path) -> None:
    """An Engine says its ID over TLS; a client that does not trust it, or finds nobody, says so in its own words."""
    trusting, elsewhere = TLS(ca=str(folder / "ca.pem")), certs.Authority(folder / "other", "Somebody else")
    assert steps.identity(door, trusting) == "WHALE"
    assert "not to be trusted" in steps.identity(door, TLS(ca=elsewhere.cert))
    assert "Nothing listens" in steps.identity("tcp://127.0.0.1:1")
    assert "cannot be used" in steps.identity(door, TLS(ca=str(folder / "missing.pem")))


def test_what_is_shown(door: str, folder: Path) -> None:
    """The names that a server shows are read, and told apart from those in a file; nobody shows nothing."""
    assert steps.names_shown(door) == ["localhost", "docker.example"]
    assert not steps.shows_another(door, folder / "server-cert.pem")
    certs.Authority(folder).server("localhost")
    assert steps.shows_another(door, folder / "server-cert.pem")
    assert not steps.shows_another(door, folder / "missing.pem")
    assert steps.names_shown("tcp://127.0.0.1:1") == []


STEPS = [
    steps.server("localhost", "docker.example"),
    steps.client("learner"),
    steps.mode("key.pem", 0o640),
    steps.forget(),
    steps.restart({"hosts": []}),
    steps.reload({"registry-mirrors": ["http://127.0.0.1:5000"]}),
]


@pytest.mark.parametrize("call", STEPS, ids=lambda call: call.method)
def test_written_out(call: Call, folder: Path) -> None:
    """Each step has lines for a notebook, which Python reads, and for a terminal, which a shell reads."""
    compile("\n".join(steps.python_lines(call)), "cell", "exec")
    assert steps.python_lines(call)[-1]
    assert all(shlex.split(line, comments=True) or line.startswith("#") for line in steps.shell_lines(call))


def test_the_notebook_lines_do_what_the_steps_do(folder: Path) -> None:
    """Run as they are shown, the lines for certificates leave the files that the steps leave."""
    for call in STEPS[:3]:
        exec("\n".join(steps.python_lines(call)), {})
    assert certs.read(str(folder / "server-cert.pem"))["names"] == "localhost, docker.example"
    assert certs.read(str(folder / "cert.pem"))["subject"] == "CN=learner"
    assert (folder / "key.pem").stat().st_mode & 0o777 == 0o640
    exec("\n".join(steps.python_lines(STEPS[3])), {})
    assert not folder.exists()
