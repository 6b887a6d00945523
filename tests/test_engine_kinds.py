"""The kinds of engine beside the private one: how they are found, and what each leaves alone."""

from __future__ import annotations

import hashlib
import json
import os
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from enginehelp import eventually, make_root, page, run, started, traces

from labkit.engines import dockercontext, hub, images, setup
from labkit.engines.base import Capability, EngineRecord, Paths
from labkit.engines.container import Container
from labkit.engines.layout import Layout
from labkit.engines.private import Private
from labkit.errors import EngineError
from labkit.model import Endpoint
from labkit.session import Session


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's home without any Docker configuration."""
    for name in [name for name in os.environ if name.startswith("DOCKER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """The places of a checkout."""
    return Paths.of(tmp_path / "root")


def context(home: Path, name: str, host: str, *, use: bool = True) -> None:
    """Write a Docker context as the docker command does."""
    folder = home / ".docker" / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    folder.mkdir(parents=True)
    meta = {"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}}}
    (folder / "meta.json").write_text(json.dumps(meta))
    if use:
        (home / ".docker" / "config.json").write_text(json.dumps({"currentContext": name}))


def test_docker_host_first(home: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """DOCKER_HOST wins over the context in use."""
    context(home, "mine", "unix:///context.sock")
    assert dockercontext.find(paths) == Endpoint(socket="/context.sock")
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:2375")
    assert dockercontext.find(paths) == Endpoint(host="127.0.0.1", port=2375)


def test_context_by_name(home: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """DOCKER_CONTEXT names another context than the one in use, and an unknown one is said."""
    context(home, "mine", "unix:///mine.sock")
    context(home, "other", "unix:///other.sock", use=False)
    monkeypatch.setenv("DOCKER_CONTEXT", "other")
    assert dockercontext.find(paths) == Endpoint(socket="/other.sock")
    monkeypatch.setenv("DOCKER_CONTEXT", "gone")
    with pytest.raises(EngineError, match="gone"):
        dockercontext.find(paths)


@pytest.mark.parametrize("host", ["tcp://192.0.2.1:2375", "ssh://user@192.0.2.1"])
def test_remote_is_not_taken(home: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """A Docker on another machine is never used because a variable points there."""
    monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(EngineError, match=r"another machine|not one that the lab can use"):
        dockercontext.find(paths)
    assert Container(paths).unavailable()


def test_own_socket_is_passed_over(home: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """A DOCKER_HOST that a learner set to the lab's own engine does not make an engine inside that one."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{paths.run}/docker.sock")
    monkeypatch.setattr(dockercontext, "_usual", lambda: None)
    with pytest.raises(EngineError, match="No Docker was found"):
        dockercontext.find(paths)


def test_tls_from_the_environment(home: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """DOCKER_TLS_VERIFY and DOCKER_CERT_PATH give the certificates."""
    for name in ("ca", "cert", "key"):
        (home / f"{name}.pem").touch()
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:2376")
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(home))
    tls = dockercontext.find(paths).tls
    assert tls is not None
    assert tls.ca == str(home / "ca.pem")
    assert tls.key == str(home / "key.pem")


@pytest.mark.parametrize("kind", ["nonsense", "private=tcp://127.0.0.1:1", ""])
def test_unknown_kind(paths: Paths, kind: str) -> None:
    """A kind that there is not is refused with those there are."""
    with pytest.raises(EngineError, match="no engine of the kind"):
        setup.engine_of(paths, kind)


@pytest.fixture(scope="module")
def kept(engine: EngineRecord) -> Path:
    """The course's images, built once."""
    return (Paths.of(Path(os.environ["LABKIT_ROOT"])).state / "images").resolve()


@pytest.mark.engine
def test_host(engine: EngineRecord, home: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The host kind uses a Docker as it is: no registry, no configuration, and stopping leaves all of it running."""
    own = make_root(home / "root", kept)
    monkeypatch.setenv("DOCKER_HOST", str(engine.endpoint))
    record = setup.start(own, "host")
    assert record.capabilities == {Capability.BIND}
    assert record.registry is None
    with pytest.raises(EngineError, match="private"):
        setup.engine_of(own, "host").restart({})
    setup.stop(own)
    assert Session(engine.endpoint).request("GET", "/_ping").ok


@pytest.mark.engine
def test_host_by_address(engine: EngineRecord, home: Path, kept: Path) -> None:
    """An address that was typed is used, wherever the environment points."""
    own = make_root(home / "root", kept)
    assert setup.start(own, f"host={engine.endpoint}").endpoint == engine.endpoint
    with pytest.raises(EngineError, match="does not answer"):
        setup.start(own, "host=tcp://127.0.0.1:9")


@pytest.mark.engine
@pytest.mark.real
def test_load_from_disk(engine: EngineRecord, tmp_path: Path, kept: Path) -> None:
    """Images that cannot be pulled are loaded from disk under their usual names."""
    archive = tmp_path / "images.tar"
    images.pack(Layout(kept), archive)
    session = Session(engine.endpoint)
    answer = session.request("POST", "/images/load", data=archive)
    assert "Loaded image: busybox:stable" in answer.text
    session.request("DELETE", "/images/busybox:stable")


@pytest.mark.engine
@pytest.mark.real
def test_hub(engine: EngineRecord, tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Images come from a registry that answers as the Hub does, with the names and digests that they have there."""
    assert engine.registry is not None
    monkeypatch.setenv("LABKIT_HUB", f"http://{engine.registry.mirror}")
    own = make_root(tmp_path / "root", kept)
    (own.state / "images").unlink()
    heard: list[str] = []
    try:
        setup.start(own, "private", lambda said, _share: heard.append(said))
    finally:
        setup.stop(own)
    assert "Fetching nginx:latest from the Docker Hub" in heard
    assert Layout(own.state / "images").images() == Layout(kept).images()


def test_hub_out_of_reach() -> None:
    """A Hub that does not answer is given up in seconds."""
    begin = time.monotonic()
    assert not hub.reachable("http://127.0.0.1:9")
    assert not hub.reachable("https://nowhere.invalid")
    assert time.monotonic() - begin < 2 * hub.PROBE_SECONDS + 1


@pytest.mark.engine
@pytest.mark.skipif(not Path("/usr/bin/podman").exists(), reason="podman is not installed")
def test_podman(tmp_path: Path, kept: Path) -> None:
    """Podman serves a store of its own, is found again, and leaves no process, mount or rule."""
    own = make_root(tmp_path / "root", kept)
    rules = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout
    try:
        record = setup.start(own, "podman")
        session = Session(record.endpoint)
        tags = {tag for image in session.request("GET", "/images/json").json() for tag in image["RepoTags"]}
        assert "docker.io/library/busybox:latest" in tags
        assert session.request("POST", "/containers/create", {"name": "one"}, json={"Image": "busybox"}).status == 201
        assert setup.status(own) == record
    finally:
        setup.stop(own)
    assert [line for line in traces(own) if "podman.log" not in line] == []
    assert ("NETAVARK" in subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout) == (
        "NETAVARK" in rules
    )


@pytest.fixture(scope="module")
def docker(engine: EngineRecord, kept: Path) -> Iterator[Endpoint]:
    """A learner's Docker: an engine of its own, which keeps what it built from one run of the tests to the next."""
    root = Path(os.environ["LABKIT_ROOT"]) / ".lab" / "learner"
    own = Paths.of(root) if root.exists() else make_root(root, kept)
    with started(own) as record:
        yield record.endpoint


@pytest.mark.engine
@pytest.mark.real
def test_container(docker: Endpoint, home: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine in a container has all that the private one has, heals, and leaves but its volume and its image."""
    own = make_root(home / "root", kept)
    monkeypatch.setenv("DOCKER_HOST", str(docker))
    outer = Session(docker)
    run(outer, "theirs", Image="busybox", Cmd=["sleep", "600"])
    try:
        record = setup.start(own, "container")
        session = Session(record.endpoint)
        assert session.request("GET", "/containers/json", {"all": True}).json() == []
        _serves_a_folder(own, session, record.ports[0] + 1)
        _has_a_registry(session, record)
        _is_configured(own, record)
        heard: list[str] = []
        outer.request("POST", f"/containers/{Container(own).name}/kill")
        setup.start(own, "container", lambda said, _share: heard.append(said))
        assert heard == ["The engine's container had been killed; it is started again."]
        assert session.request("POST", "/containers/web/start").status == 204
    finally:
        setup.stop(own)
        left = [c["Names"] for c in outer.request("GET", "/containers/json", {"all": True}).json()]
        networks = [network["Name"] for network in outer.request("GET", "/networks").json()]
        outer.request("DELETE", "/containers/theirs", {"force": True})
        outer.request("DELETE", f"/volumes/{Container(own).name}")
    assert left == [["/theirs"]]
    assert sorted(networks) == ["bridge", "host", "none"]
    assert not own.run.exists()


def _serves_a_folder(own: Paths, session: Session, port: int) -> None:
    own.work.mkdir(exist_ok=True)
    (own.work / "index.html").write_text("from the learner's folder")
    host = {"PortBindings": {"80/tcp": [{"HostPort": str(port)}]}, "Binds": [f"{own.work}:/usr/share/nginx/html"]}
    run(session, "web", Image="nginx", HostConfig=host)
    eventually(lambda: page(f"http://127.0.0.1:{port}/") == b"from the learner's folder")


def _has_a_registry(session: Session, record: EngineRecord) -> None:
    assert record.registry is not None
    found = session.request("GET", "/images/search", {"term": f"{record.registry.private}/busy"}).json()
    assert [one["name"] for one in found] == ["busybox"]
    with urllib.request.urlopen(f"http://{record.registry.mirror}/v2/_catalog") as answer:
        assert json.load(answer)["repositories"] == ["library/busybox", "library/nginx", "library/redis"]
    assert len(Path(record.registry.password_file).read_text()) > 8


def _is_configured(own: Paths, record: EngineRecord) -> None:
    engine = Container(own)
    engine.restart({"hosts": [f"tcp://127.0.0.1:{record.tcp_port}"]})
    with urllib.request.urlopen(f"http://127.0.0.1:{record.tcp_port}/_ping") as answer:
        assert answer.read() == b"OK"
    folder = own.state / "tls"  # below /tmp here, where the container has a file system of its own
    folder.mkdir(mode=0o700)
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    files = {"tlscert": folder / "server-cert.pem", "tlskey": folder / "server-key.pem"}
    issued.cert_chain_pems[0].write_to_path(files["tlscert"])
    issued.private_key_pem.write_to_path(files["tlskey"])
    plain = {"hosts": [f"tcp://127.0.0.1:{record.tls_port}"], "tls": True, "tlsverify": False}
    engine.restart({**plain, **{key: str(file) for key, file in files.items()}})
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with urllib.request.urlopen(f"https://localhost:{record.tls_port}/_ping", context=trusting) as answer:
        assert answer.read() == b"OK"
    engine.restart(dict.fromkeys([*plain, *files]))
    with pytest.raises(EngineError, match="bridge"):
        engine.restart({"bridge": "none"})
    assert "bridge" not in engine.config()


@pytest.mark.engine
@pytest.mark.real
def test_one_kind_at_a_time(engine: EngineRecord, home: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another kind takes the place of the one that runs, which is stopped; no kind at all takes what runs."""
    own = make_root(home / "root", kept)
    monkeypatch.setenv("DOCKER_HOST", str(engine.endpoint))
    setup.start(own, "private")
    assert setup.start(own).kind == "private"
    setup.start(own, "host")
    assert not Private(own).running()
    assert traces(own) == []
    assert setup.start(own).kind == "host"
    setup.stop(own)
