"""From what a learner types to what goes over the wire: targets, headers, bodies.

Sources: RFC 3986 (URI), RFC 9110 section 5 (header fields), and
https://docs.docker.com/reference/api/engine/ (how the API writes parameters).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from .errors import UsageError
from .messages import _
from .model import Headers

VERSION_PREFIX = re.compile(r"/v\d+\.\d+(?=/|$)")
_VERSION = re.compile(r"\d{1,3}\.\d{1,3}")
_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNSENDABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")

Params = Mapping[str, Any]


class Gap(UsageError):
    """A call still holds ``...``, the mark of something to fill in."""

    def __init__(self) -> None:
        super().__init__(
            _("This call still has a gap: ..."),
            _("Put something in the place of the three dots and run the cell again."),
        )


def target(path: str, params: Params, version: str = "") -> str:
    """Return the request target: version prefix, path and query, percent-encoded.

    Parameters
    ----------
    path: the API's own path; it may bring a query, and its own version prefix.
    params: name and value of each query parameter; None leaves one out.
    version: such as ``1.41``; empty for no prefix.

    Raises `UsageError` for what cannot be sent, `Gap` for ``...``.
    """
    if path is ... or any(value is ... for value in params.values()):  # type: ignore[comparison-overlap]
        raise Gap
    if not isinstance(path, str):
        raise UsageError(_("A path is text; this one is of the kind {kind}.", kind=type(path).__name__))
    if version and not _VERSION.fullmatch(str(version)):
        raise UsageError(_("{version!r} is not an API version.", version=version), _('Write it as in version="1.41".'))
    _refuse_control(path, _("path"))
    if not path.startswith("/"):
        raise UsageError(
            _("The path {path!r} does not begin with a slash.", path=path), _("Write {path!r}.", path="/" + path)
        )
    bare, mark, query = path.partition("?")
    prefix = "" if not version or VERSION_PREFIX.match(bare) else f"/v{version}"
    pairs = [_keep_escapes(query, "/:,@!$'()*;=&+?")] if mark and query else []
    pairs += [f"{quote(name, safe='')}={quote(value, safe='/:,@')}" for name, value in _flatten(params)]
    return prefix + _keep_escapes(bare, "/:@!$&'()*+,;=") + ("?" + "&".join(pairs) if pairs else mark)


def _keep_escapes(text: str, safe: str) -> str:
    """Percent-encode, but leave what is encoded already (in upper case, as RFC 3986 says)."""
    pieces, last = [], 0
    for found in _ESCAPE.finditer(text):
        pieces += [quote(text[last : found.start()], safe=safe), found.group().upper()]
        last = found.end()
    return "".join(pieces) + quote(text[last:], safe=safe)


def _flatten(params: Params) -> Iterator[tuple[str, str]]:
    for name, value in params.items():
        _refuse_control(name, _("name of a parameter"))
        for item in value if isinstance(value, (list, tuple)) else [value]:
            if item is ...:
                raise Gap
            if item is not None:
                yield name, _value(name, item)


def _value(name: str, value: object) -> str:
    """Write one value as the API reads it: 1 and 0 for bool, compact JSON for a dict."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, dict):
        return to_json(value)
    if isinstance(value, (str, int, float)):
        text = str(value)
        _refuse_control(text, name, allowed="\n\t\r")
        return text
    raise UsageError(
        _("The parameter {name} cannot be of the kind {kind}.", name=name, kind=type(value).__name__),
        _("Give text, a number, True or False, a dict (sent as JSON) or a list (sent several times)."),
    )


def _refuse_control(text: str, what: str, allowed: str = "") -> None:
    bad = next((c for c in _UNSENDABLE.findall(text) if c not in allowed), None)
    if bad is not None:
        raise UsageError(
            _("The {what} holds {char!r}, which cannot be sent.", what=what, char=bad), _("Take that character out.")
        )


def to_json(value: object) -> str:
    """Return `value` as compact JSON.  Raises `UsageError` when it has none."""
    try:
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        if "ellipsis" in str(error):
            raise Gap from error
        raise UsageError(
            _("This cannot be written as JSON: {why}.", why=error),
            _("Use dicts with text keys, lists, text, numbers, True, False and None."),
        ) from error
    return text


def headers(given: Mapping[str, str]) -> Headers:
    """Return the headers as pairs.  Raises `UsageError` for a name or value that HTTP forbids."""
    pairs = []
    for name, value in given.items():
        if value is ...:  # type: ignore[comparison-overlap]
            raise Gap
        value = str(value)
        if not isinstance(name, str) or not _TOKEN.fullmatch(name):
            raise UsageError(_("{name!r} is not the name of a header.", name=name))
        if not value.isascii() or any(c in value for c in "\r\n\x00") or _UNSENDABLE.search(value.replace("\t", "")):
            raise UsageError(
                _("The value of the header {name} holds a character that HTTP forbids.", name=name),
                _("Line ends and other control characters would begin a header of their own; use plain ASCII."),
            )
        if name.lower() in ("host", "content-length", "transfer-encoding"):
            raise UsageError(_("The header {name} is written by the HTTP library.", name=name), _("Leave it out."))
        pairs.append((name, value.strip()))
    return tuple(pairs)
