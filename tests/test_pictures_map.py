"""labkit.pictures: what is said of a whole engine, of images and of volumes is true of all of them, drawn or not."""

from __future__ import annotations

from typing import Any

from labkit.pictures.facts import holdings


def container(name: str, **facts: Any) -> dict[str, Any]:
    """Return a container as ``GET /containers/json`` lists it."""
    return {"Id": f"{name}-id", "Names": [f"/{name}"], "State": "running", **facts}


def test_whom_a_container_lodges_with_is_read() -> None:
    """An Engine keeps the other container's id, the practice engine its name; what is gone keeps its id."""
    modes = {"a": "web-id", "b": "web", "c": f"{'f' * 64}", "d": ""}
    found = holdings(
        [container("web"), *(container(n, HostConfig={"NetworkMode": f"container:{m}"}) for n, m in modes.items())]
    )
    assert [c.lodges_with for c in found.containers] == ["web", "web", "f" * 12, "", ""]
    assert holdings([container("a", HostConfig={"NetworkMode": "bridge"})]).containers[0].lodges_with == ""
