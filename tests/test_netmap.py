"""labkit.netmap: networks and the containers on them as a picture."""

from __future__ import annotations

from typing import Any

from labkit.netmap import netmap


def network(name: str, *members: tuple[str, str], subnet: str = "", **fields: Any) -> dict[str, Any]:
    """What inspecting a network answers: only the fields that matter."""
    containers = {f"id-{who}": {"Name": who, "IPv4Address": f"{where}/24"} for who, where in members}
    config = [{"Subnet": subnet}] if subnet else None
    return {"Name": name, "Driver": "bridge", "IPAM": {"Config": config}, "Containers": containers, **fields}


FRONT = network("front", ("web", "172.28.0.10"), ("app", "172.28.0.9"), subnet="172.28.0.0/24")
BACK = network("back", ("app", "172.28.1.2"), ("db", "172.28.1.3"), subnet="172.28.1.0/24", Internal=True)


def test_text_has_a_line_a_container() -> None:
    """Each network is named with driver and subnet, its containers below it in the order of their addresses."""
    assert repr(netmap([FRONT, BACK])).splitlines() == [
        "front (bridge) 172.28.0.0/24",
        " ├─ app  172.28.0.9       also on back",
        " └─ web  172.28.0.10",
        "back (bridge, internal) 172.28.1.0/24",
        " ├─ app  172.28.1.2       also on front",
        " └─ db   172.28.1.3",
    ]


def test_only_networks_of_the_picture_are_named() -> None:
    """A container's other networks are those of the picture, not others."""
    assert "also on" not in repr(netmap([FRONT]))


def test_empty_network() -> None:
    """A network without containers, and without a subnet, says so."""
    none = network("none", Driver="null", Containers=None)
    assert repr(netmap([none])) == "none (null)\n └─ nobody"
    assert "nobody" in netmap([none]).html()


def test_no_address() -> None:
    """A container on the host's network has no address of its own, and is drawn all the same."""
    host = network("host", Driver="host", Containers={"1": {"Name": "web", "IPv4Address": ""}})
    assert repr(netmap([host])) == "host (host)\n └─ web"


def test_html_has_a_box_a_network() -> None:
    """The HTML holds every name and address, and nothing that a sanitizer removes."""
    html = netmap([FRONT, BACK]).html()
    assert html.count("border:") == 2
    assert all(text in html for text in ("front", "172.28.0.10", "also on back", "bridge, internal"))
    assert not any(tag in html for tag in ("<script", "<style", "onclick", "<svg", "id="))


def test_names_are_made_harmless() -> None:
    """Markup and terminal escapes in names don't reach the page or the terminal."""
    nasty = network("<b>\x1b[31m", ("<script>alert(1)</script>", "172.28.0.2"))
    picture = netmap([nasty])
    assert "\x1b" not in repr(picture)
    assert "<script>" not in picture.html()
    assert "&lt;script&gt;" in picture.html()
