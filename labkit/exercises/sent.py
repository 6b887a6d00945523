"""What a learner has sent to change something, so that a call which failed is not taken for none."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote_plus

from ..exchange import Exchange
from ..messages import _
from .facts import shorten

_KEPT = 50
"""So many calls are remembered, the latest."""

_LONGEST_BODY = 65536
"""In a longer body no name is looked for, in bytes."""

_READS = ("GET", "HEAD")


@dataclass(frozen=True)
class Sent:
    """One call.

    Parameters
    ----------
    words: where names are looked for: the target, a short body, the name of a file that was sent.
    failure: what it came to, as a sentence; empty when it did not fail.
    """

    words: str
    failure: str

    @classmethod
    def of(cls, exchange: Exchange) -> Sent:
        """Return what is remembered of a call and its answer."""
        request, body = exchange.request, exchange.request.body or b""
        shown = body.decode("utf-8", "replace") if len(body) <= _LONGEST_BODY else ""
        words = "\n".join((unquote_plus(request.target), shown, request.body_file or ""))
        error = exchange.error or ("" if exchange.ok else str(exchange.status))
        nothing_there = request.method == "DELETE" and exchange.status == 404  # clearing up beforehand
        if not error or nothing_there:
            return cls(words, "")
        said = _(
            "Your last call for it failed: {method} {path} was answered {status}: {error}",
            method=request.method,
            path=shorten(unquote_plus(request.path)),
            status=exchange.status,
            error=shorten(error),
        )
        return cls(words, said)


class Outbox:
    """The latest calls of one kernel that were to change something."""

    def __init__(self) -> None:
        self._sent: deque[Sent] = deque(maxlen=_KEPT)

    def add(self, exchange: Exchange) -> None:
        """Remember a call, unless it only reads."""
        if exchange.request.method not in _READS:
            self._sent.append(Sent.of(exchange))

    def failure(self, names: Iterable[str]) -> str:
        """Return what the latest call that speaks of one of `names` came to; empty when it did not fail."""
        wanted = [name for name in names if name]
        latest = (sent for sent in reversed(self._sent) if any(name in sent.words for name in wanted))
        return next(latest, Sent("", "")).failure

    def forget(self, names: Iterable[str]) -> None:
        """Forget the calls that speak of one of `names`."""
        wanted = [name for name in names if name]
        kept = [sent for sent in self._sent if not any(name in sent.words for name in wanted)]
        self._sent = deque(kept, maxlen=_KEPT)
