"""Why an endpoint cannot be used, in one sentence each: from the errors of Python and of the HTTP libraries.

Source: https://docs.python.org/3/library/ssl.html#ssl.SSLCertVerificationError and
RFC 8446 section 6 (alerts).
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

from .errors import ConnectionFailed
from .messages import _
from .model import Endpoint
from .safe import harmless

# What OpenSSL calls an alert that the server sent, and what it means there.
_ALERTS = {
    "CERTIFICATE_REQUIRED": _("it wants a certificate from you, and got none"),
    "HANDSHAKE_FAILURE": _("it wants a certificate from you, and got none that it can use"),
    "UNKNOWN_CA": _("it does not know the authority that issued your certificate"),
    "BAD_CERTIFICATE": _("it does not accept your certificate, or got none"),
    "CERTIFICATE_EXPIRED": _("your certificate has expired"),
    "CERTIFICATE_UNKNOWN": _("it does not accept your certificate"),
}


_RESETS = (ConnectionResetError, BrokenPipeError, ConnectionAbortedError)


def was_reset(error: BaseException) -> bool:
    """Whether the other side closed without a word: no alert, no answer."""
    causes = list(chain(error))
    return any(isinstance(c, _RESETS) for c in causes) and not any(isinstance(c, ssl.SSLError) for c in causes)


def failure(endpoint: Endpoint, error: BaseException) -> ConnectionFailed:
    """Return why an endpoint cannot be used, and what to do next."""
    causes = list(chain(error))

    def of(*kinds: type[BaseException]) -> BaseException | None:
        return next((cause for cause in causes if isinstance(cause, kinds)), None)

    start = _("Is the lab's engine running? ./lab status says; ./lab starts it.")
    if endpoint.socket is None:  # it may as well be a port that a container publishes
        start = _(
            "A container's port answers while it runs (GET /containers/json), the engine's when ./lab has started it."
        )
    if isinstance(found := of(ssl.SSLError), ssl.SSLError):
        return ConnectionFailed(endpoint, *_tls(endpoint, found))
    if of(FileNotFoundError):
        return ConnectionFailed(endpoint, _("There is no socket at {endpoint}.", endpoint=endpoint), start)
    if of(PermissionError):
        return ConnectionFailed(
            endpoint,
            _("You may not open the socket at {endpoint}.", endpoint=endpoint),
            _("Docker's socket is for root and the group docker: whoever opens it is root on this machine."),
        )
    if of(ConnectionRefusedError):
        return ConnectionFailed(endpoint, _("Nothing listens at {endpoint}.", endpoint=endpoint), start)
    if of(socket.gaierror):
        return ConnectionFailed(
            endpoint, _("The name in {endpoint} is not known.", endpoint=endpoint), _("Is it spelled right?")
        )
    if of(*_RESETS):
        return ConnectionFailed(
            endpoint,
            _("{endpoint} closed the connection without an answer.", endpoint=endpoint),
            _("Its engine may have stopped, or it wants TLS."),
        )
    if of(TimeoutError):
        return ConnectionFailed(endpoint, _("{endpoint} does not answer.", endpoint=endpoint), start)
    said = " ".join(harmless(str(causes[-1])).split())[:120].rstrip(".")
    return ConnectionFailed(
        endpoint, _("What answers at {endpoint} does not speak HTTP: {said}.", endpoint=endpoint, said=said), start
    )


def _tls(endpoint: Endpoint, error: ssl.SSLError) -> tuple[str, str]:
    """Return what went wrong with TLS, with OpenSSL's own words in it, and what to look at."""
    if isinstance(error, ssl.SSLCertVerificationError):
        said = error.verify_message.rstrip(".")
        return (
            _("The certificate of {endpoint} is not to be trusted: {said}.", endpoint=endpoint, said=said),
            _("Look at it: who issued it, for which name, until when. Is the right ca.pem given?"),
        )
    reason = str(error.reason or error)
    if "ALERT" in reason:
        meaning = next((m for name, m in _ALERTS.items() if name in reason), _("it ended the handshake"))
        return (
            _(
                "{endpoint} refused the connection: {meaning} ({reason}).",
                endpoint=endpoint,
                meaning=meaning,
                reason=reason,
            ),
            _("Give a certificate and key that were issued by the authority which the server trusts."),
        )
    if reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "UNKNOWN_PROTOCOL"):
        return (
            _("{endpoint} does not speak TLS ({reason}).", endpoint=endpoint, reason=reason),
            _("Leave tls= out for a plain port (2375 by custom), or name the TLS port (2376 by custom)."),
        )
    return _("TLS to {endpoint} failed: {reason}.", endpoint=endpoint, reason=reason), _("Is it a TLS port?")


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that it was made from, down to the system's own."""
    queue: list[object] = [error]
    seen: set[int] = set()
    while queue:
        found = queue.pop(0)
        if isinstance(found, BaseException) and id(found) not in seen:
            seen.add(id(found))
            yield found
            queue += [found.__cause__, found.__context__, *found.args]
            if not isinstance(found, ssl.SSLError):
                queue.append(getattr(found, "reason", None))
