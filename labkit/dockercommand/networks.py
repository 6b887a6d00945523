"""The commands about networks.

Source: https://docs.docker.com/reference/cli/docker/network/
"""

from __future__ import annotations

from typing import Any

from .asked import Asked, Command, Family, inside, pairs
from .create import endpoint


def _list(asked: Asked) -> Command:
    asked.filter()
    return asked.command("network ls")


def _inspect(asked: Asked) -> Command:
    asked.flag("verbose", "--verbose")
    return asked.command("network inspect", asked.name)


def _create(asked: Asked) -> Command | None:
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


def _remove(asked: Asked) -> Command:
    return asked.command("network rm", asked.name)


def _prune(asked: Asked) -> Command:
    asked.options.append(("--force",))
    asked.filter()
    return asked.command("network prune")


FAMILY: Family = {
    "GET /networks": _list,
    "GET /networks/{id}": _inspect,
    "POST /networks/create": _create,
    "POST /networks/{id}/connect": _connect,
    "POST /networks/{id}/disconnect": _disconnect,
    "DELETE /networks/{id}": _remove,
    "POST /networks/prune": _prune,
}
