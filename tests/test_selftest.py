"""``./lab test``: everything is in it, what is missing is said, and pytest's exit code is its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from labkit import cli, selftest
from labkit.engines.private import Private

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that were run; pytest stands for itself with exit code 3."""
    commands: list[list[str]] = []

    def run(words: list[str], **_how: Any) -> subprocess.CompletedProcess[str]:
        commands.append(words)
        return subprocess.CompletedProcess(words, 3)

    monkeypatch.setenv("LABKIT_ROOT", str(ROOT))
    monkeypatch.setattr(selftest, "missing", lambda _wanted: [])
    monkeypatch.setattr(Private, "unavailable", lambda _self: "" if os.geteuid() == 0 else "needs root")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(selftest.subprocess, "run", run)
    return commands


def test_all_tests_and_all_notebooks(ran: list[list[str]]) -> None:
    """A run has all of tests/ and every notebook, learner's and solved, compared strictly."""
    assert cli.main(["test"]) == 3
    (words,) = ran
    assert words[1:3] == ["-m", "pytest"]
    assert "tests" in words
    every = {str(file.relative_to(ROOT)) for file in (ROOT / "notebooks").rglob("*.ipynb")}
    assert {word for word in words if word.endswith(".ipynb")} == {e for e in every if "checkpoint" not in e}
    assert "--nbval" in words
    assert "--nbval-lax" not in words
    assert words[words.index("not slow") - 1] == "-m"
    assert "--dist=loadfile" in words


def test_all_has_the_slow_ones(ran: list[list[str]]) -> None:
    """With --all nothing is left out."""
    cli.main(["test", "--all"])
    assert "not slow" not in ran[0]


def test_some_of_them(ran: list[list[str]]) -> None:
    """Files after -- are run in the place of all, and options go to pytest."""
    cli.main(["test", "--", "tests/test_cli.py::test_stop", "-x", "-k", "stop"])
    (words,) = ran
    assert words[-4:] == ["tests/test_cli.py::test_stop", "-x", "-k", "stop"]
    assert "tests" not in words
    assert "--nbval" not in words
    assert not any(word.startswith("--dist") for word in words)


def test_a_notebook_has_its_engine(ran: list[list[str]]) -> None:
    """A notebook that is run alone is compared as in the whole run, with what starts the engine for it."""
    notebook = "notebooks/solved/02-containers.ipynb"
    cli.main(["test", "--", notebook])
    (words,) = ran
    assert words[-2:] == [notebook, "tests/conftest.py"]
    assert "--nbval" in words


def test_missing_packages_are_installed_as_root(
    ran: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Debian packages that are missing are installed by root, before the tests run."""
    installed: list[str] = []
    monkeypatch.setattr(selftest, "missing", lambda wanted: [name for name in wanted if name == "zsh"])
    monkeypatch.setattr(selftest.packages, "can_install", lambda: True)
    monkeypatch.setattr(selftest.packages, "install", lambda names, _progress: installed.extend(names))
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert cli.main(["test"]) == 3
    assert installed == ["zsh"]


def test_missing_packages_without_root(
    ran: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without root the command is printed, and what can be tested is."""
    monkeypatch.setattr(selftest, "missing", lambda wanted: [name for name in wanted if name == "zsh"])
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert cli.main(["test"]) == 3
    assert "apt-get install --no-install-recommends zsh" in capsys.readouterr().err
    assert not [word for word in ran[0] if word.endswith(".ipynb")], "the outputs of a real engine were compared"


def test_missing_is_what_dpkg_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package is missing unless dpkg has it installed; one that was removed is missing as well."""

    def dpkg(words: list[str], **_how: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(words, 1, stdout="curl installed\nzsh config-files\n")

    monkeypatch.setattr(selftest.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(selftest.subprocess, "run", dpkg)
    assert selftest.missing(["curl", "zsh", "podman"]) == ["zsh", "podman"]


def test_ci_calls_nothing_else() -> None:
    """.ci/run is ./lab test, and no logic of its own."""
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert lines[-1] == "exec ./lab test"
