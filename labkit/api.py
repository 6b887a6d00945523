"""The Engine API's endpoints as data: what a path may be, and which answers never end.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote

from . import reference
from .errors import nearest

ENDPOINTS = tuple((entry["method"], entry["path"]) for entry in reference.raw()["endpoints"])
"""Pairs of method and path; ``{id}`` and ``{name}`` stand for one thing's name."""

_INSPECT = {
    "container": "/containers/{}/json",
    "image": "/images/{}/json",
    "network": "/networks/{}",
    "volume": "/volumes/{}",
    "exec": "/exec/{}/json",
}


def inspect_path(kind: str, name: str) -> str:
    """Return the path that inspects one thing.

    Parameters
    ----------
    kind: ``container``, ``image``, ``network``, ``volume`` or ``exec``.
    name: its name or id, as it is; only an image's may hold slashes.

    Raises `KeyError` for what cannot be inspected.
    """
    return _INSPECT[kind].format(quote(name, safe="/:@" if kind == "image" else ":@"))


@lru_cache(maxsize=256)
def _pattern(path: str) -> re.Pattern[str]:
    # An image's name may hold slashes; an id may not.
    return re.compile(re.sub(r"\\\{name\\\}", ".+", re.sub(r"\\\{id\\\}", "[^/]+", re.escape(path))))


def template(method: str, path: str) -> str | None:
    """Return the endpoint that a request goes to, such as ``/containers/{id}/json``."""
    fitting = (known for verb, known in ENDPOINTS if verb == method and _pattern(known).fullmatch(path))
    # A fixed path wins over one with a name in it: /images/json over /images/{name}/json.
    return min(fitting, key=lambda known: known.count("{"), default=None)


def nearest_call(method: str, path: str) -> str | None:
    """Return the path, or method and path, most like one that the API does not have."""
    others = [(verb, known) for verb, known in ENDPOINTS if verb != method and _pattern(known).fullmatch(path)]
    if exact := next((verb for verb, known in others if known == path), None):
        return f"{exact} {path}"
    # The path of another method, by its last word: the names before it may be any.
    if named := next((verb for verb, known in others if not known.endswith("}")), None):
        return f"{named} {path}"
    filled = [_fill(known, path) for verb, known in ENDPOINTS if verb == method]
    if close := nearest(path, filled, 0.85):
        return close
    # A thing's name without what is asked of it: /images/busybox for /images/busybox/json.
    if longer := [close for verb, known in ENDPOINTS if verb == method and (close := _longer(known, path))]:
        return next((close for close in longer if close.endswith(("/json", "/start"))), longer[0])
    # And the other way round: /volumes/data/json, where the name alone is asked for.
    shorter, _slash, last = path.rpartition("/")
    if last == "json" and (template(method, shorter) or "").endswith("}"):
        return shorter
    if close := nearest(path, filled):
        return close
    return f"{others[0][0]} {path}" if others else nearest(path, [known for _verb, known in ENDPOINTS])


def _longer(known: str, path: str) -> str:
    """Return `path` with the last word of an endpoint of its kind; empty where it is of another."""
    *names, last = known.split("/")
    parts = path.split("/")
    fits = len(names) == len(parts) and "{" in names[-1] and names[:-1] == parts[:-1] and not last.startswith("{")
    return f"{path}/{last}" if fits else ""


def _fill(known: str, path: str) -> str:
    """Put what a path has in the places of the names that an endpoint leaves open."""
    names, parts = known.split("/"), path.split("/")
    if len(names) != len(parts):
        return known
    return "/".join(part if name.startswith("{") else name for name, part in zip(names, parts))


def is_true(value: str) -> bool:
    """Whether a value of the query is true to an Engine, which takes every word for that but a few.

    Source: https://github.com/moby/moby/blob/master/daemon/server/httputils/form.go
    """
    return value.strip().lower() not in ("", "0", "no", "false", "none")


def endless(path: str, query: dict[str, str]) -> bool:
    """Whether an answer goes on until somebody stops it."""

    def on(name: str, default: bool = False) -> bool:
        return is_true(query.get(name, "1" if default else "0"))

    if path == "/events":
        return "until" not in query
    if path.endswith("/stats"):
        return on("stream", default=True)
    if path.endswith("/logs"):
        return on("follow")
    return path.endswith("/attach") and on("stream")
