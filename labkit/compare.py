"""What was sent against what inspect shows, where the same may come in other clothes.

An Engine adds to what it was given (variables of the image, defaults), writes it in
another way (``80`` as ``80/tcp``, ``NET_ADMIN`` as ``CAP_NET_ADMIN``), and leaves out
what is empty.  None of that is a difference.
"""

from __future__ import annotations

import ipaddress
import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .reference import Field
from .strays import same

_PASSED_OVER = frozenset(
    {
        "ArgsEscaped",
        "AttachStderr",
        "AttachStdin",
        "AttachStdout",
        "CheckDuplicate",
        "ClusterVolumeSpec",
        "HostConfig.CgroupParent",
        "HostConfig.ContainerIDFile",
        "HostConfig.Isolation",
        "HostConfig.Links",
        "HostConfig.Runtime",
        "Image",
        "MacAddress",
        "NetworkingConfig.EndpointsConfig.*.Links",
        "NetworkingConfig.EndpointsConfig.*.MacAddress",
        "Scope",
    }
)
"""What inspect may rightly show otherwise, or not at all; ``*`` stands for any key."""

_IN_ORDER = frozenset({"Cmd", "Entrypoint", "Shell", "Healthcheck.Test", "HostConfig.ConsoleSize"})
"""Lists whose order counts; of all others each item must be there."""

_KNOWN_BY = {"HostConfig.Mounts": "Target", "HostConfig.Ulimits": "Name", "IPAM.Config": "Subnet"}
"""The field that tells which item of a list is which."""

_NOTHING = {
    "HostConfig.MemorySwappiness": (-1,),
    "HostConfig.PidsLimit": (-1,),
    "HostConfig.RestartPolicy.Name": ("no",),
}
"""Values that mean the same as none."""


@dataclass(frozen=True)
class Difference:
    """A field whose value inspect doesn't show.

    Parameters
    ----------
    path: where it stands in the body; ``[]`` for an item of a list.
    sent, shown: the values; None for both where they are better not repeated.
    absent: inspect doesn't have it at all.
    """

    path: str
    sent: Any = None
    shown: Any = None
    absent: bool = False


def differences(
    sent: Mapping[str, Any], fields: Mapping[str, Field], shown: Mapping[str, Any], above: str = "", plain: str = ""
) -> Iterator[Difference]:
    """Yield each field of an object that was sent, that the API has, and that isn't shown with the same value.

    Parameters
    ----------
    above, plain: the path of the object, with keys of the learner's own and with ``*`` in their place.
    """
    for name, value in sent.items():
        field = fields.get(name) or fields.get(same(name, fields))
        if field is None:
            continue  # nobody reads it: see strays.py
        path, bare = above + field.name, plain + field.name
        if not _empty(bare, value) and bare not in _PASSED_OVER:
            yield from _value(value, shown.get(field.name), field, field.kind, path, bare)


def _empty(bare: str, value: Any) -> bool:
    """Whether a value says nothing: the Engine takes it for one that was left out."""
    if isinstance(value, Mapping):
        return not value
    return value in (None, "", 0, False, [], [""], *_NOTHING.get(bare, ()))


def _value(value: Any, shown: Any, field: Field, kind: str, path: str, bare: str) -> Iterator[Difference]:
    if kind.endswith(" map") and isinstance(value, Mapping):
        yield from _map(value, shown, field, kind[: -len(" map")], path, bare)
    elif kind.endswith("[]"):
        yield from _list(value, shown, field, kind[: -len("[]")], path, bare)
    elif kind == "object" and isinstance(value, Mapping):
        inner = shown if isinstance(shown, Mapping) else {}
        yield from differences(value, field.inside, inner, f"{path}.", f"{bare}.")
    elif kind in ("boolean", "integer", "number", "string") and not _same_word(bare, value, shown):
        yield Difference(path, value, shown, absent=shown is None)


def _map(value: Mapping[str, Any], shown: Any, field: Field, kind: str, path: str, bare: str) -> Iterator[Difference]:
    found = {_key(key): inner for key, inner in shown.items()} if isinstance(shown, Mapping) else {}
    by_id = {str(inner.get("NetworkID")): inner for inner in found.values() if isinstance(inner, Mapping)}
    for key, inner in value.items():
        at, wanted = f"{path}.{key}", _key(key)
        if "-" in wanted and wanted.endswith(("/tcp", "/udp", "/sctp")):
            continue  # a range of ports, which is shown one by one
        if wanted not in found and key not in by_id:
            yield Difference(at, absent=True)
        elif kind == "string":
            if not _same_word(bare, inner, found[wanted]):
                yield Difference(at)  # a map may hold passwords, which are not to be repeated
        elif inner:
            yield from _value(inner, found.get(wanted, by_id.get(key)), field, kind, at, f"{bare}.*")


def _key(key: str) -> str:
    """Write a key as the Engine does: a port with its protocol, a path without a slash at its end."""
    if key.isdigit():
        return f"{key}/tcp"
    return posixpath.normpath(key) if key.startswith("/") else key


def _list(value: Any, shown: Any, field: Field, kind: str, path: str, bare: str) -> Iterator[Difference]:
    sent = value if isinstance(value, list) else [value]  # a command may be one text
    found = shown if isinstance(shown, list) else []
    if kind == "object":
        for item in sent:
            yield from _item(item, found, field, f"{path}[]", bare)
    elif bare in _IN_ORDER:
        if [str(word) for word in sent] != [str(word) for word in found]:
            yield Difference(path, absent=not found)
    else:
        write = _WRITE.get(bare, str)
        there = {write(item) for item in found}
        missing = [item for item in _last(bare, sent) if write(item) not in there]
        if missing:
            yield Difference(path if len(missing) == len(sent) else f"{path}[]", absent=True)


def _last(bare: str, items: list[Any]) -> list[Any]:
    """Of variables the last of each name counts; one without a value takes it away."""
    if bare != "Env":
        return items
    last = {str(item).partition("=")[0]: item for item in items}
    return [item for item in last.values() if "=" in str(item)]


def _item(item: Any, found: list[Any], field: Field, path: str, bare: str) -> Iterator[Difference]:
    """Compare one object of a list with the shown one that it most likely is."""
    if not isinstance(item, Mapping):
        return
    key = _KNOWN_BY.get(bare)
    name = next((value for given, value in item.items() if key and given.casefold() == key.casefold()), None)
    shown = [other for other in found if isinstance(other, Mapping)]
    if key and name is not None:
        shown = [other for other in shown if _same_word(bare, name, other.get(key))]
    results = [list(differences(item, field.inside, other, f"{path}.", f"{bare}.")) for other in shown]
    yield from min(results, key=len, default=[Difference(path, absent=True)])


def _same_word(bare: str, sent: Any, shown: Any) -> bool:
    """Whether two single values are the same, whichever way they are written."""
    if shown is None or isinstance(sent, (Mapping, list)) or isinstance(shown, (Mapping, list)):
        return shown is not None  # what is written in a form of its own can't be judged here
    if isinstance(sent, bool) or isinstance(shown, bool):
        return str(sent).lower() == str(shown).lower()
    one, other = str(sent), str(shown)
    if one.casefold() == other.casefold() or one.startswith("container:"):
        return True
    if bare == "HostConfig.NetworkMode" and {one, other} <= {"default", "bridge"}:
        return True
    if bare.endswith(".HostIp") and {one, other} <= {"", "0.0.0.0", "::"}:  # noqa: S104
        return True
    if one.startswith("/") and posixpath.normpath(one) == posixpath.normpath(other):
        return True
    return _address(one) is not None and _address(one) == _address(other)


def _address(text: str) -> Any:
    """Read an address or a range of addresses; None for anything else."""
    read: tuple[Callable[[str], Any], ...] = (
        ipaddress.ip_address,
        lambda given: ipaddress.ip_network(given, strict=False),
    )
    for kind in read:
        try:
            return kind(text)
        except ValueError:
            continue
    return None


def _capability(name: object) -> str:
    return str(name).upper().removeprefix("CAP_")


def _pair(text: object) -> str:
    return str(text).replace(":", "=", 1)


def _bind(text: object) -> str:
    """Write a bind without its options and without slashes at the ends: which source is where."""
    parts = str(text).split(":")[:2]
    return ":".join(posixpath.normpath(part) if part.startswith("/") else part for part in parts)


_WRITE: dict[str, Callable[[object], str]] = {
    "HostConfig.Binds": _bind,
    "HostConfig.CapAdd": _capability,
    "HostConfig.CapDrop": _capability,
    "HostConfig.Dns": lambda text: str(_address(str(text)) or text),
    "HostConfig.ExtraHosts": _pair,
    "HostConfig.SecurityOpt": _pair,
}
"""How items of a list are written before they are compared."""
