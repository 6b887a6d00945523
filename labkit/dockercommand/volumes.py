"""The commands about volumes.

Source: https://docs.docker.com/reference/cli/docker/volume/
"""

from __future__ import annotations

from .asked import Asked, Command, Family, pairs


def _list(asked: Asked) -> Command:
    asked.filter()
    return asked.command("volume ls")


def _inspect(asked: Asked) -> Command:
    return asked.command("volume inspect", asked.name)


def _create(asked: Asked) -> Command:
    body, options = asked.body, asked.options
    name = body.pop("Name", "")
    if driver := body.pop("Driver", ""):
        options.append(("--driver", str(driver)))
    options += [("--opt", f"{key}={said}") for key, said in pairs(body.pop("DriverOpts", None))]
    options += [("--label", f"{key}={said}") for key, said in pairs(body.pop("Labels", None))]
    return asked.command("volume create", *([str(name)] if name else []))


def _remove(asked: Asked) -> Command:
    asked.flag("force", "--force")
    return asked.command("volume rm", asked.name)


def _prune(asked: Asked) -> Command:
    asked.options.append(("--force",))
    for key, values in asked.filters().items():
        if key == "all":
            asked.options += [("--all",)] if any(value.lower() in ("true", "1") for value in values) else []
        else:
            asked.options += [("--filter", f"{key}={value}") for value in values]
    return asked.command("volume prune")


FAMILY: Family = {
    "GET /volumes": _list,
    "GET /volumes/{name}": _inspect,
    "POST /volumes/create": _create,
    "DELETE /volumes/{name}": _remove,
    "POST /volumes/prune": _prune,
}
