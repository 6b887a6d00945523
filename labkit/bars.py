"""How far a pull, push or build has come: lines of progress in, bars out.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Image/operation/ImageCreate
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_STEP = re.compile(r"Step (\d+)/(\d+) : ")
_DONE = ("Pull complete", "Already exists", "Pushed", "Layer already exists", "Mounted from", "Image is up to date")


@dataclass
class Bar:
    """One layer, or the steps of a build.

    Parameters
    ----------
    current, total: bytes of this stage, or steps; total is 0 while it is not known.
    """

    name: str
    status: str = ""
    current: int = 0
    total: int = 0

    @property
    def done(self) -> bool:
        """Whether nothing more is to come for it."""
        return self.status.startswith(_DONE)

    @property
    def part(self) -> float:
        """How much of the stage is done, from 0 to 1."""
        if self.done:
            return 1.0
        return min(1.0, self.current / self.total) if self.total > 0 else 0.0


class Bars:
    """The state of all layers; feed it line by line."""

    def __init__(self) -> None:
        self.all: dict[str, Bar] = {}

    def feed(self, line: Mapping[str, Any]) -> None:
        """Take one line of the stream."""
        status, layer = str(line.get("status") or ""), line.get("id")
        if begun := _STEP.match(str(line.get("stream") or "")):
            bar = self.all.setdefault("", Bar("build"))
            bar.status = str(line["stream"]).strip()
            bar.current, bar.total = int(begun.group(1)), int(begun.group(2))
        elif layer and status and not status.startswith("Pulling from "):
            bar = self.all.setdefault(str(layer), Bar(str(layer)))
            detail = line.get("progressDetail")
            counted = detail if isinstance(detail, dict) else {}
            bar.status = status
            bar.current, bar.total = _count(counted.get("current")), _count(counted.get("total"))

    @property
    def part(self) -> float:
        """How much is done of all, from 0 to 1: each layer counts the same, for not all say how large they are."""
        return sum(bar.part for bar in self.all.values()) / len(self.all) if self.all else 0.0


def _count(value: object) -> int:
    return int(value) if isinstance(value, (int, float)) and value > 0 else 0
