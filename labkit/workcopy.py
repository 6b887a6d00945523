"""The learner's own copy of the notebooks, in ``work/``.

What a learner changed is never written over: a new edition of a notebook takes the
place of an untouched copy, and stands beside a touched one under a dated name.
Which edition each copy was made from is kept in ``work/.editions.json``, so that the
knowledge stays with the copy.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from .engines.base import Paths
from .files import cannot_write, write

_PAGES = ("docs/glossary.md",)
"""What a learner gets besides the notebooks, which link it; the path is the same in ``work/``."""
_EDITIONS = ".editions.json"


@dataclass
class Layout:
    """What laying the notebooks out has done.

    Parameters
    ----------
    fresh: files that are now as the course has them: written, or replaced while untouched.
    beside: for each touched file with a new edition, the name that the new edition stands under.
    """

    fresh: list[Path] = field(default_factory=list)
    beside: dict[str, str] = field(default_factory=dict)


def lay_out(paths: Paths) -> Layout:
    """Bring ``work/`` up to date with ``notebooks/``, and keep all that a learner changed.

    Raises `LabError` when the folder cannot be written to.
    """
    layout = Layout()
    try:
        paths.work.mkdir(exist_ok=True)
        editions = _editions(paths.work)
        before = dict(editions)
        for name, source in sources(paths).items():
            _lay_out_one(name, source.read_bytes(), paths.work, editions, layout)
        if editions != before:
            _save(paths.work, editions)
    except OSError as error:
        raise cannot_write(error, paths.work) from error
    return layout


def sources(paths: Paths) -> dict[str, Path]:
    """The files of the course that a learner gets a copy of, by their path in ``work/``."""
    found = {file.name: file for file in sorted((paths.root / "notebooks").glob("*.ipynb"))}
    return found | {page: paths.root / page for page in _PAGES if (paths.root / page).is_file()}


def _lay_out_one(name: str, content: bytes, work: Path, editions: dict[str, str], layout: Layout) -> None:
    edition, copy = _digest(content), work / name
    copy.parent.mkdir(exist_ok=True)
    found = _digest(copy.read_bytes()) if copy.is_file() else None
    laid = editions.get(name)
    if found == edition or (laid == edition and found):
        editions[name] = edition
        return
    missing = found is None and not copy.is_symlink()
    if missing or (found and found == laid):
        write(copy, content)
        layout.fresh.append(copy)
    elif laid is not None:
        stand = _free(copy, datetime.now().strftime("new-%Y-%m-%d"))
        write(stand, content)
        layout.fresh.append(stand)
        layout.beside[name] = str(stand.relative_to(work))
    # A touched copy that no note is kept of is taken to be of this edition: there is no telling.
    editions[name] = edition


def put_back(paths: Paths, notebook: Path) -> str | None:
    """Give a notebook of the course its first state; a copy that was changed is kept under a dated name.

    Parameters
    ----------
    notebook: one of `notebooks`.

    Returns the name that the old copy has now; None where it was as new.
    Raises `LabError` when nothing can be written.
    """
    kept = None
    content, copy = notebook.read_bytes(), paths.work / notebook.name
    try:
        editions = _editions(paths.work)
        if is_changed(paths, notebook):
            old = _free(copy, datetime.now().strftime("%Y-%m-%d-%H%M"))
            copy.rename(old)
            kept = old.name
        write(copy, content)
        editions[notebook.name] = _digest(content)
        _save(paths.work, editions)
    except OSError as error:
        raise cannot_write(error, paths.work) from error
    return kept


def is_changed(paths: Paths, notebook: Path) -> bool:
    """Whether the learner's copy of a notebook is there and differs from the course's."""
    copy = paths.work / notebook.name
    return copy.is_file() and copy.read_bytes() != notebook.read_bytes()


def notebooks(paths: Paths) -> dict[str, Path]:
    """The course's notebooks by the number of their lab, such as ``02``."""
    return {name[:2]: file for name, file in sources(paths).items() if name[:2].isdigit()}


def _free(copy: Path, mark: str) -> Path:
    """A name like that of `copy`, with `mark` in it, that nothing has yet."""
    stand, n = copy.with_name(f"{copy.stem}-{mark}{copy.suffix}"), 2
    while stand.exists() or stand.is_symlink():
        stand, n = copy.with_name(f"{copy.stem}-{mark}-{n}{copy.suffix}"), n + 1
    return stand


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _editions(work: Path) -> dict[str, str]:
    try:
        found = json.loads((work / _EDITIONS).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return {k: v for k, v in found.items() if isinstance(v, str)} if isinstance(found, dict) else {}


def _save(work: Path, editions: dict[str, str]) -> None:
    write(work / _EDITIONS, json.dumps(editions, indent=1, sort_keys=True).encode())
