"""JupyterHub's spawner for a class on one machine: LocalProcessSpawner, with a fence around each server.

The server listens on a socket in a folder that is the student's alone.  It outlives the hub,
so that the hub can be restarted in the middle of a lesson.

Source: https://jupyterhub.readthedocs.io/en/stable/reference/spawners.html
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from functools import partial
from typing import Any
from urllib.parse import quote

import psutil
from jupyterhub.objects import Server
from jupyterhub.spawner import LocalProcessSpawner
from tornado.web import HTTPError
from traitlets import Unicode

from ...messages import _
from ..jail import PACKAGE
from . import fence, limits
from .folder import COURSE_ID, ClassFolder

_OWN = ("unshare", "--net", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child", "--")
_SETTINGS = "/etc/jupyter-class"
_NBGRADER = """\
c = get_config()  # noqa: F821
c.CourseDirectory.course_id = {course!r}
c.Exchange.root = {exchange!r}
"""


class _NoServer(HTTPError):
    """Somebody without a place asks for a server; JupyterHub shows the attribute on its page."""

    def __init__(self, name: str, page: str) -> None:
        super().__init__(403)
        self.jupyterhub_message = _(
            "{name} is not in the roster, and has no server. The class is managed at {page}.", name=name, page=page
        )


class FencedSpawner(LocalProcessSpawner):  # type: ignore[misc]
    """A spawner whose servers do not reach each other.

    It takes ``mem_limit`` and ``cpu_limit`` as other spawners do.
    """

    pid: int
    folder = Unicode(help="The folder of the class.").tag(config=True)
    course = Unicode(help="The folder of the course, which all students read.").tag(config=True)

    def _env_keep_default(self) -> list[str]:
        return ["LANG", "LC_ALL", "TZ"]

    # -- where the server is ---------------------------------------------------------------

    @property
    def server(self) -> Server | None:
        """The server, known by its socket also after a restart of the hub, which stores a host and a port only."""
        server = LocalProcessSpawner.server.fget(self)
        if server and server.proto == "http+unix" and not server.connect_url:
            server.connect_url = f"http+unix://{server.ip}"
        return server

    @server.setter
    def server(self, server: Server | None) -> None:
        LocalProcessSpawner.server.fset(self, server)

    def load_state(self, state: dict[str, Any]) -> None:
        """Know the server again; a number that another process has by now is nobody's."""
        super().load_state(state)
        if self.pid and state.get("born") != _born(self.pid):
            self.pid = 0

    def get_state(self) -> dict[str, Any]:
        """Return what is to be known after a restart of the hub."""
        state: dict[str, Any] = super().get_state()
        return {**state, "born": _born(self.pid)} if self.pid else state

    # -- starting and ending ---------------------------------------------------------------

    def user_env(self, env: dict[str, str]) -> dict[str, str]:
        """Return the environment of a student: there is no account to take it from."""
        return {
            **env,
            "USER": self.user.name,
            "HOME": str(fence.HOME),
            "SHELL": "/bin/bash",
            "PATH": f"{sys.prefix}/bin:/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": str(PACKAGE.parent),
            "PYTHONDONTWRITEBYTECODE": "1",
            "OPENBLAS_NUM_THREADS": "1",  # threads count as processes, and a class shares the processors
            "LABKIT_ROOT": str(fence.COURSE),
            "LABKIT_PYTHON": sys.executable,
            "JUPYTER_CONFIG_PATH": _SETTINGS,
            # The server listens on a socket, and takes no port but this one beside it.
            "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:8888{self.server.base_url if self.server else '/'}",
        }

    async def start(self) -> str:
        """Start the student's server inside a fence; return the URL of its socket."""
        place = ClassFolder.of(self.folder)
        student = place.places().get(self.user.name)
        if student is None:
            raise _NoServer(self.user.name, f"{self.hub.base_url}admin")
        user = student.user
        own = place.own(self.user.name, user)
        gate = place.run / "student" / str(user)
        shutil.rmtree(gate, ignore_errors=True)
        gate.mkdir(mode=0o700)
        os.chown(gate, user, user)
        socket = gate / "server.sock"
        seat = [sys.executable, "-m", "labkit.classroom.seat", sys.executable, "-m", "labkit.classroom.hub.single"]
        order = {
            "base": str(place.run / "base"), "own": str(own), "course": self.course,
            "user": user, "name": self.user.name, "socket": str(socket), "hub": str(place.run / "hub"),
            "exchange": str(place.exchange / COURSE_ID) if place.has_nbgrader() else "",
            "files": _files(nbgrader=place.has_nbgrader()), "limits": limits.RLIMITS,
            "words": [*seat, f"--ServerApp.sock={socket}", "--ServerApp.sock_mode=0600", *self.get_args()],
        }  # fmt: skip
        words = [*_OWN, sys.executable, "-m", "labkit.classroom.hub.fence", json.dumps(order)]
        most = limits.Limits(int(self.mem_limit or 0), float(self.cpu_limit or 0))
        groups = []
        if limits.has_systemd():
            words = most.scope(f"{limits.group_name(user)}-{os.urandom(4).hex()}") + words
        else:
            groups = limits.groups(most, limits.group_name(user))
        with (place.hub / "log" / f"{self.user.name}.log").open("wb") as log:
            self.proc = subprocess.Popen(
                words,
                env={**self.get_env(), "LABKIT_STUDENT": self.user.name, "LABKIT_NOTICE": place.said()},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in the hub's terminal is not for it
                preexec_fn=partial(limits.join, groups),
            )
        self.pid = self.proc.pid
        if place.watched():
            (place.told / self.user.name).touch()
        return f"http+unix://{quote(str(socket), safe='')}"

    async def _signal(self, sig: int) -> bool:
        """Signal the first process inside the fence, which passes it on; `unshare` itself would not."""
        try:
            around = psutil.Process(self.pid)
            inside = around.children() if sig not in (0, signal.SIGKILL) else []
            for process in inside or [around]:
                os.kill(process.pid, sig)
        except (psutil.NoSuchProcess, ProcessLookupError):
            return False
        return True

    async def stop(self, now: bool = False) -> None:
        """End the server, and all that ran in its fence."""
        await super().stop(now)
        if place := ClassFolder.of(self.folder).places().get(self.user.name):
            limits.dissolve(limits.group_name(place.user))


def _born(pid: int) -> float | None:
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def _files(*, nbgrader: bool) -> dict[str, str]:
    """Settings inside the fence, the same for all: a student sees nbgrader's list of assignments, or nothing of it."""
    servers = {f"nbgrader.server_extensions.{name}": nbgrader and name == "assignment_list"
               for name in ("assignment_list", "validate_assignment", "formgrader", "course_list")}  # fmt: skip
    # Validating looks for cells that raise an error; here a check says what it found, and raises none.
    hidden = ["formgrader", "create-assignment", "course-list", "validate-assignment"]
    hidden += [] if nbgrader else ["assignment-list", "menu"]
    pages = {f"@jupyter/nbgrader:{name}": True for name in hidden}
    return {
        f"{_SETTINGS}/jupyter_server_config.d/nbgrader.json": json.dumps(
            {"ServerApp": {"jpserver_extensions": servers}}
        ),
        f"{_SETTINGS}/labconfig/page_config.json": json.dumps({"disabledExtensions": pages}),
        f"{_SETTINGS}/nbgrader_config.py": _NBGRADER.format(course=COURSE_ID, exchange=str(fence.EXCHANGE)),
    }
