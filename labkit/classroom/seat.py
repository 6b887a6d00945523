"""A learner's seat at a Jupyter that somebody else starts: a hub, Binder, a container.

``python -m labkit.classroom.seat COMMAND`` lays the notebooks out, starts the engine, says in
files and in the environment how JupyterLab is to look, and becomes the command.  `./lab` does
the same for a JupyterLab of the course's own.

Sources: https://jupyter.readthedocs.io/en/latest/use/jupyter-directories.html,
https://jupyterlab.readthedocs.io/en/stable/user/directories.html
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence

from .. import messages, terminal
from ..engines import setup
from ..engines.base import Paths
from ..errors import LabError
from ..files import write
from ..jupyter import Jupyter
from ..messages import _
from ..workcopy import lay_out
from . import command

KIND = "LABKIT_ENGINE"
"""The variable that names the kind of engine; without it, the practice engine, which needs nothing."""


def prepare(paths: Paths, kind: str) -> None:
    """Lay the notebooks out, say how JupyterLab is to look, and start the engine.

    Parameters
    ----------
    kind: of engine, as `labkit.engines.setup.engine_of` takes it.

    Raises `LabError` or `OSError`; without an engine, the rest is there all the same.
    """
    lab = Jupyter(paths)
    for folder in (paths.state, lab.folder, lab.runtime, lab.folder / "config", lab.folder / "settings"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lab.trust(lay_out(paths).fresh)
    write(lab.folder / "config" / "jupyter_server_config.json", json.dumps(lab.surface(), indent=1))
    _first_layout(lab)
    folder = lab.folder / "bin"
    folder.mkdir(mode=0o700, exist_ok=True)
    write(folder / command.NAME, command.SCRIPT, mode=0o700)
    record = setup.start(paths, kind, lambda said, _share: print(said, file=sys.stderr))
    lab.equip(record)


def _first_layout(lab: Jupyter) -> None:
    """Open lab 1 and a terminal at the first start; who has a layout finds that again."""
    from jupyterlab_server.workspaces_handler import WorkspacesManager

    if first := lab.first_page():
        lab.workspaces.mkdir(mode=0o700, parents=True, exist_ok=True)
        WorkspacesManager(str(lab.workspaces)).save("default", json.dumps(terminal.workspace(first)))


def _environment(lab: Jupyter) -> dict[str, str]:
    """Return what the server, its kernels and terminals need in their environment."""
    search = f"{lab.folder / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {**lab.environment(), "PATH": search, "LABKIT_PYTHON": sys.executable, messages.TYPED: command.NAME}


def main(words: Sequence[str] | None = None) -> None:
    """Prepare the seat, and become the command that the words say."""
    words = sys.argv[1:] if words is None else words
    paths = Paths.find()
    os.environ.update(_environment(Jupyter(paths)))
    try:
        prepare(paths, os.environ.get(KIND, "practice"))
    except (LabError, OSError) as error:
        # Without an engine the notebooks can still be read, and ./lab in the terminal says more.
        print(_("The engine did not start: {why}", why=error), file=sys.stderr)
    if words:
        os.execvp(words[0], list(words))


if __name__ == "__main__":
    main()
