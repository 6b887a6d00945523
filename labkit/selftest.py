"""``./lab test``: all that CI checks, in one run of pytest, so that its last line tells it all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .engines import packages
from .engines.base import Paths
from .engines.private import Private
from .messages import _
from .progress import Progress

PACKAGES = (
    "docker.io",
    "docker-registry",
    "iproute2",
    "procps",
    "podman",
    "chromium",
    "libatomic1",  # of the program by which Playwright drives Chromium
    "curl",
    "zsh",
    "git",
)
"""Debian packages that the tests use; no service of theirs is started."""
PACKAGES_ALL = ("debootstrap",)
"""Further ones that the soaks use."""
PROCESSES = ("--numprocesses=3", "--dist=loadfile", "--no-loadscope-reorder")
"""Two cores wait for engines and browsers most of the time.  Who stays with whom, and the order: tests/conftest.py."""


def selftest(arguments: Sequence[str], *, everything: bool = False) -> int:
    """Install what the tests need, then run them; return pytest's exit code.

    Parameters
    ----------
    arguments: handed on to pytest.
    everything: soaks, fuzzing and repeats as well.

    Where packages are missing and cannot be installed, the rest is run, and the end says what was not.
    """
    paths = Paths.find()
    needed = (*PACKAGES, *PACKAGES_ALL) if everything else PACKAGES
    if lacking := missing(needed):
        if os.geteuid() == 0 and packages.can_install():
            with Progress() as progress:
                packages.install(lacking, progress)
        else:
            wanted = f"apt-get install --no-install-recommends {' '.join(lacking)}"
            said = _(
                "Not everything can be tested here; the end says what was not. For all of it, type as root: {command}",
                command=wanted,
            )
            print(said, file=sys.stderr, flush=True)
    environment = {**os.environ, "LABKIT_ROOT": str(paths.root)}
    return subprocess.run(
        command(paths.root, arguments, everything=everything), cwd=paths.root, env=environment
    ).returncode


def missing(wanted: Sequence[str]) -> list[str]:
    """Return those of the Debian packages that are not installed."""
    if not shutil.which("dpkg-query"):
        return list(wanted)
    ask = ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n", *wanted]
    said = subprocess.run(ask, capture_output=True, text=True).stdout.splitlines()
    return [name for name in wanted if f"{name} installed" not in said]


def command(root: Path, arguments: Sequence[str] = (), *, everything: bool = False) -> list[str]:
    """Return the command that runs the tests of the checkout at `root`, notebooks included.

    Files among the arguments are run in the place of all, one after the other; all, in three processes.  The stored
    outputs are those of a real engine: where none can be started, a test runs the notebooks on the practice engine.
    """
    chosen = [word for word in arguments if (root / word.partition("::")[0]).exists()]
    files = chosen or ["tests", *(notebooks(root) if real(root) else [])]
    if any(".ipynb" in file for file in chosen):
        # Named alone, notebooks lie in no folder with a conftest.py, and nothing would start their engine.
        files = [*chosen, "tests/conftest.py"]
    nbval = ["--nbval", "--nbval-current-env", "--nbval-cell-timeout=120"]
    nbval += ["--nbval-sanitize-with=tests/nbval-sanitize.cfg"]
    return [
        *(sys.executable, "-m", "pytest"),
        *(nbval if any(".ipynb" in file for file in files) else []),
        *([] if chosen else PROCESSES),
        *([] if everything else ["-m", "not slow"]),
        *files,
        *(word for word in arguments if word not in chosen),
    ]


def real(root: Path) -> bool:
    """Whether the tests can have a Docker of their own here."""
    return not Private(Paths.of(root)).unavailable()


def notebooks(root: Path) -> list[str]:
    """The notebooks whose outputs are compared, learner's and solved, as paths from `root`."""
    folders = (root / "notebooks", root / "notebooks" / "solved")
    return [str(file.relative_to(root)) for folder in folders for file in sorted(folder.glob("*.ipynb"))]
