"""labkit.pictures: what is said of a whole engine, of images and of volumes is true of all of them, drawn or not."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

from test_pictures import SVG, drawn

from labkit.pictures import Picture, volumes, whole
from labkit.pictures.facts import Holdings, holdings


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


def image(identity: str, *tags: str) -> dict[str, Any]:
    """Return an image as ``GET /images/json`` lists it."""
    return {"Id": f"sha256:{identity * 64}", "RepoTags": list(tags)}


def made(name: str, identity: str, image: str, **facts: Any) -> dict[str, Any]:
    """Return a container that was made from an image."""
    return container(name, Image=image, ImageID=f"sha256:{identity * 64}", **facts)


def boxes(picture: Picture) -> dict[str, list[str]]:
    """Return the classes of each box, and whether it is dashed, under the text that is written first in it."""
    found: dict[str, list[str]] = {}
    last: list[str] = []
    for part in ElementTree.fromstring(picture.svg).iter():
        if part.tag == f"{SVG}rect":
            last = [part.get("class", ""), *(["dashed"] if part.get("stroke-dasharray") else [])]
        elif part.tag == f"{SVG}text" and last:
            found.setdefault(part.text or "", last)
            last = []
    return found


def curves(picture: Picture, colour: str) -> list[str]:
    """Return the attributes of each curve of a colour."""
    paths = ElementTree.fromstring(picture.svg).iter(f"{SVG}path")
    return [str(p.attrib) for p in paths if "C" in p.get("d", "") and colour in p.get("class", "").split()]


def crowd() -> Holdings:
    """75 containers that run, and one that was only created and alone uses a volume, a network, an image, a folder."""
    mounts = [
        {"Type": "volume", "Name": "held", "Destination": "/data"},
        {"Type": "bind", "Source": "/srv", "Destination": "/srv"},
    ]
    running = [made(f"r{n:02}", "a", "busybox", NetworkSettings={"Networks": {"bridge": {}}}) for n in range(75)]
    last = made("zz", "b", "redis", State="created", NetworkSettings={"Networks": {"lonely": {}}}, Mounts=mounts)
    return holdings(
        [*running, last],
        [{"Name": "bridge"}, {"Name": "lonely"}, {"Name": "empty"}],
        [{"Name": "held"}, {"Name": "free"}],
        [image("a", "busybox:latest"), image("b", "redis:latest"), image("c", "nginx:latest")],
    )


def test_what_only_an_undrawn_container_uses_is_not_called_unused() -> None:
    """What is dashed is what no container uses at all; what undrawn ones use says how many they are."""
    picture = whole.draw(crowd())
    shapes, lines = boxes(picture), drawn(picture)
    assert "zz" not in lines
    for used in ("held", "lonely", "redis:latest", "/srv"):
        assert "dashed" not in shapes[used], used
        assert lines[lines.index(used) + 1] == "+1", used
    for unused in ("free", "empty", "nginx:latest"):
        assert "dashed" in shapes[unused], unused
    busy = lines[lines.index("busybox:latest") + 1]
    assert int(busy) == 75 - sum(bool(re.fullmatch(r"r\d\d", line)) for line in lines)
    assert "+n: used by n more containers that are not drawn" in lines
    # What only they use stands before what nobody uses.
    assert lines.index("redis:latest") < lines.index("nginx:latest")
    words = repr(picture)
    assert "zz (created); from redis:latest; on lonely; mounts /srv at /srv, held at /data" in words
    for unused in ("nginx:latest", "empty", "free"):
        assert f"\n  used by no container: {unused}\n" in words + "\n"


def test_what_a_drawn_container_uses_is_named_even_where_it_is_not_drawn() -> None:
    """A container whose network has no place in the drawing does not look as if it were on none."""
    nets = {f"n{n:03}": {} for n in range(100)}
    ports = [{"IP": "::", "PublicPort": 80 + n, "PrivatePort": 80, "Type": "tcp"} for n in range(9)]
    web = container("web", NetworkSettings={"Networks": nets}, Ports=ports)
    picture = whole.draw(holdings([web], [{"Name": n} for n in nets]))
    lines = drawn(picture)
    shown = {line for line in lines if re.fullmatch(r"n\d{3}", line)}
    assert len(shown) < 100
    note = next(line for line in lines if line.startswith("not drawn: "))
    assert note == f"not drawn: n{len(shown):03}, and {99 - len(shown)} more"
    assert lines[lines.index(note) + 1 : lines.index(note) + 4] == [
        "[::]:80 → 80/tcp",
        "[::]:81 → 80/tcp",
        "and 7 more",
    ]
    assert all(name in repr(picture) for name in nets)


def test_an_image_is_told_by_its_id() -> None:
    """After a tag has moved, what was made from the old image hangs on the old one."""
    moved = holdings([made("old", "a", "shop:1")], images=[image("a"), image("b", "shop:1")])
    picture = whole.draw(moved)
    assert "dashed" not in boxes(picture)["a" * 12]
    assert "dashed" in boxes(picture)["shop:1"]
    assert "from aaaaaaaaaaaa" in repr(picture)
    assert "shop:1" not in repr(picture).split("\n")[1]
    assert len(curves(picture, "s-edge")) == 1
    # Podman leaves out "sha256:", and an image may have been removed by force.
    bare = made("c", "a", "shop:1") | {"ImageID": "a" * 64}
    assert "dashed" not in boxes(whole.draw(holdings([bare], images=[image("a", "shop:1")])))["shop:1"]
    lost = whole.draw(holdings([made("c", "d", "shop:1")], images=[image("a", "shop:1")]))
    assert "from dddddddddddd (gone)" in repr(lost)
    assert "gone" in drawn(lost)


def test_of_several_names_the_one_that_containers_were_made_from_is_shown() -> None:
    """The box and the words have the same name, and the others stand beneath."""
    found = holdings(
        [made("c", "a", "site:1")], images=[image("a", "other:v9", "site:1", *(f"t:{n}" for n in range(9)))]
    )
    picture = whole.draw(found)
    lines = drawn(picture)
    at = lines.index("site:1")
    assert lines[at + 1 : at + 5] == ["also other:v9", "also t:0", "also t:1", "and 7 more"]
    assert "site:1 (also other:v9, t:0, t:1, t:2, t:3, t:4, t:5, t:6, t:7, t:8)" in repr(picture)
    assert "from site:1" in repr(picture)


def test_a_network_that_is_gone_is_drawn_as_such() -> None:
    """A container keeps the name of a network that was deleted; the picture has a line to it and says so."""
    found = holdings([container("sleeps", NetworkSettings={"Networks": {"doomed": {}}})], [{"Name": "bridge"}])
    picture = whole.draw(found)
    assert "s-red" in boxes(picture)["doomed"][0]
    assert "gone" in drawn(picture)
    assert len(curves(picture, "s-blue")) == 1
    assert "on doomed (gone)" in repr(picture)
    assert "1 network," in picture.title
    lines = drawn(picture)
    assert lines[lines.index("networks") + 1] == "1"


def test_a_lodger_is_not_drawn_as_disconnected() -> None:
    """Who shares another container's network cards says so, and stands beneath it."""
    networks = {"NetworkSettings": {"Networks": {"front": {}}}}
    found = holdings(
        [
            container("web", **networks),
            container("app", HostConfig={"NetworkMode": "container:web-id"}),
            container("x", **networks),
        ],
        [{"Name": "front"}],
    )
    picture = whole.draw(found)
    lines = drawn(picture)
    assert lines[lines.index("web") + 1 : lines.index("x")] == ["app", "on the network of web"]
    assert "app (running); from ?; on the network of web" in repr(picture)


def test_folders_and_memory_are_drawn() -> None:
    """All that the words say of mounts is in the picture: folders of the host, memory, and what is read-only."""
    mounts = [
        {"Type": "bind", "Source": "/srv/shared", "Destination": "/mnt", "RW": False},
        {"Type": "volume", "Name": "books", "Destination": "/data", "RW": True},
        {"Type": "tmpfs", "Source": "", "Destination": "/scratch"},
    ]
    picture = whole.draw(holdings([container("c", Mounts=mounts)], [], [{"Name": "books"}, {"Name": "f" * 64}]))
    lines = drawn(picture)
    assert {"/srv/shared", "folders of the host", "tmpfs at /scratch", "mounts read-only", "anonymous"} <= set(lines)
    assert sorted("dasharray" in curve for curve in curves(picture, "s-amber")) == [False, True]
    assert "mounts /srv/shared at /mnt read-only, tmpfs at /scratch, books at /data" in repr(picture)
    assert "1 folder of the host." in picture.title
    assert f"volumes: books, {'f' * 64} (anonymous)" in repr(picture)


def test_what_nobody_uses_takes_no_place_from_the_rest() -> None:
    """A hundred unused images push no container out; what is left out says whether it is used."""
    images = [image("a", "busybox:latest"), *({"Id": f"i{n}", "RepoTags": [f"idle:{n:03}"]} for n in range(100))]
    picture = whole.draw(holdings([made(f"c{n:02}", "a", "busybox") for n in range(40)], images=images))
    lines = drawn(picture)
    assert sum(bool(re.fullmatch(r"c\d\d", line)) for line in lines) == 40
    assert sum(line.startswith("idle:") for line in lines) == 15
    assert "and 85 more not in use" in lines
    every = [{"Names": [f"/c{n}"], "NetworkSettings": {"Networks": {f"n{n}": {}}}} for n in range(90)]
    crowded = drawn(whole.draw(holdings(every, [{"Name": f"n{n}"} for n in range(90)])))
    assert {"and 60 more in use", "and 60 more"} <= set(crowded)


def test_dashes_mean_one_thing() -> None:
    """A container that does not run has a solid box where a dashed box means that nobody uses a thing."""
    found = holdings([container("c", State="exited")], [], [{"Name": "free"}])
    for draw in (whole.draw, volumes.draw):
        assert "dashed" not in boxes(draw(found)).get("c", [])
    mounts = [{"Type": "volume", "Name": "v", "Destination": "/v"}]
    used = volumes.draw(holdings([container("c", State="exited", Mounts=mounts)], [], [{"Name": "v"}]))
    assert "dasharray" not in used.svg
    assert "dashed" in boxes(whole.draw(found))["free"]
    assert "used by no container" in drawn(whole.draw(found))


def test_the_title_is_whole() -> None:
    """Large counts and a long version have a place: neither line is cut."""
    picture = whole.draw(crowd(), "Practice engine 20.10.24+practice")
    assert drawn(picture)[:2] == [
        "Practice engine 20.10.24+practice",
        "76 containers, 3 images, 3 networks, 2 volumes, 1 folder of the host.",
    ]


def test_the_words_name_hundreds_and_stay_bounded() -> None:
    """The words are not cut as the drawing is; beyond five hundred of a kind the rest is counted."""

    def words(count: int) -> str:
        names = [f"{n:04}" for n in range(count)]
        return repr(whole.draw(holdings([container(f"c{n}") for n in names], [{"Name": f"n{n}"} for n in names])))

    few, many = words(200), words(2000)
    assert all(f"c{n:04} (running)" in few and f"n{n:04}" in few for n in range(200))
    assert "c0499" in many
    assert "c0500" not in many
    assert "1500 more containers are not named here." in many
    assert "n0499, and 1500 more" in many
