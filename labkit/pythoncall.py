"""The Python text: the same call with plain requests, to paste where labkit is not known.

Run with Python it sends the same method, target, headers and body to the same endpoint; a JSON
body is the same value, written by requests with blanks between.  requests adds headers of its own
(User-Agent, Accept-Encoding), as every client does.  Everything of a request is written as a
literal of Python, so that none of it can become code.

Sources: https://requests.readthedocs.io/en/latest/api/ and
https://docs.python.org/3/reference/lexical_analysis.html#literals
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from . import api
from . import curl as _curl
from .encode import to_json
from .errors import UsageError
from .messages import _
from .model import Request

WIDTH = 80
"""A value that is broader than this is written on several lines, in characters."""

_LONG = 16
"""No text counts for more: else the lines would fall otherwise where the course lies in another folder."""

_METHODS = frozenset(("GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"))
_ARCHIVES = frozenset(("/containers/{id}/archive", "/containers/{id}/export", "/images/{name}/get", "/images/get"))
_FRAMES = frozenset(("/containers/{id}/logs", "/containers/{id}/attach", "/exec/{id}/start"))
_NO_BODY = object()


def python(request: Request) -> str:
    """Return the request as a piece of Python; a comment where requests has no way to send it."""
    if any(name.lower() == "upgrade" for name, _value in request.headers):
        return _comment(
            _("requests has no way to take over a connection, as the answer 101 (Upgrade) asks for."),
            _("The modules socket and ssl of Python have; so does lab.post(..., upgrade=True)."),
        )
    imports: set[str] = set()
    setup = _endpoint(request, imports)
    arguments = [f"engine + {text(request.target)}"]
    body, headers = _json(request), list(request.headers)
    if body is not _NO_BODY:
        setup.append(f"body = {literal(body)}")
        arguments.append("json=body")
        headers = [pair for pair in headers if pair[0].lower() != "content-type"]
    elif request.body is not None:
        arguments.append(f"data={_data(request, imports)}")
    if headers:
        setup.append(_headers(headers, imports))
        arguments.append("headers=headers")
    arguments += _tls(request)
    if request.stream:
        arguments.append("stream=True")
    lines = [*setup, *_call(request, arguments)]
    if _curl.has_dot_segment(request) and not request.endpoint.socket:
        lines.insert(0, _comment(_("requests takes . and .. out of a path, so it sends another one than this.")))
    # Modules of Python itself stand before those of others.
    own = sorted((line for line in imports if "requests" not in line), key=lambda line: (line[0] == "f", line))
    others = sorted(imports - set(own))
    head = [*own, *([""] if own else []), *others, ""]
    return "\n".join([*head, *lines])


def _endpoint(request: Request, imports: set[str]) -> list[str]:
    """Return the lines that say where the Engine is."""
    if socket := request.endpoint.socket:
        imports |= {"import requests_unixsocket", "from urllib.parse import quote"}
        return [f'engine = "http+unix://" + quote({text(socket)}, safe="")']
    imports.add("import requests")
    return [f"engine = {text(request.endpoint.base)}"]


def _call(request: Request, arguments: list[str]) -> list[str]:
    """Return the lines of the call, and of what is done with its answer."""
    plain = request.method in _METHODS
    name = request.method.lower() if plain else "request"
    words = arguments if plain else [text(request.method), *arguments]
    who = "session" if request.endpoint.socket else "requests"
    call = f"{who}.{name}({', '.join(words)})"
    if len(words) > 2 or len(request.target) > WIDTH or request.endpoint.tls:
        call = f"{who}.{name}(\n" + "".join(f"    {word},\n" for word in words) + ")"
    if request.stream:
        lines = [*f"with {call} as response:".split("\n"), *(f"    {line}" for line in _loop(request))]
    else:
        lines = [*f"response = {call}".split("\n")]
    if request.endpoint.socket:
        lines = ["with requests_unixsocket.Session() as session:", *(f"    {line}" for line in lines)]
    return lines if request.stream else [*lines, _shown(request)]


def _loop(request: Request) -> list[str]:
    if api.template(request.method, request.path) in _FRAMES:
        said = _("Frames: 8 bytes (stream, length), then the output itself; with a terminal, the output alone.")
        return [f"# {said}", "for chunk in response.iter_content(chunk_size=None):", "    print(chunk)"]
    return ["for line in response.iter_lines():", '    print(line.decode(errors="replace"))']


def _shown(request: Request) -> str:
    if request.method == "HEAD":
        return "print(response.status_code, response.headers)"
    if api.template(request.method, request.path) in _ARCHIVES and request.method == "GET":
        return 'print(response.status_code, len(response.content), "bytes")'
    return "print(response.status_code, response.text)"


def _json(request: Request) -> Any:
    """Return the value that ``json=`` sends; `_NO_BODY` where that would be another body."""
    kinds = [value for name, value in request.headers if name.lower() == "content-type"]
    if kinds != ["application/json"] or request.body is None or request.body_file or _curl.has_secret(request):
        return _NO_BODY
    try:
        value = json.loads(request.body)
        # What is not written back the same (a name given twice, 1.0e2) is sent as it is.
        same = to_json(value).encode() == request.body
    except (ValueError, UsageError, RecursionError):
        return _NO_BODY
    return value if same and value is not None else _NO_BODY


def _data(request: Request, imports: set[str]) -> str:
    body = request.body or b""
    if _curl.has_secret(request):
        imports.add("import os")
        return 'os.environ["AUTH_BODY"].encode()'
    if request.body_file:
        imports.add("from pathlib import Path")
        return f"Path({text(request.body_file)}).read_bytes()"
    try:
        return f"{text(body.decode())}.encode()" if body else 'b""'
    except UnicodeDecodeError:
        return repr(body)


def _headers(headers: list[tuple[str, str]], imports: set[str]) -> str:
    written = []
    for name, value in headers:
        variable = _curl.SECRET_HEADERS.get(name.lower()) if value else None
        if variable:
            imports.add("import os")
        written.append(f"{text(name)}: " + (f"os.environ[{text(variable)}]" if variable else text(value)))
    line = f"headers = {{{', '.join(written)}}}"
    return line if len(headers) == 1 else "headers = {\n" + "".join(f"    {pair},\n" for pair in written) + "}"


def _tls(request: Request) -> list[str]:
    tls = request.endpoint.tls
    if tls is None:
        return []
    words = [f"verify={text(tls.ca)}"] if tls.ca else []
    if tls.cert:
        words.append(f"cert=({text(tls.cert)}, {text(tls.key)})" if tls.key else f"cert={text(tls.cert)}")
    return words


def text(value: str) -> str:
    """Return text as a literal of Python, in double quotes where it has no character to be hidden."""
    # The escapes of JSON for a quote and a backslash are those of Python.
    return json.dumps(value, ensure_ascii=False) if value.isprintable() else repr(value)


def literal(value: Any, depth: int = 0) -> str:
    """Return a value of JSON as a literal of Python, on several lines where it is broad.

    Parameters
    ----------
    depth: how deep its further lines are indented, in steps of four blanks.
    """
    if not isinstance(value, (dict, list)) or not value or _breadth(value) + 4 * depth <= WIDTH:
        return one_line(value)
    inner, outer = "    " * (depth + 1), "    " * depth
    if isinstance(value, list):
        return "[\n" + "".join(f"{inner}{literal(item, depth + 1)},\n" for item in value) + outer + "]"
    pairs = (f"{inner}{text(key)}: {literal(item, depth + 1)},\n" for key, item in value.items())
    return "{\n" + "".join(pairs) + outer + "}"


def _breadth(value: Any) -> int:
    if isinstance(value, dict):
        return sum(_breadth(key) + _breadth(item) + 4 for key, item in value.items()) + 2
    if isinstance(value, list):
        return sum(_breadth(item) + 2 for item in value) + 2
    return min(len(str(value)), _LONG) + 2


def one_line(value: Any, text: Callable[[str], str] = text) -> str:
    """Return a value of JSON as a literal of Python on one line.

    Parameters
    ----------
    text: how a text is written, keys included.
    """
    if isinstance(value, str):
        return text(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{text(key)}: {one_line(item, text)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(one_line(item, text) for item in value) + "]"
    return repr(value)  # a number, True, False or None


def _comment(*lines: str) -> str:
    return "\n".join(f"# {line}" for line in lines)
