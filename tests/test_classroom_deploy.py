"""What is shipped for other people's machines: a dev container, Binder, an image, Zero to JupyterHub, DockerSpawner.

No registry of images and no cluster is at hand here.  So the files are held against what their
formats allow, and what they run is run, as a user without rights and without a network.
"""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from traitlets.config import Config

from labkit import cli, messages
from labkit.classroom import seat
from labkit.engines.base import EngineRecord, Paths, another_kind
from labkit.errors import EngineError
from labkit.jupyter import Jupyter

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = "02-containers.ipynb"

DEVCONTAINER: dict[str, type | tuple[type, ...]] = {
    "name": str, "image": str, "remoteUser": str, "hostRequirements": dict, "updateContentCommand": str,
    "postStartCommand": str, "postAttachCommand": str, "forwardPorts": list, "portsAttributes": dict,
    "otherPortsAttributes": dict,
}  # fmt: skip
"""Fields of devcontainer.json that are used, as devContainer.base.schema.json of devcontainers/spec has them."""

CHART: dict[str, type | tuple[type, ...]] = {
    "hub.config": dict, "hub.db.type": str, "hub.db.pvc.storage": str, "hub.networkPolicy.enabled": bool,
    "proxy.service.type": str, "proxy.https.enabled": bool, "singleuser.image.name": str, "singleuser.image.tag": str,
    "singleuser.image.pullPolicy": str, "singleuser.cmd": str, "singleuser.defaultUrl": str,
    "singleuser.startTimeout": int, "singleuser.uid": int, "singleuser.fsGid": int,
    "singleuser.allowPrivilegeEscalation": bool, "singleuser.memory.guarantee": str, "singleuser.memory.limit": str,
    "singleuser.cpu.guarantee": (int, float), "singleuser.cpu.limit": (int, float), "singleuser.storage.type": str,
    "singleuser.storage.capacity": str, "singleuser.storage.homeMountPath": str,
    "singleuser.networkPolicy.enabled": bool, "singleuser.networkPolicy.egressAllowRules.cloudMetadataServer": bool,
    "singleuser.networkPolicy.egressAllowRules.dnsPortsCloudMetadataServer": bool,
    "singleuser.networkPolicy.egressAllowRules.dnsPortsKubeSystemNamespace": bool,
    "singleuser.networkPolicy.egressAllowRules.dnsPortsPrivateIPs": bool,
    "singleuser.networkPolicy.egressAllowRules.nonPrivateIPs": bool,
    "singleuser.networkPolicy.egressAllowRules.privateIPs": bool, "prePuller.hook.enabled": bool,
    "prePuller.continuous.enabled": bool, "scheduling.podPriority.enabled": bool,
    "scheduling.userPlaceholder.enabled": bool, "scheduling.userPlaceholder.replicas": int, "cull.enabled": bool,
    "cull.users": bool, "cull.timeout": int, "cull.every": int,
}  # fmt: skip
"""Values that are used, read off what ``helm show values jupyterhub/jupyterhub`` prints for chart 3.0.2."""

# What a learner would do first, as the seat's command: the engine answers, the notebook is there, a check can be made.
FIRST = """
import json, os, pathlib, socket
import labkit
lab = labkit.start("02")
settings = json.loads((pathlib.Path(os.environ["JUPYTER_CONFIG_DIR"]) / "jupyter_server_config.json").read_text())
work = pathlib.Path(settings["ServerApp"]["root_dir"])
lab.setup("2.1")
print("done", lab.get("/version").status, os.getuid(), sorted(p.name for p in work.glob("02-*")), lab.check("2.1", -1))
"""

# Runs a command in a root of its own: this machine's programs, a folder, no rights, no network.
ELSEWHERE = """
import json, os, sys
from pathlib import Path
from labkit.classroom import jail
order = json.loads(sys.argv[1])
jail.loopback_up()
base = Path(order["base"])
jail.mount("-t", "tmpfs", "tmpfs", base)
jail.build(base / "root", [Path(order["folder"])])
jail.enter({"root": str(base / "root"), "user": 12345, "group": 12345, "words": order["words"], "masks": {},
            "home": order["home"], "limits": {}, "environment": order["environment"]})
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A fresh clone of what is committed."""
    if not shutil.which("git"):
        pytest.skip("needs git")
    place = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", ROOT, place], check=True)
    return place


def ordinary(folder: Path, home: Path, words: list[str], **environment: str) -> str:
    """Run a command as an ordinary user without a network, with a folder that is theirs; return what it said."""
    # The base folder of a socket's path has to be short, and the virtual environment is found by PATH.
    environment = {"HOME": str(home), "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "LANG": "C.UTF-8",
                   "LABKIT_LIVE": "0", **environment}  # fmt: skip
    if os.geteuid() == 0:
        for place, names, files in os.walk(folder):
            for name in (".", *names, *files):
                os.chown(Path(place) / name, 12345, 12345, follow_symlinks=False)
        base = folder.parent / "base"
        base.mkdir(exist_ok=True)
        order = {
            "base": str(base),
            "folder": str(folder),
            "home": str(home),
            "words": words,
            "environment": environment,
        }
        own = ["unshare", "--mount", "--net", "--pid", "--ipc", "--fork", "--kill-child"]
        words = [*own, sys.executable, "-c", ELSEWHERE, json.dumps(order)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, cwd=home, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def leaves(values: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Values by their dotted path; what the chart hands on as it is counts as one."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        path = f"{before}{name}"
        deeper = isinstance(value, dict) and path not in CHART
        found |= leaves(value, f"{path}.") if deeper else {path: value}
    return found


def test_the_dev_container() -> None:
    """Known fields of the right kind, and commands that are those of the course."""
    made = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert {name: DEVCONTAINER[name] for name in made}
    assert all(isinstance(value, DEVCONTAINER[name]) for name, value in made.items())
    assert re.fullmatch(r"\d+([tgmk]b)?", made["hostRequirements"]["memory"])
    assert set(made["portsAttributes"]) == {str(port) for port in made["forwardPorts"]}
    assert made["otherPortsAttributes"]["onAutoForward"] in ("notify", "openBrowser", "openPreview", "silent", "ignore")
    for name in ("updateContentCommand", "postStartCommand", "postAttachCommand"):
        program, *words = shlex.split(made[name])
        assert program == "./lab"
        if words != ["--version"]:
            cli.parse(words)


def test_binder(clone: Path) -> None:
    """Files that repo2docker knows; its start script gives a learner everything, in a clean clone."""
    folder = clone / "binder"
    assert {file.name for file in folder.iterdir()} == {"apt.txt", "requirements.txt", "runtime.txt", "start"}
    assert re.fullmatch(r"python-3\.\d+\n", (folder / "runtime.txt").read_text())
    assert (folder / "requirements.txt").read_text() == "-r ../requirements.lock\n"
    said = ordinary(clone, clone, [str(folder / "start"), sys.executable, "-c", FIRST])
    assert re.search(rf"^done 200 \d+ \['{NOTEBOOK}'\]", said, re.M), said


def test_the_image_keeps_work_over_a_new_edition(clone: Path) -> None:
    """start-course, as in the image: work on a volume; a new edition stands beside what was changed."""
    home = clone / "home"
    home.mkdir()
    words = [str(clone / "deploy" / "image" / "start"), sys.executable, "-c", FIRST]
    environment = {"COURSE": str(clone), "PYTHONPATH": str(clone)}
    assert f"['{NOTEBOOK}']" in ordinary(clone, home, words, **environment)
    own = home / "course" / "work" / NOTEBOOK
    own.write_text(own.read_text().replace("lab.clean()", "lab.clean()  # mine"))
    edition = clone / "notebooks" / NOTEBOOK
    edition.write_text(edition.read_text().replace("lab.clean()", "lab.clean()  # of the new edition"))
    said = ordinary(clone, home, words, **environment)
    assert re.search(rf"\['02-containers-new-\d{{4}}-\d\d-\d\d\.ipynb', '{NOTEBOOK}'\]", said), said
    assert "# mine" in own.read_text()


def test_the_image_has_what_it_copies() -> None:
    """Each file that is copied is there, and who runs in it is not root."""
    text = (ROOT / "deploy" / "image" / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (?:--\S+ )?(\S+) ", text, re.M)
    assert len(copied) == 5
    assert all((ROOT / name).exists() for name in copied)
    assert re.findall(r"^USER (.*)$", text, re.M) == ["1000:100"]


def test_the_values_are_those_of_the_chart() -> None:
    """Each value is one that the chart has, of its kind; no name of a user is that of a real class."""
    values = yaml.safe_load((ROOT / "deploy" / "zero-to-jupyterhub" / "values.yaml").read_text())
    found = leaves(values)
    assert set(found) <= set(CHART)
    assert {path: value for path, value in found.items() if not isinstance(value, CHART[path])} == {}
    storage = values["singleuser"]["storage"]
    assert f"WORKDIR {storage['homeMountPath']}\n" in (ROOT / "deploy" / "image" / "Dockerfile").read_text()
    assert (values["singleuser"]["uid"], values["singleuser"]["fsGid"]) == (1000, 100)


def test_dockerspawner_shares_no_socket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The configuration can be read, takes rights away, and mounts the student's volume alone."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "names.txt").write_text("ada\ngrace\n")
    c = Config()
    file = ROOT / "deploy" / "dockerspawner" / "jupyterhub_config.py"
    exec(compile(file.read_text(), str(file), "exec"), {"get_config": lambda: c})
    assert c.DockerSpawner.volumes == {"lab-{username}": "/home/learner"}
    assert c.DockerSpawner.extra_host_config["cap_drop"] == ["ALL"]
    assert c.Authenticator.allowed_users == {"ada", "grace"}
    assert c.JupyterHub.bind_url.startswith("http://127.0.0.1:")


def test_nothing_that_is_shipped_mounts_the_socket_of_docker() -> None:
    """Who may use it is root on the machine."""
    files = [*(ROOT / "deploy").rglob("*"), *(ROOT / "binder").iterdir(), *(ROOT / ".devcontainer").iterdir()]
    assert [file for file in files if file.is_file() and "docker.sock" in file.read_text()] == []


def test_the_unit_starts_the_hub() -> None:
    """The line of the unit is a command of the course, and a restart leaves the students' servers alone."""
    unit = configparser.ConfigParser()
    unit.read(ROOT / "deploy" / "one-machine" / "lab-hub.service")
    program, *words = shlex.split(unit["Service"]["ExecStart"])
    assert program.endswith("/labkit")
    assert cli.parse(words).action == "serve"
    assert unit["Service"]["KillMode"] == "process"


def test_without_an_engine_there_is_a_seat_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence says why; the notebooks are there, the server starts, and what a message says to type is there."""
    for name in ("notebooks", "docs", "labkit"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name in ("LABKIT_ROOT", *Jupyter(Paths.of(tmp_path)).environment()):
        monkeypatch.setenv(name, str(tmp_path))
    for name in ("PATH", "LABKIT_PYTHON", messages.TYPED):
        monkeypatch.setenv(name, os.environ.get(name, ""))  # put back afterwards
    monkeypatch.setenv(seat.KIND, "nothing-of-the-kind")
    became: list[str] = []
    monkeypatch.setattr(os, "execvp", lambda program, words: became.extend(words))
    seat.main(["jupyterhub-singleuser", "--debug"])
    assert "There is no engine of the kind 'nothing-of-the-kind'" in capsys.readouterr().err
    assert became == ["jupyterhub-singleuser", "--debug"]
    settings = json.loads((Path(os.environ["JUPYTER_CONFIG_DIR"]) / "jupyter_server_config.json").read_text())
    assert (Path(settings["ServerApp"]["root_dir"]) / NOTEBOOK).is_file()

    # The sentences of labkit name a command that is there, and no engine that is not.
    with pytest.raises(EngineError) as none:
        EngineRecord.load(tmp_path / "none.json")
    assert none.value.hint == "Type lab in a terminal, then run this cell again."
    done = subprocess.run(["lab", "engine", "list"], capture_output=True, text=True, check=True)
    assert "practice" in done.stdout
    assert "--engine" not in another_kind()
    assert messages._("{file}, ./lab-report, x/./lab, ./lab. ./lab report", file="./lab") == (
        "./lab, ./lab-report, x/./lab, lab. lab report"
    )
