"""The TLS handshake with a daemon: who shows which certificate, who verifies it, and where it failed.

Source: https://docs.docker.com/engine/security/protect-access/ and RFC 8446 section 2.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..failures import chain
from ..messages import _
from ..safe import harmless
from .canvas import Canvas, cut
from .parts import MARGIN, title
from .picture import Picture

STEPS = ("connect", "hello", "server", "verify_server", "client", "verify_client", "request")
"""The steps of the handshake, in their order."""

_WIDTH, _LEFT, _RIGHT, _ROW = 790, 150, 650, 54


@dataclass(frozen=True)
class Certificate:
    """What a certificate says; `valid` is in words, `names` are those that a server may be called by."""

    subject: str
    issuer: str = ""
    names: str = ""
    valid: str = ""


@dataclass(frozen=True)
class Handshake:
    """Both sides, and how far they came.

    Parameters
    ----------
    address: of the daemon, such as ``localhost:2376``.
    ca: the authority that the client believes; None where it was given none.
    server, client: the certificates that the two show; None where one is not known, or has none.
    failed: the step that went wrong, one of `STEPS`; empty where none did.
    reason: why, in words.
    tried: whether a connection was tried at all.
    tls: False where the client speaks plain HTTP.
    """

    address: str
    ca: Certificate | None = None
    server: Certificate | None = None
    client: Certificate | None = None
    failed: str = ""
    reason: str = ""
    tried: bool = True
    tls: bool = True


def failed_step(error: BaseException) -> str:
    """Return the step of the handshake at which an error of the connection arose."""
    for cause in chain(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "verify_server"
        if isinstance(cause, ssl.SSLError):
            # An alert that speaks of certificates is the server's verdict on the client's.
            reason = str(cause.reason or cause)
            return "verify_client" if "ALERT" in reason and "VERSION" not in reason else "hello"
    return "request" if "HTTP" in str(error) else "connect"


def draw(shake: Handshake) -> Picture:
    """Draw the handshake from top to bottom."""
    outcome = _outcome(shake)
    head = _("TLS with {address}: {outcome}", address=shake.address, outcome=outcome)
    canvas = Canvas(_WIDTH)
    y = title(canvas, head)
    said = _said(shake)
    _side(canvas, MARGIN, y, _("client"), _client_facts(shake))
    _side(canvas, _WIDTH - MARGIN - 350, y, f"dockerd  {shake.address}", _server_facts(shake))
    top = y = y + 114
    failed = _failed(shake)
    for n, step in enumerate(_steps(shake)):
        y += _ROW if n else 34
        _step(canvas, y, n, step, said[step], "late" if n > failed else "failed" if n == failed else "done", shake)
        if n == failed:
            y += _reason(canvas, y, shake, step)
    for x in (_LEFT, _RIGHT):
        canvas.line([(x, top), (x, y + 16)], colour="muted", below=True)
    canvas.height = y + 34
    return Picture(head + ".", tuple(_words(shake, said)), canvas.svg(), _WIDTH, int(canvas.height))


def _steps(shake: Handshake) -> Sequence[str]:
    """Return the steps that there are: without TLS there is nothing between connecting and asking."""
    return STEPS if shake.tls or shake.failed else ("connect", "request")


def _failed(shake: Handshake) -> int:
    return STEPS.index(shake.failed) if shake.failed else len(STEPS)


def _outcome(shake: Handshake) -> str:
    if not shake.tls:
        return _("the client speaks plain HTTP") if shake.failed else _("there is none, both speak plain HTTP")
    if shake.failed:
        refused = {
            "connect": _("nobody could be reached"),
            "hello": _("the two do not understand each other"),
            "verify_server": _("the client refuses the server's certificate"),
            "verify_client": _("the daemon refuses the client"),
        }
        return refused.get(shake.failed, _("it failed"))
    return _("both sides are content") if shake.tried else _("as it should go")


def _said(shake: Handshake) -> dict[str, str]:
    server, client, ca = shake.server, shake.client, shake.ca
    shown = _("the server's certificate")
    if server:
        names = server.names or _("no name")
        shown = _("the server's certificate: {subject}, for: {names}", subject=server.subject, names=names)
    proof = _("the client's certificate: none") if shake.tried else _("the client's certificate")
    if client:
        proof = _("the client's certificate: {subject}", subject=client.subject)
    verdict = _("The daemon verifies it with its tlscacert: signed by that authority? Still valid?")
    if shake.tried and not shake.failed and not client:
        verdict = _("The daemon asks for none: without tlsverify it lets in whoever comes.")
    return {
        "connect": _("TCP connection"),
        "hello": _("hello: which TLS versions, and the name that is called")
        if shake.tls
        else _("plain HTTP, no hello"),
        "server": shown,
        "verify_server": _("The client verifies it: signed by {ca}? Still valid? For the name that was called?",
                           ca=ca.subject if ca else _("an authority that it believes")),
        "client": proof,
        "verify_client": verdict,
        "request": _("HTTP, encrypted") if shake.tls else _("HTTP, to be read by everybody on the way"),
    }  # fmt: skip


def _client_facts(shake: Handshake) -> list[str]:
    if not shake.tls:
        return [_("believes: asks for nothing"), _("shows: nothing")]
    believes = shake.ca.subject if shake.ca else _("the system's authorities") if shake.tried else "ca.pem"
    told = [_("believes: {who}", who=believes)]
    if not shake.client:
        return [*told, _("shows: nothing") if shake.tried else _("shows: cert.pem")]
    return [*told, *_facts(shake.client)]


def _server_facts(shake: Handshake) -> list[str]:
    server = shake.server
    if not server:
        return [_("shows: not seen") if shake.tried else _("shows: server-cert.pem")]
    shown, *more = _facts(server)
    return [shown, _("for: {names}", names=server.names or _("no name")), *more]


def _facts(certificate: Certificate) -> list[str]:
    return [
        _("shows: {what}", what=certificate.subject),
        _("signed by: {who}", who=certificate.issuer or "?"),
        _("valid: {how}", how=certificate.valid or "?"),
    ]


def _side(canvas: Canvas, x: float, y: float, name: str, facts: list[str]) -> None:
    canvas.box(x, y, 350, 106, fill="tint", edge="blue")
    canvas.text(x + 12, y + 21, name, bold=True, room=41)
    for n, fact in enumerate(facts):
        canvas.text(x + 12, y + 41 + 18 * n, fact, size=12, room=45)


def _step(canvas: Canvas, y: float, n: int, step: str, said: str, how: str, shake: Handshake) -> None:
    colour = {"late": "muted", "failed": "red", "done": "green" if shake.tried else "blue"}[how]
    canvas.text(MARGIN, y + 4.5, f"{n + 1}", size=12, colour="muted")
    if step.startswith("verify"):
        here = _LEFT if step == "verify_server" else _RIGHT
        lines = _folded(said, 56)
        left = 176 if here == _LEFT else _RIGHT - 26 - 440
        canvas.box(left, y - 19, 440, 38, dashed=how == "late", edge=colour)
        canvas.line([(here, y), (left if here == _LEFT else left + 440, y)], colour=colour)
        for at, line in enumerate(lines[:2]):
            canvas.text(
                left + 10,
                y - (3 if len(lines) > 1 else -4.5) + 16 * at,
                line,
                size=12,
                colour="text" if how != "late" else "muted",
                room=58,
            )
        canvas.dot(here, y, colour=colour, radius=6, hollow=how == "late")
    else:
        there = step == "server"
        points = [(_RIGHT - 2, y), (_LEFT + 2, y)] if there else [(_LEFT + 2, y), (_RIGHT - 2, y)]
        canvas.line(points, arrow=how != "failed", colour=colour, dashed=how == "late")
        canvas.text(
            (_LEFT + _RIGHT) / 2,
            y - 8,
            said,
            size=12,
            anchor="middle",
            room=66,
            colour="muted" if how == "late" else "text",
        )
    _sign(canvas, 60, y, how, colour, shake)


def _sign(canvas: Canvas, x: float, y: float, how: str, colour: str, shake: Handshake) -> None:
    """Draw how a step went: a tick, a cross, or nothing, each with its word."""
    if how == "failed":
        canvas.shape(f"M{x - 14} {y - 5}l10 10M{x - 4} {y - 5}l-10 10", edge="red", thick=2.5)
        canvas.text(x + 2, y + 4.5, _("failed"), size=12, colour="red", bold=True, room=10)
    elif how == "late":
        canvas.text(x - 14, y + 4.5, _("not reached"), size=11, colour="muted", room=11)
    elif shake.tried:
        canvas.shape(f"M{x - 14} {y}l4 5l7 -10", edge=colour, thick=2.5)
        canvas.text(x + 2, y + 4.5, _("done"), size=12, colour="green", room=10)


def _reason(canvas: Canvas, y: float, shake: Handshake, step: str) -> float:
    lines = _folded(shake.reason, 62)[:3]
    foot = 24 if step.startswith("verify") else 8
    canvas.box(_LEFT + 12, y + foot, _RIGHT - _LEFT - 24, 14 + 17 * len(lines), edge="red", thick=2)
    for n, line in enumerate(lines):
        canvas.text(_LEFT + 24, y + foot + 18 + 17 * n, line, size=12, bold=True, room=66)
    return float(foot + 17 * len(lines))


def _folded(said: str, room: int) -> list[str]:
    """Return a sentence on lines of `room` columns; a word that is longer than one is cut."""
    lines = [""]
    for word in cut(said, 400).split(" "):
        if len(lines[-1]) + 1 + len(word) > room and lines[-1]:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _words(shake: Handshake, said: dict[str, str]) -> Iterator[str]:
    for side, facts in ((_("client"), _client_facts(shake)), ("dockerd", _server_facts(shake))):
        yield f"{side}: {'; '.join(filter(None, facts))}"
    failed = _failed(shake)
    for n, step in enumerate(_steps(shake)):
        who = {"server": "←", "verify_server": "·", "verify_client": "·"}.get(step, "→")
        how = _("not reached") if n > failed else _("failed") if n == failed else _("done") if shake.tried else ""
        yield harmless(f"{n + 1}. {who} {said[step]}" + (f"  [{how}]" if how else ""))
        if n == failed:
            yield f"   {shake.reason}"
