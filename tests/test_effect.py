"""Fields of create calls that had no effect: each is named, and no right call is blamed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from json import dumps
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from practicehelp import Clock
from wire import Server, answers

from labkit import advice, effect
from labkit.engines.base import EngineRecord, Paths
from labkit.exchange import Exchange
from labkit.lab import Lab, _looked_after
from labkit.model import Endpoint, Request, Response
from labkit.session import Session

BOX = {"Image": "busybox", "Cmd": ["sleep", "60"]}
SUBNET = {"Subnet": "172.29.77.0/24"}

RIGHT: dict[str, tuple[str, dict[str, Any]]] = {
    "nothing": ("/volumes/create", {}),
    "plain": ("/containers/create", BOX),
    "keys in another case": (
        "/containers/create",
        {"image": "busybox", "CMD": ["true"], "hostconfig": {"memory": 67108864}},
    ),
    "a command as one text": ("/containers/create", {"Image": "busybox", "Cmd": "true", "Entrypoint": ["sh"]}),
    "variables beside the image's": ("/containers/create", {**BOX, "Env": ["A=1", "A=b", "PATH=/bin", "GONE"]}),
    "numbers as text": ("/containers/create", {**BOX, "ExposedPorts": {"80": {}}, "StopTimeout": 3}),
    "a port without its protocol": (
        "/containers/create",
        {**BOX, "HostConfig": {"PortBindings": {
            "80": [{"HostPort": ""}], "81/tcp": [{"HostIp": "0.0.0.0", "HostPort": ""}]}}},
    ),
    "paths with slashes at the end": (
        "/containers/create",
        {**BOX, "Volumes": {"/x/": {}}, "WorkingDir": "/tmp/", "HostConfig": {"Binds": ["/etc/:/e/:ro", "vol:/v"]}},
    ),
    "mounts": (
        "/containers/create",
        {**BOX, "HostConfig": {"Mounts": [
            {"Type": "volume", "Source": "vol", "Target": "/v", "ReadOnly": True, "VolumeOptions": {"NoCopy": True}},
            {"type": "bind", "source": "/etc", "target": "/e"},
            {"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"SizeBytes": 1000000}},
        ]}},
    ),
    "what is the same as nothing": (
        "/containers/create",
        {**BOX, "Entrypoint": [""], "Labels": {}, "User": "", "HostConfig": {
            "RestartPolicy": {"Name": "no"}, "PidsLimit": -1, "NetworkMode": "default", "Binds": None, "Memory": 0}},
    ),
    "limits": (
        "/containers/create",
        {**BOX, "HostConfig": {"Memory": 67108864, "NanoCpus": 500000000, "PidsLimit": 50, "CapAdd": ["net_admin"],
                               "CapDrop": ["CAP_CHOWN"], "RestartPolicy": {"Name": "always"}}},
    ),
    "a health check": (
        "/containers/create",
        {**BOX, "Healthcheck": {"Test": ["CMD", "true"], "Interval": 1000000000, "Retries": 2}, "StopSignal": "SIGINT"},
    ),
    "a network with an address": (
        "/containers/create",
        {**BOX, "HostConfig": {"NetworkMode": "effect-net"}, "NetworkingConfig": {"EndpointsConfig": {
            "effect-net": {"Aliases": ["db"], "IPAMConfig": {"IPv4Address": "172.29.77.9"}}}}},
    ),
    "no network": ("/containers/create", {**BOX, "HostConfig": {"NetworkMode": "none"}}),
    "a network's addresses in another form": (
        "/networks/create",
        {"Name": "effect-lan", "CheckDuplicate": True, "Internal": True, "Labels": {"a": "b"}, "Driver": "bridge",
         "IPAM": {"Driver": "default", "Config": [
             {"Subnet": "172.29.78.0/24", "Gateway": "172.29.78.254", "IPRange": "172.29.78.128/25"}]}},
    ),
    "a volume with options": (
        "/volumes/create",
        {"Name": "effect-tmp", "Driver": "local", "Labels": {"a": "b"},
         "DriverOpts": {"type": "tmpfs", "device": "tmpfs"}},
    ),
    "a volume that is there, said the same again": ("/volumes/create", {"Name": "effect-vol", "Labels": {"a": "b"}}),
}  # fmt: skip

NOT_IN_PRACTICE = {"keys in another case", "paths with slashes at the end", "mounts"}
"""Right calls that the practice engine refuses: it mounts no folder here, and reads keys in their own case."""

WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "Mounts at the top": (
        "/containers/create",
        {**BOX, "Mounts": [{"Source": "/etc", "Destination": "/data"}], "HostConfig": {}},
        "`Mounts` stands at the top level: the Engine answered 201 and ignored it; `HostConfig.Mounts` is the one.",
    ),
    "PortBindings at the top": (
        "/containers/create",
        {**BOX, "PortBindings": {"80/tcp": [{"HostPort": "0"}]}, "HostConfig": {}},
        "`PortBindings` stands at the top level: the Engine answered 201 and ignored it",
    ),
    "a misspelt HostConfig": ("/containers/create", {**BOX, "HostConfg": {"Memory": 1}}, "did you mean `HostConfig`?"),
    "a field of a newer API": (
        "/containers/create",
        {**BOX, "HostConfig": {"Annotations": {"a": "b"}}},
        "`HostConfig.Annotations` came with API 1.43; this call carries 1.41, in which it is ignored.",
    ),
    "a volume that is there, with other labels": (
        "/volumes/create",
        {"Name": "effect-vol", "Labels": {"a": "c"}},
        "`Labels.a` had no effect: inspect says otherwise.",
    ),
    "a subnet at the top": (
        "/networks/create",
        {"Name": "effect-lan", "Subnet": "172.29.79.0/24"},
        "`Subnet` stands at the top level: the Engine answered 201 and ignored it; `IPAM.Config[].Subnet` is the one.",
    ),
}


class Practice:
    """A session with a practice engine in this process."""

    def __init__(self, version: str) -> None:
        self._ask = Clock(version)
        self._version = "1.41" if version == "20.10" else "1.55"

    def request(
        self, method: str, path: str, *, json: Any = None, version: str | None = None, **_more: Any
    ) -> Exchange:
        """Ask as `Session.request` does."""
        target = f"/v{version or self._version}{path}"
        status, body = self._ask(method, target, json)
        raw = None if json is None else dumps(json).encode()
        request = Request(method, target, Endpoint(socket="/run/x"), body=raw)
        response = Response(status, "", tuple(self._ask.headers.items()), body)
        return Exchange(request, response, 0.0, advice.remarks(request))


class Maker:
    """Makes things on an engine, looks at what came of each, and clears away."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self("/volumes/create", {"Name": "effect-vol", "Labels": {"a": "b"}}, keep=True)
        self("/networks/create", {"Name": "effect-net", "IPAM": {"Config": [SUBNET]}}, keep=True)

    def __call__(self, path: str, body: dict[str, Any], *, keep: bool = False) -> tuple[str, ...]:
        """Make a thing; return the notes on the call."""
        exchange = self.session.request("POST", path, json=body)
        assert exchange.status == 201, exchange.text
        made = exchange.json()
        notes = _looked_after(self.session, exchange).notes
        if not keep and made.get("Name") != "effect-vol":
            self.session.request("DELETE", f"/{path.split('/')[1]}/{made.get('Id') or made['Name']}?v=1")
        return tuple(notes)

    def clear(self) -> None:
        """Remove what was there for all."""
        for path in ("/networks/effect-net", "/volumes/effect-vol", "/volumes/vol"):
            self.session.request("DELETE", path)


@pytest.fixture(
    scope="module", params=["practice 20.10", "practice 29", pytest.param("real", marks=pytest.mark.engine)]
)
def make(request: pytest.FixtureRequest) -> Iterator[Maker]:
    """Make things on one engine after the other."""
    kind, _blank, version = request.param.partition(" ")
    session = Practice(version) if kind == "practice" else Session(request.getfixturevalue("engine").endpoint)
    maker = Maker(session)
    yield maker
    maker.clear()


@pytest.mark.parametrize("what", RIGHT)
def test_right_calls_get_no_note(make: Maker, what: str) -> None:
    """However the same thing is written, nothing is said of it."""
    if isinstance(make.session, Practice) and what in NOT_IN_PRACTICE:
        pytest.skip("the practice engine doesn't take it")
    assert make(*RIGHT[what]) == ()


@pytest.mark.parametrize("what", WRONG)
def test_wrong_calls_get_a_note(make: Maker, what: str) -> None:
    """A field without effect is named, with the reason where it is known."""
    path, body, said = WRONG[what]
    notes = make(path, body)
    if "came with API" in said and not notes:
        pytest.skip("this engine speaks the newer API")
    assert any(said in note for note in notes), notes


def created(
    body: dict[str, Any], inspected: dict[str, Any], path: str = "/containers/create", **answer: Any
) -> tuple[str, ...]:
    """Return the notes on a call to an Engine whose inspect says what a test wants."""
    request = Request("POST", f"/v1.41{path}", Endpoint(socket="/x"), body=dumps(body).encode())
    headers = (("Server", "Docker/20.10.24 (linux)"),)
    response = Response(201, "", headers, dumps({"Id": "1", **answer}).encode())
    return effect.notes(Exchange(request, response, 0.0, advice.remarks(request)), inspected)


def test_values_are_told_but_not_those_of_maps() -> None:
    """A single value is told on both sides; what may hold a password isn't repeated."""
    host = {"Memory": 0, "LogConfig": {"Type": "json-file", "Config": {"token": "other"}}}
    sent = {"HostConfig": {"Memory": 5, "LogConfig": {"Config": {"token": "secret"}}}, "Env": ["PASSWORD=secret"]}
    assert created(sent, {"Config": {"Env": []}, "HostConfig": host}) == (
        "`HostConfig.Memory` had no effect: 5 was sent, inspect says 0.",
        "`HostConfig.LogConfig.Config.token` had no effect: inspect says otherwise.",
        "`Env` had no effect: inspect doesn't show it.",
    )


def test_the_engine_says_why() -> None:
    """A warning of the Engine's own is the reason."""
    body = {"HostConfig": {"BlkioWeight": 300}}
    notes = created(body, {"Config": {}, "HostConfig": {"BlkioWeight": 0}}, Warnings=["Weight discarded."])
    assert notes[-1] == "The Engine warns: Weight discarded."


def test_what_an_older_engine_reads_at_the_top_level() -> None:
    """A field in the wrong place that had its effect is said to have had it."""
    assert created({"Memory": 5}, {"Config": {}, "HostConfig": {"Memory": 5}}) == (
        (
            "`Memory` stands at the top level, where this Engine still reads it and newer ones don't; "
            "`HostConfig.Memory` is the one."
        ),
    )


def test_a_network_that_was_not_joined() -> None:
    """A network of the body that inspect doesn't show is named; one that is named by its id is found."""
    body = {"NetworkingConfig": {"EndpointsConfig": {"front": {}, "f00d": {}}}}
    inspected = {"Config": {}, "HostConfig": {}, "NetworkSettings": {"Networks": {"back": {"NetworkID": "f00d"}}}}
    assert created(body, inspected) == (
        "`NetworkingConfig.EndpointsConfig.front` had no effect: inspect doesn't show it.",
    )


@pytest.mark.parametrize("inspected", [{}, {"Config": None}, {"Config": 5, "HostConfig": []}, {"NetworkSettings": []}])
def test_an_inspect_of_another_form_is_survived(inspected: dict[str, Any]) -> None:
    """Whatever inspect says, nothing is raised."""
    created({"HostConfig": {"Memory": 5}, "Labels": {"a": "b"}}, inspected)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
)


@given(
    body=st.fixed_dictionaries({}, optional=dict.fromkeys(("Env", "Cmd", "Labels", "Volumes", "ExposedPorts"), _JSON)),
    host=st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("Binds", "Mounts", "PortBindings", "Ulimits", "Dns"), _JSON)
    ),
)
def test_any_body_is_survived_and_itself_no_difference(body: dict[str, Any], host: dict[str, Any]) -> None:
    """Whatever is sent, nothing is raised; an Engine that shows the very same gets no note."""
    created({**body, "HostConfig": host}, {"Config": {}, "HostConfig": {}})
    created({**body, "HostConfig": host}, {"Config": body, "HostConfig": host})


@pytest.mark.parametrize(
    ("method", "path", "status", "server"),
    [
        ("POST", "/containers/create", 400, "Docker/29"),
        ("POST", "/containers/create", 201, "Libpod/4.3.1 (linux)"),
        ("POST", "/containers/create", 201, ""),
        ("POST", "/commit", 201, "Docker/29"),
        ("GET", "/containers/create", 201, "Docker/29"),
    ],
)
def test_what_is_not_looked_after(method: str, path: str, status: int, server: str) -> None:
    """Only what a create call made on Docker's own Engine is inspected."""
    request = Request(method, f"/v1.41{path}", Endpoint(socket="/x"), body=b"{}")
    response = Response(status, "", (("Server", server),), b'{"Id": "1"}')
    assert effect.where(Exchange(request, response, 0.0)) == ""


@pytest.mark.parametrize("body", [b"", b"[]", b'{"Id": 5}', b"{"])
def test_an_answer_that_names_nothing(body: bytes) -> None:
    """An answer from which no name can be read is not looked after."""
    request = Request("POST", "/v1.41/containers/create", Endpoint(socket="/x"), body=b"{}")
    assert effect.where(Exchange(request, Response(201, "", (("Server", "Docker/29"),), body), 0.0)) == ""


def test_a_failed_inspect_is_silent(tmp_path: Path) -> None:
    """When the inspect is refused or breaks off, the exchange stays as it is."""
    request = Request("POST", "/v1.41/volumes/create", Endpoint(socket="/x"), body=b'{"Name": "x"}')
    exchange = Exchange(request, Response(201, "", (("Server", "Docker/29"),), b'{"Name": "x"}'), 0.0)
    for reply in (
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",
    ):
        with Server(tmp_path / f"{len(reply)}.sock", answer=answers(reply)) as server:
            assert _looked_after(Session(server.endpoint, "1.41"), exchange) is exchange
    assert _looked_after(Session(Endpoint(socket=str(tmp_path / "gone")), "1.41"), exchange) is exchange


@pytest.mark.engine
def test_only_the_learners_own_calls_are_looked_after(engine: EngineRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lab looks at what it made, once; a plain client doesn't."""
    asked: list[str] = []
    real = Session.request

    def request(self: Session, method: str, path: str, *words: Any, **more: Any) -> Exchange:
        asked.append(f"{method} {path}")
        return real(self, method, path, *words, **more)

    monkeypatch.setattr(Session, "request", request)
    lab = Lab("04", Paths.of(Path(os.environ["LABKIT_ROOT"])), engine)
    assert lab.version  # negotiated before
    lab.post("/volumes/create", json={"Name": "effect-own", "Labels": lab.labels})
    assert asked[-2:] == ["POST /volumes/create", "GET /volumes/effect-own"]
    lab.at(str(engine.endpoint), version=lab.version).post(
        "/volumes/create", json={"Name": "effect-own", "Labels": {"a": "b"}}
    )
    assert asked[-1] == "POST /volumes/create"
    lab.delete("/volumes/effect-own")
