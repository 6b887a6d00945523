"""The record of an Engine that answers: it says itself which release it is."""

from __future__ import annotations

from contextlib import closing

from ..model import Endpoint
from ..session import Session
from .base import Capability, EngineRecord


def record(
    kind: str,
    endpoint: Endpoint,
    capabilities: frozenset[Capability],
    ports: tuple[int, int],
    *,
    tcp_port: int | None = None,
    tls_port: int | None = None,
) -> EngineRecord:
    """Return the record of a running Engine.

    Parameters
    ----------
    ports, tcp_port, tls_port: as in `EngineRecord`.

    Raises `ConnectionFailed` when none answers, `APIError` when it refuses to say what it is.
    """
    with closing(Session(endpoint)) as session:
        version = session.request("GET", "/version").raise_for_status().json()
    return EngineRecord(
        kind=kind,
        endpoint=endpoint,
        version=version["Version"],
        api_version=version["ApiVersion"],
        ports=ports,
        capabilities=capabilities,
        tcp_port=tcp_port,
        tls_port=tls_port,
    )
