"""The lab registry: a mirror that holds ``library/*``, and a private registry with a password.

Each is a docker-registry (Debian's package) on a unix socket, with a front on a
loopback port: the front of the mirror lets nothing be changed, the front of the private one
also answers the search that an Engine sends to a registry.

Sources: https://distribution.github.io/distribution/about/configuration/ and, for
the search, https://github.com/moby/moby/tree/master/registry (``/v1/search``).
"""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import os
import secrets
import shutil
import socket
import subprocess
from pathlib import Path

from ..errors import EngineError
from ..files import write
from ..messages import _
from .base import RegistryRecord
from .paths import STUDENT, Paths
from .ports import Block

KINDS = ("mirror", "private")


class Registry:
    """The two docker-registry processes and their files.

    Parameters
    ----------
    paths: of this checkout; storage goes to ``.lab/registry``.
    program: the docker-registry to run.
    """

    def __init__(self, paths: Paths, program: str) -> None:
        self._folder = paths.state / "registry"
        self._run = paths.run
        self._log = paths.state / "log" / "registry.log"
        self._program = program
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def socket(self, kind: str) -> str:
        """The unix socket that the registry of that kind listens on."""
        return str(self._run / f"{kind}.sock")

    def start(self) -> list[str]:
        """Start what does not run; return which had ended by itself."""
        mended = []
        for kind in KINDS:
            process = self._processes.get(kind)
            if process is None or process.poll() is not None:
                mended += [kind] if process else []
                self._launch(kind)
        return mended

    def start_hub(self, url: str) -> None:
        """Start a third one that hands on what the registry at `url` has."""
        self._launch("hub", {"proxy": {"remoteurl": url}})

    def stop_hub(self) -> None:
        """End that one, and remove what it kept."""
        if process := self._processes.pop("hub", None):
            _end(process)
        shutil.rmtree(self._folder / "hub", ignore_errors=True)
        (self._folder / "hub.json").unlink(missing_ok=True)

    def _launch(self, kind: str, more: dict[str, object] | None = None) -> None:
        Path(self.socket(kind)).unlink(missing_ok=True)
        with self._log.open("ab") as output:
            self._processes[kind] = subprocess.Popen(
                # It dies with the supervisor, however that dies.
                ["setpriv", "--pdeathsig", "KILL", self._program, "serve", str(self._configure(kind, more or {}))],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                # Variables that begin so would change what the configuration says.
                env={name: value for name, value in os.environ.items() if not name.startswith(("REGISTRY_", "OTEL_"))},
            )

    def listening(self) -> bool:
        """Whether all listen by now.  Raises `EngineError` when one has ended instead."""
        for kind, process in self._processes.items():
            if process.poll() is not None:
                raise EngineError(_("The lab registry did not start."), _("What it said is in .lab/log/registry.log."))
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
                if sock.connect_ex(self.socket(kind)):
                    return False
        return True

    @property
    def running(self) -> bool:
        """Whether both run."""
        return all(kind in self._processes and self._processes[kind].poll() is None for kind in KINDS)

    def stop(self) -> None:
        """End them all."""
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            _end(process)
        self._processes.clear()

    def _configure(self, kind: str, more: dict[str, object]) -> Path:
        storage = self._folder / kind
        storage.mkdir(mode=0o700, parents=True, exist_ok=True)
        config: dict[str, object] = {
            "version": "0.1",
            "log": {"level": "warn", "accesslog": {"disabled": True}},
            "storage": {
                "filesystem": {"rootdirectory": str(storage)},
                "delete": {"enabled": True},
                # Uploads broken off are of no use here, and looking for them takes disk time.
                "maintenance": {"uploadpurging": {"enabled": False}},
            },
            "http": {
                "net": "unix",
                "addr": self.socket(kind),
                "secret": secrets.token_hex(16),
                "relativeurls": True,
            },
        }
        if kind == "private":
            config["auth"] = {"htpasswd": {"realm": "docker-api-lab", "path": str(self._folder / "htpasswd")}}
        path = self._folder / f"{kind}.json"
        write(path, json.dumps(config | more, indent=1), mode=0o600)  # JSON is YAML, which it reads
        return path


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def password_path(paths: Paths) -> Path:
    """Where the private registry's password is."""
    return paths.state / "registry" / "password"


def password_file(paths: Paths) -> Path:
    """The file with the private registry's password; made at the first call, and 0600."""
    file = password_path(paths)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    hashed = file.with_name("htpasswd")
    if not (file.exists() and hashed.exists() and hashed.stat().st_size):
        password = secrets.token_urlsafe(12)
        for path, text in ((hashed, f"{STUDENT}:{bcrypt(password)}\n"), (file, password)):
            write(path, text, mode=0o600)
    return file


def bcrypt(password: str) -> str:
    """Hash a password as docker-registry wants it, with the system's crypt(3).

    Raises `EngineError` where the system's library does not know bcrypt.
    """
    alphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    # 22 characters are 128 bits of salt; the last of them carries two bits only.
    salt = "$2b$05$" + "".join(secrets.choice(alphabet) for _n in range(21)) + secrets.choice(".Oeu")
    for name in (ctypes.util.find_library("crypt"), "libcrypt.so.1", None):  # None: musl has it in its C library
        try:
            crypt = ctypes.CDLL(name).crypt
        except (OSError, AttributeError):
            continue
        crypt.restype = ctypes.c_char_p
        hashed = crypt(password.encode(), salt.encode())
        if hashed and hashed.startswith(b"$2b$"):
            return str(hashed.decode())
    raise EngineError(_("This system's crypt library does not know bcrypt."), _("Install libcrypt1 or libxcrypt."))


def record(paths: Paths, block: Block) -> RegistryRecord:
    """Where the lab registry of this checkout is."""
    return RegistryRecord(
        mirror=f"127.0.0.1:{block.mirror}",
        private=f"127.0.0.1:{block.private}",
        user=STUDENT,
        password_file=str(password_path(paths)),
    )


def program(paths: Paths) -> str:
    """The docker-registry to run: the installed one, or the one unpacked into ``.lab``; empty when neither is there."""
    unpacked = paths.state / "tools" / "usr" / "bin" / "docker-registry"
    return shutil.which("docker-registry") or (str(unpacked) if unpacked.exists() else "")
