"""Live views beside running cells: what they show, what they keep, and that they let go of everything."""

from __future__ import annotations

import os
import queue
import socket
import tempfile
import threading
import time
from ast import literal_eval
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from browser import jupyterlab
from enginehelp import make_root, started
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import run_kernel
from samples import HOSTILE, Values, event, exchange, frame, sample
from test_pictures import Found
from wire import Seen, Server, until

from labkit.client import Client, Unsent
from labkit.encode import Gap
from labkit.engines.base import Paths
from labkit.errors import StreamError, UsageError
from labkit.session import Session
from labkit.streams import Frame
from labkit.widgets import close_all, follow, logbook, opened
from labkit.widgets.charts import blocks, chart
from labkit.widgets.controlview import Control
from labkit.widgets.eventsview import EventsView
from labkit.widgets.logbook import LogBook
from labkit.widgets.logview import LogView
from labkit.widgets.progressview import ProgressView
from labkit.widgets.statsview import StatsView
from labkit.widgets.terminal import Terminal

LOGS = exchange("GET", "/v1.41/containers/web/logs?follow=1&stdout=1&stderr=1")
HARMLESS = {
    "div",
    "span",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "p",
    "strong",
    "pre",
    "code",
    "svg",
    "polygon",
    "polyline",
    "progress",
}


class Typed:
    """A stream that notes what is sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.closed = False

    def send(self, data: str) -> None:
        """Note input, or refuse it."""
        if self.closed:
            raise StreamError("The other side no longer reads.")
        self.sent.append(data)

    def close_write(self) -> None:
        """Note the end."""
        self.closed = True


def test_lines_of_both_streams_are_put_together_apart() -> None:
    """A line that comes in pieces is whole again, though the other stream writes in between."""
    book = LogBook()
    for item in (Frame(1, b"on"), Frame(2, b"oops\n"), Frame(1, b"e\ntwo\nthr"), Frame(1, b"ee")):
        book.take(item)
    assert [(line.stream, line.text) for line in book.lines] == [(2, "oops"), (1, "one"), (1, "two")]
    assert [line.text for line in book.open_line()] == ["three"]
    book.end()
    assert book.lines[-1].text == "three"
    assert book.count == [0, 3, 1]


def test_a_log_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the latest lines are kept, by number and by bytes; a line without an end is broken."""
    monkeypatch.setattr(logbook, "LINES", 10)
    book = LogBook()
    book.take(b"".join(b"%d\n" % n for n in range(100)))
    assert [line.text for line in book.lines] == [str(n) for n in range(90, 100)]
    assert book.dropped == 90
    assert book.lines[-1].number == 100
    monkeypatch.setattr(logbook, "BYTES", 50_000)
    for _n in range(100):
        book.take(b"x" * 10_000)
    assert sum(len(line.data) for line in book.lines) <= 50_000
    assert max(len(line.data) for line in book.lines) == logbook.LONGEST
    assert sum(map(len, book._rest)) <= logbook.LONGEST


def test_a_log_is_searched() -> None:
    """Words are found in any case, in both streams or one; the newest line comes first."""
    book = LogBook()
    for n in range(5):
        book.take(Frame(1 + n % 2, b"Line %d\n" % n))
    assert [line.text for line in book.found("LINE 3")] == ["Line 3"]
    assert [line.text for line in book.found("line", (2,))] == ["Line 3", "Line 1"]


def test_stdout_and_stderr_differ_by_word_and_shape() -> None:
    """The two streams carry their names, and a mark beside the line: no colour is needed."""
    view = LogView(LOGS)
    view.take(Frame(1, b"fine\n"))
    view.take(Frame(2, b"wrong\n"))
    view.draw()
    html = view.body.value
    assert "out" in html
    assert "err" in html
    assert "double" in html
    assert "color:" not in html.replace("border-color", "")
    assert view.bundle()["text/plain"].splitlines()[-2:] == ["out fine", "err wrong"]
    view.streams.value = (2,)
    view.draw()
    assert "fine" not in view.body.value


def test_a_held_screen_goes_on_reading() -> None:
    """Pause holds the picture; what came meanwhile is there when it goes on."""
    view = LogView(LOGS)
    view.take(b"one\n")
    view.draw()
    view.pause.value = True
    view.take(b"two\n")
    view.draw()
    assert "two" not in view.body.value
    assert "2 lines" in view.status.value
    assert "paused" in view.status.value
    view.pause.value = False
    view.draw()
    assert "two" in view.body.value


def test_nothing_is_drawn_without_news() -> None:
    """A view without news sends nothing to the page."""
    view = LogView(LOGS)
    view.take(b"one\n")
    view.draw()
    view.body.value = "untouched"
    view.draw()
    assert view.body.value == "untouched"


def test_stats_are_numbers_and_charts() -> None:
    """Processor, memory and network each have a number, a chart with a text of its own, and a line in the notebook."""
    view = StatsView(exchange("GET", "/v1.41/containers/web/stats"))
    view.draw()
    assert "No sample yet" in view.body.value
    view.take({"read": "0001-01-01T00:00:00Z", "memory_stats": {}})  # of a container that does not run
    for n in range(3):
        made = sample(Values(ago=10 - n, size=1_000_000 * (n + 1)))
        view.take(made)
    view.draw()
    assert view.count == 3
    assert list(view.received) == [1_000_000.0, 1_000_000.0]
    assert view.body.value.count("<svg") == 4
    assert view.body.value.count("aria-label") == 4
    assert "1.0 MB/s" in view.body.value
    text = view.bundle()["text/plain"]
    assert "memory" in text
    assert "▇" in text or "█" in text


def test_charts_stand_on_nothing() -> None:
    """No value, one value, and values that are all nothing are drawn without a division by zero."""
    assert blocks([]) == ""
    assert blocks([0.0, 0.0]) == "▁▁"
    assert blocks([0, 5, 10]) == "▁▅█"
    for values in ([], [1.0], [0.0, 0.0]):
        assert Found(chart(values, "x")).tags[0][0] == "svg"


def test_events_are_filtered() -> None:
    """A word filters the kept events, whatever it is in."""
    view = EventsView(exchange("GET", "/v1.41/events"))
    view.take(event())
    view.take({**event(), "Action": "create"})
    view.filter.value = "CREATE"
    view.draw()
    assert "create" in view.body.value
    assert "die" not in view.body.value
    assert "2 so far" in view.status.value


def test_progress_says_rate_and_failure() -> None:
    """A pull has a bar for each layer and one for all; one that fails says why, first of all."""
    view = ProgressView(exchange("POST", "/v1.41/images/create"))
    view.take({"id": "a", "status": "Downloading", "progressDetail": {"current": 5_000_000, "total": 10_000_000}})
    view.take({"id": "b", "status": "Pull complete"})
    view.draw()
    assert view.body.value.count("<progress") == 3
    assert "5.0 MB / 10.0 MB" in view.body.value
    assert "1 of 2 layers" in view.status.value
    view.take({"error": "no space left"})
    view.over("")
    view.draw()
    assert view.body.value.startswith("<p><strong>It failed: no space left")


def test_a_terminal_shows_what_is_typed_and_what_comes_back() -> None:
    """A line goes out with its end; without a TTY it is shown beside what comes; a stream that is over says so."""
    typed = Typed()
    view = Terminal(exchange("POST", "/v1.41/exec/x/start", status=101), typed)  # type: ignore[arg-type]
    view.line.value = "ls"
    view.line._handle_custom_msg({"event": "submit"}, [])
    until(lambda: typed.sent == ["ls\n"])
    assert view.line.value == ""
    view.take(Frame(1, b"bin\n"))
    view.take(Frame(2, b"bad\n# "))
    view.draw()
    assert view.lines() == ["> ls", "bin", "err bad", "err # "]
    view.eof.click()
    assert typed.closed
    assert view.line.disabled
    view.send("more")
    until(lambda: "no longer reads" in view.why)


def test_a_tty_echoes_by_itself() -> None:
    """With a TTY the process shows what is typed; it is not shown twice, and its prompt is seen at once."""
    view = Terminal(exchange("POST", "/v1.41/exec/x/start", status=101), Typed())  # type: ignore[arg-type]
    view.take(b"/ # ")
    view.send("ls")
    view.take(b"ls\r\nbin\r\n/ # ")
    assert view.lines() == ["/ # ls", "bin", "/ # "]


@pytest.mark.parametrize("hostile", [*HOSTILE, "\x1b[2J\x1b]0;x\x07", "x" * 5000, '" onmouseover="x'])
def test_hostile_output_stays_text(hostile: str) -> None:
    """Whatever a process writes: no view gets further elements, attributes or control characters of it."""
    data = hostile.encode("utf-8", "replace")
    log = LogView(LOGS)
    terminal = Terminal(exchange("POST", "/v1.41/exec/x/start", status=101), Typed())  # type: ignore[arg-type]
    events = EventsView(exchange("GET", "/v1.41/events"))
    progress = ProgressView(exchange("POST", "/v1.41/images/create"))
    stats = StatsView(exchange("GET", f"/v1.41/containers/{hostile}/stats"))
    for view in (log, terminal):
        view.take(Frame(1, data + b"\n"))
        view.take(Frame(2, data))
    events.take(
        {"Type": hostile, "Action": hostile, "Actor": {"ID": hostile, "Attributes": {hostile: hostile}}, "time": 1}
    )
    progress.take({"id": hostile, "status": hostile})
    progress.take({"error": hostile})
    stats.take(sample())
    for view in (log, terminal, events, progress, stats):
        view.over(hostile)
        view.draw()
        for html in (view.body.value, view.status.value, view.bundle()["text/html"], view.widget.children[0].value):
            found = Found(html)
            assert {tag for tag, _a in found.tags} <= HARMLESS
            assert not {a for _t, attributes in found.tags for a in attributes if a.startswith("on")}
            assert "\x1b" not in html
        assert "\x1b" not in view.bundle()["text/plain"]


class Asked(Client):
    """A client whose container is started and stopped."""

    def __init__(self) -> None:
        self.state = "running"
        self.calls: list[str] = []

    def call(self, method: str, path: str, /, **_options: Any) -> Any:
        """Answer an inspect, and do what is asked for."""
        self.calls.append(f"{method} {path}")
        if method == "GET":
            return exchange("GET", path, {"State": {"Status": self.state}, "Id": "x"})
        self.state = {"stop": "exited", "start": "running"}[path.rpartition("/")[2]]
        return exchange(method, path, b"", 204)


def test_buttons_send_calls() -> None:
    """A button sends its call in a thread, and those are enabled that lead on from the new state."""
    client = Asked()
    view = Control(exchange("GET", "/v1.41/events"), client, "web")
    view.draw()
    assert {call for call, button in view.buttons.items() if not button.disabled} == {"stop", "restart", "pause"}
    view.press("stop").join(10)
    view.draw()
    assert "POST /containers/web/stop" in client.calls
    assert {call for call, button in view.buttons.items() if not button.disabled} == {"start", "restart"}
    assert "POST /containers/web/stop → 204" in view.body.value
    client.state = "running"
    view.take(event())  # somebody else has started it
    view.draw()
    assert "<strong>running</strong>" in view.body.value


def test_only_a_stream_can_be_followed() -> None:
    """An answer that was read already is refused with what to add; a call with a gap says that it has one."""
    with pytest.raises(UsageError) as refused:
        follow(exchange("GET", "/v1.41/events"))  # type: ignore[arg-type]
    assert "stream=True" in refused.value.hint
    unsent = Unsent(Gap())
    assert follow(unsent) is unsent


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\n\r\n"


def _held() -> tuple[int, int]:
    """How many threads of labkit and how many sockets this process has."""
    names = [thread.name for thread in threading.enumerate() if thread.name.startswith("labkit")]
    return len(names), len(psutil.Process().net_connections(kind="all"))


def test_a_closed_view_leaves_nothing(tmp_path: Path) -> None:
    """Twenty views, opened and closed: no thread and no socket is left; closing twice does no harm."""
    over = threading.Event()

    def endless(conn: socket.socket, _seen: Seen) -> None:
        conn.sendall(HEAD + frame(1, b"one\n"))
        assert conn.recv(1) == b""  # until the other side closes
        over.set()

    with Server(tmp_path / "s", answer=endless) as server:
        before = _held()
        for _n in range(20):
            over.clear()
            found = follow(Session(server.endpoint, "1.41").stream("GET", "/containers/x/logs"))
            assert not isinstance(found, Unsent)
            until(lambda view=found.view: view.book.count[1])  # type: ignore[misc]
            assert opened() == 1
            found.close()
            found.close()
            assert over.wait(10)
        until(lambda: _held() == before)
    assert opened() == 0
    assert found.ended == "closed"
    assert "out one" in found.view.bundle()["text/plain"]


def test_close_all_closes_what_is_open(tmp_path: Path) -> None:
    """All views are closed at once, as lab.clean does."""

    def endless(conn: socket.socket, _seen: Seen) -> None:
        conn.sendall(HEAD)
        conn.recv(1)

    servers = [Server(tmp_path / f"{n}", answer=endless) for n in range(3)]
    views = [follow(Session(s.endpoint, "1.41").stream("GET", "/containers/x/logs")) for s in servers]
    assert opened() == 3
    close_all()
    assert opened() == 0
    assert all(view.ended == "closed" for view in views)  # type: ignore[union-attr]
    for server in servers:
        server.__exit__()


def test_a_broken_stream_is_said(tmp_path: Path) -> None:
    """A stream that breaks off, or that was refused, says so in its view."""

    def breaks(conn: socket.socket, _seen: Seen) -> None:
        conn.sendall(HEAD + frame(1, b"one\n") + b"\x01\0\0\0")

    with Server(tmp_path / "s", answer=breaks) as server:
        with follow(Session(server.endpoint, "1.41").stream("GET", "/containers/x/logs")) as found:  # type: ignore[union-attr]
            until(lambda: found.error)
            assert "middle of a frame" in found.view.bundle()["text/plain"]


def test_a_view_says_what_it_is_where_there_is_no_kernel(tmp_path: Path) -> None:
    """Outside a kernel, and where outputs are stored, nothing is shown but a sentence, the same each time."""
    body = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with Server(tmp_path / "s", answer=lambda conn, _seen: conn.sendall(body)) as server:
        with follow(Session(server.endpoint, "1.41").stream("GET", "/events")) as found:  # type: ignore[union-attr]
            assert "A live view: run this cell to follow the stream." in repr(found)


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    """A checkout's root of its own with a practice engine and JupyterLab."""
    with tempfile.TemporaryDirectory() as folder:
        paths = make_root(Path(folder))
        with pytest.MonkeyPatch.context() as patch, started(paths, "practice"):
            patch.setenv("LABKIT_ROOT", str(paths.root))
            patch.delenv("LABKIT_LIVE", raising=False)
            yield paths.root


BEGIN = """
import labkit, psutil, threading, time
from labkit import widgets
from labkit.widgets import following
lab = labkit.start("02")
lab.delete("/containers/talker", force=True)
lab.post("/containers/create", name="talker", json={"Image": "busybox", "Labels": lab.labels,
    "Cmd": ["sh", "-c", "while true; do echo out; echo err >&2; sleep 0.02; done"]})
lab.post("/containers/talker/start")
def held():
    lab.get("/_ping")  # one connection is kept for the next call, always
    names = [t.name for t in threading.enumerate() if t.name.startswith("labkit")]
    return len(names), len(psutil.Process().net_connections("unix"))  # which end a socket is of, Linux does not say
"""
LOG = 'lab.follow("/containers/talker/logs", follow=True, stdout=True, stderr=True, tail=1)'


class Kernel:
    """A real kernel that cells are run in."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self.client = client
        self.messages: list[dict[str, Any]] = []

    def run(self, code: str) -> str:
        """Run a cell to its end; return what it printed."""
        asked = self.client.execute(code)
        printed = ""
        while True:
            message = self.client.get_iopub_msg(timeout=60)
            self.messages.append(message)
            content = message["content"]
            if message["parent_header"].get("msg_id") != asked:
                continue
            if message["msg_type"] == "stream":
                printed += content["text"]
            assert message["msg_type"] != "error", content
            if message["msg_type"] == "status" and content["execution_state"] == "idle":
                return printed.strip()

    def listen(self, seconds: float) -> list[dict[str, Any]]:
        """Return the messages of some seconds."""
        end, heard = time.monotonic() + seconds, []
        while (left := end - time.monotonic()) > 0:
            try:
                heard.append(self.client.get_iopub_msg(timeout=left))
            except queue.Empty:
                break
        return heard


def until_said(kernel: Kernel, code: str, wanted: str) -> None:
    """Run a cell until it prints what is wanted."""
    end = time.monotonic() + 20
    while (said := kernel.run(code)) != wanted:
        assert time.monotonic() < end, said
        time.sleep(0.1)


@pytest.fixture(scope="module")
def kernel(root: Path) -> Iterator[Kernel]:
    """A kernel in which a container talks."""
    with run_kernel(cwd=str(root), env={**os.environ, "LABKIT_ROOT": str(root)}) as client:
        kernel = Kernel(client)
        kernel.run(BEGIN)
        yield kernel


def test_five_views_and_other_cells(kernel: Kernel) -> None:
    """Five views run while cells go on; ten updates a second at most; in the end no thread and no socket is left."""
    before = kernel.run("print(held())")
    kernel.run(LOG)
    kernel.run('lab.follow("/containers/talker/stats")')
    kernel.run('lab.follow("/events")')
    for _twice in range(2):  # the same cell again: its first view is closed
        kernel.run('lab.control("talker")')
    kernel.run(
        'made = lab.post("/containers/talker/exec", json={"Cmd": ["cat"], "AttachStdin": True, "AttachStdout": True})\n'
        "cat = lab.follow(lab.post(f\"/exec/{made.json()['Id']}/start\", json={}, upgrade=True))"
    )
    assert kernel.run("print(widgets.opened())") == "5"
    assert literal_eval(kernel.run("print(held())"))[1] == literal_eval(before)[1] + 5
    kernel.run('cat.view.send("hello")')
    until_said(kernel, "print([line.text for line in cat.view.book.lines])", "['hello', 'hello']")
    shown = [m["content"]["data"] for m in kernel.messages if m["msg_type"] == "display_data"]
    assert all({"text/plain", "text/html", "application/vnd.jupyter.widget-view+json"} == set(data) for data in shown)

    kernel.listen(0.5)
    values: dict[str, int] = {}
    for message in kernel.listen(2.0):
        state = message["content"].get("data", {}).get("state", {}) if message["msg_type"] == "comm_msg" else {}
        if "value" in state:
            comm = message["content"]["comm_id"]
            values[comm] = values.get(comm, 0) + 1
    assert 5 <= max(values.values()) <= 21  # of the log, which is written to a hundred times a second

    models = [m["msg_type"] for m in kernel.messages]
    kernel.messages.clear()
    kernel.run('lab.follow("/containers/nobody/logs", stdout=True)')
    until_said(kernel, "print([v.error for v in following._open if v.error])", "['No such container: nobody']")
    left = next(m["content"]["data"] for m in kernel.messages if m["msg_type"] == "update_display_data")
    assert "No such container" in left["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in left  # what came of it is kept, and the view is still there

    kernel.run("lab.clean()")
    assert kernel.run("print(widgets.opened())") == "0"
    until_said(kernel, "print(held())", before)
    models += [m["msg_type"] for m in kernel.messages]
    assert models.count("comm_open") == models.count("comm_close")


def test_a_view_ends_with_its_cell_its_widget_and_an_interrupt(kernel: Kernel, root: Path) -> None:
    """Running its cell again, closing its widget in the page, and interrupting an idle or busy kernel close a view."""
    kernel.run(BEGIN)  # the container of the test before this one was removed
    before = kernel.run("print(held())")
    kernel.messages.clear()
    kernel.run(LOG)
    kernel.run(LOG)  # a front end that names no cell: the same text is the same cell
    assert kernel.run("print(widgets.opened())") == "1"
    time.sleep(0.5)
    # Idle: the signal comes as JupyterLab's button sends it.
    pid = int(kernel.run("import os; print(os.getpid())"))
    os.kill(pid, 2)
    until_said(kernel, "print(widgets.opened())", "0")
    left = [m["content"]["data"] for m in kernel.messages if m["msg_type"] == "update_display_data"]
    assert left
    assert all(set(data) == {"text/plain", "text/html"} for data in left)
    assert "lines of stdout" in left[-1]["text/plain"]

    kernel.run("view = " + LOG)
    comm = kernel.run("print(view.view.widget.comm.comm_id)")
    kernel.client.shell_channel.send(kernel.client.session.msg("comm_close", {"comm_id": comm, "data": {}}))
    until_said(kernel, "print(widgets.opened())", "0")

    kernel.run("view = " + LOG)
    asked = kernel.client.execute("time.sleep(60)")
    time.sleep(0.5)
    os.kill(pid, 2)
    assert kernel.client._recv_reply(asked, timeout=30)["content"]["ename"] == "KeyboardInterrupt"
    until_said(kernel, "print(widgets.opened())", "0")
    until_said(kernel, "print(held())", before)


NOTEBOOK = "document.querySelector('.jp-NotebookPanel:not(.lm-mod-hidden)')"


@pytest.mark.browser
def test_a_log_is_followed_while_another_cell_runs(root: Path, tmp_path: Path) -> None:
    """In JupyterLab: lines come in while the next cell is busy, the search narrows them, Close leaves text."""
    go_on = tmp_path / "go-on"
    busy = f"import os\nwhile not os.path.exists({str(go_on)!r}):\n    time.sleep(0.1)\nprint('over'.upper())"
    cells = [nbformat.v4.new_code_cell(source) for source in (BEGIN, LOG, busy)]
    kept = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    paths = Paths.of(root)
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kept), paths.work / "follow.ipynb")
    with jupyterlab(paths, "--engine", "practice") as lab:
        lab.open("follow.ipynb")
        page = lab.page
        page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
        log = page.locator("[role=log]")
        log.wait_for(timeout=60_000)
        stand = f"() => ({NOTEBOOK}.innerText.match(/(\\d+) lines of stdout/) || [])[1]"
        first = page.wait_for_function(stand, timeout=60_000).json_value()
        page.wait_for_function(f"first => Number(({stand})()) > Number(first) + 5", arg=first, timeout=60_000)
        assert "OVER" not in page.evaluate(f"{NOTEBOOK}.innerText")  # the other cell is still busy
        page.get_by_role("textbox", name="Search").fill("err")
        page.wait_for_function("() => !/\\bout\\b/.test(document.querySelector('[role=log]').innerText)")
        lab.picture(tmp_path / "follow.png")
        page.get_by_role("button", name="Close", exact=True).click()
        log.wait_for(state="detached", timeout=60_000)
        page.wait_for_function(f"() => {NOTEBOOK}.innerText.includes('It was closed here')")
        go_on.touch()
        page.wait_for_function(f"() => {NOTEBOOK}.innerText.includes('OVER')", timeout=60_000)
