"""Streams and tables against a real Engine."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_curl import paste

from labkit import tables
from labkit.client import Client
from labkit.engines.base import LABEL, EngineRecord
from labkit.errors import StreamError
from labkit.session import Session
from labkit.streams import Frame
from labkit.widgets import watch

pytestmark = pytest.mark.engine

LABELS = {LABEL: "test-live"}
FILTER = {"label": [f"{LABEL}=test-live"]}


NAMES = """
GET /containers/json
GET /containers/{id}/json
GET /containers/{id}/top
GET /containers/{id}/changes
GET /containers/{id}/stats
GET /containers/{id}/logs
GET /images/json
GET /images/{name}/json
GET /images/{name}/history
GET /volumes
GET /volumes/{name}
GET /networks
GET /networks/{id}
GET /version
GET /info
GET /events
POST /images/create
POST /containers/prune
""".strip().splitlines()


@pytest.fixture
def lab(engine: EngineRecord, tmp_path: Path) -> Iterator[Client]:
    """A client of the tests' engine; what it labels is removed."""
    client = Client(Session(engine.endpoint, bodies=tmp_path))
    yield client
    for container in client.get("/containers/json", all=True, filters=FILTER).json():
        client.delete(f"/containers/{container['Id']}", force=True, v=True).raise_for_status()
    client.close()


def create(lab: Client, *command: str, **more: Any) -> str:
    """Create a container of busybox and return its id."""
    body = {"Image": "busybox", "Cmd": list(command), "Labels": LABELS, **more}
    return str(lab.post("/containers/create", json=body).raise_for_status().json()["Id"])


def start(lab: Client, *command: str, **more: Any) -> str:
    """Create and start one."""
    made = create(lab, *command, **more)
    lab.post(f"/containers/{made}/start").raise_for_status()
    return made


def joined(frames: list[Frame], name: str) -> bytes:
    """Return all that was written on one stream."""
    return b"".join(frame.data for frame in frames if frame.name == name)


def test_attach_with_input(lab: Client) -> None:
    """Attached before its start, a container reads what is sent and sees the end of it."""
    made = create(lab, "sh", "-c", "cat; echo done >&2", OpenStdin=True, StdinOnce=True, AttachStdin=True)
    with lab.post(f"/containers/{made}/attach?stream=1&stdin=1&stdout=1&stderr=1", upgrade=True, seconds=20) as stream:
        assert stream.status == 101
        lab.post(f"/containers/{made}/start").raise_for_status()
        stream.send("one\n")
        stream.send(b"\xff\n")
        stream.close_write()
        frames = list(stream)
    assert joined(frames, "stdout") == b"one\n\xff\n"
    assert joined(frames, "stderr") == b"done\n"
    assert stream.ended == "end"


@pytest.mark.parametrize("upgrade", [False, True])
@pytest.mark.parametrize("tty", [False, True])
def test_exec(upgrade: bool, tty: bool, lab: Client) -> None:
    """An exec gives its output, with or without an upgrade; a TTY gives it raw and in one."""
    made = start(lab, "sleep", "60")
    body = {"Cmd": ["sh", "-c", "echo out; echo err >&2"], "AttachStdout": True, "AttachStderr": True, "Tty": tty}
    number = lab.post(f"/containers/{made}/exec", json=body).json()["Id"]
    body = {"Detach": False, "Tty": tty}
    with lab.post(f"/exec/{number}/start", json=body, stream=True, upgrade=upgrade, seconds=20) as stream:
        items = list(stream)
    if tty:
        assert b"".join(items) == b"out\r\nerr\r\n"
    else:
        assert (joined(items, "stdout"), joined(items, "stderr")) == (b"out\n", b"err\n")
    assert lab.get(f"/exec/{number}/json").json()["ExitCode"] == 0


def test_exec_with_input(lab: Client) -> None:
    """Input to an exec is answered while it runs."""
    made = start(lab, "sleep", "60")
    body = {"Cmd": ["cat"], "AttachStdin": True, "AttachStdout": True}
    number = lab.post(f"/containers/{made}/exec", json=body).json()["Id"]
    with lab.post(f"/exec/{number}/start", json={}, upgrade=True, seconds=20) as stream:
        for word in (b"a\n", b"b\n"):
            stream.send(word)
            assert stream.take(1) == [Frame(1, word)]
        stream.close_write()
        assert list(stream) == []


def test_logs(lab: Client) -> None:
    """Logs are whole, or followed until the container ends, and escapes in them do no harm."""
    made = start(lab, "sh", "-c", "printf 'a\\033[31m\\n'; echo b >&2; sleep 1; echo c")
    follow = lab.get(f"/containers/{made}/logs?stdout=1&stderr=1&follow=1", stream=True, seconds=20)
    frames = list(follow)
    assert joined(frames, "stdout") == b"a\x1b[31m\nc\n"
    assert joined(frames, "stderr") == b"b\n"
    assert follow.ended == "end"
    whole = lab.get(f"/containers/{made}/logs?stdout=1")
    assert whole.text == "a␛[31m\nc\n"


def test_a_follow_ends_at_its_limit(lab: Client) -> None:
    """A log of a container that goes on is read for its seconds, and no longer."""
    made = start(lab, "sh", "-c", "echo a; sleep 60")
    begin = time.monotonic()
    result = watch(lab.get(f"/containers/{made}/logs?stdout=1&follow=1", stream=True, seconds=1))
    assert 0.8 < time.monotonic() - begin < 10
    assert result.ended == "time"
    assert list(result.table["text"]) == ["a"]


def test_events(lab: Client) -> None:
    """What happens is told while it happens, and closing from another thread ends the waiting."""
    with lab.get("/events", filters=FILTER, stream=True) as stream:
        timer = threading.Timer(0.2, lambda: start(lab, "true"))
        timer.start()
        told = [event["Action"] for event in stream.take(2)]
        timer.join()
        threading.Timer(0.2, stream.close).start()
        list(stream)
    assert told == ["create", "start"]
    assert stream.ended == "closed"


def test_the_engine_paused_in_mid_stream_can_be_left(lab: Client) -> None:
    """Statistics come one a second, and leaving them early leaves the Engine free for the next call."""
    made = start(lab, "sleep", "60")
    with lab.get(f"/containers/{made}/stats", stream=True, seconds=20) as stream:
        first, second = stream.take(2)
    assert first["read"] < second["read"]
    assert lab.get("/_ping").text == "OK"


def test_pull_and_push(lab: Client, engine: EngineRecord) -> None:
    """A pull ends with each layer in place; a push with a wrong password fails inside its 200."""
    assert engine.registry is not None
    result = watch(lab.post("/images/create", fromImage="busybox", tag="latest", stream=True))
    assert result.table["status"].iloc[-1].startswith("Status: ")
    name = f"{engine.registry.private}/test-live"
    lab.post("/images/busybox/tag", repo=name, tag="1").raise_for_status()
    try:
        auth = {"username": engine.registry.user, "password": "wrong", "serveraddress": engine.registry.private}
        header = base64.urlsafe_b64encode(json.dumps(auth).encode()).decode()
        refused = lab.post(f"/images/{name}/push", tag="1", headers={"X-Registry-Auth": header})
        assert refused.status == 200
        assert refused.error
        assert "error: " in refused.table["status"].iloc[-1]
        with pytest.raises(StreamError):
            list(lab.post(f"/images/{name}/push", tag="1", headers={"X-Registry-Auth": header}, stream=True))
    finally:
        lab.delete(f"/images/{name}:1")


def test_curl_lines_get_the_same(lab: Client, tmp_path: Path) -> None:
    """The printed line, pasted into a shell, gets the same bytes from the Engine."""
    made = create(lab, "true")
    for exchange in (
        lab.get("/_ping"),
        lab.get("/containers/json", all=True, filters={"id": [made]}),
        lab.get(f"/containers/{made}/json"),
        lab.get("/networks", filters={"driver": ["bridge"]}),
        lab.get("/containers/no such container/json"),
        lab.post("/containers/create", json={"Image": "no-such-image", "Labels": {"quote": "it's $HOME `id` \\"}}),
    ):
        assert paste("sh", [exchange.curl], tmp_path).stdout == exchange.response.body


@pytest.fixture(scope="module")
def answers(engine: EngineRecord, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """One answer of each endpoint that has a table of its own, with something in it."""
    client = Client(Session(engine.endpoint, bodies=tmp_path_factory.mktemp("bodies")))
    made = start(client, "sh", "-c", "touch /new; echo out; sleep 60", ExposedPorts={"80/tcp": {}})
    here = f"/containers/{made}"
    client.post("/volumes/create", json={"Name": "test-live", "Labels": LABELS}).raise_for_status()
    time.sleep(0.3)
    yield {
        "GET /containers/json": client.get("/containers/json", all=True, size=True),
        "GET /containers/{id}/json": client.get(f"{here}/json"),
        "GET /containers/{id}/top": client.get(f"{here}/top"),
        "GET /containers/{id}/changes": client.get(f"{here}/changes"),
        "GET /containers/{id}/stats": client.get(f"{here}/stats?stream=false"),
        "GET /containers/{id}/logs": client.get(f"{here}/logs?stdout=1"),
        "GET /images/json": client.get("/images/json"),
        "GET /images/{name}/json": client.get("/images/busybox/json"),
        "GET /images/{name}/history": client.get("/images/busybox/history"),
        "GET /volumes": client.get("/volumes"),
        "GET /volumes/{name}": client.get("/volumes/test-live"),
        "GET /networks": client.get("/networks"),
        "GET /networks/{id}": client.get("/networks/bridge"),
        "GET /version": client.get("/version"),
        "GET /info": client.get("/info"),
        "GET /events": client.get("/events", since=0, until=time.time(), filters=FILTER),
        "POST /images/create": client.post("/images/create", fromImage="busybox", tag="latest"),
        "POST /containers/prune": client.post("/containers/prune", filters=FILTER),
    }
    client.delete(here, force=True)
    client.delete("/volumes/test-live")
    client.close()


@pytest.mark.parametrize("name", NAMES)
def test_an_engines_answer_has_its_own_table(name: str, answers: dict[str, Any]) -> None:
    """What an Engine really answers has the table that was made for it, without an empty column that matters."""
    exchange = answers[name]
    assert exchange.status == 200
    own = tables._own(exchange)
    assert own is not None
    assert own.items
    table = exchange.table
    first = table.columns[0]
    if first != "id":  # a line on the whole of a pull has no id
        assert table[first].notna().all()
    assert repr(table)
