"""From what a learner asks for to a picture: the edge between a lab and the drawings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import ConnectionFailed, LabError, UsageError
from ..messages import _
from ..model import TLS, Endpoint
from . import family, images, lifecycle, networks, survey, volumes, whole
from .picture import Picture

if TYPE_CHECKING:
    from ..lab import Lab
    from .tls import Handshake

KINDS = ("containers", "networks", "images", "volumes", "tls", "api")


def atlas(lab: Lab, kind: str = "", about: Any = None) -> Picture:
    """Draw the engine, or one part of it: see `Lab.map`."""

    def get(path: str) -> Any:
        answer = lab.get(path)
        if answer.status == 404:  # removed between the list and this call
            return None
        return answer.raise_for_status().json()

    if about is not None and kind != "tls":
        raise UsageError(
            _("Only the picture of TLS is about something: a client, a TLS(...) or an error."),
            _('Write lab.map("tls", it).'),
        )
    if kind == "":
        return whole.draw(survey.everything(get), f"{lab.record.kind.capitalize()} engine {lab.record.version}")
    if kind == "containers":
        return lifecycle.draw(survey.living(get))
    if kind == "networks":
        return networks.draw(survey.networked(get))
    if kind == "images":
        return images.draw(survey.layered(get))
    if kind == "volumes":
        return volumes.draw(survey.mounted(get))
    if kind == "api":
        registry = lab.record.registry
        known = ((_("mirror"), registry.mirror), (_("private registry"), registry.private)) if registry else ()
        return family.draw(family.family(get("/version"), str(lab.endpoint), lab.version, known))
    if kind == "tls":
        return _tls(lab, about)
    raise UsageError(
        _("There is no picture {kind!r}.", kind=kind),
        _("Ask for one of these, or for none of them to see everything: {kinds}.", kinds=", ".join(KINDS)),
    )


def _tls(lab: Lab, about: Any) -> Picture:
    from .. import certs  # cryptography is needed for this picture alone
    from ..client import Client
    from ..exchange import Exchange
    from . import probe, tls

    if about is None:
        return tls.draw(probe.planned(certs.folder()))
    if isinstance(about, ConnectionFailed):
        return tls.draw(_informed(lab, about.endpoint, probe.failed(about)))
    if isinstance(about, TLS):
        about = lab.at(f"tcp://localhost:{lab.record.tls_port}", tls=about)
    elif isinstance(about, Endpoint):
        about = lab.at(str(about), tls=about.tls)
    elif isinstance(about, Exchange):
        about = lab.at(str(about.request.endpoint), tls=about.request.endpoint.tls)
    if not isinstance(about, Client):
        raise UsageError(
            _("The picture of TLS cannot be about a {kind}.", kind=type(about).__name__),
            _("Give a client of lab.at(...), a TLS(...), an exchange, or the ConnectionFailed that was raised."),
        )
    client: Client = about
    if client.endpoint.socket:
        raise UsageError(
            _("There is no TLS on a unix socket: the file's permissions decide who may come in."),
            _('Give a client of lab.at("tcp://…", tls=TLS(...)).'),
        )

    def ping() -> tuple[int, str]:
        answer = client.get("/_ping", version="")
        return answer.status, answer.text

    return tls.draw(_informed(lab, client.endpoint, probe.probe(client.endpoint, ping)))


def _informed(lab: Lab, endpoint: Endpoint, shake: Handshake) -> Handshake:
    """Add what only the daemon's configuration tells, where the daemon is the lab's own: whom it believes."""
    from .. import certs
    from .tls import Certificate

    met = shake.tls and shake.failed not in ("connect", "hello")
    if not met or endpoint.port is None or endpoint.port != lab.record.tls_port:
        return shake
    try:
        config = lab.daemon.config()
        # What a daemon with TLS does where the key is missing differs between releases.
        if not config.get("tlsverify"):
            return replace(shake, asks=False if config.get("tlsverify") is False else None)
        said = certs.read(str(config.get("tlscacert")))
    except LabError:  # a daemon that is not the lab's, or a file that is no more there
        return shake
    believed = Certificate(said["subject"], said["issuer"], said["names"], said["valid"])
    return replace(shake, asks=True, client_ca=believed)
