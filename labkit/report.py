"""``./lab report``: one file that says what a learner has done, and can be checked.

The report is plain JSON.  It holds the learner's journal as a chain, in which each
entry carries a digest over itself and the one before, and an Ed25519 signature over
all of it (`labkit.seal`).  The key lies in the learner's private folder; its public half
is in the report, so that anybody can see whether a report was changed after it was made.
"""

from __future__ import annotations

import json
import os
import re
import socket
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from . import __version__, files, seal
from .engines.base import EngineRecord, Paths
from .errors import LabError
from .exercises.draw import Draw
from .exercises.journal import Entry, Journal, key
from .exercises.record import everything
from .exercises.standing import Standing, standings
from .messages import _
from .reportpage import name_of, page, table
from .safe import harmless
from .seed import learner_seed

FORMAT = 1
_LARGEST = 20 * 1024 * 1024
_SECRET_NAMES = re.compile("TOKEN|SECRET|PASSWORD|PASSWD|KEY|AUTH|CREDENTIAL", re.IGNORECASE)

PROVES = _(
    "It proves that this report is as labkit wrote it: each check, hint and solution in it was noted by the course "
    "when it happened, and nothing was changed, cut or added afterwards by anyone without the key."
)
PROVES_NOT = _(
    "It does not prove who sat at the keyboard, nor that the one who owns the machine did not cheat: whoever can read "
    "the key in the folder .lab can sign anything. The name is as it was typed."
)


@dataclass(frozen=True)
class Verified:
    """What came of looking at a report.

    Parameters
    ----------
    good: it is as labkit wrote it.
    sentences: what was found.
    """

    good: bool
    sentences: tuple[str, ...]


def make(paths: Paths, who: str = "") -> dict[str, Any]:
    """Return the report of this copy's learner, signed.

    Parameters
    ----------
    who: as typed; may be empty.

    Raises `LabError` when the key or the journal cannot be read.
    """
    try:
        secret = key(paths.state)
    except (OSError, ValueError) as error:
        raise LabError(
            _("The learner's key cannot be read: {why}.", why=error), _("Is the folder .lab readable?")
        ) from error
    entries, said = Journal(paths.state, paths.work).read()
    scrub = Scrubber(paths)
    clean = [scrub(entry) for entry in entries]
    report = {
        "format": FORMAT,
        "course": __version__,
        "who": harmless(who)[:200],
        "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "engine": _engine(paths),
        "seed": Draw(learner_seed(paths), "").fingerprint,
        "exercises": _table(clean),
        "journal": seal.chained(clean),
        "notes": [scrub(said)] if said else [],
        "proves": [PROVES, PROVES_NOT],
    }
    return seal.sealed(report, secret)


def write(paths: Paths, who: str, folder: Path) -> tuple[dict[str, Any], tuple[Path, Path]]:
    """Write the report and its page into a folder; return it and both files.  Raises `LabError`."""
    report = make(paths, who)
    written = folder / "lab-report.json", folder / "lab-report.html"
    try:
        for file, text in zip(written, (json.dumps(report, indent=1, ensure_ascii=False), page(report))):
            files.write(file, text)
    except OSError as error:
        raise LabError(
            _("The report cannot be written: {why}.", why=error.strerror),
            _("Is the disk full, or the folder read-only?"),
        ) from error
    return report, written


def command(who: str, verified: str | None) -> int:
    """Do what ``./lab report`` does; return its exit code: 1 for a report that does not hold.

    Parameters
    ----------
    who: as typed.
    verified: a report to look at, instead of writing one.

    Raises `LabError`.
    """
    paths = Paths.find()
    if verified is not None:
        found = verify(Path(verified), paths)
        print("\n".join(map(harmless, found.sentences)))
        return 0 if found.good else 1
    report, written = write(paths, who, Path.cwd())
    print(table(report))
    print("\n".join([*report["notes"], *report["proves"]]))
    print(_("Written: {files}", files=", ".join(harmless(str(file)) for file in written)))
    return 0


def verify(file: Path, paths: Paths | None = None) -> Verified:
    """Look whether a report is as labkit wrote it.

    Parameters
    ----------
    paths: of this copy of the course, to say whether the report is its own.

    Raises `LabError` for a file that cannot be read or is no report.
    """
    report = _load(file)
    found = seal.problem(report)
    if found == seal.CHANGED:
        return Verified(False, (_("This report was changed after it was made: its signature does not fit."),))
    if found == seal.DISAGREES:
        return Verified(False, (_("The table of this report does not agree with its journal."),))
    public = bytes.fromhex(report["key"])
    said = _("This report is as it was written. Key {key}.", key=name_of(public))
    return Verified(True, (said, _whose(public, paths), *_remarks(report), PROVES, PROVES_NOT))


def _remarks(report: dict[str, Any]) -> tuple[str, ...]:
    """Say what is unusual in a report that holds."""
    said = []
    if (course := str(report.get("course"))) != __version__:
        said.append(
            _("It was written by version {theirs} of the course; this is {ours}.", theirs=course, ours=__version__)
        )
    if foreign := other_seed(report):
        said.append(foreign)
    return tuple(said)


def other_seed(report: dict[str, Any]) -> str:
    """Say what was passed with what another seed than the report's had drawn; empty where nothing was."""
    passed = {str(e.get("id")): e.get("seed") for e in report["journal"] if e.get("state") == "passed"}
    foreign = [id for id, seed in passed.items() if seed not in (None, report.get("seed"))]
    if not foreign:
        return ""
    return _(
        "With the names and secrets of another seed than this report's were passed: {ids}.", ids=", ".join(foreign)
    )


def _engine(paths: Paths) -> dict[str, str]:
    try:
        record = EngineRecord.load(paths.record)
    except LabError:
        return {}  # none runs; each check in the journal names its own
    return {"kind": record.kind, "version": record.version, "api": record.api_version}


def _table(entries: list[Entry]) -> list[dict[str, Any]]:
    found = standings(entries)
    rows = []
    for exercise in everything():
        standing = found.get(exercise.id, Standing())
        fields = asdict(standing)
        fields["solution_shown"] = fields.pop("solved")
        fields["evidence"] = [list(pair) for pair in standing.evidence]
        title = re.sub(r"\{[^}]*\}", "…", exercise.title)
        rows.append({"id": exercise.id, "title": title, "kind": exercise.kind.value, "state": standing.state, **fields})
    return rows


def _load(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > _LARGEST:
            raise LabError(_("{name} is too large for a report.", name=file.name))
        report = json.loads(file.read_bytes())
    except OSError as error:
        raise LabError(_("{name} cannot be read: {why}.", name=file.name, why=error.strerror)) from error
    except (ValueError, RecursionError):
        report = None
    if not isinstance(report, dict) or not isinstance(report.get("format"), int):
        raise LabError(_("{name} is not a report of the course.", name=file.name), _("Give the file lab-report.json."))
    if report["format"] > FORMAT:
        raise LabError(
            _("{name} was written by a newer version of the course.", name=file.name), _("Verify it with that one.")
        )
    return report


def _whose(public: bytes, paths: Paths | None) -> str:
    try:
        own = paths is not None and (paths.state / "key").exists() and seal.public(key(paths.state)) == public
    except (OSError, ValueError):
        own = False
    if own:
        return _("It was made by this copy of the course.")
    return _("It was made by another copy of the course: compare the key with one that you know is the learner's.")


class Scrubber:
    """Takes out of a journal what is nobody's business: paths, the host's name, secrets of the environment."""

    def __init__(self, paths: Paths) -> None:
        places = {str(p) for p in (paths.work, paths.state, paths.root, paths.run, Path.home())}
        places |= {os.path.realpath(place) for place in places}
        hidden = {place: "…" for place in places if len(place) > 1}
        for name, value in os.environ.items():
            if _SECRET_NAMES.search(name) and len(value) >= 8:
                hidden[value] = "…"
        self._hidden = sorted(hidden.items(), key=lambda pair: -len(pair[0]))
        host = socket.gethostname()
        self._host = re.compile(rf"(?<![\w-]){re.escape(host)}(?![\w-])") if len(host) > 2 else None

    def __call__(self, value: Any) -> Any:
        """Return `value` with all its texts scrubbed."""
        if isinstance(value, str):
            for text, instead in self._hidden:
                value = value.replace(text, instead)
            return self._host.sub("…", value) if self._host else value
        if isinstance(value, dict):
            return {name: self(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self(item) for item in value]
        return value
