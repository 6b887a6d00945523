"""The daemon in a learner's hands: gaps, its log, and its own configuration given back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labkit.client import Unsent
from labkit.daemon import Daemon
from labkit.engines.base import DaemonConfig, Engine, EngineRecord, RegistryRecord
from labkit.errors import EngineError
from labkit.model import Endpoint

OWN = {"hosts": ["unix:///d.sock"], "data-root": "/d", "registry-mirrors": ["http://127.0.0.1:5000"]}


class Fake:
    """An engine that only keeps what it was told."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.kept = dict(config)
        self.told: list[tuple[str, DaemonConfig]] = []

    def config(self) -> dict[str, Any]:
        return self.kept

    def reload(self, changes: DaemonConfig) -> None:
        self._change("reload", changes)

    def restart(self, changes: DaemonConfig) -> None:
        self._change("restart", changes)

    def _change(self, how: str, changes: DaemonConfig) -> None:
        self.told.append((how, changes))
        self.kept = {key: value for key, value in {**self.kept, **changes}.items() if value is not None}


def _daemon(config: dict[str, Any], log: Path = Path("none.log")) -> tuple[Daemon, Fake]:
    registry = RegistryRecord("127.0.0.1:5000", "127.0.0.1:5001", "student", "password")
    record = EngineRecord("private", Endpoint(socket="/d.sock"), "20.10.24", "1.41", (1, 2), registry=registry)
    fake = Fake(config)
    engine: Engine = fake  # type: ignore[assignment]
    return Daemon(engine, record, log), fake


@pytest.mark.parametrize("how", ["reload", "restart"])
def test_gap(how: str) -> None:
    """A change that still has a gap is not made, and says so; one without is made."""
    daemon, fake = _daemon(OWN)
    assert isinstance(getattr(daemon, how)({"hosts": [...]}), Unsent)
    assert fake.told == []
    assert getattr(daemon, how)({"hosts": []}) is None
    assert fake.told == [(how, {"hosts": []})]


def test_its_own_configuration_is_left_alone() -> None:
    """A daemon that is as the course starts it is neither restarted nor reloaded."""
    daemon, fake = _daemon(OWN)
    assert daemon.put_back() == []
    assert fake.told == []


def test_a_changed_mirror_needs_a_reload_only() -> None:
    """Where only the mirrors differ, containers go on: the daemon is reloaded."""
    daemon, fake = _daemon(OWN | {"registry-mirrors": []})
    assert daemon.put_back() == ["registry-mirrors"]
    assert [how for how, _changes in fake.told] == ["reload"]
    assert fake.kept == OWN


def test_everything_else_is_put_back_by_one_restart() -> None:
    """Addresses, TLS and whatever else a learner has set go in one restart; a second time nothing is left to do."""
    tls = {"tlsverify": True, "tlscacert": "/ca.pem", "labels": ["room=1"]}
    daemon, fake = _daemon({**OWN, **tls, "hosts": ["unix:///d.sock", "tcp://127.0.0.1:2376"]})
    assert daemon.put_back() == ["hosts", "labels", "tlscacert", "tlsverify"]
    assert [how for how, _changes in fake.told] == ["restart"]
    assert fake.kept == OWN
    assert daemon.put_back() == []


def test_log(tmp_path: Path) -> None:
    """The newest lines that hold a word are given, their control characters harmless."""
    file = tmp_path / "dockerd.log"
    file.write_bytes(b"x" * 70_000 + b"\nhandshake one\nother\nhandshake \x1b[2Jtwo\n")
    assert _daemon(OWN, file)[0].log("handshake") == ["handshake one", "handshake ␛[2Jtwo"]


def test_log_of_another_kind() -> None:
    """Where the lab does not keep the log, that is said, and where logs usually are."""
    with pytest.raises(EngineError, match="private engine") as caught:
        _daemon(OWN)[0].log()
    assert "journalctl" in caught.value.hint
