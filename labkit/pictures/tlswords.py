"""A TLS handshake in words: what either side believes and shows, and each step with its end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..messages import _
from ..safe import harmless
from .handshake import Certificate, Handshake, Step


def client_facts(shake: Handshake) -> list[str]:
    """Return what the client believes and shows."""
    if not shake.tls:
        return [_("believes: asks for nothing"), _("shows: nothing")]
    believes = shake.ca.subject if shake.ca else _("the system's authorities") if shake.tried else "ca.pem"
    told = [_("believes: {who}", who=believes)]
    if not shake.client:
        return [*told, _("shows: nothing") if shake.tried else _("shows: cert.pem")]
    return [*told, *_facts(shake.client)]


def server_facts(shake: Handshake) -> list[str]:
    """Return what the daemon believes and shows."""
    server = shake.server
    if not server:
        shown = [_("shows: not seen") if shake.tried else _("shows: server-cert.pem")]
    else:
        first, *others = _facts(server)
        shown = [first, _("for: {names}", names=server.names or _("no name")), *others]
    if not shake.tls:
        return shown
    return [_("believes: {who}", who=_believed(shake)), *shown]


def _believed(shake: Handshake) -> str:
    if shake.failed in ("connect", "hello"):
        return _("not known")
    if shake.asks is False or (shake.tried and not shake.failed and not shake.client):
        return _("whoever comes, it asks for nothing")
    if shake.client_ca:
        return shake.client_ca.subject
    if shake.asks or shake.failed == "verify_client" or not shake.tried:
        return _("its tlscacert")
    return _("its tlscacert, if it has tlsverify")


def _facts(certificate: Certificate) -> list[str]:
    return [
        _("shows: {what}", what=certificate.subject),
        _("signed by: {who}", who=certificate.issuer or "?"),
        _("valid: {how}", how=certificate.valid or "?"),
    ]


def words(shake: Handshake, told: Sequence[Step]) -> Iterator[str]:
    """Say all of it as lines of text."""
    for side, facts in ((_("client"), client_facts(shake)), ("dockerd", server_facts(shake))):
        yield f"{side}: {'; '.join(facts)}"
    ends = {"late": _("not reached"), "failed": _("failed"), "done": _("done"), "without": _("left out")}
    for n, step in enumerate(told):
        who = {"server": "←", "verify_server": "·", "verify_client": "·"}.get(step.key, "→")
        how = ends.get(step.how, "")
        asked = " ".join(
            q.asked + ("" if q.answer is None else f" {_('yes') if q.answer else _('no')};") for q in step.questions
        )
        said = " ".join(filter(None, [step.said, asked.rstrip(";")]))
        yield harmless(f"{n + 1}. {who} {said}" + (f"  [{how}]" if how else ""))
        if step.how == "failed":
            yield f"   {shake.reason}"
            if untold(step):
                yield f"   {untold_words()}"


def untold_words() -> str:
    """Say where the reason of a refusal is found that the client is not told."""
    return _("Which question it was, the client is not told: the daemon's log says it.")


def untold(step: Step) -> bool:
    """Whether a certificate was refused, and nothing tells why."""
    return step.how == "failed" and bool(step.questions) and all(q.answer is None for q in step.questions)
