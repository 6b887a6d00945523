"""The host kind: the learner's Docker itself, only when it is asked for by name.

Nothing of the course's runs beside it, so what needs a daemon or a registry of
one's own is not to be had; see `Capability`.
"""

from __future__ import annotations

from ..errors import EngineError, LabError
from ..messages import _
from ..model import Endpoint
from . import dockercontext
from .base import Capability, Engine, EngineRecord, Paths, Progress
from .records import record

PORTS = (32000, 32139)
"""What labs may publish on a machine whose ports nobody shares out."""


class Host(Engine):
    """The learner's own Docker.

    Parameters
    ----------
    address: of one on another machine, as it was typed; empty for the one of this machine.
    """

    kind = "host"
    capabilities = frozenset({Capability.BIND})

    def __init__(self, paths: Paths, address: str = "") -> None:
        super().__init__(paths)
        self._address = address

    def _endpoint(self) -> Endpoint:
        if not self._address:
            return dockercontext.find(self.paths)
        return dockercontext.parse(self._address)

    def unavailable(self) -> str:
        try:
            return dockercontext.answering(self._endpoint())
        except EngineError as error:
            return str(error)

    def start(self, progress: Progress) -> EngineRecord:
        endpoint = self._endpoint()
        if why := dockercontext.answering(endpoint):
            raise EngineError(_("Your Docker does not answer: {why}", why=why))
        said = _("Using your own Docker at {endpoint}: labs make and remove labelled things in it.", endpoint=endpoint)
        progress(said, None)
        return record(self.kind, endpoint, self.capabilities if dockercontext.local(endpoint) else frozenset(), PORTS)

    def stop(self, progress: Progress) -> None:
        """Nothing was started."""

    def running(self) -> bool:
        try:
            return not dockercontext.answering(EngineRecord.load(self.paths.record).endpoint)
        except LabError:
            return False
