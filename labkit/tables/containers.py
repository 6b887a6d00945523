"""Containers: lists, inspect, and what is seen inside one.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..human import bindings, moment, ports, short
from ..streams import Frame
from .grid import Bytes, Column, Grid, Kind, fields, grid, text

_CHANGES = {0: "modified", 1: "added", 2: "deleted"}

_LIST = (
    text("id", lambda c: short(c["Id"])),
    text("name", lambda c: ", ".join(n.removeprefix("/") for n in c["Names"] if "/" not in n[1:])),
    text("image", lambda c: short(c["Image"])),
    text("command", lambda c: c["Command"]),
    text("state", lambda c: c["State"]),
    text("status", lambda c: c["Status"]),
    text("ports", lambda c: ports(c["Ports"] or ())),
    Column("created", Kind.TIME, lambda c: moment(c["Created"])),
)
_SIZES = (
    # An Engine leaves SizeRw out when it is 0.
    Column("size_rw", Kind.BYTES, lambda c: c.get("SizeRw", 0)),
    Column("size_root", Kind.BYTES, lambda c: c["SizeRootFs"]),
)


def listed(containers: list[Any]) -> Grid:
    """``GET /containers/json``: one row a container; sizes where they were asked for."""
    sized = any(isinstance(c, dict) and "SizeRootFs" in c for c in containers)
    return grid(_LIST + (_SIZES if sized else ()), containers)


def inspected(c: dict[str, Any]) -> Grid:
    """``GET /containers/{id}/json``: what a person looks for first, one field a row."""
    return fields(_inspected(c))


def _inspected(c: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    state, config, host = c["State"], c["Config"], c["HostConfig"]
    yield "id", short(c["Id"])
    yield "name", c["Name"].removeprefix("/")
    yield "image", config["Image"]
    yield "command", " ".join([c.get("Path") or "", *(c.get("Args") or [])])
    yield "created", moment(c["Created"])
    yield "state", state["Status"]
    if state.get("Pid"):
        yield "pid", state["Pid"]
    if state["Status"] in ("exited", "dead"):
        yield "exit code", state.get("ExitCode")
    if state.get("Error"):
        yield "error", state["Error"]
    if state.get("Health"):
        yield "health", state["Health"].get("Status")
    yield "started", moment(state.get("StartedAt"))
    yield "finished", moment(state.get("FinishedAt"))
    yield "restart policy", (host.get("RestartPolicy") or {}).get("Name")
    if "SizeRootFs" in c:
        yield "size_rw", Bytes(c.get("SizeRw", 0))
        yield "size_root", Bytes(c["SizeRootFs"])
    settings = c.get("NetworkSettings") or {}
    for port in bindings(settings.get("Ports")):
        yield "port", port
    for mount in c.get("Mounts") or []:
        source = mount.get("Name") or mount.get("Source") or "-"
        mode = "rw" if mount.get("RW", True) else "ro"
        yield "mount", f"{mount.get('Destination')} <- {mount.get('Type', '')} {source} ({mode})"
    for name, network in (settings.get("Networks") or {}).items():
        aliases = ", ".join(a for a in network.get("Aliases") or [] if a != short(c["Id"]))
        address = network.get("IPAddress") or "-"
        yield "network", f"{name} {address}" + (f" ({aliases})" if aliases else "")
    for variable in config.get("Env") or []:
        yield "env", variable
    for key, value in (config.get("Labels") or {}).items():
        yield "label", f"{key}={value}"


def top(answer: dict[str, Any]) -> Grid:
    """``GET /containers/{id}/top``: one row a process, numbers as numbers."""
    rows = answer["Processes"] or []
    return grid([_process(n, title, rows) for n, title in enumerate(answer["Titles"])], rows)


def _process(n: int, title: str, rows: list[list[str]]) -> Column:
    values = [row[n] for row in rows if len(row) > n]
    for kind, convert in ((Kind.INT, int), (Kind.FLOAT, float)):
        try:
            for value in values:
                convert(value)
        except ValueError:
            continue
        if values:
            return Column(title, kind, lambda row: row[n])  # the kind converts it
    return text(title, lambda row: row[n])


def changes(answer: list[Any] | None) -> Grid:
    """``GET /containers/{id}/changes``: what differs from the image; null when nothing does."""
    columns = (text("change", lambda c: _CHANGES.get(c["Kind"], str(c["Kind"]))), text("path", lambda c: c["Path"]))
    return grid(columns, answer)


def stats(samples: list[Any]) -> Grid:
    """``GET /containers/{id}/stats``: one row a sample."""
    columns = (
        Column("read", Kind.CLOCK, lambda s: moment(s["read"])),
        text("name", lambda s: s.get("name", "").removeprefix("/")),
        Column("cpu", Kind.PERCENT, cpu),
        Column("memory", Kind.BYTES, memory),
        Column("limit", Kind.BYTES, lambda s: s["memory_stats"]["limit"]),
        Column("received", Kind.BYTES, lambda s: sum(n["rx_bytes"] for n in s["networks"].values())),
        Column("sent", Kind.BYTES, lambda s: sum(n["tx_bytes"] for n in s["networks"].values())),
        Column("processes", Kind.INT, lambda s: s["pids_stats"]["current"]),
    )
    return grid(columns, samples)


def cpu(sample: dict[str, Any]) -> float | None:
    """Return the share of one processor that a sample of stats tells of, in percent; None where it cannot be known."""
    # The formula that the API page gives; the first sample of a stream has nothing before it.
    now, before = sample["cpu_stats"], sample["precpu_stats"]
    if not before.get("system_cpu_usage"):
        return None
    spent = now["cpu_usage"]["total_usage"] - before["cpu_usage"]["total_usage"]
    passed = now["system_cpu_usage"] - before["system_cpu_usage"]
    return 100.0 * spent / passed * now.get("online_cpus", 1) if passed > 0 else None


def memory(sample: dict[str, Any]) -> int:
    """Return the memory in use that a sample of stats tells of, in bytes."""
    # Without the page cache, as the docker command counts: cgroup v1 and v2 name it differently.
    told = sample["memory_stats"]
    kept = told.get("stats") or {}
    return int(told["usage"] - kept.get("total_inactive_file", kept.get("inactive_file", 0)))


def output(frames: list[Frame], *, stamped: bool) -> Grid:
    """Logs, attach and exec: one row a line, stdout and stderr told apart.

    Parameters
    ----------
    stamped: each line begins with its time (``timestamps=1``).
    """
    lines = [(frame.name, line) for frame in frames for line in frame.text.removesuffix("\n").split("\n")]
    columns = [text("stream", lambda pair: pair[0]), text("text", lambda pair: pair[1])]
    if stamped:
        columns = [
            Column("time", Kind.CLOCK, lambda pair: moment(pair[1].partition(" ")[0])),
            columns[0],
            text("text", lambda pair: pair[1].partition(" ")[2]),
        ]
    return grid(columns, lines)
