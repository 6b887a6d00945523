"""What Docker 20.10.24 was seen to answer, one request at a time; the practice engine answers the same."""

from __future__ import annotations

import errno
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from practicehelp import Clock, tar

from labkit.engines.practice import snapshot
from labkit.engines.practice.core import NoPorts
from labkit.engines.practice.hostfolder import WorkFolders
from labkit.engines.practice.machine.files import File
from labkit.engines.practice.registry import Registry
from labkit.engines.practice.state import Container
from labkit.engines.practice.wire import Channel, Reply

ONE = {"Image": "busybox", "Cmd": ["true"]}
FROM = "FROM busybox\n"


@pytest.fixture(scope="module")
def engine() -> Clock:
    """An engine with one container that runs, and a volume in it."""
    made = Clock()
    made.ok(
        "POST",
        "/containers/create?name=first",
        {"Image": "busybox", "Cmd": ["sleep", "99999999"], "HostConfig": {"Binds": ["kept:/kept"]}},
    )
    assert made("POST", "/containers/first/start")[0] == 204
    return made


def _create(engine: Clock, **host: Any) -> dict[str, Any]:
    made = engine.ok("POST", "/containers/create", {**ONE, "HostConfig": host})["Id"]
    facts: dict[str, Any] = engine.ok("GET", f"/containers/{made}/json")
    engine.ok("DELETE", f"/containers/{made}")
    return facts


def test_volumes_from(engine: Clock) -> None:
    """``:ro`` takes the right to write away; a mode of its own is not kept."""
    mounts = _create(engine, VolumesFrom=["first:ro"])["Mounts"]
    assert [(m["Name"], m["Destination"], m["RW"], m["Mode"]) for m in mounts] == [("kept", "/kept", False, "")]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("first:xx", "invalid mode: xx"),
        ("nosuch", "No such container: nosuch"),
        ("", "volumes-from specification cannot be an empty string"),
        (None, "volumes-from specification cannot be an empty string"),
    ],
)
def test_volumes_from_nowhere(engine: Clock, source: str | None, said: str) -> None:
    """A mode or a container that there is not is the request's fault."""
    status, out = engine("POST", "/containers/create", {**ONE, "HostConfig": {"VolumesFrom": [source]}})
    assert (status, json.loads(out)["message"]) == (400, said)


def test_defaults_are_filled_in(engine: Clock) -> None:
    """What is empty in a HostConfig is shown as what it means."""
    empty = {"CgroupnsMode": "", "IpcMode": "", "LogConfig": {"Type": ""}, "ShmSize": 0, "RestartPolicy": {}}
    assert _create(engine, **empty, Runtime="", PidsLimit=0)["HostConfig"] == _create(engine)["HostConfig"]


def test_swap_follows_memory(engine: Clock) -> None:
    """A memory limit alone allows as much swap again."""
    assert _create(engine, Memory=7_000_000)["HostConfig"]["MemorySwap"] == 14_000_000


def test_names_in_lower_case(engine: Clock) -> None:
    """Go reads the names of fields in upper and lower case; what stands in maps keeps its own."""
    body = {"image": "busybox", "cmd": ["true"], "hostconfig": {"memory": 7000000}, "labels": {"image": "x"}}
    made = engine.ok("POST", "/containers/create", body)["Id"]
    facts = engine.ok("GET", f"/containers/{made}/json")
    assert facts["HostConfig"]["Memory"] == 7000000
    assert facts["Config"]["Labels"]["image"] == "x"
    status, out = engine("POST", "/volumes/create", {"name": "t5", "driveropts": {"TYPE": "x"}})
    assert (status, json.loads(out)["message"]) == (400, 'create t5: invalid option: "TYPE"')


@pytest.mark.parametrize(
    ("user", "said"),
    [
        ("²", "unable to find user ²: no matching entries in passwd file"),
        ("9" * 5000, f"unable to find user {'9' * 5000}: no matching entries in passwd file"),
        ("2147483648", "uids and gids must be in range 0-2147483647"),
        ("0:2147483648", "uids and gids must be in range 0-2147483647"),
        ("2147483647", ""),
    ],
    ids=["superscript", "endless", "large", "large group", "last"],
)
def test_users_by_number(engine: Clock, user: str, said: str) -> None:
    """A number is one of plain digits that the kernel can hold; anything else is a name."""
    made = engine.ok("POST", "/containers/create", {**ONE, "User": user})["Id"]
    status, out = engine("POST", f"/containers/{made}/start")
    assert (json.loads(out)["message"] if status != 204 else "") == said
    engine("DELETE", f"/containers/{made}?force=1")


@pytest.mark.parametrize(
    ("config", "status", "said"),
    [
        ({"IPRange": "10.88.0.0"}, 500, 'subpool "10.88.0.0": Invalid Address SubPool'),
        ({"IPRange": "x"}, 500, 'subpool "x": Invalid Address SubPool'),
        ({"Gateway": "x"}, 500, "invalid gateway address x in Ipam configuration"),
        ({"Gateway": "10.1.1.1"}, 500, "failed to allocate gateway (10.1.1.1): Requested address is out of range"),
        ({"AuxiliaryAddresses": {"a": "x"}}, 500, "non parsable secondary ip address (a:x) passed for network wrong"),
        ({"Subnet": "", "Gateway": "10.88.0.1"}, 500, "Invalid subnet  : invalid CIDR address: "),
        *(
            ({"Subnet": f"10.88.0.0/{n}"}, 500, "failed to allocate gateway (): No available addresses on this pool")
            for n in (31, 32)
        ),
        ({"Subnet": "10.88.0.0"}, 500, "Invalid subnet 10.88.0.0 : invalid CIDR address: 10.88.0.0"),
    ],
)
def test_networks(engine: Clock, config: dict[str, Any], status: int, said: str) -> None:
    """Addresses that are none are refused."""
    body = {"Name": "wrong", "IPAM": {"Config": [{"Subnet": "10.88.0.0/24", **config}]}}
    answered, out = engine("POST", "/networks/create", body)
    assert answered == status
    assert json.loads(out)["message"].endswith(said)


_AUXILIARY = {"IPAM": {"Config": [{"Subnet": "10.89.0.0/24", "AuxiliaryAddresses": 5}]}}
_WRONG = "json: cannot unmarshal number into Go struct field "


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        *(
            ("/containers/create", {"HostConfig": {"Mounts": [{"Type": kind, "Target": "/m", **more}]}}, said)
            for kind, more, said in (
                ("volume", {"VolumeOptions": 5}, "Mounts.VolumeOptions of type mount.VolumeOptions"),
                ("volume", {"VolumeOptions": {"NoCopy": 5}}, "VolumeOptions.NoCopy of type bool"),
                ("volume", {"VolumeOptions": {"DriverConfig": 5}}, "VolumeOptions.DriverConfig of type mount.Driver"),
                ("tmpfs", {"TmpfsOptions": 5}, "Mounts.TmpfsOptions of type mount.TmpfsOptions"),
                ("bind", {"BindOptions": 5}, "Mounts.BindOptions of type mount.BindOptions"),
            )
        ),
        ("/networks/create", _AUXILIARY, "Config.AuxiliaryAddresses of type map[string]string"),
    ],
)
def test_wrong_kinds(engine: Clock, path: str, body: dict[str, Any], said: str) -> None:
    """What is deep in a body is of the right kind, too."""
    status, out = engine("POST", path, {**ONE, "Name": "wrong", **body})
    assert (status, json.loads(out)["message"]) == (500 if "containers" in path else 400, _WRONG + said)


def test_the_mode_of_a_tmpfs_is_a_number(engine: Clock) -> None:
    """Not a text, as other modes are."""
    mount = {"Type": "tmpfs", "Target": "/m", "TmpfsOptions": {"Mode": 0o700, "SizeBytes": 4096}}
    assert _create(engine, Mounts=[mount])["HostConfig"]["Mounts"] == [mount]


def test_annotations() -> None:
    """A newer Engine keeps texts alone; an older one does not know them."""
    assert "Annotations" not in _create(Clock(), Annotations=5)["HostConfig"]
    status, out = Clock("29")("POST", "/containers/create", {**ONE, "HostConfig": {"Annotations": 5}})
    assert (status, json.loads(out)["message"]) == (
        400,
        f"invalid JSON: {_WRONG}HostConfig.Annotations of type map[string]string",
    )


@pytest.mark.parametrize("name", ["Cmd", "Hostname", "WorkingDir"])
def test_half_a_character(engine: Clock, name: str) -> None:
    """Go's decoder puts U+FFFD in its place."""
    text = "/x\ud800y\U0001f600"
    made = engine.ok("POST", "/containers/create", {**ONE, name: [text] if name == "Cmd" else text})["Id"]
    value = engine.ok("GET", f"/containers/{made}/json")["Config"][name]
    assert (value[0] if name == "Cmd" else value) == "/x\ufffdy\U0001f600"
    engine("POST", f"/containers/{made}/start")
    assert engine.ok("GET", "/containers/json?all=1")
    engine.ok("DELETE", f"/containers/{made}?force=1")


def test_nested_credentials(engine: Clock) -> None:
    """What is nested too deep to be read is no credentials."""
    assert engine("POST", "/images/create?fromImage=busybox&tag=latest", x_registry_auth="W1tb" * 3000)[0] == 200


def _build(engine: Clock, text: str, query: str = "") -> tuple[int, str, list[dict[str, Any]]]:
    target = f"/build?nocache=1&{query}"
    status, out = engine("POST", target, tar(Dockerfile=text.encode(), a=b"x"), content_type="application/x-tar")
    rows = [json.loads(line) for line in out.splitlines()]
    return status, rows[-1].get("message") or rows[-1].get("error", ""), rows


SEVERAL = "When using COPY with more than one source file, the destination must be a directory and end with a /"
LINE = "dockerfile parse error line 2: "
TWO = "at least two arguments, but only one was provided. Destination could not be determined"


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        (FROM + "COPY a\n", 400, f"{LINE}COPY requires {TWO}"),
        (FROM + "COPY\n", 400, f"{LINE}COPY requires {TWO}"),
        (FROM + "COPY a a /x\n", 200, SEVERAL),
        (FROM + "COPY --from=9 a b\n", 200, "invalid from flag value 9: index out of bounds"),
        (FROM + "COPY --bad=9 a b\n", 400, LINE + "Unknown flag: bad"),
        (FROM + "EXPOSE x\n", 200, "Invalid containerPort: x"),
        (FROM + "ENV A\n", 400, "failed to parse Dockerfile: ENV must have two arguments"),
        (FROM + "USER\n", 400, LINE + "USER requires exactly one argument"),
        (FROM + "STOPSIGNAL X\n", 200, "Invalid signal: X"),
        (FROM + "SHELL x\n", 400, LINE + "SHELL requires the arguments to be in JSON form"),
        (FROM + "HEALTHCHECK x\n", 400, LINE + 'Unknown type "X" in HEALTHCHECK (try CMD)'),
        (FROM + "VOLUME []\n", 400, LINE + "VOLUME requires at least one argument"),
        (FROM + "ONBUILD FROM x\n", 400, LINE + "FROM isn't allowed as an ONBUILD trigger"),
        ("FROM a b\n", 400, "dockerfile parse error line 1: FROM requires either one or three arguments"),
        ("FROM scratch\n", 200, "No image was generated. Is your Dockerfile empty?"),
        ("", 400, "the Dockerfile (Dockerfile) cannot be empty"),
        ("# c\n", 400, "failed to parse Dockerfile: file with no instructions"),
    ],
)  # fmt: skip
def test_broken_builds(engine: Clock, text: str, status: int, said: str) -> None:
    """Each is refused before it begins, or fails in its stream, in the builder's words."""
    assert _build(engine, text)[:2] == (status, said)


def test_build_tells_of_each_step(engine: Clock) -> None:
    """A step that changes no file has a container, too; arguments that no ARG names are told of."""
    _status, _said, rows = _build(
        engine, "ARG Y\nFROM busybox\nCMD a\n", "buildargs=" + '{"X":"1","Y":"2","http_proxy":""}'
    )
    said = [row["stream"].split()[:2] for row in rows if "stream" in row and row["stream"].strip()]
    assert said[-5:-2] == [["--->", "Running"], ["Removing", "intermediate"], ["--->", rows[-1]["stream"].split()[-1]]]
    assert rows[-2]["stream"] == "[Warning] One or more build-args [X] were not consumed\n"


def test_images_of_a_build(engine: Clock) -> None:
    """Each step is an image of its own: the history names those above, a configuration the one below."""
    _build(engine, FROM + "LABEL a=1\nCMD b\n", "t=two")
    rows = engine.ok("GET", "/images/two/history")
    assert [row["Tags"] for row in rows[:3]] == [["two:latest"], None, ["busybox:latest"]]
    facts = engine.ok("GET", "/images/two/json")
    assert facts["Config"]["Image"] == facts["Parent"] == rows[1]["Id"]
    assert facts["ContainerConfig"]["Cmd"] == ["/bin/sh", "-c", "#(nop) ", 'CMD ["/bin/sh" "-c" "b"]']
    assert facts["Container"].startswith(facts["ContainerConfig"]["Hostname"])


def test_volume_filters(engine: Clock) -> None:
    """What is no JSON is the request's fault, and is said to be the filters'."""
    status, out = engine("GET", "/volumes?filters=dangling")
    said = "error reading volume filters: invalid character 'd' looking for beginning of value"
    assert (status, json.loads(out)["message"]) == (400, said)


def test_what_was_pushed_outlives_the_engine(engine: Clock) -> None:
    """A registry keeps its images over a restart, and the engine does not keep its events."""
    host = "127.0.0.1:5001"
    engine.core.registries[host] = Registry()
    engine.ok("POST", f"/images/busybox/tag?repo={host}/mine&tag=1")
    engine("POST", f"/images/{host}/mine/push?tag=1", x_registry_auth="e30=")
    again = Clock()
    again.core.registries[host] = Registry()
    snapshot.restore(again.core, snapshot.save(engine.core))
    assert not again.core.state.events
    again.ok("DELETE", f"/images/{host}/mine:1")
    status, out = again("POST", f"/images/create?fromImage={host}/mine&tag=1")
    assert status == 200
    assert b"Downloaded newer image" in out


def test_digests_go_with_the_last_tag_of_their_repository() -> None:
    """An image that has other tags loses those of a repository, and what it was pinned by there."""
    engine = Clock()
    host = "127.0.0.1:5001"
    engine.core.registries[host] = Registry()
    engine.ok("POST", f"/images/busybox/tag?repo={host}/mine&tag=1")
    engine("POST", f"/images/{host}/mine/push?tag=1", x_registry_auth="e30=")
    listed = engine.ok("GET", f'/images/json?filters={{"reference":["{host}/mine"]}}')
    assert [pin.partition("@")[0] for pin in listed[0]["RepoDigests"]] == [f"{host}/mine"]
    gone = [row["Untagged"].partition("@")[0] for row in engine.ok("DELETE", f"/images/{host}/mine:1")]
    assert gone == [f"{host}/mine:1", f"{host}/mine"]
    assert [pin.partition("@")[0] for pin in engine.ok("GET", "/images/busybox/json")["RepoDigests"]] == ["busybox"]


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("//_ping", "/_ping"),
        ("/v1.41//containers/json?all=1", "/v1.41/containers/json?all=1"),
        ("/containers/./json", "/containers/json"),
        ("/containers/../_ping", "/_ping"),
        ("/containers/json//", "/containers/json/"),
        ("/images/a%20b//json", "/images/a%20b/json"),
    ],
)
def test_paths_are_cleaned(engine: Clock, path: str, location: str) -> None:
    """A path in another form than the router's is moved, before the API says anything."""
    assert engine("POST", path) == (301, b"")
    assert engine.headers == {"Location": location}


@pytest.mark.parametrize(
    "path", ["/containers/json/", "/v1.41", "/v1.41/", "/", "/v9.99/nosuch", "/containers/x/nosuch"]
)
def test_no_page(engine: Clock, path: str) -> None:
    """What the router does not know carries none of the API's headers."""
    assert engine("GET", path) == (404, b'{"message":"page not found"}\n')
    assert engine.headers == {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("prefix", "status", "kind"),
    [
        ("/v1", 400, "text/plain; charset=utf-8"),
        ("/v0.1", 400, "text/plain; charset=utf-8"),
        ("/v1.41.1", 400, "application/json"),
        ("/v1.41.0", 200, "text/plain; charset=utf-8"),
        ("/v01.041", 200, "text/plain; charset=utf-8"),
    ],
)
def test_odd_versions(engine: Clock, prefix: str, status: int, kind: str) -> None:
    """A version is any number of numbers; a refusal comes before the last of the usual headers is set."""
    assert engine("GET", f"{prefix}/_ping")[0] == status
    assert engine.headers["Content-Type"] == kind
    assert ("Docker-Experimental" in engine.headers) == (status == 200)


def test_old_errors_are_plain_text_later_too(engine: Clock) -> None:
    """Also the error of what takes its time is told as the version prefix has it."""
    status, said = engine("POST", "/v1.23/containers/nosuch/kill")
    assert (status, said) == (404, b"Cannot kill container: nosuch: No such container: nosuch\n")
    assert engine.headers["X-Content-Type-Options"] == "nosniff"


def test_options_and_head(engine: Clock) -> None:
    """OPTIONS is answered everywhere, and HEAD of a ping has no length."""
    assert engine("OPTIONS", "/nosuch") == (200, b"")
    assert engine.headers["Api-Version"] == "1.41"
    assert engine("HEAD", "/_ping") == (200, b"")


@pytest.mark.parametrize("until", ["1h", "1h30m", "1000", "2001-02-03", "2001-02-03T04:05:06Z"])
@pytest.mark.parametrize("kind", ["containers", "networks"])
def test_prune_until(engine: Clock, kind: str, until: str) -> None:
    """What was made after a time stays."""
    if kind == "containers":
        engine.ok("POST", "/containers/create?name=young", ONE)
    else:
        engine.ok("POST", "/networks/create", {"Name": "young"})
    query = json.dumps({"until": [until]})
    gone = engine.ok("POST", f"/{kind}/prune?filters={query}")[f"{kind.capitalize()}Deleted"]
    assert gone is None
    gone = engine.ok("POST", f"/{kind}/prune?filters={json.dumps({'until': ['0s']})}")[f"{kind.capitalize()}Deleted"]
    assert gone


@pytest.mark.parametrize(
    ("until", "said"),
    [
        (["x"], 'failed to parse value as time or duration: "x"'),
        (["1.2.3"], 'failed to parse value as time or duration: "1.2.3"'),
        (["1h", "2h"], "more than one until filter specified"),
    ],
)
def test_prune_until_nonsense(engine: Clock, until: list[str], said: str) -> None:
    """A time that is none is refused, and nothing is pruned."""
    for path in ("/containers/prune", "/networks/prune", "/images/prune"):
        status, out = engine("POST", f"{path}?filters={json.dumps({'until': until})}")
        assert (status, json.loads(out)["message"]) == (500, said)


def test_times_are_numbers(engine: Clock) -> None:
    """The API reads seconds; what the docker command makes of ``10m`` is its own doing."""
    for path in ("/events?since=10m&until=1", "/containers/first/logs?stdout=1&since=nan"):
        status, out = engine("GET", path)
        assert (status, json.loads(out)["message"][:30]) == (
            500,
            "strconv.ParseInt: parsing " + ('"10m' if "10m" in path else '"nan'),
        )


def test_names_are_matched_by_re2(engine: Clock) -> None:
    """A filter of names has the syntax of Go, and cannot hold the engine up."""
    engine.ok("POST", "/networks/create", {"Name": "a" * 60 + "!"})
    assert [n["Name"] for n in engine.ok("GET", "/networks?filters=" + json.dumps({"name": ["(a%2B)%2B$"]}))] == []
    assert engine.ok("GET", "/networks?filters=" + json.dumps({"name": ["(", "^bri"]}))[0]["Name"] == "bridge"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "repositories: no such file or directory"),
        (b"\0" * 1024, "repositories: no such file or directory"),
        (b"nonsense", "Error processing tar file(exit status 1): unexpected EOF"),
        (tar(**{"manifest.json": b"[{}]"}), "invalid archive: 'Config'"),
    ],
)
def test_load_of_nothing(engine: Clock, body: bytes, said: str) -> None:
    """What is wrong with an archive stands in the stream, behind a 200."""
    status, out = engine("POST", "/images/load", body)
    answer = json.loads(out)
    assert (status, answer["error"]) == (200, answer["errorDetail"]["message"])
    assert answer["error"].endswith(said)


def test_nginx_leaves_what_it_leaves(engine: Clock) -> None:
    """While it runs, its number is in a file; the folders for what it puts aside stay."""
    aside = ["/var", "/var/lib", "/var/lib/nginx"]
    aside += [f"/var/lib/nginx/{name}" for name in ("body", "fastcgi", "proxy", "scgi", "uwsgi")]
    made = engine.ok("POST", "/containers/create", {"Image": "nginx"})["Id"]
    engine.ok("POST", f"/containers/{made}/start")
    engine.take(Channel(), 0.1)
    changes = engine.ok("GET", f"/containers/{made}/changes")
    assert [(c["Path"], c["Kind"]) for c in changes[:2]] == [("/run", 0), ("/run/nginx.pid", 1)]
    assert [c["Path"] for c in changes[2:]] == aside
    engine.ok("POST", f"/containers/{made}/stop")
    assert [c["Path"] for c in engine.ok("GET", f"/containers/{made}/changes")] == aside
    engine.ok("DELETE", f"/containers/{made}")


def test_nginx_cannot_write(engine: Clock) -> None:
    """Where its image is read-only and nothing is mounted, it says so and ends."""
    made = engine.ok("POST", "/containers/create", {"Image": "nginx", "HostConfig": {"ReadonlyRootfs": True}})["Id"]
    engine.ok("POST", f"/containers/{made}/start")
    assert engine.ok("POST", f"/containers/{made}/wait")["StatusCode"] == 1
    said = engine("GET", f"/containers/{made}/logs?stderr=1")[1][8:]
    assert said == b'nginx: [emerg] mkdir() "/var/lib/nginx/body" failed (30: Read-only file system)\n'
    engine.ok("DELETE", f"/containers/{made}")


def test_host_network(engine: Clock) -> None:
    """On the host's network a container has no card of its own: it sees the bridge, and goes by the machine's name."""
    said = engine.sh("ip -o -4 addr | awk '{print $2}'; ip route; hostname", HostConfig={"NetworkMode": "host"})
    assert said == "lo\ndocker0\n172.17.0.0/16 dev docker0 scope link  src 172.17.0.1 \npractice\n"
    page = "wget -qO- http://172.17.0.1:8099"  # what listens there is reached through the bridge's gateway
    script = "mkdir /w; echo by the host > /w/index.html; httpd -f -p 8099 -h /w"
    host = {"Image": "busybox", "Cmd": ["sh", "-c", script], "HostConfig": {"NetworkMode": "host"}}
    made = engine.ok("POST", "/containers/create", host)["Id"]
    engine.ok("POST", f"/containers/{made}/start")
    assert engine.sh(f"sleep 1; {page}") == "by the host\n"
    assert "networks" not in engine.ok("GET", f"/containers/{made}/stats?stream=0&one-shot=1")
    engine.ok("DELETE", f"/containers/{made}?force=1")
    assert engine.sh(f"sleep 1; {page} 2>&1 | head -c 5") == "wget:"


def test_id_of_a_user(engine: Clock) -> None:
    """``id NAME`` tells of a user that the image has."""
    assert engine.sh("id nginx; id -g redis; id nosuch") == (
        "uid=101(nginx) gid=101(nginx) groups=101(nginx)\n999\nid: unknown user nosuch\n"
    )


_RELATIVE = (
    "invalid volume specification: 'x': invalid mount config for type \"volume\": "
    "invalid mount path: 'x' mount path must be absolute"
)
_MISFIT = "json: cannot unmarshal number into Go struct field ContainerConfigWrapper"
_RULE = "only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"
_HOST_REFUSALS: list[tuple[dict[str, Any], int, str]] = [
    ({"Binds": ["x"]}, 500, _RELATIVE),
    ({"Binds": ["/a:/b:zz"]}, 500, "invalid mode: zz"),
    ({"Mounts": [{"Type": "tmpfs", "Source": "x", "Target": "/x"}]}, 400,
     'invalid mount config for type "tmpfs": field Source must not be specified'),
    ({"Tmpfs": {"rel": ""}}, 400, "invalid mount path: 'rel' mount path must be absolute"),
    ({"RestartPolicy": {"Name": "always", "MaximumRetryCount": 3}}, 400,
     "maximum retry count cannot be used with restart policy 'always'"),
    ({"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": -1}}, 400, "maximum retry count cannot be negative"),
    ({"AutoRemove": True, "RestartPolicy": {"Name": "always"}}, 400,
     "can't create 'AutoRemove' container with restart policy"),
    ({"PortBindings": {"x/tcp": [{"HostPort": "1"}]}}, 400, 'invalid port specification: "x"'),
    ({"PortBindings": {"80/tcp": [{"HostPort": "20-"}]}}, 400, 'invalid port specification: "20-"'),
    ({"PortBindings": {"80/tcp": [{"HostPort": "20-19"}]}}, 400, 'invalid port specification: "20-19"'),
    ({"PortBindings": {"80/tcp": [{"HostPort": "20-70000"}]}}, 400, 'invalid port specification: "20-70000"'),
    ({"ShmSize": -1}, 400, "SHM size can not be less than 0"),
    ({"CapAdd": ["bad"]}, 400, 'invalid CapAdd: unknown capability: "CAP_BAD"'),
    ({"Links": ["nosuch:x"]}, 400, "could not get container for nosuch: No such container: nosuch"),
    ({"ExtraHosts": ["bad"]}, 400, 'bad format for add-host: "bad"'),
    ({"ExtraHosts": ["a:b"]}, 400, 'invalid IP address in add-host: "b"'),
    ({"Isolation": "bad"}, 500, "Invalid isolation: \"bad\" - linux only supports 'default'"),
    ({"Runtime": "bad"}, 400, "Unknown runtime specified bad"),
    ({"OomScoreAdj": 5000}, 400, "Invalid value 5000, range for oom score adj is [-1000, 1000]"),
    ({"CpusetCpus": "0-9"}, 400, "Requested CPUs are not available - requested 0-9, available: 0-1"),
    ({"CpusetCpus": "x"}, 400, "Invalid value x for cpuset cpus: invalid format: x"),
    ({"CpusetCpus": "9" * 50}, 400, f"Invalid value {'9' * 50} for cpuset cpus: invalid format: {'9' * 50}"),
    ({"CpusetMems": "²"}, 400, "Invalid value ² for cpuset mems: invalid format: ²"),
    ({"PortBindings": {"80/tcp": [{"HostPort": "²"}]}}, 400, 'invalid port specification: "²"'),
    ({"PortBindings": {"80/tcp": [{"HostPort": "99999999999"}]}}, 400, 'invalid port specification: "99999999999"'),
    ({"CpusetMems": "4"}, 400, "Requested memory nodes are not available - requested 4, available: 0"),
    ({"MemorySwap": 1000}, 400, "You should always set the Memory limit when using Memoryswap limit, see usage"),
    ({"MemorySwappiness": 101}, 400, "Invalid value: 101, valid memory swappiness range is 0-100"),
    ({"CpuPeriod": 1}, 400, "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)"),
    ({"NanoCpus": 10**9, "CpuPeriod": 50000}, 400,
     "Conflicting options: Nano CPUs and CPU Period cannot both be set"),
    ({"LogConfig": {"Type": "bad"}}, 400, "logger: no log driver named 'bad' is registered"),
]  # fmt: skip
_CONFIG_REFUSALS: list[tuple[dict[str, Any], int, str]] = [
    ({"WorkingDir": "rel"}, 400, "the working directory 'rel' is invalid, it needs to be an absolute path"),
    *(({"StopSignal": text}, 400, f"Invalid signal: {text}") for text in ("BAD", "²", "٣", "0", "SIG15", "9" * 50)),
    ({"Healthcheck": {"Test": ["CMD", "x"], "Interval": 1}}, 400, "Interval in Healthcheck cannot be less than 1ms"),
    ({"Healthcheck": {"Test": ["CMD", "x"], "Retries": -1}}, 400, "Retries in Healthcheck cannot be negative"),
    ({"Image": "NOSUCH"}, 400, "invalid reference format: repository name must be lowercase"),
    ({"Image": "a:b:c"}, 400, "invalid reference format"),
    ({"HostConfig": 3}, 500, f"{_MISFIT}.HostConfig of type container.HostConfig"),
    ({"Cmd": 3}, 500, f"{_MISFIT}.Cmd of type string"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [*(({"HostConfig": host}, status, said) for host, status, said in _HOST_REFUSALS), *_CONFIG_REFUSALS],
)
def test_refused_at_create(engine: Clock, body: dict[str, Any], status: int, said: str) -> None:
    """What contradicts itself, or what no machine has, is refused before anything is made."""
    before = engine.ok("GET", "/containers/json?all=1")
    answered, out = engine("POST", "/containers/create?name=never", {**ONE, **body})
    assert (answered, json.loads(out)["message"]) == (status, said)
    assert engine.ok("GET", "/containers/json?all=1") == before


@pytest.mark.parametrize(
    ("platform", "status"), [("linux/amd64", 201), ("linux", 201), ("linux/arm64", 404), ("bad", 400)]
)
def test_platform(engine: Clock, platform: str, status: int) -> None:
    """The images are for one kind of machine."""
    answered, out = engine("POST", f"/containers/create?name=plat&platform={platform}", ONE)
    assert answered == status
    if status == 201:
        engine.ok("DELETE", "/containers/plat")
    else:
        assert platform in json.loads(out)["message"]


def test_paused_is_ended_all_the_same(engine: Clock) -> None:
    """A signal, or a stop, lets a paused container go on before it ends it."""
    made = engine.ok("POST", "/containers/create", {"Image": "busybox", "Cmd": ["sleep", "99"]})["Id"]
    engine.ok("POST", f"/containers/{made}/start")
    engine.ok("POST", f"/containers/{made}/pause")
    engine.ok("POST", f"/containers/{made}/kill?signal=HUP")
    assert not engine.ok("GET", f"/containers/{made}/json")["State"]["Paused"]
    engine.ok("POST", f"/containers/{made}/pause")
    engine.ok("POST", f"/containers/{made}/stop?t=1")
    assert engine.ok("GET", f"/containers/{made}/json")["State"]["Status"] == "exited"
    engine.ok("DELETE", f"/containers/{made}")


def test_published_to_both_families(engine: Clock) -> None:
    """A port without an address of its own is told of twice; filters tell inside from outside."""
    host = {"PortBindings": {"80/tcp": [{"HostPort": "29999"}]}}
    body = {"Image": "busybox", "Cmd": ["sleep", "99"], "ExposedPorts": {"80/tcp": {}}, "HostConfig": host}
    made = engine.ok("POST", "/containers/create?name=ports", body)["Id"]
    engine.ok("POST", f"/containers/{made}/start")

    def listed(**wanted: list[str]) -> list[Any]:
        found: list[Any] = engine.ok("GET", f"/containers/json?filters={json.dumps(wanted)}")
        return found

    assert [p["IP"] for p in listed(name=["ports"])[0]["Ports"]] == ["0.0.0.0", "::"]
    assert not listed(publish=["80"])
    assert listed(publish=["29990-30000/tcp"])
    assert listed(expose=["80"])
    assert not listed(expose=["80/udp"])
    engine.ok("DELETE", f"/containers/{made}?force=1")


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("POST", "/containers/first/rename?name=bad%20name", 400,
         f"Error when allocating new name: Invalid container name (/bad name), {_RULE}"),
        ("GET", "/containers/first/top?ps_args=zzz", 500, "ps: error: unsupported option (BSD syntax)"),
        ("GET", "/containers/first/archive", 400, "bad parameter: pathcannot be empty"),
        ("DELETE", "/containers/first?link=1", 500, "Conflict, cannot remove the default link name of the container"),
        ("POST", "/containers/first/update", 500, "EOF"),
        ("GET", "/containers/json?filters={", 500, "unexpected end of JSON input"),
    ],
)  # fmt: skip
def test_refused_later(engine: Clock, method: str, path: str, status: int, said: str) -> None:
    """What the daemon says of a container that there is."""
    answered, out = engine(method, path)
    assert (answered, json.loads(out)["message"]) == (status, said)


@pytest.mark.parametrize(
    ("path", "struct", "status"),
    [
        ("/containers/first/exec", "types.ExecConfig", 400),
        ("/exec/x/start", "types.ExecStartCheck", 400),
        ("/networks/create", "types.NetworkCreateRequest", 400),
        ("/networks/bridge/connect", "types.NetworkConnect", 400),
        ("/volumes/create", "volume.VolumeCreateBody", 400),
        ("/services/create", "swarm.ServiceSpec", 400),
        ("/containers/first/update", "container.UpdateConfig", 500),
        ("/auth", "types.AuthConfig", 500),
        ("/containers/create", "runconfig.ContainerConfigWrapper", 500),
    ],
)
def test_bodies_that_are_none(engine: Clock, path: str, struct: str, status: int) -> None:
    """Which body is meant is said by Go's name of it; some of them an old Engine reads without care."""
    said = f"json: cannot unmarshal array into Go value of type {struct}"
    assert engine("POST", path, []) == (status, json.dumps({"message": said}, separators=(",", ":")).encode() + b"\n")
    empty = "EOF" if status == 500 else "got EOF while reading request body"
    assert engine("POST", path) == (status, json.dumps({"message": empty}, separators=(",", ":")).encode() + b"\n")
    assert engine("POST", path, b"{", content_type="application/json")[0] == status


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/images/create?fromImage=a:b:c", 400, "invalid reference format"),
        ("/images/create?fromSrc=-&repo=BAD", 400, "invalid reference format: repository name must be lowercase"),
        ("/images/create?fromSrc=-&changes=NONSENSE%20x", 400, "nonsense is not a valid change command"),
        ("/images/busybox/tag?repo=sha256", 400, "refusing to create an ambiguous tag using digest algorithm as name"),
        ("/networks/create", 403, "cannot create a swarm scoped network when swarm is not active"),
    ],
)
def test_names_and_scopes(engine: Clock, path: str, status: int, said: str) -> None:
    """What no name may be, and what only a swarm has."""
    body = {"Name": "far", "Scope": "swarm"} if path.startswith("/networks") else None
    answered, out = engine("POST", path, body)
    assert (answered, json.loads(out)["message"]) == (status, said)


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("term=x&limit=0", 400, "Limit 0 is outside the range of [1, 100]"),
        ("term=x&filters=" + json.dumps({"bad": ["1"]}), 400, "Invalid filter 'bad'"),
    ],
)
def test_search_is_looked_at_first(engine: Clock, query: str, status: int, said: str) -> None:
    """What is wrong with a search is said before anything is searched."""
    answered, out = engine("GET", f"/images/search?{query}")
    assert (answered, json.loads(out)["message"]) == (status, said)


def test_two_networks_of_one_name(engine: Clock) -> None:
    """An old Engine makes the second with a warning, and then does not know which is meant."""
    first = engine.ok("POST", "/networks/create", {"Name": "twin"})["Id"]
    second = engine.ok("POST", "/networks/create", {"Name": "twin"})
    assert second["Warning"] == f"Network with name twin (id : {first}) already exists"
    status, out = engine("GET", "/networks/twin")
    said = "2 matches found based on name: network twin is ambiguous"
    assert (status, json.loads(out)["message"]) == (400, said)
    for name in (first, second["Id"]):
        engine.ok("DELETE", f"/networks/{name}")


def test_import_of_nothing(engine: Clock) -> None:
    """An empty body is an archive of nothing."""
    made = json.loads(engine("POST", "/images/create?fromSrc=-&repo=nothing&tag=1")[1])["status"]
    assert engine.ok("GET", "/images/nothing:1/json")["Id"] == made
    engine.ok("DELETE", "/images/nothing:1")
    assert engine("PUT", "/containers/first/archive?path=/tmp")[0] == 200


def test_disk_use(engine: Clock) -> None:
    """What images share is counted, and each of their layers once in the whole."""
    use = engine.ok("GET", "/system/df")
    shared = {tag: image["SharedSize"] for image in use["Images"] for tag in image["RepoTags"]}
    assert shared["nginx:latest"] == shared["redis:latest"] == shared["busybox:latest"] > 0
    assert use["LayersSize"] < sum(image["Size"] for image in use["Images"])
    assert all(image["Created"] for image in use["Images"])
    assert (use["BuildCache"], use["BuilderSize"]) == (None, 0)


def test_disk_use_since_29() -> None:
    """A newer Engine sums up, and lists what is asked for."""
    engine = Clock("29")
    use = engine.ok("GET", "/system/df?type=image&type=container")
    assert use.keys() == {"Images", "Containers", "LayersSize", "ImageUsage", "ContainerUsage"}
    assert use["ImageUsage"]["TotalCount"] == len(use["Images"]) == 3
    assert use["ImageUsage"]["TotalSize"] == use["LayersSize"]
    assert engine.ok("GET", "/system/df?verbose=0").keys() == {
        f"{n}Usage" for n in ("Image", "Container", "Volume", "BuildCache")
    }
    assert engine.ok("GET", "/system/df?verbose=1")["ImageUsage"]["Items"]
    assert engine("GET", "/system/df?type=x")[0] == 400


def test_log_of_pieces(engine: Clock) -> None:
    """A line that comes in pieces is one entry, with the time at which it began; the next has its own."""
    script = "printf a; sleep 5; printf 'b\\nc\\n'; yes x | head -n 3000 | head -c 5999"
    made = engine.ok("POST", "/containers/create", {"Image": "busybox", "Cmd": ["sh", "-c", script]})["Id"]
    engine.ok("POST", f"/containers/{made}/start")
    engine.ok("POST", f"/containers/{made}/wait")
    assert len(engine.core.state.containers[made].logs) < 300
    log = engine("GET", f"/containers/{made}/logs?stdout=1&timestamps=1")[1]
    lines = [line.partition(b" ") for line in log.split(b"\n") if line]
    assert [text for _stamp, _space, text in lines[:2]] == [b"ab", b"c"]
    assert lines[0][0][8:] < lines[1][0][8:]
    assert log.count(b"Z x") == 3000
    engine.ok("DELETE", f"/containers/{made}")


def test_a_name_that_has_moved_on_is_not_said_of_a_container() -> None:
    """The list then gives the image's id, as a real Engine does: the name is another image's now."""
    engine = Clock()
    made = engine.ok("POST", "/containers/create", {"Image": "busybox", "Cmd": ["true"]})["Id"]
    (before,) = engine.ok("GET", "/containers/json?all=1")
    assert before["Image"] == "busybox"
    other = engine.ok("POST", f"/commit?container={made}&repo=busybox&tag=latest")["Id"]
    (after,) = engine.ok("GET", "/containers/json?all=1")
    assert after["Image"] == after["ImageID"] == before["ImageID"] != other


def test_the_disk_use_counts_what_the_list_shows() -> None:
    """Steps of a build without a name are left out, and share nothing by themselves."""
    engine = Clock()
    steps = b"FROM busybox\nRUN echo one > /one\nRUN echo two > /two\n"
    assert engine("POST", "/build?t=two", tar(Dockerfile=steps))[0] == 200
    listed = {image["Id"] for image in engine.ok("GET", "/images/json")}
    used = {image["Id"]: image for image in engine.ok("GET", "/system/df")["Images"]}
    assert used.keys() == listed < {image["Id"] for image in engine.ok("GET", "/images/json?all=1")}
    base = engine.ok("GET", "/images/busybox/json")
    two = engine.ok("GET", "/images/two/json")["Id"]
    assert used[two]["SharedSize"] == used[base["Id"]]["SharedSize"] == base["Size"]


@pytest.mark.parametrize(
    ("script", "others", "most"),
    [
        ("while :; do :; done", 0, 1.0),
        ("while :; do true; done & while :; do :; done", 0, 2.0),
        ("while :; do :; done", 2, 2 / 3),
        ("while :; do ls > /dev/null; done", 0, 1.0),
        ("sleep 9", 0, 0.0),
    ],
)
def test_stats_count_no_more_than_the_processors_have(script: str, others: int, most: float) -> None:
    """A busy process takes one processor, an idle one none, and all together what there are."""
    engine = Clock()
    engine.core.scheduler.watch = time.monotonic
    for n in range(others + 1):
        engine.ok("POST", f"/containers/create?name=c{n}", {"Image": "busybox", "Cmd": ["sh", "-c", script]})
        engine.core.handle("POST", f"/containers/c{n}/start", now=engine.now)
    begin = engine.now
    for passed in (0.0, 0.5, 1.0):
        engine.core.tick(begin + passed)
    call = engine.core.handle("GET", "/containers/c0/stats?stream=0", now=begin + 1)
    for passed in (1.5, 2.0):
        engine.core.tick(begin + passed)
    assert isinstance(call.answer, Reply)
    facts = json.loads(call.answer.body)
    before, now = facts["precpu_stats"], facts["cpu_stats"]
    used = (now["cpu_usage"]["total_usage"] - before["cpu_usage"]["total_usage"]) / 1e9
    assert used == pytest.approx(most, abs=0.05)
    assert now["system_cpu_usage"] - before["system_cpu_usage"] == pytest.approx(2e9)


@pytest.mark.parametrize("port", ["a", "²/tcp", "70000/tcp", "80-90/tcp", "", "9" * 5000], ids=lambda port: port[:9])
@pytest.mark.parametrize("all_ports", [False, True])
def test_an_exposed_port_that_is_none(port: str, all_ports: bool) -> None:
    """An old Engine takes it for port 0; a newer one refuses it."""
    body = {"Image": "busybox", "Cmd": ["sleep", "99"], "ExposedPorts": {port: None}}
    body["HostConfig"] = {"PublishAllPorts": all_ports}
    engine = Clock()
    engine.ok("POST", "/containers/create?name=odd", body)
    engine.ok("POST", "/containers/odd/start")
    assert {place["PrivatePort"] for place in engine.ok("GET", "/containers/json")[0]["Ports"]} == {0}
    assert engine.ok("GET", "/system/df")["Containers"]
    assert list(engine.ok("GET", "/containers/odd/json")["Config"]["ExposedPorts"]) == [port]
    status, out = Clock("29")("POST", "/containers/create", body)
    assert status == 400
    assert json.loads(out)["message"].startswith("invalid JSON: invalid port '")


class _FewPorts(NoPorts):
    """Ports of a host, each of which can be opened once."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: set[int] = set()

    def open(self, container: Container, inner: int, address: str, port: int) -> int:
        if port in self.taken:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        self.taken.add(port)
        return port


def test_a_range_of_host_ports() -> None:
    """A free one of the range is taken; where none is, the container does not start."""
    engine = Clock()
    engine.core.ports = _FewPorts()
    place = [{"HostIp": "", "HostPort": "20300-20301"}]
    body = {**ONE, "ExposedPorts": {"80/tcp": {}}, "HostConfig": {"PortBindings": {"80/tcp": place}}}
    for port in ("20300", "20301"):
        made = engine.ok("POST", "/containers/create", {**body, "Cmd": ["sleep", "99"]})["Id"]
        engine.ok("POST", f"/containers/{made}/start")
        facts = engine.ok("GET", f"/containers/{made}/json")
        assert facts["HostConfig"]["PortBindings"]["80/tcp"] == place
        assert [bound["HostPort"] for bound in facts["NetworkSettings"]["Ports"]["80/tcp"]] == [port, port]
    made = engine.ok("POST", "/containers/create", body)["Id"]
    status, out = engine("POST", f"/containers/{made}/start")
    said = json.loads(out)["message"]
    assert status == 500
    assert said.startswith("driver failed programming external connectivity on endpoint ")
    assert said.endswith("): all ports are allocated")


def test_a_volume_that_binds_a_folder(tmp_path: Path) -> None:
    """What the options of a volume name is mounted at each start: a folder of the learner's copy, both ways."""
    engine = Clock(folders=WorkFolders(tmp_path))
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "page").write_text("hello\n")
    (tmp_path / "empty").mkdir()
    for name, folder, options in (("v1", "there", "bind"), ("r1", "there", "bind,ro"), ("e1", "empty", "rbind")):
        given = {"type": "none", "device": str(tmp_path / folder), "o": options}
        engine.ok("POST", "/volumes/create", {"Name": name, "DriverOpts": given})
    binds = {"HostConfig": {"Binds": ["v1:/v", "r1:/r", "e1:/bin"]}}
    assert engine.sh("cat /v/page; echo more > /v/new; ls /r; echo no > /r/no", **binds) == (
        "hello\nnew\npage\nsh: can't create /r/no: Read-only file system\n"
    )
    assert (tmp_path / "there" / "new").read_text() == "more\n"
    assert (tmp_path / "empty" / "busybox").exists(), "an empty one gets what the image has there"
    made = engine.ok("POST", "/containers/create", {**ONE, **binds})["Id"]
    assert engine("HEAD", f"/containers/{made}/archive?path=/v/page")[0] == 200
    assert engine("DELETE", f"/containers/{made}?v=1")[0] == 204
    assert (tmp_path / "there" / "page").exists()


@pytest.mark.parametrize(
    ("kind", "name", "options", "said"),
    [
        ("none", "nowhere", "bind", ", flags: 0x1000: no such file or directory"),
        ("none", "nowhere", "bind,ro", ", flags: 0x1001: no such file or directory"),
        ("none", "file", "bind", ", flags: 0x1000: not a directory"),
        ("none", "", "", ": no such device"),
        ("ext4", "nowhere", "", ": no such file or directory"),
    ],
)
def test_a_volume_that_binds_no_folder(tmp_path: Path, kind: str, name: str, options: str, said: str) -> None:
    """It can be made, and a container with it; the start fails with the words of mount(2)."""
    engine = Clock(folders=WorkFolders(tmp_path))
    (tmp_path / "file").touch()
    given = {"type": kind, "device": str(tmp_path / name)} | ({"o": options} if options else {})
    at = engine.ok("POST", "/volumes/create", {"Name": "v1", "DriverOpts": given})["Mountpoint"]
    made = engine.ok("POST", "/containers/create", {**ONE, "HostConfig": {"Binds": ["v1:/d"]}})["Id"]
    status, out = engine("POST", f"/containers/{made}/start")
    said = f"mount {tmp_path / name}:{at}{said}"
    said = f"error while mounting volume '{at}': failed to mount local volume: {said}"
    assert (status, json.loads(out)["message"]) == (500, said)
    state = engine.ok("GET", f"/containers/{made}/json")["State"]
    assert (state["Status"], state["ExitCode"], state["Error"]) == ("created", 128, said)


def test_a_volume_in_memory_begins_empty(engine: Clock) -> None:
    """What the image has at its place does not get into it, and everybody may write there."""
    given = {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}
    engine.ok("POST", "/volumes/create", {"Name": "memory", "DriverOpts": given})
    script = "ls /etc | grep passwd; echo a > /etc/a; ls -ld /etc | cut -c1-10; ls /etc/a"
    for _twice in range(2):
        assert engine.sh(f"ls /etc/a; {script}", HostConfig={"Binds": ["memory:/etc"]}) == (
            "ls: /etc/a: No such file or directory\ndrwxrwxrwt\n/etc/a\n"
        )


def _idle(engine: Clock, name: str, **host: Any) -> None:
    body = {"Image": "busybox", "Cmd": ["sleep", "99999"], "Hostname": f"{name}-host", "HostConfig": host}
    engine.ok("POST", f"/containers/create?name={name}", body)
    engine.ok("POST", f"/containers/{name}/start")


def test_links() -> None:
    """A container of the default bridge knows others by their name, host name and alias, wherever they move."""
    engine = Clock()
    _idle(engine, "two")
    _idle(engine, "one", Links=["two:deux"])
    ask = "tail -n 2 /etc/hosts | cut -f 2; for n in two deux two-host; do ping -c 1 $n | head -n 1; done"
    said = engine.sh(ask, HostConfig={"Links": ["two", "/two:/x/deux"], "ExtraHosts": ["far:10.9.9.9"]})
    lines = said.splitlines()
    assert lines[0] == "deux two-host two"
    assert [line.partition(":")[0] for line in lines[2:]] == [
        f"PING {n} (172.17.0.2)" for n in ("two", "deux", "two-host")
    ]
    engine.ok("POST", "/containers/two/stop?t=0")
    _idle(engine, "between")  # it takes the address
    engine.ok("POST", "/containers/two/start")
    where = engine.ok("GET", "/containers/two/json")["NetworkSettings"]["IPAddress"]
    assert where != "172.17.0.2"
    one = engine.core.state.container("one")
    assert one.host.resolve("deux") == [where]
    assert one.files is not None
    hosts = one.files.lookup("/etc/hosts")
    assert isinstance(hosts, File)
    assert f"{where}\tdeux two-host two\n" in hosts.data.decode()
    engine.ok("POST", "/containers/two/rename?name=drei")
    assert engine.ok("GET", "/containers/one/json")["HostConfig"]["Links"] == ["/drei:/one/deux"]
    shown = next(c["Names"] for c in engine.ok("GET", "/containers/json") if "/drei" in c["Names"])
    assert "/one/deux" in shown


def test_links_that_lead_nowhere() -> None:
    """A link to nobody is refused at once, one to a container that does not run at the start."""
    engine = Clock()
    engine.ok("POST", "/containers/create?name=idle", ONE)
    mixed = "host type networking can't be used with links. This would result in undefined behavior"
    for host, status, said in (
        ({"Links": ["nosuch:x"]}, 400, "could not get container for nosuch: No such container: nosuch"),
        ({"Links": ["idle:x:y"]}, 500, "bad format for links: idle:x:y"),
        ({"Links": ["idle"], "NetworkMode": "host"}, 400, f"conflicting options: {mixed}"),
    ):
        answered, out = engine("POST", "/containers/create", {**ONE, "HostConfig": host})
        assert (answered, json.loads(out)["message"]) == (status, said)
    engine.ok("POST", "/containers/create?name=to", {**ONE, "HostConfig": {"Links": ["idle:i"]}})
    status, out = engine("POST", "/containers/to/start")
    said = "Cannot link to a non running container: /idle AS /to/i"
    assert (status, json.loads(out)["message"]) == (500, said)
    engine.ok("POST", "/networks/create", {"Name": "own"})
    host = {"Links": ["idle:i"], "NetworkMode": "own"}
    made = engine.ok("POST", "/containers/create", {**ONE, "HostConfig": host})["Id"]
    assert engine.ok("GET", f"/containers/{made}/json")["HostConfig"]["Links"] is None


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("ls -R", ".:\na\nc\nf\nlnk\n\n./a:\nb\n\n./a/b:\ng\n\n./c:\n"),
        ("ls -R /t/", "/t/:\na\nc\nf\nlnk\n\n/t/a:\nb\n\n/t/a/b:\ng\n\n/t/c:\n"),
        ("ls -AR a", "a:\n.hid\nb\n\na/b:\ng\n"),
        ("ls -R lnk", "lnk:\nb\n\nlnk/b:\ng\n"),
        ("ls -R f", "f\n"),
        ("ls -R f c", "f\n\nc:\n"),
        ("ls -R nosuch a", "ls: nosuch: No such file or directory\na:\nb\n\na/b:\ng\n"),
        ("ls -dR a", "a\n"),
        ("ls -R c", "c:\n"),
    ],
)
def test_folders_are_listed_all_the_way_down(engine: Clock, command: str, said: str) -> None:
    """``ls -R`` goes into folders, one below the other, and into no link that it meets on its way."""
    made = "mkdir -p /t/a/b /t/c; touch /t/f /t/a/.hid /t/a/b/g; ln -s /t/a /t/lnk; cd /t"
    assert engine.sh(f"{made}; {command}") == said
