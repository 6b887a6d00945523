"""labkit.pictures: what the engine holds, drawn and said in words."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from practicehelp import Clock
from samples import HOSTILE
from test_transport import Certificates
from wire import Server

from labkit.errors import ConnectionFailed, UsageError
from labkit.model import Endpoint
from labkit.pictures import (
    Picture,
    canvas,
    family,
    images,
    lifecycle,
    networks,
    parts,
    probe,
    survey,
    tls,
    volumes,
    whole,
)
from labkit.pictures.atlas import KINDS, atlas
from labkit.pictures.facts import Holdings, Image, Layer, holdings, image, share
from labkit.session import Session

SVG = "{http://www.w3.org/2000/svg}"
LONG = "x" * 200
NASTY = (
    *HOSTILE,
    "</svg><script>1</script>",
    "a'b\"c&d",
    "\u202egnp.exe\u202c",
    LONG,
    "界" * 100,
    "e" + "\u0301" * 300,
    "\ufffe\x00",
)


def engine(count: int = 4, name: Callable[[int], str] = lambda n: f"c{n:03}") -> Holdings:
    """An engine that holds `count` of each kind, linked with each other."""
    states = (*(s for s in parts.STATES if s != "removing"), "running")
    containers = [
        {
            "Id": f"{n:064x}",
            "Names": [f"/{name(n)}"],
            "State": states[n % len(states)],
            "Image": f"image-{name(n)}",
            "ImageID": f"sha256:{n:064x}",
            "Ports": [{"IP": "127.0.0.1", "PublicPort": 20000 + n, "PrivatePort": 80, "Type": "tcp"}],
            "NetworkSettings": {
                "Networks": {
                    f"net-{name(m)}": {"IPAddress": f"10.{m}.0.{n}" if n % 3 else "", "Aliases": [f"alias-{name(n)}"]}
                    for m in {n, (n + 1) % count}
                }
            },
            "Mounts": [
                {"Type": "volume", "Name": f"vol-{name(n)}", "Destination": f"/{name(n)}", "RW": bool(n % 2)},
                {"Type": "tmpfs", "Source": "", "Destination": "/scratch", "RW": True},
                {"Type": "bind", "Source": f"/srv/{name(n)}", "Destination": "/srv", "RW": False},
            ],
        }
        for n in range(count)
    ]
    nets = [
        {
            "Name": f"net-{name(n)}",
            "Driver": "bridge",
            "Internal": n % 2 == 0,
            "IPAM": {"Config": [{"Subnet": f"10.{n}.0.0/24"}]},
        }
        for n in range(count)
    ]
    return holdings(
        containers,
        nets,
        [{"Name": f"vol-{name(n)}"} for n in range(count)],
        [{"Id": f"sha256:{n:064x}", "RepoTags": [f"image-{name(n)}"]} for n in range(count)],
    )


def layered(count: int = 4, name: Callable[[int], str] = lambda n: f"i{n:03}") -> tuple[Image, ...]:
    """Images that share their lowest layer."""
    base = Layer("sha256:base", "FROM scratch", 9_000_000)
    return tuple(
        Image(f"sha256:{n}", (name(n),), 1, (base, Layer(f"sha256:{n}", f"RUN {name(n)}", n * 1000)))
        for n in range(count)
    )


def handshake(text: str) -> tls.Handshake:
    """A handshake that failed, with `text` everywhere."""
    certificate = tls.Certificate(text, text, text, text)
    return tls.Handshake(text, certificate, certificate, certificate, "verify_server", text)


def everything(count: int = 4, name: Callable[[int], str] = lambda n: f"c{n:03}") -> dict[str, Picture]:
    """Every kind of picture of one engine."""
    found = engine(count, name)
    version = {"Version": name(0), "ApiVersion": name(0), "MinAPIVersion": name(0), "Platform": {"Name": name(0)}}
    return {
        "whole": whole.draw(found, "Engine"),
        "containers": lifecycle.draw(found),
        "networks": networks.draw(found),
        "volumes": volumes.draw(found),
        "images": images.draw(layered(count, name)),
        "tls": tls.draw(handshake(name(0))),
        "api": family.draw(family.family(version, "unix:///s", "1.41", ((name(0), name(0)),))),
    }


class Found(HTMLParser):
    """The tags of some HTML with their attributes, and its text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def drawn(picture: Picture) -> list[str]:
    """Return the lines of text that a picture's SVG holds."""
    return [t.text or "" for t in ElementTree.fromstring(picture.svg).iter(f"{SVG}text")]


@pytest.mark.parametrize("text", NASTY)
def test_hostile_names_stay_text(text: str) -> None:
    """Whatever somebody called a thing: the SVG stays well-formed, and neither SVG nor HTML get further elements."""
    for picture in everything(4, lambda n: f"{text}{n}").values():
        root = ElementTree.fromstring(picture.svg)
        assert {e.tag.removeprefix(SVG) for e in root.iter()} <= {"svg", "style", "rect", "text", "path", "circle"}
        assert {a for e in root.iter() for a in e.attrib if a.startswith("on") or "href" in a} == set()
        found = Found(picture.html)
        assert [tag for tag, _attributes in found.tags] == ["div", "img", "details", "summary", "pre", "code"]
        assert {a for _tag, attributes in found.tags for a in attributes} <= {"style", "alt", "src"}
        for shown in (picture.svg, picture.html, repr(picture)):
            assert not re.search(
                "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ufffe]",
                shown.replace("\ufffe", "") if shown is not picture.svg else shown,
            )


@pytest.mark.parametrize("kind", [*everything()])
def test_text_stays_in_its_place(kind: str) -> None:
    """A name of 200 letters is cut, and no line of text is drawn beyond the picture's edge."""
    picture = everything(4, lambda n: f"{LONG}{n}")[kind]
    for text in ElementTree.fromstring(picture.svg).iter(f"{SVG}text"):
        x, said = float(text.get("x", "0")), text.text or ""
        wide = canvas.width(said, float(text.get("font-size", canvas.SIZE)))
        start = {"start": x, "middle": x - wide / 2, "end": x - wide}[text.get("text-anchor", "start")]
        if "sans" not in text.get("class", ""):
            assert start >= 0, said
            assert start + wide <= picture.width, said


@pytest.mark.parametrize("kind", [*everything()])
def test_same_engine_same_bytes(kind: str) -> None:
    """A picture depends on what the engine holds alone, not on the order of its answers."""
    one, again = everything()[kind], everything()[kind]
    assert one == again
    found = engine()
    mixed = random.Random(3)
    other = holdings([], [], [], [])
    shuffled = [list(getattr(found, field)) for field in ("containers", "networks", "volumes", "images")]
    for things in shuffled:
        mixed.shuffle(things)
    other = Holdings(
        tuple(sorted(shuffled[0], key=lambda c: c.name)), tuple(sorted(shuffled[1], key=lambda n: n.name)),
        tuple(sorted(shuffled[2])), tuple(sorted(shuffled[3], key=lambda i: i.name)),
    )  # fmt: skip
    assert whole.draw(other, "Engine") == everything()["whole"]


def test_answers_in_another_order_give_the_same_holdings() -> None:
    """Lists come in any order; what is read of them is sorted by name."""
    names = ["b", "a", "c"]
    for things in (names, sorted(names)):
        found = holdings(
            [{"Names": [f"/{n}"]} for n in things], [{"Name": n} for n in things], [{"Name": n} for n in things]
        )
        assert (
            [c.name for c in found.containers]
            == [n.name for n in found.networks]
            == list(found.volumes)
            == ["a", "b", "c"]
        )


def test_words_say_what_is_drawn() -> None:
    """Each name that is in a picture is in its words, and text/plain has both title and words."""
    for kind, picture in everything().items():
        words = repr(picture)
        for line in drawn(picture):
            for name in re.findall(r"\b(?:net-|vol-|image-|alias-|/)?[ci]\d{3}\b", line):
                assert name in words, (kind, name)
        assert picture._repr_mimebundle_()["text/plain"] == words
        assert words.startswith(picture.title)
        assert picture.title in Found(picture.html).tags[1][1]["alt"]


@pytest.mark.parametrize("kind", ["whole", "containers", "networks", "volumes", "images"])
def test_many_things_are_grouped(kind: str) -> None:
    """Beyond sixty things the rest is counted, in the picture and in words; none is lost without a word."""
    picture = everything(200)[kind]
    names = {name for line in drawn(picture) for name in re.findall(r"\b[ci]\d{3}\b", line)}
    assert 1 <= len(names) <= 61
    counted = r"\band \d+ more\b|Not drawn: \d+ more"
    assert re.search(counted, "\n".join(drawn(picture)))
    told = set(re.findall(r"\b[ci]\d{3}\b", repr(picture)))
    assert len(told) == 200 or re.search(counted, repr(picture))
    assert picture.height < 4000


def test_sixty_things_have_a_place() -> None:
    """Thirty containers on thirty networks are drawn one by one, and nothing is said of more."""
    found = networks.draw(Holdings(engine(30).containers, engine(30).networks))
    assert len({line for line in drawn(found) if re.fullmatch(r"(net-)?c\d{3}", line)}) == 60
    assert "more" not in repr(found)


def test_share() -> None:
    """Small kinds are shown whole; what is left is divided between the large ones."""
    assert share({"a": 2, "b": 100, "c": 100}, 60) == {"a": 2, "b": 29, "c": 29}
    assert share({"a": 2, "b": 3}, 60) == {"a": 2, "b": 3}
    assert share({}, 60) == {}


def test_contrast() -> None:
    """Text has a contrast of 4.5 to 1 or more on every ground that it is written on, shapes 3 to 1 (WCAG 2.2, AA)."""

    def light(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    def contrast(one: str, other: str) -> float:
        low, high = sorted((light(one), light(other)))
        return (high + 0.05) / (low + 0.05)

    for theme in (canvas.LIGHT, canvas.DARK):
        for ground in ("page", "panel", "tint"):
            for colour in ("text", "muted", "blue", "green", "red", "amber"):
                assert contrast(theme[colour], theme[ground]) >= 4.5, (colour, ground)
            assert contrast(theme["edge"], theme[ground]) >= 3


def test_states_differ_without_colour() -> None:
    """In grey, too, each state has a shape of its own."""
    shapes = set()
    for state in parts.STATES:
        paper = canvas.Canvas(100)
        parts.mark(paper, 50, 50, state)
        shapes.add(re.sub(r"[fs]-(green|amber|red|muted)", "", paper.svg()))
    assert len(shapes) == len(parts.STATES) - 1  # dead and removing both have a cross


def test_both_schemes_are_in_the_picture() -> None:
    """One picture serves light and dark; its source is percent-encoded SVG, so that names in it are found."""
    source = str(Found(whole.draw(engine()).html).tags[1][1]["src"])
    assert source.startswith("data:image/svg+xml,%3Csvg")
    svg = unquote(source.partition(",")[2])
    assert ElementTree.fromstring(svg).tag == f"{SVG}svg"
    assert "prefers-color-scheme:dark" in svg
    assert "net-c001" in source


def test_empty_engine() -> None:
    """An engine that holds nothing is drawn, too."""
    for draw in (whole.draw, lifecycle.draw, networks.draw, volumes.draw):
        ElementTree.fromstring(draw(Holdings()).svg)
    assert "0 images from 0 layers" in repr(images.draw(()))


def test_bare_answers_are_read() -> None:
    """Fields that are missing or null do no harm."""
    found = holdings(
        [{}, {"Names": None, "State": None, "Ports": None, "NetworkSettings": None}], [{}, {"IPAM": None}], [{}], [{}]
    )
    for draw in (whole.draw, lifecycle.draw, networks.draw, volumes.draw):
        draw(found)
    assert image({}).layers == ()
    family.draw(family.family({"Components": [{"Name": None}]}, "", ""))


def test_containers_are_in_their_state() -> None:
    """The words list each state with who is in it, and the calls that lead on."""
    words = repr(lifecycle.draw(engine(7)))
    assert words.splitlines()[0] == ("7 containers: 1 created, 2 running, 1 paused, 1 restarting, 1 exited, 1 dead.")
    assert "paused: c002\n  → running: POST /containers/{id}/unpause" in words
    odd = lifecycle.draw(holdings([{"Names": ["/c"], "State": "removing"}]))
    assert "c is removing." in repr(odd)


def test_networks_say_who_reaches_whom() -> None:
    """A container on two networks is on both lines, with address, alias and its published port."""
    words = repr(networks.draw(engine(3)))
    assert "net-c001 (bridge) 10.1.0.0/24" in words
    assert "  c001  10.1.0.1  also called alias-c001  also on net-c002  127.0.0.1:20001 → 80/tcp" in words
    alone = networks.draw(
        holdings([{"Names": ["/c"], "NetworkSettings": {"Networks": {"none": {}}}}], [{"Name": "none"}])
    )
    assert "  c  not running" in repr(alone)


def test_volumes_say_read_only() -> None:
    """Each mount has its target and whether it may be written to; unused volumes are named as such."""
    words = repr(volumes.draw(Holdings(engine(2).containers, (), ("unused", *engine(2).volumes))))
    assert "vol-c000 (volume)\n  c000 (created)  /c000  read-only" in words
    assert "vol-c001 (volume)\n  c001 (running)  /c001  read and write" in words
    assert "unused (volume)\n  mounted by nobody" in words


def test_shared_layers_are_drawn_once() -> None:
    """A layer of several images is there once; what sharing saves is said."""
    picture = images.draw(layered(4))
    assert sum("FROM scratch" in line for line in drawn(picture)) == 1
    assert "4 images from 5 layers" in repr(picture)
    assert "Layers take 9.0 MB on disk; without sharing they would take 36.0 MB." in repr(picture)
    assert "9.0 MB  FROM scratch  shared by 4" in repr(picture)


def test_bars_are_to_scale() -> None:
    """The bar of a layer is as long as its size says, measured by the largest one."""
    found = tuple(Image(f"{n}", (f"i{n}",), n, (Layer(f"{n}", "x", n),)) for n in (1000, 500, 250))
    root = ElementTree.fromstring(images.draw(found).svg)
    wide = [float(r.get("width", "0")) for r in root.iter(f"{SVG}rect") if r.get("height") == "16"]
    assert sorted(wide) == [37.5, 75.0, 150.0]


def test_sizes_of_layers_come_from_the_history() -> None:
    """Steps are joined with layers where they come out even; else no size is said."""
    history = [
        {"CreatedBy": "/bin/sh -c #(nop) CMD x", "Size": 0},
        {"CreatedBy": "RUN y", "Size": 7},
        {"CreatedBy": "ADD z /", "Size": 9},
    ]
    found = image({"RootFS": {"Layers": ["a", "b"]}}, history)
    assert [(layer.digest, layer.size) for layer in found.layers] == [("a", 9), ("b", 7)]
    empty = image({"RootFS": {"Layers": ["a", "b", "c"]}}, [{"CreatedBy": "WORKDIR /x", "Size": 0}, *history])
    assert [layer.size for layer in empty.layers] == [9, 7, 0]
    unknown = image({"RootFS": {"Layers": ["a"]}}, history)
    assert [layer.size for layer in unknown.layers] == [None]


def test_survey_of_a_practice_engine() -> None:
    """What the API answers is read: aliases from inspect, layers from history, all by GET."""
    clock = Clock()
    clock.ok("POST", "/networks/create", {"Name": "front"})
    clock.ok("POST", "/volumes/create", {"Name": "data"})
    body = {
        "Image": "busybox", "Cmd": ["sleep", "100"],
        "HostConfig": {"NetworkMode": "front", "Binds": ["data:/data:ro"]},
        "NetworkingConfig": {"EndpointsConfig": {"front": {"Aliases": ["www"]}}},
    }  # fmt: skip
    clock.ok("POST", "/containers/create?name=web", body)
    assert clock("POST", "/containers/web/start")[0] == 204

    def get(path: str) -> Any:
        status, data = clock("GET", path)
        return json.loads(data) if status == 200 else None

    (one,) = survey.networked(get).containers
    assert one.places[0].network == "front"
    assert one.places[0].aliases == ("www",)
    assert one.places[0].address
    assert "web (running)  /data  read-only" in repr(volumes.draw(survey.mounted(get)))
    assert any(i.layers for i in survey.layered(get))
    assert "1 container, " in repr(whole.draw(survey.everything(get)))
    assert "1 running" in repr(lifecycle.draw(survey.living(get)))


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    """A fresh authority and a foreign one."""
    return Certificates(tmp_path)


def test_where_a_handshake_failed(certificates: Certificates) -> None:
    """With real TLS on both sides, each refusal is found at its own step, with both certificates."""

    def step(settings: Any, client: Any) -> tls.Handshake:
        with Server(tls=settings, client=client) as server:
            session = Session(server.endpoint, "")

            def ping() -> tuple[int, str]:
                answer = session.request("GET", "/_ping")
                return answer.status, answer.text

            return probe.probe(server.endpoint, ping)

    verifying = certificates.server(verify=True)
    mine, foreign = (certificates.client(issuer=issuer) for issuer in (certificates.mine, None))
    good = step(verifying, mine)
    assert not good.failed
    assert good.server is not None
    assert good.server.names == "localhost"
    assert step(verifying, foreign).failed == "verify_client"
    assert step(certificates.server(), certificates.client("foreign-ca.pem")).failed == "verify_server"
    assert step(certificates.server("elsewhere"), certificates.client()).failed == "verify_server"
    assert step(None, certificates.client()).failed == "hello"
    open_door = repr(tls.draw(step(certificates.server(), certificates.client())))
    assert "without tlsverify it lets in whoever comes" in open_door
    plain = repr(tls.draw(step(None, None)))
    assert "both speak plain HTTP" in plain


def test_a_failed_connection_is_drawn() -> None:
    """From the error alone: nobody there, and what was not reached."""
    try:
        Session(Endpoint(port=9), "").request("GET", "/_ping")
    except ConnectionFailed as error:
        words = repr(tls.draw(probe.failed(error)))
    assert "1. → TCP connection  [failed]\n   Nothing listens at" in words
    assert "2. → HTTP" in words
    assert words.endswith("[not reached]")


def test_pictures_of_the_documentation_can_be_made_again(tmp_path: Path) -> None:
    """What docs/pictures holds is what its script draws with this labkit, byte for byte."""
    folder = Path(__file__).parents[1] / "docs" / "pictures"
    subprocess.run([sys.executable, folder / "make.py", tmp_path], check=True)
    kept = {file.name: file.read_bytes() for file in folder.glob("*.svg")}
    assert kept == {file.name: file.read_bytes() for file in tmp_path.glob("*.svg")}
    assert len(kept) == 3
    assert all(len(svg) < 200_000 for svg in kept.values())


class Pretended:
    """A lab without an engine."""

    record = type("Record", (), {"kind": "private", "version": "1", "registry": None, "tls_port": 1})()
    endpoint = Endpoint(socket="/s")
    version = "1.41"

    def get(self, path: str) -> Any:
        """Refuse to be asked."""
        raise AssertionError(path)


@pytest.mark.parametrize(("kind", "about"), [("container", None), ("networks", 1), ("tls", 1), ("tls", object())])
def test_what_cannot_be_drawn_is_said(kind: str, about: Any) -> None:
    """Another kind, or something that TLS cannot be about, is refused with what there is."""
    with pytest.raises(UsageError) as refused:
        atlas(Pretended(), kind, about)  # type: ignore[arg-type]
    assert refused.value.hint
    if kind == "container":
        assert all(known in refused.value.hint for known in KINDS)
