"""The terminal beside the notebook: its shortcuts reach the engine, in each shell, and nothing else does."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from wire import Server

from labkit import terminal
from labkit.engines.base import EngineRecord
from labkit.model import TLS, Endpoint

SHELLS = [shell for shell in ("sh", "bash") if shutil.which(shell)]


def record(endpoint: Endpoint, **more: int) -> EngineRecord:
    """An engine at an endpoint."""
    return EngineRecord("private", endpoint, "20.10.24", "1.41", (20000, 20099), **more)


def typed(shell: str, startup: str, line: str, tmp_path: Path, **environment: str) -> str:
    """What a line prints in a shell that has read its startup file."""
    home = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], **environment}
    done = subprocess.run([shell, "-c", f"{startup}\n{line}"], env=home, capture_output=True, text=True, cwd=tmp_path)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("over", ["socket", "tcp"])
def test_the_shortcut_reaches_the_engine(shell: str, over: str, tmp_path: Path) -> None:
    """``curl $L/_ping`` sends that request, with the version, to the engine."""
    with Server(tmp_path / "docker.sock" if over == "socket" else None) as server:
        startup = terminal.lines(record(server.endpoint), tmp_path, tmp_path / "tls")
        assert typed(shell, startup, "curl -s $L/_ping", tmp_path).endswith("{}")
        (seen,) = server.take()
    assert (seen.method, seen.target) == ("GET", "/v1.41/_ping")


@pytest.mark.parametrize("shell", SHELLS)
def test_docker_goes_to_the_engine_of_the_course(shell: str, tmp_path: Path) -> None:
    """What the learner's environment says of another Docker does not hold in this terminal."""
    startup = terminal.lines(record(Endpoint(socket="/run/a b/docker.sock")), tmp_path, tmp_path)
    shown = 'echo "$DOCKER_HOST|$DOCKER_API_VERSION|$DOCKER_CONTEXT|$DOCKER_TLS_VERIFY"'
    said = typed(shell, startup, shown, tmp_path, DOCKER_CONTEXT="mine", DOCKER_TLS_VERIFY="1", DOCKER_HOST="tcp://x:1")
    assert said.splitlines()[-1] == "unix:///run/a b/docker.sock|1.41||"


def test_the_port_of_lab_1_has_a_shortcut(tmp_path: Path) -> None:
    """``$T`` shows the learner's certificates at the TLS port; a folder that a shell would take apart has none."""
    with_port = record(Endpoint(socket="/run/x.sock"), tls_port=20003)
    said = typed("sh", terminal.lines(with_port, tmp_path, Path("/tls")), 'echo "$T"', tmp_path).splitlines()[-1]
    assert said == "--cacert /tls/ca.pem --cert /tls/cert.pem --key /tls/key.pem https://localhost:20003/v1.41"
    assert typed("sh", terminal.lines(with_port, tmp_path, Path("/my tls")), 'echo "[$T]"', tmp_path).endswith("[]\n")


def test_an_engine_behind_tls_is_reached_by_both(tmp_path: Path) -> None:
    """Where the engine itself wants certificates, curl and docker are told where they are."""
    tls = TLS("/c/ca.pem", "/c/cert.pem", "/c/key.pem")
    startup = terminal.lines(record(Endpoint(host="127.0.0.1", port=2376, tls=tls)), tmp_path, tmp_path)
    said = typed("sh", startup, 'echo "$L|$DOCKER_CERT_PATH|$DOCKER_TLS_VERIFY"', tmp_path).splitlines()[-1]
    assert said == "--cacert /c/ca.pem --cert /c/cert.pem --key /c/key.pem https://127.0.0.1:2376/v1.41|/c|1"


def test_a_shell_opens_in_the_learners_folder(tmp_path: Path) -> None:
    """A relative path in the terminal is one beside the notebooks, whatever the folder is called."""
    work = tmp_path / "it's work"
    work.mkdir()
    startup = terminal.lines(record(Endpoint(socket="/run/x.sock")), work, tmp_path)
    assert typed("sh", startup, "pwd", tmp_path).splitlines()[-1] == str(work)


def test_the_learners_own_settings_are_read_first(tmp_path: Path) -> None:
    """Aliases and prompts of the learner's are there; the engine is the course's all the same."""
    (tmp_path / ".bashrc").write_text("MINE=yes\nexport DOCKER_HOST=tcp://elsewhere:1\n")
    startup = terminal.lines(record(Endpoint(socket="/run/x.sock")), tmp_path, tmp_path)
    assert typed("sh", startup, 'echo "$MINE $DOCKER_HOST"', tmp_path).splitlines()[-1] == "yes unix:///run/x.sock"


@pytest.mark.parametrize("docker", ["/usr/bin/docker", None])
def test_the_first_line_names_docker_where_there_is_one(
    docker: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is told of a command that is not installed."""
    monkeypatch.setattr(shutil, "which", lambda _name: docker)
    said = typed("/bin/sh", terminal.lines(record(Endpoint(socket="/run/x.sock")), tmp_path, tmp_path), ":", tmp_path)
    assert said.startswith("curl $L/containers/json asks the course's engine")
    assert ("the docker command" in said) == bool(docker)


@pytest.mark.parametrize("bash", [True, False])
def test_the_command_reads_the_startup_file(bash: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """bash or sh: an interactive shell has the shortcuts."""
    startup = tmp_path / "terminal.sh"
    made = terminal.lines(replace(record(Endpoint(socket="/run/x.sock"))), tmp_path, tmp_path)
    startup.write_text(made)
    if not bash:
        monkeypatch.setattr(shutil, "which", lambda _name: None)
    done = subprocess.run(terminal.command(startup), input="echo $L\nexit\n", capture_output=True, text=True)
    assert "--unix-socket /run/x.sock http://localhost/v1.41" in done.stdout


def test_the_layout_names_what_it_shows() -> None:
    """A notebook on the left, a terminal on the right; each has what JupyterLab needs to open it again."""
    layout = terminal.workspace("01-one.ipynb")
    dock = layout["data"]["layout-restorer:data"]["main"]["dock"]
    shown = [child["widgets"][0] for child in dock["children"]]
    assert shown == ["notebook:01-one.ipynb", "terminal:1"]
    assert all(name in layout["data"] for name in shown)
