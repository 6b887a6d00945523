"""What can go wrong, as a learner is told it.

    LabError                     root: one sentence, and what to do next
     ├── UsageError              a call that cannot be sent as it is written
     ├── ConnectionFailed        nothing answered, or what answered is not an Engine
     ├── APIError                the Engine answered 4xx or 5xx (raise_for_status only)
     ├── StreamError             a stream broke off, or carried an error
     ├── EngineError             the lab's own Engine could not do something
     └── UnknownExercise         no exercise, or lab, of that name

Status codes are part of the course, so no call raises because of one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .messages import _

if TYPE_CHECKING:
    from .exchange import Exchange
    from .model import Endpoint

__all__ = [
    "APIError",
    "ConnectionFailed",
    "EngineError",
    "LabError",
    "StreamError",
    "UnknownExercise",
    "UsageError",
    "nearest",
]


class LabError(Exception):
    """Root of all errors of labkit.

    Parameters
    ----------
    message: one sentence: what happened.
    hint: what to do next; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message

    def _render_traceback_(self) -> list[str]:
        """Show the sentence alone in a notebook, where IPython asks for lines."""
        return [f"{type(self).__name__}: {self.message}", *([self.hint] if self.hint else [])]


class UsageError(LabError):
    """A call that cannot be sent as it is written: nothing was sent."""


class ConnectionFailed(LabError):
    """No Engine answered at `endpoint`."""

    def __init__(self, endpoint: Endpoint, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.endpoint = endpoint


class APIError(LabError):
    """The Engine refused: raised by ``Exchange.raise_for_status`` alone."""

    def __init__(self, exchange: Exchange, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.exchange = exchange


class StreamError(LabError):
    """A stream broke off, ran over its time, or carried an error inside a 200."""


class EngineError(LabError):
    """The lab's own Engine could not be started, changed or stopped."""


class UnknownExercise(LabError):
    """No lab or exercise of that name; `known` holds those there are."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.known = tuple(known)
        close = nearest(name, self.known)
        offer = _("Did you mean {close}? ", close=close) if close else ""
        super().__init__(
            _("There is no {name!r} here.", name=name),
            offer + _("Known: {known}.", known=", ".join(self.known) or "-"),
        )


def nearest(word: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """Return the known word most like `word`, or None when none is close.

    Parameters
    ----------
    likeness: how alike they must be at least, from 0 to 1.
    """
    import difflib  # a word is mistyped less often than labkit is started

    found = difflib.get_close_matches(word, list(known), n=1, cutoff=likeness)
    return found[0] if found else None
