"""labkit.pictures.volumes: who mounts what is true of all containers, and the drawing says where it was cut."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

from test_pictures import SVG, drawn

from labkit.pictures import volumes
from labkit.pictures.facts import Holdings, holdings

HASH = "b9a4d2a8d32c" + "0" * 52


def mounting(name: str, *mounts: tuple[str, str]) -> dict[str, Any]:
    """Return a container that mounts volumes, each at a path."""
    listed = [{"Type": "volume", "Name": volume, "Destination": path, "RW": True} for volume, path in mounts]
    return {"Id": name, "Names": [f"/{name}"], "State": "running", "Mounts": listed}


def engine(users: dict[str, int], *more: str) -> Holdings:
    """Return volumes with so many users each, and some without."""
    containers = [
        mounting(f"{volume}-{n:03}", (volume, "/data")) for volume, count in users.items() for n in range(count)
    ]
    return holdings(containers, [], [{"Name": name} for name in (*users, *more)])


def test_a_volume_of_many_containers_says_how_many_more() -> None:
    """The users beyond those that are drawn are counted at the volume itself, and the words name all of them."""
    picture = volumes.draw(engine({"books": 150, "kept": 2}))
    lines = drawn(picture)
    shown = sum(line.startswith("books-") for line in lines)
    assert 3 <= shown <= 60
    at = lines.index("books")
    assert lines[at + 1] == "shared by 150"
    assert f"and {150 - shown} more" in lines[at : lines.index("kept")]
    assert "Not drawn" not in repr(picture)
    assert all(f"books-{n:03} (running)" in repr(picture) for n in range(150))


def test_one_more_is_drawn_rather_than_counted() -> None:
    """The line that would count one more has a place for that one."""
    lines = drawn(volumes.draw(engine({f"v{n:02}": 4 for n in range(30)})))
    assert "and 1 more" not in lines
    assert sum(line.startswith("v00-") for line in lines) == 4


def test_volumes_that_are_not_drawn_are_counted_with_those_nobody_mounts() -> None:
    """Used volumes have a place before unused ones; what is left out is counted, and how much of it is unused."""
    users = {f"v{n:02}": 1 for n in range(55)}
    picture = volumes.draw(engine(users, *(f"z{n:02}" for n in range(20))))
    lines = drawn(picture)
    assert all(volume in lines for volume in users)
    assert sum(bool(re.fullmatch(r"z\d\d", line)) for line in lines) == 5
    assert "Not drawn: 15 more, 15 of them mounted by nobody." in lines
    crowded = volumes.draw(engine({f"v{n:02}": 1 for n in range(70)}, "z"))
    assert "Not drawn: 11 more, 1 of them mounted by nobody." in repr(crowded)
    assert "v69 (volume)\n  v69-000 (running)" in repr(crowded)
    assert "z (volume)\n  mounted by nobody" in repr(crowded)


def test_anonymous_volumes_are_called_so_and_come_last() -> None:
    """A name of 64 digits is no name that anybody gave; the words have the whole of it, since calls need it."""
    found = holdings([mounting("db", (HASH, "/data"), ("zoo", "/zoo"))], [], [{"Name": HASH}, {"Name": "zoo"}])
    picture = volumes.draw(found)
    lines = drawn(picture)
    assert lines.index("zoo") < lines.index("anonymous b9a4d2a8d32c")
    assert f"{HASH} (anonymous volume)" in repr(picture)
    assert "an anonymous one may be removed with its container" in lines[1]
    assert "anonymous" not in "".join(drawn(volumes.draw(engine({"zoo": 1}))))


def test_the_rights_stand_beside_the_path() -> None:
    """Path and rights are read as one, and a path of any length leaves the rights their place."""
    long = "/" + "d" * 300
    picture = volumes.draw(holdings([mounting("c", ("v", "/x"), ("w", long))], [], [{"Name": "v"}, {"Name": "w"}]))
    texts = [(t.text or "", float(t.get("x", "0"))) for t in ElementTree.fromstring(picture.svg).iter(f"{SVG}text")]
    at = dict(texts)["/x"]
    first, second = (x for said, x in texts if said == "read and write")
    assert at < first < at + 40
    assert second < picture.width - 100
    assert f"{long}  read and write" in repr(picture)


def test_a_legend_names_the_signs_that_are_there() -> None:
    """Cylinder, folder and chip are said, and so is what an arrow means."""
    bind = {"Id": "c", "Names": ["/c"], "State": "running", "Mounts": [
        {"Type": "bind", "Source": "/srv", "Destination": "/mnt", "RW": False}]}  # fmt: skip
    lines = drawn(volumes.draw(holdings([bind])))
    assert {"folder of the host", "is mounted into the container, at the path behind it"} <= set(lines)
    assert "volume" not in lines
    assert "memory" not in lines
    assert "is mounted into the container, at the path behind it" not in drawn(volumes.draw(engine({}, "v")))


def test_the_words_stay_bounded() -> None:
    """Thousands of mounts end in counts."""
    words = repr(volumes.draw(engine({"a": 3000, "b": 2}, *(f"z{n:03}" for n in range(900))))).splitlines()
    assert len(words) < 520
    assert sum(" more" in line for line in words) >= 2
    assert words[-2].endswith("more are not named here.")
