"""The examiner: checks, in a process of its own, what a graded notebook has done.

It asks the engine, keeps the starting states and the journal where the notebook cannot
reach them, and takes nothing from the notebook but ids and answers.  It runs until its
standard input ends.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from ..engines.base import EngineRecord, Paths
from ..errors import LabError
from ..exchange import Exchange
from ..exercises.desk import Desk
from ..exercises.draw import Draw
from ..exercises.journal import Journal
from ..messages import _
from ..model import Request, Response
from ..session import Session
from .remotedesk import LARGEST

MOST = {"check": 40, "setup": 10, "reset": 10}
"""So often each may be asked for an exercise: more would be guessing."""
_MOST_QUESTIONS = 2000
_SECONDS = 5.0


class Unknown:
    """An answer of a kind that no exercise asks for."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __repr__(self) -> str:
        return f"<{self._kind}>"


class Examiner:
    """Answers the questions of one notebook.

    Parameters
    ----------
    desk: the real one; its journal is the examiner's own.
    """

    def __init__(self, desk: Desk, record: EngineRecord) -> None:
        self._desk = desk
        self._record = record
        self._asked: Counter[tuple[str, str]] = Counter()

    def answer(self, question: Any) -> dict[str, Any]:
        """Return what the notebook shows.  Never raises."""
        try:
            do, id = str(question["do"]), str(question["id"])[:20]
            self._asked[do, id] += 1
            if self._asked[do, id] > MOST.get(do, 10) or self._asked.total() > _MOST_QUESTIONS:
                return {"text": _("That was asked too often.")}
            return self._told(do, id, question)
        except LabError as error:
            return {"text": str(error)}
        except Exception as error:  # whatever was asked, the next notebook cell is answered
            return {"text": _("The question was not understood ({kind}).", kind=type(error).__name__)}

    def _told(self, do: str, id: str, question: Any) -> dict[str, Any]:
        if do == "check":
            given = [revived(question["answer"], self._record)] if "answer" in question else []
            verdict = self._desk.check(id, *given)
            return {"state": verdict.state.value, **_shown(verdict)}
        if do in ("setup", "reset"):
            return _shown(getattr(self._desk, do)(id))
        if do == "progress":
            return _shown(self._desk.progress)
        if do == "forget":
            self._desk.forget()
            return {}
        return {"text": _("There are no hints and solutions while a notebook is graded.")}


def _shown(card: Any) -> dict[str, Any]:
    bundle = card._repr_mimebundle_()
    return {"text": str(bundle.get("text/plain", "")), "html": str(bundle.get("text/html", ""))}


def revived(data: Any, record: EngineRecord) -> object:
    """Return an answer from the data that `labkit.classroom.remotedesk.plain` made of it."""
    ((kind, value),) = data.items()
    if kind == "value":
        return value if value is None or isinstance(value, (bool, int, float, str)) else Unknown("object")
    if kind == "gap":
        return ...
    if kind == "dict":
        return {revived(k, record): revived(v, record) for k, v in value}
    if kind in ("list", "tuple", "set", "frozenset"):
        items = [revived(item, record) for item in value]
        return {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}[kind](items)
    if kind == "request":
        # Its answer is asked for anew: a check believes no response that is handed in.
        method, target = value
        return Exchange(Request(str(method), str(target), record.endpoint), Response(200, "", (), b""), 0.0)
    return Unknown(str(value)[:40])


def serve(examiner: Examiner, place: Path) -> None:
    """Answer questions on a socket until standard input ends."""
    with socket.socket(socket.AF_UNIX) as door, selectors.DefaultSelector() as waiting:
        before = os.umask(0)
        door.bind(str(place))
        os.umask(before)
        door.listen(16)
        waiting.register(door, selectors.EVENT_READ)
        waiting.register(sys.stdin, selectors.EVENT_READ)
        print("ready", flush=True)
        while True:
            for key, _events in waiting.select():
                if key.fileobj is not door:
                    return
                line, _address = door.accept()
                with line:
                    _converse(examiner, line)


def _converse(examiner: Examiner, line: socket.socket) -> None:
    line.settimeout(_SECONDS)
    data = b""
    try:
        while not data.endswith(b"\n") and len(data) <= LARGEST:
            piece = line.recv(65536)
            if not piece:
                break
            data += piece
        question = json.loads(data)
    except (OSError, ValueError, RecursionError):
        question = None
    try:
        line.sendall(json.dumps(examiner.answer(question)).encode())
    except OSError:
        pass  # who asked does not listen any more


def main() -> None:
    """Serve as the first line of standard input says."""
    order = json.loads(sys.stdin.readline())
    paths = Paths(*(Path(order[name]) for name in ("root", "work", "state", "run")))
    record = EngineRecord.load(Path(order["record"]))
    desk = Desk(Session(record.endpoint), record, paths, Draw(order["seed"], order["lab"], record.ports))
    desk._journal = Journal(paths.state, paths.state)  # no copy of it lies where the notebook can write
    serve(Examiner(desk, record), Path(order["socket"]))


if __name__ == "__main__":
    main()
