"""One thread that redraws all live views, ten times a second at most; it is there only while there are views."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock, Thread

PERIOD = 0.1
"""The screen is redrawn at most once in this time, in seconds."""

_lock = Lock()
_draws: dict[object, Callable[[], None]] = {}
_wake = Event()
_thread: Thread | None = None


def add(view: object, draw: Callable[[], None]) -> None:
    """Have `draw` called again and again until `remove`."""
    global _thread
    with _lock:
        _draws[view] = draw
        if _thread is None:
            _wake.clear()
            _thread = Thread(target=_run, name="labkit-painter", daemon=True)
            _thread.start()


def remove(view: object) -> None:
    """Have it called no more."""
    with _lock:
        _draws.pop(view, None)
        if not _draws:
            _wake.set()


def _run() -> None:
    global _thread
    while True:
        over = _wake.wait(PERIOD)
        with _lock:
            if over and not _draws:
                _thread = None
                return
            _wake.clear()
            now = list(_draws.values())
        for draw in now:
            draw()
