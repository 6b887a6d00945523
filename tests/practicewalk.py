"""The probes of the real engines, asked of the practice engine one after the other.

Each step is named as in ``data/engine-probes.json`` and answers in the shape in which the
real engine's answer was written down there.
"""

from __future__ import annotations

import io
import json
import re
import tarfile
from pathlib import Path
from typing import Any

from practicehelp import MIRROR, Clock, tar

from labkit.engines.practice import bundled
from labkit.engines.practice.hostfolder import WorkFolders

LOOP = "i=0; while true; do echo out $i; echo err $i >&2; i=$((i+1)); sleep 0.2; done"
UPGRADE = {"connection": "Upgrade", "upgrade": "tcp"}
SLEEP = {"Image": "busybox", "Cmd": ["sleep", "100"]}


class Walk:
    """All probes on one profile; `seen` has the answers.

    Parameters
    ----------
    folder: what bind mounts may reach.
    """

    def __init__(self, version: str, folder: Path) -> None:
        self.folder = folder / "LAB" / "t"
        for name in ("mnt", "nope"):  # the second one stood there when the real ones were asked, too
            (self.folder / name).mkdir(parents=True)
        self.clock = Clock(version, folders=WorkFolders(folder), images=False)
        self.seen: dict[str, list[Any]] = {}
        for part in (
            self.system,
            self.images,
            self.create,
            self.read,
            self.output,
            self.execs,
            self.change,
            self.refuse,
            self.end,
            self.mounts,
            self.volumes,
            self.networks,
            self.events,
            self.builds,
            self.remove,
            self.versions,
        ):
            part()

    def ask(self, method: str, target: str, body: Any = None, **headers: Any) -> tuple[int, Any]:
        """Return status and answer, taken out of its JSON where it is JSON."""
        status, data = self.clock(method, target, body, **headers)
        try:
            return status, json.loads(data)
        except ValueError:
            return status, data.decode("utf-8", "replace")

    def note(self, probe: str, status: int, answer: Any) -> None:
        """Write an answer down."""
        self.seen[probe] = [status, answer]

    def probe(self, probe: str, method: str, target: str, body: Any = None, **headers: Any) -> Any:
        """Ask, and write the answer down as it is."""
        status, answer = self.ask(method, target, body, **headers)
        self.note(probe, status, answer)
        return answer

    def keys(self, probe: str, method: str, target: str, body: Any = None) -> Any:
        """Ask, and write the names of the answer's fields down."""
        status, answer = self.ask(method, target, body)
        self.note(probe, status, sorted(answer))
        return answer

    def rows(self, probe: str, target: str, *fields: str, keys: bool = False) -> None:
        """Ask for a list, and write some fields of each row down."""
        status, rows = self.ask("GET", target)
        said = [[row.get(name) for name in fields] for row in rows]
        self.note(probe, status, [*said, sorted(rows[0])] if keys else said)

    def stream(self, probe: str, method: str, target: str, body: Any = None, **more: Any) -> None:
        """Ask for a stream, and write its head and its frames down."""
        status, out, _channel = self.clock.listen(method, target, body, **more)
        self.note(probe, status, [self.clock.headers.get("Content-Type"), out.decode("latin-1")])

    def system(self) -> None:
        self.probe("ping", "GET", "/_ping")
        own = ("Content-Type", "Cache-Control", "Pragma")
        self.note("ping hdr", 200, {k: v for k, v in self.clock.headers.items() if k not in own})
        status, said = self.ask("GET", "/version")
        self.note("version", status, [said["Version"], said["ApiVersion"], said["MinAPIVersion"]])
        status, said = self.ask("GET", "/info")
        self.note("info keys", status, [said["Driver"], said["ServerVersion"], said["IndexServerAddress"], len(said)])

    def images(self) -> None:
        tree = bundled.images()["busybox:latest"].layers[0].tar
        self.probe("import", "POST", "/images/create?fromSrc=-&repo=busybox&tag=latest&changes=CMD%20[%22sh%22]", tree)
        self.rows("images json", "/images/json", "RepoTags", keys=True)
        self.seen["images json"][1] = [[self.seen["images json"][1][0][0], self.seen["images json"][1][1]]]
        status, said = self.ask("GET", "/images/busybox/json")
        self.note("images inspect", status, [said["RepoTags"], said["Config"]["Cmd"], sorted(said)])
        self.probe("images inspect 404", "GET", "/images/nosuch/json")
        status, said = self.ask("GET", "/images/busybox/history")
        row = said[0]
        self.note("history", status, [row["Tags"], row["Comment"], row["CreatedBy"], sorted(row)])
        self.probe("tag", "POST", "/images/busybox/tag?repo=lab/bb&tag=v1")
        tags = {
            "tag names": "",
            "images filter ref": '?filters={"reference":["lab/bb"]}',
            "images filter ref map-form": '?filters={"reference":{"lab/bb":true}}',
            "images legacy filter=": "?filter=lab/bb",
        }
        for probe, query in tags.items():
            status, said = self.ask("GET", f"/images/json{query}")
            self.note(probe, status, [row["RepoTags"] for row in said])
        self.probe("untag", "DELETE", "/images/lab/bb:v1")
        self.clock.registry.add("team/busybox", "latest", bundled.images()["busybox:latest"])
        self.probe("search", "GET", f"/images/search?term={MIRROR}/busybox")

    def create(self) -> None:
        create = "/containers/create"
        self.probe("create noimage", "POST", create, {"Image": "nosuch:1", "Cmd": ["sh"]})
        self.probe("create badjson", "POST", create, b"{bad", content_type="application/json")
        self.probe("create noctype", "POST", create, b'{"Image":"busybox"}')
        self.probe("create empty", "POST", create, {})
        self.keys("create nocmd", "POST", f"{create}?name=nocmd", {"Image": "busybox"})
        self.ask("DELETE", "/containers/nocmd")
        body = {"Image": "busybox", "Cmd": ["sh", "-c", LOOP], "Labels": {"lab": "1"}}
        self.keys("create", "POST", f"{create}?name=c1", body)
        self.probe("create dupname", "POST", f"{create}?name=c1", body)
        self.probe("create badname", "POST", f"{create}?name=-bad", body)
        self.probe("start", "POST", "/containers/c1/start")
        self.probe("start again", "POST", "/containers/c1/start")
        self.probe("start 404", "POST", "/containers/nope/start")
        self.clock.now += 0.9

    def read(self) -> None:
        base = "/containers/json"
        status, said = self.ask("GET", base)
        row = said[0]
        shown = [row[k] for k in ("Names", "Image", "State", "Status", "Command", "Ports")]
        self.note("containers json", status, [shown, sorted(row)])
        self.rows("containers size=1", f"{base}?size=1", "SizeRw", "SizeRootFs")
        status, said = self.ask("GET", f'{base}?filters={{"label":["lab=1"]}}')
        self.note("containers filter label", status, [row["Names"] for row in said])
        self.probe("containers filter bad key", "GET", f'{base}?filters={{"nokey":["x"]}}')
        self.probe("containers filter bad json", "GET", f"{base}?filters=nope")
        status, said = self.ask("GET", f"{base}?limit=1")
        self.note("containers limit", status, len(said))
        status, said = self.ask("GET", "/containers/c1/json")
        net = said["NetworkSettings"]
        addresses = {name: place["IPAddress"] for name, place in net["Networks"].items()}
        shown = [said["Name"], said["State"]["Status"], said["Config"]["Cmd"], net.get("IPAddress", "ABSENT")]
        self.note("inspect", status, [*shown, addresses, sorted(net), sorted(said)])
        status, said = self.ask("GET", "/containers/c1/json?size=1")
        self.note("inspect size", status, [said["SizeRw"], said["SizeRootFs"]])
        self.probe("inspect 404", "GET", "/containers/nope/json")
        queries = {"top": "", "top ps_args=aux": "?ps_args=aux", "top ps_args=-o pid,comm": "?ps_args=-o%20pid,comm"}
        for probe, query in queries.items():
            status, said = self.ask("GET", f"/containers/c1/top{query}")
            self.note(probe, status, [said["Titles"], said["Processes"][0]])
        self.probe("top ps_args bad", "GET", "/containers/c1/top?ps_args=-o%20comm")

    def output(self) -> None:
        logs = "/containers/c1/logs"
        status, out = self.clock("GET", f"{logs}?stdout=1&stderr=1&tail=4")
        chunked = "chunked" if self.clock.streamed else None
        self.note("logs", status, [self.clock.headers.get("Content-Type"), chunked, out.decode("latin-1")])
        self.probe("logs noparams", "GET", logs)
        self.probe("logs ts", "GET", f"{logs}?stdout=1&timestamps=1&tail=1")
        self.probe("logs stderr only", "GET", f"{logs}?stderr=1&tail=1")
        self.stream("logs follow raw", "GET", f"{logs}?stdout=1&follow=1&tail=0")
        self.probe("changes", "GET", "/containers/c1/changes")
        status, out = self.clock("GET", "/containers/c1/export")
        with tarfile.open(fileobj=io.BytesIO(out)) as archive:
            inside = archive.getnames()
        chunked = "chunked" if self.clock.streamed else None
        self.note("export", status, [self.clock.headers.get("Content-Type"), chunked, "bin/sh" in inside, len(inside)])
        status, said = self.ask("GET", "/containers/c1/stats?stream=0")
        memory = said["memory_stats"]
        processors = said["cpu_stats"]["online_cpus"]
        self.note("stats stream=0", status, [sorted(said), processors, memory["usage"], sorted(memory)])
        before = self.clock.now
        status, _said = self.ask("GET", "/containers/c1/stats?stream=0&one-shot=1")
        self.note("stats one-shot secs", status, round(self.clock.now - before, 1))
        status, out, _channel = self.clock.listen("GET", "/containers/c1/stats", limit=2.5)
        first = next(iter(json.loads(out.splitlines()[0])))
        self.note("stats stream", status, [out.count(b"\n"), self.clock.headers.get("Content-Type"), first])
        attach = "/containers/c1/attach"
        self.stream("attach upgrade", "POST", f"{attach}?stream=1&stdout=1&stderr=1", **UPGRADE)
        self.stream("attach noupgrade", "POST", f"{attach}?stream=1&stdout=1")
        self.stream("attach logs only", "POST", f"{attach}?logs=1&stdout=1")

    def execs(self) -> None:
        def make(*words: str, **more: Any) -> str:
            body = {"Cmd": words, "AttachStdout": True, "AttachStderr": True, **more}
            return str(self.ask("POST", "/containers/c1/exec", body)[1]["Id"])

        command = ["sh", "-c", "echo hi; echo er >&2; exit 3"]
        body = {"Cmd": command, "AttachStdout": True, "AttachStderr": True}
        identity = self.keys("exec create", "POST", "/containers/c1/exec", body)["Id"]
        self.stream("exec start", "POST", f"/exec/{identity}/start", {})
        status, said = self.ask("GET", f"/exec/{identity}/json")
        self.note("exec inspect", status, [said["ExitCode"], said["Running"], sorted(said)])
        status, out = self.clock("POST", f"/exec/{identity}/start", {})
        self.note("exec start again", status, out.decode("latin-1"))
        self.stream("exec tty", "POST", f"/exec/{make('echo', 'tty', Tty=True)}/start", {"Tty": True})
        identity = make("cat", AttachStdin=True)
        status, out, channel = self.clock.listen("POST", f"/exec/{identity}/start", {}, limit=0.1, **UPGRADE)
        assert channel is not None
        channel.on_input(b"hello stdin\n")
        channel.on_input_end()
        out += self.clock.take(channel, 1.0)
        end = "<EOF>" if channel.ended else ""
        self.note("exec stdin hijack", status, [self.clock.headers.get("Content-Type"), out.decode("latin-1") + end])
        status, out = self.clock("POST", f"/exec/{make('nosuchbin')}/start", {})
        self.note("exec badcmd", status, out.decode("latin-1"))
        self.probe("exec detach", "POST", f"/exec/{make('sleep', '1')}/start", {"Detach": True})

    def change(self) -> None:
        base = "/containers/c1"
        self.probe("pause", "POST", f"{base}/pause")
        status, said = self.ask("GET", f"{base}/json")
        self.note("paused state", status, said["State"]["Status"])
        self.probe("unpause", "POST", f"{base}/unpause")
        self.probe("rename", "POST", f"{base}/rename?name=c9")
        self.probe("rename back", "POST", "/containers/c9/rename?name=c1")
        self.probe("update", "POST", f"{base}/update", {"Memory": 67108864, "MemorySwap": 134217728})
        self.probe("resize", "POST", f"{base}/resize?h=24&w=80")
        status, out = self.clock("GET", f"{base}/archive?path=/etc/passwd")
        with tarfile.open(fileobj=io.BytesIO(out)) as archive:
            inside = archive.getnames()
        head = self.clock.headers
        self.note("archive get", status, [head["Content-Type"], "X-Docker-Container-Path-Stat" in head, inside])
        self.probe("copy old", "POST", f"{base}/copy", {"Resource": "/etc/passwd"})
        self.keys("commit", "POST", "/commit?container=c1&repo=lab/committed&tag=1&comment=hi")
        status, said = self.ask("GET", "/images/lab/committed:1/history")
        rows = [[row["Comment"], row["Size"], row["CreatedBy"][:40]] for row in said]
        self.note("commit history", status, rows)
        status, said = self.ask("DELETE", "/images/lab/committed:1")
        self.note("delete image multi", status, [sorted(row) for row in said])

    def refuse(self) -> None:
        base = "/containers/c1"
        self.probe("delete image in use", "DELETE", "/images/busybox:latest")
        self.probe("delete running noforce", "DELETE", base)
        status, _out = self.clock("POST", f"{base}/stop?t=1")
        self.note("stop raw", 0, f"HTTP/1.1 {status} No Content")
        self.probe("stop again", "POST", f"{base}/stop")
        self.probe("kill stopped", "POST", f"{base}/kill")
        self.probe("kill badsig", "POST", f"{base}/kill?signal=NOPE")
        self.probe("wait stopped", "POST", f"{base}/wait")
        self.probe("top stopped", "GET", f"{base}/top")
        self.probe("exec stopped", "POST", f"{base}/exec", {"Cmd": ["true"]})
        status, said = self.ask("GET", f"{base}/stats?stream=0")
        self.note("stats stopped", status, str(sorted(said))[:80])
        self.probe("pause stopped", "POST", f"{base}/pause")

    def end(self) -> None:
        self.probe("restart", "POST", "/containers/c1/restart?t=1")
        self.probe("kill", "POST", "/containers/c1/kill")
        self.rows("status after kill", "/containers/json?all=1", "Names", "State", "Status")
        self.probe("delete", "DELETE", "/containers/c1")
        self.probe("delete 404", "DELETE", "/containers/c1")
        self.run("wait", {"Image": "busybox", "Cmd": ["sh", "-c", "sleep 1; exit 7"]}, start=True)
        before = self.clock.now
        self.probe("wait", "POST", "/containers/wait/wait")
        self.note("wait secs", 0, round(self.clock.now - before, 1))
        self.run("tty", {"Image": "busybox", "Cmd": ["echo", "raw tty"], "Tty": True}, start=True)
        self.stream("tty logs", "GET", "/containers/tty/logs?stdout=1")
        self.keys("create badcmd", "POST", "/containers/create?name=bad", {"Image": "busybox", "Cmd": ["nosuchbin"]})
        self.probe("start badcmd", "POST", "/containers/bad/start")
        body = {"HostConfig": {"Binds": []}}
        self.probe("start with HostConfig body", "POST", "/containers/tty/start", body)

    def run(self, name: str, body: dict[str, Any], *, start: bool = False) -> int:
        """Make a container, and start it where asked; return the status."""
        status = self.ask("POST", f"/containers/create?name={name}", body)[0]
        if start:
            self.ask("POST", f"/containers/{name}/start")
        return status

    def mounts(self) -> None:
        source = str(self.folder / "mnt")
        bind = {"Type": "bind", "Source": source, "Target": "/data"}
        nope = {**bind, "Source": str(self.folder / "nope")}
        wrong = {"Type": "bind", "Source": source, "Destination": "/data"}
        cases: dict[str, dict[str, Any]] = {
            "top Mounts": {"Mounts": [{"Source": source, "Destination": "/data"}]},
            "top Mounts typed": {"Mounts": [bind]},
            "HC.Binds": {"HostConfig": {"Binds": [f"{source}:/data:ro"]}},
            "HC.Mounts bind": {"HostConfig": {"Mounts": [bind]}},
            "HC.Mounts Destination": {"HostConfig": {"Mounts": [wrong]}},
            "HC.Mounts missing src": {"HostConfig": {"Mounts": [nope]}},
            "HC.Binds missing src": {"HostConfig": {"Binds": [f"{self.folder / 'autocreate'}:/data"]}},
            "HC.Binds named vol": {"HostConfig": {"Binds": ["labvol:/data"]}},
            "HC.Mounts volume": {
                "HostConfig": {"Mounts": [{"Type": "volume", "Source": "labvol2", "Target": "/data"}]}
            },
            "Volumes anon": {"Volumes": {"/data": {}}},
        }
        for probe, body in cases.items():
            status, said = self.ask("POST", "/containers/create?name=mm", {**SLEEP, **body})
            if status == 201:
                facts = self.ask("GET", "/containers/mm/json")[1]["Mounts"]
                said = [[m["Type"], _end(m["Source"]), m["Destination"], m["RW"]] for m in facts]
                self.ask("DELETE", "/containers/mm?v=1")
            else:
                said = said["message"]
            self.note(f"mount {probe}", status, said)

    def volumes(self) -> None:
        body = {"Name": "v1", "Labels": {"a": "b"}}
        self.keys("vol create", "POST", "/volumes/create", body)
        status, said = self.ask("POST", "/volumes/create", body)
        self.note("vol create again", status, {**said, "Mountpoint": _end(said["Mountpoint"])})
        status, said = self.ask("POST", "/volumes/create", {})
        self.note("vol anon", status, len(said["Name"]))
        self.probe("vol badname", "POST", "/volumes/create", {"Name": "a/b"})
        self.probe("vol baddriver", "POST", "/volumes/create", {"Name": "vx", "Driver": "nodrv"})
        status, said = self.ask("GET", "/volumes")
        self.note("vol list", status, [sorted(said), len(said["Volumes"]), said["Warnings"]])
        status, said = self.ask("GET", '/volumes?filters={"label":["a=b"]}')
        self.note("vol filter", status, [v["Name"] for v in said["Volumes"]])
        status, said = self.ask("GET", '/volumes?filters={"dangling":["true"]}')
        self.note("vol dangling", status, len(said["Volumes"]))
        status, said = self.ask("GET", "/volumes/v1")
        self.note("vol inspect", status, _end(said["Mountpoint"]))
        self.probe("vol 404", "GET", "/volumes/nope")
        self.run("uses", {**SLEEP, "HostConfig": {"Binds": ["v1:/data"]}})
        self.probe("vol delete in use", "DELETE", "/volumes/v1")
        self.probe("vol delete in use force", "DELETE", "/volumes/v1?force=1")
        self.ask("DELETE", "/containers/uses")
        self.probe("vol delete", "DELETE", "/volumes/v1")
        self.probe("vol delete 404", "DELETE", "/volumes/v1")
        status, said = self.ask("POST", "/volumes/prune")
        self.note("vol prune", status, [len(said["VolumesDeleted"]), sorted(said)])
        status, said = self.ask("GET", "/volumes")
        self.note("vol left", status, len(said["Volumes"] or []))
        status, said = self.ask("POST", '/volumes/prune?filters={"all":["true"]}')
        self.note("vol prune all", status, [len(said["VolumesDeleted"])] if status == 200 else said)

    def networks(self) -> None:
        create = "/networks/create"
        status, said = self.ask("GET", "/networks")
        self.note("net list", status, sorted([row["Name"], row["Driver"]] for row in said))
        ipam = {"Config": [{"Subnet": "172.31.77.0/24", "Gateway": "172.31.77.1"}]}
        status, said = self.ask("POST", create, {"Name": "n1", "CheckDuplicate": True, "IPAM": ipam})
        self.note("net create", status, ["Warning", said["Warning"]])
        self.keys("net create min", "POST", create, {"Name": "n2"})
        self.probe("net dup", "POST", create, {"Name": "n2", "CheckDuplicate": True})
        status, said = self.ask("POST", create, {"Name": "n2"})
        self.note("net dup nocheck", status, sorted(said) if status == 201 else said)
        self.probe("net overlap", "POST", create, {"Name": "n3", "IPAM": ipam})
        bad = {"Config": [{"Subnet": "300.1.1.0/24"}]}
        self.probe("net badsubnet", "POST", create, {"Name": "n4", "IPAM": bad})
        self.probe("net baddriver", "POST", create, {"Name": "n5", "Driver": "nodrv"})
        status, said = self.ask("GET", "/networks/n1")
        self.note("net inspect", status, [said["IPAM"], sorted(said)])
        self.probe("net 404", "GET", "/networks/nope")
        self.run("nd", {**SLEEP, "HostConfig": {"NetworkMode": "n1"}})
        self.probe("start on n1", "POST", "/containers/nd/start")
        self.run("nc", SLEEP, start=True)
        place = {"IPAMConfig": {"IPv4Address": "172.31.77.50"}, "Aliases": ["alpha"]}
        body = {"Container": "nc", "EndpointConfig": place}
        self.probe("net connect", "POST", "/networks/n1/connect", body)
        self.probe("net connect again", "POST", "/networks/n1/connect", body)
        self.probe("net connect 404", "POST", "/networks/n1/connect", {"Container": "nope"})
        status, said = self.ask("GET", "/networks/n1")
        members = sorted([m["Name"], m["IPv4Address"]] for m in said["Containers"].values())
        self.note("net containers", status, members)
        status, said = self.ask("GET", "/networks")
        self.note("net list containers", status, {row["Name"]: len(row.get("Containers") or {}) for row in said})
        command = {"Cmd": ["ping", "-c", "1", "alpha"], "AttachStdout": True, "AttachStderr": True}
        identity = self.ask("POST", "/containers/nd/exec", command)[1]["Id"]
        status, out = self.clock("POST", f"/exec/{identity}/start", {})
        self.note("ping alias", status, out.decode("latin-1"))
        self.probe("net delete active", "DELETE", "/networks/n1")
        self.probe("net disconnect", "POST", "/networks/n1/disconnect", {"Container": "nc"})
        self.probe("net disconnect again", "POST", "/networks/n1/disconnect", {"Container": "nc"})
        for name in ("nc", "nd"):
            self.ask("DELETE", f"/containers/{name}?force=1")
        self.probe("net delete", "DELETE", "/networks/n1")
        self.probe("net delete builtin", "DELETE", "/networks/bridge")
        status, said = self.ask("GET", '/networks?filters={"name":["n2"]}')
        self.note("net filter", status, [row["Name"] for row in said])
        self.probe("net prune", "POST", "/networks/prune")

    def events(self) -> None:
        begin = self.clock.now
        _status, _out, channel = self.clock.listen("GET", "/events", limit=0.1)
        assert channel is not None
        head = [f"{k}: {v}" for k, v in self.clock.headers.items() if k == "Content-Type"]
        head += ["Transfer-Encoding: chunked"] if self.clock.streamed else []
        self.run("e1", {"Image": "busybox", "Cmd": ["true"]}, start=True)
        self.ask("POST", "/containers/e1/wait")
        self.ask("DELETE", "/containers/e1")
        told = [json.loads(line) for line in self.clock.take(channel, 1.0).splitlines()]
        channel.close()
        shown = ["HTTP/1.1 200 OK", head, [event["Action"] for event in told], sorted(told[0])]
        self.note("events", 0, shown)
        self.clock.now += 2
        status, out = self.clock("GET", f"/events?since={begin - 60:.0f}&until={self.clock.now:.0f}")
        self.note("events since until", status, [out.count(b"\n"), self.clock.headers.get("Content-Type")])

    def builds(self) -> None:
        def build(recipe: bytes, query: str = "") -> tuple[int, list[str]]:
            archive = tar(Dockerfile=recipe) if recipe else tar()
            status, out = self.clock("POST", f"/build{query}", archive, content_type="application/x-tar")
            return status, [line for line in out.decode().splitlines() if line]

        recipe = b"FROM busybox\nRUN echo built > /x\nLABEL lab=1\nCMD cat /x\n"
        status, lines = build(recipe, "?t=lab/built:1")
        kind = self.clock.headers.get("Content-Type")
        self.note("build", status, [kind, *lines[:3], "..", *lines[-3:]])
        status, lines = build(b"FROM busybox\nRUN false\n")
        running = [line for line in lines if "Running in" in line]
        self.note("build fail", status, [*running[-1:], lines[-1]])
        self.note("build syntax", *build(b"FRM busybox\n"))
        self.note("build empty", *build(b""))
        status, out = self.clock("GET", "/images/busybox/get")
        with tarfile.open(fileobj=io.BytesIO(out)) as archive:
            inside = sorted(archive.getnames())
        self.note("img save", status, [True, inside])

    def remove(self) -> None:
        self.keys("img prune", "POST", "/images/prune")
        status, said = self.ask("POST", "/containers/prune")
        self.note("cont prune", status, [len(said["ContainersDeleted"]), *sorted(said)])
        status, said = self.ask("DELETE", "/images/lab/built:1?force=1")
        self.note("img delete force", status, [sorted(row) for row in said])
        self.probe("img delete 404", "DELETE", "/images/nope")
        self.probe("404 path", "GET", "/nowhere")
        self.probe("405", "PUT", "/containers/json")

    def versions(self) -> None:
        for version in ("1.22", "1.24", "1.41", "1.44", "1.99"):
            status, said = self.ask("GET", f"/v{version}/info")
            kind = self.clock.headers.get("Content-Type")
            self.seen[f"prefix /v{version}"] = [status, "ok" if status == 200 else said, kind]


def _end(source: str) -> str:
    """Return the end of a path: what does not depend on where the engine keeps its things."""
    found = re.search(r"/volumes/[^/]{1,63}/_data$|[0-9a-f]{16}/_data$|LAB/.*", source)
    return found.group() if found else source
