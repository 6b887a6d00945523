"""The lab: one learner, one engine, one notebook."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from . import effect, notice
from .cleanup import Removed, find, remove
from .client import Client, Unsent
from .engines.base import LABEL, Capability, EngineRecord, Paths, RegistryRecord, another_kind
from .errors import EngineError, LabError, UnknownExercise
from .exchange import Exchange
from .exercises.draw import Draw, address
from .exercises.sent import Outbox
from .live import Stream
from .markup import verbatim
from .messages import _
from .safe import escape
from .seed import learner_seed
from .session import Session

if TYPE_CHECKING:
    from .coursemap import CourseMap
    from .daemon import Daemon
    from .exercises.card import Card
    from .exercises.desk import Desk
    from .exercises.standing import Progress
    from .exercises.verdict import Verdict
    from .pictures import Picture
    from .widgets import Follow
    from .widgets.exercisecard import ExerciseCard
    from .widgets.explorerview import Explorer

TITLES = {
    "01": _("Connection and TLS"),
    "02": _("Containers"),
    "03": _("Images"),
    "04": _("Volumes"),
    "05": _("Networks"),
    "06": _("Capstone"),
}

PATIENCE = 5.0
"""How long an inspect of labkit's own may take, in seconds."""


@overload
def start(lab: str | int) -> Lab: ...


@overload
def start(lab: None = None) -> CourseMap: ...


def start(lab: str | int | None = None) -> Lab | CourseMap:
    """Open a lab on the engine that runs; without a number, return the map of the course.

    Parameters
    ----------
    lab: its number: ``"02"``, ``"2"`` or ``2``.

    Raises `UnknownExercise` for a number that there is not, `EngineError` when no
    engine of the course runs.  Starting a lab twice does no harm.
    """
    notice.show()
    if lab is None:
        from .coursemap import course_map

        return course_map(Paths.find())
    number = str(lab).strip().zfill(2)
    if number not in TITLES:
        raise UnknownExercise(str(lab), TITLES)
    paths = Paths.find()
    return Lab(number, paths, EngineRecord.load(paths.record))


class Lab(Client):
    """Calls to the course's engine, and what one learner needs around them.

    Parameters
    ----------
    number: two digits, such as ``02``.
    paths: the places of the course on this machine.
    record: the engine that runs.
    """

    def __init__(self, number: str, paths: Paths, record: EngineRecord) -> None:
        super().__init__(Session(record.endpoint, bodies=paths.work / "bodies"))
        self.number = number
        self.record = record
        self._paths = paths
        self._draw = Draw(learner_seed(paths), number, record.ports)
        self._outbox = Outbox()

    @property
    def title(self) -> str:
        """What the lab is called."""
        return TITLES[self.number]

    @property
    def engine_version(self) -> str:
        """The engine's own version, such as ``20.10.24``."""
        return self.record.version

    @property
    def work(self) -> Path:
        """The learner's folder: where notebooks lie, and what containers may mount."""
        return self._paths.work

    @property
    def labels(self) -> dict[str, str]:
        """The label of this lab: what carries it is found by `clean` and by ``./lab reset``."""
        return {LABEL: self.number}

    def name(self, word: str) -> str:
        """Return a name of the learner's own, such as ``web-3f9c``; always the same one."""
        return self._draw.name(word)

    def port(self, word: str) -> int:
        """Return a port of this machine that the learner may publish on; always the same one."""
        return self._draw.port(word)

    def subnet(self, word: str) -> str:
        """Return a private subnet of the learner's own, such as ``172.28.64.0/24``."""
        return self._draw.subnet(word)

    def address(self, subnet: str, n: int) -> str:
        """Return address number `n` of a subnet."""
        return address(subnet, n)

    def secret(self, word: str) -> str:
        """Return a password of the learner's own; always the same one."""
        return self._draw.secret(word)

    @property
    def registry(self) -> RegistryRecord:
        """The lab registry.  Raises `EngineError` when this engine has none."""
        if self.record.registry is None:
            raise EngineError(
                _("There is no lab registry beside the {kind} engine.", kind=self.record.kind),
                another_kind(),
            )
        return self.record.registry

    def registry_auth(self, password: str | None = None) -> str:
        """Return the value of ``X-Registry-Auth`` for the lab's private registry.

        Parameters
        ----------
        password: another one than the right one, to see it refused.
        """
        return self.registry.auth(password)

    @property
    def daemon(self) -> Daemon:
        """The daemon behind the engine: its ``config()``, ``reload()``, ``restart()`` and ``log()``."""
        from .daemon import Daemon

        return Daemon.of(self._paths, self.record)

    def map(self, kind: str = "", about: Any = None) -> Picture:
        """Draw what the engine holds now, as a picture and in words.

        Parameters
        ----------
        kind: ``containers``, ``networks``, ``images``, ``volumes``, ``tls`` or ``api``; empty for the whole engine.
        about: for ``tls`` alone: a client of `at`, a `TLS`, or the `ConnectionFailed` that was raised; None
            draws the handshake as it should go.

        Raises `UsageError` for another kind, and what `get` and ``raise_for_status`` raise.
        """
        from .pictures.atlas import atlas

        return atlas(self, kind, about)

    def follow(self, what: str | Stream, /, **params: Any) -> Follow | Unsent:
        """Follow a stream in a live view while other cells run: logs, stats, events, attach, exec.

        Parameters
        ----------
        what: the path of a GET, such as ``/containers/web/stats``; or a stream, from a call with
            ``stream=True``, or ``upgrade=True`` for attach and exec.
        params: as in `get`.

        The view is closed by its button, by its ``close()``, when its cell runs again or is cleared, when the
        kernel is interrupted, by `clean`, and when no page shows it any more.  Raises as `get` does, and
        `UsageError` for what is no stream.
        """
        from .widgets import follow

        return follow(self.get(what, stream=True, **params) if isinstance(what, str) else what)

    def control(self, container: str) -> Follow:
        """Show a container's state with buttons for start, stop, restart, pause and unpause.

        Parameters
        ----------
        container: its name or id.

        Raises `UsageError` when there is no such container.
        """
        from .widgets import control

        return control(self, container)

    def call(self, method: str, path: str, /, **options: Any) -> Exchange | Stream | Unsent:
        """Send a request as `Client.call` does; after a create call, inspect once and note what had no effect."""
        answer = super().call(method, path, **options)
        if not isinstance(answer, Exchange):
            return answer
        self._outbox.add(answer)
        return _looked_after(self._session, answer)

    def explore(self, words: str = "") -> Explorer:
        """Show every call of the API as a form to fill in and send.

        Parameters
        ----------
        words: what to search for at first, such as ``"networks"`` or ``"logs since"``.

        Leave it as the last line of a cell to see it.
        """
        from .widgets.explorerview import Explorer

        return Explorer(self, shared=self.record.shared, words=words)

    def clean(self) -> Removed:
        """Remove what this lab made; return what that was.  Live views are closed first.

        Lab 1 also gives the daemon its own configuration back, and forgets its certificates.
        """
        if "labkit.widgets" in sys.modules:  # else none is open, and the import is not free
            from .widgets import close_all

            close_all()
        if self.number == "01" and Capability.CONFIGURE in self.record.capabilities:
            from . import certs  # cryptography is needed by lab 1 alone

            self.daemon.put_back()
            certs.forget()
        drawn = None if self.record.shared else self._draw.drew
        removed = Removed(remove(self._session, find(self._session, self.number, drawn)))
        self._desk.forget()  # the starting states of its exercises went with the rest
        return removed

    @cached_property
    def _desk(self) -> Desk:
        from .exercises.desk import Desk

        return Desk(self._session, self.record, self._paths, self._draw, self._outbox)

    def check(self, exercise: str = "", *answer: Any) -> Verdict:
        """Look whether an exercise is done; give the answer where it asks for one.  Changes nothing.

        Parameters
        ----------
        exercise: its id, such as ``"2.3"``.
        answer: several of them count as a list.

        Raises `UnknownExercise`, as the others do, for an id that there is not, and nothing else: what went wrong
        is said by the verdict.
        """
        return self._desk.check(exercise, *(answer if len(answer) < 2 else [list(answer)]))

    def hint(self, exercise: str = "") -> Card:
        """Show the next hint of an exercise."""
        return self._desk.hint(exercise)

    def solution(self, exercise: str = "", *, force: bool = False) -> Card:
        """Show the solution of an exercise, after an attempt or by force."""
        return self._desk.solution(exercise, force=force)

    def setup(self, exercise: str = "") -> Card:
        """Bring about the state that an exercise starts from; what is there already stays."""
        return self._desk.setup(exercise)

    def reset(self, exercise: str = "") -> Card:
        """Remove what belongs to an exercise, and bring about again what it starts from."""
        return self._desk.reset(exercise)

    def exercise(self, exercise: str = "") -> ExerciseCard:
        """Show an exercise as a card: its goal, and buttons for check, hint, solution and reset."""
        from .widgets.exercisecard import ExerciseCard

        return ExerciseCard(self._desk, exercise)

    @property
    def progress(self) -> Progress:
        """What is passed in this lab, with how many attempts and hints."""
        return self._desk.progress

    def __repr__(self) -> str:
        return _(
            "Lab {number}. {title}. {kind} engine {engine}, API {api}.",
            number=int(self.number),
            title=self.title,
            kind=self.record.kind.capitalize(),
            engine=self.record.version,
            api=self.record.api_version,
        )

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": verbatim(f"<p><strong>{escape(repr(self))}</strong></p>")}


def _looked_after(session: Session, exchange: Exchange) -> Exchange:
    """Return an exchange with what an inspect says of the fields that it sent; as it is when that can't be asked."""
    if not (where := effect.where(exchange)):
        return exchange
    try:
        inspected = session.request("GET", where, version=exchange.request.version, timeout=PATIENCE)
        shown = inspected.json() if inspected.ok else None
    except LabError:
        return exchange
    return replace(exchange, notes=effect.notes(exchange, shown)) if isinstance(shown, dict) else exchange
