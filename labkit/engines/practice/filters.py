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
        said = go_json_error(text, error).replace("unexpected EOF", "unexpected end of JSON input")
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
    import re2  # the syntax of Go, and in a time that grows with the text alone; few requests need it

    quiet = re2.Options()
    quiet.log_errors = False
    for pattern in wanted:
        try:
            if re2.search(pattern, text, options=quiet):
                return True
        except re2.error:
            continue
    return False


_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def until(filters: Filters, now: float, *, old: bool) -> float:
    """Return the time until which something was made that is to go, in seconds; infinite where none is given.

    It is given as a time ago (``1h30m``), as a date, or in seconds since 1970.  Raises `Fault`.
    """
    wanted = filters.get("until")
    if not wanted:
        return float("inf")
    status = 500 if old else 400
    if len(wanted) > 1:
        raise Fault(status, "more than one until filter specified")
    text = wanted[0]
    if text and not _DURATION.sub("", text):
        return now - sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(text))
    try:
        return float(text) if re.fullmatch(r"\d{1,18}(\.\d{1,18})?", text) else _date(text)
    except ValueError:
        raise Fault(status, f'failed to parse value as time or duration: "{text}"') from None


def _date(text: str) -> float:
    from datetime import datetime, timezone  # seldom needed, and 1 % of the engine's start

    date = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (date if date.tzinfo else date.replace(tzinfo=timezone.utc)).timestamp()


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
