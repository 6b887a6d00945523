"""What a request asks for, taken apart: what no option was found for stays, and is named."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from ..api import is_true
from ..model import Request

Words = tuple[str, ...]


@dataclass(frozen=True)
class Command:
    """A docker command.

    Parameters
    ----------
    words: the command's name, such as ``network create``.
    options: each with its value.
    operands: what the command is about: names, an image and its command.
    remarks: what differs from the request.
    variables: of the environment, beside the endpoint's.
    source: what is fed to it: a file.
    target: the file that its output goes to.
    before: a command whose output is fed to it.
    """

    words: Words
    options: tuple[Words, ...] = ()
    operands: Words = ()
    remarks: Words = ()
    variables: tuple[tuple[str, str], ...] = ()
    source: str | None = None
    target: str | None = None
    before: str | None = None


@dataclass
class Asked:
    """A request to one endpoint.

    Parameters
    ----------
    name: what stands in the place of ``{id}`` or ``{name}``.
    query, body: what has not been taken yet.
    """

    request: Request
    name: str
    query: dict[str, list[str]]
    body: dict[str, Any]
    options: list[Words] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, request: Request, template: str) -> Asked | None:
        """Take a request apart; None where its body should be an object of JSON, and is none."""
        query: dict[str, list[str]] = {}
        for key, value in parse_qsl(request.target.partition("?")[2], keep_blank_values=True):
            query.setdefault(key, []).append(value)
        body: Any = {}
        kinds = [value for key, value in request.headers if key.lower() == "content-type"]
        if request.body and request.body_file is None and (kinds == ["application/json"] or not kinds):
            try:
                body = json.loads(request.body)
            except ValueError:
                return None
            if not isinstance(body, dict):
                return None
        return cls(request, _name(request.path, template), query, body)

    def one(self, key: str) -> str:
        """Take one value of the query; empty where there is none."""
        values = self.query.pop(key, [])
        return values[0] if values else ""

    def on(self, key: str, default: bool = False) -> bool:
        """Take a value of the query that is true or false."""
        values = self.query.pop(key, None)
        return default if values is None else is_true(values[0])

    def flag(self, key: str, option: str) -> None:
        """Take a value that is true or false; true is an option."""
        if self.on(key):
            self.options.append((option,))

    def value(self, key: str, option: str) -> None:
        """Take a value that an option has."""
        if value := self.one(key):
            self.options.append((option, value))

    def filters(self) -> dict[str, list[str]]:
        """Take the filters, in either form that the API knows: a list of values, or an object of true and false."""
        raw = self.query.get("filters")
        if not raw:
            return {}
        try:
            found = json.loads(raw[0])
            read = {str(key): [str(v) for v in _values(values)] for key, values in found.items()}
        except (ValueError, AttributeError, TypeError):
            return {}  # it stays in the query, and is named
        del self.query["filters"]
        return read

    def filter(self, without: str = "") -> None:
        """Take the filters; each value is an option."""
        for key, values in self.filters().items():
            if key != without:
                self.options += [("--filter", f"{key}={value}") for value in values]

    def command(self, words: str, *operands: str, **more: Any) -> Command:
        """Return the command that says what was taken."""
        return Command(tuple(words.split()), tuple(self.options), operands, tuple(self.remarks), **more)

    def left(self) -> list[str]:
        """Return the names of what was not taken, and is not the same as nothing."""
        names = [key for key, values in self.query.items() if any(map(is_true, values))]
        return [*names, *_paths(self.body, "")]


Family = dict[str, Callable[[Asked], Command | None]]
"""Functions by the method and template of an endpoint; None where the command can't say what was asked."""


def _values(values: Any) -> list[Any]:
    return [key for key, on in values.items() if on] if isinstance(values, dict) else list(values)


def _name(path: str, template: str) -> str:
    """Return what stands in the place of the name that a template leaves open."""
    before, brace, rest = template.partition("{")
    if not brace:
        return ""
    after = rest.partition("}")[2]
    return unquote(path[len(before) : len(path) - len(after)])


def _paths(value: Any, above: str) -> Iterator[str]:
    """Yield where in a body something is left."""
    for key, item in value.items() if isinstance(value, dict) else ():
        path = f"{above}.{key}" if above else str(key)
        if isinstance(item, dict) and item:
            yield from _paths(item, path)
        elif item:
            yield path


def pairs(value: Any) -> list[tuple[str, str]]:
    """Return the pairs of an object of JSON, as text."""
    return [(str(key), str(item)) for key, item in value.items()] if isinstance(value, dict) else []


def texts(value: Any) -> list[str]:
    """Return the items of a list of JSON, as text; one text is a list of one."""
    if isinstance(value, list):
        return [str(item) for item in value]
    return [] if value is None else [str(value)]


def inside(body: dict[str, Any], key: str) -> dict[str, Any]:
    """Return the object at a key; an empty one where there is none."""
    value = body.get(key)
    return value if isinstance(value, dict) else {}


def reference(name: str, tag: str) -> str:
    """Return an image's name with a tag or a digest."""
    if not tag:
        return name
    return f"{name}@{tag}" if ":" in tag else f"{name}:{tag}"
