"""While packages are installed no service starts, and the machine's own policy is left alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from labkit.engines import policy
from labkit.engines.policy import no_services


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the policy of a machine is, on a machine of the test's own."""
    monkeypatch.setattr(policy, "POLICY", tmp_path / "policy-rc.d")
    return policy.POLICY


def test_services_are_refused_meanwhile(file: Path) -> None:
    """The policy answers 101, do not start, and is gone afterwards."""
    with no_services():
        assert subprocess.run([file, "docker", "start"]).returncode == 101
    assert not file.exists()


def test_policy_goes_when_apt_fails(file: Path) -> None:
    """An error in the middle leaves no policy behind."""
    with pytest.raises(RuntimeError), no_services():
        raise RuntimeError
    assert not file.exists()


def test_machines_own_policy_stays(file: Path) -> None:
    """A policy of the machine's own is neither replaced nor removed."""
    file.write_text("#!/bin/sh\nexit 0\n")
    with no_services():
        assert file.read_text() == "#!/bin/sh\nexit 0\n"
    assert file.exists()


def test_what_a_killed_start_left_goes(file: Path) -> None:
    """A policy that was left by a start that was killed is removed by the next one."""
    killed = no_services()
    killed.__enter__()
    assert file.exists()
    with no_services():
        pass
    assert not file.exists()
