"""The course's own JupyterLab: found again, healed, ended, and apart from any other."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest

from labkit.engines.base import EngineRecord, Paths
from labkit.errors import LabError
from labkit.jupyter import Jupyter, Server
from labkit.model import Endpoint


def checkout(folder: Path) -> Paths:
    """A checkout with a copy of one notebook laid out."""
    paths = Paths.of(folder)
    paths.work.mkdir(parents=True)
    (folder / "notebooks").mkdir()
    for place in (folder / "notebooks", paths.work):
        nbformat.write(nbformat.v4.new_notebook(), place / "01-one.ipynb")
    return paths


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """A JupyterLab that runs, on a port that no other test's takes while it is killed and started again."""
    lab = Jupyter(checkout(tmp_path_factory.mktemp("one") / "a folder"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("labkit.jupyter._FIRST_PORT", 18888)
        lab.begin()
    try:
        lab.wait()
        yield lab
    finally:
        lab.stop()


def ask(server: Server, method: str, path: str, *, token: str | None = None, body: Any = None) -> tuple[int, Any]:
    """Ask the server something; return the status and the parsed answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    headers = {"Authorization": f"token {server.token if token is None else token}"}
    connection.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text) if text else None


def the(found: Server | None) -> Server:
    """The server, which must be there."""
    assert found is not None
    return found


def kernel_of(jupyter: Jupyter) -> psutil.Process:
    """Start a kernel and return its process."""
    before = {process.pid for process in jupyter._kernels()}
    assert ask(the(jupyter.running()), "POST", "/api/kernels", body={"name": "python3"})[0] == 201
    (process,) = [process for process in jupyter._kernels() if process.pid not in before]
    return process


def test_token_is_asked_for(jupyter: Jupyter) -> None:
    """The server answers its own token, and refuses another one."""
    server = the(jupyter.running())
    assert ask(server, "GET", "/api/contents")[0] == 200
    assert ask(server, "GET", "/api/contents", token="wrong")[0] == 403


def test_token_is_in_no_command_line(jupyter: Jupyter) -> None:
    """Other users of the machine see command lines; the token is in a file that they cannot read."""
    server = the(jupyter.running())
    assert not any(server.token in word for word in psutil.Process(server.pid).cmdline())
    assert stat.S_IMODE(jupyter.config.stat().st_mode) == 0o600
    assert stat.S_IMODE(jupyter.folder.stat().st_mode) == 0o700


def test_it_listens_on_loopback_alone(jupyter: Jupyter) -> None:
    """Every address that the server listens on is 127.0.0.1."""
    process = psutil.Process(the(jupyter.running()).pid)
    assert {c.laddr.ip for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN} == {"127.0.0.1"}


def test_file_browser_shows_the_copy(jupyter: Jupyter) -> None:
    """The root of the file browser is the learner's copy."""
    _status, answer = ask(the(jupyter.running()), "GET", "/api/contents")
    assert [item["name"] for item in answer["content"]] == ["01-one.ipynb"]


def test_news_and_updates_are_off(jupyter: Jupyter) -> None:
    """JupyterLab asks no server on the internet for news, updates or extensions."""
    server = the(jupyter.running())
    _status, answer = ask(server, "GET", "/lab/api/settings/@jupyterlab/apputils-extension:notification")
    assert answer["schema"]["properties"]["fetchNews"]["default"] == "false"
    assert ask(server, "GET", "/lab/api/news")[1]["news"] == []


def test_kernels_find_labkit_and_the_course(jupyter: Jupyter) -> None:
    """A kernel is told which checkout it belongs to, and keeps its files inside of it."""
    process = kernel_of(jupyter)
    environment = process.environ()
    assert environment["LABKIT_ROOT"] == str(jupyter.paths.root)
    assert Path(environment["IPYTHONDIR"]).is_relative_to(jupyter.paths.state)


def test_second_start_takes_the_one_that_runs(jupyter: Jupyter) -> None:
    """Starting again ends and begins nothing."""
    before = the(jupyter.running())
    assert jupyter.begin() == []
    assert jupyter.wait() == before


def test_the_windows_are_laid_out_at_the_first_start_alone(jupyter: Jupyter) -> None:
    """The first notebook and a terminal stand side by side; a layout that a learner has is left as it is."""
    server = the(jupyter.running())
    record = EngineRecord("private", Endpoint(socket="/run/x.sock"), "20.10.24", "1.41", (40000, 40099))
    assert jupyter.arrange(server, record) == server
    layout = ask(server, "GET", "/lab/api/workspaces/default")[1]
    assert layout["data"]["layout-restorer:data"]["main"]["current"] == "notebook:01-one.ipynb"
    assert "DOCKER_HOST=unix:///run/x.sock" in jupyter.shell.read_text()
    (kept,) = (jupyter.folder / "config" / "lab" / "workspaces").glob("*")
    kept.write_text(kept.read_text().replace("0.7", "0.5"))
    jupyter.arrange(server, record)
    assert "0.7" not in kept.read_text()


def test_two_checkouts_do_not_meet(jupyter: Jupyter, tmp_path: Path) -> None:
    """A second checkout gets a server, a port and a token of its own, and ending it leaves the first alone."""
    first = the(jupyter.running())
    other = Jupyter(checkout(tmp_path / "two"))
    assert other.running() is None
    other.begin()
    try:
        second = other.wait()
        assert second.port != first.port
        assert ask(second, "GET", "/api/contents", token=first.token)[0] == 403
    finally:
        assert other.stop()
    assert jupyter.running() == first


def gone(processes: list[psutil.Process]) -> bool:
    """Whether all processes end within some seconds; one that only its parent has not taken note of has ended."""
    left = psutil.wait_procs(processes, timeout=5)[1]
    return all(process.status() == psutil.STATUS_ZOMBIE for process in left)


def test_killed_server_is_started_again(jupyter: Jupyter) -> None:
    """After kill -9 the next start says so, ends the kernels that were left, and keeps address and token."""
    before, kernel = the(jupyter.running()), kernel_of(jupyter)
    os.kill(before.pid, signal.SIGKILL)
    (said,) = jupyter.begin()
    assert "ended from outside" in said
    after = jupyter.wait()
    assert (after.port, after.token) == (before.port, before.token)
    assert gone([kernel])
    assert [note.name for note in jupyter._notes()] == [f"jpserver-{after.pid}.json"]


def test_hanging_server_is_replaced(jupyter: Jupyter, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that no longer answers, and is not just starting, is ended and started again."""
    before = the(jupyter.running())
    os.kill(before.pid, signal.SIGSTOP)
    monkeypatch.setattr("labkit.jupyter.age", lambda _process: 1e6)
    monkeypatch.setattr("labkit.jupyter._PATIENCE", 0.2)
    (said,) = jupyter.begin()
    assert "no longer answered" in said
    monkeypatch.undo()
    assert jupyter.wait().pid != before.pid


def test_stop_leaves_nothing(jupyter: Jupyter) -> None:
    """Stopping ends the server and its kernels, and a second stop finds nothing to end."""
    processes = [psutil.Process(the(jupyter.running()).pid), kernel_of(jupyter)]
    assert jupyter.stop()
    assert gone(processes)
    assert not jupyter.is_begun()
    assert not list(jupyter.runtime.glob("*.json"))
    assert not jupyter.stop()


def test_stop_of_a_server_that_is_starting(jupyter: Jupyter) -> None:
    """A server that cannot answer yet is ended at once."""
    jupyter.begin()
    begin = time.monotonic()
    assert jupyter.stop()
    assert time.monotonic() - begin < 5
    assert not jupyter.is_begun()


def test_port_in_use(tmp_path: Path) -> None:
    """Where something listens on the port that it had, JupyterLab is given another one, and that is said."""
    jupyter = Jupyter(checkout(tmp_path / "one"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        write_config(jupyter, lambda config: config["ServerApp"].update(port=port))
        assert f"port {port}" in jupyter._write_config()[0]
        assert configured(jupyter)["ServerApp"]["port"] not in (port, 0)
    write_config(jupyter, lambda config: config["ServerApp"].update(port=port))
    assert configured(jupyter)["ServerApp"]["port"] == port


def configured(jupyter: Jupyter) -> dict[str, Any]:
    """The configuration that a start would write now."""
    jupyter._write_config()
    found: dict[str, Any] = json.loads(jupyter.config.read_text())
    return found


def write_config(jupyter: Jupyter, change: Callable[[dict[str, Any]], None]) -> None:
    """Leave a configuration as an earlier start would have."""
    (jupyter.folder / "settings").mkdir(parents=True, exist_ok=True)
    config = configured(jupyter)
    change(config)
    jupyter.config.write_text(json.dumps(config))


@pytest.mark.parametrize("damaged", ["", "{", "[]", '{"ServerApp": {"port": "x"}}'])
def test_damaged_configuration_is_written_anew(tmp_path: Path, damaged: str) -> None:
    """A configuration file that was cut or edited does not keep JupyterLab from starting."""
    jupyter = Jupyter(checkout(tmp_path / "one"))
    write_config(jupyter, lambda _config: None)
    jupyter.config.write_text(damaged)
    assert jupyter.running() is None
    assert len(configured(jupyter)["IdentityProvider"]["token"]) >= 32


def test_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    """When JupyterLab ends at once, its last words and the place of the rest are told."""
    jupyter = Jupyter(checkout(tmp_path / "one"))
    jupyter.begin(["--no-such-option=1", "--ServerApp.port=text"])
    with pytest.raises(LabError, match="did not start") as caught:
        jupyter.wait()
    assert str(jupyter.log) in caught.value.hint
    assert not jupyter.is_begun()


def test_courses_notebooks_are_trusted(tmp_path: Path) -> None:
    """A notebook of the course is trusted; the same notebook with another output is not."""
    from nbformat.sign import NotebookNotary

    jupyter = Jupyter(checkout(tmp_path / "one"))
    cell = nbformat.v4.new_code_cell("1", outputs=[nbformat.v4.new_output("display_data", {"text/html": "<b>1</b>"})])
    file = jupyter.paths.work / "01-one.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), file)
    jupyter.trust([file, jupyter.paths.work / "glossary.md"])
    notary = NotebookNotary(data_dir=str(jupyter.folder / "data"))
    notebook = nbformat.read(file, as_version=4)
    assert notary.check_signature(notebook)
    notebook.cells[0].outputs[0].data["text/html"] = "<b>2</b>"
    assert not notary.check_signature(notebook)
