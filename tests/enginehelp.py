"""Helpers of the engine tests: roots of their own, processes by what they belong to, a machine's network as text."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import ndiff
from pathlib import Path

from labkit.engines import setup
from labkit.engines.base import LABEL, EngineRecord, Paths
from labkit.model import Endpoint
from labkit.session import Session

CHECKOUT = Path(__file__).parents[1]
SETUP = [sys.executable, "-m", "labkit.engines.setup"]


def make_root(folder: Path, images: Path | None = None) -> Paths:
    """Make a root with an engine of its own; with `images`, it has none to build."""
    (folder / ".lab").mkdir(mode=0o700, parents=True)
    for name in ("labkit", "notebooks"):
        (folder / name).symlink_to(CHECKOUT / name)
    if images:
        (folder / ".lab" / "images").symlink_to(images)
    return Paths.of(folder)


def processes() -> dict[int, tuple[int, str]]:
    """Parent and command line of every process, by pid."""
    said = subprocess.run(["ps", "-ww", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    split = (line.split(None, 2) for line in said.splitlines())
    return {int(pid): (int(parent), command) for pid, parent, command in split}


def family(paths: Paths) -> dict[int, str]:
    """The supervisor of a root, the first process in its namespaces, and all descendants: command lines by pid."""
    every = processes()
    marks = (f"engines/boot.py {paths.root} ", f"{paths.state}/")
    found = {pid for pid, (_parent, command) in every.items() if any(mark in command for mark in marks)}
    size = -1
    while size != len(found):
        size = len(found)
        found |= {pid for pid, (parent, _command) in every.items() if parent in found}
    return {pid: every[pid][1] for pid in found}


def kill(paths: Paths, pattern: str) -> None:
    """kill -9 the first process of a root's engine whose command line matches from its start."""
    pid = next(pid for pid, command in sorted(family(paths).items()) if re.match(pattern, command))
    os.kill(pid, signal.SIGKILL)


def eventually(true: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until something holds; an assertion fails when it does not in time."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.02)


def page(url: str) -> bytes:
    """What is served at a URL; nothing while its server is not up yet."""
    try:
        with urllib.request.urlopen(url) as answer:
            return bytes(answer.read())
    except OSError:
        return b""


def traces(paths: Paths) -> list[str]:
    """What is on the machine of a root's engine: processes, mounts, sockets, control groups."""
    marks = (str(paths.root), paths.instance)
    found = [command for _parent, command in processes().values() if any(mark in command for mark in marks)]
    found += [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if any(m in line for m in marks)]
    found += [line for line in Path("/proc/net/unix").read_text().splitlines() if any(m in line for m in marks)]
    found += [str(path) for path in Path("/sys/fs/cgroup").glob(f"*/{LABEL}-{paths.instance}")]
    return found + [str(path) for path in (paths.run,) if path.exists()]


@contextmanager
def started(paths: Paths, kind: str = "private") -> Iterator[EngineRecord]:
    """An engine of a root, while it is needed."""
    try:
        yield setup.start(paths, kind)
    finally:
        setup.stop(paths)


def run(session: Session, name: str, **config: object) -> str:
    """Create and start a container, and return its id."""
    made = session.request("POST", "/containers/create", {"name": name}, json=config)
    assert made.status == 201, made.text
    begun = session.request("POST", f"/containers/{name}/start")
    assert begun.status == 204, begun.text
    return str(made.json()["Id"])


@dataclass
class Machine:
    """A network and mount namespace that plays a whole machine, with a dockerd of its own in it."""

    pid: int
    folder: Path
    session: Session

    def do(self, *argv: str, **env: str) -> str:
        """Run a command there and return what it printed."""
        enter = ["nsenter", f"--target={self.pid}", "--net", "--mount", "--"]
        done = subprocess.run([*enter, *argv], capture_output=True, text=True, env={**os.environ, **env}, cwd=CHECKOUT)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def changes(self, before: str) -> list[str]:
        """The lines of `network` that came or went, but for the folder that a killed engine leaves for a while."""
        lines = ndiff(before.splitlines(), self.network().splitlines())
        return [line for line in lines if line[0] in "+-" and "docker-api-lab" not in line]

    def path(self, there: Path) -> str:
        """A path of that machine, as it is seen from here."""
        return f"/proc/{self.pid}/root{there}"

    def network(self) -> str:
        """Everything that a Docker on this machine rests on, as text without counters and times."""
        said = [self.do(program) for program in ("iptables-save", "ip6tables-save")]
        rules = re.sub(r"\[\d+:\d+\]|^#.*$", "", "\n".join(said), flags=re.M)
        links = re.sub(r"valid_lft \S+ preferred_lft \S+", "", self.do("ip", "address"))
        routes = self.do("ip", "route", "show", "table", "all") + self.do("ip", "-6", "route")
        settings = self.do("sh", "-c", "grep -r . /proc/sys/net/ipv4/ip_forward /proc/sys/net/bridge 2>&1 || true")
        mounts = self.do("cat", "/proc/self/mountinfo")
        files = self.do("find", "/run", "/etc/docker", "-printf", "%p %y %m\n")
        return "\n".join([rules, links, routes, settings, mounts, files, self.do("ss", "-lntuH")])

    def docker(self) -> object:
        """Containers, networks, volumes and images of the machine's own Docker."""
        listed = self.session.request("GET", "/containers/json", {"all": True}).json()
        inspected = [self.session.request("GET", f"/containers/{one['Id']}/json").json() for one in listed]
        info = self.session.request("GET", "/info").json()
        networks, volumes, images = (
            self.session.request("GET", path).json() for path in ("/networks", "/volumes", "/images/json")
        )
        return sorted(json.dumps(one, sort_keys=True) for one in [*inspected, *networks, volumes, *images]), info["ID"]


@contextmanager
def machine(folder: Path) -> Iterator[Machine]:
    """A machine with a Docker that was there before."""
    folder.mkdir()
    holder = subprocess.Popen(["unshare", "--net", "--mount", "--propagation", "private", "sleep", "600"])
    socket = folder / "docker.sock"
    enter = ["nsenter", f"--target={holder.pid}", "--net", "--mount", "--"]
    own = ["--data-root", str(folder / "data"), "--exec-root", str(folder / "exec"), "-H", f"unix://{socket}"]
    own += ["--pidfile", str(folder / "pid"), "--cgroup-parent", "/bystander"]
    try:
        eventually(lambda: os.readlink(f"/proc/{holder.pid}/ns/net") != os.readlink("/proc/self/ns/net"))
        subprocess.run([*enter, "ip", "link", "set", "lo", "up"], check=True)
        subprocess.run([*enter, "mount", "-n", "-t", "tmpfs", "tmpfs", "/run"], check=True)
        with (folder / "log").open("w") as log:
            dockerd = subprocess.Popen([*enter, "dockerd", *own], stdout=log, stderr=log)
        eventually(socket.exists, 20)
        session = Session(Endpoint(socket=str(socket)))
        try:
            yield Machine(holder.pid, folder, session)
        finally:
            for one in session.request("GET", "/containers/json").json():
                session.request("DELETE", f"/containers/{one['Id']}", {"force": True})
            dockerd.terminate()
            dockerd.wait(20)
    finally:
        holder.kill()
        holder.wait()
        for place in Path("/sys/fs/cgroup").glob("*/bystander"):
            place.rmdir()
