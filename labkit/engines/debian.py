"""busybox, nginx and redis built from Debian's packages, where no Docker Hub can be reached.

Each is Debian's program and the libraries that it loads, over a static busybox; names,
commands, ports and places are those of the images on the Hub.

Sources: ld.so(8) for ``--list``; the README of each image on the Hub for what it holds.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

from ..errors import EngineError
from ..messages import _
from . import packages, recipes
from .base import Progress
from .layout import Entry, Layer, Layout


def build(layout: Layout, folder: Path, progress: Progress) -> dict[str, str]:
    """Build the course's images and return their manifests by name.

    Parameters
    ----------
    folder: where packages are unpacked; removed in the end.

    Raises `EngineError` when the packages cannot be had.
    """
    if not packages.can_install():
        raise EngineError(
            _("The images need the Docker Hub, or a machine with Debian's packages; neither can be reached."),
            _("Go online once: the images are kept from then on."),
        )
    shutil.rmtree(folder, ignore_errors=True)
    progress(_("Fetching busybox, nginx and redis from Debian's packages (11 MB)"), 0.1)
    names = ["busybox-static", "nginx", "nginx-common", "redis-server", "redis-tools"]
    packages.unpack(names, folder, progress, libraries=True)
    progress(_("Building the images"), 0.6)
    try:
        return _Builder(layout, folder).build()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Builder:
    def __init__(self, layout: Layout, root: Path) -> None:
        self._layout = layout
        self._root = root
        self._mtime = int((root / "bin" / "busybox").stat().st_mtime)
        self._created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._mtime))
        self._architecture = subprocess.run(
            ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True
        ).stdout.strip()

    def build(self) -> dict[str, str]:
        base = self._busybox()
        stable = self._layer({"etc/motd": _text(recipes.MOTD)}, "ADD motd /etc/")
        return {
            "library/busybox:latest": self._image([base], "busybox"),
            "library/busybox:stable": self._image([base, stable], "busybox"),
            "library/nginx:latest": self._nginx(base),
            "library/redis:latest": self._redis(base),
        }

    def _layer(self, entries: dict[str, Entry], made_by: str) -> Layer:
        return self._layout.layer(entries, made_by, self._mtime)

    def _image(self, layers: list[Layer], name: str) -> str:
        config = {**recipes.CONFIGS[name], "Labels": recipes.labels(name, "Debian's packages")}
        return self._layout.image(layers, config, self._architecture, self._created)

    def _busybox(self) -> Layer:
        program = self._root / "bin" / "busybox"
        listed = subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout.split()
        entries = {f"bin/{applet}": Entry(target="busybox") for applet in listed if applet != "busybox"}
        entries["bin/busybox"] = _file(program, 0o755)
        entries["usr/bin/env"] = Entry(target="../../bin/env")
        entries["etc/passwd"], entries["etc/group"] = _text(recipes.USERS), _text(recipes.GROUPS)
        for name in (
            "dev",
            "home",
            "proc",
            "run",
            "sys",
            "usr/sbin",
            "var/lib",
            "var/log",
            "var/spool/mail",
            "var/www",
        ):
            entries[name] = Entry()
        entries["root"] = Entry(0o700)
        entries["tmp"] = entries["var/tmp"] = Entry(0o1777)
        return self._layer(entries, "ADD busybox /")

    def _nginx(self, base: Layer) -> str:
        server = self._root / "usr/sbin/nginx"
        types, html = self._root / "etc/nginx/mime.types", self._root / "usr/share/nginx/html/index.html"
        site = {
            "etc/nginx/nginx.conf": _text(recipes.NGINX_CONF),
            "etc/nginx/conf.d/default.conf": _text(recipes.NGINX_SITE),
            "etc/nginx/mime.types": _file(types),
            "usr/share/nginx/html/index.html": _file(html),
            "var/log/nginx/access.log": Entry(target="/dev/stdout"),
            "var/log/nginx/error.log": Entry(target="/dev/stderr"),
            "var/lib/nginx": Entry(),
            "var/lock": Entry(0o1777),
        }
        layers = [
            base,
            self._layer(self._libraries([server]), "ADD libraries /"),
            self._layer({"usr/sbin/nginx": _file(server, 0o755)}, "ADD nginx /usr/sbin/"),
            self._layer(site, "ADD site /"),
        ]
        return self._image(layers, "nginx")

    def _redis(self, base: Layer) -> str:
        programs = [self._root / "usr/bin" / name for name in ("redis-server", "redis-cli")]
        own: dict[str, Entry] = {f"usr/local/bin/{program.name}": _file(program, 0o755) for program in programs}
        own["usr/local/bin/docker-entrypoint.sh"] = Entry(0o755, recipes.REDIS_ENTRY.encode())
        own["data"] = Entry()
        layers = [
            base,
            self._layer(self._libraries(programs), "ADD libraries /"),
            self._layer(own, "ADD redis /usr/local/bin/"),
        ]
        return self._image(layers, "redis")

    def _libraries(self, programs: list[Path]) -> dict[str, Entry]:
        """The loader and all shared libraries that programs load, out of the unpacked packages alone."""
        loader = next(path for path in sorted(self._root.glob("lib*/ld-linux*.so*")))
        # Absolute links of the packages lead out of the unpacked tree: look at where they would lead inside it.
        folders = [path for top in ("lib", "usr/lib") for path in (self._root / top).glob("*-linux-gnu*")]
        inside = self._inside(loader)
        entries = {str(loader.relative_to(self._root)): _file(inside, 0o755)}
        for program in programs:
            listed = subprocess.run(
                [inside, "--library-path", ":".join(map(str, folders)), "--list", self._inside(program)],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for line in listed.splitlines():
                _name, arrow, found = line.strip().partition(" => ")
                path = Path(found.rpartition(" (")[0])
                if arrow and path.is_relative_to(self._root):
                    entries[str(path.relative_to(self._root))] = _file(self._inside(path), 0o644)
        return entries

    def _inside(self, path: Path) -> Path:
        """Follow symbolic links as if the unpacked tree were the root of the file system."""
        while path.is_symlink():
            target = os.readlink(path)
            path = self._root / target.lstrip("/") if target.startswith("/") else path.parent / target
        return path


def _file(path: Path, mode: int = 0o644) -> Entry:
    return Entry(mode, path.read_bytes())


def _text(text: str) -> Entry:
    return Entry(0o644, text.encode())
