"""Exercises of lab 5: networks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from ..messages import _
from .case import Case
from .conditions import Seen
from .draw import Draw, address
from .facts import Mismatch, Missing, Unexpected, dig
from .record import Also, Call, Kind, Solution, Wrong, container, delete, exercise, get, post

WAITING = ("sleep", "99999")


def _network(
    word: str,
    subnet: str = "",
    labels: Mapping[str, str] | None = None,
    refused: bool = False,
    keep: str = "",
    **fields: Any,
) -> Call:
    """The call that creates a network with the name drawn for `word`."""
    config = {"IPAM": {"Config": [{"Subnet": subnet}]}} if subnet else {}
    body = {"Name": f"{{name:{word}}}", "CheckDuplicate": True, "Labels": dict(labels or {}), **config, **fields}
    return post("/networks/create", json=body, refused=refused, keep=keep)


def _up(word: str, network: str, start: bool = True, keep: str = "", **endpoint: Any) -> list[Call]:
    """Calls that make a container on a network, both named by their words, and start it."""
    place = network if network in ("bridge", "host", "none") else f"{{name:{network}}}"
    host: dict[str, Any] = {"HostConfig": {"NetworkMode": place}}
    if endpoint:
        host["NetworkingConfig"] = {"EndpointsConfig": {place: endpoint}}
    return container(f"{{name:{word}}}", *WAITING, start=start, keep=keep, **host)


def _connect(word: str, network: str, **endpoint: Any) -> Call:
    body = {"Container": f"{{name:{word}}}", **({"EndpointConfig": endpoint} if endpoint else {})}
    return post(f"/networks/{{name:{network}}}/connect", json=body)


def _disconnect(word: str, network: str) -> Call:
    place = network if network == "bridge" else f"{{name:{network}}}"
    return post(f"/networks/{place}/disconnect", json={"Container": f"{{name:{word}}}"})


def _endpoints(box: Seen) -> dict[str, dict[str, Any]]:
    """Return the networks that a container is on, with its endpoint on each."""
    return dict(dig(box, "NetworkSettings", "Networks") or {})


def _names(endpoint: Mapping[str, Any]) -> list[str]:
    """Return the names that a container has on a network, without its id.

    ``DNSNames`` came with API 1.44; before, the id stood among the aliases.
    """
    names = {*(endpoint.get("Aliases") or ()), *(endpoint.get("DNSNames") or ())}
    return sorted(name for name in names if not _is_id(name))


def _is_id(name: str) -> bool:
    return len(name) == 12 and set(name) <= set("0123456789abcdef")


def _on(c: Case, box: Seen, *words: str, about: str = "") -> None:
    """State that a container is on networks."""
    where = _("NetworkSettings.Networks in GET {path}", path=box.path)
    for word in words:
        name = c.draw.name(word)
        c.has(name, _endpoints(box), where, about)


def _off(c: Case, box: Seen, *networks: str, about: str = "") -> None:
    """State that a container is not on networks, given by name."""
    where = _("NetworkSettings.Networks in GET {path}", path=box.path)
    for name in networks:
        c.lacks(name, _endpoints(box), where, about)


def _runs(c: Case, box: Seen) -> None:
    """State that a container runs."""
    c.field(box, "State", "Status", equals="running", about="state")


_HOUSES = ("house-a", "house-b", "house-c")


def _lodging(draw: Draw) -> Sequence[Call]:
    subnet = draw.subnet("inner")
    houses = [_network(word, f"{address(subnet, 16 * n)}/28") for n, word in enumerate(_HOUSES)]
    return [*houses, *_up("lodger", draw.choice("home", _HOUSES))]


def _lodging_values(draw: Draw) -> Mapping[str, str]:
    home = draw.choice("home", _HOUSES)
    n, away = next((n, word) for n, word in enumerate(_HOUSES) if word != home)
    address_there = address(draw.subnet("inner"), 16 * n + 9)
    return {"home": draw.name(home), "away": draw.name(away), "away_address": address_there}


_LODGER = get("/containers/{name:lodger}/json")


@exercise(
    "5.1",
    _("Where the lodger lives"),
    Kind.FIND_OUT,
    owns=["container:lodger", *(f"network:{word}" for word in _HOUSES)],
    values=_lodging_values,
    setup=_lodging,
    hints={
        "": [
            _("A container knows its networks, and a network knows its containers. Either will do."),
            _("GET /containers/{name:lodger}/json, or GET /networks/{name:house-a} and so on."),
            _("NetworkSettings.Networks, and IPAddress in it; or Containers, and IPv4Address in it."),
            _('r = lab.get("/containers/{name:lodger}/json"), then r.json()["NetworkSettings"]["Networks"]'),
        ],
    },
    solution=Solution(
        [_LODGER],
        _("NetworkSettings.Networks has one entry for each network of the container, with its address there."),
        'r.json()["NetworkSettings"]["Networks"]["{home}"]["IPAddress"]',
    ),
    also=[
        Also("from the network, with the length of the prefix", [get("/networks/{home}")],
             '[c["IPv4Address"] for c in r.json()["Containers"].values() if c["Name"] == "{name:lodger}"][0]'),
    ],
    wrong=[
        Wrong("the gateway", [_LODGER], 'r.json()["NetworkSettings"]["Networks"]["{home}"]["Gateway"]',
              found="…the gateway…"),
        Wrong("the network's name", answer='"{home}"', found="…the name of its network…"),
        Wrong("the network's id", [_LODGER], 'r.json()["NetworkSettings"]["Networks"]["{home}"]["NetworkID"]',
              found="…the id of its network…"),
        Wrong("loopback", answer='"127.0.0.1"', found="127.0.0.1"),
        Wrong("a further network, with an address of one's own", [
            post("/networks/{away}/connect", json={"Container": "{name:lodger}", "EndpointConfig": {
                "IPAMConfig": {"IPv4Address": "{away_address}"}}}),
        ], '"{away_address}"', found="…put on later…"),
        Wrong("the lodger was moved out", [post("/networks/{home}/disconnect", json={"Container": "{name:lodger}"})],
              '"127.0.0.1"', expected="{name:lodger} on one of the three networks", found="nothing"),
        Wrong("the lodger was deleted", [delete("/containers/{name:lodger}", force=True)], '"127.0.0.1"',
              expected="container {name:lodger}", found="nothing"),
    ],
)  # fmt: skip
def lodger(c: Case) -> None:
    """The container `{name:lodger}` is on one of the networks `{name:house-a}`, `{name:house-b}` and `{name:house-c}`.
    Which address does it have there? Give it to the check, as text."""
    given = c.text().partition("/")[0]
    box = c.container("lodger")
    where = _("NetworkSettings.Networks in GET {path}", path=box.path)
    on = {name: e for name, e in _endpoints(box).items() if e.get("IPAddress")}
    mine = {name: e for name, e in on.items() if name == c.fill("{home}")}
    home = _("{container} on one of the three networks", container=c.draw.name("lodger"))
    c.need(bool(mine), Missing(where, "", home))
    truths = {str(endpoint["IPAddress"]) for endpoint in mine.values()}
    others = {str(endpoint.get("Gateway")): _("the gateway") for endpoint in mine.values()}
    others |= dict.fromkeys(mine, _("the name of its network"))
    others |= {str(endpoint.get("NetworkID")): _("the id of its network") for endpoint in mine.values()}
    others |= {str(e["IPAddress"]): _("that on a network it was put on later") for n, e in on.items() if n not in mine}
    truth = given if given in truths else min(truths)
    c.right(truth, given, _("the address of {container}", container=c.draw.name("lodger")), where, others)


def _lan(labels: Mapping[str, str] | None = None, **config: str) -> Call:
    return _network("lan", labels=labels, IPAM={"Config": [{"Subnet": "{subnet:lan}", **config}]})


_UPPER = "{address:lan.128}/25"
_LAST = "{address:lan.254}"


@exercise(
    "5.2",
    _("A subnet of your own"),
    Kind.MAKE,
    owns=["network:lan", "network:wan"],
    hints={
        "": [
            _("Everything about addresses stands in IPAM, which holds a list of configurations."),
            _("POST /networks/create"),
            _("IPAM.Config[0] with Subnet, Gateway and IPRange."),
            _('"IPAM": {"Config": [{"Subnet": "{subnet:lan}", "Gateway": …, "IPRange": …}]}'),
        ],
        "subnet": [_("The subnet is {subnet:lan}. A network can't be changed: delete it and create it again.")],
        "gateway": [_("The gateway is an address of the subnet, without a length: {address:lan.254}.")],
        "range": [_("A range is written as a subnet: its first address and a length. Half of a /24 is a /25.")],
    },
    solution=Solution(
        [_lan(Gateway=_LAST, IPRange=_UPPER)],
        _("Subnet says which addresses belong to the network, IPRange which of them the Engine hands out by itself."),
    ),
    also=[
        Also("with a driver and an option", [
            _network("lan", Driver="bridge", Options={"com.docker.network.driver.mtu": "1400"},
                     IPAM={"Driver": "default", "Config": [
                         {"Subnet": "{subnet:lan}", "Gateway": _LAST, "IPRange": _UPPER}]})]),
        Also("a smaller range", [_lan(Gateway=_LAST, IPRange="{address:lan.128}/26")]),
    ],
    docker=[["docker", "network", "create", "--subnet", "{subnet:lan}", "--gateway", _LAST, "--ip-range", _UPPER,
             "--label", "docker-api-lab=05", "{name:lan}"]],
    wrong=[
        Wrong("another name", [_network("wan", "{subnet:lan}")], expected="network {name:lan}", found="nothing"),
        Wrong("half of the subnet", [_network("lan", IPAM={"Config": [
            {"Subnet": _UPPER, "Gateway": _LAST, "IPRange": _UPPER}]})],
              expected="{subnet:lan}", found="{address:lan.128}/25"),
        Wrong("no gateway given", [_lan(IPRange=_UPPER)], expected=_LAST, found="…"),
        Wrong("the usual gateway", [_lan(Gateway="{address:lan.1}", IPRange=_UPPER)],
              expected=_LAST, found="{address:lan.1}"),
        Wrong("no range", [_lan(Gateway=_LAST)], expected=_UPPER, found="nothing"),
        Wrong("the lower half", [_lan(Gateway=_LAST, IPRange="{address:lan.0}/25")],
              expected=_UPPER, found="{address:lan.0}/25"),
    ],
)  # fmt: skip
def lan(c: Case) -> None:
    """Create a bridge network `{name:lan}` with the subnet `{subnet:lan}`. Its gateway is address number 254 of the
    subnet, and the Engine hands out addresses from the upper half alone: `IPRange`, a subnet within the subnet that
    begins with address number 128."""
    network = c.network("lan")
    config = ("IPAM", "Config", _first(network, c.draw.subnet("lan")))
    driver = network.get("Driver")
    where, found = c.at(network, *config, "Subnet"), dig(network, *config, "Subnet")
    fact = Mismatch(where, "subnet", c.draw.subnet("lan"), found)
    if driver != "bridge":
        fact = Mismatch(c.at(network, "Driver"), "subnet", "bridge", driver)
    c.expect(found == c.draw.subnet("lan") and driver == "bridge", fact)
    c.field(network, *config, "Gateway", equals=_LAST, about="gateway")
    range_, upper = dig(network, *config, "IPRange"), ip_network(c.fill(_UPPER))
    c.expect(_begins(range_, upper), Mismatch(c.at(network, *config, "IPRange"), "range", str(upper), range_))


def _first(network: Seen, subnet: str) -> int:
    """Return the number of the configuration with a subnet; 0 when none has it.  IPv6 may stand beside it."""
    subnets = [dig(config, "Subnet") for config in dig(network, "IPAM", "Config") or []]
    return subnets.index(subnet) if subnet in subnets else 0


def _begins(text: object, upper: IPv4Network | IPv6Network) -> bool:
    """Whether a range is a network, or the beginning of it."""
    try:
        range_ = ip_network(str(text), strict=False)
    except ValueError:
        return False
    return range_.network_address == upper.network_address and range_.prefixlen >= upper.prefixlen


_ASKED = ("{address:outer.0}/26", "{address:outer.64}/26", "{address:outer.128}/25", "{address:outer.0}/24")
_TAKEN = ((0, 27), (64, 28), (192, 27))


def _taken(draw: Draw) -> Sequence[Call]:
    first, length = draw.choice("taken", _TAKEN)
    return [_network("taken", f"{address(draw.subnet('outer'), first)}/{length}", keep="taken")]


def _refusals(draw: Draw) -> Mapping[str, str]:
    subnet = draw.subnet("outer")
    first, length = draw.choice("taken", _TAKEN)
    taken = ip_network(f"{address(subnet, first)}/{length}")
    asked = [ip_network(f"{address(subnet, n)}/{size}") for n, size in ((0, 26), (64, 26), (128, 25), (0, 24))]
    hits = [range_.overlaps(taken) for range_ in asked]
    return {
        "right": str([403 if hit else 201 for hit in hits]),
        "conflict": str([409 if hit else 201 for hit in hits]),
        "larger_is_free": str([403 if hit and range_.prefixlen > 24 else 201 for hit, range_ in zip(hits, asked)]),
    }


@exercise(
    "5.3",
    _("Which subnets are free"),
    Kind.PREDICT,
    owns=["network:taken", *(f"network:try-{n}" for n in range(len(_ASKED)))],
    values=_refusals,
    setup=_taken,
    begin=_("See which subnet {name:taken} has: GET /networks/{name:taken}. Then give a list of four status codes."),
    hints={
        "": [
            _("Two ranges overlap when they have one address in common, whichever of them is larger."),
            _("GET /networks/{name:taken}"),
            _("IPAM.Config[0].Subnet: its first address, and how many addresses its length leaves."),
            _("A free one is 201, a taken one 403. Python: ipaddress.ip_network(a).overlaps(ipaddress.ip_network(b))"),
        ],
    },
    solution=Solution(
        [_network(f"try-{n}", subnet, refused=True) for n, subnet in enumerate(_ASKED)],
        _("A /26 has 64 addresses, a /25 128, a /24 256. Where any of them is taken, the whole range is refused. "
          "Answer first, and then let the Engine answer."),
        "{right}",
    ),
    also=[Also("as text", answer='"{right}".strip("[]")')],
    wrong=[
        Wrong("with the status of a conflict", answer="{conflict}", found="{conflict}…of 4…"),
        Wrong("all free", answer="[201, 201, 201, 201]", found="[201, 201, 201, 201]…of 4…"),
        Wrong("none free", answer="[403, 403, 403, 403]", found="[403, 403, 403, 403]…of 4…"),
        Wrong("a larger range around it is free", answer="{larger_is_free}", found="{larger_is_free}…"),
        Wrong("the network was deleted", [delete("/networks/{name:taken}")], "[201, 201, 201, 201]",
              expected="network {name:taken}", found="nothing"),
    ],
)  # fmt: skip
def overlaps(c: Case) -> None:
    """The network `{name:taken}` has a subnet. What would the Engine answer to a new network with each of these, in
    this order: `{address:outer.0}/26`, `{address:outer.64}/26`, `{address:outer.128}/25`, `{address:outer.0}/24`?
    Don't create anything. The answer is a list of four status codes."""
    given = tuple(c.statuses(len(_ASKED)))
    network = c.network("taken")
    same = network.get("Id") == c.kept.get("taken", network.get("Id"))
    c.intact(same, c.fill(_("The network {name:taken} is another one than at the beginning.")))
    taken = ip_network(dig(network, "IPAM", "Config", 0, "Subnet"))
    asked = [ip_network(c.fill(text)) for text in _ASKED]
    truth = tuple(403 if range_.overlaps(taken) else 201 for range_ in asked)
    inside = tuple(403 if range_.overlaps(taken) and range_.prefixlen > 24 else 201 for range_ in asked)
    others = {inside: _("as if a range around a taken one were free")}
    where = c.at(network, "IPAM", "Config", 0, "Subnet")
    c.right(truth, given, _("what the Engine would answer to each of the four, in order"), where, others)


_SHOP = _network("shop", "{subnet:shop}")
_TEN = {"IPv4Address": "{address:shop.10}"}


def _stock(image: str = "redis", start: bool = True, cmd: Sequence[str] = (), **endpoint: Any) -> list[Call]:
    config = {"EndpointsConfig": {"{name:shop}": endpoint}}
    return container("{name:stock}", *(WAITING if image == "busybox" else cmd), image=image, start=start,
                     HostConfig={"NetworkMode": "{name:shop}"}, NetworkingConfig=config)  # fmt: skip


@exercise(
    "5.4",
    _("A redis with a name and an address"),
    Kind.MAKE,
    owns=["container:stock", "network:shop"],
    hints={
        "": [
            _("A network with a subnet first; then the container, with its name and address on that network."),
            _("POST /networks/create, POST /containers/create, POST /networks/{name:shop}/connect, start."),
            _("EndpointConfig with Aliases and IPAMConfig.IPv4Address."),
            _('{"Container": "{name:stock}", "EndpointConfig": {"Aliases": [...], "IPAMConfig": {"IPv4Address": …}}}'),
        ],
        "subnet": [_("The subnet of the network is {subnet:shop}.")],
        "image": [_('"Image": "redis"')],
        "program": [_("The image knows what to run: leave Cmd out, or let it begin with redis-server.")],
        "state": [_("A container that was created does not run yet: POST /containers/{name:stock}/start.")],
        "network": [_("Connect the container to {name:shop}: is it there in NetworkSettings.Networks?")],
        "alias": [_("Aliases is a list. To change it, disconnect the container and connect it again.")],
        "address": [_("IPAMConfig.IPv4Address in EndpointConfig: {address:shop.10}.")],
    },
    solution=Solution(
        [_SHOP, *container("{name:stock}", image="redis"),
         _connect("stock", "shop", Aliases=["stock"], IPAMConfig=_TEN)],
        _("EndpointConfig describes one plug of the container: its further names and its address on that network."),
    ),
    also=[
        Also("all at the creation", [_SHOP, *_stock(Aliases=["stock", "store"], IPAMConfig=_TEN)]),
        Also("by the id of the image", [
            get("/images/redis/json", keep="redis"), _SHOP,
            *_stock(image="{kept:redis}", Aliases=["stock"], IPAMConfig=_TEN)]),
    ],
    docker=[
        ["docker", "network", "create", "--subnet", "{subnet:shop}", "{name:shop}"],
        ["docker", "run", "-d", "--name", "{name:stock}", "--network", "{name:shop}", "--network-alias", "stock",
         "--ip", "{address:shop.10}", "redis"],
    ],
    wrong=[
        Wrong("the network alone", [_SHOP], expected="container {name:stock}", found="nothing"),
        Wrong("no network", container("{name:stock}", image="redis"), expected="network {name:shop}", found="nothing"),
        Wrong("half of it", [_network("shop", "{address:shop.0}/25"), *_stock(Aliases=["stock"], IPAMConfig=_TEN)],
              expected="{subnet:shop}", found="{address:shop.0}/25"),
        Wrong("a busybox", [_SHOP, *_stock(image="busybox", Aliases=["stock"], IPAMConfig=_TEN)],
              expected="redis", found="busybox"),
        Wrong("a busybox that is called redis", [
            post("/images/busybox/tag", repo="redis", tag="none"), _SHOP,
            *_stock(image="redis:none", cmd=WAITING, Aliases=["stock"], IPAMConfig=_TEN),
            delete("/images/redis:none", force=True)],
              expected="redis", found="re…"),
        Wrong("a redis that sleeps", [_SHOP, *_stock(cmd=WAITING, Aliases=["stock"], IPAMConfig=_TEN)],
              expected="redis-server", found="…sleep 99999"),
        Wrong("not started", [_SHOP, *_stock(start=False, Aliases=["stock"], IPAMConfig=_TEN)],
              expected="running", found="created"),
        Wrong("on the default bridge alone", [_SHOP, *container("{name:stock}", image="redis")],
              expected="{name:shop}", found="bridge"),
        Wrong("no alias", [_SHOP, *_stock(IPAMConfig=_TEN)], expected="stock", found="…"),
        Wrong("no fixed address", [_SHOP, *_stock(Aliases=["stock"])], expected="{address:shop.10}", found="…"),
    ],
)  # fmt: skip
def redis(c: Case) -> None:
    """Create a network `{name:shop}` with the subnet `{subnet:shop}`, and let a redis run on it: a container
    `{name:stock}` of the image `redis`, with the alias `stock` and the fixed address `{address:shop.10}`."""
    shop = c.network("shop")
    c.field(shop, "IPAM", "Config", 0, "Subnet", equals="{subnet:shop}", about="subnet")
    box = c.container("stock")
    image = str(dig(box, "Config", "Image") or "")
    program = " ".join(map(str, [box.get("Path"), *(box.get("Args") or [])]))
    redis = _is_redis(c, box)
    _runs(c, box)
    serves = dig(box, "State", "Status") != "running" or c.runs("redis-server", box)
    fact = Mismatch(
        c.at(box, "Config", "Image"), "image", "redis", re.split("[:@]", image.rpartition("/")[2])[0] or image
    )
    if redis:
        fact = Mismatch(c.at(box, "Args"), "program", "redis-server", program)
    c.expect(redis and serves, fact)
    name = c.draw.name("shop")
    networks = _endpoints(box)
    c.need(name in networks, Missing(c.at(box, "NetworkSettings", "Networks"), "network", name, tuple(networks)))
    where = c.at(box, "NetworkSettings", "Networks", name, "Aliases")
    c.has("stock", _names(networks[name]), where, "alias")
    wish = dig(networks, name, "IPAMConfig", "IPv4Address")
    c.same(c.fill("{address:shop.10}"), wish, c.at(box, "NetworkSettings", "Networks", name, "IPAMConfig"), "address")


def _is_redis(c: Case, box: Seen) -> bool:
    """Whether a container is of the image redis, under whatever tag or id."""
    if box.get("Image") == dig(c.look("image", "redis"), "Id"):
        return True
    named = re.fullmatch(r"(.*/)?redis(:[^/@]*)?(@.*)?", str(dig(box, "Config", "Image") or ""))
    config = dig(c.look("image", str(box.get("Image"))), "Config")
    words = [*(dig(config, "Entrypoint") or []), *(dig(config, "Cmd") or [])]
    return bool(named) and "redis-server" in words


@exercise(
    "5.5",
    _("On both sides"),
    Kind.EXPLAIN,
    owns=["container:gate", "network:inside", "network:outside"],
    setup=[
        _network("inside", "{address:inner.112}/28", Internal=True),
        _network("outside", "{address:inner.128}/28"),
        *_up("gate", "outside", start=False),
        _connect("gate", "inside"),
    ],
    begin=_('Find one request whose answer names both networks of the container, then lab.check("5.5", r).'),
    hints={
        "": [
            _("A network's answer tells of one network. Whose answer tells of all of them?"),
            _("GET /containers/{name:gate}/json"),
            _("NetworkSettings.Networks"),
            _('r = lab.get("/containers/{name:gate}/json"), then lab.check("5.5", r)'),
        ],
        "other": [_("Is it the answer about {name:gate}?")],
        "left": [_("The container has left a network. lab.reset begins again.")],
    },
    solution=Solution(
        [get("/containers/{name:gate}/json")],
        _("Each network knows its own containers; the container knows all its networks."),
        "r",
    ),
    also=[
        Also("from the list of containers", [get("/containers/json", all=True)], "r"),
        Also("from what takes space", [get("/system/df")], "r"),
    ],
    wrong=[
        Wrong("one network", [get("/networks/{name:inside}")], "r",
              expected="both networks of the container", found="GET /networks/{name:inside}"),
        Wrong("the list of networks", [get("/networks")], "r",
              expected="both networks of the container", found="GET /networks"),
        Wrong("the containers that run", [get("/containers/json")], "r",
              expected="{name:gate} in that response", found="nothing"),
        Wrong("it has left the inside", [_disconnect("gate", "inside"), get("/containers/{name:gate}/json")], "r",
              expected="{name:inside}", found="{name:outside}"),
        Wrong("it has left the outside", [_disconnect("gate", "outside"), get("/containers/{name:gate}/json")], "r",
              expected="{name:outside}", found="{name:inside}"),
    ],
)  # fmt: skip
def gate(c: Case) -> None:
    """Somebody claims that the container `{name:gate}` is on one network only. Produce one response that shows both of
    its networks, `{name:inside}` and `{name:outside}`, and give it to the check."""
    endpoints = ("/containers/{id}/json", "/containers/json", "/system/df")
    answer = c.evidence(_("both networks of the container"), *endpoints)
    body = answer.json() if answer.ok else []
    name = c.draw.name("gate")
    if answer.request.path == "/system/df":
        body = dig(body, "Containers") or []
    listed = body if isinstance(body, list) else [body]
    mine = [b for b in listed if f"/{name}" in (b.get("Names") or [b.get("Name")])]
    where = _("the response that you gave")
    c.need(bool(mine), Missing(where, "other", _("{container} in that response", container=name)))
    networks = dig(mine, 0, "NetworkSettings", "Networks") or {}
    c.has(c.draw.name("inside"), networks, where, "left")
    c.has(c.draw.name("outside"), networks, where, "left")


def _made(word: str, network: str) -> list[Call]:
    """The call that makes a container on a network and does not start it."""
    return _up(word, network, start=False)


_OFFICE = _network("office", "{address:inner.144}/28")
_VAULT = _network("vault", "{address:inner.160}/28", Internal=True)
_BOTH = [*_made("teller", "office"), _connect("teller", "vault")]


@exercise(
    "5.6",
    _("Two sides and a teller"),
    Kind.MAKE,
    owns=["container:clerk", "container:safe", "container:teller", "network:office", "network:vault"],
    hints={
        "": [
            _("Two networks; two containers on one each; the third on both."),
            _("POST /networks/create twice, POST /containers/create three times, then a connect."),
            _('"Internal": true for {name:vault}; HostConfig.NetworkMode for the first network of each container.'),
            _('The third: "HostConfig": {"NetworkMode": "{name:office}"}, then connect it to {name:vault}.'),
        ],
        "internal": [_("Internal stands beside Name in the body of the create call, and can't be changed later.")],
        "member": [_("See who is on the networks: GET /networks/{name:office} and GET /networks/{name:vault}.")],
        "apart": [
            _("Without HostConfig.NetworkMode, a container is on the default bridge, where all see each other."),
            _("POST /networks/bridge/disconnect takes it off."),
        ],
    },
    solution=Solution(
        [_OFFICE, _VAULT, *_made("clerk", "office"), *_made("safe", "vault"), *_BOTH],
        _("Bridges don't pass packets to each other, so the teller's program is the only way to the safe."),
    ),
    also=[Also("all on the default bridge first", [
        _OFFICE, _VAULT, *(call for word in ("clerk", "safe", "teller") for call in _made(word, "bridge")),
        _connect("clerk", "office"), _connect("safe", "vault"),
        _connect("teller", "office"), _connect("teller", "vault"),
        _disconnect("clerk", "bridge"), _disconnect("safe", "bridge")])],
    docker=[
        ["docker", "network", "create", "{name:office}"],
        ["docker", "network", "create", "--internal", "{name:vault}"],
        ["docker", "create", "--name", "{name:clerk}", "--network", "{name:office}", "busybox", *WAITING],
        ["docker", "create", "--name", "{name:safe}", "--network", "{name:vault}", "busybox", *WAITING],
        ["docker", "create", "--name", "{name:teller}", "--network", "{name:office}", "busybox", *WAITING],
        ["docker", "network", "connect", "{name:vault}", "{name:teller}"],
    ],
    wrong=[
        Wrong("no office", [_VAULT, *_made("safe", "vault")], expected="network {name:office}", found="nothing"),
        Wrong("no vault", [_OFFICE, *_made("clerk", "office")], expected="network {name:vault}", found="nothing"),
        Wrong("the vault is not internal", [
            _OFFICE, _network("vault", "{address:inner.160}/28"),
            *_made("clerk", "office"), *_made("safe", "vault"), *_BOTH],
              expected="true", found="false"),
        Wrong("the clerk is missing", [_OFFICE, _VAULT, *_made("safe", "vault"), *_BOTH],
              expected="container {name:clerk}", found="nothing"),
        Wrong("the safe is missing", [_OFFICE, _VAULT, *_made("clerk", "office"), *_BOTH],
              expected="container {name:safe}", found="nothing"),
        Wrong("the teller is missing", [_OFFICE, _VAULT, *_made("clerk", "office"), *_made("safe", "vault")],
              expected="container {name:teller}", found="nothing"),
        Wrong("the teller on one side only", [
            _OFFICE, _VAULT, *_made("clerk", "office"), *_made("safe", "vault"), *_made("teller", "office")],
              expected="{name:vault}", found="{name:office}"),
        Wrong("the teller inside only", [
            _OFFICE, _VAULT, *_made("clerk", "office"), *_made("safe", "vault"), *_made("teller", "vault")],
              expected="{name:office}", found="{name:vault}"),
        Wrong("the clerk nowhere", [_OFFICE, _VAULT, *_made("clerk", "none"), *_made("safe", "vault"), *_BOTH],
              expected="{name:office}", found="none"),
        Wrong("the safe nowhere", [_OFFICE, _VAULT, *_made("clerk", "office"), *_made("safe", "none"), *_BOTH],
              expected="{name:vault}", found="none"),
        Wrong("the clerk inside too", [
            _OFFICE, _VAULT, *_made("clerk", "office"), *_made("safe", "vault"), *_BOTH, _connect("clerk", "vault")],
              expected="no {name:vault}", found="{name:vault}"),
        Wrong("the safe outside too", [
            _OFFICE, _VAULT, *_made("clerk", "office"), *_made("safe", "vault"), *_BOTH, _connect("safe", "office")],
              expected="no {name:office}", found="{name:office}"),
        Wrong("both on the default bridge too", [
            _OFFICE, _VAULT, *_made("clerk", "bridge"), *_made("safe", "bridge"), *_BOTH,
            _connect("clerk", "office"), _connect("safe", "vault")], expected="no bridge", found="bridge"),
    ],
)  # fmt: skip
def vault(c: Case) -> None:
    """Build this, with containers in any state: `{name:clerk}` on a network `{name:office}`, `{name:safe}` on an
    `Internal` network `{name:vault}`, and `{name:teller}` on both. Neither of the first two is on the other's network
    or on the default bridge."""
    c.network("office")
    inside = c.network("vault")
    c.field(inside, "Internal", equals=True, about="internal")
    clerk, safe, teller = (c.container(word) for word in ("clerk", "safe", "teller"))
    _on(c, clerk, "office", about="member")
    _on(c, safe, "vault", about="member")
    _on(c, teller, "office", "vault", about="member")
    _off(c, clerk, c.draw.name("vault"), "bridge", about="apart")
    _off(c, safe, c.draw.name("office"), "bridge", about="apart")


_SERVED = _connect("kitchen", "hall", Aliases=["kitchen"])


@exercise(
    "5.7",
    _("The waiter can't find the kitchen"),
    Kind.REPAIR,
    owns=["container:waiter", "container:kitchen", "network:hall", "network:cellar-net"],
    setup=[
        _network("hall", "{address:inner.176}/28"),
        _network("cellar-net", "{address:inner.192}/28"),
        *_up("waiter", "hall"),
        *_up("kitchen", "cellar-net", Aliases=["kitchen"]),
    ],
    begin=_("Compare the networks of {name:waiter} and {name:kitchen}: GET /containers/…/json of each"),
    hints={
        "": [
            _("A name is answered on the networks that both are on, and on created ones only."),
            _("GET /containers/{name:waiter}/json and the other; then POST /networks/{name:hall}/connect."),
            _("EndpointConfig.Aliases: an alias belongs to one network, not to the container."),
            _('{"Container": "{name:kitchen}", "EndpointConfig": {"Aliases": …}} to …/{name:hall}/connect'),
        ],
        "state": [_("Both have to run: POST /containers/{name:kitchen}/start.")],
        "alias": [
            _("On the network that they share, the kitchen needs the alias again."),
            _("Disconnect it there, and connect it with EndpointConfig.Aliases."),
        ],
    },
    solution=Solution(
        [_SERVED],
        _("They had no network in common. The alias was one of the other network, so it has to be given again."),
    ),
    also=[
        Also("the waiter goes to the kitchen", [_connect("waiter", "cellar-net")]),
        Also("by a link", [
            _connect("kitchen", "hall"), _disconnect("waiter", "hall"),
            _connect("waiter", "hall", Links=["{name:kitchen}:kitchen"])]),
        Also("the kitchen moves", [_disconnect("kitchen", "cellar-net"), _SERVED]),
        Also("the kitchen is made anew", [
            delete("/containers/{name:kitchen}", force=True), *_up("kitchen", "hall", Aliases=["kitchen"])]),
    ],
    docker=[["docker", "network", "connect", "--alias", "kitchen", "{name:hall}", "{name:kitchen}"]],
    wrong=[
        Wrong("without the alias", [_connect("kitchen", "hall")],
              expected="a network of both on which kitchen is a name", found="{name:hall} (no alias)"),
        Wrong("both on the default bridge", [
            post("/networks/bridge/connect", json={"Container": "{name:waiter}"}),
            post("/networks/bridge/connect", json={"Container": "{name:kitchen}"})],
              expected="a network of both on which kitchen is a name", found="bridge (no alias)"),
        Wrong("with another alias", [_connect("kitchen", "hall", Aliases=["kitchens"])],
              expected="a network of both on which kitchen is a name", found="{name:hall} (kitchens)"),
        Wrong("the waiter has ended", [_SERVED, post("/containers/{name:waiter}/kill"),
                                       post("/containers/{name:waiter}/wait")], expected="running", found="exited"),
        Wrong("the kitchen was deleted", [delete("/containers/{name:kitchen}", force=True)],
              expected="container {name:kitchen}", found="nothing"),
        Wrong("the waiter was deleted", [delete("/containers/{name:waiter}", force=True)],
              expected="container {name:waiter}", found="nothing"),
    ],
)  # fmt: skip
def kitchen(c: Case) -> None:
    """The container `{name:waiter}` should reach the container `{name:kitchen}` by the name `kitchen`, and it does not.
    Both run. Find out why, and mend it."""
    waiter = c.container("waiter")
    cook = c.container("kitchen")
    for box in (waiter, cook):
        _runs(c, box)
    theirs = _endpoints(waiter)
    own = c.draw.name("kitchen")
    shared = {net: set(_names(e)) - {own} for net, e in _endpoints(cook).items() if net in theirs}
    named = any("kitchen" in names for names in shared.values())  # the default bridge takes no aliases
    named = named or _linked(waiter, cook, [net for net in shared if net != "bridge"])
    wanted = _("a network of both on which {name} is a name", name="kitchen")
    there = tuple(f"{net} ({', '.join(sorted(names)) or _('no alias')})" for net, names in shared.items())
    c.expect(named, Missing(c.at(cook, "NetworkSettings", "Networks"), "alias", wanted, there))


def _linked(waiter: Seen, cook: Seen, shared: Sequence[str]) -> bool:
    """Whether the name kitchen is the waiter's own word for the kitchen: by a link, or by a line in its /etc/hosts."""
    known = {str(cook.get("Name")).lstrip("/"), str(cook["Id"]), str(cook["Id"])[:12]}
    links = [str(link).partition(":") for net in shared for link in _endpoints(waiter)[net].get("Links") or []]
    hosts = [str(line).partition(":") for line in dig(waiter, "HostConfig", "ExtraHosts") or []]
    places = {_endpoints(cook)[net].get("IPAddress") for net in shared}
    return any(of.lstrip("/") in known and alias == "kitchen" for of, _colon, alias in links) or any(
        name == "kitchen" and place in places for name, _colon, place in hosts
    )


_WARD = delete("/networks/{name:ward}")


@exercise(
    "5.8",
    _("The ward is closed"),
    Kind.MAKE,
    owns=["container:nurse", "container:doctor", "network:ward"],
    setup=[
        _network("ward", "{address:inner.208}/28"), *_up("nurse", "ward", keep="nurse"),
        *_up("doctor", "ward", keep="doctor"),
    ],
    begin=_("See who is on it: GET /networks/{name:ward}"),
    hints={
        "": [
            _("A network with running containers on it is not deleted; containers can leave it and go on running."),
            _("POST /networks/{name:ward}/disconnect, then DELETE /networks/{name:ward}"),
            _("The field Container in the body, once for each of the two."),
            _('lab.post("/networks/{name:ward}/disconnect", json={"Container": …}) twice, then lab.delete(…)'),
        ],
        "members": [_("GET /networks/{name:ward} shows in Containers who is still on it.")],
        "state": [_("The containers should go on running. lab.reset begins again.")],
    },
    solution=Solution(
        [_disconnect("nurse", "ward"), _disconnect("doctor", "ward"), _WARD],
        _("Disconnecting pulls a plug: the process in the container goes on."),
    ),
    also=[Also("stopped meanwhile", [
        *(post(f"/containers/{{name:{word}}}/kill") for word in ("nurse", "doctor")),
        *(_disconnect(word, "ward") for word in ("nurse", "doctor")), _WARD,
        *(post(f"/containers/{{name:{word}}}/start") for word in ("nurse", "doctor"))])],
    docker=[
        ["docker", "network", "disconnect", "{name:ward}", "{name:nurse}"],
        ["docker", "network", "disconnect", "{name:ward}", "{name:doctor}"],
        ["docker", "network", "rm", "{name:ward}"],
    ],
    wrong=[
        Wrong("one has left", [_disconnect("nurse", "ward")],
              expected="no network {name:ward}…", found="network {name:ward} with {name:doctor}"),
        Wrong("both have left", [_disconnect("nurse", "ward"), _disconnect("doctor", "ward")],
              expected="no network {name:ward}…", found="network {name:ward} with nobody"),
        Wrong("by deleting the nurse", [
            delete("/containers/{name:nurse}", force=True), _disconnect("doctor", "ward"), _WARD],
              expected="container {name:nurse}", found="nothing"),
        Wrong("the nurse made anew", [
            delete("/containers/{name:nurse}", force=True), _disconnect("doctor", "ward"), _WARD,
            *_up("nurse", "bridge")], expected="the container {name:nurse} that was there"),
        Wrong("by killing the doctor", [
            _disconnect("nurse", "ward"), post("/containers/{name:doctor}/kill"),
            post("/containers/{name:doctor}/wait"), _WARD], expected="running", found="exited"),
    ],
)  # fmt: skip
def ward(c: Case) -> None:
    """The network `{name:ward}` is closed. Delete it. The containers on it, `{name:nurse}` and `{name:doctor}`, go on
    running."""
    name = c.draw.name("ward")
    found = c.look("network", name)
    members = sorted(str(member.get("Name")) for member in (dig(found, "Containers") or {}).values())
    there = _("network {name} with {members}", name=name, members=", ".join(members) or _("nobody"))
    c.expect(found is None, Unexpected(f"GET /networks/{name}", "members", there))
    for word in ("nurse", "doctor"):
        _runs(c, c.stays("container", word, "state"))


_PROJECTS = {"moon-a": "apollo", "moon-b": "apollo", "moon-used": "apollo", "orbit": "gemini"}
_RANGES = {"moon-a": 48, "moon-b": 96, "moon-used": 224, "orbit": 240}


@exercise(
    "5.9",
    _("Prune one project"),
    Kind.MAKE,
    owns=["container:astronaut", *(f"network:{word}" for word in _PROJECTS)],
    setup=[
        *(_network(word, f"{{address:inner.{_RANGES[word]}}}/28", {"project": of}, keep=word)
          for word, of in _PROJECTS.items()),
        *_up("astronaut", "moon-used"),
    ],
    begin=_('List them first: lab.get("/networks", filters={"label": ["project=apollo"]})'),
    hints={
        "": [
            _("Prune takes the same filters as the list, and spares networks that a running container is on."),
            _("POST /networks/prune"),
            _("The filter label."),
            _('lab.post("/networks/prune", filters={"label": [...]})'),
        ],
        "too much": [_("Prune deletes all that matches. lab.reset makes the networks again.")],
    },
    solution=Solution(
        [post("/networks/prune", filters={"label": ["project=apollo", "docker-api-lab={lab}"]})],
        _("The filter says which, and what is in use is spared without being asked for."),
    ),
    also=[Also("one by one", [delete("/networks/{name:moon-a}"), delete("/networks/{name:moon-b}")])],
    docker=[["docker", "network", "prune", "-f", "--filter", "label=project=apollo"]],
    wrong=[
        Wrong("one of them", [delete("/networks/{name:moon-a}")],
              expected="no network {name:moon-b}", found="network {name:moon-b}"),
        Wrong("the other of them", [delete("/networks/{name:moon-b}")],
              expected="no network {name:moon-a}", found="network {name:moon-a}"),
        Wrong("without the project", [post("/networks/prune", filters={"label": ["docker-api-lab={lab}"]})],
              expected="network {name:orbit}", found="nothing"),
        Wrong("without the project, and made again", [
            post("/networks/prune", filters={"label": ["docker-api-lab={lab}"]}), _network("orbit")],
              expected="the network {name:orbit} that was there"),
        Wrong("by force", [
            delete("/containers/{name:astronaut}", force=True),
            post("/networks/prune", filters={"label": ["project=apollo"]})],
              expected="network {name:moon-used}", found="nothing"),
    ],
)  # fmt: skip
def project(c: Case) -> None:
    """Networks of a project that has ended have the label `project` with the value `apollo`. Prune those that no
    container is on: `{name:moon-a}` and `{name:moon-b}`. Networks of another project stay, and so do those in use."""
    c.gone("network", c.draw.name("moon-a"))
    c.gone("network", c.draw.name("moon-b"))
    c.stays("network", "orbit", "too much")
    c.stays("network", "moon-used", "too much")
