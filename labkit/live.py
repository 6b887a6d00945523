"""A stream as a learner holds it: an iterator with a time limit and a clean close."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from itertools import chain
from types import TracebackType
from typing import Any

from . import streams
from .errors import StreamError
from .exchange import Exchange
from .messages import _
from .transport import Reply
from .upgrade import Upgraded


class Stream:
    """The items of an answer, as they arrive.

    Iterate over it, best inside ``with``; it closes at its end, at its time limit,
    and when the loop is left.  Items are dicts (JSON lines), `Frame` (log frames)
    or bytes.  `ended` says why it is over: ``"end"``, ``"time"`` or ``"closed"``.

    Parameters
    ----------
    exchange: the request, with the status and headers of the answer; its body is empty.
    seconds: how long to read in all; None for no limit.
    """

    def __init__(self, exchange: Exchange, reply: Reply | Upgraded, seconds: float | None) -> None:
        self.exchange = exchange
        self.ended = ""
        self._reply = reply
        self._seconds = seconds
        self._items = self._read()

    @property
    def status(self) -> int:
        """The status code of the answer."""
        return self.exchange.status

    def __iter__(self) -> Iterator[Any]:
        return self._items

    def __next__(self) -> Any:
        return next(self._items)

    def _read(self) -> Iterator[Any]:
        chunks = self._reply.chunks(math.inf if self._seconds is None else self._seconds)
        items: deque[Any] = deque()
        try:
            start = next(chunks, b"")
            request = self.exchange.request
            decoder = streams.decoder(self.exchange.header("Content-Type"), request.path, start)
            for chunk in chain([start], chunks):
                items.extend(decoder.feed(chunk))
                while items:
                    item = items.popleft()
                    yield item
                    if error := streams.item_error(item):
                        raise StreamError(error)
            yield from decoder.close()
            self.ended = self.ended or "end"
        except TimeoutError:
            self.ended = "time"
        except StreamError:
            if self.ended != "closed":  # closed by us while another thread was reading
                raise
        finally:
            self.close()

    def send(self, data: bytes | str) -> None:
        """Send input to the container.  Only after an upgrade (attach, exec).

        Raises `StreamError` when nothing reads it.
        """
        if not isinstance(self._reply, Upgraded):
            raise StreamError(
                _("This connection was not upgraded, so it carries no input."), _("Add upgrade=True to the call.")
            )
        self._reply.send(data.encode() if isinstance(data, str) else data)

    def close_write(self) -> None:
        """Say that no more input comes: the process reads the end of its stdin."""
        if isinstance(self._reply, Upgraded):
            self._reply.close_write()

    def close(self) -> None:
        """Close the connection; closing twice does no harm."""
        self.ended = self.ended or "closed"
        self._reply.close()

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def take(self, count: int) -> list[Any]:
        """Return the next `count` items, or fewer where the stream ends before."""
        return [item for _n, item in zip(range(count), self._items)]

    def __repr__(self) -> str:
        return f"<Stream {self.exchange.request.method} {self.exchange.request.target} {self.ended or 'open'}>"

    def _repr_mimebundle_(self, **_options: object) -> dict[str, Any]:
        return self.exchange._repr_mimebundle_()
