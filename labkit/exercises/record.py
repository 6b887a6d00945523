"""What an exercise is: one record, read from top to bottom.

An exercise is a check, a function whose docstring is the goal that the learner
reads, under a decorator that holds everything else as data.  Text in it may hold
placeholders (`labkit.exercises.fill`), since names and ports differ from learner to learner.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from ..errors import UnknownExercise
from ..messages import _
from .draw import Draw

if TYPE_CHECKING:
    from .case import Case

_ID = re.compile(r"[1-9]\.[1-9][0-9]?")
RUNGS = 4


class Kind(str, Enum):
    """What is asked for."""

    MAKE = "make"
    """Bring about a state."""
    FIND_OUT = "find out"
    """Answer a question; the answer is computed from the live engine."""
    PREDICT = "predict"
    """Say what will be answered, before running it."""
    REPAIR = "repair"
    """Something was broken by setup: find it and mend it."""
    EXPLAIN = "explain by evidence"
    """Produce the request whose response shows something."""

    @property
    def words(self) -> str:
        """The kind in the learner's language."""
        return _(self.value)


@dataclass(frozen=True)
class Call:
    """One request, as data.

    Parameters
    ----------
    params, json, headers: as ``lab.get`` and the others take them.
    tar: names and texts of files; the body is a tar of them.
    file: the path of a file that is the body, such as ``{work}/lab03/image.tar``.
    keep: a word for the ``Id`` (or ``Name``) of the answer, or ``word=State.Pid`` for
        another field: ``{kept:word}`` in later calls.
    refused: an answer of 400 or more is what is meant.
    """

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    tar: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    keep: str = ""
    refused: bool = False
    file: str = ""


def get(path: str, /, *, keep: str = "", **params: Any) -> Call:
    """A GET; words that `Call` does not know are query parameters."""
    return Call("GET", path, params, keep=keep)


def head(path: str, /, **params: Any) -> Call:
    """A HEAD; other words are query parameters."""
    return Call("HEAD", path, params)


def post(path: str, /, *, json: Any = None, tar: Mapping[str, str] | None = None, keep: str = "",
         refused: bool = False, headers: Mapping[str, str] | None = None, file: str = "",
         **params: Any) -> Call:  # fmt: skip
    """A POST; words that `Call` does not know are query parameters."""
    return Call("POST", path, params, json, tar, headers or {}, keep, refused, file)


def put(path: str, /, *, tar: Mapping[str, str] | None = None, **params: Any) -> Call:
    """A PUT; other words are query parameters."""
    return Call("PUT", path, params, tar=tar)


def delete(path: str, /, *, refused: bool = False, **params: Any) -> Call:
    """A DELETE; other words are query parameters."""
    return Call("DELETE", path, params, refused=refused)


def container(
    name: str, *cmd: str, start: bool = True, keep: str = "", image: str = "busybox", **body: Any
) -> list[Call]:
    """Calls that create a container and start it.

    Parameters
    ----------
    name: with its placeholder, such as ``{name:web}``.
    cmd: the command; none for that of the image.
    body: further fields of the create call, such as ``HostConfig={...}``.
    """
    fields = {"Image": image, **({"Cmd": list(cmd)} if cmd else {}), **body}
    made = [post("/containers/create", name=name, json=fields, keep=keep)]
    return [*made, post(f"/containers/{name}/start")] if start else made


Calls = Sequence[Call]
Drawn = Calls | Callable[[Draw], Calls]
"""Calls, or a function from the draw to them, where their number depends on it."""

Docker = Sequence[Sequence[str] | str]
"""Commands of the docker client as words each, or lines of Python that use docker-py's `client`."""


@dataclass(frozen=True)
class Solution:
    """A right way, to be shown and to be run in tests.

    Parameters
    ----------
    calls: the requests, in order.  Of a prediction: those whose status is asked for.
    why: a sentence or two: why it is this way.
    answer: what is given to ``lab.check``, as Python; ``r`` is the last response.
    """

    calls: Drawn
    why: str
    answer: str = ""


@dataclass(frozen=True)
class Also:
    """Another right way, which has to pass as well: `title` says what is different."""

    title: str
    calls: Calls = ()
    answer: str = ""


@dataclass(frozen=True)
class Wrong:
    """What a learner may plausibly do wrong, and how it is refused.

    Parameters
    ----------
    title: the error, in a few words.
    calls, answer: as in `Solution`.
    expected, found: what the first finding must say; ``…`` stands for any text.
    """

    title: str
    calls: Calls = ()
    answer: str = ""
    expected: str = ""
    found: str = ""


Check = Callable[["Case"], None]
Values = Callable[[Draw], Mapping[str, Any]]


@dataclass(frozen=True)
class Exercise:
    """Everything about one exercise.

    Parameters
    ----------
    id: lab and number, such as ``2.3``.
    owns: what the learner or setup makes in it, as ``container:web``: the kind and the
        word of the drawn name (a volume, network or image likewise).  Reset removes it.
    setup: the calls that make the starting state.
    files: small text files of the starting state: path below the learner's folder, and text.
    hints: for the exercise as a whole under ``""``: four rungs (what to think of, which
        endpoint, which field, almost the whole call).  Under another key stand those that
        help with the findings of that `about` alone, one rung or more.
    docker: the same as the solution, done with the docker command or docker-py.
    teardown: calls that undo what removing `owns` does not; what they are answered is ignored.
    values: further placeholders, computed from the draw.
    begin: how to begin; without it, the first hint.
    needs: values of `Capability` without which the exercise cannot be done here.
    silent: what it asks for may be answered 200 and fail, and then leaves nothing on the engine.
    """

    id: str
    title: str
    kind: Kind
    goal: str
    check: Check
    solution: Solution
    hints: Mapping[str, Sequence[str]]
    wrong: Sequence[Wrong]
    owns: Sequence[str] = ()
    setup: Drawn = ()
    files: Mapping[str, str] = field(default_factory=dict)
    also: Sequence[Also] = ()
    docker: Docker = ()
    teardown: Calls = ()
    values: Values | None = None
    begin: str = ""
    needs: Sequence[str] = ()
    silent: bool = False

    @property
    def lab(self) -> str:
        """The lab's number, such as ``02``."""
        return self.id.partition(".")[0].zfill(2)

    @property
    def order(self) -> tuple[int, ...]:
        """What exercises are sorted by."""
        return tuple(int(part) for part in self.id.split("."))

    @property
    def of_the_daemon(self) -> bool:
        """Whether it changes the daemon itself or its certificates, which no client of the API can do."""
        return "configure" in self.needs

    @property
    def prepared(self) -> bool:
        """Whether it begins from a state that setup makes."""
        return bool(self.setup or self.files)


def is_id(text: str) -> bool:
    """Whether a text is an id: lab and number, such as ``2.3``."""
    return _ID.fullmatch(text) is not None and text.split(".")[0].zfill(2) in LABS


def drawn(calls: Drawn, draw: Draw) -> Calls:
    """Return the calls for one learner."""
    return calls(draw) if callable(calls) else calls


_found: dict[str, Exercise] = {}


def exercise(id: str, title: str, kind: Kind, **rest: Any) -> Callable[[Check], Exercise]:
    """Make an exercise of a check; `rest` are the other fields of `Exercise`.

    Raises `ValueError` for a record that cannot be right.
    """

    def make(check: Check) -> Exercise:
        goal = inspect.getdoc(check)
        if not goal:
            raise ValueError(f"exercise {id} has no goal: write it as the docstring of its check")
        if not _ID.fullmatch(id):
            raise ValueError(f"{id!r} is not an id: write lab and number, such as 2.3")
        if id in _found and _found[id].check.__module__ != check.__module__:
            raise ValueError(f"there are two exercises {id}")
        made = Exercise(id=id, title=title, kind=kind, goal=goal, check=check, **rest)
        if len(made.hints.get("", ())) != RUNGS:
            raise ValueError(f"exercise {id} needs {RUNGS} hints under '' for the exercise as a whole")
        _found[id] = made
        return made

    return make


LABS = ("01", "02", "03", "04", "05", "06")


def of_lab(lab: str) -> list[Exercise]:
    """Return the exercises of a lab such as ``02``, in their order."""
    from importlib import import_module
    from importlib.util import find_spec

    name = f"{__package__}.lab{lab}"
    if lab in LABS and find_spec(name):
        import_module(name)
    return sorted((e for e in _found.values() if e.lab == lab), key=lambda e: e.order)


def everything() -> list[Exercise]:
    """Return all exercises of the course, in their order."""
    return [e for lab in LABS for e in of_lab(lab)]


def find(id: str) -> Exercise:
    """Return an exercise.  Raises `UnknownExercise`, which offers the nearest, for an id that there is not."""
    text = str(id).strip()
    if _ID.fullmatch(text):
        of_lab(text[0].zfill(2))
    if text in _found:
        return _found[text]
    known = [e.id for e in everything()]
    same_lab = [id for id in known if id.partition(".")[0] == text.partition(".")[0]]
    raise UnknownExercise(text[:40], same_lab or known)
