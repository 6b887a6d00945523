"""A whole class at once: everybody logs in, runs lab 2 and passes its exercises; the hub is restarted meanwhile.

``LABKIT_SOAK_STUDENTS`` says how many; without it, sixty.  With ``-s`` the figures are printed.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import psutil
import pytest
import requests
import websocket
from classroomhelp import IDS
from hubhelp import NAME, ROOT, Hub, teachers_python, with_proxy

from labkit.classroom import sandbox
from labkit.classroom.hub.folder import ClassFolder
from labkit.exercises.journal import Journal
from labkit.exercises.standing import standings

STUDENTS = int(os.environ.get("LABKIT_SOAK_STUDENTS", "60"))
PATIENCE = 1800.0
"""Seconds that one step of one student may take on a machine that all of them share."""
CELLS = [cell.source for cell in nbformat.read(ROOT / "notebooks" / "solved" / NAME, as_version=4).cells
         if cell.cell_type == "code"]  # fmt: skip
LAB2 = [id for id in IDS if id.startswith("2.")]


class Learner:
    """A student who asks the hub what a browser asks it, with the cookies that it sets."""

    def __init__(self, hub: Hub, name: str) -> None:
        self.hub, self.name = hub, name
        self.session = requests.Session()
        self.base = f"{hub.url}/user/{name}"
        self.cells = 0
        self.usable = 0.0
        self._kernel = ""
        self._socket: websocket.WebSocket | None = None

    def log_in(self) -> None:
        """Log in, have a server started, and wait for its page."""
        since = time.monotonic()
        self._get(f"{self.hub.url}/hub/login")
        token = next(cookie.value for cookie in self.session.cookies if cookie.name == "_xsrf")
        form = {"username": self.name, "password": f"password of {self.name}", "_xsrf": token}
        self.session.post(f"{self.hub.url}/hub/login", data=form, timeout=PATIENCE)
        until = time.monotonic() + PATIENCE
        while f"/user/{self.name}/lab" not in (page := self._get(f"{self.base}/lab")).url or page.status_code != 200:
            assert time.monotonic() < until, (page.status_code, page.url)
            time.sleep(1)
            if "/hub/user/" in page.url:
                self._get(f"{self.hub.url}/hub/spawn/{self.name}")
        self.usable = time.monotonic() - since

    def begin(self) -> None:
        """Start a kernel, and wait for its first answer."""
        since = time.monotonic()
        token = next(c.value for c in self.session.cookies if c.name == "_xsrf" and c.path == f"/user/{self.name}/")
        made = self.session.post(f"{self.base}/api/kernels", headers={"X-XSRFToken": token}, timeout=PATIENCE)
        made.raise_for_status()
        self._kernel = made.json()["id"]
        assert self.run("print(6 * 7)").strip() == "42"
        self.usable += time.monotonic() - since

    def _get(self, url: str) -> requests.Response:
        return self.session.get(url, timeout=PATIENCE)

    def work(self) -> None:
        """Run all cells of lab 2, each once, whatever happens to the hub meanwhile."""
        for number, source in enumerate(CELLS):
            while True:
                try:
                    if self._socket is None and self._number() == number:
                        break  # it was running when the connection was lost, and has run
                    self.run(f"cell_of_soak = {number}\n{source}")
                    break
                except (OSError, websocket.WebSocketException):
                    self._socket = None
                    time.sleep(1)
            self.cells = number + 1

    def _number(self) -> int:
        said = self.run("print(globals().get('cell_of_soak', -1))").strip()
        return int(said) if said.lstrip("-").isdigit() else -1

    def run(self, code: str) -> str:
        """Run code; return what it printed.  Raises `OSError` when the connection is lost."""
        if self._socket is None:
            cookies = "; ".join(
                f"{c.name}={c.value}" for c in self.session.cookies if self.base.endswith(c.path.rstrip("/"))
            )
            base = self.base.replace("http", "ws", 1)
            url = f"{base}/api/kernels/{self._kernel}/channels?session_id={uuid.uuid4().hex}"
            self._socket = websocket.create_connection(url, cookie=cookies, timeout=PATIENCE)
        id = uuid.uuid4().hex
        head = {"msg_id": id, "msg_type": "execute_request", "username": "", "session": id, "version": "5.3"}
        content = {"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False,
                   "stop_on_error": False}  # fmt: skip
        message = {"header": head, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        self._socket.send(json.dumps(message))
        said = ""
        while True:
            answer = json.loads(self._socket.recv() or "{}")
            if answer.get("parent_header", {}).get("msg_id") != id:
                continue
            said += answer["content"].get("text", "")
            if answer["msg_type"] == "status" and answer["content"]["execution_state"] == "idle":
                return said


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A class of so many, all with the seed whose predictions stand in the solved edition."""
    python = teachers_python()
    with_proxy(python)
    hub = Hub(python, tmp_path / "class")
    (tmp_path / "roster.csv").write_text("id\n" + "".join(f"s{n:03}\n" for n in range(STUDENTS)))
    hub.labkit("serve", str(hub.folder), "--roster", str(tmp_path / "roster.csv"), "--port", str(hub.port), "--check")
    with (hub.folder / "jupyterhub_config.py").open("a") as config:
        config.write('\nc.Spawner.environment = {"LABKIT_SEED": "example"}\n')
        config.write(f"c.Spawner.start_timeout = c.Spawner.http_timeout = {PATIENCE}\n")
    yield hub
    hub.stop()


def use(hub: Hub) -> tuple[list[float], list[float]]:
    """Memory in MB (each shared page by its share) and processor seconds of each student, the fence included."""
    megabytes, seconds = [], []
    for place in ClassFolder.of(hub.folder).places().values():
        memory = cpu = 0.0
        for process in psutil.process_iter(["uids", "cmdline"]):
            mark = f'"user": {place.user},'
            if process.info["uids"].real == place.user or any(mark in word for word in process.info["cmdline"] or ()):
                with contextlib.suppress(psutil.Error):
                    memory += process.memory_full_info().pss / 1e6
                    cpu += sum(process.cpu_times()[:4])
        if memory:
            megabytes.append(memory)
            seconds.append(cpu)
    return megabytes, seconds


def passed(hub: Hub, name: str) -> set[str]:
    """The exercises that a student's own journal says were passed."""
    own = hub.folder / "students" / name
    entries, _said = Journal(own / "lab", own / "work").read()
    return {id for id, standing in standings(entries).items() if standing.passed}


def figures(name: str, values: list[float], unit: str) -> str:
    """A line with the median and the worst of some values."""
    return f"{name}: median {statistics.median(values):.0f} {unit}, worst {max(values):.0f} {unit}"


@pytest.mark.skipif(bool(sandbox.unavailable()), reason="needs Linux and root")
@pytest.mark.slow
@pytest.mark.timeout(4 * 3600)
def test_a_class_at_once(hub: Hub) -> None:
    """Everybody passes every exercise, on an engine of their own, over a restart of the hub."""
    hub.start()
    learners = [Learner(hub, f"s{n:03}") for n in range(STUDENTS)]
    load = os.getloadavg()[0]
    with ThreadPoolExecutor(STUDENTS) as pool:
        list(pool.map(Learner.log_in, learners))
        idle = use(hub)
        list(pool.map(Learner.begin, learners))
        began = use(hub)
        working = [pool.submit(learner.work) for learner in learners]
        while statistics.median(learner.cells for learner in learners) < len(CELLS) / 2:
            time.sleep(1)
            assert not any(work.done() and work.exception() for work in working)
        hub.end()
        hub.start()
        for work in working:
            work.result()
        ended = use(hub)
    print(f"\n{STUDENTS} students, load {load:.0f} before, {os.cpu_count()} processors")
    print(figures("time to a usable kernel", [learner.usable for learner in learners], "s"))
    print(figures("memory without a kernel", idle[0], "MB"))
    print(figures("memory with a kernel", began[0], "MB"))
    print(figures("memory after lab 2", ended[0], "MB"))
    print(figures("processor until a kernel is there", began[1], "s"))
    print(figures("processor for lab 2", [b - a for a, b in zip(began[1], ended[1])], "s"))
    missing = {learner.name: set(LAB2) - passed(hub, learner.name) for learner in learners}
    assert {name: left for name, left in missing.items() if left} == {}
    assert threading.active_count() < 20
