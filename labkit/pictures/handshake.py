"""A TLS handshake with a daemon as plain data, and what is to be said of each of its steps.

Source: https://docs.docker.com/engine/security/protect-access/, RFC 8446 section 2, and RFC 6066 section 3: a hello
carries the name that is called, and no address.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

from ..failures import chain
from ..messages import _

STEPS = ("connect", "hello", "server", "verify_server", "client", "verify_client", "request")
"""The steps of the handshake, in their order."""

_PLAIN = ("connect", "request")

_AUTHORITY, _DATES, _NAME = "authority", "dates", "name"

_SYMPTOMS = (
    (_NAME, ("hostname mismatch", "ip address mismatch")),
    (_DATES, ("has expired", "not yet valid", "certificate_expired")),
    (_AUTHORITY, ("self signed", "self-signed", "issuer certificate", "unable to verify", "unknown_ca")),
)
"""What OpenSSL says when a question about a certificate was answered with no."""


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
    asks: whether the daemon asks for the client's certificate; None where that is not known.
    client_ca: the authority that the daemon believes, where it is known.
    """

    address: str
    ca: Certificate | None = None
    server: Certificate | None = None
    client: Certificate | None = None
    failed: str = ""
    reason: str = ""
    tried: bool = True
    tls: bool = True
    asks: bool | None = None
    client_ca: Certificate | None = None


@dataclass(frozen=True)
class Question:
    """Something that is asked of a certificate; `answer` is None where it is not known."""

    asked: str
    answer: bool | None = None


@dataclass(frozen=True)
class Step:
    """One step of the handshake.

    Parameters
    ----------
    how: ``done``, ``failed``, ``late`` (not reached), ``without`` (there was nothing to do), or ``planned``.
    """

    key: str
    said: str
    how: str
    questions: tuple[Question, ...] = ()


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


def steps(shake: Handshake) -> list[Step]:
    """Return the steps that there are: without TLS there is nothing between connecting and asking."""
    keys = STEPS if shake.tls else _PLAIN
    failed = shake.failed
    if failed and failed not in keys:  # a plain request that a server of TLS answered with 400
        failed = "request"
    last = keys.index(failed) if failed else len(keys)
    found = []
    for n, key in enumerate(keys):
        how = "planned" if not shake.tried else "late" if n > last else "failed" if n == last else "done"
        if how == "done" and (shake.client is None or shake.asks is False) and key in ("client", "verify_client"):
            how = "without"
        found.append(Step(key, _said(shake, key, how), how, _questions(shake, key, how)))
    return found


def outcome(shake: Handshake) -> str:
    """Say in a few words how it went."""
    if not shake.tls and shake.failed != "connect":
        return _("the client speaks plain HTTP") if shake.failed else _("there is none, both speak plain HTTP")
    refused = {
        "connect": _("nobody could be reached"),
        "hello": _("the two do not understand each other"),
        "verify_server": _("the client refuses the server's certificate"),
        "verify_client": _("the daemon refuses the client"),
    }
    return refused.get(shake.failed, _("it failed")) if shake.failed else _("both sides are content")


def _said(shake: Handshake, key: str, how: str) -> str:
    server = shake.server
    if key == "connect":
        return _("TCP connection")
    if key == "hello":
        if _numeric(_host(shake)):
            return _("hello: which TLS versions; no name, since an address is called")
        return _("hello: which TLS versions, and the name that is called")
    if key == "server":
        if not server:
            return _("the server's certificate")
        names = server.names or _("no name")
        return _("the server's certificate: {subject}, for: {names}", subject=server.subject, names=names)
    if key == "verify_server":
        return _("The client verifies it:")
    if key == "client":
        return _client(shake, how)
    if key == "verify_client":
        return _verdict(shake, how)
    if shake.failed == "verify_client":
        # With TLS 1.3 the client has sent it before it is told that it was refused.
        return _("HTTP, encrypted; the daemon does not read it")
    if shake.tls:
        return _("HTTP, encrypted")
    return _("HTTP, to be read by everybody on the way")


def _client(shake: Handshake, how: str) -> str:
    if shake.asks is False:
        return _("no certificate of the client: the daemon asks for none")
    asked = shake.asks or shake.failed == "verify_client" or how == "planned"
    if shake.client is None and shake.tried:
        if asked and how != "late":
            return _("the daemon asks for the client's certificate, and gets none")
        return _("the client has no certificate to show")
    shown = shake.client.subject if shake.client else "cert.pem"
    if asked:
        return _("the client's certificate, which the daemon asks for: {subject}", subject=shown)
    return _("the client's certificate, if the daemon asks for one: {subject}", subject=shown)


def _verdict(shake: Handshake, how: str) -> str:
    if how == "without":
        return _("The daemon asks for none: without tlsverify it lets in whoever comes.")
    if shake.asks or shake.failed == "verify_client" or not shake.tried:
        return _("The daemon verifies it:")
    return _("A daemon with tlsverify verifies it:")


def _questions(shake: Handshake, key: str, how: str) -> tuple[Question, ...]:
    """Return what is asked of a certificate, with the answers as far as they are known."""
    if key == "verify_server":
        authority = shake.ca.subject if shake.ca else _("an authority that it believes")
        asked = {
            _AUTHORITY: _("signed by {who}?", who=authority),
            _DATES: _("still valid?"),
            _NAME: _("for the name that was called, {name}?", name=_host(shake)),
        }
        return tuple(_answered(asked, shake, how, certain=True))
    if key == "verify_client" and how != "without":
        authority = shake.client_ca.subject if shake.client_ca else _("its tlscacert")
        asked = {_AUTHORITY: _("signed by {who}?", who=authority), _DATES: _("still valid?")}
        if shake.failed == "verify_client" and not shake.client:
            return (Question(_("is there one?"), False), *map(Question, asked.values()))
        return tuple(_answered(asked, shake, how, certain=bool(shake.asks)))
    return ()


def _answered(asked: dict[str, str], shake: Handshake, how: str, certain: bool) -> Iterator[Question]:
    wrong = _wrong(shake) if how == "failed" else ""
    for kind, said in asked.items():
        yield Question(said, True if how == "done" and certain else False if kind == wrong else None)


def _wrong(shake: Handshake) -> str:
    """Return which question was answered with no; empty where neither the reason nor the certificate tells."""
    reason = shake.reason.lower()
    for kind, words_ in _SYMPTOMS:
        if any(word in reason for word in words_):
            return kind
    # Many daemons say no more than that the certificate is bad.  What is known of it may still tell.
    if shake.failed == "verify_client" and shake.client:
        if shake.client.valid == _("expired"):
            return _DATES
        if shake.client_ca and shake.client.issuer != shake.client_ca.subject:
            return _AUTHORITY
    return ""


def _host(shake: Handshake) -> str:
    return shake.address.rpartition(":")[0].strip("[]") or shake.address


def _numeric(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
