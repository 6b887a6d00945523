"""What the project knows of the Engine API: endpoints, parameters, body fields, and what answers mean.

All of it is data in one file, ``labkit/data/api.json``, in words of the project's own.
Its texts are English; whoever shows one passes it through ``_()``.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

_FILE = Path(__file__).with_name("data") / "api.json"
_ALSO = "$also"
"""The key by which a shape takes in all fields of another one."""


@dataclass(frozen=True)
class Field:
    """One field of a body or of an answer.

    Parameters
    ----------
    name: as the API spells it.
    kind: a word of JSON (boolean, integer, number, string, timestamp, object, any), followed
        by what it is wrapped in, from the inside out: ``[]`` for a list, `` map`` for an
        object whose keys are names of somebody's own.  ``object[] map`` is a map of lists of objects.
    text: what it says, in one sentence.
    each: what a single item or key of it says; empty for nothing more than `text`.
    since, until: the first and the last API version that has it, such as ``1.44``; empty for no bound.
    inside: the fields of the object, or of each object, by name.
    """

    name: str
    kind: str
    text: str
    each: str = ""
    since: str = ""
    until: str = ""
    inside: Mapping[str, Field] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Parameter:
    """One parameter of an operation.

    Parameters
    ----------
    kind: boolean, integer, string, timestamp or json-map (a JSON object, sent as text).
    where: path, query or header.
    default: what the Engine takes when it is left out; None where there is no such value.
    since, until: the first and the last API version that has it; empty for no bound.
    """

    name: str
    kind: str
    text: str
    where: str = "query"
    default: bool | int | str | None = None
    required: bool = False
    since: str = ""
    until: str = ""


@dataclass(frozen=True)
class Body:
    """What an operation takes in its body: the fields of a JSON object, or bytes of some other kind."""

    content: str
    text: str = ""
    fields: Mapping[str, Field] = field(default_factory=lambda: MappingProxyType({}))
    skeleton: Any = None


@dataclass(frozen=True)
class Operation:
    """A method on a path: what the API can be asked.

    Parameters
    ----------
    group: the part of the API that it belongs to, such as ``containers``.
    summary: what it does, in one sentence.
    answers: what the answer's status says; empty text for what such a status says anyway.
    page: its place in the API's own reference.
    asks: why a client should ask a person first: it deletes, stops, cuts or changes; empty for no reason.
    described: whether its parameters and body are described here, not only its name.
    """

    method: str
    path: str
    group: str
    summary: str
    parameters: tuple[Parameter, ...]
    body: Body | None
    answers: Mapping[int, str]
    page: str
    asks: str = ""
    since: str = ""
    until: str = ""
    described: bool = True


@cache
def raw() -> dict[str, Any]:
    """Return the file as it is."""
    loaded: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return loaded


def titles() -> Mapping[str, str]:
    """Return what each group of operations is called, in the order to show them."""
    return {name: group["title"] for name, group in raw()["groups"].items()}


@cache
def operations() -> Mapping[tuple[str, str], Operation]:
    """Return all operations by method and path, such as ``("GET", "/containers/{id}/json")``."""
    return MappingProxyType({(given["method"], given["path"]): _operation(given) for given in raw()["endpoints"]})


def _operation(given: Mapping[str, Any]) -> Operation:
    tag = raw()["groups"][given["group"]]["tag"]
    rest = {key: given[key] for key in ("asks", "since", "until", "described") if key in given}
    return Operation(
        given["method"],
        given["path"],
        given["group"],
        given["summary"],
        tuple(_parameter(entry) for entry in given.get("parameters", ())),
        _body(given["body"]) if "body" in given else None,
        MappingProxyType({int(status): text for status, text in given["answers"].items()}),
        f"{raw()['reference']}#tag/{tag}/operation/{given['operation']}",
        **rest,
    )


def _parameter(given: Mapping[str, Any]) -> Parameter:
    rest = {key: value for key, value in given.items() if key != "in"}
    return Parameter(**rest, where=given.get("in", "query"))


def _body(given: Mapping[str, Any]) -> Body:
    fields = shape(given["fields"]) if "fields" in given else MappingProxyType({})
    return Body(given.get("content", "application/json"), given.get("text", ""), fields, given.get("skeleton"))


@cache
def answers() -> Mapping[str, Field]:
    """Return what each endpoint answers, by its path, such as ``/containers/{id}/json``."""
    return MappingProxyType({path: _field(path, given) for path, given in raw()["answers"].items()})


@cache
def shape(name: str) -> Mapping[str, Field]:
    """Return the fields of a shape that several bodies or answers share, such as ``HostConfig``."""
    return _fields(raw()["shapes"][name])


def _fields(given: Mapping[str, Any]) -> Mapping[str, Field]:
    own = {name: _field(name, entry) for name, entry in given.items() if name != _ALSO}
    return MappingProxyType({**(shape(given[_ALSO]) if _ALSO in given else {}), **own})


def _field(name: str, given: Mapping[str, Any]) -> Field:
    inside = given.get("inside", {})
    rest = {key: value for key, value in given.items() if key != "inside"}
    return Field(name, **rest, inside=shape(inside) if isinstance(inside, str) else _fields(inside))


def flat(fields: Mapping[str, Field], above: str = "") -> Iterator[tuple[str, Field]]:
    """Yield all fields, however deep, with their dotted paths: ``HostConfig.Mounts[].Target``, ``Labels.NAME``."""
    for name, one in fields.items():
        yield above + name, one
        inner = one.kind.replace(" map", ".NAME").removeprefix("object")
        yield from flat(one.inside, f"{above}{name}{inner}.")


def find(top: Field, path: tuple[str, ...]) -> tuple[Field, str] | None:
    """Follow a path from a field; return the field that it ends in, and the kind of what is there.

    Parameters
    ----------
    path: names of fields; ``[]`` stands for any item of a list.

    The kind is shorter than the field's own where the path ends at an item or a key of
    it.  None where the path leads to nothing that is known.
    """
    here, kind = top, top.kind
    for step in path:
        if kind.endswith(" map"):
            kind = kind[: -len(" map")]
        elif kind.endswith("[]"):
            if step != "[]":
                return None
            kind = kind[: -len("[]")]
        elif step in here.inside:
            here = here.inside[step]
            kind = here.kind
        else:
            return None
    return here, kind
