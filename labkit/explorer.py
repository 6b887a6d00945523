"""The explorer's model: which operations there are, what a form makes of one, and what must be asked first.

Nothing here knows a widget or a socket; `labkit.widgets.explorerview` shows it.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/
"""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from . import api, encode, pythoncall, reference
from .advice import ARGUMENTS
from .curl import SECRET_HEADERS
from .engines.base import LABEL
from .errors import UsageError
from .messages import _
from .model import Endpoint, Request, version_number
from .reference import Field, Operation, Parameter

_LABELLED = {"containers": "container", "images": "image", "networks": "network", "volumes": "volume"}
"""The groups of operations that name a thing with labels, and what kind of thing it is."""

_SHORT_LIST = re.compile(r"\[[^\[\]{}]*\]")
"""A list of single values, which is written on one line."""

_SECRET_FIELDS = frozenset({"password", "identitytoken", "registrytoken", "auth"})


@dataclass(frozen=True)
class Draft:
    """A call as a form holds it.

    Parameters
    ----------
    values: what was chosen or typed for each parameter; None or empty text for nothing.
    body: JSON as text.
    file: the path of a file to send as the body.
    """

    operation: Operation
    values: Mapping[str, bool | str | None] = field(default_factory=dict)
    body: str = ""
    file: str = ""


@dataclass(frozen=True)
class Call:
    """A call that can be sent: what `labkit.client.Client.call` takes."""

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    file: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def search(words: str, group: str = "", version: str = "") -> list[Operation]:
    """Return the operations in which all words occur: in method, path, summary, group or a parameter.

    Parameters
    ----------
    group: of one group alone; empty for all.
    version: of the API; what came later is left out.
    """
    wanted = words.casefold().split()
    return [
        one
        for one in reference.operations().values()
        if (not group or one.group == group) and _had(one, version) and all(word in _text(one) for word in wanted)
    ]


def _had(operation: Operation, version: str) -> bool:
    return not (version and operation.since) or version_number(operation.since) <= version_number(version)


def _text(operation: Operation) -> str:
    names = " ".join(parameter.name for parameter in operation.parameters)
    title = reference.titles()[operation.group]
    said = f"{operation.method} {operation.path} {_(operation.summary)} {_(title)} {operation.group} {names}"
    return said.casefold()


def listing(operations: Iterable[Operation]) -> list[tuple[str, list[Operation]]]:
    """Return operations by the titles of their groups, in the order to show them."""
    found = list(operations)
    return [
        (_(title), [one for one in found if one.group == group])
        for group, title in reference.titles().items()
        if any(one.group == group for one in found)
    ]


def skeleton(operation: Operation, labels: Mapping[str, str]) -> str:
    """Return a body to begin with, as text, with the labels that keep a thing the lab's; empty for none."""
    if operation.body is None or operation.body.skeleton is None:
        return ""
    begun = operation.body.skeleton
    if isinstance(begun, dict) and "Labels" in begun:
        begun = {**begun, "Labels": dict(labels)}
    return _SHORT_LIST.sub(lambda found: json.dumps(json.loads(found[0])), json.dumps(begun, indent=2))


def fields(operation: Operation) -> list[tuple[str, Field]]:
    """Return all fields of a body with their dotted paths, in order."""
    return list(reference.flat(operation.body.fields)) if operation.body else []


def call(draft: Draft) -> Call:
    """Return the call that a form describes.

    Raises `UsageError` for a name that is missing, a number that is none, and JSON that can't be read.
    """
    operation, path = draft.operation, draft.operation.path
    params: dict[str, Any] = {}
    headers: dict[str, str] = {}
    for parameter in operation.parameters:
        value = draft.values.get(parameter.name)
        value = value.strip() if isinstance(value, str) else value
        if value is None or value == "":
            if parameter.required:
                raise UsageError(
                    _("{name} is missing.", name=parameter.name),
                    _("{name}: {text}", name=parameter.name, text=_(parameter.text)),
                )
        elif parameter.where == "path":
            path = path.replace(f"{{{parameter.name}}}", quote(str(value), safe="/:@"))
        elif parameter.where == "header":
            headers[parameter.name] = str(value)
        else:
            params[parameter.name] = _value(parameter, value)
    body = _read(draft.body, _("The body")) if draft.body.strip() else None
    if draft.file.strip() and body is not None:
        raise UsageError(_("A call has one body: a file or JSON, not both."), _("Leave one of them out."))
    if draft.file.strip() and not Path(draft.file.strip()).is_file():
        raise UsageError(_("There is no file {name}.", name=draft.file.strip()), _("Is its path right?"))
    return Call(operation.method, path, params, body, draft.file.strip(), headers)


def _value(parameter: Parameter, value: bool | str) -> Any:
    if parameter.kind == "integer":
        try:
            return int(value)
        except ValueError as error:
            raise UsageError(
                _("{name} must be a whole number, and {value!r} is none.", name=parameter.name, value=value), ""
            ) from error
    if parameter.kind == "json-map":
        read = _read(str(value), parameter.name)
        if not isinstance(read, dict):
            raise UsageError(
                _("{name} must be a JSON object.", name=parameter.name), _('Such as {{"label": ["a=b"]}}.')
            )
        return read
    return value


def _read(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f"{error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else "1:1"
        why = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise UsageError(
            _("{what} is no JSON: {why} (line:column {where}).", what=what, why=why, where=where),
            _("Texts and names stand in double quotes, and no comma behind the last one."),
        ) from error


def request(made: Call, endpoint: Endpoint, version: str) -> Request:
    """Return the request that a call will be, for its curl line; a file stands in it by its name alone."""
    sent = dict(made.headers)
    body: bytes | None = None
    if made.json is not None:
        sent["Content-Type"] = "application/json"
        body = encode.to_json(made.json).encode()
    elif made.file:
        body = b""
    target = encode.target(made.path, made.params, "" if made.path == "/_ping" else version)
    return Request(made.method, target, endpoint, encode.headers(sent), body, made.file or None)


def labkit_line(made: Call) -> str:
    """Return the call as a line of Python for a cell; a secret stands in it as a name to be set."""
    plain = {name: value for name, value in made.params.items() if name.isidentifier() and not keyword.iskeyword(name)}
    in_path = len(plain) < len(made.params) or any(name in ARGUMENTS for name in plain)
    words = [_python(encode.target(made.path, made.params, "") if in_path else made.path)]
    words += [] if in_path else [f"{name}={_python(value)}" for name, value in plain.items()]
    if made.json is not None:
        words.append(f"json={_python(made.json)}")
    if made.file:
        words.append(f"data=Path({_python(made.file)})")
    if made.headers:
        pairs = (f"{_python(name)}: {SECRET_HEADERS.get(name.lower(), name)}" for name in made.headers)
        words.append(f"headers={{{', '.join(pairs)}}}")
    line = f"lab.{made.method.lower()}({', '.join(words)})"
    return f"from pathlib import Path\n{line}" if made.file else line


class _Variable(str):
    """A text that is the name of a variable, and is written as that."""


def _python(value: Any) -> str:
    return pythoncall.one_line(
        _without_secrets(value), lambda text: str(text) if isinstance(text, _Variable) else pythoncall.text(text)
    )


def _without_secrets(value: Any, key: str = "") -> Any:
    """Return a value of JSON in which each password is the name of a variable instead."""
    if isinstance(value, dict):
        return {name: _without_secrets(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_without_secrets(item) for item in value]
    return _Variable(key.upper()) if key in _SECRET_FIELDS and isinstance(value, str) and value else value


def question(operation: Operation, made: Call) -> str:
    """Return what to ask before a call is sent; empty for a call that harms nothing."""
    asked = f"{made.method} {made.path}"
    questions = {
        "": "",
        "deletes": _("{call} deletes for good. Send it?", call=asked),
        "stops": _("{call} interrupts what runs in the container. Send it?", call=asked),
        "cuts": _("{call} cuts the container off from the network. Send it?", call=asked),
        "changes": _("{call} changes the engine itself. Send it?", call=asked),
    }
    return questions[operation.asks]


def thing(operation: Operation, made: Call) -> str:
    """Return where the labels of the thing that a call names are told; empty where it names none."""
    prefix = operation.path.partition("{")[0]
    if not operation.asks or operation.group not in _LABELLED or prefix == operation.path:
        return ""
    name = made.path.removeprefix(prefix).removesuffix(operation.path.rpartition("}")[2])
    return api.inspect_path(_LABELLED[operation.group], unquote(name))


def refusal(operation: Operation, made: Call, inspected: Mapping[str, Any] | None) -> str:
    """Say why a call isn't sent to an engine that holds other people's things; empty when it may be.

    Parameters
    ----------
    inspected: what inspect says about the thing that the call names; None for no such thing.

    There, only what carries the course's label is deleted, stopped or cut off.
    """
    if not operation.asks:
        return ""
    if operation.path.endswith("/prune"):
        given = made.params.get("filters", {}).get("label", [])
        if any(str(label).partition("=")[0] == LABEL for label in given):
            return ""
        return _(
            "This engine holds other things than the course's: here a prune needs the filter "
            '{{"label": ["{label}"]}}.',
            label=LABEL,
        )
    if thing(operation, made) == "":
        return _("This engine holds other things than the course's: such a call isn't sent from here.")
    if inspected is None:
        return ""  # the engine itself says that there is no such thing
    config = inspected.get("Config")
    labels = inspected.get("Labels") or (config.get("Labels") if isinstance(config, Mapping) else None) or {}
    if LABEL in labels:
        return ""
    return _(
        "This engine holds other things than the course's: what doesn't carry the label {label} is left alone.",
        label=LABEL,
    )
