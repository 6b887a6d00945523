"""A small web server: what ``nginx`` and ``httpd`` run."""

from __future__ import annotations

import contextlib
import http
import posixpath
import re
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from urllib.parse import unquote

from .applets_system import user_of
from .files import File, Folder
from .network import Listener, Socket
from .options import options
from .process import Exit, Process, Program, Wait
from .programs import applet, program
from .streams import NOTHING, Stream, pipe
from .times import http_date

MAX_HEAD = 16 * 1024
KEEP_SECONDS = 65.0
PROXY_SECONDS = 1.0
"""So long does nginx wait for a server behind it that does not answer."""
_PID_FILE, _ASIDE = "/run/nginx.pid", "/var/lib/nginx"
_STATUSES = {status.value for status in http.HTTPStatus}
_KINDS = {
    ".html": "text/html",
    ".htm": "text/html",
    ".css": "text/css",
    ".js": "application/javascript",
    ".json": "application/json",
    ".txt": "text/plain",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".xml": "text/xml",
}


@dataclass
class Site:
    """What a server serves.

    Parameters
    ----------
    server: as it names itself in its answers.
    log: called with the client, the request line, the status, the size and the client's name.
    fail: called with a sentence for the error log.
    proxy: where every page comes from instead, such as ``app:8080/page``; empty for files.
    cgi: whether executables below ``/cgi-bin/`` are run.
    fixed: the status and the text that every page is instead; None for files.
    """

    root: str
    server: str
    log: Callable[[str, str, int, int, str], Program]
    fail: Callable[[str], Program]
    proxy: str = ""
    cgi: bool = False
    fixed: tuple[int, str] | None = None


def _status_page(status: str, server: str) -> bytes:
    return (
        f"<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n<center><h1>{status}</h1></center>\r\n"
        f"<hr><center>{server}</center>\r\n</body>\r\n</html>\r\n"
    ).encode()


def _respond(process: Process, site: Site, method: str, target: str) -> Page:
    """Return status, reason, kind, body and, for the error log, what went wrong."""
    path = posixpath.normpath(unquote(target.partition("?")[0]) or "/")
    if method not in ("GET", "HEAD"):
        return 405, "Not Allowed", "text/html", _status_page("405 Not Allowed", site.server), ""
    full = posixpath.join(site.root, path.lstrip("/"))
    node = process.files.lookup(full)
    if isinstance(node, Folder):
        full = posixpath.join(full, "index.html")
        node = process.files.lookup(full)
        if node is None:
            said = f'directory index of "{full[:-10]}" is forbidden'
            return 403, "Forbidden", "text/html", _status_page("403 Forbidden", site.server), said
    if not isinstance(node, File):
        said = f'open() "{full}" failed (2: No such file or directory)'
        return 404, "Not Found", "text/html", _status_page("404 Not Found", site.server), said
    if not process.may(node, 4) or not node.mode & 0o444:
        said = f'open() "{full}" failed (13: Permission denied)'
        return 403, "Forbidden", "text/html", _status_page("403 Forbidden", site.server), said
    return 200, "OK", _KINDS.get(posixpath.splitext(full)[1], "application/octet-stream"), node.data, ""


Page = tuple[int, str, str, bytes, str]


def _failed(site: Site, status: int, reason: str, fault: str) -> Page:
    return status, reason, "text/html", _status_page(f"{status} {reason}", site.server), fault


def _fixed(site: Site, status: int, text: str) -> Page:
    """Return what ``return STATUS TEXT`` in nginx' configuration answers."""
    reason = http.HTTPStatus(status).phrase if status in _STATUSES else ""
    if text or status < 300:
        return status, reason, "application/octet-stream", text.encode(), ""
    return _failed(site, status, reason, "")


def _forward(process: Process, site: Site, method: str, target: str) -> Generator[Wait | None, None, Page]:
    """Fetch a page from another server: ``proxy_pass``."""
    where, slash, fixed = site.proxy.partition("/")
    host, _colon, port = where.partition(":")
    found = process.host.resolve(host)
    if not found:
        yield Wait(until=process.now + 0.3)
        return _failed(site, 502, "Bad Gateway", f"{host} could not be resolved (3: Host not found)")
    path = "/" + fixed if slash and fixed else target
    try:
        there = process.host.reach(found[0])
        if isinstance(there, float):
            yield Wait(until=process.now + min(there, PROXY_SECONDS))
            return _failed(site, 504, "Gateway Time-out", "upstream timed out (110: Operation timed out)")
        socket = there.accept(int(port or 80), process.host.interfaces[0].address, found[0])
    except OSError as error:
        return _failed(site, 502, "Bad Gateway", f"connect() failed ({error.errno}: {error.strerror})")
    process.held.append(socket)
    socket.write(f"{method} {path} HTTP/1.0\r\nHost: {where}\r\nConnection: close\r\n\r\n".encode())
    data = bytearray()
    while True:
        if not socket.readable():
            yield Wait(socket.readable, process.now + KEEP_SECONDS)
        piece = socket.read(65536) if socket.readable() else b""
        if not piece:
            break
        data += piece
    socket.close()
    process.held.remove(socket)
    return _parsed(site, bytes(data), "upstream prematurely closed connection")


def _parsed(site: Site, data: bytes, fault: str) -> Page:
    """Take an answer apart: that of another server, or of a CGI program."""
    head, blank, body = data.replace(b"\r\n", b"\n").partition(b"\n\n")
    fields = {
        k.strip().lower(): v.strip() for k, _c, v in (x.partition(":") for x in head.decode("latin-1").split("\n"))
    }
    first = re.match(r"HTTP/1\.[01] (\d+) ?(.*)", head.decode("latin-1"))
    given = re.match(r"(\d+) ?(.*)", fields.get("status", ""))
    if not blank:
        return _failed(site, 502, "Bad Gateway", fault)
    chosen = first or given
    status, reason = (int(chosen.group(1)), chosen.group(2)) if chosen else (200, "OK")
    return status, reason.split("\n")[0], fields.get("content-type", "text/plain"), body, ""


def _run_cgi(process: Process, site: Site, method: str, target: str) -> Generator[Wait | None, None, Page]:
    """Run a program below ``/cgi-bin/`` (RFC 3875)."""
    path, _mark, query = target.partition("?")
    full = posixpath.join(site.root, posixpath.normpath(unquote(path)).lstrip("/"))
    try:
        main = process.find(full)
    except OSError:
        return _failed(site, 404, "Not Found", "")
    read, write = pipe()
    env = {
        **process.env,
        "REQUEST_METHOD": method,
        "QUERY_STRING": query,
        "SCRIPT_NAME": path,
        "GATEWAY_INTERFACE": "CGI/1.1",
    }
    fds: dict[int, Stream] = {0: NOTHING, 1: write, 2: process.fds[2].share()}
    try:
        process.spawn(main, [full], env=env, cwd=posixpath.dirname(full), fds=fds)
    except OSError as error:
        return _failed(site, 500, "Internal Server Error", str(error.strerror))
    data = bytearray()
    while True:
        if not read.readable():
            yield Wait(read.readable)
        piece = read.read(65536)
        if not piece:
            break
        data += piece
    read.close()
    return _parsed(site, bytes(data), "the program printed no head")


def _head(socket: Socket, process: Process) -> Generator[Wait | None, None, bytes]:
    """Read the head of a request; empty where the client has gone or says nothing."""
    data = bytearray()
    while b"\r\n\r\n" not in data and b"\n\n" not in data:
        if not socket.readable():
            yield Wait(socket.readable, process.now + KEEP_SECONDS)
        piece = socket.read(65536) if socket.readable() else b""
        if not piece or len(data) > MAX_HEAD:
            return b""
        data += piece
    return bytes(data)


def serve(process: Process, socket: Socket, site: Site) -> Program:
    """Answer the requests of one connection."""
    keep = True
    while keep:
        head = yield from _head(socket, process)
        if not head:
            break
        lines = head.decode("latin-1").split("\r\n")
        headers = {k.strip().lower(): v.strip() for k, _c, v in (line.partition(":") for line in lines[1:])}
        found = re.fullmatch(r"([A-Z]+) (\S+) HTTP/1\.([01])", lines[0])
        if found:
            method, target, minor = found.groups()
            if site.fixed:
                page = _fixed(site, *site.fixed)
            elif site.proxy:
                page = yield from _forward(process, site, method, target)
            elif site.cgi and target.startswith("/cgi-bin/"):
                page = yield from _run_cgi(process, site, method, target)
            else:
                page = _respond(process, site, method, target)
            status, reason, kind, body, fault = page
        else:
            method, minor = "GET", "0"
            status, reason, kind, body, fault = (
                400,
                "Bad Request",
                "text/html",
                _status_page("400 Bad Request", site.server),
                "",
            )
        keep = minor == "1" and headers.get("connection", "").lower() != "close" and status != 400
        answer = [
            f"HTTP/1.1 {status} {reason}",
            f"Server: {site.server}",
            f"Date: {http_date(process.now)}",
            f"Content-Type: {kind}",
            f"Content-Length: {len(body)}",
            f"Connection: {'keep-alive' if keep else 'close'}",
            "",
            "",
        ]
        try:
            socket.write("\r\n".join(answer).encode() + (b"" if method == "HEAD" else body))
        except OSError:
            break
        if fault:
            yield from site.fail(f'{fault}, client: {socket.peer}, request: "{lines[0]}"')
        yield from site.log(socket.peer, lines[0], status, len(body), headers.get("user-agent", "-"))
    return 0


def listen(process: Process, listener: Listener, site: Site, stopped: list[int]) -> Program:
    """Take connections, each in a process of its own, until a signal says to stop."""

    def ready() -> bool:
        return bool(listener.waiting or stopped)

    while not stopped:
        if not ready():
            yield Wait(ready)
        while listener.waiting and not stopped:
            socket = listener.waiting.popleft()
            process.space.thread(process, serve(process, socket, site), socket)
    listener.close()
    return 0


@program("nginx")
def nginx(process: Process) -> Program:
    """nginx with one site: what ``/etc/nginx/conf.d/default.conf`` names."""
    argv = process.argv[1:]
    if "-v" in argv or "-V" in argv:
        yield from process.err("nginx version: nginx/1.22.1")
        return 0
    port, root, proxy, fixed = _configuration(process)
    if "-t" in argv:
        yield from process.err("nginx: the configuration file /etc/nginx/nginx.conf syntax is ok")
        return 0
    if "-s" in argv:
        first = process.space.alive.get(1)
        wanted = {"stop": 15, "quit": 3, "reload": 1}.get(
            argv[argv.index("-s") + 1] if len(argv) > argv.index("-s") + 1 else "", 0
        )
        if first and first is not process:
            first.signal(wanted)
        return 0

    def log(peer: str, line: str, status: int, size: int, agent: str) -> Program:
        when = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(process.now))
        return process.out(f'{peer} - - [{when}] "{line}" {status} {size} "-" "{agent}" "-"\n')

    def fail(said: str) -> Program:
        when = time.strftime("%Y/%m/%d %H:%M:%S", time.gmtime(process.now))
        return process.err(f"{when} [error] {process.inner}#{process.inner}: *1 {said}")

    yield from _make_folders(process)
    try:
        process.held.append(listener := process.host.listen(port))
    except OSError as error:
        yield from process.err(f"nginx: [emerg] bind() to 0.0.0.0:{port} failed (98: Address already in use)")
        raise Exit(1) from error
    yield from _write(
        process, "open", _PID_FILE, partial(process.files.write, _PID_FILE, b"%d\n" % process.inner, now=process.now)
    )
    stopped: list[int] = []
    process.handlers.update({number: (lambda: stopped.append(1)) for number in (2, 3, 15)})
    process.handlers.update({1: None, 28: None})
    process.argv = ["nginx: master process nginx -g daemon off;"]
    site = Site(root, "nginx/1.22.1", log, fail, proxy, fixed=fixed)
    code = yield from listen(process, listener, site, stopped)
    with contextlib.suppress(OSError):
        process.files.remove(_PID_FILE)
    return code


def _make_folders(process: Process) -> Program:
    """Make the folders for what nginx puts aside, as it does at its first start."""
    owner, _group = user_of(process, "nginx") or (0, 0)
    for name in ("body", "proxy", "fastcgi", "uwsgi", "scgi"):
        path = f"{_ASIDE}/{name}"
        if process.files.lookup(path) is None:
            made = Folder(0o700, owner, 0, process.now)
            yield from _write(process, "mkdir", path, partial(process.files.put, path, made))
    return 0


def _write(process: Process, call: str, path: str, change: Callable[[], object]) -> Program:
    """Change a file that nginx cannot do without; its end where that is refused."""
    try:
        change()
    except OSError as error:
        yield from process.err(f'nginx: [emerg] {call}() "{path}" failed ({error.errno}: {error.strerror})')
        raise Exit(1) from error
    return 0


def _configuration(process: Process) -> tuple[int, str, str, tuple[int, str] | None]:
    """Return the port, the root, the server behind it and the fixed answer that the site's file names."""
    text = ""
    for path in ("/etc/nginx/nginx.conf", "/etc/nginx/conf.d/default.conf"):
        node = process.files.lookup(path)
        text += node.data.decode("utf-8", "replace") if isinstance(node, File) else ""
    port = re.search(r"^[ \t]*listen\s+(?:\S*:)?(\d+)", text, re.M)
    root = re.search(r"^[ \t]*root\s+(\S+?);", text, re.M)
    proxy = re.search(r"^[ \t]*proxy_pass\s+http://([^\s;]+);", text, re.M)
    behind = proxy.group(1) if proxy else ""
    for name, value in re.findall(r"^[ \t]*set\s+\$(\w+)\s+(\S+?);", text, re.M):
        behind = behind.replace(f"${name}", value)
    said = re.search(r"^[ \t]*return\s+(\d{3})(?:\s+(\"[^\"]*\"|'[^']*'|[^\s;]+))?\s*;", text, re.M)
    fixed = (int(said.group(1)), (said.group(2) or "").strip("\"'")) if said else None
    return int(port.group(1)) if port else 80, root.group(1) if root else "/usr/share/nginx/html", behind, fixed


@applet("httpd")
def httpd(process: Process) -> Program:
    """Serve a folder: ``httpd -f -p PORT -h FOLDER``."""
    given, _words = yield from options(process, "fp:h:v")

    def log(_peer: str, _line: str, _status: int, _size: int, _agent: str) -> Program:
        yield from ()
        return 0

    def fail(_said: str) -> Program:
        yield from ()
        return 0

    port = int(given.get("-p", "80").rpartition(":")[2])
    process.held.append(listener := process.host.listen(port))
    site = Site(process.files.resolve(given.get("-h", "."), process.cwd), "httpd", log, fail, cgi=True)
    return (yield from listen(process, listener, site, []))
