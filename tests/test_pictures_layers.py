"""labkit.pictures.images: counts, sums and sharing are those of all images, and the drawing says what it leaves out."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

from practicehelp import Clock
from test_pictures import SVG, drawn, layered

from labkit.pictures import images, survey
from labkit.pictures.canvas import width
from labkit.pictures.facts import Image, Layer
from labkit.pictures.layertree import every, rows, tree

BASE = Layer("base", "ADD base /", 1_000_000)


def built(name: str, *layers: Layer, tags: tuple[str, ...] | None = None) -> Image:
    """Return an image with layers on the base."""
    return Image(f"sha256:{name}", (name,) if tags is None else tags, 0, (BASE, *layers))


def own(name: str, size: int | None = 1000) -> Layer:
    """Return a layer that no other image has."""
    return Layer(f"layer-{name}", f"RUN {name}", size)


def feet(svg: str) -> dict[str, float]:
    """Return how far down each text of a picture stands."""
    return {t.text or "": float(t.get("y", "0")) for t in ElementTree.fromstring(svg).iter(f"{SVG}text")}


def test_all_images_are_counted_whatever_is_drawn() -> None:
    """With 90 images on one base, the title, both sums and the sharing are those of 90."""
    picture = images.draw(layered(90))
    every_size = sum(n * 1000 for n in range(90))
    assert picture.title == "90 images from 91 layers."
    assert f"Layers take {9 + every_size / 1e6:.1f} MB on disk; without sharing they would take" in repr(picture)
    assert f"{(9 * 90 + every_size / 1e6):.0f} MB" in repr(picture)
    lines = drawn(picture)
    base = lines.index("FROM scratch")
    assert lines[base + 1 : base + 3] == ["shared by 90", "+31 more layers on it"]
    assert "Not drawn: 31 more layers, 31 more images." in lines
    assert "9.0 MB  FROM scratch  shared by 90" in repr(picture)
    assert sum(bool(re.fullmatch(r"i\d{3}", line)) for line in lines) == 59
    # The words leave none out.
    assert all(f"→ i{n:03}" in repr(picture) for n in range(90))


def test_every_image_of_an_engine_is_read() -> None:
    """More images than are drawn are all asked for: each has its layers."""
    clock = Clock()
    made = clock.ok("POST", "/containers/create", {"Image": "busybox", "Cmd": ["true"]})["Id"]
    for n in range(70):
        clock.ok("POST", f"/commit?container={made}&repo=made&tag=t{n}&comment={n}", {})
    listed = json.loads(clock("GET", "/images/json")[1])
    found = survey.layered(lambda path: json.loads(clock("GET", path)[1]))
    assert len(found) == len(listed) >= 70
    assert all(image.layers for image in found)


def test_small_branches_are_whole_and_large_ones_say_what_they_hide() -> None:
    """Fifty layers on one branch do not hide the one on another; what is cut is counted where it is cut."""
    long = [own(f"step{n:02}") for n in range(50)]
    nodes = tree([built("a-long", *long), built("z-short", own("short"))])
    shown = rows(nodes, 10)
    assert len(shown) == 10
    assert "RUN short" in [row.node.layer.made_by for row in shown]
    assert sum(row.hidden for row in shown) == len(list(every(nodes))) - 10
    last = next(row for row in shown if row.hidden)
    assert last.node.layer.made_by == "RUN step07"
    assert all(row.base < n for n, row in enumerate(shown))


def test_the_base_is_at_the_bottom() -> None:
    """As the history of an image has it: what stands on a layer is drawn above it, and names go on from the top."""
    picture = images.draw([built("a", own("a1"), own("a2")), built("b", own("b1"))])
    y = feet(picture.svg)
    assert not any("…" in line for line in y)
    assert "leads down to the layer that one stands on: the base is below" in y
    assert y["RUN a2"] < y["RUN a1"] < y["RUN b1"] < y["ADD base /"]
    words = repr(picture).splitlines()[3:]
    assert words == [
        "  ↓ 1.0 kB  RUN a2  → a",
        "  1.0 kB  RUN a1",
        "  1.0 kB  RUN b1  → b",
        "1.0 MB  ADD base /  shared by 2",
    ]


def test_all_names_of_an_image_have_a_place() -> None:
    """Names wrap; a name is missing only where the picture says how many are; an image without a name says so."""
    few = images.draw([built("x", own("x"), tags=("other:v9", "site-with-a-longer-name:1", "third:2"))])
    assert {"other:v9", "site-with-a-longer-name:1", "third:2"} <= set(drawn(few))
    tags = tuple(f"manytags:t{n:02}" for n in range(30))
    many = images.draw([built("x", own("x"), tags=tags)])
    shown = [line for line in drawn(many) if line.startswith("manytags")]
    assert 3 < len(shown) < 30
    assert f"+{30 - len(shown)} more names" in drawn(many)
    assert all(tag in repr(many) for tag in tags)
    bare = images.draw([Image("sha256:" + "6" * 64, (), 0, (BASE,))])
    assert "no name: 666666666666" in drawn(bare)


def test_a_wide_name_stays_in_its_box() -> None:
    """Letters that take two columns, of which a server's names may consist, make the box as wide as they are."""
    picture = images.draw([built("x", own("x"), tags=("界" * 10,))])
    (box,) = (r for r in ElementTree.fromstring(picture.svg).iter(f"{SVG}rect") if r.get("height") == "18")
    assert float(box.get("width", "0")) > width("界" * 10, 12)


def test_the_same_files_on_another_base_are_said_to_be_stored_anew() -> None:
    """A digest that stands on two bases is two layers of the tree, and the picture says why."""
    page = Layer("page", "COPY page /www", 14)
    picture = images.draw([built("site:1", own("big"), page), built("site:small", page)])
    assert picture.title == "2 images from 4 layers."
    assert "The same files on another base are another layer, stored anew: COPY page /www." in drawn(picture)
    assert "stored anew" not in repr(images.draw([built("site:1", page), built("site:2", page)]))


def test_layers_of_unknown_size_are_not_in_the_sums_silently() -> None:
    """A sum that lacks something says so."""
    picture = images.draw([built("a", own("a", None)), built("b", own("b", None)), built("c", own("c"))])
    assert "2 layers of unknown size are not in the sums." in drawn(picture)
    assert "1 layer of unknown size is not in the sums." in repr(images.draw([built("a", own("a", None))]))


def test_shared_and_own_differ_in_grey() -> None:
    """Dot and bar of a layer of one image are hollow, those of a shared one are filled, and a legend says so."""
    picture = images.draw([built("a", own("a", 900_000)), built("b", own("b", 2))])
    bars = [r for r in ElementTree.fromstring(picture.svg).iter(f"{SVG}rect") if r.get("height") == "16"]
    assert sorted(r.get("class", "") for r in bars) == ["f-blue s-blue", "f-panel s-edge"]
    assert {"in several images", "in one image", "an image, where its topmost layer is"} <= set(drawn(picture))


def test_the_words_stay_bounded() -> None:
    """Beyond five hundred layers the words count, too, at the layer where they leave off."""
    words = repr(images.draw(layered(700)))
    assert len(words.splitlines()) < 510
    assert "shared by 700  +201 more layers on it" in words
