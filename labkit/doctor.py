"""``./lab doctor``: for each thing that the course needs, whether it is there, and what to type where it is not.

It runs with the standard library alone, for it must be able to say that the rest is missing.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from .engines.base import Paths
from .messages import _

_DISK = 2_000_000_000
"""Room that the environment, the images and an engine take, in bytes."""

_PROGRAMS = {
    "dockerd": ("docker.io", True),
    "docker-registry": ("docker-registry", True),
    "iptables": ("iptables", True),
    "unshare": ("util-linux", True),
    "ps": ("procps", False),
    "curl": ("curl", False),
}
"""Programs of the private engine, and for terminals: the Debian package, and whether a start needs it."""


@dataclass(frozen=True)
class Finding:
    """One thing that the course needs.

    Parameters
    ----------
    what: the thing, and what was found of it.
    there: whether it is there.
    advice: what to type where it is missing.
    needed: whether ``./lab`` cannot start without it.
    """

    what: str
    there: bool
    advice: str = ""
    needed: bool = True


def doctor(kind: str | None = None) -> int:
    """Print what is there and what is missing; return 1 when a start would fail, else 0.

    Parameters
    ----------
    kind: of engine that a start is to have; None looks at those of which ``./lab`` takes the first.

    Raises `LabError` for a kind that there is not.
    """
    found = list(examine(Paths.find(), kind))
    for finding in found:
        mark = _("there  ") if finding.there else _("missing") if finding.needed else _("without")
        print(f"{mark}  {finding.what}")
        if not finding.there and finding.advice:
            print(f"         {finding.advice}")
    lacking = [finding for finding in found if finding.needed and not finding.there]
    print(_("Something is missing: see above.") if lacking else _("All that a start needs is there."))
    return 1 if lacking else 0


def examine(paths: Paths, kind: str | None = None) -> Iterator[Finding]:
    """Look at this machine, and give one finding for each thing; `kind` as `doctor` takes it."""
    version = platform.python_version()
    yield Finding(f"Python {version}", sys.version_info >= (3, 10), _("Python 3.10 or newer is needed."))
    yield _environment(paths)
    yield from _folders(paths)
    yield from _programs(paths, kind)
    yield from _engines(paths, kind)


def _environment(paths: Paths) -> Finding:
    lock = paths.root / "requirements.lock"
    pins = re.findall(r"^([\w.-]+)==(\S+)(?: ; (.+?))?(?= \\)", lock.read_text(), re.M) if lock.exists() else []
    wrong = [name for name, pin, condition in pins if _holds(condition) and _version(name) != pin]
    what = _("Python packages of requirements.lock ({n} in all)", n=len(pins))
    if wrong:
        what += ": " + _("not as it says: {names}", names=", ".join(wrong[:5]) + (", …" if wrong[5:] else ""))
    return Finding(what, not wrong, _("Type ./lab: it installs them in .venv."))


def _holds(condition: str) -> bool:
    """Whether the condition of a pin is true here; where that cannot be told, it is taken not to be."""
    if not condition:
        return True
    try:
        from packaging.markers import Marker
    except ImportError:
        return False
    return Marker(condition).evaluate()


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _folders(paths: Paths) -> Iterator[Finding]:
    yield Finding(
        _("The course's folder, {folder}, can be written to", folder=paths.root),
        all(os.access(folder, os.W_OK) for folder in (paths.root, paths.work, paths.state) if folder.exists()),
        _("Copy the course to a folder of yours, and type ./lab there."),
    )
    free = shutil.disk_usage(paths.root).free
    yield Finding(
        _("Room on the disk: {n:.1f} GB free", n=free / 1e9), free >= _DISK, _("Free {n:.0f} GB.", n=_DISK / 1e9)
    )


def _programs(paths: Paths, kind: str | None) -> Iterator[Finding]:
    programs = [(name, *where, _which(name, paths)) for name, where in _PROGRAMS.items()]
    private = sys.platform == "linux" and os.geteuid() == 0 and kind in (None, "private")
    for name, package, needed, place in programs:
        advice = _("./lab brings it when it runs as root. By hand: apt-get install {package}", package=package)
        yield Finding(f"{name} ({place or package})", place is not None, advice, needed and private)


def _engines(paths: Paths, kind: str | None) -> Iterator[Finding]:
    try:
        from .engines import setup
    except ImportError:  # the Python packages are missing, which is said above
        return
    wanted = (kind,) if kind else setup.AUTOMATIC
    reasons = {name: setup.engine_of(paths, name).unavailable() for name in wanted}
    for name, why in reasons.items():
        what = _("engine of the kind {kind} can be had", kind=name)
        yield Finding(what, not why, why.replace("\n", " "), needed=all(reasons.values()))


def _which(name: str, paths: Paths) -> str | None:
    own = paths.state / "tools" / "usr" / "bin"  # where ./lab unpacks what it does not install
    return shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin:{own}")
