"""The ``filters`` parameter: JSON, as a map of lists or a map of maps.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerList
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection

from . import kinds
from .wire import Fault, Request, go_json_error

Filters = dict[str, list[str]]


def parse(request: Request, known: Collection[str], *, old: bool, of: str = "") -> Filters:
    """Return the filters of a request.  Raises `Fault` for what is not JSON, or not known.

    Parameters
    ----------
    known: their names; none where any will do, as an old Engine's events have it.
    of: of what; an old Engine says so of volumes alone.
    """
    text = request.query.get("filters", "")
    if not text:
        return {}
    try:
        value = json.loads(text)
    except ValueError as error:
        said = go_json_error(text, error)
        if old and of:
            raise Fault(400, f"error reading {of} filters: {said}") from error
        raise Fault(500 if old else 400, said if old else "invalid filter") from error
    if not isinstance(value, dict):
        raise _misfit(value, "map[string]map[string]bool", old=old)
    found: Filters = {}
    for name, wanted in value.items():
        if isinstance(wanted, dict):
            found[name] = [key for key, on in wanted.items() if on]
        elif isinstance(wanted, list) and all(isinstance(item, str) for item in wanted):
            found[name] = wanted
        else:
            raise _misfit(wanted, "map[string]bool", old=old)
        if known and name not in known:
            raise Fault(400, f"{'I' if old else 'i'}nvalid filter '{name}'")
    return found


def _misfit(value: object, kind: str, *, old: bool) -> Fault:
    said = f"json: cannot unmarshal {kinds.JSON.get(type(value), 'value')} into Go value of type {kind}"
    return Fault(500 if old else 400, said if old else "invalid filter")


def labels(wanted: list[str], there: dict[str, str] | None) -> bool:
    """Whether all wanted labels are there: ``key`` or ``key=value``."""
    have = there or {}
    return all(
        (key in have and (not equals or have[key] == value))
        for key, equals, value in (w.partition("=") for w in wanted)
    )


def matches(wanted: list[str] | None, text: str) -> bool:
    """Whether any of the wanted expressions is found in a text; none wanted fits all."""
    if not wanted:
        return True
    for pattern in wanted:
        try:
            if re.search(pattern, text):
                return True
        except re.error:
            if pattern in text:
                return True
    return False


def boolean(filters: Filters, name: str, *, old: bool) -> bool | None:
    """Return a filter that is true or false; None where it is not given.  Raises `Fault` (400)."""
    wanted = filters.get(name)
    if not wanted:
        return None
    value = wanted[0].lower()
    if value in ("1", "true", "t"):
        return True
    if value in ("0", "false", "f"):
        return False
    raise Fault(400, f"{'I' if old else 'i'}nvalid filter '{name}=[{' '.join(wanted)}]'")
