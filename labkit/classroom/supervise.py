"""The supervisor of one submission: engine, examiner and notebook, each in a jail of its own.

It is the first process of its process, mount and network namespaces: when it ends,
whatever was started ends with it, and the file system in memory is gone.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

import psutil

from ..exercises.journal import Journal
from . import jail
from .remotedesk import EXAMINER

_LARGEST_NOTEBOOK = 8_000_000
_PATIENCE = 30.0
_LOOK_EACH = 0.5
_GB = 1024**3

LIMITS = {
    "RLIMIT_AS": 3 * _GB,
    "RLIMIT_CPU": 300,
    "RLIMIT_NPROC": 128,
    "RLIMIT_FSIZE": 64 * 1024**2,
    "RLIMIT_NOFILE": 1024,
    "RLIMIT_CORE": 0,
}
SERVANTS = {"RLIMIT_AS": 4 * _GB, "RLIMIT_NOFILE": 4096, "RLIMIT_CORE": 0}
"""Of the engine and the examiner, which do what a notebook asks for."""
MEMORY = 2 * _GB
"""Of the notebook, its engine and the examiner together, in bytes."""
DISK = "size=768m,nr_inodes=100k,mode=0755"
"""Of all that is written, by the notebook and by its engine: a file system in memory."""


class Submission:
    """One run of one notebook.

    Parameters
    ----------
    order: ``notebook`` (its text), ``lab``, ``seed``, ``seconds``, ``cell_seconds``, ``users`` (first of three ids) and
        ``base``, an empty folder of the host, over which a file system in memory is laid.
    """

    def __init__(self, order: dict[str, Any]) -> None:
        self.order = order
        self.base = Path(order["base"])
        self.course, self.run = self.base / "course", self.base / "run"
        self.exam, self.root = self.base / "exam", self.base / "root"
        self.student, self.engine, self.examiner = (order["users"] + n for n in range(3))
        self.said: list[str] = []

    def prepare(self) -> None:
        """Lay the folders out, each with its owner."""
        jail.loopback_up()
        jail.mount("-t", "tmpfs", "-o", f"{DISK},nosuid,nodev", "tmpfs", self.base)
        for folder, owner, mode in (
            (self.course, 0, 0o755),
            (self.course / "notebooks" / "src", 0, 0o755),
            (self.course / "labkit", 0, 0o755),
            (self.course / "work", self.student, 0o2777),
            (self.course / ".lab", self.engine, 0o3777),
            (self.run, self.engine, 0o755),
            (self.exam, self.examiner, 0o755),
            (self.exam / "state", self.examiner, 0o700),
        ):
            folder.mkdir(parents=True, exist_ok=True)
            os.chown(folder, owner, self.student)
            folder.chmod(mode)
        notebook = self.course / "work" / "notebook.ipynb"
        notebook.write_text(self.order["notebook"])
        os.chown(notebook, self.student, self.student)
        jail.build(self.root, [self.course, self.run, self.exam])

    def start(
        self, user: int, module: str, *words: str, masked: bool = False, **environment: str
    ) -> subprocess.Popen[str]:
        """Start a module of labkit in a jail."""
        package = jail.PACKAGE / "exercises"
        masks = {}
        if masked:
            masks = {str(file): "/dev/null" for file in sorted(package.glob("lab[0-9]*.py"))}
            masks[str(package / "desk.py")] = str(jail.PACKAGE / "classroom" / "remotedesk.py")
        variables = {
            "LABKIT_ROOT": str(self.course),
            "LABKIT_SEED": self.order["seed"],
            "LABKIT_LIVE": "0",
            "XDG_RUNTIME_DIR": str(self.run),
            "OPENBLAS_NUM_THREADS": "1",
            **environment,
        }
        command = jail.command(
            self.root, user, self.student, [sys.executable, "-m", f"labkit.classroom.{module}", *words],
            home=self.course / "work" if masked else Path("/tmp"), masks=masks, limits=LIMITS if masked else SERVANTS,  # noqa: S108
            environment=variables,
        )  # fmt: skip
        err = None if os.environ.get("LABKIT_GRADE_DEBUG") else subprocess.DEVNULL
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err, text=True)

    def carry_out(self) -> dict[str, Any]:
        """Run the notebook; return the journal of the examiner, the notebook with its outputs, and what happened."""
        self.prepare()
        work, door = self.course / "work", self.exam / "examiner.sock"
        engine = self.start(self.engine, "engineroom")
        # These two import what they need while the engine starts, and go on when they are told to.
        examiner = self.start(self.examiner, "examiner")
        notebook = self.start(self.student, "inside", str(work / "notebook.ipynb"), str(work / "executed.ipynb"),
                              str(self.order["cell_seconds"]),
                              masked=True, **{EXAMINER: str(door)})  # fmt: skip
        self._ready(engine, "engine")
        places = self.run / f"docker-api-lab-{self.engine}"
        for folder in (places, *places.iterdir(), *(self.course / ".lab").iterdir()):
            folder.chmod(0o755 if folder.is_dir() else 0o644)
        for file in (*places.glob("*/*.sock"), self.course / ".lab" / "practice" / "password"):
            file.chmod(0o666 if file.is_socket() else 0o644)
        # Where the notebook's own user looks for the daemon's controls.
        (self.run / f"docker-api-lab-{self.student}").symlink_to(places.name)
        order = {
            "root": str(self.course), "work": str(work), "state": str(self.exam / "state"),
            "run": str(next(places.iterdir())), "record": str(self.course / ".lab" / "engine.json"),
            "seed": self.order["seed"], "lab": self.order["lab"], "socket": str(door),
        }  # fmt: skip
        _tell(examiner.stdin, json.dumps(order) + "\n")
        self._ready(examiner, "examiner")
        _tell(notebook.stdin, "begin\n")
        self._wait(notebook)
        with contextlib.suppress(subprocess.TimeoutExpired):
            examiner.communicate("", timeout=_PATIENCE)  # a check that goes on is let end
        examiner.kill()
        examiner.wait()
        # From the disk, so that what was passed counts even when a later question brought the examiner down.
        entries, _said = Journal(self.exam / "state", self.exam / "state").read()
        return {"entries": entries, "notebook": self._executed(work), "said": self.said}

    def _ready(self, process: subprocess.Popen[str], name: str) -> None:
        line = process.stdout.readline() if process.stdout else ""
        if line.strip() != "ready":
            raise RuntimeError(f"the {name} did not start")

    def _wait(self, notebook: subprocess.Popen[str]) -> None:
        """Wait for the notebook, and end it when it takes too long or too much memory."""
        end = time.monotonic() + self.order["seconds"]
        while notebook.poll() is None:
            try:
                notebook.wait(_LOOK_EACH)
            except subprocess.TimeoutExpired:
                over = "time" if time.monotonic() > end else "memory" if self._memory() > MEMORY else ""
                if over:
                    self.said.append(over)
                    notebook.kill()  # and all that it has started, by its namespace
                    notebook.wait()
        if notebook.returncode == jail.NOT_STARTED:
            raise RuntimeError("the notebook's kernel did not start")  # nobody gets no points for that

    def _memory(self) -> int:
        total, users = 0, {self.student, self.engine, self.examiner}
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.uids().real in users:
                    total += process.memory_info().rss
        return total

    def _executed(self, work: Path) -> str:
        """Return what the notebook wrote about itself, as text; empty when it is not to be read."""
        try:
            # Opened from the folder that was made here, and no link followed.
            with open(os.open(work / "executed.ipynb", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
                data = file.read(_LARGEST_NOTEBOOK + 1)
            return data.decode() if len(data) <= _LARGEST_NOTEBOOK else ""
        except (OSError, UnicodeDecodeError):
            return ""


def _tell(pipe: IO[str] | None, text: str) -> None:
    if pipe is not None:
        pipe.write(text)
        pipe.flush()


def main() -> None:
    """Carry out the order on standard input, and print what came of it."""
    print(json.dumps(Submission(json.load(sys.stdin)).carry_out()))


if __name__ == "__main__":
    main()
