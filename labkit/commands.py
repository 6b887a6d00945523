"""What ``./lab start``, ``status``, ``stop`` and ``engine`` do."""

from __future__ import annotations

import os
import shutil
import sys
import webbrowser
from collections.abc import Sequence

from .engines import packages, setup
from .engines.base import Paths
from .errors import LabError
from .jupyter import Jupyter
from .messages import _
from .processes import find
from .progress import Progress
from .workcopy import lay_out

_PROGRAMS = {"curl": "curl", "ps": "procps"}
"""Programs that the learner's curl lines and the Engine's ``top`` run, and their Debian packages."""


def start(kind: str | None, *, browser: bool, jupyter: Sequence[str]) -> int:
    """Bring up JupyterLab and the engine side by side, and print the URL.

    Parameters
    ----------
    kind: of engine; None takes the one in use, or the first that can be had.
    browser: open the URL where there is a desktop.
    jupyter: further options for ``jupyter lab``.

    Raises `LabError`; a JupyterLab that this call began is ended then.
    """
    paths = Paths.find()
    if kind:
        setup.engine_of(paths, kind)  # a kind that there is not is said before anything is begun
    lab = Jupyter(paths)
    layout = lay_out(paths)
    for name, stand in layout.beside.items():
        say(_("{name} has a new edition. Yours is as you left it; the new one is {stand}.", name=name, stand=stand))
    ran = lab.running() is not None
    with Progress() as progress:
        for sentence in lab.begin(jupyter):
            progress(sentence)
        if not ran:
            progress(_("Starting JupyterLab and the engine"))
        try:
            lab.trust(layout.fresh)
            _bring_programs(progress)
            record = setup.start(paths, kind, progress)
            if not ran:
                progress(_("Waiting for JupyterLab"))
            server = lab.arrange(lab.wait(), record)
        except (LabError, OSError):
            if not ran:
                lab.stop()
            raise
    print(server.url, flush=True)
    say(_("It goes on running when this terminal is closed. To stop it: ./lab stop"))
    if browser and has_desktop():
        webbrowser.open(server.url)
    return 0


def _bring_programs(progress: Progress) -> None:
    """Install what steps of the labs need and a small Debian lacks; without it the others still work."""
    lacking = [package for program, package in _PROGRAMS.items() if not shutil.which(program)]
    if not lacking:
        return
    if os.geteuid() == 0 and packages.can_install():
        try:
            packages.install(lacking, progress)
            return
        except LabError as error:
            progress(error.message)
    names = " ".join(lacking)
    progress(_("Some steps of the labs will fail without {names}. Type, as root: apt-get install {names}", names=names))


def has_desktop() -> bool:
    """Whether a browser would open a window here, and not take over the terminal."""
    if os.environ.get("SSH_CONNECTION") or os.geteuid() == 0:
        return False  # browsers refuse to run as root
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def status() -> int:
    """Print what runs, and where; return 0."""
    paths = Paths.find()
    print(f"JupyterLab  {_jupyter_line(Jupyter(paths))}")
    print(f"engine      {_engine_line(paths)}")
    print(f"notebooks   {paths.work}")
    return 0


def _jupyter_line(lab: Jupyter) -> str:
    if server := lab.running():
        return server.url
    return _("is starting") if lab.is_begun() else _("does not run")


def _engine_line(paths: Paths) -> str:
    record = setup.status(paths)
    if record is None:
        return _("was not started to its end; type ./lab") if _is_engine_begun(paths) else _("does not run")
    return _(
        "{kind}: Docker {version}, API {api}, {endpoint}",
        kind=record.kind,
        version=record.version,
        api=record.api_version,
        endpoint=record.endpoint,
    )


def stop() -> int:
    """Stop JupyterLab and the engine; return 0."""
    paths = Paths.find()
    with Progress() as progress:
        progress(_("Stopping JupyterLab"))
        Jupyter(paths).stop()
        progress(_("Stopping the engine"))
        setup.stop(paths, progress)
    say(_("Nothing of the course runs any more. Your notebooks are in {folder}.", folder=paths.work))
    return 0


def what_goes_on() -> str:
    """One sentence on what runs now, and how to stop it."""
    paths = Paths.find()
    runs = [_("JupyterLab")] if Jupyter(paths).is_begun() else []
    runs += [_("the engine")] if setup.status(paths) or _is_engine_begun(paths) else []
    if not runs:
        return _("Stopped. Nothing of the course runs; ./lab starts it.")
    if len(runs) == 1:
        return _("{what} goes on running. To stop it: ./lab stop", what=runs[0])
    return _("{one} and {two} go on running. To stop them: ./lab stop", one=runs[0], two=runs[1])


def _is_engine_begun(paths: Paths) -> bool:
    """Whether the process that holds this checkout's engine is there, be the start done or not."""
    root = str(paths.root)
    return bool(find(lambda words: words[3:4] != [] and words[3].endswith("engines/boot.py") and root in words))


def engine(action: str, kind: str | None) -> int:
    """Start, stop or show the engine alone, or list the kinds of engine; return 0."""
    paths = Paths.find()
    if action == "list":
        for name in setup.KINDS:
            why = setup.engine_of(paths, name).unavailable().replace("\n", " ")
            print(f"{name:<10}  {why or _('can be had here')}")
        return 0
    with Progress() as progress:
        if action == "start":
            setup.start(paths, kind, progress)
        elif action == "stop":
            setup.stop(paths, progress)
    print(_engine_line(paths))
    return 0


def say(text: str) -> None:
    """Tell the learner something that is not a result."""
    print(text, file=sys.stderr, flush=True)
