"""The podman kind: Podman's Docker-compatible API, served on a socket of the course's own.

It keeps images and containers in a store of its own.  Where it differs from Docker, the
labs say so at the step where it differs.

Source: https://docs.podman.io/en/latest/markdown/podman-system-service.1.html
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import time
from contextlib import closing
from pathlib import Path

from ..errors import EngineError, LabError
from ..messages import _
from ..model import Endpoint
from ..session import Session
from . import control, dockercontext
from .base import Capability, Engine, EngineRecord, Progress
from .host import PORTS
from .records import record

READY_SECONDS = 20.0
_CHAIN = "NETAVARK"


class Podman(Engine):
    """A Podman service with a store of its own."""

    kind = "podman"
    capabilities = frozenset({Capability.BIND})

    @property
    def _socket(self) -> Path:
        return self.paths.run / "podman.sock"

    @property
    def _endpoint(self) -> Endpoint:
        return Endpoint(socket=str(self._socket))

    @property
    def _podman(self) -> list[str]:
        return ["podman", "--root", str(self.paths.state / "podman"), "--runroot", str(self.paths.run / "podman")]

    @property
    def _rules_before(self) -> Path:
        return self.paths.state / "podman-rules"

    def _settings(self) -> str:
        """Podman's own defaults, but for its folders.

        Source: https://github.com/containers/common/blob/main/docs/containers.conf.5.md
        """
        networks, temporary = self.paths.state / "podman-networks", self.paths.run / "libpod"
        return f'[network]\nnetwork_config_dir = "{networks}"\n[engine]\ntmp_dir = "{temporary}"\n'

    def unavailable(self) -> str:
        if shutil.which("podman"):
            return ""
        return _("Podman is not installed. On Debian: apt-get install podman")

    def start(self, progress: Progress) -> EngineRecord:
        if why := self.unavailable():
            raise EngineError(why)
        if not self.running():
            if self._socket.exists():
                progress(_("The Podman service had been killed; it is started again."), None)
            self._spawn()
        return record(self.kind, self._endpoint, self.capabilities, PORTS)

    def _spawn(self) -> None:
        log = self.paths.state / "log" / "podman.log"
        for folder in (log.parent, self.paths.run):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._socket.unlink(missing_ok=True)
        settings = self.paths.state / "containers.conf"
        settings.write_text(self._settings())
        self._rules_before.write_text("\n".join(_rules()))
        with log.open("ab") as output:
            subprocess.run(
                ["setsid", "--fork", *self._podman, "system", "service", "--time=0", f"unix://{self._socket}"],
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, "CONTAINERS_CONF": str(settings)},
            )
        end = time.monotonic() + READY_SECONDS
        while not self.running():
            if time.monotonic() > end:
                raise EngineError(_("Podman does not answer."), _("What it said is in .lab/log/podman.log."))
            time.sleep(0.01)

    def stop(self, progress: Progress) -> None:
        """Remove the containers and networks, for they outlive the service, and end it."""
        if not self.running():
            return
        with closing(Session(self._endpoint)) as session:
            for container in session.request("GET", "/containers/json", {"all": True}).json():
                session.request("DELETE", f"/containers/{container['Id']}", {"force": True, "v": True})
            session.request("POST", "/networks/prune")
        pid = control.peer(self._socket)
        os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + READY_SECONDS
        while self.running() and time.monotonic() < end:
            time.sleep(0.01)
        subprocess.run(["umount", "--quiet", str(self.paths.state / "podman" / "overlay")], check=False)
        self._restore_rules()
        shutil.rmtree(self.paths.run, ignore_errors=True)

    def _restore_rules(self) -> None:
        """Remove the chains that Podman made in this machine's firewall, unless some were there before."""
        if self._rules_before.exists() and not self._rules_before.read_text():
            for command in _undo(_rules()):
                subprocess.run(shlex.split(command), check=False, capture_output=True)

    def running(self) -> bool:
        if not self._socket.is_socket():
            return False
        try:
            return not dockercontext.answering(self._endpoint)
        except LabError:
            return False


def _rules() -> list[str]:
    """The lines of iptables-save that are Podman's, each with its program and table; none without root."""
    if os.geteuid() != 0 or not shutil.which("iptables-save"):
        return []
    found, table = [], ""
    for program in ("iptables", "ip6tables"):
        said = subprocess.run([f"{program}-save"], capture_output=True, text=True, check=False).stdout
        for line in said.splitlines():
            if line.startswith("*"):
                table = line[1:]
            elif _CHAIN in line:
                found.append(f"{program} -t {table} {line}")
    return found


def _undo(rules: list[str]) -> list[str]:
    """The commands that remove rules and chains: rules that lead to a chain, then its own, then the chain."""
    chains = [rule.split(" :") for rule in rules if " :" in rule]
    commands = [rule.replace(" -A ", " -D ") for rule in rules if " -A " in rule and f"-A {_CHAIN}" not in rule]
    commands += [f"{where} -F {chain.split()[0]}" for where, chain in chains]
    return commands + [f"{where} -X {chain.split()[0]}" for where, chain in chains]
