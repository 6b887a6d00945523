"""What a learner is asked to predict: the statuses of some calls, in an order that is drawn."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from .draw import Draw
from .record import Call

_NAME = re.compile(r"\{name:([a-z]+)\}")


@dataclass(frozen=True)
class Predictions:
    """One call for each status: those that change nothing in any order, and the one that does at the end.

    Parameters
    ----------
    order: the word that the order is drawn for.
    calls: by status, method and path of those that one is drawn from; the last status is that of the last call.
    """

    order: str
    calls: Mapping[int, Sequence[str]]

    def drawn(self, draw: Draw) -> list[tuple[int, str]]:
        """Return the status and the call of each prediction."""
        *first, last = self.calls
        order = draw.choice(self.order, list(permutations(first)))
        return [(status, draw.choice(str(status), self.calls[status])) for status in (*order, last)]

    def statuses(self, draw: Draw) -> list[int]:
        """Return the right answer."""
        return [status for status, _call in self.drawn(draw)]

    def text(self, draw: Draw) -> str:
        """Return the calls as a numbered list, with the learner's names."""
        lines = (f"{n}. `{call}`" for n, (_status, call) in enumerate(self.drawn(draw), 1))
        return _NAME.sub(lambda found: draw.name(found[1]), "\n".join(lines))

    def solution(self, draw: Draw) -> list[Call]:
        """Return the calls as requests, whatever they are answered."""
        words = (call.split(" ") for _status, call in self.drawn(draw))
        return [Call(method, path, refused=True) for method, path in words]
