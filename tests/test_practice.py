"""The practice engine: requests in, answers out, without a socket; then its process, with real clients."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from enginehelp import make_root
from hypothesis import given
from hypothesis import strategies as st
from practicehelp import MIRROR, Clock, tar

from labkit.daemon import Daemon
from labkit.engines import control
from labkit.engines.base import EngineRecord
from labkit.engines.practice import layers, process, routes, snapshot
from labkit.engines.practice.kind import PracticeEngine
from labkit.engines.practice.machine.files import Device, File, Folder, Link, Node
from labkit.engines.practice.profile import profile
from labkit.errors import EngineError, UsageError


@pytest.fixture(params=["20.10", "29"])
def engine(request: pytest.FixtureRequest) -> Clock:
    """A core that answers as each of the two versions."""
    return Clock(request.param)


@pytest.fixture
def old() -> Clock:
    """A core that answers as Docker 20.10."""
    return Clock()


@pytest.mark.parametrize(
    ("script", "printed"),
    [
        ("echo a b | tr a-z A-Z", "A B\n"),
        ("for i in 1 2 3; do echo $i; done; echo $((1 + 2 * 3))", "1\n2\n3\n7\n"),
        ("nosuch; echo $?", "sh: nosuch: not found\n127\n"),
        ('x=$(echo foo); echo "$x bar" \'$x\'', "foo bar $x\n"),
        ("cat <<EOF\nhello $HOME\nEOF", "hello /root\n"),
        ("false || echo no && echo yes", "no\nyes\n"),
        ("f() { echo in $1; return 3; }; f x; echo $?", "in x\n3\n"),
        ("(sleep 2; echo bg) & echo fg; wait; echo done", "fg\nbg\ndone\n"),
        ("trap 'echo bye; exit 0' TERM; kill -TERM $$; sleep 1; echo no", "bye\n"),
        ("yes | head -2", "y\ny\n"),
        ("set -e; false; echo not reached", ""),
        ("echo ${x:-def} ${#HOME} ${HOME%/*}x ${HOME##*/}", "def 5 x root\n"),
        ("echo $((7 / 0))", "sh: divide by zero\n"),
        ("i=0; while [ $i -lt 5 ]; do i=$((i+1)); [ $i = 3 ] && continue; echo -n $i; done; echo", "1245\n"),
        ("case abc in a*) echo A;; *) echo B;; esac", "A\n"),
        ("printf 'a\\n$1\\nhit\\n' | sed -n '/^\\$[0-9]/{n;p}'", "hit\n"),
        ("mkdir -p /a/b; echo x > /a/b/f; cp -a /a/. /c; cat /c/b/f", "x\n"),
        ("echo 'unfinished", "sh: syntax error: unterminated quoted string\n"),
        ("httpd -f -p 80 -h /etc & sleep 1; wget -q -O - http://127.0.0.1/os-release | head -1; kill $!",
         'PRETTY_NAME="Practice image"\n'),
    ],
)  # fmt: skip
def test_shell(old: Clock, script: str, printed: str) -> None:
    """The shell and its commands print what a real one prints."""
    assert old.sh(script) == printed


def test_limits(old: Clock) -> None:
    """A process bomb, an endless doubling and a write without end meet a limit and a message."""
    assert "can't fork" in old.sh("bomb() { bomb | bomb; }; bomb")
    assert "out of memory" in old.sh("x=aaaaaaaa; while true; do x=$x$x; done")
    assert "No space left on device" in old.sh("dd if=/dev/zero of=/big bs=1M count=100")


def test_life_cycle(engine: Clock) -> None:
    """The states, and 304, 404 and 409, come as on a real Engine."""
    body = {"Image": "busybox", "Cmd": ["sleep", "100"]}
    engine.ok("POST", "/containers/create?name=one", body)
    assert engine("POST", "/containers/create?name=one", body)[0] == 409
    assert engine("POST", "/containers/one/start")[0] == 204
    assert engine("POST", "/containers/one/start")[0] == 304
    assert engine("DELETE", "/containers/one")[0] == 409
    assert engine("POST", "/containers/one/pause")[0] == 204
    assert engine.ok("GET", "/containers/one/json")["State"]["Status"] == "paused"
    assert engine("POST", "/containers/one/unpause")[0] == 204
    before = engine.now
    assert engine("POST", "/containers/one/stop?t=3")[0] == 204
    assert 3 <= engine.now - before < 4, "PID 1 has no handler for TERM, so it is killed when the time is over"
    assert engine.ok("GET", "/containers/one/json")["State"]["ExitCode"] == 137
    assert engine("POST", "/containers/one/stop")[0] == 304
    assert engine("POST", "/containers/one/kill")[0] == 409
    assert engine("DELETE", "/containers/one?force=1")[0] == 204
    assert engine("GET", "/containers/one/json")[0] == 404


def test_frames(old: Clock) -> None:
    """Logs come in frames, stdout and stderr apart; a terminal's are raw."""
    identity = old.ok("POST", "/containers/create", {"Image": "busybox", "Cmd": ["sh", "-c", "echo o; echo e >&2"]})[
        "Id"
    ]
    old("POST", f"/containers/{identity}/start")
    old("POST", f"/containers/{identity}/wait")
    _status, data = old("GET", f"/containers/{identity}/logs?stdout=1&stderr=1")
    assert data == b"\x01\0\0\0\0\0\0\x02o\n\x02\0\0\0\0\0\0\x02e\n"


def test_networks(engine: Clock) -> None:
    """Names resolve on a network of one's own, not on the default bridge, and other networks are out of reach."""
    for name in ("front", "back"):
        engine.ok("POST", "/networks/create", {"Name": name})
    for name in ("front", "back"):
        body = {"Image": "redis", "HostConfig": {"NetworkMode": name}}
        identity = engine.ok("POST", f"/containers/create?name=store-{name}", body)["Id"]
        engine("POST", f"/containers/{identity}/start")
    on_front = {"HostConfig": {"NetworkMode": "front"}}
    assert "PONG" in engine.sh("printf 'PING\\r\\nQUIT\\r\\n' | nc store-front 6379", **on_front)
    assert "bad address" in engine.sh("ping -c 1 store-back", **on_front)
    assert "bad address" in engine.sh("ping -c 1 store-front")
    assert engine("DELETE", "/networks/front")[0] == 403
    clash = {"Name": "clash", "IPAM": {"Config": [{"Subnet": "172.17.1.0/24"}]}}
    assert engine("POST", "/networks/create", clash)[0] == 403


def test_volumes_outlive_containers(engine: Clock) -> None:
    """What one container writes into a volume another one reads, also after the first is gone."""
    bind = {"HostConfig": {"Binds": ["keep:/d"]}}
    assert engine.sh("echo kept > /d/f", **bind) == ""
    engine.ok("POST", "/containers/prune")
    assert engine.sh("cat /d/f", **bind) == "kept\n"
    assert engine("DELETE", "/volumes/keep?force=1")[0] == 409


def test_build_save_load(engine: Clock) -> None:
    """A built image runs, and comes back the same from an archive."""
    recipe = b"FROM busybox\nENV WORD=hi\nRUN echo $WORD > /word\nCOPY page /www/\nCMD cat /word /www/page\n"
    _status, told = engine(
        "POST", "/build?t=mine", tar(Dockerfile=recipe, page=b"page\n"), content_type="application/x-tar"
    )
    assert b"Successfully tagged mine:latest" in told
    identity = engine.ok("GET", "/images/mine/json")["Id"]
    _status, saved = engine("GET", "/images/mine/get")
    engine.ok("DELETE", "/images/mine")
    assert engine("GET", "/images/mine/json")[0] == 404
    assert b"Loaded image: mine:latest" in engine("POST", "/images/load", saved, content_type="application/x-tar")[1]
    assert engine.ok("GET", "/images/mine/json")["Id"] == identity
    made = engine.ok("POST", "/containers/create", {"Image": "mine", "Tty": True})["Id"]
    engine("POST", f"/containers/{made}/start")
    engine("POST", f"/containers/{made}/wait")
    assert engine("GET", f"/containers/{made}/logs?stdout=1")[1] == b"hi\r\npage\r\n"


def test_failures_inside_200(old: Clock) -> None:
    """A failing step is an error inside a 200; a broken Dockerfile is a 400."""
    status, told = old("POST", "/build", tar(Dockerfile=b"FROM busybox\nRUN false\n"), content_type="application/x-tar")
    assert status == 200
    assert b"returned a non-zero code: 1" in told
    assert old("POST", "/build", tar(Dockerfile=b"FRM busybox\n"), content_type="application/x-tar")[0] == 400


def test_pull_tells_of_layers(engine: Clock) -> None:
    """A pull through the mirror tells of each layer, and ends with digest and status."""
    engine.ok("DELETE", "/images/redis:latest")
    engine.ok("DELETE", "/images/nginx:latest")
    status, told = engine("POST", "/images/create?fromImage=redis&tag=latest")
    lines = [json.loads(line) for line in told.splitlines()]
    assert status == 200
    assert {"Pulling fs layer", "Downloading", "Extracting", "Pull complete"} <= {line["status"] for line in lines}
    assert "Digest: sha256:" in lines[-2]["status"]
    assert lines[-1]["status"] == "Status: Downloaded newer image for redis:latest"


def test_pull_of_what_the_mirror_lacks(engine: Clock) -> None:
    """The refusal says what is not reached, and whether there is a mirror at all."""
    said = json.loads(engine("POST", "/images/create?fromImage=alpine&tag=latest")[1])["message"]
    lacking = f"and its registry mirror http://{MIRROR} does not have this image"
    assert said == f"alpine:latest: the practice engine does not reach Docker Hub, {lacking}"
    engine.core.config = {}
    said = json.loads(engine("POST", "/images/create?fromImage=alpine&tag=latest")[1])["message"]
    assert said.endswith("and no registry mirror is configured")


def test_archives_stay_inside(old: Clock) -> None:
    """Names with dots, and links that lead out, stay inside the container."""
    identity = old.ok("POST", "/containers/create", {"Image": "busybox"})["Id"]
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        info = tarfile.TarInfo("../../../escaped")
        info.size = 1
        archive.addfile(info, io.BytesIO(b"x"))
        info = tarfile.TarInfo("link")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    assert old("PUT", f"/containers/{identity}/archive?path=/tmp", data.getvalue())[0] == 200
    assert old("HEAD", f"/containers/{identity}/archive?path=/tmp/escaped")[0] == 200
    assert old("PUT", f"/containers/{identity}/archive?path=/tmp", b"no archive" * 100)[0] >= 400


@pytest.mark.parametrize(
    ("target", "version", "status"),
    [
        ("/v1.22/info", "20.10", 200),
        ("/v1.22/info", "29", 400),
        ("/v1.99/info", "29", 400),
        ("/v1.44/info", "20.10", 400),
    ],
)
def test_versions(target: str, version: str, status: int) -> None:
    """Version prefixes that the real Engine refuses are refused."""
    assert Clock(version)("GET", target)[0] == status


def test_what_is_not_had_says_so(engine: Clock) -> None:
    """What the practice engine lacks is a 501 with a sentence, what the API lacks a 404."""
    status, said = engine("POST", "/swarm/init", {"ListenAddr": "0.0.0.0:2377"})
    assert status == 501
    assert b"practice engine" in said
    assert engine("GET", "/nowhere")[0] == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/swarm", 503),
        ("GET", "/services", 503),
        ("GET", "/tasks/x/logs", 503),
        ("POST", "/secrets/create", 503),
        ("DELETE", "/nodes/x", 503),
        ("POST", "/swarm/leave", 503),
        ("GET", "/plugins", 200),
        ("GET", "/plugins/vieux/sshfs:latest/json", 404),
    ],
)
def test_no_swarm_manager(engine: Clock, method: str, path: str, status: int) -> None:
    """It answers as every Engine does that is no swarm manager and has no plugins."""
    assert engine(method, path, {} if method == "POST" else None)[0] == status


def test_info_says_what_it_is(engine: Clock) -> None:
    """GET /info says that this is no real Docker."""
    info = engine.ok("GET", "/info")
    assert "practice" in info["ServerVersion"]
    assert any("practice engine" in line for line in info["Warnings"])


def test_snapshot(old: Clock) -> None:
    """A saved state comes back: images, volumes, networks, containers with their files and logs."""
    old.sh("echo kept > /file; echo said", HostConfig={"Binds": ["keep:/d"]})
    old.ok("POST", "/networks/create", {"Name": "lan", "IPAM": {"Config": [{"Subnet": "10.9.8.0/24"}]}})
    identity = old.ok("GET", "/containers/json?all=1")[0]["Id"]
    other = Clock()
    snapshot.restore(other.core, snapshot.save(old.core))
    assert other("GET", f"/containers/{identity}/logs?stdout=1")[1] == b"said\r\n"
    assert other("HEAD", f"/containers/{identity}/archive?path=/file")[0] == 200
    assert other.ok("GET", "/networks/lan")["IPAM"]["Config"][0]["Subnet"] == "10.9.8.0/24"
    assert [v["Name"] for v in other.ok("GET", "/volumes")["Volumes"]] == ["keep"]
    assert other.ok("GET", "/images/json") == old.ok("GET", "/images/json")


def test_start_loads_what_the_first_answer_needs() -> None:
    """What only some requests need is loaded with the first of them: the start is held to 150 ms."""
    code = "import sys, labkit.engines.practice.process; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    late = {
        "labkit.model",
        "labkit.engines.base",
        "labkit.engines.practice.api_build",
        "labkit.engines.practice.machine.shell",
    }
    assert "h11" in loaded
    assert not late & set(loaded)
    assert not {"re2", "tornado", "requests", "difflib", "tempfile", "gettext", "datetime", "random"} & set(loaded)


_NAMES = st.text("aé/.", min_size=1, max_size=3).map(lambda name: name * 60).filter(lambda name: name.strip("/"))
_FACTS = st.fixed_dictionaries(
    {
        "mode": st.integers(0, 0o177777),
        "uid": st.sampled_from([0, 1000, 8**7 - 1, 8**7, 2**32]),
        "gid": st.sampled_from([0, 8**7]),
        "mtime": st.sampled_from([-1.0, 0.0, 1.7e9, 8**11 - 1.0, 8.0**11]),
    }
)


@given(_NAMES, st.integers(1, 180), st.sampled_from([File, Folder, Link, Device]), _FACTS)
def test_headers_are_those_of_tarfile(name: str, length: int, kind: type[Node], facts: dict[str, Any]) -> None:
    """Where a header is filled in without tarfile, not a byte differs."""
    name = name[:length].strip("/") or "a"
    node = kind(**facts)
    info = tarfile.TarInfo(name)
    info.mode, info.uid, info.gid, info.mtime = node.mode, node.uid, node.gid, int(node.mtime)
    info.type = {File: tarfile.REGTYPE, Folder: tarfile.DIRTYPE, Link: tarfile.SYMTYPE, Device: tarfile.CHRTYPE}[kind]
    if isinstance(node, Link):
        node.target = info.linkname = name
    if isinstance(node, File):
        node.data, info.size = b"data", 4
    head = info.tobuf(tarfile.PAX_FORMAT)
    assert layers.pack(node, name)[: len(head)] == head


def test_a_save_that_fails_is_said_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody foresaw does not end the saving: the log has it, and the next turn tries again."""
    monkeypatch.setattr(process, "SAVE_SECONDS", 0.01)
    root = make_root(tmp_path)
    (root.state / "log").mkdir()
    tried: list[int] = []

    async def keep() -> None:
        practice = process.Practice(root)
        monkeypatch.setattr(practice, "save", lambda: tried.append(1) or 1 / 0)
        keeper = asyncio.ensure_future(practice.keep_saved())
        for turn in range(2):
            practice.core.event("volume", "create", f"v{turn}", {})
            while len(tried) <= turn:
                await asyncio.sleep(0.01)
        keeper.cancel()

    asyncio.run(asyncio.wait_for(keep(), 10))
    assert "the state was not saved" in (root.state / "log" / "dockerd.log").read_text()


def test_every_route_leads_to_a_function() -> None:
    assert all(callable(routes.handler(function)) for _method, _path, function in routes.ROUTES)


def test_unknown_version() -> None:
    """A version that is not known is one sentence, with those that are."""
    with pytest.raises(UsageError, match=r"27"):
        profile("27")


def _quiet(_said: str, _share: float | None) -> None:
    return None


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PracticeEngine, EngineRecord]]:
    """The practice engine's own process."""
    engine = PracticeEngine(make_root(tmp_path_factory.mktemp("p")))
    record = engine.start(_quiet)
    yield engine, record
    engine.stop(_quiet)
    assert not Path(record.endpoint.socket or "").exists()


_CREATE = "http://d/containers/create"


def _curl(record: EngineRecord, *words: str) -> str:
    command = ["curl", "-sS", "-m", "20", "--unix-socket", str(record.endpoint.socket), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_socket_is_private(running: tuple[PracticeEngine, EngineRecord]) -> None:
    """Nobody else on the machine can open the socket."""
    _engine, record = running
    assert Path(str(record.endpoint.socket)).stat().st_mode & 0o077 == 0


def test_process_finds_every_package(running: tuple[PracticeEngine, EngineRecord]) -> None:
    """Its process is started without site-packages, and loads the engine of expressions at the first need."""
    _engine, record = running
    made = _curl(record, "-H", "Content-Type: application/json", "-d", '{"Image": "busybox"}', _CREATE + "?name=apart")
    filters = quote(json.dumps({"name": ["^/apa[r]t$"]}))
    found = json.loads(_curl(record, f"http://d/containers/json?all=1&filters={filters}"))
    assert [container["Id"] for container in found] == [json.loads(made)["Id"]]


def test_curl_and_published_port(running: tuple[PracticeEngine, EngineRecord]) -> None:
    """Real curl starts nginx, and gets its page from a port of this machine."""
    _engine, record = running
    port = record.ports[0]
    body = json.dumps(
        {
            "Image": "nginx",
            "ExposedPorts": {"80/tcp": {}},
            "HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": str(port)}]}},
        }
    )
    _curl(record, "-H", "Content-Type: application/json", "-d", body, "http://localhost/containers/create?name=web")
    _curl(record, "-X", "POST", "http://localhost/containers/web/start")
    page = subprocess.run(
        ["curl", "-sS", "-m", "20", f"http://127.0.0.1:{port}/"], capture_output=True, text=True, check=True
    )
    assert "Welcome to nginx" in page.stdout
    _curl(record, "-X", "DELETE", "http://localhost/containers/web?force=1")


@pytest.mark.skipif(not shutil.which("docker"), reason="the docker command is not installed")
def test_docker_command(running: tuple[PracticeEngine, EngineRecord]) -> None:
    """The real docker command runs, executes, copies and builds."""
    _engine, record = running

    def docker(*words: str, given: str = "") -> str:
        command = ["docker", "-H", f"unix://{record.endpoint.socket}", *words]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            input=given,
            timeout=60,
            env={"PATH": "/usr/bin:/bin", "DOCKER_BUILDKIT": "0"},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert docker("run", "--rm", "busybox", "echo", "hello") == "hello\n"
    assert docker("run", "-i", "--rm", "busybox", "cat", given="typed") == "typed"
    docker("run", "-d", "--name", "idle", "busybox", "sleep", "100")
    assert docker("exec", "idle", "sh", "-c", "echo inside") == "inside\n"
    assert "idle" in docker("ps")
    docker("rm", "-f", "idle")


def test_log_says_who_listens(running: tuple[PracticeEngine, EngineRecord]) -> None:
    """The daemon's log is there from the start, and warns of a port without TLS in dockerd's words."""
    engine, record = running
    log = Daemon.of(engine.paths, record).log
    assert f'msg="API listen on {record.endpoint.socket}"' in log()[-1]
    assert "Starting up" in log()[0]
    hosts = {"hosts": [f"tcp://127.0.0.1:{record.tcp_port}"]}
    engine.restart(hosts)
    assert f'msg="API listen on 127.0.0.1:{record.tcp_port}"' in log()[-1]
    warnings = log("level=warning")
    assert len(warnings) == 2
    assert "without --tlsverify is insecure and gives root access" in warnings[0]
    assert warnings[1].endswith(f'Be safe out there!" host="tcp://127.0.0.1:{record.tcp_port}"')
    engine.restart({"hosts": None})
    assert len(log("level=warning")) == 2


@pytest.mark.parametrize("way", ["reload", "restart"])
def test_key_that_dockerd_does_not_know(running: tuple[PracticeEngine, EngineRecord], way: str) -> None:
    """It is refused in dockerd's words, which are in the log as well, and nothing is changed."""
    engine, record = running
    before = engine.config()
    with pytest.raises(EngineError) as refused:
        getattr(engine, way)({"hsts": ["x"], "debug": True})
    said = "the following directives don't match any configuration option: hsts"
    assert refused.value.message.startswith("The engine did not")
    assert refused.value.message.endswith(f"daemon.json: {said}")
    assert refused.value.hint.startswith("The former daemon.json is back.")
    assert said in Daemon.of(engine.paths, record).log("configure")[-1]
    assert engine.config() == before
    getattr(engine, way)({"debug": True, "live-restore": False})
    engine.reload({"debug": None, "live-restore": None})
    assert engine.config() == before


def test_killed_and_back(running: tuple[PracticeEngine, EngineRecord]) -> None:
    """After kill -9 the next start has the state that was there."""
    engine, record = running
    _curl(
        record, "-H", "Content-Type: application/json", "-d", '{"Name": "survivor"}', "http://localhost/volumes/create"
    )
    saved = engine.paths.state / "practice" / "state.tar"
    deadline = time.monotonic() + 20
    while not (saved.exists() and b"survivor" in saved.read_bytes()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    found = subprocess.run(
        ["pgrep", "-f", f"practice.process.* {engine.paths.root} "], capture_output=True, text=True, check=True
    )
    subprocess.run(["kill", "-9", *found.stdout.split()], check=True)
    with contextlib.suppress(ConnectionRefusedError):  # a process that dies still takes calls for a moment
        while time.monotonic() < deadline:
            control.peer(engine.paths.run / "control.sock")
            time.sleep(0.05)
    again = engine.start(_quiet)
    assert "survivor" in _curl(again, "http://localhost/volumes")
