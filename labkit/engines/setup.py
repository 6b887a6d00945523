"""Everything that a lab needs of an engine: chosen, started, filled, and written down.

``python -m labkit.engines.setup`` does it for the course that ``LABKIT_ROOT`` names.
"""

from __future__ import annotations

import contextlib
import sys
from dataclasses import replace

from ..errors import EngineError, LabError
from ..messages import _
from ..session import Session
from . import images
from .base import Engine, EngineRecord, Paths, Progress, RegistryEngine, quiet
from .container import Container
from .host import Host
from .podman import Podman
from .practice.kind import PracticeEngine
from .private import Private

KINDS: dict[str, type[Engine]] = {
    "private": Private,
    "container": Container,
    "podman": Podman,
    "practice": PracticeEngine,
    "host": Host,
}
"""All kinds of engine."""

AUTOMATIC = ("private", "container", "podman", "practice")
"""Those that are tried when none is named, in this order.  The last one runs everywhere."""


def engine_of(paths: Paths, kind: str) -> Engine:
    """The engine of a kind.

    Parameters
    ----------
    kind: one of `KINDS`; ``host=ADDRESS`` for a Docker on another machine.

    Raises `EngineError` for a kind that there is not.
    """
    name, _equals, address = kind.partition("=")
    if name not in KINDS or (address and name != "host"):
        raise EngineError(
            _("There is no engine of the kind {kind!r}.", kind=kind), _("Known: {kinds}.", kinds=", ".join(KINDS))
        )
    return Host(paths, address) if address else KINDS[name](paths)


def start(paths: Paths, kind: str | None = None, progress: Progress = quiet) -> EngineRecord:
    """Start the engine, its images and its registry, and write the record down.

    Parameters
    ----------
    kind: as `engine_of` takes it; None takes the one that runs, or the first that this machine can have and starts.
    progress: told what is being done, what was healed, and which kind did not start.

    Raises `EngineError`.
    """
    if kind:
        return _start(paths, engine_of(paths, kind), progress)
    if running := status(paths):
        return _start(paths, engine_of(paths, running.kind), progress)
    *others, last = AUTOMATIC
    for name in others:
        found = engine_of(paths, name)
        if found.unavailable():
            continue
        try:
            return _start(paths, found, progress)
        except EngineError as error:
            said = error.message.rstrip(".")
            progress(_("The {kind} engine did not start: {said}. Another kind is tried.", kind=name, said=said), None)
            _sweep(found)
    return _start(paths, engine_of(paths, last), progress)


def _sweep(engine: Engine) -> None:
    """Take away what an engine left that did not start."""
    with contextlib.suppress(LabError, OSError):
        engine.stop(quiet)


def _start(paths: Paths, chosen: Engine, progress: Progress) -> EngineRecord:
    _end_other(paths, chosen.kind, progress)
    record = chosen.start(progress)
    if isinstance(chosen, RegistryEngine):
        registry = chosen.start_registry(progress)
        chosen.fill_mirror(progress)
        record = replace(record, registry=registry)
    with contextlib.closing(Session(record.endpoint)) as session:
        if record.registry:
            images.load(session, progress)
        else:
            images.load_anyhow(session, paths, progress)
    record.save(paths.record)
    return record


def _end_other(paths: Paths, kind: str, progress: Progress) -> None:
    """Stop an engine of another kind: a course has one at a time."""
    try:
        other = EngineRecord.load(paths.record).kind
    except EngineError:
        return
    if other != kind:
        progress(_("Stopping the {kind} engine", kind=other), None)
        stop(paths, progress)


def stop(paths: Paths, progress: Progress = quiet) -> None:
    """Stop whatever engine the record names, and what it left."""
    engine_of(paths, _kind(paths)).stop(progress)
    paths.record.unlink(missing_ok=True)


def _kind(paths: Paths) -> str:
    try:
        return EngineRecord.load(paths.record).kind
    except EngineError:
        return next(iter(KINDS))


def status(paths: Paths) -> EngineRecord | None:
    """The record of the engine that runs now; None when none does."""
    try:
        record = EngineRecord.load(paths.record)
    except EngineError:
        return None
    return record if engine_of(paths, record.kind).running() else None


def main() -> None:
    """Start everything for the course that ``LABKIT_ROOT`` names, and say where it is."""
    try:
        record = start(Paths.find(), progress=lambda said, _share: print(said, file=sys.stderr))
    except LabError as error:
        sys.exit(str(error))
    print(record.endpoint)


if __name__ == "__main__":
    main()
