"""labkit.pictures: what the pictures of networks, states, TLS and the API say is true, whatever is drawn of it."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

from labkit.pictures import Picture, family, lifecycle, networks, survey
from labkit.pictures.canvas import width
from labkit.pictures.facts import Holdings, container, holdings, network

SVG = "{http://www.w3.org/2000/svg}"


def listed(name: str, state: str = "running", **facts: Any) -> dict[str, Any]:
    """Return a container as ``GET /containers/json`` lists it."""
    return {"Id": f"{name}-id", "Names": [f"/{name}"], "State": state, **facts}


def on(*names: str, address: str = "", **ends: Any) -> dict[str, Any]:
    """Return the settings of a container that is on some networks."""
    return {"Networks": {name: {"IPAddress": address, **ends} for name in names}}


def texts(picture: Picture) -> list[str]:
    """Return the lines of text that a picture's SVG holds."""
    return [t.text or "" for t in ElementTree.fromstring(picture.svg).iter(f"{SVG}text")]


def pieces(picture: Picture, kind: str) -> list[str]:
    """Return the paths of a picture that have some classes."""
    paths = ElementTree.fromstring(picture.svg).iter(f"{SVG}path")
    return [p.get("d", "") for p in paths if kind in p.get("class", "")]


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


def crowd(count: int, nets: int) -> Holdings:
    """Some containers on few networks, each on one."""
    return holdings(
        [listed(f"c{n:03}", NetworkSettings=on(f"n{n % nets}", address=f"10.0.0.{n}")) for n in range(count)],
        [{"Name": f"n{n}", "Driver": "bridge"} for n in range(nets)],
    )


def test_members_are_told_whole_and_what_is_not_drawn_is_counted_at_its_line() -> None:
    """Of 150 containers some are drawn of each network, its line counts the others, and words have all."""
    picture = networks.draw(crowd(150, 7))
    said = repr(picture)
    for n in range(150):
        assert f"\n  c{n:03}  10.0.0.{n}" in said
    drawn = {t for t in texts(picture) if re.fullmatch(r"c\d{3}", t)}
    assert 40 <= len(drawn) <= 60
    rests = [int(t.split()[1]) for t in texts(picture) if re.fullmatch(r"\+ \d+ more", t)]
    assert len(rests) == 7
    assert sum(rests) == 150 - len(drawn)
    assert f"Not drawn: {150 - len(drawn)} more containers." in texts(picture)


def test_further_names_are_asked_of_all_that_are_drawn() -> None:
    """Which containers have a place is not the order of their names; that others are not asked is said."""
    asked = []
    answers = {
        "/containers/json?all=1": [
            listed(f"c{n:03}", NetworkSettings=on(f"n{n // 50}", address=f"10.0.0.{n}")) for n in range(150)
        ],
        "/networks": [{"Name": f"n{n}", "Driver": "bridge"} for n in range(3)],
    }

    def get(path: str) -> Any:
        if path in answers:
            return answers[path]
        asked.append(path.split("/")[2])
        return None

    picture = networks.draw(survey.networked(get))
    assert sorted(asked) == [t for t in sorted(texts(picture)) if re.fullmatch(r"c\d{3}", t)]
    assert "c100" in asked
    assert "Further names are told of the containers that are drawn" in repr(picture)


def test_who_shares_cards_is_counted_and_explained_too() -> None:
    """A state that only one of them has is in the legend, and none is missing where its owner is not drawn."""
    told = [listed("web", NetworkSettings=on("front", address="10.0.0.2"))]
    told += [listed(f"l{n}", "paused", HostConfig={"NetworkMode": "container:web-id"}) for n in range(5)]
    nets = [{"Name": "front", "Driver": "bridge"}]
    assert {"paused", "l2", "and 2 more"} <= set(texts(networks.draw(holdings(told, nets))))
    others = [listed(f"a{n:02}", NetworkSettings=on("front", address="10.0.0.3")) for n in range(60)]
    assert "Not drawn: 7 more containers." in texts(networks.draw(holdings([*told, *others], nets)))


def test_words_are_bounded() -> None:
    """However many containers a network has, its words end, and say how many are not told."""
    said = repr(networks.draw(crowd(1200, 2)))
    assert said.count("  and 100 more") == 2
    assert len(said.splitlines()) < 1020


def test_who_shares_network_cards_hangs_on_their_owner() -> None:
    """With NetworkMode container:x a container is on the networks of x, also through another one, and never on none."""
    told = holdings(
        [
            listed("web", NetworkSettings=on("front", address="10.0.0.2")),
            listed("lodger", HostConfig={"NetworkMode": "container:web-id"}),
            listed("guest", HostConfig={"NetworkMode": "container:lodger-id"}),
            listed("orphan", HostConfig={"NetworkMode": "container:" + "f" * 64}),
            listed("loose"),
            listed("with-loose", HostConfig={"NetworkMode": "container:loose-id"}),
        ],
        [{"Name": "front", "Driver": "bridge"}],
    )
    picture = networks.draw(told)
    said = repr(picture)
    for name in ("lodger", "guest"):
        assert f"    {name} shares the network cards of web" in said
        assert name in texts(picture)
    assert texts(picture).count("shares its cards") == 2
    assert "orphan: the network cards of ffffffffffff, which is gone." in said
    assert "with-loose: the network cards of loose, which is on no network." in said
    assert "On no network: loose." in said
    assert holdings([{"Names": ["/no-id"]}]).containers[0].lodges_with == ""
    ring = [listed(n, HostConfig={"NetworkMode": f"container:{m}"}) for n, m in ("ab", "ba")]
    assert "network cards" in repr(networks.draw(holdings(ring)))


def test_those_on_no_network_take_a_bounded_place() -> None:
    """However many share the cards of containers that are gone, the picture names a few and counts the others."""
    orphans = [listed(f"o{n}", HostConfig={"NetworkMode": f"container:{n:02}" + "f" * 62}) for n in range(40)]
    picture = networks.draw(holdings([*orphans, *(listed(f"z{n}") for n in range(8))]))
    assert {"On no network: z0, z1, z2, z3, z4, and 3 more.", "and 36 more"} <= set(texts(picture))
    assert "o39: the network cards of" in repr(picture)


def test_none_and_empty_networks_have_a_place() -> None:
    """All that the title counts is drawn: the network none without a line, and empty ones with a subnet."""
    nets = [
        {"Name": "none", "Driver": "null"},
        {"Name": "fresh", "Driver": "bridge", "IPAM": {"Config": [{"Subnet": "10.9.0.0/24"}]}},
    ]
    picture = networks.draw(holdings([listed("alone", NetworkSettings=on("none"))], nets))
    assert "none (null)  reach: nobody\n  alone  –" in repr(picture)
    assert "fresh (bridge) 10.9.0.0/24  reach: by name\n  nobody" in repr(picture)
    assert {"none", "fresh", "10.9.0.0/24", "nobody is on these"} <= set(texts(picture))
    assert not [d for d in pieces(picture, "s-blue") if "M" in d]


def test_a_network_that_is_gone_is_said_to_be() -> None:
    """A container keeps the name of a network that was deleted; the title does not count it."""
    picture = networks.draw(holdings([listed("c", "created", NetworkSettings=on("doomed"))], [{"Name": "bridge"}]))
    assert picture.title == "1 network, 1 container."
    assert "doomed (no longer there)\n  c  not running" in repr(picture)
    assert "no longer there" in texts(picture)
    assert "reach: by name" not in texts(picture)


def test_how_containers_reach_each_other() -> None:
    """By name on networks that were created, by address on the default one, and not at all without icc."""
    closed = {"com.docker.network.bridge.enable_icc": "false"}
    nets: list[dict[str, Any]] = [
        {"Name": "bridge", "Driver": "bridge"}, {"Name": "front", "Driver": "bridge"},
        {"Name": "shut", "Driver": "bridge", "Options": closed}, {"Name": "host", "Driver": "host"},
        {"Name": "podman", "Driver": "bridge"},
    ]  # fmt: skip
    said = repr(networks.draw(holdings([], nets)))
    for name, how in (("bridge", "by address"), ("front", "by name"), ("shut", "blocked"), ("podman", "by name")):
        assert f"{name} (bridge)  reach: {how}" in said
    assert "host (host)  reach: localhost" in said
    assert "podman (bridge)  reach: by address" in repr(networks.draw(holdings([], nets[1:])))


def test_an_internal_network_has_a_line_of_its_own() -> None:
    """Told apart in grey: the line is double, and the key says so."""
    for internal in (False, True):
        nets = [{"Name": "back", "Driver": "bridge", "Internal": internal}]
        picture = networks.draw(holdings([listed("c", NetworkSettings=on("back", address="10.0.0.2"))], nets))
        assert len(pieces(picture, "s-blue")) == 1 + internal
        assert ("double line: internal" in texts(picture)) is internal


def test_a_line_is_broken_where_it_passes_a_network() -> None:
    """Only a dot means that a container is on a network."""
    told = holdings(
        [
            listed("a", NetworkSettings=on("one", address="1")), listed("b", NetworkSettings=on("one", address="2")),
            listed("c", NetworkSettings=on("two", address="3")),
        ],
        [{"Name": "one"}, {"Name": "two"}],
    )  # fmt: skip
    runs = [[float(x) for x in re.findall(r"[ML]([\d.]+) ", d)] for d in pieces(networks.draw(told), "s-edge")]
    crossing = 20 + 156 + 20 + 10
    assert len(runs) == 4
    assert not [run for run in runs if run[0] < crossing < run[-1]]


def test_a_port_on_every_address_is_marked() -> None:
    """Who publishes on 0.0.0.0 opens a port to all who reach the machine: it looks different, and is said."""
    for address, everywhere in (("127.0.0.1", False), ("0.0.0.0", True), ("::", True), ("", True)):
        port = {"IP": address, "PublicPort": 8080, "PrivatePort": 80, "Type": "tcp"}
        told = [listed("web", NetworkSettings=on("front", address="10.0.0.2"), Ports=[port])]
        picture = networks.draw(holdings(told, [{"Name": "front"}]))
        assert ("on every address" in texts(picture)) is everywhere
        assert ("→ 80/tcp (on every address)" in repr(picture)) is everywhere


def test_the_key_stays_in_a_narrow_picture() -> None:
    """What does not fit on a line of the key goes on on the next."""
    nets = [{"Name": "back", "Internal": True}]
    picture = networks.draw(holdings([listed("c", "exited", NetworkSettings=on("back", Aliases=["x"]))], nets))
    keys = {t.text: t for t in ElementTree.fromstring(picture.svg).iter(f"{SVG}text")}
    assert float(keys["double line: internal"].get("y", "")) > float(keys["is on it; a gap: passes by"].get("y", ""))
    for text in keys.values():
        if "sans" not in text.get("class", ""):
            assert float(text.get("x", "")) + width(text.text or "", float(text.get("font-size", 13))) <= picture.width


def test_how_many_ports_are_on_every_address_is_counted() -> None:
    """Where some are and some are not, the words beneath them do not speak of all."""
    ports = [
        {"IP": ip, "PublicPort": 8080 + n, "PrivatePort": 80, "Type": "tcp"}
        for n in range(3)
        for ip in ("0.0.0.0", "127.0.0.1")
    ]
    told = [listed("web", NetworkSettings=on("front", address="10.0.0.2"), Ports=ports)]
    drawn = texts(networks.draw(holdings(told, [{"Name": "front"}])))
    assert "3 of them on every address" in drawn
    assert "on every address" not in drawn


def test_names_that_do_not_fit_are_counted() -> None:
    """Of two long aliases the second is not lost without a word."""
    told = [listed("web", NetworkSettings=on("front", address="10.0.0.2", Aliases=["a" * 17, "b" * 17, "c"]))]
    picture = networks.draw(holdings(told, [{"Name": "front"}]))
    (line,) = [t for t in texts(picture) if t.endswith("+2")]
    assert line.startswith("aaaa")
    assert f"also called {'a' * 17}, {'b' * 17}, c" in repr(picture)


def test_a_running_container_has_a_whole_line_without_an_address() -> None:
    """On the host's network nobody has an address of their own; a dashed line means that one does not run."""
    for state, dashed in (("running", False), ("exited", True)):
        picture = networks.draw(
            holdings([listed("c", state, NetworkSettings=on("host"))], [{"Name": "host", "Driver": "host"}])
        )
        assert ('stroke-dasharray="5 4"' in picture.svg) is dashed
        assert ("dashed: does not run" in texts(picture)) is dashed


def in_state(state: str, count: int, **facts: Any) -> Picture:
    """Draw some containers in one state."""
    return lifecycle.draw(holdings([listed(f"c{n:03}", state, **facts) for n in range(count)]))


def onwards(state: str) -> list[str]:
    """Return what the words say of the ways on from a state."""
    found = repr(lifecycle.draw(Holdings())).split(f"\n{state}: nobody")[1].splitlines()[1:]
    end = next((n for n, line in enumerate(found) if not line.startswith("  ")), len(found))
    return [line.strip("→ ") for line in found[:end]]


def test_calls_that_lead_on_are_those_of_an_engine() -> None:
    """What Docker 20.10 was seen to do: a paused container stops, is killed and restarts, and is removed by force."""
    stop, kill, restart = (f"POST /containers/{{id}}/{word}" for word in ("stop", "kill", "restart"))
    forced = "removed: DELETE /containers/{id}?force=1"
    assert {f"exited: {stop}", f"exited: {kill}", f"running: {restart}", forced} <= set(onwards("paused"))
    assert {f"exited: {stop}", f"exited: {kill}", forced} <= set(onwards("restarting"))
    for state in ("created", "exited"):
        assert {f"running: {restart}", "removed: DELETE /containers/{id}"} <= set(onwards(state))
        assert f"exited: {kill}" not in onwards(state)  # 409
    assert onwards("dead") == ["removed: DELETE /containers/{id}"]
    assert "removed: DELETE /containers/{id}" not in [*onwards("paused"), *onwards("running")]  # 409


def test_the_picture_of_states_says_what_it_leaves_out() -> None:
    """The arrows are a selection, and anonymous volumes may go with their container."""
    said = texts(lifecycle.draw(Holdings()))
    assert any("the commonest calls" in line for line in said)
    assert any("?v=1 and AutoRemove take anonymous ones along" in line for line in said)
    # In the picture and in words, a dead container needs no force.
    assert [line for line in said if line.startswith("DELETE")].count("DELETE …?force=1") == 1


def test_exit_codes_stand_behind_names() -> None:
    """An end with 3 and one with 0 look different, in the picture and in words; who runs has none."""
    picture = in_state("exited", 1, Status="Exited (3) 2 hours ago")
    assert "code 3" in texts(picture)
    assert "exited: c000 (code 3)" in repr(picture)
    assert "code" not in repr(in_state("running", 1, Status="Up 2 hours"))


def test_the_last_name_is_not_replaced_by_one_more() -> None:
    """Fifteen names have fifteen lines; of sixteen the last line counts two."""
    assert not [line for line in texts(in_state("running", 15)) if "more" in line]
    drawn = texts(in_state("running", 16))
    assert "and 2 more" in drawn
    assert sum(line.startswith("c0") for line in drawn) == 14
    assert "c015" in repr(in_state("running", 16))


def test_states_without_a_box_are_counted() -> None:
    """Those that are being removed are in the title, and none is lost without a word."""
    picture = in_state("removing", 5)
    assert picture.title == "5 containers: 5 in between."
    assert "and 2 more" in texts(picture)
    assert "c004 is removing." in repr(picture)


def test_labels_of_arrows_stand_beside_boxes() -> None:
    """Nothing but marks, names, codes and counts stands in a box: a call beside a count reads as a number of calls."""
    for count in (0, 3, 16):
        root = ElementTree.fromstring(in_state("running", count).svg)
        boxes = [[float(r.get(k, "0")) for k in ("x", "y", "width", "height")] for r in root.iter(f"{SVG}rect")][1:]
        for text in root.iter(f"{SVG}text"):
            if (said := text.text or "").startswith(("POST", "DELETE", "…/")):
                at, wide = float(text.get("x", "0")), width(said, 11.5)
                left = at - {"start": 0, "middle": wide / 2, "end": wide}[text.get("text-anchor", "start")]
                foot = float(text.get("y", "0"))
                for x, y, w, h in boxes:
                    assert left + wide <= x or left >= x + w or foot <= y or foot - 8 >= y + h, said


def test_the_family_tells_registries_and_names_apart() -> None:
    """A mirror and a private registry are two boxes, a long name of an engine is whole, and who negotiated is said."""
    version = {"Version": "20.10.24+practice", "Platform": {"Name": "Docker API Lab practice engine"}}
    registries = (("mirror", "127.0.0.1:1"), ("private registry", "127.0.0.1:2"))
    picture = family.draw(family.family(version, "unix:///s", "1.41", registries))
    drawn = texts(picture)
    assert picture.title == "One Engine API, many clients: labkit speaks version 1.41."
    assert {"mirror", "private registry", "127.0.0.1:1", "127.0.0.1:2"} <= set(drawn)
    assert {"Docker API Lab practice engine", "20.10.24+practice", "negotiated with labkit: 1.41"} <= set(drawn)
    assert len(pieces(picture, "f-amber")) == 2  # an arrow to each
    assert "with: mirror 127.0.0.1:1, private registry 127.0.0.1:2." in repr(picture)
    assert not any("Every box is a program" in line for line in drawn)
    many = family.draw(family.family(version, "", "", tuple(("mirror", f"h{n}") for n in range(5))))
    assert "and 2 more" in texts(many)
    assert "h4" in repr(many)
