"""The commands about networks, volumes and the Engine itself.

Source: https://docs.docker.com/reference/cli/docker/
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .asked import Asked, Command, inside, pairs
from .containers import Family
from .create import endpoint


def _networks(asked: Asked) -> Command:
    asked.filter()
    return asked.command("network ls")


def _network(asked: Asked) -> Command:
    asked.flag("verbose", "--verbose")
    return asked.command("network inspect", asked.name)


def _network_create(asked: Asked) -> Command | None:
    body, options = asked.body, asked.options
    name = body.pop("Name", "")
    if not isinstance(name, str) or not name:
        return None
    body.pop("CheckDuplicate", None)  # older commands always send it; a newer Engine always checks
    for key, option in (("Driver", "--driver"), ("Scope", "--scope")):
        if value := body.pop(key, ""):
            options.append((option, str(value)))
    flags = {"Internal": "--internal", "Attachable": "--attachable", "Ingress": "--ingress"}
    for key, option in {**flags, "EnableIPv6": "--ipv6", "ConfigOnly": "--config-only"}.items():
        if body.pop(key, False):
            options.append((option,))
    if value := inside(body, "ConfigFrom").pop("Network", ""):
        options.append(("--config-from", str(value)))
    _ipam(inside(body, "IPAM"), options)
    options += [("--opt", f"{key}={said}") for key, said in pairs(body.pop("Options", None))]
    options += [("--label", f"{key}={said}") for key, said in pairs(body.pop("Labels", None))]
    return asked.command("network create", name)


def _ipam(ipam: dict[str, Any], options: list[tuple[str, ...]]) -> None:
    driver = ipam.pop("Driver", "")
    if driver and driver != "default":
        options.append(("--ipam-driver", str(driver)))
    options += [("--ipam-opt", f"{key}={said}") for key, said in pairs(ipam.pop("Options", None))]
    for config in ipam.pop("Config", None) or []:
        for key, option in (("Subnet", "--subnet"), ("Gateway", "--gateway"), ("IPRange", "--ip-range")):
            if value := config.get(key):
                options.append((option, str(value)))
        options += [("--aux-address", f"{key}={said}") for key, said in pairs(config.get("AuxiliaryAddresses"))]


def _connect(asked: Asked) -> Command | None:
    container = asked.body.pop("Container", "")
    config = inside(asked.body, "EndpointConfig")
    endpoint(config, asked.options, "--alias")
    asked.options += [("--driver-opt", f"{key}={said}") for key, said in pairs(config.pop("DriverOpts", None))]
    return asked.command("network connect", asked.name, container) if container else None


def _disconnect(asked: Asked) -> Command | None:
    container = asked.body.pop("Container", "")
    if asked.body.pop("Force", False):
        asked.options.append(("--force",))
    return asked.command("network disconnect", asked.name, container) if container else None


def _network_remove(asked: Asked) -> Command:
    return asked.command("network rm", asked.name)


def _network_prune(asked: Asked) -> Command:
    asked.options.append(("--force",))
    asked.filter()
    return asked.command("network prune")


def _volumes(asked: Asked) -> Command:
    asked.filter()
    return asked.command("volume ls")


def _volume(asked: Asked) -> Command:
    return asked.command("volume inspect", asked.name)


def _volume_create(asked: Asked) -> Command:
    body, options = asked.body, asked.options
    name = body.pop("Name", "")
    if driver := body.pop("Driver", ""):
        options.append(("--driver", str(driver)))
    options += [("--opt", f"{key}={said}") for key, said in pairs(body.pop("DriverOpts", None))]
    options += [("--label", f"{key}={said}") for key, said in pairs(body.pop("Labels", None))]
    return asked.command("volume create", *([str(name)] if name else []))


def _volume_remove(asked: Asked) -> Command:
    asked.flag("force", "--force")
    return asked.command("volume rm", asked.name)


def _volume_prune(asked: Asked) -> Command:
    asked.options.append(("--force",))
    for key, values in asked.filters().items():
        if key == "all":
            asked.options += [("--all",)] if any(value.lower() in ("true", "1") for value in values) else []
        else:
            asked.options += [("--filter", f"{key}={value}") for value in values]
    return asked.command("volume prune")


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
    "GET /networks": _networks,
    "GET /networks/{id}": _network,
    "POST /networks/create": _network_create,
    "POST /networks/{id}/connect": _connect,
    "POST /networks/{id}/disconnect": _disconnect,
    "DELETE /networks/{id}": _network_remove,
    "POST /networks/prune": _network_prune,
    "GET /volumes": _volumes,
    "GET /volumes/{name}": _volume,
    "POST /volumes/create": _volume_create,
    "DELETE /volumes/{name}": _volume_remove,
    "POST /volumes/prune": _volume_prune,
    "GET /version": lambda asked: asked.command("version"),
    "GET /info": lambda asked: asked.command("info"),
    "GET /events": _events,
    "GET /system/df": _disk,
    **{f"GET /{name}s": _listed(name) for name in ("plugin", "node", "service", "secret", "config")},
}
