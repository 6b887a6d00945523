"""The doctor: right about what is there, useful about what is missing, and able to run where nothing is installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest

from labkit import cli, doctor
from labkit.engines import setup
from labkit.engines.base import Paths
from labkit.engines.setup import engine_of

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """A checkout with the course's lock, on a machine that has everything."""
    for folder in ("labkit", "notebooks/src", "bin"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(ROOT / "requirements.lock", tmp_path)
    for name in doctor._PROGRAMS:
        (tmp_path / "bin" / name).write_text("")
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("LABKIT_ROOT", str(tmp_path))
    monkeypatch.setattr(doctor, "_which", lambda name, _paths: shutil.which(name, path=str(tmp_path / "bin")))
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(setup, "engine_of", lambda _paths, _kind: Mock(**{"unavailable.return_value": ""}))
    return Paths.of(tmp_path)


def test_all_is_there(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    """Where all is there, each thing is said to be, and the exit code is 0."""
    assert doctor.doctor() == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith("there") for line in lines[:-1])
    assert lines[-1] == "All that a start needs is there."


def test_missing_program(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing program is named with the package to install, and the exit code is 1."""
    (paths.root / "bin" / "dockerd").unlink()
    assert doctor.doctor() == 1
    said = capsys.readouterr().out
    assert "missing  dockerd (docker.io)" in said
    assert "apt-get install docker.io" in said


def test_program_that_a_start_can_do_without(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    """curl is for the learner's terminal: without it the labs start."""
    (paths.root / "bin" / "curl").unlink()
    assert doctor.doctor() == 0
    assert "without  curl (curl)" in capsys.readouterr().out


def test_program_that_lab_unpacked(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that ./lab unpacked for the course alone is found there."""
    monkeypatch.undo()
    program = paths.state / "tools" / "usr" / "bin" / "only-here"
    program.parent.mkdir(parents=True)
    program.write_text("")
    program.chmod(0o755)
    assert doctor._which("only-here", paths) == str(program)


@pytest.mark.parametrize("package", ["requests", "pandas"])  # the pins of pandas stand under conditions
def test_missing_package(
    paths: Paths, package: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A Python package that is missing or of another version is named, with what to type."""
    real = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: None if name == package else real(name))
    assert doctor.doctor() == 1
    said = capsys.readouterr().out
    assert f"not as it says: {package}" in said
    assert "Type ./lab" in said


@pytest.mark.parametrize("had", ["container", None])
def test_kinds_of_engine(
    paths: Paths, had: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One kind of engine is enough; where none can be had, each says why."""
    kinds = {kind: Mock(**{"unavailable.return_value": "" if kind == had else "Not here."}) for kind in setup.KINDS}
    monkeypatch.setattr(setup, "engine_of", lambda _paths, kind: kinds[kind])
    assert doctor.doctor() == (0 if had else 1)
    said = capsys.readouterr().out
    assert f"{'without' if had else 'missing'}  engine of the kind private can be had\n         Not here.\n" in said


@pytest.mark.parametrize("words", [["--engine", "practice", "doctor"], ["doctor", "--engine", "practice"]])
def test_one_kind_is_asked_for(
    paths: Paths, words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --engine on either side, that kind alone is looked at, and what others need is not missed."""
    why = {kind: "" if kind == "practice" else "Not here." for kind in setup.KINDS}
    monkeypatch.setattr(setup, "engine_of", lambda _paths, kind: Mock(**{"unavailable.return_value": why[kind]}))
    (paths.root / "bin" / "dockerd").unlink()
    assert cli.main(words) == 0
    said = capsys.readouterr().out
    assert "there    engine of the kind practice" in said
    assert "without  dockerd" in said
    assert "podman" not in said
    why["practice"] = "It is broken."
    assert cli.main(words) == 1
    assert "missing  engine of the kind practice can be had\n         It is broken.\n" in capsys.readouterr().out
    monkeypatch.setattr(setup, "engine_of", engine_of)
    assert cli.main(["doctor", "--engine", "practise"]) == 1
    assert "There is no engine of the kind 'practise'." in capsys.readouterr().err


def test_full_disk(paths: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Too little room on the disk is said with how much is needed."""
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: shutil._ntuple_diskusage(10**12, 10**12, 10**9))
    assert doctor.doctor() == 1
    said = capsys.readouterr().out
    assert "missing  Room on the disk: 1.0 GB free" in said
    assert "Free 2 GB." in said


def test_read_only_folder(paths: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that cannot be written to is said with a way out."""
    monkeypatch.setattr("os.access", lambda _path, _mode: False)
    assert doctor.doctor() == 1
    assert "Copy the course to a folder of yours" in capsys.readouterr().out


def test_it_runs_where_nothing_is_installed(paths: Paths) -> None:
    """With the standard library alone it runs to its end, and names what ./lab would install."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from labkit.cli import main; sys.exit(main(['doctor']))"
    base = Path(sys.executable).resolve()
    environment = {"LABKIT_ROOT": str(paths.root), "PATH": "/usr/bin"}
    done = subprocess.run([base, "-I", "-S", "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "missing  Python packages of requirements.lock" in done.stdout
    assert done.stderr == ""
