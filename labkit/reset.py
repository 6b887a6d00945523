"""``./lab reset``: a lab as it was at first.  What will go is said before anything goes."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from . import workcopy
from .cleanup import Thing, find, remove
from .engines import setup
from .engines.base import EngineRecord, Paths
from .errors import LabError, UnknownExercise
from .exercises.draw import Draw
from .exercises.stage import forget
from .messages import _
from .safe import harmless
from .seed import learner_seed
from .session import Session


def reset(number: str | None, *, yes: bool) -> int:
    """Take a lab back to its start; return 0, or 1 where the learner said no.

    Parameters
    ----------
    number: of the lab: ``2`` and ``02`` are the same; None for all.
    yes: do not ask.

    On the engine, only what carries the lab's label or a name drawn for this learner goes.
    Raises `UnknownExercise` for a lab that there is none of, `LabError`.
    """
    paths = Paths.find()
    notebooks = _chosen(workcopy.notebooks(paths), number)
    record = setup.status(paths)
    session = Session(record.endpoint) if record else None
    things = list(_things(session, record, paths, notebooks)) if session and record else []
    changed = [notebook.name for notebook in notebooks.values() if workcopy.is_changed(paths, notebook)]
    if session is None:
        print(_("The engine does not run, so only notebooks are reset."))
    for thing in things:
        print(_("goes from the engine: {kind} {name}", kind=thing.kind, name=harmless(thing.name)))
    for name in changed:
        print(_("gets its first state: {name} (yours is kept under a dated name)", name=name))
    if not (things or changed):
        print(_("There is nothing to reset."))
    elif not (yes or _agreed()):
        print(_("Nothing was changed."))
        return 1
    if session is not None:
        _report(remove(session, things))
        session.close()
        for lab in notebooks:
            forget(paths.state, lab)  # the starting states of its exercises went with the rest
    for notebook in notebooks.values():
        if old := workcopy.put_back(paths, notebook):
            print(_("{name} is as at first; yours is now {old}", name=notebook.name, old=old))
    return 0


def _chosen(known: dict[str, Path], number: str | None) -> dict[str, Path]:
    if number is None:
        return known
    padded = number.strip().zfill(2)
    if padded not in known:
        raise UnknownExercise(number, known)
    return {padded: known[padded]}


def _things(session: Session, record: EngineRecord, paths: Paths, labs: Iterable[str]) -> Iterable[Thing]:
    seed, seen = learner_seed(paths), set()
    for lab in labs:
        drawn = None if record.shared else Draw(seed, lab, record.ports).drew
        for thing in find(session, lab, drawn):
            if thing not in seen:  # a name that is drawn may carry another lab's label
                seen.add(thing)
                yield thing


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise LabError(_("Nothing was changed: nobody is there to ask."), _("Add --yes to go ahead."))
    return input(_("Go ahead? [y/N] ")).strip().lower() in (_("y"), _("yes"))


def _report(removed: list[tuple[Thing, int]]) -> None:
    for thing, status in removed:
        if status >= 400 and status != 404:
            raise LabError(
                _(
                    "The engine kept {kind} {name}: status {status}.",
                    kind=thing.kind,
                    name=harmless(thing.name),
                    status=status,
                ),
                _("Is something else using it? ./lab stop, then ./lab, then reset again."),
            )
