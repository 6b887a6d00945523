"""labkit.pictures: what the pictures of networks, states, TLS and the API say is true, whatever is drawn of it."""

from __future__ import annotations

from typing import Any

from labkit.pictures.facts import container, network


def listed(name: str, state: str = "running", **facts: Any) -> dict[str, Any]:
    """Return a container as ``GET /containers/json`` lists it."""
    return {"Id": f"{name}-id", "Names": [f"/{name}"], "State": state, **facts}


def test_exit_codes_are_read() -> None:
    """From the words of a list and from the number of an inspect, and only of what has ended."""
    told = [("exited", "Exited (3) 2 hours ago"), ("restarting", "Restarting (7) 1 second ago"), ("dead", "Dead")]
    assert [container(listed("c", state, Status=said)).code for state, said in told] == [3, 7, None]
    assert container(listed("c", "running", Status="Up 3 seconds")).code is None
    assert container({"State": {"Status": "exited", "ExitCode": 137}}).code == 137
    assert container({"State": {"Status": "created", "ExitCode": 0}}).code is None


def test_whether_containers_may_speak_is_read() -> None:
    """A bridge with enable_icc=false keeps its containers apart."""
    option = "com.docker.network.bridge.enable_icc"
    told: list[dict[str, str] | None] = [None, {}, {option: "true"}, {option: "false"}]
    assert [network({"Name": "n", "Options": options}).open for options in told] == [True, True, True, False]
