"""The root file systems of the practice engine's images: small, and our own.

They look like those that the course builds from Debian's packages, and hold what the
course touches.  Every executable begins with a line that names a program of ``machine``.
"""

from __future__ import annotations

import posixpath

from .. import recipes
from .machine.files import Device, File, Folder, Link
from .machine.programs import APPLETS, binary

BUILT = 1_700_000_000.0
"""When all files of the images were made, in seconds since 1970: the same for everybody."""

_TYPES = """types {
    text/html html htm;
    text/css css;
    text/plain txt;
    text/xml xml;
    application/javascript js;
    application/json json;
    image/png png;
    image/svg+xml svg;
}
"""
_WELCOME = """<!DOCTYPE html>
<html>
<head><title>Welcome to nginx!</title></head>
<body>
<h1>Welcome to nginx!</h1>
<p>This page comes from a container.</p>
</body>
</html>
"""


def _put(root: Folder, path: str, node: File | Folder | Link | Device) -> None:
    at = root
    *folders, name = path.strip("/").split("/")
    for part in folders:
        below = at.get(part)
        at = below if isinstance(below, Folder) else at.put(part, Folder(mtime=BUILT))  # type: ignore[assignment]
    node.mtime = BUILT
    at.put(name, node)


def _text(text: str, mode: int = 0o644) -> File:
    return File(mode=mode, data=text.encode())


def busybox() -> Folder:
    """The many-in-one command, its links, and what a small system has in ``/etc``."""
    root = Folder(mtime=BUILT)
    for name in [
        "dev",
        "home",
        "proc",
        "run",
        "sys",
        "usr/bin",
        "usr/sbin",
        "var/lib",
        "var/log",
        "var/spool/mail",
        "var/www",
    ]:
        _put(root, name, Folder())
    _put(root, "root", Folder(mode=0o700))
    for name in ("tmp", "var/tmp"):
        _put(root, name, Folder(mode=0o1777))
    _put(root, "bin/busybox", File(mode=0o755, data=binary("busybox")))
    for name in sorted(APPLETS):
        _put(root, posixpath.join("bin", name), Link(target="/bin/busybox"))
    _put(root, "etc/passwd", _text(recipes.USERS))
    _put(root, "etc/group", _text(recipes.GROUPS))
    _put(root, "etc/shadow", _text("root:*:::::::\nnobody:*:::::::\n", 0o640))
    _put(root, "etc/os-release", _text('PRETTY_NAME="Practice image"\nNAME="Practice"\nID=practice\n'))
    return root


def motd() -> Folder:
    """What makes another edition of busybox."""
    root = Folder(mtime=BUILT)
    _put(root, "etc/motd", _text(recipes.MOTD))
    return root


def nginx() -> Folder:
    """The program of the nginx image."""
    root = Folder(mtime=BUILT)
    _put(root, "usr/sbin/nginx", File(mode=0o755, data=binary("nginx")))
    return root


def site() -> Folder:
    """What else the nginx image has on top of busybox."""
    root = Folder(mtime=BUILT)
    _put(root, "etc/nginx/nginx.conf", _text(recipes.NGINX_CONF))
    _put(root, "etc/nginx/mime.types", _text(_TYPES))
    _put(root, "etc/nginx/conf.d/default.conf", _text(recipes.NGINX_SITE))
    _put(root, "usr/share/nginx/html/index.html", _text(_WELCOME))
    _put(root, "var/log/nginx/access.log", Link(target="/dev/stdout"))
    _put(root, "var/log/nginx/error.log", Link(target="/dev/stderr"))
    _put(root, "var/lib/nginx", Folder())
    _put(root, "var/lock", Folder(mode=0o1777))
    return root


def redis() -> Folder:
    """What the redis image has on top of busybox."""
    root = Folder(mtime=BUILT)
    _put(root, "usr/local/bin/redis-server", File(mode=0o755, data=binary("redis-server")))
    _put(root, "usr/local/bin/redis-cli", File(mode=0o755, data=binary("redis-cli")))
    _put(root, "usr/local/bin/docker-entrypoint.sh", _text(recipes.REDIS_ENTRY, 0o755))
    _put(root, "data", Folder())
    return root
