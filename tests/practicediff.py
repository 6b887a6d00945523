"""The same requests to a real Engine and to the practice engine, and what differs in the answers.

What can't be the same twice is masked: ids, times, addresses, sizes, and where an
engine keeps its things.
"""

from __future__ import annotations

import contextlib
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from practicehelp import Clock

from labkit.engines.practice import routes
from labkit.session import Session

Draw = Callable[[list[Any]], Any]
"""Chooses one of several; hypothesis or a seeded random number generator."""


@dataclass(frozen=True)
class Step:
    """One request."""

    method: str
    path: str
    body: Any = None


_MASKED = re.compile(
    r"(Created|CreatedAt|StartedAt|FinishedAt|LastTagTime|Size|SizeRw|SizeRootFs|VirtualSize|SpaceReclaimed|Pid|Created"
    r"|SandboxID|SandboxKey|EndpointID|Gateway|IPAddress|IPPrefixLen|MacAddress|Subnet|IPv4Address|Layers|Processes"
    r"|org\.opencontainers\.image\.description|LogPath|ResolvConfPath|HostnamePath|HostsPath|NetworkID|Id|ID|ImageID"
    r"|Mountpoint|LowerDir|MergedDir|UpperDir|WorkDir|DeviceId|DeviceSize|DeviceName|Digest|RepoDigests|ParentId|Parent"
    r"|DockerVersion|PublicPort|last-update|since|until|time|timeNano|container|execID|exec_id|image)"
)
_ID = re.compile(r"[0-9a-f]{64}")
_TEXTS = (
    (r"/\S*?/(real|practice)(?=/work/|/\.lab/|$)", "ROOT"),
    (r"\btime=[0-9.]+ ms", "time=SOME ms"),
    (r"\bsize: \d+$", "size: SOME"),
    (r"\b[0-9.]+/[0-9.]+/[0-9.]+ ms", "SOME/SOME/SOME ms"),
    (r"sha256:[0-9a-f]{64}|\b[0-9a-f]{64}\b|\b(?=[a-f]*[0-9])[0-9a-f]{10,12}\b", "ID"),
    (r"\b\d{1,3}(\.\d{1,3}){3}(/\d+)?\b", "ADDRESS"),
    (r"\b[0-9a-f]{2}(:[0-9a-f]{2}){5}\b", "MAC"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
    (r"\b(\d+ (second|minute|hour|day|week|month)s?|Less than a second|About an? (minute|hour))\b", "AGE"),
    (r"\b[1-6]\d{4}\b", "PORT"),
    (r"(/[\w.+-]+)+(?=/volumes/|/containers/|/overlay2/)", "ROOT"),
)


def plain(value: Any, key: str = "") -> Any:
    """Return an answer without what can't be the same twice; its shape stays."""
    if _MASKED.fullmatch(key) and not isinstance(value, dict | bool) and value not in (None, "", [], 0):
        return type(value).__name__ if not isinstance(value, list) else ["…"]
    if isinstance(value, dict):
        if len(value) > 1 and all(_ID.fullmatch(k) for k in value):  # a map by ids, which are all masked
            return sorted((plain(v, k) for k, v in value.items()), key=json.dumps)
        return {plain(k): plain(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return _sorted(_told_once([plain(item) for item in value]), key)
    if isinstance(value, str):
        for pattern, mask in _TEXTS:
            value = re.sub(pattern, mask, value)
    return value


UNORDERED = frozenset({"NetworksDeleted", "VolumesDeleted", "ContainersDeleted", "Aliases"})
"""Lists of names that the Engine takes out of a map."""


def _sorted(rows: list[Any], key: str) -> list[Any]:
    """Return rows in an order of their own, where the Engine gives none: by name."""
    by = ("Names", "Destination", "Name", "RepoTags", "Path", "Untagged", "Deleted")
    if rows and all(isinstance(row, str) for row in rows) and key in UNORDERED:
        return sorted(rows)
    if rows and all(isinstance(row, dict) and any(k in row for k in by) for row in rows):
        return sorted(rows, key=lambda row: json.dumps([row.get(k) for k in by]))
    return rows


def _told_once(rows: list[Any]) -> list[Any]:
    """Return a stream without how far a layer is: how often that is told hangs on the time and on sizes."""
    if not any(isinstance(row, dict) and "progressDetail" in row and "status" in row for row in rows):
        return rows
    kept: list[Any] = []
    for row in rows:
        bare = {k: v for k, v in row.items() if k not in ("progress", "progressDetail")}
        if not kept or bare != kept[-1]:
            kept.append(bare)
    return kept


def streams(body: bytes) -> Any:
    """Return the frames of a log or an exec as the text of each stream: how two pipes interleave is chance."""
    texts, at = {}, 0
    while at + 8 <= len(body):
        head, size = body[at], int.from_bytes(body[at + 4 : at + 8], "big")
        if head > 2 or body[at + 1 : at + 4] != bytes(3):
            return parsed(body)
        texts[str(head)] = texts.get(str(head), b"") + body[at + 8 : at + 8 + size]
        at += 8 + size
    return {name: text.decode("utf-8", "replace") for name, text in texts.items()} if at else parsed(body)


def different(real: Any, ours: Any, at: str = "") -> Iterator[str]:
    """Yield the fields that differ, with both values."""
    if isinstance(real, dict) and isinstance(ours, dict):
        for key in sorted({*real, *ours}):
            name = f"{at}.{key}".lstrip(".")
            if key not in ours:
                yield f"{name}: lacking, {_short(real[key])}"
            elif key not in real:
                yield f"{name}: too much, {_short(ours[key])}"
            else:
                yield from different(real[key], ours[key], name)
    elif isinstance(real, list) and isinstance(ours, list) and len(real) == len(ours):
        for one, other in zip(real, ours):
            yield from different(one, other, f"{at}[]")
    elif real != ours:
        yield f"{at or 'body'}: {_short(real)} and not {_short(ours)}"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) < 160 else text[:160] + "…"


def parsed(body: bytes) -> Any:
    """Return a body as JSON, as a list of lines of JSON, or as text without log frames' binary heads."""
    with contextlib.suppress(ValueError):
        return json.loads(body)
    with contextlib.suppress(ValueError):
        return [json.loads(line) for line in body.splitlines() if line]
    return body.decode("utf-8", "replace")


def endpoint(method: str, target: str) -> str:
    """Return the endpoint that a request belongs to, such as ``GET /containers/{id}/json``."""
    path = re.sub(r"^/v\d+\.\d+(?=/)", "", target.partition("?")[0])
    return f"{method} {routes.template(method, path) or path}"


@dataclass
class Score:
    """How often each endpoint was asked, and what differed."""

    asked: Counter[str] = field(default_factory=Counter)
    same: Counter[str] = field(default_factory=Counter)
    fields: dict[str, Counter[str]] = field(default_factory=dict)

    def note(self, name: str, found: list[str]) -> None:
        """Count one comparison."""
        self.asked[name] += 1
        self.same[name] += not found
        for one in found:
            self.fields.setdefault(name, Counter())[re.sub(r"\[\]", "", one.partition(":")[0])] += 1


def compare(name: str, real: tuple[int, bytes], ours: tuple[int, bytes]) -> list[str]:
    """Return what differs between two answers to one endpoint."""
    if real[0] != ours[0]:
        return [f"status: {real[0]} and not {ours[0]}; {_short(parsed(real[1]))} and not {_short(parsed(ours[1]))}"]
    if name in OPAQUE or name.startswith("HEAD"):
        return []
    read = streams if name in FRAMED else parsed
    return list(different(plain(read(real[1])), plain(read(ours[1]))))


FRAMED = frozenset({"GET /containers/{id}/logs", "POST /exec/{id}/start", "POST /containers/{id}/attach"})


OPAQUE = frozenset(
    {
        "GET /containers/{id}/archive",
        "GET /containers/{id}/export",
        "GET /containers/{id}/stats",
        "GET /containers/{id}/top",
        "GET /images/{name}/get",
        "GET /images/get",
        "GET /info",
        "GET /system/df",
        "GET /version",
    }
)
"""Endpoints whose status alone is compared here: their content is an archive, or what a machine is."""


class Pair:
    """A real Engine and the practice engine in the profile that is nearest to it, asked the same."""

    def __init__(self, real: Session, score: Score | None = None) -> None:
        newer = tuple(int(part) for part in real.version.split(".")) > (1, 44)
        self.real, self.ours, self.score = real, Clock("29" if newer else "20.10"), score or Score()
        self.history: list[str] = []
        self.clear()

    def clear(self) -> None:
        """Take away on the real Engine what the steps below have made."""
        for name in CONTAINERS:
            self.real.request("DELETE", f"/containers/{name}", {"force": True, "v": True})
        for name in NETWORKS:
            self.real.request("DELETE", f"/networks/{name}")
        for name in VOLUMES:
            self.real.request("DELETE", f"/volumes/{name}")
        for name in TAGS:
            self.real.request("DELETE", f"/images/{name}", {"force": True})

    def ask(self, step: Step) -> list[str]:
        """Ask both; return what differs."""
        answer = self.real.request(step.method, step.path, json=step.body)
        real = (answer.status, answer.response.body)
        ours = self.ours(step.method, f"/v{self.real.version}{step.path}", step.body)
        name = endpoint(step.method, step.path)
        found = compare(name, real, ours)
        self.history.append(f"{step.method} {step.path} {step.body or ''} {real[0]}")
        self.score.note(name, found)
        if step.path.partition("?")[0].endswith(("/start", "/restart")) and real[0] == 204 and not self._lasts(step):
            found += self.ask(Step("POST", step.path.rpartition("/")[0] + "/wait"))
        return found

    def _lasts(self, step: Step) -> bool:
        facts = self.real.request("GET", f"{step.path.rpartition('/')[0]}/json").json()
        return bool(facts["Path"] == "sleep")


def random_requests(real: Session, score: Score, sequences: int, length: int) -> None:
    """Ask a real Engine and the practice engine the same, by chance, but each time the same; count what differs.

    Parameters
    ----------
    sequences, length: so many times so many requests, each time from the beginning.
    """
    for seed in range(sequences):
        chance, pair = random.Random(seed), Pair(real, score)
        for _n in range(length):
            pair.ask(KINDS[chance.choice(list(KINDS))](chance.choice))
        pair.clear()


CONTAINERS = ["ca-diff", "cb-diff", "cc-diff"]
NETWORKS = ["na-diff", "nb-diff"]
VOLUMES = ["va-diff", "vb-diff"]
TAGS = ["ta-diff:1", "tb-diff:latest"]
_SLEEP, _TRUE, _FAIL = ["sleep", "1000"], ["true"], ["sh", "-c", "echo out; echo err >&2; exit 3"]
_NOBODY = "nobody-diff"


def _create(draw: Draw) -> Step:
    body: dict[str, Any] = {
        "Image": draw(["busybox", "busybox", *TAGS, "nosuch-diff"]),
        "Cmd": draw([_SLEEP, _TRUE, _FAIL]),
    }
    body |= draw(
        [{}, {"Labels": {"b": "2", "a": "1"}}, {"Env": ["X=1"], "WorkingDir": "/tmp", "Tty": True}, {"User": "nobody"}]
    )
    body |= draw([{}, {"ExposedPorts": {"81/tcp": {}, "80/udp": {}}}, {"Volumes": {"/v": {}}}, {"Hostname": "box"}])
    host = draw(
        [
            {},
            {},
            {"Binds": [f"{draw(VOLUMES)}:/data:ro"]},
            {"Mounts": [{"Type": "volume", "Source": draw(VOLUMES), "Target": "/data"}]},
            {"Mounts": [{"Type": "tmpfs", "Target": "/tmp/x", "TmpfsOptions": {"SizeBytes": 1048576}}]},
            {"NetworkMode": draw([*NETWORKS, "none", _NOBODY])},
            {
                "Memory": draw([1, 67108864]),
                "RestartPolicy": {"Name": draw(["no", "on-failure", "odd"]), "MaximumRetryCount": 0},
            },
            {"PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]}, "ReadonlyRootfs": True},
            {"Binds": ["/data"], "AutoRemove": False},
        ]
    )
    return Step(
        "POST", f"/containers/create?name={draw([*CONTAINERS, 'x'])}", body | ({"HostConfig": host} if host else {})
    )


def _on_container(draw: Draw) -> Step:
    name = draw([*CONTAINERS, *CONTAINERS, _NOBODY])
    method, path = draw(
        [
            ("POST", "start"),
            ("POST", "start"),
            ("POST", "stop?t=0"),
            ("POST", "kill"),
            ("POST", "kill?signal=ODD"),
            ("POST", "restart?t=0"),
            ("POST", "pause"),
            ("POST", "unpause"),
            ("GET", "json"),
            ("GET", "json?size=0"),
            ("GET", "logs?stdout=1"),
            ("GET", "logs"),
            ("GET", "top"),
            ("GET", "changes"),
            ("HEAD", "archive?path=/etc/passwd"),
            ("GET", "archive?path=/nosuch"),
            ("POST", "rename?name=" + draw(CONTAINERS)),
            ("POST", "resize?h=10&w=20"),
            ("DELETE", ""),
            ("DELETE", "?force=1"),
            ("DELETE", "?v=1"),
        ]
    )
    tail = path if path.startswith("?") or not path else f"/{path}"
    return Step(method, f"/containers/{name}{tail}")


def _list(draw: Draw) -> Step:
    filters = draw(
        [
            '{"status":["running"]}',
            '{"status":["odd"]}',
            '{"label":["a=1"]}',
            '{"name":["ca-diff"]}',
            '{"odd":["x"]}',
            '{"exited":["3"]}',
            '{"ancestor":["busybox"]}',
            f'{{"volume":["{draw(VOLUMES)}"]}}',
            "nonsense",
            f'{{"network":["{draw(NETWORKS)}"]}}',
        ]
    )
    return Step(
        "GET", draw(["/containers/json", "/containers/json?all=1", f"/containers/json?all=1&filters={filters}"])
    )


def _volume(draw: Draw) -> Step:
    name = draw([*VOLUMES, _NOBODY])
    body = {
        "Name": draw([*VOLUMES, "a/b", "x"]),
        **draw([{}, {"Labels": {"z": "1"}}, {"Driver": "odd"}, {"DriverOpts": {"odd": "1"}}]),
    }
    return draw(
        [
            Step("POST", "/volumes/create", body),
            Step("POST", "/volumes/create", body),
            Step("GET", f"/volumes/{name}"),
            Step("DELETE", f"/volumes/{name}"),
            Step("DELETE", f"/volumes/{name}?force=1"),
            Step("GET", f'/volumes?filters={{"name":["{name}"]}}'),
            Step("GET", '/volumes?filters={"odd":["x"]}'),
        ]
    )


def _network(draw: Draw) -> Step:
    name, who = draw([*NETWORKS, _NOBODY]), draw([*CONTAINERS, _NOBODY])
    body = {
        "Name": draw(NETWORKS),
        "CheckDuplicate": True,
        **draw(
            [
                {},
                {"Internal": True, "Labels": {"z": "1"}},
                {"Driver": "odd"},
                {"IPAM": {"Config": [{"Subnet": "10.77.0.0/24"}]}},
                {"IPAM": {"Config": [{"Subnet": "odd"}]}},
            ]
        ),
    }
    place = draw(
        [
            {},
            {},
            {"EndpointConfig": {"Aliases": ["alias"]}},
            {"EndpointConfig": {"IPAMConfig": {"IPv4Address": "10.77.0.9"}}},
        ]
    )
    return draw(
        [
            Step("POST", "/networks/create", body),
            Step("POST", "/networks/create", body),
            Step("GET", f"/networks/{name}"),
            Step("DELETE", f"/networks/{name}"),
            Step("POST", f"/networks/{name}/connect", {"Container": who, **place}),
            Step("POST", f"/networks/{name}/disconnect", {"Container": who}),
            Step("POST", f"/networks/{name}/disconnect", {"Container": who, "Force": True}),
            Step("GET", f'/networks?filters={{"name":["{name}"]}}'),
            Step("GET", '/networks?filters={"odd":["x"]}'),
        ]
    )


def _image(draw: Draw) -> Step:
    name = draw([*TAGS, *TAGS, "nosuch-diff"])
    repository, _colon, tag = draw(TAGS).partition(":")
    return draw(
        [
            Step("POST", f"/images/busybox/tag?repo={repository}&tag={tag}"),
            Step("POST", f"/images/nosuch-diff/tag?repo={repository}"),
            Step("POST", "/images/busybox/tag?repo=UPPER"),
            Step("GET", f"/images/{name}/json"),
            Step("GET", f"/images/{name}/history"),
            Step("DELETE", f"/images/{name}"),
            Step("DELETE", f"/images/{name}?noprune=1"),
            Step("GET", f'/images/json?filters={{"reference":["{name}"]}}'),
        ]
    )


KINDS: dict[str, Callable[[Draw], Step]] = {
    "create": _create,
    "container": _on_container,
    "listed": _list,
    "volume": _volume,
    "network": _network,
    "image": _image,
}
"""What a step may be about; each returns one."""
