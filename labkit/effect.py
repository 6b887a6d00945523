"""Which fields of a create call had no effect: what was sent against what inspect says.

The Engine answers 201 and leaves out what it doesn't know, can't do or has already.
A false alarm is worse than silence: what can't be compared is passed over, and so are
the answers of anything but Docker's own Engine, whose inspect shows the API's fields.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/ and the answers of real Engines.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from . import api
from .advice import newer_fields
from .compare import Difference, differences
from .messages import _
from .model import ExchangeData
from .strays import Stray, operation, said, sent, strays

_CREATES = {
    "/containers/create": ("Id", "container"),
    "/networks/create": ("Id", "network"),
    "/volumes/create": ("Name", "volume"),
}
"""What each create call answers that names the thing, and what kind of thing it makes."""

_SHOWN = 60
"""A value longer than this is not repeated in a sentence, in characters."""

MOST = 5
"""No more fields than this are named."""


def where(exchange: ExchangeData) -> str:
    """Return where to look at what a call has made; empty where it made nothing that this module knows."""
    request = exchange.request
    docker = exchange.header("Server").startswith("Docker/")
    if not docker or request.method != "POST" or exchange.status != 201 or request.path not in _CREATES:
        return ""
    key, kind = _CREATES[request.path]
    made = _answer(exchange).get(key)
    return api.inspect_path(kind, made) if isinstance(made, str) and made else ""


def _answer(exchange: ExchangeData) -> dict[str, Any]:
    try:
        answer = json.loads(exchange.response.body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def notes(exchange: ExchangeData, inspected: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the exchange's notes, with what is now known of the fields that it sent.

    Parameters
    ----------
    exchange: of a create call that was answered 201.
    inspected: what inspect says about the thing, parsed.

    What was said before the answer came of a field in the wrong place is replaced by what became of it.
    """
    request = exchange.request
    proved = {said(stray): _proved(stray, inspected) for stray in strays(request)}
    kept = tuple(proved.get(note, note) for note in exchange.notes)
    return (*kept, *ignored(exchange, inspected))


def _proved(stray: Stray, inspected: Mapping[str, Any]) -> str:
    """Say what became of a stray field, now that it can be seen."""
    if not stray.misplaced or "." in stray.path:
        return said(stray)
    place: Any = inspected
    for name in stray.better.split("."):
        place = place.get(name) if isinstance(place, Mapping) else None
    if stray.value and _same_json(stray.value, place):
        return _(
            "`{path}` stands at the top level, where this Engine still reads it and newer ones don't; "
            "`{better}` is the one.",
            path=stray.path,
            better=stray.better,
        )
    return _(
        "`{path}` stands at the top level: the Engine answered 201 and ignored it; `{better}` is the one.",
        path=stray.path,
        better=stray.better,
    )


def _same_json(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same_json, one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return all(_same_json(value, other.get(key)) for key, value in one.items())
    return bool(one == other)


def ignored(exchange: ExchangeData, inspected: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a sentence for each field that the API has, that was sent, and that inspect doesn't show; bounded."""
    asked = operation(exchange.request)
    if asked is None or asked.body is None:
        return ()
    body, fields = sent(exchange.request), asked.body.fields
    newer = tuple(newer_fields(exchange.request, asked))  # that they are ignored was said before
    found = differences(body, fields, _as_sent(exchange.request.path, inspected))
    sentences = list(dict.fromkeys(_said(one) for one in found if not one.path.startswith(newer)))[:MOST]
    why = _why(exchange, inspected) if sentences else ""
    return (*sentences, *([why] if why else []))


def _as_sent(path: str, inspected: Mapping[str, Any]) -> Mapping[str, Any]:
    """Arrange what inspect says in the way in which a body says it."""
    if path == "/containers/create":
        networks = _part(_part(inspected, "NetworkSettings"), "Networks")
        host = _part(inspected, "HostConfig")
        return {**_part(inspected, "Config"), "HostConfig": host, "NetworkingConfig": {"EndpointsConfig": networks}}
    if path == "/volumes/create":
        return {**inspected, "DriverOpts": inspected.get("Options")}
    return inspected


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = whole.get(name)
    return part if isinstance(part, Mapping) else {}


def _said(difference: Difference) -> str:
    path, sent, shown = difference.path, json.dumps(difference.sent), json.dumps(difference.shown)
    if difference.absent:
        return _("`{path}` had no effect: inspect doesn't show it.", path=path)
    if difference.sent is None or len(sent) > _SHOWN or len(shown) > _SHOWN:
        return _("`{path}` had no effect: inspect says otherwise.", path=path)
    return _("`{path}` had no effect: {sent} was sent, inspect says {shown}.", path=path, sent=sent, shown=shown)


def _why(exchange: ExchangeData, inspected: Mapping[str, Any]) -> str:
    """Say why fields had no effect, where that is known."""
    if exchange.request.path == "/volumes/create":
        return _(
            "The volume {name} was there before; creating it again leaves it as it is.", name=inspected.get("Name", "")
        )
    answer = _answer(exchange)
    warned = [*(answer.get("Warnings") or ()), answer.get("Warning")]
    text = " ".join(str(warning) for warning in warned if warning)
    return _("The Engine warns: {text}", text=text) if text else ""
