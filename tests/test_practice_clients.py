"""Real clients of the practice engine: each docker command on this machine, docker-py, and a test's own containers.

The table in docs/practice.md lists these checks; one that fails here takes its row away.
"""

from __future__ import annotations

import contextlib
import io
import os
import pty
import re
import select
import socket
import subprocess
import tarfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
from enginehelp import make_root, started

from labkit.engines.base import EngineRecord

CHECKOUT = Path(__file__).parents[1]
COMMANDS = sorted({os.path.realpath(p) for f in os.get_exec_path() if os.access(p := Path(f) / "docker", os.X_OK)})


class Machine:
    """A practice engine, and a folder that it may mount."""

    def __init__(self, record: EngineRecord, work: Path) -> None:
        self.record, self.work = record, work
        self.host = f"unix://{record.endpoint.socket}"

    def port(self) -> int:
        """Return a port of this machine that is free."""
        with socket.create_server(("127.0.0.1", 0)) as found:
            return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A practice engine of a root of its own."""
    paths = make_root(tmp_path_factory.mktemp("p"))
    with started(paths, "practice") as record:
        yield Machine(record, paths.work)


class Docker:
    """One docker command, with an empty configuration."""

    def __init__(self, program: str, machine: Machine, folder: Path) -> None:
        self.program, self.machine, self.folder = program, machine, folder
        self.environment = {"PATH": os.defpath, "DOCKER_HOST": machine.host, "DOCKER_CONFIG": str(folder / "config")}
        self.environment |= {"DOCKER_BUILDKIT": "0", "HOME": str(folder)}

    def __call__(self, *words: str, given: str = "", fails: bool = False) -> str:
        done = subprocess.run(
            [self.program, *words], capture_output=True, text=True, input=given, timeout=60, env=self.environment
        )
        assert (done.returncode != 0) == fails, (words, done.stdout, done.stderr)
        return done.stderr if fails else done.stdout


def run(docker: Docker) -> None:
    port, site = docker.machine.port(), docker.machine.work / "site"
    site.mkdir(exist_ok=True)
    (site / "index.html").write_text("from the machine\n")
    docker(
        "run", "-d", "--name", "web", "-p", f"127.0.0.1:{port}:80", "-v", f"{site}:/usr/share/nginx/html:ro", "nginx"
    )
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as page:
        assert page.read() == b"from the machine\n"
    assert docker("port", "web") == f"80/tcp -> 127.0.0.1:{port}\n"
    docker("rm", "-f", "web")
    assert docker("run", "--rm", "-i", "busybox", "cat", given="typed") == "typed"
    assert "executable file not found" in docker("run", "--rm", "busybox", "nosuch", fails=True)


def ps(docker: Docker) -> None:
    docker("run", "-d", "--name", "idle", "--label", "a=b", "busybox", "sleep", "100")
    shown = docker("ps", "--filter", "label=a=b", "--format", "{{.Names}} {{.Image}} {{.Command}} {{.State}}")
    assert shown == 'idle busybox "sleep 100" running\n'
    docker("stop", "-t", "0", "idle")
    assert "Exited (137)" in docker("ps", "-a")
    assert docker("ps", "-q") == ""
    docker("rm", "idle")


def logs_follow(docker: Docker) -> None:
    docker("run", "-d", "--name", "talks", "busybox", "sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.2; done")
    assert docker("logs", "-f", "talks") == "1\n2\n3\n"
    assert docker("logs", "--tail", "1", "talks") == "3\n"
    docker("rm", "talks")


def exec_terminal(docker: Docker) -> None:
    docker("run", "-d", "--name", "inner", "busybox", "sleep", "100")
    pid, master = pty.fork()
    if pid == 0:
        os.execve(docker.program, [docker.program, "exec", "-it", "inner", "sh"], docker.environment)
    out, end = b"", time.monotonic() + 20
    sent = 0
    with contextlib.suppress(OSError):
        while time.monotonic() < end:
            if select.select([master], [], [], 0.2)[0]:
                out += os.read(master, 4096)
            if sent == 0 and b"#" in out:
                os.write(master, b"echo $((40+2))\n")
                sent = 1
            elif sent == 1 and b"42" in out:
                os.write(master, b"exit 3\n")
                sent = 2
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3
    os.close(master)
    assert b"42" in out
    docker("rm", "-f", "inner")


def copy(docker: Docker) -> None:
    docker("create", "--name", "box", "busybox")
    (docker.folder / "note").write_text("a note\n")
    docker("cp", str(docker.folder / "note"), "box:/tmp/note")
    docker("cp", "box:/tmp/note", str(docker.folder / "back"))
    assert (docker.folder / "back").read_text() == "a note\n"
    assert "A /tmp/note" in docker("diff", "box")
    docker("rm", "box")


def build(docker: Docker) -> None:
    context = docker.folder / "context"
    context.mkdir(exist_ok=True)
    (context / "Dockerfile").write_text("FROM busybox\nCOPY page /page\nRUN echo more >> /page\nCMD cat /page\n")
    (context / "page").write_text("page\n")
    assert "Successfully tagged mine:1" in docker("build", "-t", "mine:1", str(context))
    assert docker("run", "--rm", "mine:1") == "page\nmore\n"
    assert "COPY file:" in docker("history", "--no-trunc", "mine:1")
    docker("rmi", "mine:1")


def pull_and_push(docker: Docker) -> None:
    registry = docker.machine.record.registry
    assert registry is not None
    assert "Status:" in docker("pull", "busybox:stable")
    password = Path(registry.password_file).read_text().strip()
    assert "Login Succeeded" in docker(
        "login", "-u", registry.user, "--password-stdin", registry.private, given=password
    )
    name = f"{registry.private}/mine:1"
    docker("tag", "busybox:stable", name)
    assert re.search(r"1: digest: sha256:[0-9a-f]{64} size: \d+", docker("push", name))
    docker("rmi", name, "busybox:stable")
    docker("pull", name)
    docker("rmi", name)


def events(docker: Docker) -> None:
    begin = time.time()
    docker("run", "--rm", "--name", "shortly", "busybox", "true")
    span = ("--since", f"{begin:.3f}", "--until", f"{time.time() + 0.5:.3f}")
    shown = docker("events", *span, "--filter", "container=shortly", "--format", "{{.Action}}")
    assert [line for line in shown.split() if line != "attach"] == ["create", "start", "die", "destroy"]


def stats(docker: Docker) -> None:
    docker("run", "-d", "--name", "busy", "busybox", "sleep", "100")
    shown = docker("stats", "--no-stream", "--format", "{{.Name}} {{.CPUPerc}} {{.PIDs}}", "busy")
    assert re.fullmatch(r"busy \d+\.\d+% 1\n", shown), shown
    assert "sleep 100" in docker("top", "busy")
    docker("rm", "-f", "busy")


def networks(docker: Docker) -> None:
    docker("network", "create", "--subnet", "10.66.0.0/24", "lan")
    docker(
        "run", "-d", "--name", "server", "--network", "lan", "--ip", "10.66.0.9", "busybox", "httpd", "-f", "-p", "80"
    )
    assert "10.66.0.9" in docker("run", "--rm", "--network", "lan", "busybox", "nslookup", "server")
    docker("network", "disconnect", "lan", "server")
    docker("network", "connect", "--alias", "again", "lan", "server")
    assert docker("network", "inspect", "-f", "{{len .Containers}}", "lan") == "1\n"
    docker("rm", "-f", "server")
    docker("network", "rm", "lan")


def volumes(docker: Docker) -> None:
    docker("volume", "create", "--label", "a=b", "keep")
    docker("run", "--rm", "-v", "keep:/data", "busybox", "sh", "-c", "echo kept > /data/f")
    assert docker("run", "--rm", "-v", "keep:/data:ro", "busybox", "cat", "/data/f") == "kept\n"
    assert docker("volume", "ls", "-q", "--filter", "label=a=b") == "keep\n"
    docker("volume", "rm", "keep")


def system(docker: Docker) -> None:
    assert "Images" in docker("system", "df")
    assert "practice" in docker("info")
    assert "linux/amd64" in docker("version")


def inspect(docker: Docker) -> None:
    docker("create", "--name", "facts", "--memory", "64m", "--restart", "on-failure:3", "-e", "A=1", "busybox", "true")
    form = "{{.HostConfig.Memory}} {{.HostConfig.RestartPolicy.MaximumRetryCount}} {{index .Config.Env 0}}"
    form += " {{.State.Status}}"
    assert docker("inspect", "-f", form, "facts") == "67108864 3 A=1 created\n"
    assert docker("image", "inspect", "-f", "{{.Os}} {{json .Config.Cmd}}", "busybox") == 'linux ["sh"]\n'
    docker("rm", "facts")


def save_and_load(docker: Docker) -> None:
    docker("tag", "busybox", "saved:1")
    docker("save", "-o", str(docker.folder / "image.tar"), "saved:1")
    docker("rmi", "saved:1")
    assert "saved:1" in docker("load", "-i", str(docker.folder / "image.tar"))
    docker("rmi", "saved:1")


def prune(docker: Docker) -> None:
    docker("run", "--name", "over", "busybox", "true")
    assert "Total reclaimed space" in docker("container", "prune", "-f")
    docker("network", "prune", "-f")
    docker("volume", "prune", "-f")


CHECKS: dict[str, Callable[[Docker], None]] = {
    "run with ports, mounts and stdin": run,
    "ps, stop": ps,
    "logs -f, --tail": logs_follow,
    "exec -it through a terminal": exec_terminal,
    "cp, diff": copy,
    "build, history": build,
    "pull, login, push": pull_and_push,
    "events": events,
    "stats, top": stats,
    "network": networks,
    "volume": volumes,
    "info, version, system df": system,
    "inspect -f": inspect,
    "save, load": save_and_load,
    "prune": prune,
}


@pytest.mark.parametrize("program", COMMANDS)
@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_docker_command(check: Callable[[Docker], None], program: str, machine: Machine, tmp_path: Path) -> None:
    """Each docker command of this machine does what it does with a real Engine."""
    check(Docker(program, machine, tmp_path))


@pytest.fixture
def client(machine: Machine) -> Iterator[docker.DockerClient]:
    """docker-py."""
    made = docker.DockerClient(base_url=machine.host)
    yield made
    made.close()


def test_docker_py_high_level(client: docker.DockerClient) -> None:
    """Containers, images, volumes and networks as objects."""
    assert client.containers.run("busybox", ["echo", "hello"], remove=True) == b"hello\n"
    box = client.containers.run("busybox", ["sleep", "100"], detach=True, name="object", labels={"a": "b"})
    assert box.exec_run(["sh", "-c", "echo out; echo err >&2; exit 4"], demux=True) == (4, (b"out\n", b"err\n"))
    assert [one.name for one in client.containers.list(filters={"label": "a=b"})] == ["object"]
    assert box.stats(stream=False)["pids_stats"]["current"] == 1
    stream, _facts = box.get_archive("/etc/passwd")
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as archive:
        assert archive.getnames() == ["passwd"]
    network = client.networks.create("objects")
    network.connect(box, aliases=["thing"])
    box.reload()
    assert set(box.attrs["NetworkSettings"]["Networks"]) == {"bridge", "objects"}
    assert box.wait(timeout=20)["StatusCode"] == 137 if box.kill() is None else False
    box.remove()
    network.remove()
    image, _told = client.images.build(fileobj=io.BytesIO(b"FROM busybox\nLABEL x=y\n"), tag="object:1")
    assert image.labels["x"] == "y"
    client.images.remove("object:1")


def test_docker_py_low_level(client: docker.DockerClient) -> None:
    """The same calls one by one, with streams and an upgraded connection."""
    api = client.api
    made = api.create_container("busybox", ["cat"], stdin_open=True, tty=False, name="low")
    link = api.attach_socket(made, params={"stdin": 1, "stdout": 1, "stream": 1})
    api.start(made)
    link._sock.sendall(b"typed\n")
    link._sock.shutdown(socket.SHUT_WR)
    assert api.wait(made)["StatusCode"] == 0
    assert b"".join(api.logs(made, stream=True, follow=True)) == b"typed\n"
    assert [
        event["Action"] for event in api.events(since=0, until=time.time(), decode=True, filters={"container": "low"})
    ][-1] == "die"
    api.remove_container(made)
    told = list(api.pull("busybox", "stable", stream=True, decode=True))
    assert told[-1]["status"].startswith("Status: ")
    api.remove_image("busybox:stable")


def test_as_testcontainers_does(client: docker.DockerClient) -> None:
    """A test's own redis: a random port, waited for by its log, asked, and gone with the test."""
    box = client.containers.run("redis", detach=True, ports={"6379/tcp": None}, auto_remove=True)
    end = time.monotonic() + 20
    while b"Ready to accept connections" not in box.logs():
        assert time.monotonic() < end
        time.sleep(0.05)
    box.reload()
    port = int(box.ports["6379/tcp"][0]["HostPort"])
    with socket.create_connection(("127.0.0.1", port), 20) as link:
        link.sendall(b"PING\r\n")
        assert link.recv(100) == b"+PONG\r\n"
    box.stop(timeout=5)


def test_the_docs_say_what_works() -> None:
    """Every check has its row in the documentation, and there is no other row."""
    text = (CHECKOUT / "docs" / "practice.md").read_text()
    table = text.partition("## Clients\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `docker` \| (.*?) \|", table, re.M)
    assert [row.replace("`", "") for row in rows] == list(CHECKS)
