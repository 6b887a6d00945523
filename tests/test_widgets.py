"""A stream that is watched: what is drawn meanwhile, and what stays."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import ipywidgets
import pytest
from jupyter_client.manager import run_kernel
from samples import HOSTILE, OTHERS, Values, event, exchange, frame, lines, pull
from test_render import ATTRIBUTES, TAGS, Walker, sanitized
from wire import Seen, Server, answers, until

from labkit import widgets
from labkit.client import Unsent
from labkit.encode import Gap
from labkit.errors import UsageError
from labkit.live import Stream
from labkit.session import Session
from labkit.widgets import Screen, Watched, watch, watching

Streaming = Callable[..., Stream]


@pytest.fixture
def streaming(tmp_path: Path) -> Iterator[Streaming]:
    """Return a stream over a real socket that carries the given body."""
    running: list[Server] = []

    def start(method: str, path: str, body: bytes, status: str = "200 OK") -> Stream:
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
        running.append(Server(tmp_path / f"{len(running)}.sock", answer=answers(head, body)))
        return Session(running[-1].endpoint, "1.41").stream(method, path)

    yield start
    for server in running:
        server.__exit__()


def text(result: Watched) -> str:
    """Return what stays in a notebook, as text."""
    return str(result._repr_mimebundle_()["text/plain"])


def test_a_pull_ends_as_a_table_of_layers(streaming: Streaming) -> None:
    """What stays of a pull is the last word on each layer, in text and HTML."""
    result = watch(streaming("POST", "/images/create?fromImage=busybox", pull()))
    assert result.ended == "end"
    assert not result.error
    assert list(result.table["status"])[1:3] == ["Pull complete"] * 2
    assert "Pull complete" in text(result)
    assert "<table" in result._repr_mimebundle_()["text/html"]


def test_two_pulls_leave_the_same(streaming: Streaming) -> None:
    """Whether much or little was told of the bytes, what stays is the same but for its values."""
    one, other = (watch(streaming("POST", "/images/create", pull(v))) for v in (Values(), OTHERS))
    for mime in ("text/plain", "text/html"):
        shown = [sanitized(r._repr_mimebundle_()[mime]) for r in (one, other)]
        assert shown[0] == shown[1]


def test_counted_bytes_are_not_kept(streaming: Streaming) -> None:
    """Lines that only count bytes are drawn and forgotten; one that carries an error as well is kept."""
    counting = {"id": "a", "status": "Downloading", "progressDetail": {"current": 1, "total": 2}}
    result = watch(
        streaming("POST", "/images/create", lines(*[counting] * 500, {"id": "a", "status": "Pull complete"}))
    )
    assert len(result.items) == 1
    assert widgets.keeps(counting | {"error": "no space"})


def test_an_error_in_the_stream_is_shown(streaming: Streaming) -> None:
    """A pull that fails after its 200 is shown with the reason, and raises nothing."""
    body = lines({"id": "a", "status": "Downloading"}, {"errorDetail": {"message": "no space"}, "error": "no space"})
    result = watch(streaming("POST", "/images/create", body))
    assert result.error == "no space"
    assert "The status says 200, but the stream carries an error: no space" in text(result)


def test_a_refused_stream_is_shown(streaming: Streaming) -> None:
    """A stream that was refused is shown with the Engine's words."""
    result = watch(streaming("GET", "/events", b'{"message": "no"}', "400 Bad Request"))
    assert "The Engine says: no" in text(result)
    assert "<table" not in result._repr_mimebundle_()["text/html"]


def test_only_a_stream_can_be_watched() -> None:
    """An answer that was read already is refused with what to add; a call with a gap says that it has one."""
    with pytest.raises(UsageError) as refused:
        watch(exchange("POST", "/v1.41/images/create", pull()))
    assert "stream=True" in refused.value.hint
    unsent = Unsent(Gap())
    assert watch(unsent) is unsent


def test_a_stream_that_breaks_off_is_shown(streaming: Streaming) -> None:
    """What came before a stream broke off is shown, with what happened."""
    result = watch(streaming("GET", "/containers/x/logs?stdout=1", frame(1, b"one\n") + b"\x01\0\0\0"))
    assert "middle of a frame" in text(result)
    assert "one" in text(result)


def test_logs_and_events_are_tables(streaming: Streaming) -> None:
    """Logs keep stdout and stderr apart; events have what happened to what."""
    log = watch(streaming("GET", "/containers/x/logs?stdout=1", frame(1, b"out\n") + frame(2, b"err\n")))
    assert list(log.table["stream"]) == ["stdout", "stderr"]
    told = watch(streaming("GET", "/events", lines(event())))
    assert list(told.table["action"]) == ["die"]


def test_the_latest_rows_stay(streaming: Streaming) -> None:
    """Of a long log the last rows are shown."""
    result = watch(streaming("GET", "/containers/x/logs?stdout=1", b"".join(frame(1, b"%d\n" % n) for n in range(100))))
    assert text(result).splitlines()[-1].endswith("99")
    assert len(text(result).splitlines()) < 30


def test_memory_is_bounded(streaming: Streaming, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more items are kept than KEPT, and it is said."""
    monkeypatch.setattr(watching, "KEPT", 10)
    result = watch(streaming("GET", "/events", lines(*[event()] * 50)))
    assert len(result.items) == 10
    assert "Only the last 10 items are kept" in text(result)


def test_each_item_is_handed_on(streaming: Streaming) -> None:
    """Whoever wants each item gets it as it comes, also those that are not kept."""
    got: list[Any] = []
    watch(streaming("POST", "/images/create", pull()), got.append)
    assert len(got) == len(pull().splitlines())


def test_an_interrupt_shows_what_came_until_then(streaming: Streaming) -> None:
    """The kernel's interrupt closes the stream, and what came until then is shown."""

    def interrupt(_item: Any) -> None:
        raise KeyboardInterrupt

    result = watch(streaming("GET", "/events", lines(event(), event())), interrupt)
    assert len(result.items) == 1
    assert result.ended == "closed"
    assert "It was stopped here." in text(result)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_lines_stay_text(hostile: str, streaming: Streaming) -> None:
    """Names, states and errors of others never become markup."""
    body = lines({"id": hostile, "status": hostile}, {"error": hostile})
    result = watch(streaming("POST", "/images/create", body))
    seen = Walker(result._repr_mimebundle_()["text/html"])
    assert seen.tags <= TAGS
    assert seen.attributes <= ATTRIBUTES
    assert "\x1b" not in text(result)


def test_nothing_is_drawn_where_nobody_looks(streaming: Streaming, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside a kernel, and where outputs are stored, no widget is made."""
    monkeypatch.setattr(watching, "Screen", None)
    watch(streaming("POST", "/images/create", pull()))
    assert not widgets.live()
    monkeypatch.setenv("LABKIT_LIVE", "0")
    monkeypatch.setattr("IPython.get_ipython", lambda: type("Shell", (), {"kernel": 1})())
    assert not widgets.live()
    monkeypatch.setenv("LABKIT_LIVE", "1")
    assert widgets.live()


class Display:
    """Stands in for a place in a notebook."""

    def __init__(self) -> None:
        self.shown: list[Any] = []

    def __call__(self, widget: Any, *, display_id: bool) -> Display:
        assert display_id
        self.shown.append(widget)
        return self

    def update(self, bundle: Any, *, raw: bool) -> None:
        """Take what is put in the widget's place."""
        assert raw
        self.shown.append(bundle)


def test_the_screen_is_drawn_ten_times_a_second_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """However fast things come, redraws are a tenth of a second apart; the widget leaves text in its place."""
    place = Display()
    monkeypatch.setattr("IPython.display.display", place)
    drawn: list[float] = []
    box = ipywidgets.VBox([ipywidgets.Label("x")])
    with Screen(box, lambda: drawn.append(time.monotonic())):
        end = time.monotonic() + 0.55
        while time.monotonic() < end:
            time.sleep(0.001)
    assert 1 <= len(drawn) <= 5
    assert all(b - a >= 0.09 for a, b in pairwise(drawn))
    assert place.shown == [box, {"text/plain": "The live view has ended. What came of it:"}]
    assert box.comm is None
    assert box.children[0].comm is None


def test_the_last_item_before_a_silence_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """What came just before nothing more comes is on the screen soon."""
    monkeypatch.setattr("IPython.display.display", Display())
    drawn: list[int] = []
    count = 0
    with Screen(ipywidgets.HTML(), lambda: drawn.append(count)):
        time.sleep(0.15)
        count = 7
        until(lambda: drawn and drawn[-1] == 7)


@pytest.mark.parametrize(
    ("method", "path", "body", "seen"),
    [
        ("POST", "/images/create", pull(), "<progress"),
        ("GET", "/containers/x/logs?stdout=1", frame(1, b"out\n"), "out"),
    ],
)
def test_a_watched_stream_in_a_kernel(
    method: str, path: str, body: bytes, seen: str, streaming: Streaming, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a kernel a pull has bars and a log its lines meanwhile, and both leave the same result as without."""
    place = Display()
    drawn: list[bool] = []
    monkeypatch.setattr(watching, "live", lambda: True)
    monkeypatch.setattr("IPython.display.display", place)

    def look(_item: Any) -> None:
        time.sleep(1.5 * widgets.PERIOD)  # for the painter to come round
        drawn.append(any(seen in str(getattr(part, "value", "")) for part in place.shown[0].children))

    result = watch(streaming(method, path, body), each=look)
    assert any(drawn)
    assert result.ended == "end"
    assert result.items
    assert place.shown[-1] == {"text/plain": "The live view has ended. What came of it:"}


def test_a_watched_stream_is_closed_by_its_button(streaming: Streaming, monkeypatch: pytest.MonkeyPatch) -> None:
    """Close ends the cell; what came until then is its result."""
    place = Display()
    monkeypatch.setattr(watching, "live", lambda: True)
    monkeypatch.setattr("IPython.display.display", place)
    body = b"".join(frame(1, b"line %d\n" % n) for n in range(100_000))
    result = watch(streaming("GET", "/containers/x/logs?stdout=1", body), each=lambda _item: press(place.shown[0]))
    assert result.ended == "closed"
    assert 1 <= len(result.items) < 100_000
    assert "It was stopped here." in text(result)


def press(widget: Any) -> None:
    """Press the button Close of a view."""
    buttons = [b for row in widget.children for b in getattr(row, "children", ()) if isinstance(b, ipywidgets.Button)]
    next(button for button in buttons if button.description == "Close").click()


def _idle(messages: list[dict[str, Any]], asked: str) -> bool:
    """Whether the last message says that a request was carried out."""
    last = messages[-1] if messages else {}
    mine = last.get("parent_header", {}).get("msg_id") == asked
    return mine and last["msg_type"] == "status" and last["content"]["execution_state"] == "idle"


def test_in_a_real_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel shows bars while the pull runs, then puts text in their place, and the table is the cell's result."""
    monkeypatch.delenv("LABKIT_LIVE", raising=False)

    drawn = threading.Event()

    def slowly(conn: socket.socket, _seen: Seen) -> None:
        told = pull(OTHERS).splitlines(keepends=True)
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + b"".join(told[:5]))
        drawn.wait(60)
        conn.sendall(b"".join(told[5:]))

    messages: list[dict[str, Any]] = []
    with Server(tmp_path / "docker.sock", answer=slowly) as server, run_kernel(cwd=str(tmp_path)) as kernel:
        code = (
            "from labkit.model import Endpoint; from labkit.session import Session; from labkit.widgets import watch\n"
            f"session = Session(Endpoint(socket={server.endpoint.socket!r}), '1.41')\n"
            "watch(session.stream('POST', '/images/create'))"
        )
        asked = kernel.execute(code)
        while not _idle(messages, asked):
            message = kernel.get_iopub_msg(timeout=120)
            messages.append(message)
            if message["msg_type"] == "comm_msg" and message["content"]["data"].get("state", {}).get("value"):
                drawn.set()
    assert drawn.is_set()
    kinds = [message["msg_type"] for message in messages]
    shown = next(m["content"] for m in messages if m["msg_type"] == "display_data")
    assert "application/vnd.jupyter.widget-view+json" in shown["data"]
    left = next(m["content"] for m in messages if m["msg_type"] == "update_display_data")
    assert left["data"] == {"text/plain": "The live view has ended. What came of it:"}
    assert left["transient"] == shown["transient"]
    result = next(m["content"]["data"] for m in messages if m["msg_type"] == "execute_result")
    assert "Pull complete" in result["text/plain"]
    assert "<table" in result["text/html"]
    assert kinds.count("comm_open") == kinds.count("comm_close")
