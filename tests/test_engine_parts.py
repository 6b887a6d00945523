"""The parts of the engines that need no engine: configuration, ports, layers, the registry's front."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import os
import stat
import subprocess
import sys
import tarfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from labkit.engines import control, daemonconfig, dockerd, front, images, packages, ports, published, registry
from labkit.engines.base import Paths
from labkit.engines.containerspec import Spec, code
from labkit.engines.layout import Entry, Layout
from labkit.engines.paths import STUDENT
from labkit.engines.private import Private
from labkit.engines.supervisor import Supervisor
from labkit.errors import EngineError

SOCKET = "/run/lab/docker.sock"


def test_socket_stays() -> None:
    """The unix socket is first in hosts, whatever a learner writes there."""
    for hosts in (None, [], ["tcp://127.0.0.1:20002"], [f"unix://{SOCKET}", "tcp://127.0.0.1:20002"]):
        new = daemonconfig.changed({"debug": True}, {"hosts": hosts}, SOCKET, (20002, 20003))
        assert new["hosts"][0] == f"unix://{SOCKET}"
        assert new["hosts"].count(f"unix://{SOCKET}") == 1
        assert new["debug"] is True


def test_none_removes_a_key() -> None:
    """A key that is changed to None is gone; one that was never there may be removed as well."""
    assert "labels" not in daemonconfig.changed({"labels": ["a=1"]}, {"labels": None, "debug": None}, SOCKET, (1, 2))


@pytest.mark.parametrize("key", sorted(daemonconfig.OURS))
def test_walls_are_fixed(key: str) -> None:
    """No key that keeps the engine apart can be changed or removed."""
    with pytest.raises(EngineError, match=key):
        daemonconfig.changed({}, {key: None}, SOCKET, (1, 2))


def test_own_configuration_is_within_the_walls(tmp_path: Path) -> None:
    """All that keeps the engine apart is fixed; what a learner may change does not lead out."""
    paths = Paths(tmp_path, tmp_path / "work", tmp_path, tmp_path)
    (tmp_path / "log").mkdir()
    order = dockerd.prepare(paths, ports.Block(20000))
    config = daemonconfig.read(dockerd.config_file(paths))
    assert set(config) - daemonconfig.OURS <= {"hosts", "registry-mirrors", "default-address-pools"}
    assert {"data-root", "exec-root", "pidfile", "cgroup-parent", "userland-proxy-path"} <= set(config)
    assert order["any_port"] == "20150 20199"
    assert os.access(config["userland-proxy-path"], os.X_OK)


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("", ""),
        ("failed to start daemon: pid file found\n", "failed to start daemon: pid file found"),
        ('time="x" level=info msg="fine"\nunable to configure\n  continued\n', "unable to configure"),
        ('time="x" level=error msg="Error reconfiguring" error="unknown key"\n', "Error reconfiguring: unknown key"),
        ('time="x" level=info msg="Starting up"\n', ""),
    ],
)
def test_last_words(log: str, said: str) -> None:
    """What dockerd said last is found among what it says all the time."""
    assert daemonconfig.last_words(log) == said


def test_blocks_do_not_overlap() -> None:
    """No two blocks share a port, and none reaches into those that Linux picks from."""
    blocks = [ports.Block(ports.FIRST + number * ports.SIZE) for number in range(ports.COUNT)]
    every = [port for block in blocks for port in (*block.fixed, *range(block.labs[0], block.engine[1] + 1))]
    assert len(every) == len(set(every))
    assert max(every) < 32768
    narrow = ports.Block(20000, narrow=True)
    assert narrow.labs[1] < narrow.engine[0]


def test_a_claim_is_exclusive(tmp_path: Path) -> None:
    """A block that somebody holds is not given to another checkout, even to one that had it before."""
    one, other = (Paths(tmp_path / n, tmp_path, tmp_path / n, tmp_path / "run" / "0000000a") for n in ("one", "other"))
    one.state.mkdir()
    other.state.mkdir()
    block, held = ports.claim(one)
    (other.state / "ports").write_text(f"{block.base}\n")
    with held:
        second, again = ports.claim(other)
        again.close()
    assert second.base != block.base


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("192.0.2.7", "127.0.0.1"),
        ("127.0.0.2", "127.0.0.2"),
        ("nonsense", "127.0.0.1"),
        ("::", "::1"),
    ],
)
def test_published_on_loopback_only(asked: str, given: str) -> None:
    """Whatever address a container's port is published on, it is opened on loopback."""
    assert published.loopback(asked) == given


def test_layers_are_reproducible(tmp_path: Path) -> None:
    """The same entries give the same bytes, whatever their order, with the folders that they lie in."""
    layout = Layout(tmp_path)
    entries = {"bin/sh": Entry(0o755, b"program"), "bin/ls": Entry(target="sh"), "tmp": Entry(0o1777)}
    one = layout.layer(entries, "ADD", 1700000000)
    two = layout.layer(dict(reversed(entries.items())), "ADD", 1700000000)
    assert one == two
    packed = layout.path(one.descriptor["digest"]).read_bytes()
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(packed))) as tar:
        assert tar.getnames() == ["bin", "bin/ls", "bin/sh", "tmp"]
        assert tar.getmember("tmp").mode == 0o1777
        assert tar.getmember("bin/ls").linkname == "sh"


def test_archive_for_load(tmp_path: Path) -> None:
    """The archive for POST /images/load names each image once, with all its tags, and holds all its files."""
    layout = Layout(tmp_path / "layout")
    layer = layout.layer({"a": Entry(0o644, b"a")}, "ADD", 0)
    digest = layout.image([layer], {"Cmd": ["sh"]}, "amd64", "2024-01-01T00:00:00Z")
    layout.save({"library/one:latest": digest, "library/one:stable": digest})
    images.pack(layout, tmp_path / "out.tar")
    with tarfile.open(tmp_path / "out.tar") as tar:
        (entry,) = json.load(tar.extractfile("manifest.json"))  # type: ignore[arg-type]
        assert entry["RepoTags"] == ["docker.io/library/one:latest", "docker.io/library/one:stable"]
        assert {entry["Config"], *entry["Layers"]} < set(tar.getnames())


def test_search(tmp_path: Path) -> None:
    """A search finds repositories by a part of their name, those of the Hub without their prefix."""
    for name in ("library/busybox", "me/mybox", "me/other"):
        (tmp_path / "docker" / "registry" / "v2" / "repositories" / name / "_manifests").mkdir(parents=True)
    found = front.search([tmp_path], "BOX")["results"]
    assert isinstance(found, list)
    assert [(one["name"], one["is_official"]) for one in found] == [("busybox", True), ("me/mybox", False)]


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"PUT /v2/library/busybox/manifests/latest HTTP/1.1\r\n\r\n", b"405"),
        (b"GET /v1/_ping HTTP/1.1\r\n\r\n", b"200"),
        (b"GET /v2/ HTTP/1.1\r\n\r\n", b"503"),
        (b"nonsense\r\n\r\n", b"405"),
    ],
)
def test_front(tmp_path: Path, request_head: bytes, status: bytes) -> None:
    """The mirror's front refuses changes, answers the ping of a search, and says when the registry has gone."""

    async def ask() -> bytes:
        handler = front.front(str(tmp_path / "gone.sock"), changes=False, storages=[])
        server = await asyncio.start_unix_server(handler, tmp_path / "front.sock")
        reader, writer = await asyncio.open_unix_connection(tmp_path / "front.sock")
        writer.write(request_head)
        answer = await reader.read()
        writer.close()
        server.close()
        return answer

    assert asyncio.run(ask()).split(b" ")[1] == status


def test_password(tmp_path: Path) -> None:
    """The private registry's password is made once, is for its owner alone, and is stored as bcrypt."""
    paths = Paths.of(tmp_path)
    file = registry.password_file(paths)
    password = file.read_text()
    assert registry.password_file(paths).read_text() == password
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.with_name("htpasswd").read_text().startswith(f"{STUDENT}:$2b$05$")


def test_answers_of_a_supervisor_that_ends() -> None:
    """A supervisor that ends in the middle of its answer, or talks nonsense, is one clear error."""
    for lines in ([], [b'{"say": "busy"}'], [b"Traceback"]):
        with pytest.raises(EngineError, match="ended before it answered"):
            control.follow(lines, lambda _said, _share: None)


def test_nothing_changes_what_does_not_run(tmp_path: Path) -> None:
    """Changing the daemon while no engine runs says so, and stopping it does nothing."""
    engine = Private(Paths.of(tmp_path))
    with pytest.raises(EngineError, match="does not run"):
        engine.reload({"debug": True})
    engine.stop(lambda _said, _share: None)
    assert not engine.running()


def test_read_only_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that cannot be written is one sentence that names it."""
    (tmp_path / ".lab").write_text("a file where the folder should be")
    monkeypatch.setattr(Private, "unavailable", lambda _self: "")
    with pytest.raises(EngineError, match="cannot be written"):
        Private(Paths.of(tmp_path)).start(lambda _said, _share: None)


def test_container_spec(tmp_path: Path) -> None:
    """The container publishes on loopback alone, mounts one volume, and carries the code that runs in it."""
    paths = Paths.of(tmp_path)
    body = Spec(paths, "lab", Path("/lab/x"), Path("/run/x")).body(
        "image", ports.Block(20000, narrow=True), privileged=False, shared_socket=False
    )
    bindings = [one for given in body["HostConfig"]["PortBindings"].values() for one in given]
    assert {one["HostIp"] for one in bindings} == {"127.0.0.1"}
    assert [bind.split(":")[0] for bind in body["HostConfig"]["Binds"]].count("lab") == 1
    with tarfile.open(fileobj=io.BytesIO(code())) as tar:
        assert {"opt/labkit/engines/supervisor.py", "opt/labkit/model.py"} <= set(tar.getnames())


@pytest.mark.root
def test_failed_install_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """When apt fails twice, its own last error is in the sentence, and what was typed was said before."""
    program = tmp_path / "apt-get"
    program.write_text("#!/bin/sh\necho 'E: Unable to fetch' >&2\nexit 100\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    heard: list[str] = []
    with pytest.raises(EngineError, match="Unable to fetch"):
        packages.install(["docker.io"], lambda said, _share: heard.append(said))
    assert heard[0].endswith(": apt-get install -y --no-install-recommends docker.io")


def test_the_code_of_the_container_is_whole(tmp_path: Path) -> None:
    """What is put into the engine's container runs there with the standard library alone."""
    subprocess.run(["tar", "-x", "-C", tmp_path], input=code(), check=True)
    needed = ("control", "supervisor", "boot", "mirror", "hub")
    program = f"import sys; sys.path.insert(0, {str(tmp_path / 'opt')!r}); " + "; ".join(
        f"import labkit.engines.{name}" for name in needed
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


class _Daemon:
    """A dockerd that ends some times before it answers."""

    carries_registry = True
    runs = True

    def __init__(self, ends: int, *, served: bool) -> None:
        self.ends, self.served, self.mended = ends, served, 0

    async def ready(self) -> None:
        if self.ends:
            self.ends -= 1
            raise EngineError("The engine did not start: it said nothing.", "")
        self.served = True

    async def mend(self) -> None:
        self.mended += 1
        self.served = False

    async def lost_containerd(self) -> bool:
        return False


@pytest.mark.parametrize(("ends", "served", "mended"), [(0, True, 0), (1, True, 1), (1, False, None), (2, True, None)])
def test_an_end_that_was_not_seen_yet(
    monkeypatch: pytest.MonkeyPatch, ends: int, served: bool, mended: int | None
) -> None:
    """A dockerd that has served and ended a moment ago is started again once; one that never came up is not."""
    supervisor = Supervisor.__new__(Supervisor)
    supervisor.daemon = daemon = _Daemon(ends, served=served)  # type: ignore[assignment]
    monkeypatch.setattr(Supervisor, "_ready", lambda self: self.daemon.ready())
    monkeypatch.setattr(Supervisor, "_close_servers", _nothing)
    monkeypatch.setattr(Supervisor, "_open_doors", _nothing)
    monkeypatch.setattr(Supervisor, "status", lambda self: {})
    heard: list[str] = []
    if mended is None:
        with pytest.raises(EngineError, match="said nothing"):
            asyncio.run(supervisor.up(heard.append))
        return
    asyncio.run(supervisor.up(heard.append))
    assert (daemon.mended, len(heard)) == (mended, mended)


async def _nothing(*_arguments: object) -> None:
    return None


@pytest.mark.parametrize(("narrow", "ports_carried"), [(True, [1, 3]), (False, [1, 2, 3])])
def test_another_address_of_loopback(monkeypatch: pytest.MonkeyPatch, narrow: bool, ports_carried: list[int]) -> None:
    """In a container, where 127.0.0.1 alone is published, a port of 127.0.0.2 is not reached there."""
    hosts = [("127.0.0.1", 1), ("127.0.0.2", 2), ("0.0.0.0", 3)]
    carried: list[int] = []

    async def forward(_here: object, _outside: str, port: int, _to: object) -> None:
        carried.append(port)

    supervisor = Supervisor.__new__(Supervisor)
    supervisor.daemon = SimpleNamespace(network="there", tcp_hosts=lambda: hosts)  # type: ignore[assignment]
    supervisor.block = SimpleNamespace(narrow=narrow)  # type: ignore[assignment]
    supervisor.here, supervisor._outside, supervisor._doors = None, "0.0.0.0", []  # type: ignore[assignment]
    monkeypatch.setattr("labkit.engines.supervisor.forward", forward)
    asyncio.run(supervisor._open_doors())
    assert carried == ports_carried
