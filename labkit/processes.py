"""Find processes by their command line, and end them.

A process that is known by its command line needs no file with its number, which could go
stale, or be taken by another process after a restart of the machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import psutil


def find(wanted: Callable[[list[str]], bool]) -> list[psutil.Process]:
    """The processes whose command line, as a list of words, is wanted."""
    every = psutil.process_iter(["cmdline"], ad_value=None)
    return [process for process in every if process.info["cmdline"] and wanted(process.info["cmdline"])]


def alive(process: psutil.Process) -> bool:
    """Whether a process runs.

    A zombie does not: where the first process of a container reaps nobody, it stays forever.
    """
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def outlive(processes: Iterable[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those of the processes that still run after so many seconds."""
    until = time.monotonic() + seconds
    while (left := [process for process in processes if alive(process)]) and time.monotonic() < until:
        time.sleep(0.02)
    return left


def end(processes: Iterable[psutil.Process], patience: float, last: float) -> None:
    """Ask processes to end, and kill those that have not.

    Parameters
    ----------
    patience: seconds until they are killed.
    last: seconds until they have to be gone after that.
    """
    processes = list(processes)
    for process in processes:
        signal(process, "terminate")
    for process in outlive(processes, patience):
        signal(process, "kill")
    outlive(processes, last)


def age(process: psutil.Process) -> float:
    """How long a process has been there, in seconds; endless for one that is gone."""
    try:
        return float(time.time() - process.create_time())
    except psutil.Error:
        return float("inf")


def signal(process: psutil.Process, name: str) -> None:
    """Send ``terminate`` or ``kill`` to a process that may have gone meanwhile."""
    try:
        getattr(process, name)()
    except psutil.Error:
        pass
