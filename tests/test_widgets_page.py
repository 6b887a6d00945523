"""Whether a page still shows a view: what counts as silence, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from samples import frame
from wire import Seen, Server, until

from labkit.client import Unsent
from labkit.session import Session
from labkit.widgets import follow, opened, page
from labkit.widgets.page import HIDDEN, PATIENCE, IdleClock, Presence


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which the test sets."""
    time = [1000.0]
    monkeypatch.setattr(page.time, "monotonic", lambda: time[0])
    monkeypatch.setattr(page, "clock", IdleClock())
    return time


def test_a_front_end_that_never_speaks_is_not_waited_for(now: list[float]) -> None:
    """Where the page says nothing by itself, as outside of JupyterLab, its silence means nothing."""
    presence = Presence()
    now[0] += 1e6
    assert not presence.gone()


def test_silence_is_counted_from_the_last_word(now: list[float]) -> None:
    """A page that spoke is gone after a while; each word begins the count again; one behind others has longer."""
    presence = Presence()
    presence.seen()
    now[0] += PATIENCE - 1
    presence.seen()
    now[0] += PATIENCE - 1
    assert not presence.gone()
    now[0] += 2
    assert presence.gone()
    presence.seen(hidden=True)
    now[0] += PATIENCE + 1
    assert not presence.gone()
    now[0] += HIDDEN - PATIENCE
    assert presence.gone()


def test_a_running_cell_is_no_silence(now: list[float]) -> None:
    """While a cell runs, what a page says may wait: that time is not counted, however long it is."""
    presence = Presence()
    presence.seen()
    now[0] += 10
    for _cell in range(3):
        page.clock.busy()
        now[0] += 1000
        assert not presence.gone()
        page.clock.idle()
        page.clock.idle()  # an end without a beginning
        assert not presence.gone()
    now[0] += PATIENCE - 9
    assert presence.gone()


def test_the_page_speaks_by_a_button_that_is_not_seen() -> None:
    """The two buttons are outside the order of Tab, and are told apart by their classes."""
    presence = Presence()
    assert presence.widget.layout.display == "none"
    shown, hidden = presence.widget.children
    assert "labkit-shown" in shown._dom_classes
    assert "labkit-hidden" in hidden._dom_classes
    hidden.click()
    assert presence._until is not None


def test_a_view_that_no_page_shows_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its stream ends on the other side, and what was seen stays with the reason."""
    body = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\n\r\n" + frame(1, b"one\n")
    over: list[bytes] = []

    def endless(conn: object, _seen: Seen) -> None:
        conn.sendall(body)  # type: ignore[attr-defined]
        over.append(conn.recv(1))  # type: ignore[attr-defined]

    with Server(tmp_path / "s", answer=endless) as server:
        found = follow(Session(server.endpoint, "1.41").stream("GET", "/containers/x/logs"))
        assert not isinstance(found, Unsent)
        until(lambda: found.view.book.count[1])
        found._draw()
        assert opened() == 1
        monkeypatch.setattr(found.view.presence, "gone", lambda: True)
        found._draw()
        until(lambda: over == [b""])
    assert opened() == 0
    assert "No page showed it any more" in found.view.bundle()["text/plain"]
    assert "out one" in found.view.bundle()["text/plain"]
