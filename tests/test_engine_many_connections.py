"""A published port of the private engine, asked again and again."""

from __future__ import annotations

import time

import pytest

from labkit.engines.base import LABEL, EngineRecord
from labkit.errors import ConnectionFailed
from labkit.model import Endpoint
from labkit.session import Session

TIMES = 120
"""More often than the engine has ports of its own to publish on: 50."""


@pytest.mark.engine
def test_a_port_answers_more_often_than_the_engine_has_ports(engine: EngineRecord) -> None:
    """Connections that ended leave a published port as good as new, however many there were."""
    session, port = Session(engine.endpoint), engine.ports[1]
    bound = [{"HostIp": "127.0.0.1", "HostPort": str(port)}]
    body = {"Image": "nginx", "Labels": {LABEL: "test"}, "HostConfig": {"PortBindings": {"80/tcp": bound}}}
    made = session.request("POST", "/containers/create", json=body).raise_for_status().json()["Id"]
    try:
        session.request("POST", f"/containers/{made}/start").raise_for_status()
        _ready(port)
        assert {_status(port) for _n in range(TIMES)} == {200}
    finally:
        session.request("DELETE", f"/containers/{made}", {"force": True})


def _status(port: int) -> int:
    web = Session(Endpoint(host="127.0.0.1", port=port), version="")
    try:
        return web.request("GET", "/").status
    finally:
        web.close()


def _ready(port: int) -> None:
    end = time.monotonic() + 10
    while True:
        try:
            _status(port)
            return
        except ConnectionFailed:
            assert time.monotonic() < end
            time.sleep(0.1)
