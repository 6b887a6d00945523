"""The docker command is accepted by the real docker client, and asks the same of an Engine."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from dockerstub import Asked, Stub, paste, query_of
from hypothesis import given, settings
from hypothesis import strategies as st
from practicehelp import tar
from samples import HOSTILE
from test_curl import SHELLS

from labkit import api, dockercommand
from labkit.engines.base import EngineRecord
from labkit.model import TLS, Endpoint, Request, version_number
from labkit.session import Session
from labkit.transport import Adapter, send

JSON = (("Content-Type", "application/json"),)
SOCKET = Endpoint(socket="/run/docker.sock")

# What the command always sends, and what means the same as nothing.
ALWAYS: dict[str, dict[str, Any]] = {
    "GET /containers/{id}/logs": {"stdout": "1", "stderr": "1", "tail": "all"},
    "GET /containers/{id}/stats": {"stream": "1"},
    "PUT /containers/{id}/archive": {"noOverwriteDirNonDir": "1"},
    "POST /build": {"rm": "1", "version": "1", "shmsize": "0"},
    "POST /containers/{id}/attach": {"stdout": "1", "stderr": "1", "stdin": "1"},
    "GET /images/search": {"limit": "25"},
    "POST /containers/{id}/wait": {"condition": "not-running"},
    "POST /commit": {"pause": "1"},
}
OF_CREATE = {"AttachStdout": True, "AttachStderr": True, "AttachStdin": True, "StdinOnce": True}
OF_HOST: dict[str, Any] = {
    "RestartPolicy": ({"Name": "no"},),
    "NetworkMode": ("default", "bridge"),
    "MemorySwappiness": (-1,),
    "ConsoleSize": ([0, 0],),
}


def trimmed(value: Any) -> Any:
    """Return a value without what says nothing: null, false, 0, and what is empty."""
    if isinstance(value, dict):
        kept = {key: trimmed(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in (None, False, 0, "", [], {})}
    return [trimmed(item) for item in value] if isinstance(value, list) else value


def without(value: dict[str, Any], paths: set[str]) -> dict[str, Any]:
    """Return a body without some of its fields, named as in ``HostConfig.Memory``."""
    copy: dict[str, Any] = json.loads(json.dumps(value))
    for path in paths:
        *above, last = path.split(".")
        inner: Any = copy
        for key in above:
            inner = inner.get(key, {}) if isinstance(inner, dict) else {}
        if isinstance(inner, dict):
            inner.pop(last, None)
    return copy


def unsaid(found: dockercommand.Command) -> set[str]:
    """Return what the command says that it has no option for."""
    said = (re.fullmatch(r"docker has no option for (.+)\.", line) for line in found.remarks)
    return {match.group(1) for match in said if match}


def body_of(request: Request, missing: set[str]) -> Any:
    """Return a body as the Engine understands it."""
    if request.body_file or not request.body:
        return request.body or b""
    try:
        body = json.loads(request.body)
    except ValueError:
        return request.body
    if body is None:  # older clients write it where others send none
        return b""
    if not isinstance(body, dict):
        return body
    template = api.template(request.method, request.path)
    if template == "/containers/create":
        return trimmed(_created(body, missing))
    if template == "/networks/create":
        body.pop("CheckDuplicate", None)
        body["Driver"] = body.get("Driver") or "bridge"
        body.setdefault("IPAM", {})["Driver"] = "default"
        if subnets := body["IPAM"].get("Config"):
            body["IPAM"]["Config"] = sorted(subnets, key=lambda one: one["Subnet"])  # the client keeps them in no order
    if template == "/volumes/create":
        body["Driver"] = body.get("Driver") or "local"
    if template == "/containers/{id}/exec":
        body = body | {"AttachStdout": True, "AttachStderr": True}
        body.pop("Detach", None)
    if template == "/auth":
        body.pop("password", None)
    return trimmed(without(body, missing))


def _created(body: dict[str, Any], missing: set[str]) -> dict[str, Any]:
    """Return a container's body without what the command sets by itself."""
    body = without(body, missing)
    for key in ("ExposedPorts", "Volumes"):
        body[key] = sorted(body.get(key) or {})
    body["Env"] = sorted(body.get("Env") or [])  # the client keeps them in no order
    body = trimmed(body)
    body = {key: value for key, value in body.items() if OF_CREATE.get(key) != value}
    host = body.get("HostConfig", {})
    body["HostConfig"] = {key: value for key, value in host.items() if value not in OF_HOST.get(key, ())}
    if binds := body["HostConfig"].get("Binds"):
        body["HostConfig"]["Binds"] = sorted(binds)  # the client keeps them in no order
    words = [*body.pop("Entrypoint", []), *body.pop("Cmd", [])]
    return body | {"words": words}


def assert_same(request: Request, found: dockercommand.Command, asked: list[Asked]) -> None:
    """What the client asked holds the request: endpoint, name, version, query, body."""
    template = api.template(request.method, request.path)
    if template == "/images/{name}/get":  # docker save takes the form for several names
        name = request.path.removeprefix("/images/").removesuffix("/get")
        template, request = "/images/get", replace(request, target=f"/v{request.version}/images/get?names={name}")
    hits = [one.request for one in asked if (one.method, one.template) == (request.method, template)]
    assert len(hits) == 1, [(one.method, one.request.target) for one in asked]
    (hit,) = hits
    missing = unsaid(found)
    assert hit.path == request.path
    assert request.version in (None, hit.version)
    same = ALWAYS.get(f"{request.method} {template}", {})
    ours, theirs = ({**same, **_clean(query_of(one), missing)} for one in (request, hit))
    if request.path == "/images/prune":
        for query in (ours, theirs):
            query["filters"] = {"dangling": ["true"], **query.get("filters", {})}
    theirs = {name: value for name, value in theirs.items() if name in ours or value != _DEFAULTS.get(name)}
    if any(line.startswith(("docker logs", "docker attach")) for line in found.remarks):
        ours |= {"stdout": "1", "stderr": "1"}
    assert _merged(theirs) == _merged(ours)
    assert body_of(hit, missing) == body_of(request, missing)


_DEFAULTS = {"tag": "latest", "dockerfile": "Dockerfile", "networkmode": "default", "signal": "KILL"}


def _clean(query: dict[str, Any], missing: set[str]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if name not in missing}


def _merged(query: dict[str, Any]) -> dict[str, Any]:
    """Return a query without what says nothing, and with names of images as people write them."""
    query = {k: v for k, v in query.items() if v not in ("0", "-1", {}, "[]")}
    for key in ("fromImage", "repo"):
        if key in query:
            query[key] = query[key].removeprefix("docker.io/").removeprefix("library/")
    return query


def assert_all_same(stub: Stub, requests: list[Request], folder: Path) -> int:
    """Paste the docker command of each request that has one; return how many have."""
    count = 0
    for number, request in enumerate(requests):
        file = None
        if request.body_file is not None:
            file = str(folder / f"body {number}")
            Path(file).write_bytes(request.body or b"")
        request = replace(request, endpoint=stub.endpoint, body_file=file)
        found = dockercommand.command(request)
        if found is None:
            continue
        count += 1
        done = paste("\n".join(dockercommand.lines(request, found)), folder, PASSWORD="s3cret")
        asked = stub.take()
        assert b"unknown flag" not in done.stderr
        assert b"sage:" not in done.stderr, done.stderr
        try:
            assert_same(request, found, asked)
        except AssertionError as error:
            raise AssertionError(f"{dockercommand.docker(request)}\n{done.stderr.decode()}\n{error}") from error
    return count


@pytest.fixture(name="stub")
def docker_stub(tmp_path: Path) -> Iterator[Stub]:
    """A server that the docker client takes for an Engine."""
    if not shutil.which("docker"):
        pytest.skip("there is no docker client here")
    with Stub(tmp_path / "docker.sock") as running:
        yield running
        running.shutdown()


@cache
def client_version() -> tuple[int, ...]:
    """Return the newest API version that the docker client of this machine speaks."""
    ask = ["docker", "version", "--format", "{{.Client.DefaultAPIVersion}}"]
    return version_number(subprocess.run(ask, capture_output=True, text=True).stdout)  # it also asks an Engine, in vain


def post(target: str, body: Any = None) -> Request:
    """Return a POST with a body of JSON."""
    sent = None if body is None else json.dumps(body).encode()
    return Request("POST", f"/v1.41{target}", SOCKET, JSON if sent else (), sent)


def get(target: str) -> Request:
    """Return a GET."""
    return Request("GET", f"/v1.41{target}", SOCKET)


def filters(**given: list[str]) -> str:
    """Return filters as a query has them."""
    return "filters=" + quote(json.dumps(given))


FULL = {
    "Image": "busybox",
    "Cmd": ["sh", "-c", "echo 'it is' \"$HOME\""],
    "Entrypoint": ["/bin/env"],
    "Env": ["A=1", "B=two words"],
    "Labels": {"docker-api-lab": "02", "odd": "a=b c"},
    "ExposedPorts": {"80/tcp": {}, "53/udp": {}},
    "Volumes": {"/cache": {}},
    "User": "1000:1000",
    "WorkingDir": "/srv",
    "Hostname": "web",
    "Domainname": "example.org",
    "StopSignal": "SIGINT",
    "StopTimeout": 3,
    "Tty": True,
    "OpenStdin": True,
    "Healthcheck": {"Test": ["CMD-SHELL", "true"], "Interval": 10**9, "Timeout": 2 * 10**9, "Retries": 3},
}
HOST = {
    "Binds": ["site:/srv:ro", "/etc/hosts:/hosts"],
    "Mounts": [
        {"Type": "bind", "Source": "/etc", "Target": "/e", "ReadOnly": True, "BindOptions": {"Propagation": "rslave"}},
        {"Type": "volume", "Source": "v", "Target": "/v", "VolumeOptions": {"NoCopy": True, "Labels": {"a": "b,c"}}},
        {"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"SizeBytes": 1048576, "Mode": 0o1777}},
    ],
    "Tmpfs": {"/run": "size=1m", "/tmp": ""},
    "PortBindings": {
        "80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}, {"HostPort": "8081"}],
        "53/udp": [{"HostIp": "::1", "HostPort": "5353"}],
    },
    "Memory": 67108864,
    "MemorySwap": 134217728,
    "MemoryReservation": 33554432,
    "NanoCpus": 1_250_000_000,
    "CpuShares": 512,
    "CpusetCpus": "0",
    "PidsLimit": 20,
    "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3},
    "NetworkMode": "front",
    "Privileged": True,
    "ReadonlyRootfs": True,
    "Init": True,
    "CapAdd": ["CAP_NET_ADMIN"],
    "CapDrop": ["ALL"],
    "Dns": ["127.0.0.11"],
    "DnsSearch": ["example.org"],
    "DnsOptions": ["timeout:1"],
    "ExtraHosts": ["db:127.0.0.1"],
    "GroupAdd": ["audio"],
    "SecurityOpt": ["no-new-privileges"],
    "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m"}},
    "Ulimits": [{"Name": "nofile", "Soft": 64, "Hard": 128}],
    "Devices": [{"PathOnHost": "/dev/null", "PathInContainer": "/dev/nothing", "CgroupPermissions": "r"}],
    "Sysctls": {"net.ipv4.ip_forward": "1"},
    "IpcMode": "private",
    "PidMode": "host",
    "UTSMode": "host",
    "ShmSize": 1048576,
}
NETWORKS = {"EndpointsConfig": {"front": {"Aliases": ["web"], "IPAMConfig": {"IPv4Address": "172.28.0.9"}}}}

SAMPLES = [
    get("/containers/json"),
    get("/containers/json?all=1&limit=3&size=true&" + filters(label=["a=b", "c"], status=["exited"])),
    get("/containers/web/json?size=1"),
    get("/containers/web/top?ps_args=-o%20pid,comm"),
    get("/containers/web/logs?stdout=1&stderr=1&timestamps=1&tail=5&since=10&until=20&details=1"),
    get("/containers/web/logs?stdout=1"),
    get("/containers/web/changes"),
    get("/containers/web/export"),
    get("/containers/web/stats?stream=0"),
    get("/containers/web/archive?path=/a%20b"),
    post(
        "/containers/create?name=web&platform=linux/amd64", {**FULL, "HostConfig": HOST, "NetworkingConfig": NETWORKS}
    ),
    post("/containers/create", {"Image": "x", "HostConfig": {"AutoRemove": True, "PublishAllPorts": True}}),
    post(
        "/containers/create", {"Image": "x", "HostConfig": {"RestartPolicy": {"Name": "always"}, "NanoCpus": 5 * 10**8}}
    ),
    post(
        "/containers/create", {"Image": "x", "Entrypoint": ["a", "b"], "Cmd": ["c"], "Healthcheck": {"Test": ["NONE"]}}
    ),
    post("/containers/create", {"Image": "x", "Cmd": ["--help", "-x"], "NetworkDisabled": True, "Shell": ["sh"]}),
    post("/containers/create?name=$(id)", {"Image": "x", "Cmd": ["$(id)", "`id`", "a'b", "=ls", "~", "*"]}),
    post("/containers/--help/start"),
    post("/containers/web/start"),
    post("/containers/web/stop?t=0"),
    replace(post("/containers/web/stop?t=2&signal=SIGINT"), target="/v1.43/containers/web/stop?t=2&signal=SIGINT"),
    post("/containers/web/restart?t=1"),
    post("/containers/web/kill?signal=SIGUSR1"),
    post("/containers/web/update", {"Memory": 67108864, "MemorySwap": -1, "RestartPolicy": {"Name": "always"}}),
    post("/containers/web/update", {"NanoCpus": 500000000, "PidsLimit": 7, "CpuShares": 3}),
    post("/containers/web/rename?name=other"),
    post("/containers/web/pause"),
    post("/containers/web/unpause"),
    post("/containers/web/wait"),
    post("/containers/prune?" + filters(label=["a"], until=["1h"])),
    post(
        "/containers/web/exec",
        {"Cmd": ["sh", "-c", "id -u"], "AttachStdout": True, "AttachStderr": True, "User": "1", "Env": ["A=b c"]}
        | {"WorkingDir": "/", "Privileged": True},
    ),
    Request("DELETE", "/v1.41/containers/web?force=1&v=1", SOCKET),
    Request("PUT", "/v1.41/containers/web/archive?path=/x", SOCKET, body=b"\0tar" * 300, body_file="x"),
    get("/images/json?all=1&" + filters(dangling=["true"])),
    get("/images/busybox:1/json"),
    get("/images/busybox/history"),
    get("/images/a%2Fb:1/get"),
    get("/images/get?names=a&names=b:1"),
    get("/images/search?term=busybox&limit=3&" + filters(stars=["3"])),
    post("/images/create?fromImage=busybox&tag=1.36&platform=linux/amd64"),
    post("/images/create?fromImage=busybox&tag=sha256:" + "a" * 64),
    post("/images/create?fromImage=busybox"),
    post("/images/127.0.0.1:5000/x/push?tag=1"),
    post("/images/127.0.0.1:5000/x/push"),
    post("/images/x/tag?repo=y&tag=2"),
    Request("DELETE", "/v1.41/images/x:1?force=1&noprune=1", SOCKET),
    post("/images/prune?" + filters(dangling=["false"], label=["a=b"])),
    post("/images/prune"),
    Request("POST", "/v1.41/images/load?quiet=1", SOCKET, body=b"\0tar" * 300, body_file="x"),
    post("/commit?container=web&repo=y&tag=1&author=me&comment=a%20b&pause=0&changes=CMD%20ls"),
    Request(
        "POST",
        "/v1.41/build?t=a:1&t=b&dockerfile=D&labels=%7B%22a%22:%22b%22%7D&buildargs=%7B%22X%22:%221%22%7D"
        "&nocache=1&pull=1&forcerm=1&target=x&networkmode=host&memory=8000000&rm=0",
        SOCKET,
        (("Content-Type", "application/x-tar"),),
        tar(D=b"FROM scratch\n"),
        "x",
    ),
    get("/networks?" + filters(driver=["bridge"], type=["custom"])),
    get("/networks/front?verbose=1"),
    post("/networks/create", {"Name": "front", "CheckDuplicate": True}),
    post(
        "/networks/create",
        {
            "Name": "front",
            "Driver": "bridge",
            "Internal": True,
            "Attachable": True,
            "EnableIPv6": True,
            "IPAM": {
                "Driver": "default",
                "Config": [
                    {"Subnet": "172.28.0.0/24", "Gateway": "172.28.0.1", "IPRange": "172.28.0.128/25"}
                    | {"AuxiliaryAddresses": {"printer": "172.28.0.7"}},
                    {"Subnet": "fd00::/64"},
                ],
            },
            "Options": {"com.docker.network.bridge.name": "br9"},
            "Labels": {"a": "b"},
        },
    ),
    post(
        "/networks/front/connect",
        {
            "Container": "web",
            "EndpointConfig": {"Aliases": ["w"], "Links": ["a:b"], "IPAMConfig": {"IPv4Address": "172.28.0.9"}},
        },
    ),
    post("/networks/front/disconnect", {"Container": "web", "Force": True}),
    Request("DELETE", "/v1.41/networks/front", SOCKET),
    post("/networks/prune?" + filters(label=["a"])),
    get("/volumes?" + filters(dangling=["true"])),
    get("/volumes/site"),
    post("/volumes/create", {"Name": "site", "Driver": "local", "DriverOpts": {"type": "tmpfs"}, "Labels": {"a": "b"}}),
    post("/volumes/create", {}),
    Request("DELETE", "/v1.41/volumes/site?force=1", SOCKET),
    post("/volumes/prune?" + filters(label=["a"])),
    get("/version"),
    get("/info"),
    get("/events?since=1&until=2&" + filters(type=["container"], event=["die", "start"])),
    get("/system/df"),
    post("/auth", {"username": "a", "password": "s3cret", "serveraddress": "127.0.0.1:5000"}),
    get("/plugins"),
]


@pytest.mark.parametrize("request_", SAMPLES, ids=lambda r: f"{r.method} {r.target[:50]}")
def test_the_client_asks_the_same(stub: Stub, request_: Request, tmp_path: Path) -> None:
    """The docker client takes the command, and sends the same endpoint, name, query and body."""
    if request_.version and version_number(request_.version) > client_version():
        pytest.skip("the docker client of this machine is older than that call")
    assert assert_all_same(stub, [request_], tmp_path) == 1


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (post("/containers/create", {"Image": "x", "Mounts": [{"Source": "/a"}]}), {"Mounts"}),
        (post("/containers/create", {"Image": "x", "NetworkDisabled": True, "OnBuild": []}), {"NetworkDisabled"}),
        (
            post("/containers/create", {"Image": "x", "HostConfig": {"Nonsense": 1, "Init": False}}),
            {"HostConfig.Nonsense"},
        ),
        (
            post("/containers/create", {"Image": "x", "HostConfig": {"Mounts": [{"Type": "bind", "Nothing": 1}]}}),
            {"HostConfig.Mounts"},
        ),
        (post("/containers/create", {"Image": "x", "Healthcheck": {"Test": ["CMD", "a"]}}), {"Healthcheck.Test"}),
        (get("/containers/json?before=x&all=1"), {"before"}),
        (get("/images/json?filters=%7B%22dangling%22:true%7D"), {"filters"}),
        (get("/containers/web/stats?stream=0&one-shot=1"), {"one-shot"}),
        (post("/volumes/create", {"Name": "x", "ClusterVolumeSpec": {"Group": "g"}}), {"ClusterVolumeSpec.Group"}),
        (Request("GET", "/v1.41/info", SOCKET, (("X-Odd", "1"),)), {"X-Odd"}),
        (post("/containers/create", FULL), set()),
    ],
)
def test_what_the_command_cannot_say_is_named(request_: Request, said: set[str]) -> None:
    """A field, parameter or header without an option is named; one that says nothing is not."""
    found = dockercommand.command(request_)
    assert found is not None
    assert unsaid(found) == said
    assert all(f"docker has no option for {name}." in dockercommand.docker(request_) for name in said)


@pytest.mark.parametrize(
    "request_",
    [
        get("/_ping"),
        get("/exec/1/json"),
        post("/exec/1/start", {"Detach": False}),
        post("/containers/web/resize?h=1&w=2"),
        get("/distribution/busybox/json"),
        Request("HEAD", "/v1.41/containers/web/archive?path=/x", SOCKET),
        Request("GET", "/v2/_catalog", Endpoint(host="127.0.0.1", port=5000)),
        get("/nothing"),
        Request("PATCH", "/v1.41/info", SOCKET),
        post("/containers/create", {"Cmd": ["x"]}),
        post("/containers/create", [1]),
        post("/containers/create", {"Image": {"x": 1}}),
        post("/containers/create", {"Image": "x", "HostConfig": {"PortBindings": ["x"]}}),
        post("/containers/create", {"Image": "x", "HostConfig": {"Ulimits": [1]}}),
        Request("POST", "/v1.41/containers/create", SOCKET, JSON, b"{"),
        post("/networks/create", {"Labels": {}}),
        post("/containers/web/exec", {"Cmd": []}),
        post("/images/create"),
        post("/containers/web/attach?logs=1"),
    ],
    ids=lambda r: f"{r.method} {r.target[:40]}",
)
def test_no_command_is_said_plainly(request_: Request) -> None:
    """Where no command does the same, and where a body is not the API's, that is said."""
    assert dockercommand.command(request_) is None
    assert dockercommand.docker(request_).startswith("# No docker command does this.")


def test_endpoint_version_and_certificates_go_with_it() -> None:
    """One line names the endpoint and the version; TLS files are options."""
    tls = TLS("/c/ca.pem", "/c/my cert.pem", "/c/key.pem")
    lines = dockercommand.docker(Request("GET", "/v1.41/info", Endpoint(host="::1", port=2376, tls=tls))).split("\n", 1)
    assert lines[0] == "export DOCKER_HOST='tcp://[::1]:2376' DOCKER_API_VERSION=1.41"
    assert shlex.split(lines[1].replace("\\\n", " ")) == [
        *("docker", "--tlsverify", "--tlscacert", "/c/ca.pem"),
        *("--tlscert", "/c/my cert.pem", "--tlskey", "/c/key.pem", "info"),
    ]
    assert "DOCKER_API_VERSION" not in dockercommand.docker(Request("GET", "/info", SOCKET))


def test_no_secret_stands_in_it() -> None:
    """A login's password is fed from a variable, a registry's comes from a login."""
    login = post("/auth", {"username": "a", "password": "s3cret", "identitytoken": "s3cret"})
    push = Request("POST", "/v1.41/images/x/push?tag=1", SOCKET, (("X-Registry-Auth", "s3cret"),))
    said = dockercommand.docker(login) + dockercommand.docker(push)
    assert "s3cret" not in said
    assert 'printf %s "$PASSWORD" | docker login --username a --password-stdin' in said
    assert "X-Registry-Auth: docker takes it from docker login, done once before." in said


HARD = st.text("'\"\\$`!#&|;<>(){}[]*?~^%=+@:,./- \n\t€aZ0\u202e", max_size=12) | st.sampled_from(HOSTILE)


@settings(max_examples=40)
@given(st.lists(HARD, max_size=4), HARD, HARD)
def test_hostile_words_stay_words(cmd: list[str], image: str, label: str) -> None:
    """Whatever names and commands hold, the shell reads the words of one command, and none of its own."""
    request = post("/containers/create?name=x", {"Image": "i" + image, "Cmd": cmd, "Labels": {"l": label}})
    found = dockercommand.command(request)
    assert found is not None
    _export, line = dockercommand.lines(request, found)
    options = ["--pull", "never", "--name", "x", "--label", f"l={label}"]
    wanted = ["create", *options, "i" + image, *cmd]
    for shell in SHELLS:
        script = f"""docker() {{ printf '%s\\0' "$@"; }}\n{line}"""
        read = subprocess.run([shell, "-c", script], capture_output=True, check=True).stdout
        assert read.decode().split("\0")[:-1] == wanted


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_are_no_options_of_their_own(text: str) -> None:
    """A name that begins with a dash comes behind the mark that ends the options."""
    found = dockercommand.docker(Request("DELETE", f"/v1.41/containers/{quote('-' + text, safe='')}", SOCKET))
    assert shlex.split(found.partition("\n")[2])[:3] == ["docker", "rm", "--"]


STATE = [
    (post("/volumes/create", {"Name": "dc-site", "Labels": {"a": "dockercommand"}}), "/volumes/dc-site"),
    (
        post(
            "/networks/create",
            {"Name": "dc-front", "IPAM": {"Config": [{"Subnet": "172.29.9.0/24"}]}, "Internal": True}
            | {"Labels": {"a": "dockercommand"}, "CheckDuplicate": True},
        ),
        "/networks/dc-front",
    ),
    (
        post(
            "/containers/create?name=dc-web",
            {
                "Image": "busybox",
                "Cmd": ["sh", "-c", "trap 'exit 3' TERM; while true; do sleep 1; done"],
                "Env": ["A=1"],
                "Labels": {"a": "dockercommand"},
                "ExposedPorts": {"80/tcp": {}},
                "HostConfig": {"Memory": 67108864, "NanoCpus": 500000000, "NetworkMode": "dc-front"}
                | {"Mounts": [{"Type": "volume", "Source": "dc-site", "Target": "/data"}]}
                | {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 2}, "Tmpfs": {"/run": "size=1m"}},
                "NetworkingConfig": {"EndpointsConfig": {"dc-front": {"Aliases": ["www"]}}},
            },
        ),
        "/containers/dc-web/json",
    ),
    (post("/containers/create?name=none", {"Image": "no-such-image"}), "/containers/none/json"),
    (post("/containers/dc-web/start"), "/containers/dc-web/json"),
    (post("/containers/dc-web/pause"), "/containers/dc-web/json"),
    (post("/containers/dc-web/unpause"), "/containers/dc-web/json"),
    (post("/networks/bridge/connect", {"Container": "dc-web"}), "/containers/dc-web/json"),
    (post("/networks/bridge/disconnect", {"Container": "dc-web"}), "/containers/dc-web/json"),
    (post("/containers/dc-web/rename?name=dc-shop"), "/containers/dc-shop/json"),
    (post("/containers/dc-shop/kill?signal=TERM"), "/containers/dc-shop/json"),
    (post("/containers/dc-shop/stop?t=1"), "/containers/dc-shop/json"),
    (
        Request("DELETE", "/v1.41/containers/dc-shop?force=1", SOCKET),
        "/containers/json?all=1&" + filters(label=["a=dockercommand"]),
    ),
    (Request("DELETE", "/v1.41/networks/dc-front", SOCKET), "/networks/dc-front"),
    (post("/volumes/prune?" + filters(label=["a=dockercommand"])), "/volumes/dc-site"),
    (post("/images/busybox/tag?repo=dc-mine&tag=1"), "/images/dc-mine:1/json"),
    (Request("DELETE", "/v1.41/images/dc-mine:1", SOCKET), "/images/dc-mine:1/json"),
]

STATE_GONE = ("/containers/dc-web?force=1", "/containers/dc-shop?force=1", "/networks/dc-front", "/volumes/dc-site")
STATUSES = ["200", "200", "200", "404", *["200"] * 9, "404", "404", "200", "404"]

# Set by the command alone, or never the same twice.
VARIABLE = re.compile(
    r'"(Id|LastTagTime|ID|Created|CreatedAt|\w+Path|StartedAt|FinishedAt|Pid|Hostname|\w*ID|MacAddress)":[^,}]*'
)
OWN = re.compile(r'"(AttachStdout|AttachStderr|ConsoleSize|MemorySwappiness)":(true|-1|\[0,0\]),?')


@pytest.mark.engine
def test_the_state_afterwards_is_the_same(engine: EngineRecord, tmp_path: Path) -> None:
    """Call by call: what labkit leaves on a real engine, the docker command leaves too."""
    if not shutil.which("docker"):
        pytest.skip("there is no docker client here")
    session = Session(engine.endpoint, "1.41")
    ours, theirs = list[str](), list[str]()
    for states, by_docker in ((ours, False), (theirs, True)):
        for target in STATE_GONE:
            session.request("DELETE", target)
        for request, inspected in STATE:
            request = replace(request, endpoint=engine.endpoint)
            found = dockercommand.command(request)
            assert found is not None
            if by_docker:
                paste("\n".join(dockercommand.lines(request, found)), tmp_path)
            else:
                send(Adapter(engine.endpoint), request, 20).close()
            states.append(_state(session, inspected))
    for (request, _inspected), one, other in zip(STATE, ours, theirs, strict=True):
        assert one == other, dockercommand.docker(request)
    assert [state[:3] for state in ours] == STATUSES


def _state(session: Session, path: str) -> str:
    answer = session.request("GET", path)
    raw = answer.text if answer.response.body[:1] in (b"{", b"[") else ""
    compact = json.dumps(trimmed(json.loads(raw or "null")), separators=(",", ":"), sort_keys=True)
    plain = OWN.sub("", VARIABLE.sub(r'"\1":X', compact))
    return re.sub(r"[0-9a-f]{12,64}", "ID", f"{answer.status} {plain}")
