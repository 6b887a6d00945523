"""A class on a JupyterHub of its own, and its students in Chromium; the environment that teachers install."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
import script
from browser import FLAGS, JupyterPage
from playwright.sync_api import Browser, sync_playwright

from labkit.classroom.hub.folder import PROXY

ROOT = Path(__file__).resolve().parent.parent
NAME = "02-containers.ipynb"
LOCK = ROOT / "requirements-classroom.lock"

# Runs all above a cell and the cell itself, as the menu "Run All Above" and Shift-Enter do; returns the cell's text.
_RUN_TO = """async ({id, sources}) => {
  const app = window.jupyterapp, panel = app.shell.currentWidget;
  await panel.context.ready;
  const cells = panel.content.widgets;
  for (const cell of cells)
    if (sources[cell.model.id]) cell.model.sharedModel.setSource(sources[cell.model.id]);
  const at = cells.findIndex(cell => cell.model.id === id);
  panel.content.activeCellIndex = at + 1;
  panel.content.deselectAll();
  await app.commands.execute('notebook:run-all-above');
  const kernel = panel.sessionContext.session.kernel;
  while (kernel.status !== 'idle') await new Promise(done => setTimeout(done, 50));
  await panel.context.save();
  const said = o => o.text || (o.data || {})['text/plain'] || o.evalue || '';
  return cells[at].model.outputs.toJSON().map(said).flat().join('');
}"""

_RUN_CODE = """async ({code}) => {
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  let said = '';
  const future = kernel.requestExecute({code});
  future.onIOPub = ({content: c}) => { said += c.text || (c.ename ? c.ename + ': ' + c.evalue : ''); };
  await future.done;
  return said;
}"""


class Student(JupyterPage):
    """A student before JupyterLab."""

    name = ""

    def run_to(self, id: str, sources: dict[str, str]) -> str:
        """Fill cells in, run all down to one, save; return what that one printed."""
        return str(self._do(_RUN_TO, id=id, sources=sources))

    def run(self, code: str) -> str:
        """Run code in the kernel of the notebook in front; return what it printed, or its error."""
        return str(self._do(_RUN_CODE, code=code))


class Hub:
    """The hub of a class.

    Parameters
    ----------
    python: of an environment with the extra ``classroom``.
    folder: of the class.
    """

    def __init__(self, python: Path, folder: Path) -> None:
        self.python, self.folder = python, folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[str] | None = None

    def labkit(self, *words: str) -> str:
        """Run ``labkit classroom`` to its end; return what it said."""
        command = [self.python, "-m", "labkit.cli", "classroom", *words]
        done = subprocess.run(command, env=self._environment(), capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(ROOT), "LABKIT_ROOT": str(ROOT)}

    def start(self, seconds: float = 120.0) -> None:
        """Start the hub and wait until its page answers."""
        with (self.folder.parent / "hub.log").open("a") as log:
            self._process = subprocess.Popen(
                [self.python, "-m", "labkit.cli", "classroom", "serve", self.folder],
                env=self._environment(), stdout=log, stderr=log, stdin=subprocess.DEVNULL, text=True,
                start_new_session=True,
            )  # fmt: skip
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self._process.poll() is None, (self.folder.parent / "hub.log").read_text()[-3000:]
            try:
                with urllib.request.urlopen(f"{self.url}/hub/login", timeout=5):
                    return
            except OSError:
                time.sleep(0.2)
        raise AssertionError((self.folder.parent / "hub.log").read_text()[-3000:])

    def end(self) -> None:
        """End the hub alone, as Ctrl-C does; students' servers go on."""
        assert self._process
        self._process.send_signal(signal.SIGINT)
        self._process.wait(240)

    def stop(self) -> None:
        """End the class."""
        self.labkit("stop", str(self.folder))


def teachers_python() -> Path:
    """The Python of an environment with the extra ``classroom``, made from its lock and kept for the next run."""
    name = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    place = ROOT / ".lab" / "test" / f"nbgrader-{name}"
    python = place / "bin" / "python"
    place.parent.mkdir(parents=True, exist_ok=True)
    with (place.parent / "nbgrader.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the tests of two files run at the same time
        if not (place / "whole").exists():
            _install(place, python)
    return python


def _install(place: Path, python: Path) -> None:
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    for old in place.parent.glob("nbgrader-*"):
        shutil.rmtree(old, ignore_errors=True)
    install = [uv, "pip", "install", "-q", "--python", python, "--require-hashes", "-r", LOCK]
    try:
        subprocess.run([uv, "venv", "-q", "--python", sys.executable, place], check=True)
        subprocess.run(install, check=True, capture_output=True, env=script.load(ROOT / "lab").uv_environment())
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"an environment with nbgrader and JupyterHub cannot be made: {error}")
    (place / "whole").touch()


def with_proxy(python: Path) -> None:
    """Install JupyterHub's proxy beside an environment, or skip the test."""
    prefix = python.parent.parent
    if not (prefix / "node_modules" / ".bin" / "configurable-http-proxy").exists():
        if not shutil.which("npm"):
            pytest.skip("JupyterHub's proxy needs npm to be installed")
        words = ["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", prefix, PROXY]
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"JupyterHub's proxy cannot be had: {done.stderr[-300:]}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A Chromium in which each student gets a context, as if it was a machine of their own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def log_in(browser: Browser, hub: Hub, name: str, password: str = "") -> Student:
    """Log a student in and wait until JupyterLab is there."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(240_000)
    page = context.new_page()
    page.goto(f"{hub.url}/hub/login")
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", password or f"password of {name}")
    page.click("#login_submit")
    page.wait_for_url(re.compile(rf"/user/{name}/lab"))
    page.wait_for_function("window.jupyterapp !== undefined")
    student = Student(page, 240.0)
    student.name = name
    return student


def solutions(*exercises: str) -> dict[str, str]:
    """What the solved edition has in the cells of exercises, and of gaps before them."""
    notebook = nbformat.read(ROOT / "notebooks" / "solved" / NAME, as_version=4)
    wanted = {f"do-{exercise.replace('.', '-')}" for exercise in exercises}
    return {cell.id: cell.source for cell in notebook.cells
            if cell.id in wanted or (cell.cell_type == "code" and not cell.id.startswith("do-"))}  # fmt: skip


EXPOSED = '\nc.Spawner.args = ["--LabApp.expose_app_in_browser=True"]\n'
"""For the hub's configuration: the page's application, for `browser.JupyterPage`."""
