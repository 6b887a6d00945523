"""The starting state of an exercise: made before, and cleared away after."""

from __future__ import annotations

import contextlib
import io
import json
import tarfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from .. import api
from ..cleanup import Thing, remove
from ..engines.base import LABEL
from ..errors import LabError
from ..exchange import Exchange
from ..files import write
from ..messages import _
from ..model import Endpoint
from ..session import Session
from . import daemonsteps
from .facts import Fault, dig
from .fill import Fill
from .probe import seconds
from .record import Call, Exercise, drawn

_CREATES = ("/containers/create", "/networks/create", "/volumes/create")


@dataclass(frozen=True)
class Start:
    """What is remembered of a setup.

    Parameters
    ----------
    since: when it was done, in seconds since 1970 by the engine's clock; 0 without a setup.
    offset: how far the engine's clock is ahead of this machine's, in seconds.
    kept: ids that calls of the setup were answered.
    baseline: how the untouched state reads; None when the learner had begun before.
    """

    since: float = 0.0
    offset: float = 0.0
    kept: dict[str, str] = field(default_factory=dict)
    baseline: list[str] | None = None


class Stage:
    """Makes and clears starting states on one engine.

    Parameters
    ----------
    state: the private folder; a file an exercise is kept below it.
    shared: the engine holds things that are not the course's: there, only what carries
        the label is removed, and a drawn name is not enough.
    """

    def __init__(self, session: Session, state: Path, *, shared: bool = False) -> None:
        self._session = session
        self._folder = folder(state)
        self._shared = shared

    def load(self, exercise: Exercise) -> Start | None:
        """Return what is remembered of the setup of an exercise; None when it was not done."""
        try:
            return Start(**json.loads(self._file(exercise).read_text()))
        except (OSError, ValueError, TypeError):
            return None  # done again, which does no harm

    def save(self, exercise: Exercise, start: Start) -> None:
        """Remember a setup.  Raises `Fault` when the folder cannot be written."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write(self._file(exercise), json.dumps(asdict(start)))
        except OSError as error:
            raise Fault(
                _("The start of this exercise cannot be kept: {why}.", why=error.strerror),
                _("Is the disk full, or the folder .lab read-only?"),
            ) from error

    def make(self, exercise: Exercise, fill: Fill, *, fresh: bool) -> tuple[Start, bool]:
        """Bring about the starting state.

        Parameters
        ----------
        fresh: first remove all that the exercise owns; otherwise what is there stays.

        Returns what to remember, and whether the state is untouched.  Raises `Fault`
        when the engine refuses.
        """
        found = self.owned(exercise, fill)
        if fresh:
            self.clear(exercise, fill)
            found = []
        self._lay_out(exercise, fill)
        self.run(exercise, drawn(exercise.setup, fill.draw), fill, again=bool(found))
        offset, now = self._clock()
        since = now if exercise.prepared or fresh else 0.0
        return Start(since, offset, dict(fill.kept)), not found

    def run(self, exercise: Exercise, calls: Iterable[Call], fill: Fill, *, again: bool = False) -> list[Exchange]:
        """Send calls, and keep what they ask to keep; return the answers.

        Parameters
        ----------
        again: what is there already (304, 409) is taken for made.

        Raises `Fault` when a call is refused that should not be.
        """
        answers = []
        for call in calls:
            answer = send(self._session, filled(call, exercise, fill))
            if answer.error and not (call.refused or (again and answer.status == 409)):
                raise Fault(
                    _("The starting state could not be made: {method} {path} was answered {status}: {said}",
                      method=call.method, path=answer.request.path, status=answer.status, said=answer.error),
                    _('Begin the exercise again with lab.reset("{id}").', id=exercise.id),
                )  # fmt: skip
            if call.keep:
                there = answer if answer.ok else self._made_before(call, fill)
                word, value = kept(call, there.json())
                fill.kept[word] = value
            answers.append(answer)
        return answers

    def _made_before(self, call: Call, fill: Fill) -> Exchange:
        """Return what inspecting a thing says that a call did not create because it is there."""
        name = str(fill(call.params.get("name") or (call.json or {}).get("Name") or ""))
        return self._session.request("GET", api.inspect_path(call.path.strip("/").split("/")[0].rstrip("s"), name))

    def _lay_out(self, exercise: Exercise, fill: Fill) -> None:
        for name, text in exercise.files.items():
            file = Path(str(fill.values["work"]), fill(name))
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(fill(text), encoding="utf-8")
            except OSError as error:
                raise Fault(
                    _(
                        "The file {name} of this exercise cannot be written: {why}.",
                        name=fill(name),
                        why=error.strerror,
                    ),
                    _("Is the disk full, or the folder read-only?"),
                ) from error

    def owned(self, exercise: Exercise, fill: Fill) -> list[Thing]:
        """Return what the exercise owns and is there; on a shared engine, what carries the label."""
        things = []
        for kind, name in names(exercise, fill):
            for fields in self._found(kind, name):
                labels = dig(fields, "Config", "Labels") or dig(fields, "Labels") or {}
                if not self._shared or labels.get(LABEL) == exercise.lab:
                    key = name if kind in ("volume", "image") else str(fields["Id"])
                    things.append(Thing(kind, name, key))
        return things

    def there(self, exercise: Exercise, fill: Fill) -> bool:
        """Whether something is there under a name that the exercise owns, labelled or not."""
        return any(self._found(kind, name) for kind, name in names(exercise, fill))

    def _found(self, kind: str, name: str) -> list[dict[str, Any]]:
        """Return what is there under a name: an old Engine may have several networks of one."""
        if kind == "network":
            listed = self._session.request("GET", "/networks", {"filters": {"name": [name]}})
            return [fields for fields in listed.json() if fields["Name"] == name] if listed.ok else []
        answer = self._session.request("GET", api.inspect_path(kind, name))
        return [answer.json()] if answer.status == 200 else []

    def clear(self, exercise: Exercise, fill: Fill) -> list[Thing]:
        """Remove what the exercise owns, undo the rest, and forget the setup."""
        things = self.owned(exercise, fill)
        remove(self._session, things)
        for call in exercise.teardown:
            with contextlib.suppress(LabError, ValueError):  # ValueError: what was kept for it is not there
                send(self._session, filled(call, exercise, fill))
        for name in exercise.files:
            with contextlib.suppress(OSError):
                Path(str(fill.values["work"]), fill(name)).unlink()
        self._file(exercise).unlink(missing_ok=True)
        fill.kept.clear()
        return things

    def _file(self, exercise: Exercise) -> Path:
        return self._folder / f"{exercise.lab}-{exercise.order[1]}.json"

    def _clock(self) -> tuple[float, float]:
        """Return how far the engine's clock is ahead, and its time; both in seconds."""
        here = time.time()
        said = self._session.request("GET", "/info").raise_for_status().json().get("SystemTime")
        there = seconds(str(said)) or here
        # Less than a second is the time that asking took: the clocks are the same one.
        offset = there - here if abs(there - here) > 1 else 0.0
        return offset, time.time() + offset


def kept(call: Call, body: Any) -> tuple[str, str]:
    """Return the word and the value that a call keeps of its answer."""
    word, _equals, path = call.keep.partition("=")
    keys = [int(key) if key.isdigit() else key for key in path.split(".")] if path else ["Id"]
    return word, str(dig(body, *keys) or dig(body, "Name"))


def folder(state: Path) -> Path:
    """Return the folder that starts are kept in."""
    return state / "exercises"


def forget(state: Path, lab: str) -> None:
    """Forget all setups of a lab: what they made is no longer there."""
    for file in folder(state).glob(f"{lab}-*.json"):
        file.unlink(missing_ok=True)


def names(exercise: Exercise, fill: Fill) -> list[tuple[str, str]]:
    """Return the kind and the name of each thing that an exercise owns, containers first."""
    order = ("container", "image", "volume", "network")
    pairs = [own.partition(":") for own in exercise.owns]
    found = [(kind, fill(word) if "{" in word else fill.draw.name(word)) for kind, _colon, word in pairs]
    return sorted(found, key=lambda pair: order.index(pair[0]))


def filled(call: Call, exercise: Exercise, fill: Fill) -> Call:
    """Return a call with its placeholders filled, and the label on what it creates, unless it says None for it."""
    body = fill(call.json)
    if call.path in _CREATES and isinstance(body, Mapping):
        labels = {LABEL: exercise.lab, **(body.get("Labels") or {})}
        body = {**body, "Labels": {key: value for key, value in labels.items() if value is not None}}
    return replace(
        call,
        path=fill(call.path),
        params=fill(call.params),
        json=body,
        tar=fill(call.tar),
        headers=fill(call.headers),
        file=fill(call.file),
    )


def elsewhere(path: str) -> tuple[str, str]:
    """Return the server and the path of a whole URL; of a path alone, no server."""
    scheme, mark, rest = path.partition("://")
    if not mark:
        return "", path
    host, _slash, rest = rest.partition("/")
    return f"{scheme}://{host}", f"/{rest}"


def send(session: Session, call: Call) -> Exchange:
    """Send a call whose placeholders are filled, or do a step that is none."""
    if call.method in daemonsteps.VERBS:
        return daemonsteps.do(session, call)
    server, path = elsewhere(call.path)
    if server:
        session, call = Session(Endpoint.parse(server), version=""), replace(call, path=path)
    data = Path(call.file) if call.file else tar(call.tar) if call.tar is not None else None
    return session.request(call.method, call.path, call.params, json=call.json, data=data, headers=call.headers)


def tar(files: Mapping[str, Any]) -> bytes:
    """Return a tar of small text files; the same files make the same bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(text.encode()), 0o644
            archive.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()
