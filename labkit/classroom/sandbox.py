"""Run a notebook that somebody else wrote, and say which exercises it did.

Its code runs with a practice engine of its own, without a network, as a user without
rights, in limits of time, memory, disk and processes.  The checks run in another process,
which the notebook cannot reach.  Everything is gone afterwards.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import LabError
from ..exercises.journal import Entry
from ..exercises.standing import Standing, standings
from ..messages import _
from .jail import PACKAGE

SECONDS = 300
"""For a whole notebook."""
CELL_SECONDS = 60
"""For a cell; it is interrupted then, and the next one runs."""
_LARGEST = 4_000_000
_FIRST_USER = 2_000_000_000
_USERS = 100_000


@dataclass(frozen=True)
class Outcome:
    """What came of running a notebook.

    Parameters
    ----------
    standings: by exercise, as the examiner saw it.
    findings: of each exercise, what the last check that failed expected, found, and where.
    executed: the notebook with its outputs, as text; empty when there is none.  Made by what was run: not believed.
    stopped: ``time`` or ``memory`` when it was ended; else empty.
    """

    standings: Mapping[str, Standing]
    findings: Mapping[str, tuple[str, str, str]]
    executed: str
    stopped: str


def unavailable() -> str:
    """Return why notebooks cannot be run safely on this machine, and what to do; empty when they can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return _("Running what students wrote needs Linux and root, to take all rights from it: type sudo before it.")
    lacking = [name for name in ("unshare", "mount") if not shutil.which(name)]
    if lacking:
        return _(
            "These programs are missing: {names}. Debian has them in util-linux and mount.", names=", ".join(lacking)
        )
    return ""


def run(
    notebook: str, lab: str, seed: str = "", *, seconds: int = SECONDS, cell_seconds: int = CELL_SECONDS
) -> Outcome:
    """Run a notebook in a place of its own.

    Parameters
    ----------
    notebook: its text, as nbformat writes it.
    lab: two digits, such as ``02``.
    seed: that the names and ports of the student are drawn from; a fresh one when empty.
    seconds, cell_seconds: for the whole notebook, and for each cell.

    Raises `LabError` where it cannot be run safely, and when the place could not be made.
    """
    if why := unavailable():
        raise LabError(why)
    if len(notebook) > _LARGEST:
        return Outcome({}, {}, "", "size")
    base = Path(tempfile.mkdtemp(prefix="lab-grade-", dir="/tmp"))  # short: sockets lie below
    base.chmod(0o755)
    order = {
        "notebook": notebook,
        "lab": lab,
        "seed": seed or secrets.token_hex(8),
        "seconds": seconds,
        "cell_seconds": cell_seconds,
        "base": str(base),
        "users": _FIRST_USER + secrets.randbelow(_USERS) * 3,
    }
    own = ["unshare", "--mount", "--net", "--pid", "--ipc", "--fork", "--kill-child", "--mount-proc", "--"]
    environment = {"PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), "PYTHONPATH": str(PACKAGE.parent)}
    if debug := os.environ.get("LABKIT_GRADE_DEBUG"):
        environment["LABKIT_GRADE_DEBUG"] = debug
    try:
        done = subprocess.run(
            [*own, sys.executable, "-m", "labkit.classroom.supervise"], input=json.dumps(order),
            capture_output=not debug, stdout=subprocess.PIPE if debug else None,
            text=True, env=environment, timeout=seconds + 120,
        )  # fmt: skip
        found = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError) as error:
        raise LabError(
            _("The notebook could not be run."),
            _("With LABKIT_GRADE_DEBUG=1 in the environment, it is said why."),
        ) from error
    finally:
        shutil.rmtree(base, ignore_errors=True)
    entries: list[Entry] = found["entries"]
    findings = {}
    for entry in entries:
        if "finding" in entry:
            expected, saw, where = entry["finding"]
            findings[entry["id"]] = (expected, saw, where)
    stopped = next((said for said in found["said"] if said in ("time", "memory")), "")
    return Outcome(standings(entries), findings, found["notebook"], stopped)
