"""The folder of a class: its roster, each student's own folder, what the hub keeps, nbgrader's exchange.

    roster.csv, students.csv    who is in the class
    jupyterhub_config.py        the hub's configuration, the teacher's to change
    students/NAME/              work, .lab and home of a student
    exchange/docker-api-lab/    nbgrader's, where the folder is an nbgrader course as well
    hub/                        the hub's own: database, passwords, logs

Students are no users of the machine.  Each has a number that no account has, and keeps it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ...engines.base import Paths
from ...errors import LabError
from ...files import write
from ...messages import _
from ..roster import Student
from ..watch import notice

COURSE_ID = "docker-api-lab"
PROXY = "configurable-http-proxy@5.3.0"
"""The proxy, as npm names it.  Releases before it know no Unix sockets."""
_FIRST_USER, _CLASSES, _PLACES = 2_010_000_000, 10_000, 10_000
"""Above what useradd(8), containers and the sandbox of `labkit.classroom.sandbox` take; below 2**31."""
_FIRST_WATCHER = _FIRST_USER + _CLASSES * _PLACES
WATCH = "watch"
"""The service's name, which is part of its address."""
_PATIENCE = 120
"""Seconds that the page has to start; the hub ends when it does not."""

NBGRADER = """\
# Written at each start of the hub. nbgrader_config.py reads it.

c = get_config()  # noqa: F821 - nbgrader puts it here

c.Exchange.root = {exchange!r}
# Nobody hands in under another's name, and no link in a submission is followed.
c.ExchangeFactory.collect = "labkit.classroom.hub.exchange.Collect"
"""


@dataclass(frozen=True)
class Place:
    """A student's place.

    Parameters
    ----------
    id: as the roster has it.
    user: the number that their files and processes belong to.
    """

    id: str
    user: int


@dataclass(frozen=True)
class ClassFolder:
    """The folder of one class.

    Parameters
    ----------
    root: its path, without links.
    """

    root: Path

    @classmethod
    def of(cls, folder: str | Path) -> ClassFolder:
        """The class of a folder, or of a file in it."""
        place = Path(folder).resolve()
        return cls(place.parent if place.is_file() else place)

    @property
    def hub(self) -> Path:
        """What the hub keeps; for root alone."""
        return self.root / "hub"

    @property
    def config(self) -> Path:
        """The hub's configuration."""
        return self.root / "jupyterhub_config.py"

    @property
    def exchange(self) -> Path:
        """nbgrader's exchange: the folder that holds that of the course."""
        return self.root / "exchange"

    @property
    def run(self) -> Path:
        """Sockets.  The path is short, as that of a socket has to be, and in small letters, as in a URL."""
        return Path("/run/docker-api-lab-hub") / hashlib.sha256(os.fsencode(self.root)).hexdigest()[:8]

    @property
    def told(self) -> Path:
        """Who was told that the class is watched: a file for each, by the name that they log in with.

        It is in memory, as the servers are whose students were told.
        """
        return self.run / "told"

    @property
    def watcher(self) -> int:
        """The user of the page on the class at work, which is no account and no student."""
        return _FIRST_WATCHER + int(self.run.name, 16) % _CLASSES

    def watched(self) -> bool:
        """Whether the teacher has a page on the class at work."""
        return (self.hub / WATCH).exists()

    def watch(self, *, on: bool) -> None:
        """Switch the teacher's page on or off.  Off, nobody counts as told any more."""
        if on:
            write(self.hub / WATCH, "", mode=0o600)
        else:
            (self.hub / WATCH).unlink(missing_ok=True)
            shutil.rmtree(self.told, ignore_errors=True)

    def has_nbgrader(self) -> bool:
        """Whether the folder is an nbgrader course as well."""
        return (self.root / "nbgrader_config.py").exists()

    # -- who is in the class -----------------------------------------------------------

    def roster(self) -> Path | None:
        """Return the roster that the folder has: its own, or that of nbgrader."""
        return next((file for file in (self.root / "roster.csv", self.root / "students.csv") if file.exists()), None)

    def places(self) -> dict[str, Place]:
        """Every student that the class has had, by the name that they log in with."""
        try:
            found = json.loads((self.hub / "students.json").read_text())
            return {name: Place(place["id"], int(place["user"])) for name, place in found.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise LabError(
                _("The list of users cannot be read: {file}.", file=self.hub / "students.json"),
                _("Put it back from a backup: it says whose folder is whose."),
            ) from error

    def enroll(self, students: Iterable[Student]) -> dict[str, Place]:
        """Give each student a place; who had one keeps it.  Return those of these students."""
        every = self.places()
        first = _FIRST_USER + int(self.run.name, 16) % _CLASSES * _PLACES
        wanted: dict[str, Place] = {}
        for student in students:
            name = student.id.lower()  # as JupyterHub does with what is typed
            place = Place(student.id, every[name].user if name in every else first + len(every))
            every[name] = wanted[name] = place
        if len(every) > _PLACES:
            raise LabError(_("A class has at most {n} students.", n=_PLACES))
        text = json.dumps({name: vars(place) for name, place in every.items()}, indent=1)
        write(self.hub / "students.json", text, mode=0o600)
        return wanted

    def own(self, name: str, user: int) -> Path:
        """Make a student's own folder, which nobody else can enter; return it."""
        folder = self.root / "students" / name
        folder.mkdir(mode=0o700, exist_ok=True)  # root's: a student sees what is in it, and not the folder itself
        for inner in ("work", "lab", "home"):
            (folder / inner).mkdir(mode=0o700, exist_ok=True)
            os.chown(folder / inner, user, user)
        return folder

    # -- what is there before the hub starts -----------------------------------------------

    def lay_out(self) -> None:
        """Make the folders of the class, with their rights.  Raises `OSError`."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder, mode in ((self.hub, 0o700), (self.hub / "log", 0o700), (self.root / "students", 0o700)):
            folder.mkdir(mode=mode, exist_ok=True)
        # Each path is made by root in /run, which nobody else can write to.
        run = self.run
        for folder, mode in ((run.parent, 0o755), (run, 0o755), (run / "hub", 0o755), (run / "student", 0o711),
                             (run / "base", 0o700), (run / "proxy", 0o700), (run / "watch", 0o700),
                             (run / "told", 0o755)):  # fmt: skip
            folder.mkdir(mode=mode, exist_ok=True)
            folder.chmod(mode)
        if self.has_nbgrader():
            course = self.exchange / COURSE_ID
            # As nbgrader makes them; and sticky, so that nobody moves what another has handed in.
            for folder, mode in ((self.exchange, 0o777), (course, 0o755), (course / "outbound", 0o755),
                                 (course / "inbound", 0o1733), (course / "feedback", 0o711)):  # fmt: skip
                folder.mkdir(exist_ok=True)
                folder.chmod(mode)
            write(self.hub / "nbgrader_hub.py", NBGRADER.format(exchange=str(self.exchange)))

    # -- what the hub is told -----------------------------------------------------------------

    def url(self, socket: str) -> str:
        """Return the URL of a socket below `run`."""
        return f"http+unix://{quote(str(self.run / socket), safe='')}"

    def configure(self, c: Any) -> None:
        """Set what makes the hub that of this class.

        Parameters
        ----------
        c: JupyterHub's configuration, as ``get_config()`` returns it.

        All is standard but the spawner.  The hub and the proxy's API listen on sockets, so that
        the one open port is the proxy's.
        """
        from .closing import leave_to_proxy  # the hub's process alone has a server

        leave_to_proxy()
        c.JupyterHub.hub_bind_url = c.JupyterHub.hub_connect_url = self.url("hub/hub.sock")
        c.JupyterHub.hub_socket_mode = 0o666  # from inside a fence; each request needs a token
        c.JupyterHub.db_url = f"sqlite:///{self.hub / 'jupyterhub.sqlite'}"
        c.JupyterHub.cookie_secret_file = str(self.hub / "cookie_secret")
        c.ConfigurableHTTPProxy.api_url = self.url("proxy/api.sock")
        c.ConfigurableHTTPProxy.pid_file = str(self.hub / "proxy.pid")
        # Not on the terminal, where the teacher's password would be gone behind a page of connections.
        c.JupyterHub.logging_config = self._logging()
        quiet = ["sh", "-c", 'log=$1; shift; exec "$@" >>"$log" 2>&1', "sh", str(self.hub / "proxy.log")]
        c.ConfigurableHTTPProxy.command = [*quiet, proxy_program() or "configurable-http-proxy"]
        c.JupyterHub.default_url = self.landing
        c.JupyterHub.spawner_class = "labkit.classroom.hub.spawner.FencedSpawner"
        c.FencedSpawner.folder = str(self.root)
        c.FencedSpawner.course = str(Paths.find().root)
        c.JupyterHub.authenticator_class = "firstuseauthenticator.FirstUseAuthenticator"
        c.FirstUseAuthenticator.dbm_path = str(self.hub / "passwords.dbm")
        c.FirstUseAuthenticator.create_users = False
        c.Authenticator.allowed_users = set(self.enrolled())
        c.Authenticator.admin_users = {self.teacher()} - {""}

    def _logging(self) -> dict[str, Any]:
        """Return how the hub writes what it says: all into a file, and errors on the terminal, too.

        Source: https://docs.python.org/3/library/logging.config.html
        """
        file = {
            "class": "logging.handlers.RotatingFileHandler",
            "formatter": "console",
            "filename": str(self.log),
            "maxBytes": 10_000_000,
            "backupCount": 1,
        }
        return {
            "handlers": {"console": {"level": "ERROR"}, "file": file},
            "loggers": {"JupyterHub": {"handlers": ["console", "file"]}},
        }

    @property
    def log(self) -> Path:
        """What the hub says."""
        return self.hub / "hub.log"

    def services(self) -> list[dict[str, Any]]:
        """Return the services of the class for ``c.JupyterHub.services``: the teacher's page, where there is one."""
        if not self.watched():
            return []
        from .watchroom import words

        return [
            {
                "name": WATCH,
                "command": words(self),
                # JupyterHub takes no socket here. The port is the hub's alone to use: it asks who comes.
                "url": f"http://127.0.0.1:{free_port()}",
                "oauth_no_confirm": True,
                "timeout": _PATIENCE,
            }
        ]

    def said(self) -> str:
        """Return what students are told before they log in; empty where nothing is to be said."""
        return notice() if self.watched() else ""

    def landing(self, handler: Any) -> str:
        """Return where a page that names none leads to: a teacher has no server, and manages the class.

        Parameters
        ----------
        handler: of a request to the hub.

        Empty means JupyterHub's own: the server of whoever has logged in, or the login.
        """
        user = handler.current_user
        if user is None or not user.admin or user.name in self.places():
            return ""
        return f"{handler.hub.base_url}admin"

    def enrolled(self) -> list[str]:
        """The names that may log in now; who left the roster keeps their folder and may not."""
        found = json.loads((self.hub / "enrolled.json").read_text())
        return [str(name) for name in found]

    def teacher(self) -> str:
        """The name of the teacher who sees the hub's admin page; empty when there is none."""
        file = self.hub / "teacher"
        return file.read_text().strip() if file.exists() else ""


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def proxy_program() -> str:
    """Return JupyterHub's proxy, beside this Python's environment or on the search path; empty where it is not."""
    own = Path(sys.prefix) / "node_modules" / ".bin" / "configurable-http-proxy"
    return str(own) if own.exists() else shutil.which("configurable-http-proxy") or ""
