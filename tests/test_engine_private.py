"""The private engine: apart from everything else, healed when killed, configured as lab 1 needs it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import trustme
from enginehelp import (
    CHECKOUT,
    SETUP,
    eventually,
    family,
    kill,
    machine,
    make_root,
    page,
    processes,
    run,
    started,
    traces,
)

from labkit.engines import setup
from labkit.engines.base import EngineRecord, Paths
from labkit.engines.private import Private
from labkit.errors import EngineError
from labkit.model import TLS, Endpoint
from labkit.session import Session

pytestmark = [pytest.mark.engine, pytest.mark.real]

SUPERVISOR = r"\S*python\S* -I -S \S*boot.py"
SLEEP = {"Image": "busybox", "Cmd": ["sleep", "600"]}


@pytest.fixture(scope="module")
def images(engine: EngineRecord) -> Path:
    """The course's images, built once."""
    return (Paths.of(Path(os.environ["LABKIT_ROOT"])).state / "images").resolve()


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory, images: Path) -> Iterator[Paths]:
    """A root whose engine these tests may break."""
    made = make_root(tmp_path_factory.mktemp("own") / "root", images)
    yield made
    setup.stop(made)


@pytest.fixture
def session(paths: Paths) -> Iterator[Session]:
    """Calls to the engine of that root, which runs and has no containers."""
    session = Session(setup.start(paths, "private").endpoint)
    for one in session.request("GET", "/containers/json", {"all": True}).json():
        session.request("DELETE", f"/containers/{one['Id']}", {"force": True, "v": True})
    yield session
    session.close()


def test_bystander(tmp_path: Path, images: Path) -> None:
    """A Docker that was there before is the same, bit for bit, after a start, a run, a kill -9 and a stop."""
    paths = make_root(tmp_path / "root", images)
    layer = json.loads((images / "images.json").read_text())["library/busybox:latest"]
    manifest = json.loads((images / "blobs" / layer.replace(":", "/")).read_text())
    tar = images / "blobs" / manifest["layers"][0]["digest"].replace(":", "/")
    with machine(tmp_path / "machine") as there:
        create = {"fromSrc": "-", "repo": "busybox", "tag": "latest"}
        there.session.request("POST", "/images/create", create, data=tar).raise_for_status()
        there.session.request("POST", "/networks/create", json={"Name": "theirs"}).raise_for_status()
        ports = {"PortBindings": {"80/tcp": [{"HostPort": "8080"}]}, "NetworkMode": "theirs"}
        run(there.session, "theirs", Image="busybox", Cmd=["httpd", "-f"], HostConfig=ports)
        eventually(lambda: "tentative" not in there.network())
        before = there.network(), there.docker()
        env = {"LABKIT_ROOT": str(paths.root)}

        try:
            there.do(*SETUP, **env)
            session = Session(Endpoint(socket=there.path(paths.run / "docker.sock")))
            lab_port = int((paths.state / "ports").read_text()) + 10
            session.request("POST", "/networks/create", json={"Name": "theirs"}).raise_for_status()
            ours = {"PortBindings": {"80/tcp": [{"HostPort": str(lab_port)}]}, "NetworkMode": "theirs"}
            run(session, "theirs", Image="nginx", HostConfig=ours)
            address = f"127.0.0.1:{lab_port}"
            eventually(lambda: "Welcome to nginx" in there.do("sh", "-c", f"curl -s {address} || true"))
            assert there.docker() == before[1]

            kill(paths, SUPERVISOR)
            eventually(lambda: not family(paths))
            assert there.changes(before[0]) == []
            there.do(*SETUP, **env)
        finally:
            there.do("env", f"LABKIT_ROOT={paths.root}", SETUP[0], "-c", _STOP)
        assert there.changes(before[0]) == []
        assert there.network() == before[0]
        assert there.docker() == before[1]
        assert traces(paths) == []


_STOP = "from labkit.engines import setup; from labkit.engines.base import Paths; setup.stop(Paths.find())"


@pytest.mark.parametrize(
    ("victim", "said"),
    [
        (r"\S*dockerd --config-file", "The engine had been killed; it is started again."),
        (r"\S*python\S* -I -S \S*inside.py", "The engine had been killed; it is started again."),
        ("containerd --config", "The engine's containerd had been killed; both are started again."),
        (r"\S*docker-registry serve", "The lab registry had been killed; it is started again."),
        (
            SUPERVISOR,
            "The lab's supervisor had been killed; the engine is started anew.",
        ),
    ],
)
def test_kill(paths: Paths, session: Session, victim: str, said: str) -> None:
    """After kill -9 of any of its processes the next start heals the engine, and says what it did."""
    kept = run(session, "kept", **SLEEP)
    kill(paths, victim)
    time.sleep(0.1)
    heard: list[str] = []
    begin = time.monotonic()
    setup.start(paths, "private", lambda sentence, _share: heard.append(sentence))
    assert heard == [said]
    assert time.monotonic() - begin < 8
    assert setup.status(paths)
    assert session.request("POST", f"/containers/{kept}/start").status in (204, 304)
    session.request("DELETE", "/images/busybox:stable")
    pulled = session.request("POST", "/images/create", {"fromImage": "busybox", "tag": "stable"})
    assert pulled.error == ""


def test_killed_a_moment_ago(paths: Paths) -> None:
    """A start right after kill -9, when the supervisor has not seen the end of dockerd, heals as well."""
    for _n in range(3):
        kill(paths, r"\S*dockerd --config-file")
        heard: list[str] = []
        setup.start(paths, "private", lambda sentence, _share, into=heard: into.append(sentence))
        assert heard == ["The engine had been killed; it is started again."]


@pytest.mark.parametrize("after", [0.05, 0.3, 0.6])
def test_starter_killed(paths: Paths, after: float) -> None:
    """A start that is killed half-way leaves one supervisor at most, and the next start is whole."""
    setup.stop(paths)
    starter = subprocess.Popen(SETUP, cwd=CHECKOUT, env={**os.environ, "LABKIT_ROOT": str(paths.root)})
    time.sleep(after)
    starter.kill()
    starter.wait()
    setup.start(paths, "private")
    supervisors = [command for _p, command in processes().values() if f"boot.py {paths.root} " in command]
    assert len(supervisors) == 1
    assert setup.status(paths)


def test_stop_leaves_nothing(paths: Paths, session: Session) -> None:
    """Stopping takes seconds, whatever runs, and leaves no process, mount, socket or control group."""
    run(session, "stubborn", Image="busybox", Cmd=["sh", "-c", "trap '' TERM; while :; do sleep 1; done"])
    begin = time.monotonic()
    setup.stop(paths)
    assert time.monotonic() - begin < 8
    assert traces(paths) == []
    assert setup.status(paths) is None
    setup.stop(paths)  # once more does no harm


def test_stop_after_a_kill(paths: Paths, session: Session) -> None:
    """Stopping also clears away what a killed supervisor left."""
    run(session, "kept", **SLEEP)
    kill(paths, SUPERVISOR)
    eventually(lambda: not family(paths))
    setup.stop(paths)
    assert traces(paths) == []


def test_two_checkouts(paths: Paths, session: Session, tmp_path: Path, images: Path) -> None:
    """Two engines of two checkouts have names, ports and objects apart."""
    with started(make_root(tmp_path / "other", images)) as other:
        mine = EngineRecord.load(paths.record)
        assert set(range(mine.ports[0], mine.ports[1] + 1)).isdisjoint(range(other.ports[0], other.ports[1] + 1))
        assert other.registry is not None
        assert mine.registry is not None
        assert other.registry.mirror != mine.registry.mirror
        run(session, "same", **SLEEP)
        theirs = Session(other.endpoint)
        assert theirs.request("GET", "/containers/json", {"all": True}).json() == []
        run(theirs, "same", **SLEEP)


def test_ports(paths: Paths, session: Session) -> None:
    """A published port is open on this machine's loopback alone, a port of the engine's choice too."""
    port = EngineRecord.load(paths.record).ports[0] + 1
    bindings = {"80/tcp": [{"HostPort": str(port)}]}
    run(session, "fixed", Image="nginx", HostConfig={"PortBindings": bindings})
    run(session, "any", Image="nginx", HostConfig={"PublishAllPorts": True})
    found = session.request("GET", "/containers/any/json").json()["NetworkSettings"]["Ports"]["80/tcp"]
    for number in {port, *(int(one["HostPort"]) for one in found)}:
        eventually(lambda number=number: b"Welcome to nginx" in page(f"http://127.0.0.1:{number}/"))
    listening = subprocess.run(["ss", "-ltnH"], capture_output=True, text=True, check=True).stdout
    assert {line.split()[3] for line in listening.splitlines() if f":{port} " in line} <= {
        f"127.0.0.1:{port}",
        f"[::1]:{port}",
    }
    session.request("DELETE", "/containers/fixed", {"force": True})
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port)).close()


def test_port_taken(paths: Paths, session: Session) -> None:
    """A port that something else on this machine has is refused with the usual words."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bindings = {"80/tcp": [{"HostPort": str(taken.getsockname()[1])}]}
        body = {"Image": "nginx", "HostConfig": {"PortBindings": bindings}}
        session.request("POST", "/containers/create", {"name": "late"}, json=body)
        answer = session.request("POST", "/containers/late/start")
    assert answer.status == 500
    assert "address already in use" in answer.text.lower()


def test_hosts(paths: Paths, session: Session) -> None:
    """The API opens on loopback TCP when daemon.json says so, and closes again; the socket stays."""
    record = EngineRecord.load(paths.record)
    engine = Private(paths)
    engine.restart({"hosts": [f"tcp://127.0.0.1:{record.tcp_port}"]})
    over_tcp = Session(Endpoint(host="127.0.0.1", port=record.tcp_port))
    assert over_tcp.request("GET", "/info").json()["ID"] == session.request("GET", "/info").json()["ID"]
    assert f"tcp://127.0.0.1:{record.tcp_port}" in engine.config()["hosts"]
    engine.restart({"hosts": None})
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", record.tcp_port)).close()
    assert session.request("GET", "/_ping").ok


def test_tls(paths: Paths, session: Session, tmp_path: Path) -> None:
    """With client verification a TLS port answers to the right certificate alone, while the socket stays."""
    ca = trustme.CA()
    server, client = ca.issue_cert("127.0.0.1"), ca.issue_cert("learner@lab")
    files = {name: tmp_path / f"{name}.pem" for name in ("ca", "cert", "key", "mine", "mykey")}
    ca.cert_pem.write_to_path(files["ca"])
    for issued, cert, key in ((server, "cert", "key"), (client, "mine", "mykey")):
        issued.cert_chain_pems[0].write_to_path(files[cert])
        issued.private_key_pem.write_to_path(files[key])
    record = EngineRecord.load(paths.record)
    engine = Private(paths)
    settings = {f"tls{part}": str(files[name]) for part, name in (("cacert", "ca"), ("cert", "cert"), ("key", "key"))}
    engine.restart({"hosts": [f"tcp://127.0.0.1:{record.tls_port}"], "tlsverify": True, **settings})
    tls = TLS(str(files["ca"]), str(files["mine"]), str(files["mykey"]))
    known = Session(Endpoint(host="127.0.0.1", port=record.tls_port, tls=tls))
    assert known.request("GET", "/_ping").text == "OK"
    nameless = Session(Endpoint(host="127.0.0.1", port=record.tls_port, tls=TLS(str(files["ca"]))))
    with pytest.raises(Exception, match=r"TLS|closed|certificate"):
        nameless.request("GET", "/_ping")
    assert session.request("GET", "/_ping").ok
    engine.restart(dict.fromkeys(["hosts", "tlsverify", *settings]))
    assert "tlsverify" not in engine.config()


def test_reload(paths: Paths, session: Session) -> None:
    """A reload takes what dockerd can change while it runs, and puts back what it refuses."""
    engine = Private(paths)
    engine.reload({"labels": ["lab=1"]})
    assert session.request("GET", "/info").json()["Labels"] == ["lab=1"]
    before = engine.config()
    with pytest.raises(EngineError, match="no-such-key"):
        engine.reload({"no-such-key": True})
    assert engine.config() == before
    engine.reload({"labels": []})  # dockerd keeps the labels when the key is gone
    assert not session.request("GET", "/info").json()["Labels"]


def test_broken_configuration(paths: Paths, session: Session) -> None:
    """A configuration that dockerd refuses is put back, and the error has dockerd's words."""
    engine = Private(paths)
    before = engine.config()
    with pytest.raises(EngineError, match="graphdriver"):
        engine.restart({"storage-driver": "no-such-driver"})
    assert engine.config() == before
    assert session.request("GET", "/_ping").ok


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"data-root": "/elsewhere"}, "data-root"),
        ({"bridge": "none"}, "bridge"),
        ({"hosts": ["tcp://0.0.0.0:2375"]}, "loopback"),
        ({"hosts": ["tcp://127.0.0.1:2375"]}, "2375"),
        ({"hosts": "tcp://127.0.0.1:2375"}, "list"),
        ({"hosts": ["unix:///run/other.sock"]}, "loopback"),
    ],
)
def test_walls(paths: Paths, session: Session, changes: dict[str, object], word: str) -> None:
    """No configuration takes the engine out of its walls."""
    with pytest.raises(EngineError, match=word):
        Private(paths).restart(changes)
    assert session.request("GET", "/_ping").ok


def test_live_restore(paths: Paths, session: Session) -> None:
    """With live-restore, containers outlive a dockerd that was killed."""
    engine = Private(paths)
    engine.reload({"live-restore": True})
    run(session, "kept", **SLEEP)
    kill(paths, r"\S*dockerd --config-file")
    time.sleep(0.1)
    setup.start(paths, "private")
    assert session.request("GET", "/containers/kept/json").json()["State"]["Running"]
    engine.reload({"live-restore": None})


def test_stale_pid_file(paths: Paths) -> None:
    """A pid file of a former life, whose number is somebody else's by now, does not keep dockerd from starting."""
    setup.stop(paths)
    (paths.run / "exec" / "containerd").mkdir(parents=True)
    for name in ("docker.pid", "exec/containerd/containerd.pid"):
        (paths.run / name).write_text("1")
    setup.start(paths, "private")
    assert setup.status(paths)


def test_other_ports_when_taken(paths: Paths) -> None:
    """When something else has taken the ports of this checkout, the engine takes others."""
    setup.stop(paths)
    base = int((paths.state / "ports").read_text())
    with socket.create_server(("127.0.0.1", base)):
        record = setup.start(paths, "private")
    assert record.tcp_port is not None
    assert record.tcp_port - 2 != base


def test_long_path(paths: Paths, tmp_path: Path) -> None:
    """A folder whose sockets would have too long a path is refused in one sentence."""
    with pytest.raises(EngineError, match="107"):
        Private(replace(paths, run=tmp_path / ("x" * 100))).start(lambda _said, _share: None)


def test_full_disk(tmp_path: Path, images: Path) -> None:
    """A full disk is said in one sentence, with what to type, and nothing is left running."""
    paths = make_root(tmp_path / "root", images)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(paths.state)], check=True)
    try:
        with pytest.raises(EngineError, match="full"):
            setup.start(paths, "private")
        eventually(lambda: not family(paths))
    finally:
        subprocess.run(["umount", str(paths.state)], check=True)
    assert traces(paths) == []


def test_supervisor_ends_well(paths: Paths, session: Session) -> None:
    """SIGTERM to the supervisor, as at a shutdown, stops the engine in order."""
    pid = next(pid for pid, command in family(paths).items() if "boot.py" in command)
    os.kill(pid, signal.SIGTERM)
    eventually(lambda: traces(paths) == [])
