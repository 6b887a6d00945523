"""What the course is called, and where it lives on this machine."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import EngineError
from ..messages import _

LABEL = "docker-api-lab"
"""The label that everything made by the course carries; nothing else is ever changed."""

STUDENT = "student"
"""The name that a learner logs in to the private registry with."""


@dataclass(frozen=True)
class Paths:
    """Every place on this machine that the course uses.

    Parameters
    ----------
    root: the checkout: ``notebooks/``, ``lab``.
    work: the learner's own copy; all that JupyterLab shows.
    state: private (0700): Engine data, image cache, keys, Jupyter's own files.
    run: sockets and pid files; a short path, for a socket's path has at most 107 bytes.
    """

    root: Path
    work: Path
    state: Path
    run: Path

    @classmethod
    def of(cls, root: Path) -> Paths:
        """The places of the checkout at `root`; two checkouts never share one."""
        root = root.resolve()
        name = hashlib.sha256(os.fsencode(root)).hexdigest()[:8]
        if os.geteuid() == 0:
            run = Path("/run/docker-api-lab")
        else:
            run = Path(os.environ.get("XDG_RUNTIME_DIR") or _temporary()) / f"docker-api-lab-{os.geteuid()}"
        return cls(root=root, work=root / "work", state=root / ".lab", run=run / name)

    @classmethod
    def find(cls) -> Paths:
        """The places of this course: ``LABKIT_ROOT``, or the checkout above the working directory.

        Raises `EngineError` when there is none.
        """
        given = os.environ.get("LABKIT_ROOT")
        here = Path(given) if given else Path.cwd()
        for folder in [here, *here.resolve().parents]:
            if (folder / "notebooks" / "src").is_dir() and (folder / "labkit").is_dir():
                return cls.of(folder)
        raise EngineError(
            _("The course's folder was not found from here."),
            _("Start with ./lab in the folder of the course, or set LABKIT_ROOT to that folder."),
        )

    @property
    def instance(self) -> str:
        """A name for what this checkout makes on the machine, such as ``1f0c9a2b``."""
        return self.run.name

    @property
    def record(self) -> Path:
        """The file that says which Engine runs."""
        return self.state / "engine.json"


def _temporary() -> str:
    import tempfile  # most machines have the other place

    return tempfile.gettempdir()
