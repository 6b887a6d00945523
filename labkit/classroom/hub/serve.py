"""``labkit classroom serve FOLDER``: a class on this machine, and ``stop``, its end."""

from __future__ import annotations

import compileall
import dbm
import importlib.util
import json
import os
import re
import secrets
import shutil
import sys
from pathlib import Path

import psutil

from ...engines.base import Paths
from ...engines.ports import free
from ...errors import LabError
from ...files import write
from ...messages import _
from ...processes import end, find, outlive
from .. import roster, sandbox
from ..jail import PACKAGE
from ..reading import content
from . import config, limits
from .folder import PROXY, WATCH, ClassFolder, proxy_program
from .watchroom import PAGE

PORT = 8000
_END = 40.0
"""Seconds that the hub and the students' servers have to end."""
_GONE = 5.0
"""Seconds that one has which was killed."""


def serve(folder: Path, roster_file: Path | None, port: int | None, teacher: str, *, watch: bool | None = None,
          check: bool = False) -> int:  # fmt: skip
    """Bring the class's folder up to date and become its hub; return 0 after a check.

    Parameters
    ----------
    folder: of the class; made when it is not there, and that of an nbgrader course when it is one.
    roster_file: who is in the class; without it, the one that the folder has.
    port: to listen on, on loopback; None for that of the configuration.
    teacher: a name for the hub's admin page; empty for none.
    watch: whether the teacher has a page on the class at work, of which students are told; None for as before.
    check: get everything ready, and start nothing.

    Raises `LabError`.
    """
    if why := unavailable():
        raise LabError(why)
    place = ClassFolder.of(folder)
    if folder.is_file():
        raise LabError(_("{folder} is a file.", folder=folder), _("Give a folder for the class."))
    students, said = _students(place, roster_file)
    if said:
        print(said)
    name = _name(teacher, students)
    listens = _listens(place, port)
    if watch:
        _can_watch(place, name)
    try:
        place.lay_out()
        if watch is not None:
            place.watch(on=watch)
        if roster_file:
            write(place.root / "roster.csv", content(roster_file, roster.LARGEST), mode=0o600)
        enrolled = place.enroll(students)
        password = _teacher(place, name)
        known = place.teacher()
        write(place.hub / "enrolled.json", json.dumps([*enrolled, *([known] if known else [])]), mode=0o600)
        if port or not place.config.exists():
            config.configure(place, listens)
    except OSError as error:
        raise LabError(
            _("{folder} cannot be written: {why}.", folder=error.filename or folder, why=error.strerror or str(error)),
            _("Give a folder that root may write to."),
        ) from error
    compileall.compile_dir(PACKAGE, quiet=2)  # students may read it and not write beside it
    address = f"http://127.0.0.1:{listens}" if listens else ""
    print(_("{n} students. Their folders: {folder}", n=len(enrolled), folder=place.root / "students"))
    if password:
        print(_("{name} is the teacher; the password, shown this once: {password}", name=name, password=password))
    _say(place, known, address)
    if check:
        return 0
    print(_("Students go to {address}", address=address) if address else place.config)
    print(_("What the hub says is in {log}; errors are shown here, too.", log=place.log))
    print(_("Ctrl-C ends the hub; what students run goes on until: labkit classroom stop {folder}", folder=folder),
          flush=True)  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), "LABKIT_ROOT": str(Paths.find().root)}
    os.chdir(place.hub)
    # It becomes the hub: a signal is for JupyterHub alone, which ends in its own way.
    return os.execve(sys.executable, _hub_command(place), environment)


def _name(teacher: str, students: list[roster.Student]) -> str:
    """Return the name that the teacher logs in with; empty where none was given."""
    name = teacher.strip().lower()
    if name and not re.fullmatch(r"[\w][\w.@+-]{0,99}", name):
        raise LabError(_("{name!r} is no name to log in with.", name=name), _("Take letters, digits, dots or dashes."))
    if name in {student.id.lower() for student in students}:
        raise LabError(_("{name} is a student in the roster.", name=name), _("Give another name with --teacher."))
    return name


def _listens(place: ClassFolder, given: int | None) -> int:
    """Return the port of loopback to listen on, once nothing else does; 0 where the configuration has another place."""
    port = given or config.port(place) or (0 if place.config.exists() else PORT)
    if _hubs(place):
        raise LabError(
            _("The hub of this class runs already."),
            _(
                "After Ctrl-C it needs up to a minute to end. labkit classroom stop {folder} ends it, and all servers.",
                folder=place.root,
            ),
        )
    end(_servants(place), _END, _GONE)
    if port and not free("127.0.0.1", port):
        raise LabError(
            _("Something else listens on port {port}.", port=port), _("Give another one, such as --port 8010.")
        )
    return port


def _say(place: ClassFolder, teacher: str, address: str) -> None:
    """Say who logs in how, and where the teacher's pages are."""
    print(_("A student logs in with the id of the roster. The password typed first is kept: 8 characters or more."))
    if not teacher:
        return
    print(_("{name} manages the class at {page}", name=teacher, page=f"{address}/hub/admin"))
    if place.watched():
        print(_("Who is where, and who is stuck, is at {page}. Students are told so. --no-watch ends it.",
                page=f"{address}/services/{WATCH}/"))  # fmt: skip


def unavailable() -> str:
    """Return why no class can be served on this machine, and what to do; empty when one can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return _("A class on one machine needs Linux, and root to fence the students off: type sudo before it.")
    if why := sandbox.unavailable():
        return why
    lacking = [name for name in ("jupyterhub", "firstuseauthenticator", "jupyterhub_idle_culler", "nbgrader")
               if not importlib.util.find_spec(name)]  # fmt: skip
    if lacking:
        return _("Not installed in this Python: {names}. Type: {pip} install \".[classroom]\"",
                 names=", ".join(lacking), pip=f"{sys.prefix}/bin/pip")  # fmt: skip
    if not shutil.which("node"):
        return _("JupyterHub's proxy needs Node.js, which is not there. Debian and Ubuntu: apt-get install nodejs npm")
    if not proxy_program():
        return _(
            "JupyterHub's proxy is not there. Type: npm install --prefix {prefix} {proxy}",
            prefix=sys.prefix,
            proxy=PROXY,
        )
    return ""


def _students(place: ClassFolder, given: Path | None) -> tuple[list[roster.Student], str]:
    """Read the roster that was given, or that the folder has: its own, or that of nbgrader."""
    file = given or place.roster()
    if file is None:
        raise LabError(
            _("{folder} has no roster.", folder=place.root),
            _("Give one: --roster FILE, a CSV that begins with id,name."),
        )
    students, said = roster.parse(content(file, roster.LARGEST), file.name)
    unfit = next((s.id for s in students if not re.fullmatch(r"[\w][\w.@+-]*", s.id)), "")
    if unfit:
        raise LabError(_("Nobody can log in as {id!r}.", id=unfit))
    return students, said


def _teacher(place: ClassFolder, name: str) -> str:
    """Note the teacher, with a password of their own from the start; return it when it is new."""
    if not name:
        return ""
    write(place.hub / "teacher", name, mode=0o600)
    import bcrypt

    with dbm.open(str(place.hub / "passwords.dbm"), "c", 0o600) as passwords:
        if name.encode() in passwords:
            return ""
        password = secrets.token_urlsafe(9)
        passwords[name.encode()] = bcrypt.hashpw(password.encode(), bcrypt.gensalt())
    return password


def _can_watch(place: ClassFolder, teacher: str) -> None:
    """Raise `LabError` where nobody could see the page on the class at work, or nothing would make it."""
    if not (teacher or place.teacher()):
        raise LabError(_("Nobody could see the page: the class has no teacher."), _("Say who it is: --teacher NAME."))
    if not shutil.which("setpriv"):
        raise LabError(_("The page needs setpriv, which is not there. Debian and Ubuntu: apt-get install util-linux"))
    if place.config.exists() and ".services()" not in place.config.read_text():
        raise LabError(
            _("{file} does not start the page.", file=place.config),
            _("In c.JupyterHub.services there, add: *ClassFolder.of({folder!r}).services()", folder=str(place.root)),
        )


def _hub_command(place: ClassFolder) -> list[str]:
    return [sys.executable, "-m", "jupyterhub", f"--config={place.config}", "--log-level=WARN"]


def _hubs(place: ClassFolder) -> list[psutil.Process]:
    return find(lambda words: words[1:] == _hub_command(place)[1:])


def _servants(place: ClassFolder) -> list[psutil.Process]:
    """The hub's proxy, culler and page, also those that a hub left behind which was killed."""
    found = find(lambda words: any("configurable-http-proxy" in w or w == "jupyterhub_idle_culler" for w in words))
    pages = find(lambda words: words[-1] == str(place.run) and PAGE in words)
    return [process for process in found if _cwd(process) == place.hub] + pages


def _cwd(process: psutil.Process) -> Path | None:
    try:
        return Path(process.cwd())
    except psutil.Error:
        return None


def stop(folder: Path) -> int:
    """End the hub of a class, its proxy and all students' servers; return 0."""
    place = ClassFolder.of(folder)
    end(_hubs(place), _END, _GONE)
    mark = f'"base": {json.dumps(str(place.run / "base"))}'
    fences = find(lambda words: "labkit.classroom.hub.fence" in words and mark in words[-1])
    inside = [process for process in fences if process.name() != "unshare"]
    end(inside + _servants(place), _END, _GONE)
    outlive(fences, _GONE)
    for student in place.places().values():
        limits.dissolve(limits.group_name(student.user))
    shutil.rmtree(place.run, ignore_errors=True)
    print(
        _(
            "The class has ended: {n} servers. Everybody's work is in {folder}.",
            n=len(inside),
            folder=place.root / "students",
        )
    )
    return 0
