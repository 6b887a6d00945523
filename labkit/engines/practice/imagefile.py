"""What the files of an image say, as Go's decoder reads them: all of the right kind, or refused in its words.

An image stays when it has been taken in, and every list looks at it: what is wrong with it has to be found before.

Source: https://pkg.go.dev/encoding/json#Unmarshal
"""

from __future__ import annotations

import json
import re
from typing import Any

from .kinds import JSON
from .wire import Fault, go_json_error

_FACTS = "id comment container docker_version author architecture os variant"
_STRINGS = "Hostname Domainname User Image WorkingDir MacAddress StopSignal"
_FLAGS = "AttachStdin AttachStdout AttachStderr Tty OpenStdin StdinOnce NetworkDisabled ArgsEscaped"
_CONFIG = {
    **dict.fromkeys(_STRINGS.split(), "string"),
    **dict.fromkeys(_FLAGS.split(), "bool"),
    **dict.fromkeys(("Cmd", "Entrypoint", "Shell"), "strslice.StrSlice"),
    "Env": "[]string",
    "OnBuild": "[]string",
    "Labels": "map[string]string",
    "ExposedPorts": "nat.PortSet",
    "Volumes": "map[string]struct {}",
    "StopTimeout": "int",
    "Healthcheck": "container.HealthConfig",
}
_STRUCTS: dict[str, dict[str, str]] = {
    "image.Image": {
        **dict.fromkeys(_FACTS.split(), "string"),
        "parent": "image.ID",
        "created": "time.Time",
        "config": "container.Config",
        "container_config": "container.Config",
        "rootfs": "image.RootFS",
        "history": "[]image.History",
    },
    "image.RootFS": {"type": "string", "diff_ids": "[]layer.DiffID"},
    "image.History": {
        **dict.fromkeys(("author", "created_by", "comment"), "string"),
        "created": "time.Time",
        "empty_layer": "bool",
    },
    "container.Config": _CONFIG,
    "container.HealthConfig": {
        **dict.fromkeys(("Interval", "Timeout", "StartPeriod"), "time.Duration"),
        "Test": "[]string",
        "Retries": "int",
    },
    "tarexport.manifestItem": {"Config": "string", "RepoTags": "[]string", "Layers": "[]string", "Parent": "image.ID"},
    "struct {}": {},
}
_MAPS = {"map[string]string": "string", "map[string]struct {}": "struct {}", "nat.PortSet": "struct {}"}
_PLAIN: dict[str, type] = {"bool": bool, "int": int, "time.Duration": int}
_LAYOUT = '"2006-01-02T15:04:05Z07:00"'


def config(text: bytes) -> dict[str, Any]:
    """Return what an image's configuration file says.  Raises `Fault`."""
    found: dict[str, Any] = decoded(text, "image.Image") or {}
    if not found.get("rootfs"):
        raise Fault(500, "invalid image JSON, no RootFS key")
    found["rootfs"].setdefault("diff_ids", [])
    return found


def decoded(text: bytes, kind: str) -> Any:
    """Return what a text of JSON says, whose kind is named as in Go.  Raises `Fault`."""
    try:
        return _read(json.loads(text), kind, "", "")
    except RecursionError:
        raise Fault(500, "invalid character '[' exceeded max depth") from None
    except ValueError as error:
        raise Fault(500, go_json_error(text.decode("utf-8", "replace"), error)) from None


def _read(value: Any, kind: str, struct: str, path: str) -> Any:
    """Return a value as it is kept: nothing in a list or a map is null.

    Parameters
    ----------
    struct, path: in which object it stands, and where that is, for the message.
    """
    if value is None:
        return None
    if kind == "time.Time":
        return _time(value)
    if kind == "strslice.StrSlice":
        words = [value] if isinstance(value, str) else value
        if not isinstance(words, list) or not all(word is None or isinstance(word, str) for word in words):
            raise _misfit(value, "string", struct, path)
        return [word or "" for word in words]
    mapped, fields = _MAPS.get(kind), _STRUCTS.get(kind)
    wanted: Any = list if kind.startswith("[]") else dict if mapped or fields is not None else _PLAIN.get(kind, str)
    if not isinstance(value, wanted) or (wanted is int and not _counts(value)):
        raise _misfit(value, kind, struct, path)
    if isinstance(value, list):
        return [_item(item, kind[2:], struct, path) for item in value]
    if mapped:
        return {key: _item(item, mapped, struct, path) for key, item in value.items()}
    if fields is None:
        return value
    own = kind.rpartition(".")[2]
    kept = {key: item for key, item in value.items() if item is not None or kind == "container.Config"}
    read = {
        key: _read(kept[key], kind, own, f"{path}.{key}".lstrip(".")) for key, kind in fields.items() if key in kept
    }
    return {**kept, **read}


def _item(value: Any, kind: str, struct: str, path: str) -> Any:
    if value is None:
        return {} if kind in _STRUCTS else ""
    return _read(value, kind, struct, path)


def _counts(value: Any) -> bool:
    return not isinstance(value, bool) and -(2**63) <= value < 2**63


def _time(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}(-[0-9]{2}){2}T[0-9:]{8}(\.[0-9]+)?(Z|[+-][0-9:]{5})", value):
        return value
    text = json.dumps(value, ensure_ascii=False)
    rest, lacking = (text[1:], "2006") if isinstance(value, str) else (text, '"')
    given, layout, rest, lacking = (json.dumps(part, ensure_ascii=False) for part in (text, _LAYOUT, rest, lacking))
    raise Fault(500, f"parsing time {given} as {layout}: cannot parse {rest} as {lacking}")


def _misfit(value: Any, kind: str, struct: str, path: str) -> Fault:
    given = JSON.get(type(value), "value")
    if given == "number" and kind in ("int", "time.Duration"):
        given = f"number {value}"
    where = f"struct field {struct}.{path}" if path else "value"
    return Fault(500, f"json: cannot unmarshal {given} into Go {where} of type {kind}")
