"""The container kind: the course's engine inside one container of the learner's Docker.

In the container runs what runs for the private kind, the supervisor with a dockerd
in namespaces; here it is told what to do through ``exec``.  The learner's own containers,
images and networks are neither seen nor touched.
"""

from __future__ import annotations

import io
import json
import os
import platform
import shutil
import sys
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import APIError, ConnectionFailed, EngineError, LabError, StreamError
from ..files import write
from ..live import Stream
from ..messages import _
from ..model import Endpoint
from ..session import Session
from ..streams import Frame
from . import containerimage, control, debian, dockercontext, ports, registry
from .base import LABEL, Capability, DaemonConfig, EngineRecord, Paths, Progress, RegistryEngine, RegistryRecord, quiet
from .containerspec import Spec, code
from .layout import Layout
from .ports import Block
from .private import stop_containers
from .records import record

_FILES = ("tlscacert", "tlscert", "tlskey")


class Container(RegistryEngine):
    """An engine inside one container of the learner's Docker."""

    kind = "container"
    capabilities = frozenset({Capability.CONFIGURE, Capability.BIND, Capability.REGISTRY})

    def __init__(self, paths: Paths) -> None:
        super().__init__(paths)
        self.name = f"{LABEL}-{paths.instance}"
        self._root = PurePosixPath("/lab") / paths.instance
        # The supervisor in there is root, wherever this process is not.
        run = PurePosixPath("/run") / LABEL / Paths.of(Path(self._root)).instance
        self._spec = Spec(paths, self.name, self._root, run)

    def unavailable(self) -> str:
        if os.name != "posix":
            return _("The container engine needs Linux or macOS; on Windows, run ./lab inside WSL.")
        try:
            return dockercontext.answering(dockercontext.find(self.paths))
        except EngineError as error:
            return str(error)

    def start(self, progress: Progress) -> EngineRecord:
        endpoint = dockercontext.find(self.paths)
        docker = Session(endpoint)
        try:
            done = self._up(docker, progress)
        except (ConnectionFailed, APIError) as error:
            raise EngineError(_("Your Docker refused: {why}", why=error.message), error.hint) from error
        finally:
            docker.close()
        dockercontext.note(self.paths, endpoint)
        return self._record(Block(done["base"], narrow=True))

    def _up(self, docker: Session, progress: Progress) -> Any:
        found = docker.request("GET", f"/containers/{self.name}/json")
        runs = found.ok and found.json()["State"]["Running"]
        if found.ok and not runs:
            progress(_("The engine's container had been killed; it is started again."), None)
            runs = docker.request("POST", f"/containers/{self.name}/start").ok
        done = self._status(docker) if runs else {}
        if done.get("protocol") == control.PROTOCOL:
            return self._tell(docker, progress, "up")
        if done:
            progress(_("The course has a new edition; the engine is started anew."), None)
        self._remove(docker)
        self._create(docker, progress)
        return self._tell(docker, progress, "up")

    def _status(self, docker: Session) -> dict[str, Any]:
        """What the supervisor says of itself; nothing when it does not come up."""
        try:
            return dict(self._tell(docker, quiet, "status"))
        except EngineError:
            return {}

    def _create(self, docker: Session, progress: Progress) -> None:
        for folder in (self.paths.state, self.paths.state / "log", self.paths.run):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.paths.work.mkdir(parents=True, exist_ok=True)
        image = containerimage.image(docker, self.paths, progress)
        mark = {"Labels": {LABEL: "engine"}}
        docker.request("POST", "/volumes/create", json={"Name": self.name, **mark}).raise_for_status()
        # A network of its own: what else runs there does not reach the API.
        docker.request("POST", "/networks/create", json={"Name": self.name, **mark}).raise_for_status()
        said = ""
        for block in self._blocks():
            for privileged in (True, False):
                said = self._try(docker, image, block, privileged=privileged)
                if not said:
                    (self.paths.state / "ports").write_text(f"{block.base}\n")
                    return
        raise EngineError(
            _("The engine's container does not start: {why}", why=said or _("no block of ports is free.")),
            _("docker logs {name} may say more.", name=self.name),
        )

    def _blocks(self) -> Iterator[Block]:
        """Two blocks of ports that look free from here: the learner's Docker may know better."""
        free = (block for block in ports.candidates(self.paths) if ports.usable(block))
        for _number, block in zip(range(2), free):
            yield Block(block.base, narrow=True)

    def _try(self, docker: Session, image: str, block: Block, *, privileged: bool) -> str:
        """Make the container and start it; return why it did not start, or nothing."""
        body = self._spec.body(image, block, privileged=privileged, shared_socket=_shares_kernel(docker))
        docker.request("POST", "/containers/create", {"name": self.name}, json=body).raise_for_status()
        self._put(docker, "/", code())
        if Layout(self.paths.state / "images").images():
            self._upload_images(docker)
        begun = docker.request("POST", f"/containers/{self.name}/start")
        if begun.ok:
            return ""
        docker.request("DELETE", f"/containers/{self.name}", {"force": True})
        return begun.error

    def _put(self, docker: Session, folder: str, archive: bytes) -> None:
        file = self.paths.state / "upload.tar"
        write(file, archive, mode=0o600)
        try:
            headers = {"Content-Type": "application/x-tar"}
            docker.request(
                "PUT", f"/containers/{self.name}/archive", {"path": folder}, data=file, headers=headers
            ).raise_for_status()
        finally:
            file.unlink()

    def _upload_images(self, docker: Session) -> None:
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.add((self.paths.state / "images").resolve(), f"{self.paths.instance}/.lab/images")
        self._put(docker, "/lab", archive.getvalue())

    def _tell(self, docker: Session, progress: Progress, do: str, **more: Any) -> Any:
        """Send the supervisor in the container a command: what `control.ask` does outside."""
        order = json.dumps({"do": do, **more})
        command = ["python3", "-m", "labkit.engines.control", str(self._root), order]
        with self._ran(docker, command) as pieces:
            return control.follow(_lines(pieces), progress)

    @contextmanager
    def _ran(self, docker: Session, command: Sequence[str]) -> Iterator[Stream]:
        """Run a command in the container; give what it writes."""
        body = {"Cmd": list(command), "AttachStdout": True, "AttachStderr": True}
        made = docker.request("POST", f"/containers/{self.name}/exec", json=body)
        if not made.ok:
            raise EngineError(
                _("The engine's container does not run: {why}", why=made.error), _("Type ./lab in a terminal.")
            )
        try:
            start = f"/exec/{made.json()['Id']}/start"
            with docker.stream("POST", start, json={"Detach": False, "Tty": False}) as pieces:
                yield pieces
        except StreamError as error:
            raise EngineError(error.message, error.hint) from error

    def _record(self, block: Block) -> EngineRecord:
        socket = self.paths.run / "docker.sock"
        endpoint = Endpoint(socket=str(socket)) if socket.is_socket() else Endpoint(host="127.0.0.1", port=block.api)
        return record(self.kind, endpoint, self.capabilities, block.labs, tcp_port=block.tcp, tls_port=block.tls)

    def start_registry(self, progress: Progress) -> RegistryRecord:
        """Start the lab registry in the container, and bring its password here."""
        with closing(self._docker()) as docker:
            done = self._tell(docker, progress, "registry", program="docker-registry")
            password = registry.password_path(self.paths)
            path = f"{self._root}/{password.relative_to(self.paths.root)}"
            packed = docker.request("GET", f"/containers/{self.name}/archive", {"path": path}).raise_for_status()
        with tarfile.open(fileobj=io.BytesIO(packed.response.body)) as archive:
            found = archive.extractfile(password.name)
            password.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write(password, found.read() if found else b"", mode=0o600)
        return registry.record(self.paths, Block(done["base"], narrow=True))

    def fill_mirror(self, progress: Progress) -> None:
        """Fill the mirror: with images kept there or here, or the Hub's, or built from Debian's packages."""
        with closing(self._docker()) as docker:
            if self._tell(docker, progress, "images")["images"]:
                return
            kept = Layout(self.paths.state / "images")
            kept.save(debian.build(kept, self.paths.state / "unpacked", progress))
            self._upload_images(docker)
            self._tell(docker, progress, "images")

    def stop(self, progress: Progress) -> None:
        try:
            docker = self._docker()
        except EngineError:
            return  # a Docker that does not run, runs no container either
        with closing(docker):
            try:
                stop_containers(EngineRecord.load(self.paths.record).endpoint)
            except LabError:
                pass  # it does not answer: it is ended all the same
            try:
                docker.request("POST", f"/containers/{self.name}/stop", {"t": 20})
                self._remove(docker)
            except ConnectionFailed:
                return
        shutil.rmtree(self.paths.run, ignore_errors=True)

    def _remove(self, docker: Session) -> None:
        """Remove the container and its network; the volume stays, with images and all that was made."""
        docker.request("DELETE", f"/containers/{self.name}", {"force": True})
        docker.request("DELETE", f"/networks/{self.name}")

    def running(self) -> bool:
        try:
            return not dockercontext.answering(EngineRecord.load(self.paths.record).endpoint)
        except LabError:
            return False

    def config(self) -> dict[str, Any]:
        with closing(self._docker()) as docker:
            return dict(self._tell(docker, quiet, "config"))

    def reload(self, changes: DaemonConfig) -> None:
        with closing(self._docker()) as docker:
            self._tell(docker, quiet, "reload", changes=dict(changes))

    def restart(self, changes: DaemonConfig) -> None:
        with closing(self._docker()) as docker:
            # Also those that it has: a certificate may have been issued anew under the same name.
            self._upload_certificates(docker, {**self._tell(docker, quiet, "config"), **changes})
            self._tell(docker, quiet, "restart", changes=dict(changes))

    def _upload_certificates(self, docker: Session, changes: DaemonConfig) -> None:
        """Put the certificate files that a configuration names where dockerd finds them under the same path.

        They are unpacked inside: what is put to a path below /tmp from outside lies beneath what is mounted there.
        """
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for key in _FILES:
                file = changes.get(key)
                if isinstance(file, str) and Path(file).is_file():
                    tar.add(file, file.lstrip("/"))
        outer = io.BytesIO()
        with tarfile.open(fileobj=outer, mode="w") as tar:
            member = tarfile.TarInfo("certificates.tar")
            member.size, member.mode = len(archive.getvalue()), 0o600
            tar.addfile(member, io.BytesIO(archive.getvalue()))
        self._put(docker, "/lab", outer.getvalue())
        unpack = "python3 -m tarfile -e /lab/certificates.tar / && rm /lab/certificates.tar"
        with self._ran(docker, ["sh", "-c", unpack]) as pieces:
            for _piece in pieces:
                pass  # it is over when its output is

    def _docker(self) -> Session:
        """The Docker that the container was made in, wherever the environment points by now."""
        return Session(dockercontext.noted(self.paths) or dockercontext.find(self.paths))


def _lines(pieces: Iterator[Any]) -> Iterator[bytes]:
    """The lines that a command printed, out of the frames of its output."""
    rest = b""
    for piece in pieces:
        if isinstance(piece, Frame) and piece.stream != 1:
            continue  # an interpreter's complaint: the answer will be missing
        *lines, rest = (rest + (piece.data if isinstance(piece, Frame) else piece)).split(b"\n")
        yield from lines


def _shares_kernel(docker: Session) -> bool:
    """Whether a socket made in a container can be opened from here: not across a virtual machine."""
    kernel = docker.request("GET", "/info").json().get("KernelVersion")
    return sys.platform == "linux" and bool(kernel == platform.release())
