"""Draw the pictures of this folder again: ``python docs/pictures/make.py [FOLDER]``.

They show a small shop, read from answers as an Engine gives them; no engine is asked, so the
same labkit gives the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from labkit.pictures import Picture, images, networks, tls
from labkit.pictures.facts import Image, Layer, holdings
from labkit.pictures.tls import Certificate, Handshake


def container(
    name: str,
    state: str,
    image: str,
    places: dict[str, str],
    mounts: tuple[tuple[str, str, bool], ...] = (),
    port: str = "",
) -> dict[str, Any]:
    """Return a container as ``GET /containers/json`` lists it."""
    outside, _colon, inside = port.partition(":")
    return {
        "Names": [f"/{name}"],
        "State": state,
        "Image": image,
        "NetworkSettings": {"Networks": {net: {"IPAddress": where} for net, where in places.items()}},
        "Mounts": [{"Type": "volume", "Name": v, "Destination": at, "RW": rw} for v, at, rw in mounts],
        "Ports": [{"IP": "127.0.0.1", "PublicPort": int(outside), "PrivatePort": int(inside), "Type": "tcp"}]
        if port
        else [],
    }


def network(name: str, subnet: str, internal: bool = False) -> dict[str, Any]:
    """Return a network as ``GET /networks`` lists it."""
    return {"Name": name, "Driver": "bridge", "Internal": internal, "IPAM": {"Config": [{"Subnet": subnet}]}}


SHOP = holdings(
    [
        container(
            "proxy", "running", "nginx:1.27", {"front": "172.28.0.2"}, (("config", "/etc/nginx", False),), "8080:80"
        ),
        container(
            "web-1",
            "running",
            "shop/web:2.1",
            {"front": "172.28.0.3", "back": "172.28.1.3"},
            (("uploads", "/srv", True),),
        ),
        container(
            "web-2",
            "paused",
            "shop/web:2.1",
            {"front": "172.28.0.4", "back": "172.28.1.4"},
            (("uploads", "/srv", True),),
        ),
        container("db", "running", "redis:7", {"back": "172.28.1.2"}, (("db-data", "/data", True),)),
        container(
            "backup", "exited", "busybox:1.36", {"back": ""}, (("db-data", "/data", False), ("uploads", "/srv", False))
        ),
        container("mail", "restarting", "shop/mail:2.1", {"jobs": "", "back": ""}),
        container("report", "created", "shop/web:2.1", {"jobs": ""}),
    ],
    [
        network("front", "172.28.0.0/24"),
        network("back", "172.28.1.0/24", True),
        network("jobs", "172.28.2.0/24"),
        {"Name": "host", "Driver": "host"},
        {"Name": "none", "Driver": "null"},
    ],
    [{"Name": name} for name in ("config", "uploads", "db-data", "before-the-move")],
    [
        {"Id": tag, "RepoTags": [tag]}
        for tag in ("nginx:1.27", "shop/web:2.1", "redis:7", "busybox:1.36", "shop/mail:2.1")
    ],
)

_BASE = (Layer("a", "ADD rootfs.tar.xz /", 74_800_000), Layer("b", "RUN apt-get install -y python3", 31_200_000))
LAYERS = (
    Image("1", ("runtime:3",), 0, _BASE),
    Image("2", ("shop/web:2.0",), 0, (*_BASE, Layer("c", "COPY web /srv", 5_100_000))),
    Image(
        "3",
        ("shop/web:2.1",),
        0,
        (*_BASE, Layer("d", "COPY web /srv", 5_300_000), Layer("e", "RUN chmod +x /srv/run", 2_100)),
    ),
    Image(
        "4",
        ("shop/mail:2.1",),
        0,
        (*_BASE, Layer("f", "RUN pip install templates", 12_400_000), Layer("g", "COPY mail /srv", 900_000)),
    ),
    Image("5", ("busybox:1.36",), 0, (Layer("h", "ADD busybox.tar /", 4_200_000),)),
)

REFUSED = Handshake(
    "localhost:2376",
    Certificate("CN=Lab authority"),
    Certificate("CN=localhost", "CN=Lab authority", "localhost", "for 30 more days"),
    Certificate("CN=learner", "CN=Somebody else", "", "for 30 more days"),
    "verify_client",
    "tcp://localhost:2376 refused the connection: it does not know the authority that issued your certificate "
    "(TLSV1_ALERT_UNKNOWN_CA).",
)


def pictures() -> dict[str, Picture]:
    """Return each picture under the name of its file."""
    return {
        "networks": networks.draw(SHOP),
        "layers": images.draw(LAYERS),
        "tls": tls.draw(REFUSED),
    }


def main(folder: Path) -> None:
    """Write all pictures into a folder."""
    for name, picture in pictures().items():
        (folder / f"{name}.svg").write_text(picture.svg + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
