"""What stands before a docker-registry: refuses changes to the mirror, answers searches.

One request a connection: it reads the head, answers it or sends it on with
``Connection: close``, and from there copies bytes.

Sources: RFC 9112 (HTTP/1.1 messages) and
https://distribution.github.io/distribution/spec/api/#errors (the error body).
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from .netns import Handler, splice
from .recipes import repository

_TLS = b"\x16"
"""How a TLS connection begins.  An Engine tries TLS first, and waits 10 s for an answer to that."""


def front(backend: str, *, changes: bool, storages: list[Path]) -> Handler:
    """Return the handler of connections to a registry.

    Parameters
    ----------
    backend: the unix socket of the docker-registry.
    changes: whether anything but reading is let through.
    storages: roots of the registries' storage, which a search looks through.
    """

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            start = await reader.readexactly(1)
            if start == _TLS:
                error = {"code": "UNSUPPORTED", "message": "this registry speaks plain HTTP"}
                await _answer(writer, 400, {"errors": [error]})
                return
            head = start + await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            writer.close()
            return
        first, _crlf, rest = head.partition(b"\r\n")
        method, target = [*first.split(b" "), b"", b""][:2]
        url = urlsplit(target.decode("latin-1"))
        if url.path == "/v1/_ping":
            await _answer(writer, 200, {"standalone": True})
        elif url.path == "/v1/search":
            await _answer(writer, 200, search(storages, (parse_qs(url.query).get("q") or [""])[0]))
        elif not changes and method not in (b"GET", b"HEAD"):
            error = {"code": "UNSUPPORTED", "message": "this registry is a mirror and cannot be changed"}
            await _answer(writer, 405, {"errors": [error]})
        else:
            kept = [line for line in rest.split(b"\r\n") if line and not line.lower().startswith(b"connection:")]
            await _pass_on(b"\r\n".join([first, b"Connection: close", *kept, b"", b""]), backend, reader, writer)

    return handle


async def _pass_on(head: bytes, backend: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        far = await asyncio.open_unix_connection(backend)
    except OSError:
        error = {"code": "UNAVAILABLE", "message": "the lab registry has ended; ./lab starts it again"}
        await _answer(writer, 503, {"errors": [error]})
        return
    far[1].write(head)
    await splice((reader, writer), far)


async def _answer(writer: asyncio.StreamWriter, status: int, what: object) -> None:
    reason = {200: "OK", 400: "Bad Request", 405: "Method Not Allowed", 503: "Service Unavailable"}[status]
    body = json.dumps(what).encode()
    head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    try:
        writer.write(head.encode() + b"Connection: close\r\n\r\n" + body)
        await writer.drain()
    except OSError:
        pass
    writer.close()


def search(storages: list[Path], term: str) -> dict[str, object]:
    """Return the repositories whose name holds a term, as an Engine reads the answer."""
    results = []
    for storage in storages:
        root = storage / "docker" / "registry" / "v2" / "repositories"
        names = sorted(str(found.parent.relative_to(root)) for found in root.glob("**/_manifests"))
        results += [repository(name) for name in names if term.lower() in name.lower()]
    return {"num_results": len(results), "query": term, "results": results}
