"""The course's own JupyterLab: on loopback, with a token, apart from a learner's own.

Settings, kernels' connection files and logs are below ``.lab/jupyter``, so nothing of a
Jupyter that was there before is read or changed.  A server of this checkout is known by its
command line, which names its configuration file: no note of a process id can go stale.

Source: https://jupyter-server.readthedocs.io/en/latest/other/full-config.html
"""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from . import terminal
from .engines.base import EngineRecord, Paths
from .errors import LabError
from .files import write
from .messages import _
from .processes import age, alive, end, find, outlive
from .server import skip_iri_grammar

_FIRST_PORT = 8888
_READY = 90.0
"""How long JupyterLab may take to answer, in seconds."""
_PATIENCE = 3.0
"""How long it may take to answer one question, in seconds."""
_END = 10.0
"""How long it may take to end when asked, in seconds."""

_SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
}
"""Defaults of the page; what a learner sets in the Settings menu goes before them."""


@dataclass(frozen=True)
class Server:
    """A JupyterLab that answers.

    Parameters
    ----------
    page: the page to open at first, such as ``lab`` or ``lab/tree/01-….ipynb``.
    """

    pid: int
    port: int
    token: str
    page: str = "lab"

    @property
    def url(self) -> str:
        """The address to open in a browser, with its token."""
        return f"http://127.0.0.1:{self.port}/{self.page}?token={self.token}"


class Jupyter:
    """The JupyterLab of one checkout."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.folder = paths.state / "jupyter"
        self.runtime = self.folder / "runtime"
        self.config = self.folder / "lab.json"
        self.log = self.folder / "lab.log"
        self.shell = self.folder / "terminal.sh"
        self.workspaces = self.folder / "config" / "lab" / "workspaces"

    def running(self) -> Server | None:
        """Return the server of this checkout when it answers, else None."""
        for process in self._servers():
            if server := self._answering(process.pid):
                return server
        return None

    def is_begun(self) -> bool:
        """Whether a server of this checkout runs, or is about to."""
        return bool(self._servers())

    def begin(self, options: Iterable[str] = ()) -> list[str]:
        """Make sure that a server is starting or running, and return at once.

        Parameters
        ----------
        options: further options for ``jupyter lab``.

        Returns sentences on what a crash had left and was cleared away.
        Raises `LabError` or `OSError`.
        """
        for folder in (self.paths.state, self.folder, self.runtime, self.folder / "settings"):
            folder.mkdir(mode=0o700, exist_ok=True)
        with (self.folder / "begin.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two ./lab at once begin one server
            servers = self._servers()
            if len(servers) == 1 and (self._answering(servers[0].pid) or age(servers[0]) < _READY):
                return []
            said = []
            if servers:
                said.append(_("JupyterLab no longer answered; it was ended and is started again."))
            elif self._notes():
                said.append(_("JupyterLab had been ended from outside; what it left was cleared away."))
            self._end(servers)
            said += self._write_config()
            self._spawn(options)
        return said

    def environment(self) -> dict[str, str]:
        """Return what a Jupyter server needs in its environment, so that all it writes is below ``.lab``."""
        return {
            "JUPYTER_CONFIG_DIR": str(self.folder / "config"),
            "JUPYTER_DATA_DIR": str(self.folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.runtime),
            "IPYTHONDIR": str(self.folder / "ipython"),
            "LABKIT_ROOT": str(self.paths.root),
        }

    def _spawn(self, options: Iterable[str]) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "IPYTHON", "JPY_"))}
        environment |= self.environment() | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        }
        with self.log.open("wb") as log:
            subprocess.Popen(
                [sys.executable, "-m", "labkit.server", f"--config={self.config}", *options],
                cwd=self.folder,  # not work/: a learner's file there must not pass for a module
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in the terminal is not for it
            )

    def wait(self) -> Server:
        """Wait until the server answers.

        Raises `LabError` when it ended, or does not answer in time.
        """
        until = time.monotonic() + _READY
        process = next(iter(self._servers()), None)
        while time.monotonic() < until:
            if process is None or not alive(process):
                raise LabError(
                    _("JupyterLab did not start: {why}", why=self._last_words()),
                    _("All that it said is in {log}.", log=self.log),
                )
            if server := self._answering(process.pid):
                return server
            time.sleep(0.05)
        raise LabError(
            _("JupyterLab did not answer within {n:.0f} seconds.", n=_READY),
            _("Type ./lab stop, then ./lab. What it said is in {log}.", log=self.log),
        )

    def stop(self) -> bool:
        """End the server and its kernels; return whether there was anything to end."""
        servers = self._servers()
        # Asked in this way, a server shuts its kernels and terminals down first; one that is
        # still starting cannot be asked.
        asked = [s for s in (self._answering(p.pid) for p in servers) if s and _ask(s, "POST", "/api/shutdown") == 200]
        return self._end(servers, patience=_END if asked else 0.0)

    # -- what runs -------------------------------------------------------------------

    def _servers(self) -> list[psutil.Process]:
        mark = f"--config={self.config}"
        return find(lambda words: words[1:3] == ["-m", "labkit.server"] and mark in words)

    def _kernels(self) -> list[psutil.Process]:
        mark = f"{self.runtime}{os.sep}kernel-"
        return find(lambda words: "ipykernel_launcher" in words and any(w.startswith(mark) for w in words))

    def _notes(self) -> list[Path]:
        """The notes that servers keep of themselves while they run."""
        return list(self.runtime.glob("jpserver-*.json"))

    def _answering(self, pid: int) -> Server | None:
        try:
            note = json.loads((self.runtime / f"jpserver-{pid}.json").read_text())
            server = Server(pid, int(note["port"]), self._token())
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return server if _ask(server, "GET", "/api/status") == 200 else None

    def _end(self, servers: list[psutil.Process], patience: float = 0.0) -> bool:
        """End servers, and the kernels that outlived theirs; remove their notes."""
        left = [*outlive(servers, patience), *self._kernels()]
        end(left, _PATIENCE, _END)  # a port is free when its process has gone, not when that is told to go
        for file in [*self._notes(), *self.runtime.glob("kernel-*.json"), *self.runtime.glob("jpserver-*.html")]:
            file.unlink(missing_ok=True)
        return bool(servers or left)

    # -- its configuration -----------------------------------------------------------

    def _token(self) -> str:
        return str(json.loads(self.config.read_text())["IdentityProvider"]["token"])

    def arrange(self, server: Server, record: EngineRecord) -> Server:
        """Tell the terminals which engine runs, and lay out the windows of a first start; return where to look.

        A learner who has a layout finds that again.
        """
        self.equip(record)
        first = self.first_page()
        if not first:
            return server
        layout = json.dumps(terminal.workspace(first)).encode()
        if _ask(server, "PUT", "/lab/api/workspaces/default", layout) == 204:
            return server
        return replace(server, page=f"lab/tree/{first}")

    def equip(self, record: EngineRecord) -> None:
        """Tell the terminals which engine runs."""
        write(self.shell, terminal.lines(record, self.paths.work, self.paths.state / "tls"))

    def first_page(self) -> str:
        """Return the notebook that a first start opens; empty for a learner who has a layout."""
        if any(self.workspaces.glob("*")):
            return ""
        return next((file.name for file in sorted(self.paths.work.glob("01-*.ipynb"))), "")

    def _write_config(self) -> list[str]:
        """Write what JupyterLab reads; return a sentence where its port is taken."""
        try:  # the same address as before, so that a page left open finds its server again
            before = json.loads(self.config.read_text())
            port, token = int(before["ServerApp"]["port"]), str(before["IdentityProvider"]["token"])
        except (OSError, ValueError, KeyError, TypeError):
            port, token = _FIRST_PORT, secrets.token_urlsafe(24)
        free = _free_port(port)
        config = self.surface()
        config["IdentityProvider"] = {"token": token}
        config["ServerApp"] |= {"ip": "127.0.0.1", "port": free, "port_retries": 50, "open_browser": False}
        write(self.config, json.dumps(config, indent=1).encode(), mode=0o600)  # it holds the token
        taken = _("Something else listens on port {port}, so JupyterLab takes another one.", port=port)
        return [] if free == port else [taken]

    def surface(self) -> dict[str, dict[str, Any]]:
        """Write the defaults of the page; return how JupyterLab is to look, whoever starts it."""
        write(self.folder / "settings" / "overrides.json", json.dumps(_SETTINGS).encode())
        return {
            "ServerApp": {
                "root_dir": str(self.paths.work),
                "allow_root": os.geteuid() == 0,
                "jpserver_extensions": {"jupyter_lsp": False, "jupyterlab_jupytext": False},
                "terminado_settings": {"shell_command": terminal.command(self.shell)},
            },
            "LabApp": {
                "app_settings_dir": str(self.folder / "settings"),
                "extension_manager": "readonly",
                "news_url": None,
                "check_for_updates_class": "jupyterlab.handlers.announcements.NeverCheckForUpdate",
            },
            "FileContentsManager": {"delete_to_trash": False},  # the trash is outside this checkout
        }

    def _last_words(self) -> str:
        try:
            lines = self.log.read_text(errors="replace").split("\n")
        except OSError:
            lines = []
        return next((line.strip() for line in reversed(lines) if line.strip()), _("it said nothing."))

    def trust(self, notebooks: Iterable[Path]) -> None:
        """Mark the course's own notebooks as trusted, as ``jupyter trust`` does: their HTML is then shown whole."""
        files = [file for file in notebooks if file.suffix == ".ipynb"]
        if not files:
            return
        skip_iri_grammar()
        import nbformat
        from nbformat.sign import NotebookNotary

        data = self.folder / "data"
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        notary = NotebookNotary(data_dir=str(data))
        for file in files:
            notary.sign(nbformat.read(file, as_version=4))


def _ask(server: Server, method: str, path: str, body: bytes | None = None) -> int:
    """Ask the server; return the status, 0 when it does not answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=_PATIENCE)
    try:
        connection.request(method, path, body, {"Authorization": f"token {server.token}"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _free_port(wanted: int) -> int:
    """`wanted`, or one that the system gives when something listens on that."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            try:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
                return int(probe.getsockname()[1])
            except OSError:
                continue
    return 0
