"""Where an engine that nobody asked for does not start, the next kind is taken; and nobody else gets in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from enginehelp import make_root

from labkit.engines import setup
from labkit.engines.base import Paths
from labkit.engines.container import Container
from labkit.engines.podman import Podman
from labkit.engines.private import Private
from labkit.errors import EngineError

NOBODY = 65534


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A root of its own."""
    return make_root(tmp_path)


def _refuses(*_words: object) -> None:
    raise EngineError("It cannot be had today.", "Wait.")


def test_the_next_kind_is_taken(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind that is there and does not start is named in one sentence, and the practice engine starts."""
    monkeypatch.setattr(Private, "unavailable", lambda _self: "no root")
    monkeypatch.setattr(Container, "unavailable", lambda _self: "")
    monkeypatch.setattr(Container, "start", _refuses)
    monkeypatch.setattr(Podman, "unavailable", lambda _self: "")
    monkeypatch.setattr(Podman, "start", _refuses)
    heard: list[str] = []
    try:
        assert setup.start(paths, progress=lambda said, _share: heard.append(said)).kind == "practice"
        told = [said for said in heard if "did not start" in said]
        assert told == [
            "The container engine did not start: It cannot be had today. Another kind is tried.",
            "The podman engine did not start: It cannot be had today. Another kind is tried.",
        ]
    finally:
        setup.stop(paths)


def test_a_kind_by_name_is_not_replaced(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks for a kind by its name is told why it does not start, and gets no other."""
    monkeypatch.setattr(Podman, "start", _refuses)
    with pytest.raises(EngineError, match="cannot be had"):
        setup.start(paths, "podman")
    assert setup.status(paths) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_another_user_cannot_connect(paths: Paths) -> None:
    """The socket refuses everybody but its owner; so does the control socket."""
    record = setup.start(paths, "practice")
    try:
        script = "import socket, sys\ns = socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\nprint('in')"
        for name in (str(record.endpoint.socket), str(paths.run / "control.sock")):
            for folder in Path(name).parents:
                if folder.name == paths.run.name:
                    folder.chmod(0o755)  # the socket itself holds, whatever becomes of its folder
            command = ["/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable, "-c", script, name]
            done = subprocess.run(command, capture_output=True, text=True, user=NOBODY, group=NOBODY, extra_groups=[])
            assert done.returncode != 0
            assert "PermissionError" in done.stderr, done.stderr
            own = subprocess.run([sys.executable, "-c", script, name], capture_output=True, text=True)
            assert own.stdout == "in\n"
    finally:
        setup.stop(paths)
