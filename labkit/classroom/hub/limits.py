"""What one student may take of the machine: memory, processor time, processes.

Where systemd runs, it is asked for a scope.  Elsewhere the control groups are written by
hand, in the first or the second version, as the machine has them.

Sources: cgroups(7), https://docs.kernel.org/admin-guide/cgroup-v2.html,
https://www.freedesktop.org/software/systemd/man/latest/systemd.resource-control.html
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
_PERIOD = 100_000
"""Microseconds that a share of the processor is counted over; the kernel's own default."""

RLIMITS = {
    "RLIMIT_NPROC": 512,
    "RLIMIT_NOFILE": 4096,
    "RLIMIT_FSIZE": 1024**3,
    "RLIMIT_CORE": 0,
}
"""Of each process (setrlimit(2)); processes are counted for a student's user as a whole, threads included."""


@dataclass(frozen=True)
class Limits:
    """The most that one student may take.

    Parameters
    ----------
    memory: in bytes; 0 for no limit.
    processors: such as 1.5; 0 for no limit.
    tasks: processes and threads.
    """

    memory: int
    processors: float
    tasks: int = RLIMITS["RLIMIT_NPROC"]

    def scope(self, name: str) -> list[str]:
        """Return the command that runs another one in a scope of systemd, to be put before that one."""
        words = [
            "systemd-run",
            "--quiet",
            "--scope",
            "--collect",
            f"--unit={name}",
            f"--property=TasksMax={self.tasks}",
        ]
        if self.memory:
            words += [f"--property=MemoryMax={self.memory}", "--property=MemorySwapMax=0"]
        if self.processors:
            words += [f"--property=CPUQuota={self.processors * 100:.0f}%"]
        return [*words, "--"]

    def files(self, name: str, root: Path = CGROUPS) -> dict[Path, str]:
        """Return the files of control groups to be written, with what to write; empty where there are none."""
        quota = str(int(self.processors * _PERIOD)) if self.processors else ""
        if (root / "cgroup.controllers").exists():
            group = root / name
            found = {group / "memory.max": str(self.memory or "max"), group / "pids.max": str(self.tasks),
                     group / "cpu.max": f"{quota or 'max'} {_PERIOD}"}  # fmt: skip
        else:
            found = {root / "memory" / name / "memory.limit_in_bytes": str(self.memory or -1),
                     root / "pids" / name / "pids.max": str(self.tasks),
                     root / "cpu" / name / "cpu.cfs_quota_us": quota or "-1"}  # fmt: skip
        return {file: text for file, text in found.items() if file.parents[1].is_dir()}


def group_name(user: int) -> str:
    """The name of a student's control groups, and the begin of that of their scopes."""
    return f"lab-student-{user}"


def has_systemd() -> bool:
    """Whether systemd runs this machine, as sd_booted(3) finds out."""
    return Path("/run/systemd/system").is_dir() and bool(shutil.which("systemd-run"))


def groups(limits: Limits, name: str, root: Path = CGROUPS) -> list[Path]:
    """Make the control groups of a student; return those that hold, for `join`."""
    made = []
    for file, text in limits.files(name, root).items():
        with contextlib.suppress(OSError):  # a controller that this machine has not, or may not use
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
            made.append(file.parent)
    return list(dict.fromkeys(made))


def join(groups: Sequence[Path]) -> None:
    """Put this process into control groups; what it starts is then in them, too."""
    for group in groups:
        (group / "cgroup.procs").write_text(str(os.getpid()))


def dissolve(name: str, root: Path = CGROUPS) -> None:
    """Remove the control groups of a student who has no process any more."""
    for group in {file.parent for file in Limits(0, 0).files(name, root)}:
        with contextlib.suppress(OSError):
            group.rmdir()
