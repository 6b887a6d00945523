"""What the labs need of the images and of the lab registry, on the running engine."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from enginehelp import eventually, run

from labkit.engines.base import EngineRecord, RegistryRecord
from labkit.session import Session

pytestmark = pytest.mark.engine

LABELS = {"docker-api-lab": "test"}


@pytest.fixture
def session(engine: EngineRecord) -> Iterator[Session]:
    """Calls to the engine; containers and networks made with `LABELS` go in the end."""
    session = Session(engine.endpoint)
    yield session
    only = {"label": ["docker-api-lab=test"]}
    for one in session.request("GET", "/containers/json", {"all": True, "filters": only}).json():
        session.request("DELETE", f"/containers/{one['Id']}", {"force": True, "v": True})
    session.request("POST", "/networks/prune", {"filters": only})
    session.close()


@pytest.fixture
def registry(engine: EngineRecord) -> RegistryRecord:
    """The lab registry."""
    assert engine.registry is not None
    return engine.registry


def output(session: Session, image: str, *command: str, network: str = "bridge") -> str:
    """What a container printed."""
    host = {"NetworkMode": network}
    name = "test-once"
    run(session, name, Image=image, Cmd=list(command), Labels=LABELS, HostConfig=host)
    session.request("POST", f"/containers/{name}/wait")
    said = session.request("GET", f"/containers/{name}/logs", {"stdout": True, "stderr": True}).text
    session.request("DELETE", f"/containers/{name}", {"force": True})
    return said


def test_images_are_there(session: Session) -> None:
    """busybox, nginx and redis have their usual names, commands, ports and more than one layer where they pull."""
    found = {name: session.request("GET", f"/images/{name}/json").json() for name in ("busybox", "nginx", "redis")}
    assert found["busybox"]["Config"]["Cmd"] == ["sh"]
    assert found["nginx"]["Config"]["Cmd"] == ["nginx", "-g", "daemon off;"]
    assert found["nginx"]["Config"]["ExposedPorts"] == {"80/tcp": {}}
    assert found["redis"]["Config"]["Volumes"] == {"/data": {}}
    assert min(len(found[name]["RootFS"]["Layers"]) for name in ("nginx", "redis")) >= 2


@pytest.mark.real
def test_busybox_commands(session: Session) -> None:
    """busybox has the commands that labs type into it."""
    wanted = ["ps", "wget", "nslookup", "nc", "ping", "httpd", "vi", "tar"]
    said = output(session, "busybox", "which", *wanted)
    assert [line.rsplit("/", 1)[-1] for line in said.split()] == wanted


@pytest.mark.real
def test_names_on_a_network(session: Session) -> None:
    """Containers of a network find each other by name: nginx by wget, redis by its own client."""
    session.request("POST", "/networks/create", json={"Name": "test-names", "Labels": LABELS}).raise_for_status()
    host = {"NetworkMode": "test-names"}
    run(session, "test-web", Image="nginx", Labels=LABELS, HostConfig=host)
    run(session, "test-db", Image="redis", Labels=LABELS, HostConfig=host)
    command = ["sh", "-c", "wget -qO- http://test-web/"]
    eventually(lambda: "Welcome to nginx" in output(session, "busybox", *command, network="test-names"))
    command = ["redis-cli", "-h", "test-db", "ping"]
    eventually(lambda: "PONG" in output(session, "redis", *command, network="test-names"))
    logs = session.request("GET", "/containers/test-web/logs", {"stdout": True, "stderr": True}).frames
    assert any(b"GET / HTTP" in frame.data for frame in logs if frame.stream == 1)
    assert any(b"start worker process" in frame.data for frame in logs if frame.stream == 2)


def test_mirror_is_read_only(registry: RegistryRecord) -> None:
    """Nobody changes the mirror."""
    request = urllib.request.Request(f"http://{registry.mirror}/v2/library/busybox/blobs/uploads/", method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == 405


def test_all_tags(session: Session, registry: RegistryRecord) -> None:
    """Without a tag every tag is pulled: the mirror has a second one of busybox."""
    session.request("POST", "/images/create", {"fromImage": f"{registry.mirror}/library/busybox"}).raise_for_status()
    names = [f"{registry.mirror}/library/busybox:{tag}" for tag in ("latest", "stable")]
    assert all(session.request("GET", f"/images/{name}/json").ok for name in names)
    for name in names:
        session.request("DELETE", f"/images/{name}")


def test_push_with_a_password(session: Session, registry: RegistryRecord) -> None:
    """The private registry takes a push with its password alone, and a search finds what was pushed."""
    name = f"{registry.private}/test/box"
    session.request("POST", "/images/busybox/tag", {"repo": name, "tag": "latest"}).raise_for_status()
    try:
        password = Path(registry.password_file).read_text()
        assert session.request("POST", f"/images/{name}/push", headers=_auth(registry, "wrong")).error
        assert not session.request("POST", f"/images/{name}/push", headers=_auth(registry, password)).error
        found = session.request("GET", "/images/search", {"term": f"{registry.private}/test"}).json()
        assert [one["name"] for one in found] == ["test/box"]
    finally:
        session.request("DELETE", f"/images/{name}:latest")


def _auth(registry: RegistryRecord, password: str) -> dict[str, str]:
    login = {"username": registry.user, "password": password, "serveraddress": registry.private}
    return {"X-Registry-Auth": base64.urlsafe_b64encode(json.dumps(login).encode()).decode()}
