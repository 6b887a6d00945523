"""Programs and files out of Debian's packages, by way of the machine's own apt.

Sources: apt-get(8), dpkg-deb(1), ld.so(8).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ..errors import EngineError
from ..messages import _
from .base import Paths, Progress
from .policy import no_services

_QUIET = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}


def can_install() -> bool:
    """Whether this machine has apt and dpkg."""
    return bool(shutil.which("apt-get") and shutil.which("dpkg-deb"))


def _run(argv: Sequence[str], folder: Path | None = None) -> str:
    done = subprocess.run(
        argv,
        cwd=folder,
        env={**os.environ, **_QUIET},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("E:")]
        raise subprocess.CalledProcessError(done.returncode, argv, stderr=said[-1] if said else done.stderr.strip())
    return done.stdout


def _with_lists(argv: Sequence[str], progress: Progress, folder: Path | None = None) -> None:
    """Run apt-get; when it fails, once more with fresh package lists."""
    try:
        _run(argv, folder)
    except subprocess.CalledProcessError:
        progress(_("Reading the lists of packages (apt-get update)"), None)
        try:
            _run(["apt-get", "-q", "update"])
            _run(argv, folder)
        except subprocess.CalledProcessError as error:
            raise EngineError(
                _("Debian's packages could not be had: {why}", why=error.stderr),
                _("Is the machine online? Try: apt-get update"),
            ) from error


def install(names: Sequence[str], progress: Progress) -> None:
    """Install packages with apt-get, after saying so.  Raises `EngineError`."""
    command = ["apt-get", "install", "-y", "--no-install-recommends", *names]
    progress(_("Installing with apt: {command}", command=" ".join(command)), None)
    with no_services():
        _with_lists(command, progress)


def download(names: Sequence[str], folder: Path, progress: Progress) -> list[Path]:
    """Fetch packages into a folder, without installing them, and return their files."""
    folder.mkdir(parents=True, exist_ok=True)
    before = set(folder.glob("*.deb"))
    _with_lists(["apt-get", "-q", "download", *names], progress, folder)
    return sorted(set(folder.glob("*.deb")) - before)


def depends(deb: Path) -> list[str]:
    """The libraries that a package names as its dependencies."""
    said = _run(["dpkg-deb", "--field", str(deb), "Depends", "Pre-Depends"])
    names = []
    for line in said.splitlines():
        for item in line.partition(":")[2].split(","):
            name = item.split("|")[0].strip().split(" ")[0].split(":")[0]
            if re.match(r"lib|zlib|lua-|python3\.\d+-minimal", name):
                names.append(name)
    return names


def unpack(names: Sequence[str], folder: Path, progress: Progress, *, libraries: bool) -> None:
    """Fetch packages, with the libraries that they depend on or without, and unpack them into a folder."""
    debs = folder.with_name(folder.name + ".debs")
    shutil.rmtree(debs, ignore_errors=True)
    seen: set[str] = set()
    wanted = list(names)
    while wanted:
        seen.update(wanted)
        new = download(wanted, debs, progress)
        for deb in new:
            _run(["dpkg-deb", "-x", str(deb), str(folder)])
        found = {name for deb in new for name in depends(deb)} if libraries else set()
        wanted = sorted(found - seen)
    shutil.rmtree(debs)


def unpack_registry(paths: Paths, progress: Progress) -> str:
    """Unpack Debian's docker-registry into ``.lab/tools`` and return the program."""
    if not can_install():
        raise EngineError(
            _("The lab registry needs the program docker-registry."), _("Install the package docker-registry.")
        )
    progress(_("Fetching the lab registry"), None)
    tools = paths.state / "tools"
    unpack(["docker-registry"], tools, progress, libraries=False)
    return str(tools / "usr" / "bin" / "docker-registry")
