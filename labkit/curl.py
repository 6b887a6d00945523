"""The curl line: the very same request, to paste into a terminal.

Pasted into sh, bash or zsh it sends the same method, target, headers and body
over the same transport.  Only ``User-Agent`` differs: each client names itself.

Source: https://curl.se/docs/manpage.html
"""

from __future__ import annotations

import json
import re

from .messages import _
from .model import TLS, Endpoint, Request
from .shell import word

# curl asks before it sends a large body ("Expect: 100-continue"); labkit does not.
_EXPECT_FROM = 1024 * 1024
_DOT_SEGMENT = re.compile(r"/\.{1,2}(/|$)")

SECRET_HEADERS = {
    "x-registry-auth": "REGISTRY_AUTH",
    "x-registry-config": "REGISTRY_CONFIG",
    "authorization": "AUTHORIZATION",
    "cookie": "COOKIE",
}
"""Headers that hold a secret, and the shell variable that stands for each."""


def curl(request: Request, *, wrap: bool = False) -> str:
    """Return the request as a curl command.

    Parameters
    ----------
    wrap: one option a line, joined by backslashes, instead of one long line.
    """
    words = [["curl"]]
    if request.stream:
        words.append(["-N"])
    if request.method == "HEAD":
        words.append(["--head"])
    elif request.method != "GET" or request.body is not None:
        words.append(["-X", request.method])
    words += [[option, word(path)] for option, path in connection_options(request.endpoint)]
    if has_dot_segment(request):
        words.append(["--path-as-is"])
    words += [["-H", _header(name, value)] for name, value in request.headers]
    if request.body is not None:
        words += _body(request)
    words.append([word(request.endpoint.base + request.target)])
    return (" \\\n  " if wrap else " ").join(" ".join(group) for group in words)


def connection_options(endpoint: Endpoint) -> list[tuple[str, str]]:
    """Return the options by which curl reaches an endpoint, each with the path that belongs to it."""
    tls = endpoint.tls or TLS()
    options = {"--unix-socket": endpoint.socket, "--cacert": tls.ca, "--cert": tls.cert, "--key": tls.key}
    return [(option, path) for option, path in options.items() if path]


def has_dot_segment(request: Request) -> bool:
    """Whether the path holds ``.`` or ``..``, which many clients take out before they send it."""
    return bool(_DOT_SEGMENT.search(request.target.partition("?")[0]))


def _header(name: str, value: str) -> str:
    if value and (variable := SECRET_HEADERS.get(name.lower())):
        return f'"{name}: ${variable}"'
    return word(f"{name}: {value}" if value else f"{name};")  # "Name:" would take the header away


def _body(request: Request) -> list[list[str]]:
    words: list[list[str]] = []
    body = request.body or b""
    if not any(name.lower() == "content-type" for name, _value in request.headers):
        words.append(["-H", "'Content-Type:'"])  # else curl says it sends a form
    if len(body) >= _EXPECT_FROM:
        words.append(["-H", "'Expect:'"])
    if has_secret(request):
        return [*words, ["-d", '"$AUTH_BODY"']]
    if request.body_file:
        name = request.body_file
        return [*words, ["--data-binary", word("@" + (f"./{name}" if name == "-" else name))]]
    text = body.decode()
    return [*words, ["--data-raw" if text.startswith("@") else "-d", word(text)]]


def fits_inline(body: bytes) -> bool:
    """Whether a body can stand in the line itself: text, short, and without NUL."""
    if len(body) > 20_000 or b"\0" in body:
        return False
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def has_secret(request: Request) -> bool:
    """Whether the body holds a password, as that of ``POST /auth`` does."""
    if request.path != "/auth" or not request.body:
        return False
    try:
        fields = json.loads(request.body)
    except ValueError:
        return True  # cannot be read, so it cannot be known to be harmless
    return isinstance(fields, dict) and any(fields.get(k) for k in ("password", "identitytoken", "registrytoken"))


def notes(request: Request) -> list[str]:
    """Return what to do before the line can be pasted: how to set each shell variable."""
    said = []
    for name, value in request.headers:
        variable = SECRET_HEADERS.get(name.lower()) if value else None
        if variable == "REGISTRY_AUTH":
            said.append(
                _(
                    "Set the variable first, so that the password stays out of the line: "
                    """REGISTRY_AUTH=$(printf '{{"username":"%s","password":"%s"}}' "$NAME" "$PASSWORD" """
                    """| base64 | tr '+/' '-_' | tr -d '\\n')""",
                    variable=variable,
                )
            )
        elif variable:
            said.append(_("Set the shell variable {variable} to the header's value first.", variable=variable))
    if has_secret(request):
        said.append(_("Set the shell variable AUTH_BODY to the JSON body first; it holds the password."))
    return said
