"""Exercises of the capstone: an application of three containers, two networks and a volume."""

from __future__ import annotations

import io
import json
import re
import tarfile
import time
from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import Any

from ..engines.base import LABEL
from ..messages import _
from .case import Case
from .conditions import Seen
from .draw import Draw
from .facts import Mismatch, Missing, Unexpected, dig
from .predictions import Predictions
from .probe import seconds
from .record import Also, Call, Kind, Solution, Wrong, container, delete, exercise, get, post, put

PATIENCE = 5.0
"""So long after its last server was started a page may not be whole yet, in seconds; twice as long, not there."""

APP = r"""mkdir -p /www/cgi-bin
cat > /www/cgi-bin/page <<'END'
#!/bin/sh
word=$(printf 'GET word\r\nQUIT\r\n' | timeout 1 nc store 6379 | sed -n '/^\$[0-9]/{n;p}' | tr -d '\r')
test -n "$word" && printf 'Status: 200 OK\r\n' || printf 'Status: 503 Service Unavailable\r\n'
printf 'Content-Type: text/plain\r\n\r\n%s\n' "$word"
END
chmod +x /www/cgi-bin/page
exec httpd -f -p 8080 -h /www"""
"""What the container in the middle runs: a web server whose one page asks the store for a word."""

DOOR = """server {
    listen 80;
    resolver 127.0.0.11 valid=1s ipv6=off;
    resolver_timeout 300ms;
    location / {
        set $app app;
        proxy_pass http://$app:8080/cgi-bin/page;
        proxy_connect_timeout 1s;
    }
}
"""
"""The configuration of the nginx in front: every page comes from the container called app."""

_IDLE = ("sleep", "99999")


def _network(
    word: str, *, internal: bool = False, subnet: str = "", labels: Mapping[str, str | None] | None = None,
    keep: str = "",
) -> Call:  # fmt: skip
    """The call that creates a network; a second one of that name is refused, and that is no harm."""
    ipam = {"IPAM": {"Config": [{"Subnet": subnet}]}} if subnet else {}
    body = {"Name": f"{{name:{word}}}", "CheckDuplicate": True, "Internal": internal, "Labels": labels or {}, **ipam}
    return post("/networks/create", json=body, refused=True, keep=keep)


def _on(word: str, *aliases: str) -> dict[str, Any]:
    """The fields that put a container on one network, where it has these names."""
    name = f"{{name:{word}}}"
    return {
        "NetworkingConfig": {"EndpointsConfig": {name: {"Aliases": list(aliases)}}},
        "HostConfig": {"NetworkMode": name},
    }


_WRITING = ("redis-server", "--appendonly", "yes")


def _redis(
    word: str, network: str, volume: str = "", start: bool = True, keep: str = "", cmd: Sequence[str] = _WRITING
) -> list[Call]:
    """The calls that start a redis which writes all that it is told to /data."""
    fields = _on(network, "store")
    mounts = {"Mounts": [{"Type": "volume", "Source": f"{{name:{volume}}}", "Target": "/data"}]} if volume else {}
    fields["HostConfig"] |= mounts
    return container(f"{{name:{word}}}", *cmd, image="redis", start=start, keep=keep, **fields)


def _tell(word: str, text: str) -> list[Call]:
    """The calls that tell a redis its word, as soon as it listens."""
    script = f"until redis-cli set word {text}; do sleep 0.1; done"
    return [
        post(
            f"/containers/{{name:{word}}}/exec", json={"Cmd": ["sh", "-c", script], "AttachStdout": True}, keep="exec"
        ),
        post("/exec/{kept:exec}/start", json={"Detach": False}),
    ]


def _configured(word: str, conf: str = DOOR) -> Call:
    """The call that puts its configuration into an nginx."""
    return put(f"/containers/{{name:{word}}}/archive", path="/etc/nginx/conf.d", tar={"default.conf": conf})


def _nginx(
    word: str, networks: tuple[str, ...], port: str, conf: str = DOOR, start: bool = True, cmd: Sequence[str] = ()
) -> list[Call]:
    """The calls that start an nginx on some networks, with a port of this machine."""
    first, *others = networks
    fields = _on(first)
    fields["HostConfig"]["PortBindings"] = {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": f"{{port:{port}}}"}]}
    name = f"{{name:{word}}}"
    return [
        *container(name, *cmd, image="nginx", start=False, ExposedPorts={"80/tcp": {}}, **fields),
        _configured(word, conf),
        *(post(f"/networks/{{name:{other}}}/connect", json={"Container": name}) for other in others),
        *([post(f"/containers/{name}/start")] if start else []),
    ]


# What checks look at


def _running(x: Case, made: Seen) -> None:
    running = dig(made, "State", "Running")
    x.need(running is True, Mismatch(x.at(made, "State", "Running"), "", True, running))


def _networks(x: Case, made: Seen, *words: str, alone: bool = True) -> None:
    """State which networks a container is on; `alone`: and on no other."""
    found = sorted(dig(made, "NetworkSettings", "Networks") or {})
    wanted = sorted(x.draw.name(word) for word in words)
    fact = Mismatch(x.at(made, "NetworkSettings", "Networks"), "networks", wanted, found)
    x.expect(found == wanted if alone else set(wanted) <= set(found), fact)


def _program(made: Seen) -> list[str]:
    """Return what a container runs, as words."""
    return [str(word) for word in (made.get("Path"), *(made.get("Args") or []))]


def _serves(x: Case, made: Seen) -> None:
    """State that a redis runs in a container."""
    where = _("GET {path}", path=made.path.removesuffix("/json") + "/top")
    x.need(x.runs("redis-server", made), Missing(where, "redis", "redis-server", (" ".join(_program(made)),)))


def _reads(x: Case, made: Seen, text: str) -> None:
    """State that a redis reads, when it starts, the file in which a text stands.

    With appendonly it reads what was written down at once, and without it what redis saves at times, and at its end.
    """
    words, id = _program(made), str(made["Id"])
    files = (x.file(id, word) or "" for word in words if word.endswith(".conf"))
    at_once = any(re.search(r"(?:^|--)appendonly\s+yes", said, re.MULTILINE) for said in (" ".join(words), *files))
    saved = x.fill(text) in (x.file(id, "/data/dump.rdb") or "")
    x.expect(at_once or saved, Missing(x.at(made, "Args"), "read", "--appendonly yes", (" ".join(words),)))


_PAGES = ("/etc/nginx", "/usr/share/nginx/html", "/var/www", "/www")
"""Where a web server has its configuration and its pages."""


def _passes_on(x: Case, made: Seen, text: str) -> None:
    """State that a container does not know by itself what its page says."""
    wanted = x.fill(text)
    said = json.dumps([dig(made, "Config", key) for key in ("Entrypoint", "Cmd", "Env")])
    places = [_("Config in GET {path}", path=made.path)] if wanted in said else []
    for folder in _PAGES:
        answer = x.get(made.path.removesuffix("/json") + "/archive", path=folder)
        if answer.status == 200 and wanted.encode() in answer.response.body:
            places.append(f"GET {made.path.removesuffix('/json')}/archive?path={folder}")
    x.expect(not places, Unexpected(next(iter(places), ""), "way", wanted))


def _stored(x: Case, made: Seen, volume: str) -> None:
    mounts: dict[str, Any] = {str(m.get("Destination")): m for m in dig(made, "Mounts") or []}
    found = dig(mounts, "/data", "Name") or dig(mounts, "/data", "Source")
    if dig(mounts, "/data", "RW") is False:  # redis could write nothing there
        found = _("{name}, read-only", name=found)
    x.same(x.draw.name(volume), found, _("the mount at /data in Mounts of GET {path}", path=made.path), "volume")


def _published(x: Case, made: Seen, word: str) -> None:
    ports = [b.get("HostPort") for b in dig(made, "NetworkSettings", "Ports", "80/tcp") or []]
    port = str(x.draw.port(word))
    x.need(port in ports, Missing(x.at(made, "NetworkSettings", "Ports", "80/tcp"), "ports", port, tuple(ports)))


def _page(x: Case, port: str, text: str, *behind: Mapping[str, Any] | None) -> None:
    """State that the page at a port is whole.

    Parameters
    ----------
    behind: the containers that it comes from; those that have just been started are given time.
    """
    started = max((seconds(str(dig(made, "State", "StartedAt") or "")) for made in behind), default=0.0)
    answer = x.fetch(x.draw.port(port))
    while (answer is None and x.now() < started + 2 * PATIENCE) or (
        answer is not None and answer.status != 200 and x.now() < started + PATIENCE
    ):
        time.sleep(0.1)
        answer = x.fetch(x.draw.port(port)) or answer
    where = x.fill(f"http://127.0.0.1:{{port:{port}}}/")
    status = answer.status if answer else None
    x.need(status == 200, Mismatch(where, f"page {status}", 200, status))
    x.same(x.fill(text), answer.text.strip() if answer else None, where, "word")


def _remembered(x: Case, made: Seen, text: str) -> None:
    """State that what redis was told lies in its files."""
    answer = x.get(made.path.removesuffix("/json") + "/archive", path="/data")
    whole = answer.response.body if answer.status == 200 else b""
    where = _("the files of GET {path}", path=made.path.removesuffix("/json") + "/archive?path=/data")
    wanted = x.fill(text)
    x.expect(wanted.encode() in whole, Missing(where, "word", wanted, tuple(_files(whole))))


def _files(archive: bytes) -> list[str]:
    if not archive:
        return []
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        return [name.rpartition("/")[2] for name in files.getnames() if "/" in name]


_FRONT = _network("front", subnet="{subnet:front}")
_BACK = _network("back", internal=True, subnet="{subnet:back}")


@exercise(
    "6.1",
    _("Two networks"),
    Kind.MAKE,
    owns=("network:front", "network:back"),
    hints={
        "": (
            _("Each network is one call, and everything about it is said when it is created."),
            _("POST /networks/create"),
            _("The subnet stands in IPAM.Config; that nothing gets out, in Internal."),
            _('json={"Name": "{name:back}", "Internal": True, "IPAM": {"Config": [{"Subnet": "{subnet:back}"}]}}'),
        ),
        "internal": (_("A network cannot be changed: delete it, and create it anew with Internal as it should be."),),
        "subnet": (_('"IPAM": {"Config": [{"Subnet": "{subnet:front}"}]} for the one in front.'),),
        "own label": (_('"Labels": lab.labels for each. A network cannot be changed: delete it, and create it anew.'),),
    },
    solution=Solution(
        [_FRONT, _BACK],
        _("An internal network has no way out: what is on it alone can neither call the world nor be called by it."),
    ),
    also=[Also("with a gateway, a driver and options", [
        post("/networks/create", json={
            "Name": "{name:front}", "Driver": "bridge",
            "IPAM": {"Config": [{"Subnet": "{subnet:front}", "Gateway": "{address:front.254}"}]}}),
        post("/networks/create", json={
            "Name": "{name:back}", "Driver": "bridge", "Internal": True, "Attachable": True,
            "IPAM": {"Driver": "default", "Config": [{"Subnet": "{subnet:back}"}]}}),
    ])],
    docker=[
        ["docker", "network", "create", "--label", f"{LABEL}={{lab}}", "--subnet", "{subnet:front}", "{name:front}"],
        ["docker", "network", "create", "--label", f"{LABEL}={{lab}}", "--internal", "--subnet", "{subnet:back}",
         "{name:back}"],
    ],
    wrong=[
        Wrong("only the one in front", [_FRONT], expected="network {name:back}", found="nothing"),
        Wrong("only the one behind", [_BACK], expected="network {name:front}", found="nothing"),
        Wrong("neither is internal", [_FRONT, _network("back", subnet="{subnet:back}")],
              expected="true", found="false"),
        Wrong("both are internal", [_network("front", internal=True, subnet="{subnet:front}"), _BACK],
              expected="false", found="true"),
        Wrong("the subnet of the front left to the engine", [_network("front"), _BACK],
              expected="{subnet:front}", found="…/…"),
        Wrong("another subnet behind", [_FRONT, _network("back", internal=True, subnet="{subnet:shop}")],
              expected="{subnet:back}", found="{subnet:shop}"),
        Wrong("one without the label", [
            _FRONT, _network("back", internal=True, subnet="{subnet:back}", labels={LABEL: None}),
        ], expected=f"{LABEL}={{lab}}", found="nothing"),
        Wrong("the label of another lab", [_network("front", subnet="{subnet:front}", labels={LABEL: "05"}), _BACK],
              expected=f"{LABEL}={{lab}}", found=f"{LABEL}=05"),
    ],
)  # fmt: skip
def two_networks(x: Case) -> None:
    """Create two networks: `{name:front}` with the subnet `{subnet:front}`, and `{name:back}` with the subnet
    `{subnet:back}`. What is on `{name:back}` alone must reach nothing outside; what is on `{name:front}` may. Both have
    the label of this lab, `docker-api-lab` with the value `{lab}`.
    """
    for word, internal in (("front", False), ("back", True)):
        made = x.network(word)
        x.field(made, "Internal", equals=internal, about="internal")
        subnets = [config.get("Subnet") for config in dig(made, "IPAM", "Config") or []]
        x.has(x.draw.subnet(word), subnets, x.at(made, "IPAM", "Config"), "subnet")
        x.labelled(made)


@exercise(
    "6.2",
    _("The store"),
    Kind.MAKE,
    owns=("container:store", "volume:data", "volume:date"),
    teardown=[delete("/networks/{name:back}")],  # refused while others are on it
    hints={
        "": (
            _("A container is put on its network, and given its volume, when it is created."),
            _("POST /containers/create?name=…, then POST /containers/…/start."),
            _("HostConfig.NetworkMode names the network, HostConfig.Mounts the volume; the alias stands in "
              "NetworkingConfig.EndpointsConfig."),
            _('"NetworkingConfig": {"EndpointsConfig": {"{name:back}": {"Aliases": ["store"]}}}, '
              '"HostConfig": {"NetworkMode": "{name:back}", '
              '"Mounts": [{"Type": "volume", "Source": "{name:data}", "Target": "/data"}]}'),
        ),
        "networks": (
            _("Without HostConfig.NetworkMode a container is on the network bridge. "
              "POST /networks/…/connect and …/disconnect can change that."),
            _('"HostConfig": {"NetworkMode": "{name:back}", …}'),
        ),
        "alias": (
            _("The others call it store, whatever its name is: that is an alias on the network."),
            _('"NetworkingConfig": {"EndpointsConfig": {"{name:back}": {"Aliases": ["store"]}}}'),
        ),
        "volume": (
            _('"Mounts": [{"Type": "volume", "Source": "{name:data}", "Target": "/data"}], without ReadOnly: '
              "redis writes there."),
        ),
        "redis": (_('"Image": "redis", "Cmd": ["redis-server", "--appendonly", "yes"]'),),
    },
    solution=Solution(
        [_BACK, *_redis("store", "back", "data")],
        _("Only what is on the same network reaches it, and what it stores outlives it in the volume."),
    ),
    also=[
        Also("Binds instead of Mounts, and connected later", [
            _BACK,
            *container("{name:store}", "redis-server", "--appendonly", "yes", image="redis", start=False,
                       HostConfig={"Binds": ["{name:data}:/data"]}),
            post("/networks/bridge/disconnect", json={"Container": "{name:store}"}),
            post("/networks/{name:back}/connect",
                 json={"Container": "{name:store}", "EndpointConfig": {"Aliases": ["kv", "store"]}}),
            post("/containers/{name:store}/start"),
        ]),
    ],
    docker=[
        "client.networks.list(names=['{name:back}']) or client.networks.create('{name:back}', internal=True)",
        ["docker", "run", "-d", "--name", "{name:store}", "--network", "{name:back}", "--network-alias", "store",
         "-v", "{name:data}:/data", "redis", "redis-server", "--appendonly", "yes"],
    ],
    wrong=[
        Wrong("not started", [_BACK, *_redis("store", "back", "data", start=False)], expected="true", found="false"),
        Wrong("on the bridge", container(
            "{name:store}", image="redis", HostConfig={"Binds": ["{name:data}:/data"]},
        ), expected='["{name:back}"]', found='["bridge"]'),
        Wrong("on the bridge as well", [
            _BACK, *_redis("store", "back", "data"),
            post("/networks/bridge/connect", json={"Container": "{name:store}"}),
        ], expected='["{name:back}"]', found='["{name:back}", "bridge"]'),
        Wrong("no alias", [_BACK, *container(
            "{name:store}", image="redis",
            HostConfig={"NetworkMode": "{name:back}", "Binds": ["{name:data}:/data"]},
        )], expected="store", found="…"),
        Wrong("no redis in it", [_BACK, *container("{name:store}", *_IDLE, NetworkingConfig=_on("back", "store")[
            "NetworkingConfig"], HostConfig={"NetworkMode": "{name:back}", "Binds": ["{name:data}:/data"]})],
              expected="redis-server", found="sleep 99999"),
        Wrong("a volume without a name", [_BACK, *_redis("store", "back")], expected="{name:data}", found="…"),
        Wrong("another volume", [_BACK, *_redis("store", "back", "date")], expected="{name:data}", found="{name:date}"),
        Wrong("the volume read-only", [_BACK, *container("{name:store}", image="redis", NetworkingConfig=_on(
            "back", "store")["NetworkingConfig"], HostConfig={
                "NetworkMode": "{name:back}", "Binds": ["{name:data}:/data:ro"]})],
              expected="{name:data}", found="{name:data}, read-only"),
    ],
)  # fmt: skip
def store(x: Case) -> None:
    """Run a redis in a container `{name:store}`. It is on the network `{name:back}` and on no other, the others find it
    there as `store`, and it keeps its files, which are at `/data`, in the volume `{name:data}`.
    """
    made = x.container("store")
    _running(x, made)
    _networks(x, made, "back")
    endpoint = dig(made, "NetworkSettings", "Networks", x.draw.name("back"))
    names = dict.fromkeys([*(dig(endpoint, "Aliases") or []), *(dig(endpoint, "DNSNames") or [])])
    where = x.at(made, "NetworkSettings", "Networks", x.draw.name("back"), "Aliases")
    x.has("store", names, where, "alias")
    _stored(x, made, "data")
    _serves(x, made)


_CONFIGURES = f"cat > /etc/nginx/conf.d/default.conf <<'END'\n{DOOR}END\nexec nginx -g 'daemon off;'"
_DOOR_FRONT_BACK = _nginx("web", ("front", "back"), "web")
_IDLE_PORTS = {"PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "{port:web}"}]}}


@exercise(
    "6.3",
    _("The front door"),
    Kind.MAKE,
    owns=("container:web",),
    teardown=[delete("/networks/{name:front}"), delete("/networks/{name:back}")],  # refused while others are on them
    hints={
        "": (
            _("A container can be created on one network and connected to others later."),
            _("POST /containers/create, POST /networks/…/connect, POST /containers/…/start."),
            _("HostConfig.NetworkMode and HostConfig.PortBindings; connect takes the field Container."),
            _('lab.post("/networks/{name:back}/connect", json={"Container": "{name:web}"})'),
        ),
        "networks": (
            _("GET /containers/{name:web}/json shows under NetworkSettings.Networks where it is."),
            _("POST /networks/…/connect and POST /networks/…/disconnect, each with the field Container."),
        ),
        "ports": (_('"PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "{port:web}"}]}'),),
        "page": (_("Something must listen on port 80 inside: GET /containers/{name:web}/logs says why nothing does."),),
        "door": (
            _("DOOR goes into the container as a file, before nginx starts: it reads its configuration at its start."),
            _("PUT /containers/{name:web}/archive?path=/etc/nginx/conf.d, with a tar that holds default.conf."),
            _('lab.put("/containers/{name:web}/archive", path="/etc/nginx/conf.d", data=pack("default.conf", DOOR)); '
              "after the start it takes a POST /containers/{name:web}/restart as well."),
        ),
    },
    solution=Solution(
        [_FRONT, _BACK, *_DOOR_FRONT_BACK],
        _("The world reaches it from the front, and it alone reaches what is behind: it is the only way in."),
    ),
    also=[
        Also("created behind, connected to the front later, restarted for its configuration", [
            _FRONT, _BACK,
            *container("{name:web}", image="nginx", ExposedPorts={"80/tcp": {}},
                       HostConfig={"NetworkMode": "{name:back}", **_IDLE_PORTS}),
            _configured("web"),
            post("/networks/{name:front}/connect", json={"Container": "{name:web}"}),
            post("/containers/{name:web}/restart", t=5),
        ]),
        Also("on the default bridge as well", [
            _FRONT, _BACK, *_nginx("web", ("front", "back"), "web"),
            post("/networks/bridge/connect", json={"Container": "{name:web}"}),
        ]),
    ],
    docker=[
        "client.networks.list(names=['{name:front}']) or client.networks.create('{name:front}')",
        "client.networks.list(names=['{name:back}']) or client.networks.create('{name:back}', internal=True)",
        ["docker", "create", "--name", "{name:web}", "--network", "{name:front}", "-p", "127.0.0.1:{port:web}:80",
         "nginx", "sh", "-c", _CONFIGURES],
        ["docker", "network", "connect", "{name:back}", "{name:web}"],
        ["docker", "start", "{name:web}"],
    ],
    wrong=[
        Wrong("on the front alone", [_FRONT, *_nginx("web", ("front",), "web")],
              expected='["{name:back}", "{name:front}"]', found='["{name:front}"]'),
        Wrong("on the bridge", [
            *container("{name:web}", image="nginx", start=False, ExposedPorts={"80/tcp": {}}, HostConfig=_IDLE_PORTS),
            _configured("web"), post("/containers/{name:web}/start"),
        ], expected='["{name:back}", "{name:front}"]', found='["bridge"]'),
        Wrong("not started", [_FRONT, _BACK, *_nginx("web", ("front", "back"), "web", start=False)],
              expected="true", found="false"),
        Wrong("another port", [_FRONT, _BACK, *_nginx("web", ("front", "back"), "spare")],
              expected="{port:web}", found="{port:spare}"),
        Wrong("open to the network", [
            _FRONT, _BACK,
            *container("{name:web}", image="nginx", start=False, ExposedPorts={"80/tcp": {}},
                       HostConfig={"NetworkMode": "{name:front}",
                                   "PortBindings": {"80/tcp": [{"HostPort": "{port:web}"}]}}),
            _configured("web"),
            post("/networks/{name:back}/connect", json={"Container": "{name:web}"}),
            post("/containers/{name:web}/start"),
        ], expected="127.0.0.1", found="0.0.0.0…"),
        Wrong("nothing listens inside", [_FRONT, _BACK, *_nginx("web", ("front", "back"), "web", cmd=_IDLE)],
              expected="a web server", found="nothing"),
        Wrong("without DOOR", [
            call for call in [_FRONT, _BACK, *_nginx("web", ("front", "back"), "web")] if call.tar is None
        ], expected="resolver 127.0.0.11 valid=1s ipv6=off;", found="…root /usr/share/nginx/html;…"),
        Wrong("DOOR with another name", [
            _FRONT, _BACK, *_nginx("web", ("front", "back"), "web", DOOR.replace("$app app", "$app page")),
        ], expected="set $app app;", found="set $app page;"),
        Wrong("DOOR put in after the start", [
            _FRONT, _BACK,
            *(call for call in _nginx("web", ("front", "back"), "web") if call.tar is None), _configured("web"),
        ], expected="502, or the page of app", found="200"),
    ],
)  # fmt: skip
def door(x: Case) -> None:
    """Run nginx in a container `{name:web}`. It is on both networks, `{name:front}` and `{name:back}`, and its port
    80/tcp is published on port {port:web} of 127.0.0.1, so that this machine alone reaches it.

    Its configuration is `DOOR`, put into it before it starts, as the file `/etc/nginx/conf.d/default.conf`: every page
    comes from `app`, and while nobody has that name, it answers 502.
    """
    made = x.container("web")
    _running(x, made)
    _networks(x, made, "front", "back", alone=False)
    _published(x, made, "web")
    bound = [str(b.get("HostIp")) for b in dig(made, "NetworkSettings", "Ports", "80/tcp") or []]
    wide = ", ".join(address for address in bound if address not in ("127.0.0.1", "::1"))
    x.expect(not wide, Mismatch(x.at(made, "NetworkSettings", "Ports", "80/tcp"), "ports", "127.0.0.1", wide))
    _has_the_door(x, made)
    answer, where = x.fetch(x.draw.port("web"), of=made), x.fill("http://127.0.0.1:{port:web}/")
    x.expect(answer is not None, Missing(where, "page", _("a web server")))
    status, kind = (answer.status, answer.headers.get("content-type", "")) if answer else (None, "")
    x.expect(status != 200 or "text/plain" in kind, Mismatch(where, "door", _("502, or the page of app"), status))


def _has_the_door(x: Case, made: Seen) -> None:
    """State that each line of `DOOR` is in the configuration of an nginx."""
    path = "/etc/nginx/conf.d/default.conf"
    text = x.file(str(made["Id"]), path) or ""
    lines, wanted = ([line.strip() for line in said.splitlines()] for said in (text, DOOR))
    lacking = next((line for line in wanted if line not in lines), "")
    others = tuple(line for line in lines if line and line not in wanted)
    where = _("the file of GET {path}", path=f"{made.path.removesuffix('/json')}/archive?path={path}")
    x.expect(not lacking, Missing(where, "door", lacking, others))


def _middle(word: str, network: str) -> list[Call]:
    """The calls that start the web server in the middle."""
    return container(f"{{name:{word}}}", "sh", "-c", APP, **_on(network, "app"))


def _whole(
    back: Call = _BACK, volume: str = "data", conf: str = DOOR, told: str = "{secret:word}",
    cmd: Sequence[str] = _WRITING,
) -> list[Call]:  # fmt: skip
    """The calls that bring up the application, or one that differs in some way."""
    return [
        _FRONT, back, *_redis("store", "back", volume, cmd=cmd), *_tell("store", told), *_middle("app", "back"),
        *_nginx("web", ("front", "back"), "web", conf),
    ]  # fmt: skip


_BY_HAND = DOOR.replace("proxy_pass http://$app:8080/cgi-bin/page", "return 200 {secret:word}")


@exercise(
    "6.4",
    _("The application as a whole"),
    Kind.MAKE,
    owns=("container:web", "container:app", "container:store", "network:front", "network:back", "volume:data"),
    hints={
        "": (
            _("Go along the way of a request: port, {name:web}, {name:app}, {name:store}, volume."),
            _("GET http://127.0.0.1:{port:web}/ says how far it comes; GET /containers/…/logs?stderr=1 says why."),
            _("A 502 comes from nginx, which does not find app; a 503 comes from app, which gets no word from store."),
            _("The word is told to redis by exec: redis-cli set word {secret:word}"),
        ),
        "page 502": (
            _("nginx asks its network for the name app: who has that name, and is nginx on that network?"),
            _("GET /networks/{name:back} lists who is on it; the names are Aliases in each container's networks."),
        ),
        "page 503": (
            _("app got no word: is the store there under the name store, does it run, and was it told one?"),
            _('POST /containers/{name:store}/exec with "Cmd": ["redis-cli", "set", "word", "{secret:word}"]; start.'),
        ),
        "internal": (_("The network behind has to be internal; it cannot be changed, so create it anew."),),
        "networks": (_("Only {name:web} stands in the front; what is behind is on {name:back} and nowhere else."),),
        "volume": (_('"Mounts": [{"Type": "volume", "Source": "{name:data}", "Target": "/data"}] for the store.'),),
        "word": (_("The word has to come from redis, and redis has to write it to /data: --appendonly yes."),),
        "way": (_("Only the redis has the word: nginx passes the page on from app, and app asks the store for it."),),
    },
    solution=Solution(
        _whole(),
        _("Each piece reaches only its neighbour, and only the door is open. What must last lies in the volume."),
    ),
    also=[Also("the door last connected, the word told last", [
        _BACK, _FRONT, *_redis("store", "back", "data"), *_middle("app", "back"),
        *_nginx("web", ("back", "front"), "web"), *_tell("store", "{secret:word}"),
    ])],
    docker=[
        ["docker", "network", "create", "{name:front}"],
        ["docker", "network", "create", "--internal", "{name:back}"],
        ["docker", "run", "-d", "--name", "{name:store}", "--network", "{name:back}", "--network-alias", "store",
         "-v", "{name:data}:/data", "redis", "redis-server", "--appendonly", "yes"],
        ["docker", "exec", "{name:store}", "sh", "-c", "until redis-cli set word {secret:word}; do sleep 0.1; done"],
        ["docker", "run", "-d", "--name", "{name:app}", "--network", "{name:back}", "--network-alias", "app",
         "busybox", "sh", "-c", APP],
        ["docker", "create", "--name", "{name:web}", "--network", "{name:front}", "-p", "127.0.0.1:{port:web}:80",
         "nginx", "sh", "-c", _CONFIGURES],
        ["docker", "network", "connect", "{name:back}", "{name:web}"],
        ["docker", "start", "{name:web}"],
    ],
    wrong=[
        Wrong("no networks yet", [_FRONT], expected="network {name:back}", found="nothing"),
        Wrong("only the store", [_FRONT, _BACK, *_redis("store", "back", "data")],
              expected="container {name:app}", found="nothing"),
        Wrong("the store is not started", [_FRONT, _BACK, *_redis("store", "back", "data", start=False)],
              found="false"),
        Wrong("no word was told", [call for call in _whole() if "exec" not in call.path], expected="200", found="503"),
        Wrong("another word, written by hand", _whole(conf=_BY_HAND.replace("{secret:word}", "sold")),
              expected="{secret:word}", found="sold"),
        Wrong("the word in memory alone", _whole(cmd=("redis-server", "--save", "")),
              expected="{secret:word}", found="nothing"),
        Wrong("the word, written by hand and told as well", _whole(conf=_BY_HAND),
              expected="no {secret:word}", found="{secret:word}"),
        Wrong("the network behind is open", _whole(back=_network("back")), expected="true", found="false"),
        Wrong("the store without its volume", _whole(volume=""), expected="{name:data}", found="…"),
        Wrong("the store in the front as well", [
            *_whole(), post("/networks/{name:front}/connect", json={"Container": "{name:store}"}),
        ], expected='["{name:back}"]', found='["{name:back}", "{name:front}"]'),
    ],
)  # fmt: skip
def whole(x: Case) -> None:
    """Bring up the whole application. A page from port {port:web} of this machine shows the word `{secret:word}`.

    It comes this way: `{name:web}` (nginx, on `{name:front}` and `{name:back}`) asks `{name:app}`, which asks the redis
    in `{name:store}`, which keeps it in the volume `{name:data}`. The network `{name:back}` is internal, `{name:app}`
    and `{name:store}` are on it alone, and only `{name:store}` has the word.
    """
    x.field(x.network("back"), "Internal", equals=True, about="internal")
    made: dict[str, Seen] = {}
    for word, networks in (("store", ("back",)), ("app", ("back",)), ("web", ("front", "back"))):
        made[word] = x.container(word)
        _running(x, made[word])
        _networks(x, made[word], *networks, alone=word != "web")
    _stored(x, made["store"], "data")
    _page(x, "web", "{secret:word}", *made.values())
    _remembered(x, made["store"], "{secret:word}")
    for word in ("web", "app"):
        _passes_on(x, made[word], "{secret:word}")


_TREES = ("alder", "birch", "cedar")


def _grove(draw: Draw) -> list[Call]:
    both, one, other = draw.choice("grove", list(permutations(_TREES)))
    return [
        _network("hill"), _network("shore"),
        *container(f"{{name:{both}}}", *_IDLE, keep="both", **_on("hill")),
        *container(f"{{name:{one}}}", *_IDLE, **_on("hill")),
        *container(f"{{name:{other}}}", *_IDLE, **_on("shore")),
        post("/networks/{name:shore}/connect", json={"Container": f"{{name:{both}}}"}),
    ]  # fmt: skip


def _grove_values(draw: Draw) -> dict[str, str]:
    words = draw.choice("grove", list(permutations(_TREES)))
    return dict(zip(("both", "one", "other"), map(draw.name, words)))


@exercise(
    "6.5",
    _("The way across"),
    Kind.FIND_OUT,
    owns=("container:alder", "container:birch", "container:cedar", "network:hill", "network:shore"),
    values=_grove_values,
    setup=_grove,
    hints={
        "": (
            _("A network knows who is on it, and a container knows where it is: either will do."),
            _("GET /networks/{name:hill} and GET /networks/{name:shore}, or GET /containers/…/json three times."),
            _("Containers in the one, NetworkSettings.Networks in the other."),
            _('{c["Name"] for c in lab.get("/networks/{name:hill}").json()["Containers"].values()}'),
        )
    },
    solution=Solution(
        [get("/containers/json", filters={"network": ["{name:hill}"]}),
         get("/containers/json", filters={"network": ["{name:shore}"]})],
        _("Whoever takes over this one container reaches both networks. On a real machine it is the one to guard."),
        '[c["Names"][0] for c in r.json() if len(c["NetworkSettings"]["Networks"]) == 2][0]',
    ),
    also=[Also("without the slash", answer='"{both}"')],
    wrong=[
        Wrong("one that is on the hill alone", answer='"{one}"', found="{one} (on {name:hill} alone)"),
        Wrong("one that is on the shore alone", answer='"{other}"', found="{other} (on {name:shore} alone)"),
        Wrong("a network", answer='"{name:hill}"', found="{name:hill}"),
        Wrong("nobody", answer='"none"', found="none"),
    ],
)  # fmt: skip
def across(x: Case) -> None:
    """There are two networks, `{name:hill}` and `{name:shore}`, and three containers.

    One of `{name:alder}`, `{name:birch}` and `{name:cedar}` is on both networks. Which one?

    Give its name: `lab.check("6.5", "…")`.
    """
    given = x.text().lstrip("/")
    on: dict[str, set[str]] = {}
    for word in ("hill", "shore"):
        there = dig(x.look("network", x.draw.name(word)), "Containers") or {}
        on[x.draw.name(word)] = {str(c.get("Name")) for c in there.values()}
    (hill, on_hill), (shore, on_shore) = on.items()
    both = on_hill & on_shore
    named = dig(x.look("container", x.kept["both"]), "Name")
    truth = str(named or "").lstrip("/")
    trees = {x.draw.name(word) for word in _TREES}
    x.intact(both & {truth, *trees} == {truth}, _("The containers are on other networks than at the beginning."))
    alone = {name: _("on {network} alone", network=hill) for name in on_hill - both}
    alone |= {name: _("on {network} alone", network=shore) for name in on_shore - both}
    where = _("Containers in GET /networks/{hill} and GET /networks/{shore}", hill=hill, shore=shore)
    x.right(truth, given, _("the name of the container on both"), where, alone)


@exercise(
    "6.6",
    _("Who uses it"),
    Kind.EXPLAIN,
    owns=("container:keeper", "container:ghost", "container:passer", "volume:vault", "volume:shed"),
    setup=[
        *container("{name:keeper}", *_IDLE, keep="keeper", HostConfig={"Binds": ["{name:vault}:/vault"]}),
        *container("{name:ghost}", *_IDLE, start=False, keep="ghost", HostConfig={"Binds": ["{name:vault}:/vault"]}),
        *container("{name:passer}", *_IDLE, HostConfig={"Binds": ["{name:shed}:/shed"]}),
    ],
    hints={
        "": (
            _("The volume itself does not say who uses it; the containers do."),
            _("GET /containers/json"),
            _("It takes a filter that is called volume. Does the answer hold those that don't run?"),
            _('r = lab.get("/containers/json", all=True, filters={"volume": ["{name:vault}"]})'),
        ),
        "missing": (_("A container that doesn't run uses its volumes as well: all=True."),),
        "others": (_('The Engine can leave the others out: filters={"volume": ["{name:vault}"]}.'),),
    },
    solution=Solution(
        [get("/containers/json", all=True, filters={"volume": ["{name:vault}"]})],
        _("A stopped container holds its volume too: as long as one is in this list, the volume cannot be deleted."),
        "r",
    ),
    also=[Also("the map form", [
        get("/containers/json", all=1, filters={"volume": {"{name:vault}": True}}),
    ], "r")],
    wrong=[
        Wrong("running ones alone", [get("/containers/json", filters={"volume": ["{name:vault}"]})], "r",
              expected="{name:ghost}", found="{name:keeper}"),
        Wrong("stopped ones alone", [
            get("/containers/json", all=True, filters={"volume": ["{name:vault}"], "status": ["created"]}),
        ], "r", expected="{name:keeper}", found="{name:ghost}"),
        Wrong("all containers", [get("/containers/json", all=True)], "r",
              expected="containers that use {name:vault} alone", found="…"),
        Wrong("the other volume", [get("/containers/json", all=True, filters={"volume": ["{name:shed}"]})], "r",
              expected="{name:ghost}", found="{name:passer}"),
        Wrong("the volume itself", [get("/volumes/{name:vault}")], "r", found="GET /volumes/{name:vault}"),
        Wrong("a filter that there is not", [
            get("/containers/json", all=True, filters={"volumes": ["{name:vault}"]}),
        ], "r", expected="200", found="400"),
    ],
)  # fmt: skip
def users(x: Case) -> None:
    """Somebody wants to delete the volume `{name:vault}`. Produce the response that lists every container that uses it,
    running or not, and no other container. Hand in the response itself: `lab.check("6.6", r)`.
    """
    what = x.fill(_("containers that use {name:vault} alone"))
    r = x.evidence(what, "/containers/json")
    for word in ("keeper", "ghost"):
        x.staged("container", word)
    asked = _("the response that you gave")
    x.need(r.ok, Mismatch(asked, "", 200, r.status))
    listed = [str(dig(c, "Names", 0) or "").lstrip("/") for c in r.json()]
    users = [str(c["Names"][0]).lstrip("/") for c in _using(x, x.draw.name("vault"))]
    for name in sorted(users):
        x.has(name, listed, asked, "missing")
    others = [name for name in listed if name not in users]
    x.expect(not others, Mismatch(asked, "others", what, ", ".join(others)))


def _using(x: Case, volume: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = x.get("/containers/json", all=True, filters={"volume": [volume]}).json()
    return found


_TILL = "{secret:till}"


@exercise(
    "6.7",
    _("The shop is closed"),
    Kind.REPAIR,
    owns=(
        "container:shop", "container:clerk", "container:safe", "container:shelf", "network:street", "network:mall",
        "volume:till",
    ),
    setup=[
        _network("street"), _network("mall", internal=True),
        *_redis("safe", "mall", "till", keep="safe"), *_tell("safe", _TILL),
        *_middle("clerk", "mall"), *_nginx("shop", ("street",), "shop"),
        post("/containers/{name:safe}/stop", t=5),
    ],
    hints={
        "": (
            _("Go along the way of a request, and mend the first thing that is wrong. Then look again."),
            _("http://127.0.0.1:{port:shop}/ answers a status; who says it, and what does it want to tell?"),
            _("502: nginx does not find app. 503: app is there, and gets no word from store."),
            _("POST /networks/{name:mall}/connect for {name:shop}, and POST /containers/{name:safe}/start."),
        ),
        "page 502": (
            _("app is on {name:mall}. Who else has to be there?"),
            _('lab.post("/networks/{name:mall}/connect", json={"Container": "{name:shop}"})'),
        ),
        "page 503": (
            _("The word is kept in {name:safe}: what state is it in?"),
            _('lab.post("/containers/{name:safe}/start")'),
        ),
        "networks": (
            _("The safe and the clerk belong on {name:mall} alone; POST /networks/…/disconnect takes them off others."),
        ),
        "way": (_("Only the safe has the word: nginx passes the page on from app. lab.reset begins again."),),
    },
    solution=Solution(
        [
            post("/networks/{name:mall}/connect", json={"Container": "{name:shop}"}),
            post("/containers/{name:safe}/start"),
        ],
        _("502 came from nginx, which had no way to app; 503 came from app, which had no store."),
    ),
    also=[Also("the shop made anew, the safe restarted", [
        delete("/containers/{name:shop}", force=True), post("/containers/{name:safe}/restart"),
        *_nginx("shop", ("mall", "street"), "shop"),
    ])],
    docker=[["docker", "network", "connect", "{name:mall}", "{name:shop}"], ["docker", "start", "{name:safe}"]],
    wrong=[
        Wrong("only the way is mended", [
            post("/networks/{name:mall}/connect", json={"Container": "{name:shop}"}),
        ], expected="200", found="503"),
        Wrong("only the safe is opened", [post("/containers/{name:safe}/start")], expected="200", found="502"),
        Wrong("the safe in the street as well", [
            post("/networks/{name:mall}/connect", json={"Container": "{name:shop}"}),
            post("/containers/{name:safe}/start"),
            post("/networks/{name:street}/connect", json={"Container": "{name:safe}"}),
        ], expected='["{name:mall}"]', found='["{name:mall}", "{name:street}"]'),
        Wrong("the clerk in the street as well", [
            post("/networks/{name:street}/connect",
                 json={"Container": "{name:clerk}", "EndpointConfig": {"Aliases": ["app"]}}),
            post("/containers/{name:safe}/start"),
        ], expected='["{name:mall}"]', found='["{name:mall}", …]'),
        Wrong("a page of its own", [
            delete("/containers/{name:shop}", force=True), post("/containers/{name:safe}/start"),
            *_nginx("shop", ("mall", "street"), "shop", DOOR.replace(
                "proxy_pass http://$app:8080/cgi-bin/page", "return 200 {secret:till}")),
        ], expected="no " + _TILL, found=_TILL),
        Wrong("a safe without the till", [
            post("/networks/{name:mall}/connect", json={"Container": "{name:shop}"}),
            delete("/containers/{name:safe}", force=True),
            *_redis("safe", "mall"), *_tell("safe", _TILL),
        ], expected="{name:till}", found="…"),
        Wrong("another word", [
            post("/networks/{name:mall}/connect", json={"Container": "{name:shop}"}),
            post("/containers/{name:safe}/start"), *_tell("safe", "sold"),
        ], expected=_TILL, found="sold"),
        Wrong("the safe has another name now", [
            post("/networks/{name:mall}/connect", json={"Container": "{name:shop}"}),
            post("/containers/{name:safe}/start"), post("/containers/{name:safe}/rename", name="{name:shelf}"),
        ], expected="container {name:safe}", found="nothing"),
    ],
)  # fmt: skip
def shop(x: Case) -> None:
    """Somebody else's shop is built like your application, and its page does not come.

    `{name:shop}` is the nginx, on the networks `{name:street}` and `{name:mall}`; `{name:clerk}` is the app and
    `{name:safe}` the store, both on `{name:mall}` alone; what the store keeps lies in the volume `{name:till}`. The
    page from port {port:shop} should show `{secret:till}`.

    Two things are wrong. Find and mend them, so that everything is as described.
    """
    others = (x.look("container", name) for name in (x.draw.name("shop"), x.draw.name("clerk"), x.kept["safe"]))
    _page(x, "shop", _TILL, *others)
    for word, networks in (("safe", ("mall",)), ("clerk", ("mall",)), ("shop", ("mall", "street"))):
        made = x.container(word)
        _networks(x, made, *networks, alone=word != "shop")
        if word == "safe":
            _stored(x, made, "till")
        else:
            _passes_on(x, made, _TILL)


_SLATE = "{secret:slate}"


@exercise(
    "6.8",
    _("A new bank, the same money"),
    Kind.MAKE,
    owns=("container:bank", "container:branch", "network:ring", "volume:money"),
    setup=[
        _network("ring", internal=True), *_redis("bank", "ring", "money", keep="bank"), *_tell("bank", _SLATE),
    ],
    hints={
        "": (
            _("The container is replaced, what it keeps is not: that lies in a volume with a name."),
            _("GET /containers/{name:bank}/json says how the old one was made; DELETE, then POST /containers/create."),
            _("Image, Cmd, HostConfig.NetworkMode and HostConfig.Mounts are to be the same again."),
            _('"HostConfig": {"NetworkMode": "{name:ring}", "Mounts": '
              '[{"Type": "volume", "Source": "{name:money}", "Target": "/data"}]}'),
        ),
        "volume": (_("The new one needs the volume {name:money} at /data, by its name."),),
        "word": (_("What lay in the volume is gone: lab.reset begins again. Deleting the container leaves it."),),
        "networks": (_("Like the old one, it belongs on {name:ring} alone."),),
        "redis": (_("Like the old one, it runs redis-server: Image and Cmd."),),
        "read": (
            _("Ask the new one: redis-cli get word. It answers nothing: it did not read what the old one wrote down."),
            _("Like the old one, it is to be told so: Cmd in GET /containers/…/json of the one, and of the other."),
            _('"Cmd": ["redis-server", "--appendonly", "yes"]'),
        ),
    },
    solution=Solution(
        [delete("/containers/{name:bank}", force=True), *_redis("bank", "ring", "money")],
        _("A named volume outlives its containers, with v=1 too. Updates are made so: replace, never mend."),
    ),
    also=[Also("renamed first, deleted last", [
        post("/containers/{name:bank}/rename", name="{name:branch}"), post("/containers/{name:branch}/stop", t=5),
        *_redis("bank", "ring", "money"), delete("/containers/{name:branch}"),
    ])],
    docker=[
        ["docker", "rm", "-f", "{name:bank}"],
        ["docker", "run", "-d", "--name", "{name:bank}", "--network", "{name:ring}", "-v", "{name:money}:/data",
         "redis", "redis-server", "--appendonly", "yes"],
    ],
    wrong=[
        Wrong("restarted only", [post("/containers/{name:bank}/restart", t=5)],
              expected="a new container", found="the old one"),
        Wrong("without the volume, and told the word again", [
            delete("/containers/{name:bank}", force=True), *_redis("bank", "ring"), *_tell("bank", _SLATE),
        ], expected="{name:money}", found="…"),
        Wrong("a new volume of the same name", [
            delete("/containers/{name:bank}", force=True), delete("/volumes/{name:money}"),
            *_redis("bank", "ring", "money"),
        ], expected=_SLATE, found="…"),
        Wrong("no redis in it", [
            delete("/containers/{name:bank}", force=True),
            *container("{name:bank}", *_IDLE, HostConfig={
                "NetworkMode": "{name:ring}", "Binds": ["{name:money}:/data"]}),
        ], expected="redis-server", found="sleep 99999"),
        Wrong("not started", [
            delete("/containers/{name:bank}", force=True), *_redis("bank", "ring", "money", start=False),
        ], expected="true", found="false"),
        Wrong("on the bridge", [
            delete("/containers/{name:bank}", force=True),
            *container("{name:bank}", *_WRITING, image="redis", HostConfig={"Binds": ["{name:money}:/data"]}),
        ], expected='["{name:ring}"]', found='["bridge"]'),
        Wrong("without --appendonly, so that it reads nothing", [
            delete("/containers/{name:bank}", force=True), *_redis("bank", "ring", "money", cmd=()),
        ], expected="--appendonly yes", found="… redis-server"),
        Wrong("the old one beside it", [
            post("/containers/{name:bank}/rename", name="{name:branch}"), *_redis("bank", "ring", "money"),
        ], expected="no container {name:branch}", found="container {name:branch}"),
        Wrong("deleted for good", [delete("/containers/{name:bank}", force=True)],
              expected="container {name:bank}", found="nothing"),
    ],
)  # fmt: skip
def bank(x: Case) -> None:
    """The redis in `{name:bank}`, on the network `{name:ring}`, keeps a word in the volume `{name:money}`.

    Replace the container by a new one of the same name, as for an update of its image: again a redis, on the same
    network, with the same volume. What was kept is still there, and the old container is gone.
    """
    made = x.container("bank")
    new = Mismatch(x.at(made, "Id"), "", _("a new container"), _("the old one"))
    x.need(made.get("Id") != x.kept["bank"], new)
    old = x.look("container", x.kept["bank"])
    name = str(dig(old, "Name") or "").lstrip("/")
    gone = Unexpected(_("GET /containers/json with all"), "", _("container {name}", name=name))
    x.expect(old is None, gone)
    _running(x, made)
    _networks(x, made, "ring")
    _stored(x, made, "money")
    _remembered(x, made, _SLATE)
    _serves(x, made)
    _reads(x, made, _SLATE)


_LAST = Predictions(
    "last",
    {
        403: ("DELETE /networks/{name:quay}",),
        404: ("DELETE /networks/{name:nowhere}", "DELETE /volumes/{name:nowhere}", "DELETE /containers/{name:nowhere}"),
        409: ("DELETE /volumes/{name:hold}", "DELETE /containers/{name:crane}", "DELETE /volumes/{name:hold}?force=1"),
        204: ("POST /containers/{name:crane}/kill", "POST /containers/{name:crane}/pause"),
    },
)


def _last_values(draw: Draw) -> dict[str, str]:
    truth = _LAST.statuses(draw)
    return {"calls": _LAST.text(draw), "truth": str(truth), "conflict": str([409 if s == 403 else s for s in truth])}


@exercise(
    "6.9",
    _("In the wrong order"),
    Kind.PREDICT,
    owns=("container:crane", "network:quay", "volume:hold"),
    values=_last_values,
    setup=[
        _network("quay"),
        *container("{name:crane}", *_IDLE, HostConfig={"NetworkMode": "{name:quay}", "Binds": ["{name:hold}:/hold"]}),
    ],
    hints={
        "": (
            _("Ask of each call: is the thing there, and does another one still need it?"),
            _("GET /containers/{name:crane}/json says which network and volume it uses."),
            _("Not there: 404. In use: 409, but 403 for a network. Done, and nothing to say: 204."),
            _("Three different refusals, and the last call succeeds."),
        )
    },
    solution=Solution(
        _LAST.solution,
        _("A container holds its network and its volume, so it goes first. Force does not help against that."),
        "{truth}",
    ),
    also=[Also("as text", answer='"{truth}".strip("[]")')],
    wrong=[
        Wrong("409 for the network too", answer="{conflict}", expected="the status of call …", found="409"),
        Wrong("every call succeeds", answer="[200, 200, 200, 200]", expected="the status of call 1", found="200"),
        Wrong("the second one wrong", answer="[{truth}[0], 500, *{truth}[2:]]",
              expected="the status of call 2", found="500"),
        Wrong("the third one wrong", answer="[*{truth}[:2], 304, 204]", expected="the status of call 3", found="304"),
        Wrong("the last one wrong", answer="[*{truth}[:3], 409]", expected="the status of call 4", found="409"),
    ],
)  # fmt: skip
def wrong_order(x: Case) -> None:
    """`{name:crane}` runs on the network `{name:quay}` and uses the volume `{name:hold}`. There is no `{name:nowhere}`.

    Which status code does each of these calls get, sent one after the other?

    {calls}

    Say it before you run them: `lab.check("6.9", [200, 200, 200, 200])`.
    """
    given = x.statuses(4)
    for n, ((status, call), code) in enumerate(zip(_LAST.drawn(x.draw), given), 1):
        x.right(status, code, _("the status of call {n}", n=n), x.fill(call))


_CARGO = {"Binds": ["{name:cargo}:/cargo"], "NetworkMode": "{name:wharf}"}
_GONE = [delete("/containers/{name:tug}", force=True), delete("/containers/{name:barge}")]


@exercise(
    "6.10",
    _("Torn down, and nothing else"),
    Kind.MAKE,
    owns=(
        "container:tug", "container:barge", "container:buoy", "container:light", "network:wharf", "volume:cargo",
        "volume:beacon",
    ),
    setup=[
        _network("wharf", keep="wharf"),
        *container("{name:tug}", *_IDLE, keep="tug", HostConfig=_CARGO),
        *container("{name:barge}", *_IDLE, keep="barge", start=False, HostConfig=_CARGO),
        *container("{name:light}", *_IDLE, keep="light", HostConfig={"Binds": ["{name:beacon}:/beacon"]}),
    ],
    hints={
        "": (
            _("What needs others goes first: containers, then networks and volumes."),
            _("DELETE /containers/…, DELETE /networks/…, DELETE /volumes/…"),
            _("A running container needs force; one that does not run is in the list only with all."),
            _('GET /containers/json?all=1&filters={"volume": ["{name:cargo}"]} shows who holds the volume.'),
        ),
        "light": (_("{name:light} and its volume {name:beacon} are not part of it: lab.reset begins again."),),
    },
    solution=Solution(
        [*_GONE, delete("/networks/{name:wharf}"), delete("/volumes/{name:cargo}")],
        _("One by one and by name: prune would have asked nobody whose things it takes."),
    ),
    also=[Also("stopped first, the network disconnected first", [
        post("/networks/{name:wharf}/disconnect", json={"Container": "{name:tug}"}), delete("/networks/{name:wharf}"),
        post("/containers/{name:tug}/stop", t=0), *_GONE, delete("/volumes/{name:cargo}"),
    ])],
    docker=[
        ["docker", "rm", "-f", "{name:tug}", "{name:barge}"], ["docker", "network", "rm", "{name:wharf}"],
        ["docker", "volume", "rm", "{name:cargo}"],
    ],
    wrong=[
        Wrong("the one that runs", [delete("/containers/{name:tug}", force=True)],
              expected="no container {name:barge}", found="container {name:barge}"),
        Wrong("the one that does not run", [delete("/containers/{name:barge}")],
              expected="no container {name:tug}", found="container {name:tug}"),
        Wrong("renamed", [
            post("/containers/{name:tug}/rename", name="{name:buoy}"), delete("/containers/{name:barge}"),
            post("/networks/{name:wharf}/disconnect", json={"Container": "{name:buoy}"}),
            delete("/networks/{name:wharf}"),
        ], expected="no container {name:buoy}", found="container {name:buoy}"),
        Wrong("the containers alone", [*_GONE, delete("/volumes/{name:cargo}")],
              expected="no network {name:wharf}", found="network {name:wharf}"),
        Wrong("the volume left", [*_GONE, delete("/networks/{name:wharf}")],
              expected="no volume {name:cargo}", found="volume {name:cargo}"),
        Wrong("the light killed", [
            *_GONE, delete("/networks/{name:wharf}"), delete("/volumes/{name:cargo}"),
            post("/containers/{name:light}/kill"),
        ], expected="true", found="false"),
        Wrong("the light deleted", [
            *_GONE, delete("/networks/{name:wharf}"), delete("/volumes/{name:cargo}"),
            delete("/containers/{name:light}", force=True),
        ], expected="container {name:light}", found="nothing"),
        Wrong("the light made anew", [
            *_GONE, delete("/networks/{name:wharf}"), delete("/volumes/{name:cargo}"),
            delete("/containers/{name:light}", force=True), *container("{name:light}", *_IDLE),
        ], expected="the container {name:light} that was there"),
    ],
)  # fmt: skip
def torn_down(x: Case) -> None:
    """Tear this down: the containers `{name:tug}`, which runs, and `{name:barge}`, which does not; the network
    `{name:wharf}`; and the volume `{name:cargo}`. The container `{name:light}` belongs to somebody else, and goes on
    running.
    """
    for word in ("tug", "barge"):
        left = x.look("container", x.kept[word])
        name = _("container {name}", name=str(dig(left, "Name") or "").lstrip("/"))
        x.expect(left is None, Unexpected(_("GET /containers/json with all"), "", name))
    x.gone("network", x.draw.name("wharf"))
    x.gone("volume", x.draw.name("cargo"))
    light = x.stays("container", "light", "light")
    x.field(light, "State", "Running", equals=True, about="light")
