"""What of a call the Engine will ignore: unknown parameters, stray fields, what its version hasn't got.

The Engine takes what it knows and says nothing of the rest.  Nothing is blocked here:
each remark is a sentence for the exchange, with the nearest right name.

Source: https://docs.docker.com/reference/api/engine/version-history/ and the measured answers of Engines 20.10 to 29.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import chain
from urllib.parse import parse_qsl

from .errors import nearest
from .messages import _
from .model import Request, version_number
from .reference import Operation, Parameter
from .strays import known, operation, said, same, sent, strays

ARGUMENTS = ("json", "data", "headers", "version", "timeout", "stream", "upgrade", "seconds")
"""What a call takes for itself; anything else that is named goes into the query."""

MOST = 5
"""No more remarks than this are made about one call."""


def remarks(request: Request) -> tuple[str, ...]:
    """Return a sentence for each parameter and field of a request that the Engine ignores; bounded in number.

    Only requests to an Engine, which carry an API version, are judged.
    """
    asked = operation(request)
    if asked is None:
        return ()
    found = chain(_query(request, asked), map(said, strays(request)), _newer(request, asked), _unread(request, asked))
    return tuple(dict.fromkeys(found))[:MOST]


def _query(request: Request, asked: Operation) -> Iterator[str]:
    takes = _parameters(asked)
    given = parse_qsl(request.target.partition("?")[2], keep_blank_values=True)
    yield from _filters(dict(given).get("filters", ""))
    for name in dict.fromkeys(name for name, _value in given):
        if name in takes:  # in this very case: the names of parameters are not read in any other
            yield from _version(request, name, takes[name].since, takes[name].until)
            continue
        text = _(
            "`{name}` is no parameter of {call} and went into the query, where the Engine ignores it.",
            name=name,
            call=f"{asked.method} {asked.path}",
        )
        yield f"{text} {_meant(name, takes, asked)}".rstrip()


def _filters(text: str) -> Iterator[str]:
    """Name the filters whose value stands alone, which every Engine refuses as JSON that it cannot read."""
    try:
        given = json.loads(text)
    except ValueError:
        return
    for name, value in given.items() if isinstance(given, dict) else ():
        if not isinstance(value, (list, dict)):
            right = json.dumps({name: [value if isinstance(value, str) else str(value).lower()]}, ensure_ascii=False)
            yield _(
                "The value of the filter `{name}` is a list, also when it is one alone: {right}", name=name, right=right
            )


def _meant(name: str, takes: Mapping[str, Parameter], asked: Operation) -> str:
    """Say what an unknown parameter may have been meant for; empty when nothing is near."""
    fields = asked.body.fields if asked.body else {}
    if found := same(name, takes):
        return _("Did you mean `{name}`?", name=found)
    if found := same(name, fields):
        return _('It is a field of the body: json={{"{name}": ...}}.', name=found)
    close = nearest(name, [*takes, *ARGUMENTS])
    if close in takes:
        return _("Did you mean `{name}`?", name=close)
    if close:
        return _("Did you mean the argument {name}=?", name=close)
    return ""


def _parameters(asked: Operation) -> dict[str, Parameter]:
    return {p.name: p for p in asked.parameters if p.where == "query"}


def _version(request: Request, name: str, since: str, until: str) -> Iterator[str]:
    used = str(request.version)
    if since and version_number(used) < version_number(since):
        yield _(
            "`{name}` came with API {since}; this call carries {used}, in which it is ignored.",
            name=name,
            since=since,
            used=used,
        )
    if until and version_number(used) > version_number(until):
        yield _(
            "`{name}` was in the API until {until}; this call carries {used}, in which it is ignored.",
            name=name,
            until=until,
            used=used,
        )


def _newer(request: Request, asked: Operation) -> Iterator[str]:
    for path, since in newer_fields(request, asked).items():
        yield from _version(request, path, since, "")


def newer_fields(request: Request, asked: Operation) -> dict[str, str]:
    """Return the fields that the version of a call doesn't know yet, each with the version that brought it.

    Fields that are gone since are passed over: what they were for is mostly done without them now.
    """
    fields = known(sent(request), asked.body.fields) if asked.body else ()
    used = version_number(str(request.version))
    return {path: field.since for path, field in fields if field.since and used < version_number(field.since)}


def _unread(request: Request, asked: Operation) -> Iterator[str]:
    """Say of a body that nobody reads which of it belongs into the query."""
    if asked.body is not None:
        return
    call = f"{asked.method} {asked.path}"
    for name in sent(request):
        if found := same(name, _parameters(asked)):
            yield _("{call} reads no body; `{name}` is a parameter: {name}=...", call=call, name=found)
        else:
            yield _("{call} reads no body, and ignores `{name}`.", call=call, name=name)
