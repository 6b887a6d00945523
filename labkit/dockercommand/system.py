"""The commands about the Engine itself, and about what a swarm has.

Source: https://docs.docker.com/reference/cli/docker/system/
"""

from __future__ import annotations

from collections.abc import Callable

from .asked import Asked, Command, Family


def _events(asked: Asked) -> Command:
    asked.value("since", "--since")
    asked.value("until", "--until")
    asked.filter()
    return asked.command("events")


def _disk(asked: Asked) -> Command:
    asked.options.append(("--verbose",))
    return asked.command("system df")


def _listed(what: str) -> Callable[[Asked], Command | None]:
    def listed(asked: Asked) -> Command:
        asked.filter()
        return asked.command(f"{what} ls")

    return listed


FAMILY: Family = {
    "GET /version": lambda asked: asked.command("version"),
    "GET /info": lambda asked: asked.command("info"),
    "GET /events": _events,
    "GET /system/df": _disk,
    **{f"GET /{name}s": _listed(name) for name in ("plugin", "node", "service", "secret", "config")},
}
