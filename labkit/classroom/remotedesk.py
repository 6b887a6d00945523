"""The desk as a notebook sees it that is graded: every question goes to the examiner.

While a notebook is graded, this module lies in the place of `labkit.exercises.desk`.  It
holds no check and keeps no score: whatever is changed in it changes nothing but what is
shown.  What is handed in travels as plain data.
"""

from __future__ import annotations

import json
import os
import socket
from typing import Any

from ..messages import _

EXAMINER = "LABKIT_EXAMINER"
"""The environment variable that names the examiner's socket."""
LARGEST = 200_000
_SECONDS = 60.0
_DEEPEST = 5


class Card:
    """What the examiner answered, as it is shown."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.state = str(answer.get("state", ""))
        self.text = str(answer.get("text", ""))
        self._html = str(answer.get("html", ""))

    @property
    def passed(self) -> bool:
        """Whether the exercise is done."""
        return self.state == "passed"

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        return {"text/plain": self.text, **({"text/html": self._html} if self._html else {})}


class Desk:
    """Checks and starting states, by way of the examiner; parameters as those of the real desk."""

    def __init__(self, *_known_to_the_examiner: object) -> None:
        self._place = os.environ.get(EXAMINER, "")

    def check(self, id: str, *answer: object) -> Card:
        """Look whether an exercise is done."""
        given = {"answer": plain(answer[0])} if answer else {}
        return self._ask({"do": "check", "id": str(id), **given})

    def setup(self, id: str) -> Card:
        """Make the starting state of an exercise."""
        return self._ask({"do": "setup", "id": str(id)})

    def reset(self, id: str) -> Card:
        """Begin an exercise again."""
        return self._ask({"do": "reset", "id": str(id)})

    def hint(self, id: str) -> Card:
        """Say that there are no hints now."""
        return self._ask({"do": "hint", "id": str(id)})

    def solution(self, id: str, *, force: bool = False) -> Card:
        """Say that there are no solutions now."""
        return self._ask({"do": "solution", "id": str(id), "force": force})

    @property
    def progress(self) -> Card:
        """What is passed."""
        return self._ask({"do": "progress", "id": ""})

    def forget(self) -> None:
        """Forget the starting states."""
        self._ask({"do": "forget", "id": ""})

    def _ask(self, question: dict[str, Any]) -> Card:
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(_SECONDS)
                line.connect(self._place)
                line.sendall(json.dumps(question).encode()[:LARGEST] + b"\n")
                answer = b""
                while piece := line.recv(65536):
                    answer += piece
            return Card(json.loads(answer))
        except (OSError, ValueError) as error:
            return Card({"text": _("The examiner does not answer: {why}.", why=error)})


def plain(value: Any, depth: int = 0) -> dict[str, Any]:
    """Return what is handed in as data; what no exercise asks for keeps its kind alone."""
    if type(value).__module__.partition(".")[0] in ("numpy", "pandas") and hasattr(value, "tolist"):
        value = value.tolist()
    if value is ...:
        return {"gap": True}
    if value is None or isinstance(value, (bool, int, float, str)):
        return {"value": value}
    if depth < _DEEPEST:
        if isinstance(value, dict):
            return {"dict": [[plain(k, depth + 1), plain(v, depth + 1)] for k, v in list(value.items())[:1000]]}
        for kind in (list, tuple, set, frozenset):
            if isinstance(value, kind):
                return {kind.__name__: [plain(item, depth + 1) for item in list(value)[:1000]]}
    request = getattr(getattr(value, "exchange", value), "request", None)
    if request is not None:
        return {"request": [str(getattr(request, "method", "")), str(getattr(request, "target", ""))]}
    return {"other": type(value).__name__}
