"""What real engines answered to 164 probes, and what the practice engine answers to the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from practicewalk import Walk

PROBES: dict[str, dict[str, list[Any]]] = json.loads((Path(__file__).parent / "data/engine-probes.json").read_text())
VERSIONS = ("20.10", "29")
DIFFERENT = {
    "info keys": "the address of Docker Hub is not named: it can't be reached from here",
    "ping alias": "ping's output comes line by line; the real one writes all of it when it ends",
}
"""Probes that are answered otherwise, by both profiles, and why."""
AT_LEAST = 0.9

_MASKS = (
    (r"sha256:[0-9a-f]{64}|\b[0-9a-f]{64}\b|\b[0-9a-f]{16}(?=/_data)|\b[0-9a-f]{12}\b", "ID"),
    (r"(\d+\.\d+\.\d+)\+\w+", r"\1"),  # the build of a distribution, and that this is the practice engine
    (r"20\d\d-\d\d-\d\dT[\d:.]+Z", "TIME"),
)


@cache
def walk(version: str) -> dict[str, list[Any]]:
    """Return what the practice engine answers to all probes as one version."""
    with TemporaryDirectory() as folder:
        return Walk(version, Path(folder)).seen


def plain(value: Any) -> Any:
    """Return an answer without ids, times and build names."""
    text = json.dumps(value)
    for pattern, mask in _MASKS:
        text = re.sub(pattern, mask, text)
    return json.loads(text)


def _numbers(value: Any) -> Any:
    return json.loads(re.sub(r"\d[\d.:]*(?!\])", "N", json.dumps(value)))


def _stream(value: Any) -> Any:
    """Return the content type of a stream, and which frames came; how many and in which order is chance."""
    kind, text = value if isinstance(value, list) else (None, value)
    if text.startswith("HTTP/"):
        head, _blank, text = text.partition("\r\n\r\n")
        found = re.search(r"Content-Type: (\S+)", head)
        kind = found.group(1) if found else None
    frames = re.findall(r"([\x01\x02])\x00{6}[^\x00]([^\x01\x02]*?\n)", text)
    shown = sorted({(ord(stream), re.sub(r"\d+", "N", said)) for stream, said in frames})
    return [kind, shown, text.endswith("<EOF>")]


def _raw_stats(value: Any) -> Any:
    if len(value) == 3:
        return value
    head, _blank, body = value[1].partition("\r\n\r\n")
    return [value[0], "Content-Type" in head or None, json.loads("[" + body.split("{")[1].split(":")[0] + "]")[0]]


# What of an answer is chance, or depends on what the machine holds, is left out by these.
_UNSTABLE: dict[str, Callable[[Any], Any]] = {
    "search": lambda v: [  # stars and words are the registry's own
        {**row, "name": row["name"].removeprefix("library/"), "description": "", "star_count": 0} for row in v
    ],
    "containers json": lambda v: [[*v[0][:3], v[0][3][:3], *v[0][4:]], v[1]],
    "containers size=1": lambda v: [[row[0], row[1] > 0] for row in v],
    "inspect size": lambda v: [v[0], v[1] > 0],
    "logs": lambda v: [*v[:2], _stream(v[2])],
    "logs stderr only": _stream,
    "logs follow raw": _stream,
    "export": lambda v: [*v[:3], v[3] > 0],
    "stats stream=0": lambda v: [*v[:2], v[2] > 0, v[3]],
    "stats one-shot secs": round,
    "stats stream": _raw_stats,
    "attach upgrade": _stream,
    "attach noupgrade": _stream,
    "attach logs only": _stream,
    "exec start": _stream,
    "exec stdin hijack": _stream,
    "exec badcmd": lambda v: v[8:],
    "commit history": lambda v: [[comment, size > 0, by] for comment, size, by in v],
    "wait secs": round,
    "net delete active": lambda v: re.sub(r"\(.*\)", lambda m: str(sorted(m.group()[1:-1].split(", "))), v["message"]),
    "ping alias": lambda v: [v.count("\0\0\0\0\0\0"), v.partition("PING ")[2][:40]],
    "events since until": lambda v: [v[0] > 0, v[1]],
    "img save": lambda v: [v[0], sorted(v[1])],
}
for _name in ("top", "top ps_args=aux", "top ps_args=-o pid,comm"):
    _UNSTABLE[_name] = _numbers


def stable(probe: str, answer: list[Any]) -> list[Any]:
    """Return what of an answer to a probe is the same each time."""
    status, *rest = plain(answer)
    value = rest[0] if len(rest) == 1 else rest
    return [status or _status(value), _UNSTABLE.get(probe, lambda v: v)(value)]


def _status(value: Any) -> int:
    """Return the status in a raw answer's first line."""
    first = value[0] if isinstance(value, list) else value
    found = re.match(r"HTTP/1.1 (\d+)", first) if isinstance(first, str) else None
    return int(found.group(1)) if found else 0


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("probe", PROBES)
def test_probe(version: str, probe: str) -> None:
    """The practice engine answers a probe as the real engine of that version did, but for the known differences."""
    ours, real = stable(probe, walk(version)[probe]), stable(probe, PROBES[probe][version])
    if probe in DIFFERENT:
        assert ours != real, "this is no difference any more: take it off the list"
    else:
        assert ours == real


@pytest.mark.parametrize("version", VERSIONS)
def test_score(version: str) -> None:
    """All probes are asked, and at least nine of ten are answered as by the real engine."""
    seen = walk(version)
    assert set(seen) == set(PROBES)
    right = sum(stable(probe, seen[probe]) == stable(probe, PROBES[probe][version]) for probe in PROBES)
    assert right >= AT_LEAST * len(PROBES)
