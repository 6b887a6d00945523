# %% [markdown] id="title"
# # Lab 5. Networks
#
# **What you will be able to do.** Say who can reach whom on an Engine, and prove it. Create a network with a subnet of
# your own, give a container a name and an address on it, and reach it by that name. Keep two groups of containers
# apart, with one container between them. Take all of it down again in the right order.
#
# **How long.** 75 to 90 minutes, in five parts of 15 to 20. Each part makes what it needs, so you can stop after
# any of them and go on another day.
#
# **What it needs.** Lab 2, and the engine that `./lab` started. What you need to know about addresses is said here.
#
# **Why anyone should care.** "It works by address but not by name" and "the database was open to the whole company"
# are the same mistake: a container on a network that nobody chose. And a subnet that was copied from a blog post takes
# away the route to the real machines that have those addresses.
#
# New words are explained where they first occur. They are gathered in the glossary, `docs/glossary.md`.

# %% id="start" tags=["quiet"]
import labkit

lab = labkit.start("05")

# %% [markdown] id="clean-start-text"
# Begin from nothing: this removes what an earlier run of this lab left behind, and nothing else.

# %% id="clean-start"
lab.clean()

# %% [markdown] id="tools-text"
# ### Two tools for all parts
#
# `up` makes a busybox container that waits, on the network that you name. `sh` runs a command in it and returns what it
# wrote. These are the calls of lab 2, with nothing hidden; a container of the same name is deleted first, so that a
# cell can be run again. `DnsOptions` makes a search for a name that doesn't exist end after a second. `ipaddress` is
# Python's own module for arithmetic with addresses; `netmap` draws a picture of networks.
#
# **After a break:** run the cells down to the next one again, and go on at the beginning of your part.

# %% id="tools" tags=["quiet"]
import ipaddress

from labkit.netmap import netmap

label = f"docker-api-lab={lab.labels['docker-api-lab']}"
front, back = lab.name("front"), lab.name("back")


def up(word, network, **body):
    name = lab.name(word)
    host = {"NetworkMode": network, "DnsOptions": ["timeout:1", "attempts:1"], **body.pop("HostConfig", {})}
    body = {"Image": "busybox", "Cmd": ["sleep", "3600"], "Labels": lab.labels, "HostConfig": host, **body}
    lab.delete(f"/containers/{name}", force=True)
    lab.post("/containers/create", name=name, json=body).raise_for_status()
    lab.post(f"/containers/{name}/start").raise_for_status()


def sh(word, command):
    body = {"Cmd": ["sh", "-c", command], "AttachStdout": True, "AttachStderr": True}
    made = lab.post(f"/containers/{lab.name(word)}/exec", json=body).raise_for_status()
    return lab.post(f"/exec/{made.json()['Id']}/start", json={"Detach": False}).text.strip()


# %% [markdown] id="recall"
# ## Recall: three questions on lab 4
#
# Answer each in your head first, then fill the gap (`...`) and let the engine answer.
#
# **1.** Create a volume, and create it again. Which status does the second call get?

# %% id="recall-create" tags=["learner", "task"]
r = lab.post("/volumes/create", json={"Name": lab.name("again"), "Labels": ...})
r

# %% id="recall-create" tags=["solution"]
again = {"Name": lab.name("again"), "Labels": lab.labels}
lab.post("/volumes/create", json=again).status, lab.post("/volumes/create", json=again).status

# %% [markdown] id="recall-2"
# **2.** Which filter shows the volumes that no container uses?

# %% id="recall-dangling" tags=["learner", "task"]
r = lab.get("/volumes", filters=...)
r

# %% id="recall-dangling" tags=["solution"]
r = lab.get("/volumes", filters={"dangling": ["true"], "label": [label]})
[v["Name"] == lab.name("again") for v in r.json()["Volumes"]]

# %% [markdown] id="recall-3"
# **3.** Delete that volume. Run the cell again, and once more with `force`. Which three statuses?

# %% id="recall-delete" tags=["learner", "task"]
r = lab.delete(...)
r

# %% id="recall-delete" tags=["solution"]
path = f"/volumes/{lab.name('again')}"
lab.delete(path).status, lab.delete(path).status, lab.delete(path, force=True).status

# %% [markdown] id="part-1"
# ## Part 1. List and inspect (15 minutes)
#
# **Goal.** Know the three networks that are there before you make any, and what each means for a container.
#
# A *network*, to an Engine, is a group of containers that reach each other.
#
# > **Predict.** Nobody has created one yet. How many are there?

# %% id="list"
r = lab.get("/networks", filters={"type": ["builtin"]})
print(r.curl)
sorted((n["Name"], n["Driver"], n["Scope"]) for n in r.json())

# %% [markdown] id="list-text"
# **Read the response.** Three are built in. The filter `type` with `custom` would show those that were created. The
# *driver* says what a network is made of:
#
# - `bridge`: a virtual switch on the Engine's machine. Each container has a network card of its own, plugged into it.
#   A container that asks for nothing is on the network `bridge`.
# - `host`: no switch and no card of its own. The container uses the machine's, with all its addresses and ports.
# - `none` (driver `null`): no card at all.
#
# `Scope` `local` means that this one Engine knows it. (Podman lists its `bridge` alone.)
#
# > **Predict.** One container on each of the three. Which network interfaces does each of them see?

# %% id="three"
for word, network in {"on-bridge": "bridge", "on-host": "host", "on-none": "none"}.items():
    up(word, network)
names = "ip -o -4 addr | awk '{print $2}'"
sh("on-bridge", names).split(), sh("on-none", names).split(), len(sh("on-host", names).split()) > 1

# %% [markdown] id="three-text"
# `lo` is *loopback*: the interface by which a machine talks to itself. Every container has one of its own, and on
# `none` it has nothing else. `eth0` is the card on the switch. On `host` the container sees what the machine sees, so
# nothing keeps it apart: it can take any port, and reach what listens on the machine's loopback.
#
# ### Inspect
#
# > **Predict.** Does the *list* say which containers are on a network?

# %% id="inspect"
listed = next(n for n in lab.get("/networks").json() if n["Name"] == "bridge")
bridge = lab.get("/networks/bridge").json()
len(listed.get("Containers") or {}), len(bridge["Containers"]) > 0

# %% [markdown] id="inspect-text"
# The list names none (since API 1.28); only *inspect* does. `Containers` is an object: the key is the container's id,
# the value its name and addresses. It shows *running* containers alone, which will matter in part 5.

# %% id="inspect-bridge" tags=["nbval-ignore-output"] reason="the default bridge hands out addresses in the order of starting"
mine = next(c for c in bridge["Containers"].values() if c["Name"] == lab.name("on-bridge"))
subnet = ipaddress.ip_network(bridge["IPAM"]["Config"][0]["Subnet"])
address = ipaddress.ip_interface(mine["IPv4Address"])
print("the container's address:", mine["IPv4Address"])
print("the network's subnet:   ", subnet, "(private)" if subnet.is_private else "(public)")
print("one is in the other:    ", address.ip in subnet)

# %% [markdown] id="inspect-bridge-text"
# `IPAM` (*IP address management*) holds the *subnet*: the range of addresses that the network hands out. It is written
# as an address and a length: `/16` says that the first 16 of the 32 bits are the same for all, `/24` the first 24, which
# leaves 8 bits: 256 addresses. The answer gives a container's address with that length behind it.
#
# ### A picture
#
# `netmap` draws what *inspect* answers for some networks. It asks nothing by itself: it only shows what is in those
# answers. Here is the container on `none`, and who else is there.


# %% id="picture-none"
def mine_only(network):
    answer = lab.get(f"/networks/{network}").json()
    names = [lab.name(word) for word in ("on-bridge", "on-host", "on-none")]
    return {**answer, "Containers": {i: c for i, c in answer["Containers"].items() if c["Name"] in names}}


netmap(map(mine_only, ("host", "none")))

# %% [markdown] id="picture-text"
# No subnet, no addresses. (`mine_only` leaves out containers of other labs that may still be around.) **Change one
# thing:** draw `bridge` too. The address there is the next one that is free, so yours may differ.

# %% id="picture-bridge" tags=["nbval-ignore-output"] reason="the default bridge hands out addresses in the order of starting"
netmap(map(mine_only, ("bridge", "host", "none")))

# %% [markdown] id="list-gap-text"
# **Now you, with a gap.** Show the networks that were *created*, not built in, and that have the lab's label. There are
# none so far.

# %% id="list-gap" tags=["learner", "task"]
r = lab.get("/networks", filters={"label": [label], "type": ...})
r

# %% id="list-gap" tags=["solution"]
r = lab.get("/networks", filters={"label": [label], "type": ["custom"]})
r.status, r.json()

# %% [markdown] id="task-1"
# ### Exercise 5.1 (find out)
#
# The container `lab.name("lodger")` is on one of the networks `lab.name("house-a")`, `lab.name("house-b")` and
# `lab.name("house-c")`. Which address does it have there? Give it to the check, as text.

# %% id="setup-1"
lab.setup("5.1")

# %% id="try-1" tags=["learner", "task"]
answer = ...

# %% id="try-1" tags=["solution"]
networks = lab.get(f"/containers/{lab.name('lodger')}/json").json()["NetworkSettings"]["Networks"]
answer = next(iter(networks.values()))["IPAddress"]
len(networks)

# %% id="check-1"
lab.check("5.1", answer)

# %% [markdown] id="part-2"
# ## Part 2. Create (20 minutes)
#
# **Goal.** A network with a subnet that is yours, and the reason why it is that one.
#
# `POST /networks/create` takes a name, a driver (`bridge` when you say nothing), labels and `IPAM`. The *gateway* is the
# address of the switch itself: what a container sends to other networks goes there. `lab.subnet("front")` gives a subnet
# of your own, always the same one, and `lab.address(subnet, n)` its address number *n*.

# %% id="create"
subnet = lab.subnet("front")
ipam = {"Config": [{"Subnet": subnet, "Gateway": lab.address(subnet, 1)}]}
body = {"Name": front, "Driver": "bridge", "IPAM": ipam, "Labels": lab.labels}
r = lab.post("/networks/create", json=body)
r

# %% [markdown] id="create-text"
# **Read the response.** 201, an id, and `Warning`, which is one text here and no list. Verify:

# %% id="create-inspect"
r = lab.get(f"/networks/{front}")
print(r.json()["IPAM"]["Config"])
r

# %% [markdown] id="private-text"
# > **Then / now.** The lab sheet of 2016 created a network with the subnet `172.10.0.0/16`, and you still find that in
# > blog posts. It looks like one of Docker's own (`172.17.0.0/16`), but it is not private: of 172.*x* only `172.16.0.0/12`,
# > which is 172.16 to 172.31, belongs to nobody (RFC 1918, with `10.0.0.0/8` and `192.168.0.0/16`). The rest is somebody's
# > public address space. The Engine takes it without a warning. From then on, everything on its machine that wants to
# > reach those public addresses is sent to your bridge.
#
# Python can say which is which:

# %% id="private"
block = ipaddress.ip_network("172.16.0.0/12")
for text in ("172.10.0.0/16", "172.17.0.0/16", "192.168.0.0/16", lab.subnet("front")):
    range_ = ipaddress.ip_network(text)
    print(f"{text:18} private: {range_.is_private!s:6} in 172.16.0.0/12: {range_.subnet_of(block)}")

# %% [markdown] id="overlap-text"
# ### A subnet is used once
#
# > **Predict.** Half of the range of `front` for a second network. 201, 400, 403 or 409?

# %% id="overlap"
half = next(ipaddress.ip_network(lab.subnet("front")).subnets(prefixlen_diff=1))
body = {"Name": lab.name("overlap"), "Labels": lab.labels, "IPAM": {"Config": [{"Subnet": str(half)}]}}
r = lab.post("/networks/create", json=body)
r

# %% [markdown] id="overlap-read"
# 403 *Forbidden*: the two ranges overlap, and a machine could not tell where to send a packet. The Engine compares with
# its other networks. What else its machine has to reach, such as the ranges behind your company's VPN, is for you to
# know.
#
# **Change one thing.** No `IPAM` at all: the Engine takes the next free range of its *address pools*.

# %% id="pool"
lab.delete(f"/networks/{lab.name('pool')}")
lab.post("/networks/create", json={"Name": lab.name("pool"), "Labels": lab.labels}).raise_for_status()
chosen = lab.get(f"/networks/{lab.name('pool')}").json()["IPAM"]["Config"][0]
pool = ipaddress.ip_network(chosen["Subnet"])
pool.is_private, pool.overlaps(ipaddress.ip_network(lab.subnet("front"))), "Gateway" in chosen

# %% [markdown] id="pool-text"
# Easy, and for most networks right. But the range is another one on each machine, and a container can have no fixed
# address on it. Pools are set in `daemon.json` (`default-address-pools`), which is how a company keeps Docker away from
# its own ranges.
#
# ### The same name twice
#
# > **Predict.** A second network with the name of the first, and with a range of its own. Is it made?

# %% id="same-name"
lab.post("/networks/create", json={"Name": front, "Labels": lab.labels, "CheckDuplicate": True}).status

# %% [markdown] id="same-name-text"
# 409. But mind `CheckDuplicate`: an old Engine (20.10) makes two networks of one name without it, and tells them apart
# by their ids. A new one (26 and later) always checks, and ignores the field. So it does no harm, and helps where it
# counts.
#
# **Now you, with a gap.** Create `back` with the subnet `lab.subnet("back")`, and with its address number 254 as the
# gateway.

# %% id="create-gap" tags=["learner", "task"]
ipam = {"Config": [{"Subnet": lab.subnet("back"), "Gateway": ...}]}
r = lab.post("/networks/create", json={"Name": back, "IPAM": ipam, "Labels": lab.labels, "CheckDuplicate": True})
r

# %% id="create-gap" tags=["solution"]
ipam = {"Config": [{"Subnet": lab.subnet("back"), "Gateway": lab.address(lab.subnet("back"), 254)}]}
r = lab.post("/networks/create", json={"Name": back, "IPAM": ipam, "Labels": lab.labels, "CheckDuplicate": True})
r.status, lab.get(f"/networks/{back}").json()["IPAM"]["Config"]

# %% [markdown] id="task-2"
# ### Exercise 5.2 (make)
#
# Create a bridge network `lab.name("lan")` with the subnet `lab.subnet("lan")`. Its gateway has the last address but
# one of the subnet (number 254), and the Engine hands out addresses from the upper half alone (`IPRange`, a subnet
# within the subnet that begins with address number 128).

# %% id="setup-2"
lab.setup("5.2")

# %% id="try-2" tags=["learner", "task"]
# Your calls.

# %% id="try-2" tags=["solution"]
lan = lab.subnet("lan")
config = {"Subnet": lan, "Gateway": lab.address(lan, 254), "IPRange": f"{lab.address(lan, 128)}/25"}
body = {"Name": lab.name("lan"), "Labels": lab.labels, "CheckDuplicate": True, "IPAM": {"Config": [config]}}
lab.post("/networks/create", json=body).status

# %% id="check-2"
lab.check("5.2")

# %% [markdown] id="task-3"
# ### Exercise 5.3 (predict)
#
# The network `lab.name("taken")` has a subnet. What would the Engine answer to a new network with each of these four
# subnets? The answer is a list of four status codes, in this order. Don't create anything.

# %% id="asked-3"
outer = lab.subnet("outer")
asked = [f"{lab.address(outer, n)}/{length}" for n, length in ((0, 26), (64, 26), (128, 25), (0, 24))]
asked

# %% id="setup-3"
lab.setup("5.3")

# %% id="try-3" tags=["learner", "task"]
answer = ...

# %% id="try-3" tags=["solution"]
taken = ipaddress.ip_network(lab.get(f"/networks/{lab.name('taken')}").json()["IPAM"]["Config"][0]["Subnet"])
answer = [403 if ipaddress.ip_network(text).overlaps(taken) else 201 for text in asked]
answer

# %% id="check-3"
lab.check("5.3", answer)

# %% [markdown] id="part-3"
# ## Part 3. Connect, and reach by name (20 minutes)
#
# **Goal.** A redis that other containers reach by a name that you choose.
#
# Part 3 needs the network `front`. A 409 says that it is there already.

# %% id="front-again"
subnet = lab.subnet("front")
ipam = {"Config": [{"Subnet": subnet, "Gateway": lab.address(subnet, 1)}]}
body = {"Name": front, "IPAM": ipam, "Labels": lab.labels, "CheckDuplicate": True}
print(lab.post("/networks/create", json=body).status in (201, 409))

# %% [markdown] id="redis-text"
# A redis, created with no word about networks, and started:

# %% id="redis"
cache = lab.name("cache")
lab.delete(f"/containers/{cache}", force=True, v=True)
lab.post("/containers/create", name=cache, json={"Image": "redis", "Labels": lab.labels}).raise_for_status()
lab.post(f"/containers/{cache}/start").raise_for_status()
list(lab.get(f"/containers/{cache}/json").json()["NetworkSettings"]["Networks"])

# %% [markdown] id="connect-text"
# It is on `bridge`. A running container can be plugged into a further network. `EndpointConfig` describes the new card
# (an *endpoint*): `Aliases` are further names, `IPAMConfig` asks for an address.
#
# > **Predict.** Does the container lose its old network? Does the process notice?

# %% id="connect"
endpoint = {"Aliases": ["store"], "IPAMConfig": {"IPv4Address": lab.address(subnet, 10)}}
r = lab.post(f"/networks/{front}/connect", json={"Container": cache, "EndpointConfig": endpoint})
r

# %% id="connect-inspect"
networks = lab.get(f"/containers/{cache}/json").json()["NetworkSettings"]["Networks"]
sorted(networks) == sorted(["bridge", front]), networks[front]["IPAddress"], "store" in networks[front]["Aliases"]

# %% [markdown] id="connect-read"
# 200, without anything to read; both networks are there, and redis was not restarted. Always read
# `NetworkSettings.Networks`: an address also used to stand at the top of `NetworkSettings`, for the default bridge alone,
# and from API 1.52 on it is gone.
#
# ### Resolve and reach

# %% id="by-name"
up("probe", front)
for name in ("store", cache):
    print(sh("probe", f"ping -c 1 -W 1 {name} | head -n 1"))

# %% [markdown] id="by-name-text"
# The alias and the container's own name lead to the same address. Now redis itself: its protocol is lines of text.
# (`nc` sends what it reads to a port, and shows what comes back.)

# %% id="ping-redis"
print(sh("probe", "printf 'PING\r\nQUIT\r\n' | nc store 6379"))

# %% [markdown] id="who-answers-text"
# `+PONG` comes from the redis. **Who told the probe the address?** A program asks the *name server* that stands in
# `/etc/resolv.conf`:

# %% id="who-answers"
print(sh("probe", "grep ^nameserver /etc/resolv.conf"))

# %% [markdown] id="who-answers-read"
# 127.0.0.11 is the Engine itself, inside each container of a network that was created. It knows the names on the
# networks that this container is on, and passes all other questions on.
#
# ### Why the default bridge has no names
#
# > **Predict.** The redis is on `bridge` too. Does a container there find it by name?

# %% id="no-names"
up("outsider", "bridge")
print(sh("outsider", f"ping -c 1 -W 1 {cache}"))
print("127.0.0.11" in sh("outsider", "cat /etc/resolv.conf"))

# %% [markdown] id="no-names-text"
# *Bad address* means that the name is not known. On the default bridge no name server of the Engine runs. It is older
# than these names: containers there were told each other's addresses one by one, with *links* written into `/etc/hosts`,
# and that was kept as it was. By address it works, as both are on one switch:

# %% id="no-names-address"
address = lab.get(f"/containers/{cache}/json").json()["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
print(sh("outsider", f"ping -c 1 -W 1 {address} | grep received"))

# %% [markdown] id="no-alias-text"
# But addresses there can't be chosen, and change with the order of starting. **Change one thing:** ask for an alias on
# the default bridge.

# %% id="no-alias"
body = {"Container": lab.name("probe"), "EndpointConfig": {"Aliases": ["probe"]}}
lab.post("/networks/bridge/connect", json=body).status

# %% [markdown] id="no-alias-read"
# 400. So: **for every application a network of its own, and names instead of addresses.**
#
# > **Then / now.** `--link` and `HostConfig.Links`, in recipes of those years, are such links. Nothing new should use
# > them.
#
# An address has to be one of the network's own subnet, and the subnet one that you gave. Two refusals:

# %% id="bad-addresses"
lab.post("/networks/create", json={"Name": lab.name("pool"), "Labels": lab.labels, "CheckDuplicate": True})
pool = lab.get(f"/networks/{lab.name('pool')}").json()["IPAM"]["Config"][0]["Subnet"]
wishes = {front: lab.address(lab.subnet("back"), 10), lab.name("pool"): str(ipaddress.ip_network(pool)[10])}
for network, wish in wishes.items():
    body = {"Container": lab.name("outsider"), "EndpointConfig": {"IPAMConfig": {"IPv4Address": wish}}}
    print(lab.post(f"/networks/{network}/connect", json=body).status >= 400)

# %% [markdown] id="at-creation-text"
# ### The same at the creation
#
# `HostConfig.NetworkMode` names the first network, and `NetworkingConfig.EndpointsConfig` has the details. Up to API
# 1.43 it takes one network; the others are connected afterwards, before the start or after it.

# %% id="at-creation"
endpoint = {"Aliases": ["page"], "IPAMConfig": {"IPv4Address": lab.address(subnet, 20)}}
up("web", front, NetworkingConfig={"EndpointsConfig": {front: endpoint}})
print(sh("probe", "ping -c 1 -W 1 page | head -n 1"))

# %% [markdown] id="connect-picture-text"
# The picture so far. It was asked about `front` alone, so it can't say that the redis is on `bridge` too.

# %% id="connect-picture"
netmap([lab.get(f"/networks/{front}").json()])

# %% [markdown] id="connect-gap-text"
# **Now you, with a gap.** Plug the container `outsider` into `front`, with the alias `guest`.

# %% id="connect-gap" tags=["learner", "task"]
r = lab.post(f"/networks/{front}/connect", json={"Container": lab.name("outsider"), "EndpointConfig": ...})
r

# %% id="connect-gap" tags=["solution"]
body = {"Container": lab.name("outsider"), "EndpointConfig": {"Aliases": ["guest"]}}
r = lab.post(f"/networks/{front}/connect", json=body)
r.status, sh("probe", "ping -c 1 -W 1 guest | grep received").split(",")[1]

# %% [markdown] id="task-4"
# ### Exercise 5.4 (make)
#
# Create a network `lab.name("shop")` with the subnet `lab.subnet("shop")`, and let a redis run on it: a container
# `lab.name("stock")` of the image `redis`, with the alias `stock` and the fixed address number 10 of the subnet.

# %% id="setup-4"
lab.setup("5.4")

# %% id="try-4" tags=["learner", "task"]
# Your calls.

# %% id="try-4" tags=["solution"]
shop, stock, range_ = lab.name("shop"), lab.name("stock"), lab.subnet("shop")
body = {"Name": shop, "Labels": lab.labels, "CheckDuplicate": True, "IPAM": {"Config": [{"Subnet": range_}]}}
print(lab.post("/networks/create", json=body).status)
print(lab.post("/containers/create", name=stock, json={"Image": "redis", "Labels": lab.labels}).status)
endpoint = {"Aliases": ["stock"], "IPAMConfig": {"IPv4Address": lab.address(range_, 10)}}
print(lab.post(f"/networks/{shop}/connect", json={"Container": stock, "EndpointConfig": endpoint}).status)
print(lab.post(f"/containers/{stock}/start").status)

# %% id="check-4"
lab.check("5.4")

# %% [markdown] id="part-4"
# ## Part 4. Isolate (20 minutes)
#
# **Goal.** Two groups that can't see each other, one container between them, and a network that nobody outside reaches.
#
# The plan: `web` is on `front`, `db` on `back`, and `app` on both. `back` is `Internal`.

# %% id="isolate-networks"
for name in map(lab.name, ("web", "app", "db", "probe", "outsider", "cache")):
    lab.delete(f"/containers/{name}", force=True, v=True)
for network, word, internal in ((front, "front", False), (back, "back", True)):
    lab.delete(f"/networks/{network}")
    ipam = {"Config": [{"Subnet": lab.subnet(word), "Gateway": lab.address(lab.subnet(word), 1)}]}
    body = {"Name": network, "Internal": internal, "IPAM": ipam, "Labels": lab.labels, "CheckDuplicate": True}
    lab.post("/networks/create", json=body).raise_for_status()
[lab.get(f"/networks/{network}").json()["Internal"] for network in (front, back)]

# %% [markdown] id="isolate-containers-text"
# Each container gets a fixed address, so that we can also try without names. `app` begins on `front`; a second call
# connects it to `back`.

# %% id="isolate-containers"
for word, network, number in (("web", "front", 10), ("app", "front", 20), ("db", "back", 10)):
    endpoint = {"Aliases": [word], "IPAMConfig": {"IPv4Address": lab.address(lab.subnet(network), number)}}
    up(word, lab.name(network), NetworkingConfig={"EndpointsConfig": {lab.name(network): endpoint}})
endpoint = {"Aliases": ["app"], "IPAMConfig": {"IPv4Address": lab.address(lab.subnet("back"), 20)}}
body = {"Container": lab.name("app"), "EndpointConfig": endpoint}
lab.post(f"/networks/{back}/connect", json=body).raise_for_status()
netmap([lab.get(f"/networks/{network}").json() for network in (front, back)])

# %% [markdown] id="isolate-predict"
# > **Predict.** Four questions: does `web` know the name `db`? Does it reach the address of `db`? Does `app` reach
# > `web`, and `db`?

# %% id="isolate-names"
print(sh("web", "ping -c 1 -W 1 db"))


# %% id="isolate-reach"
def reaches(word, target):
    return "1 packets received" in sh(word, f"ping -c 1 -W 1 {target}")


at_db = lab.address(lab.subnet("back"), 10)
reaches("web", at_db), reaches("app", "web"), reaches("app", "db")

# %% [markdown] id="isolate-read"
# `web` gets neither the name nor the packets: the name server answers for a container's own networks alone, and the
# Engine's *firewall* rules drop what goes from one bridge to another. `app` has two cards, and reaches both sides:

# %% id="isolate-cards"
print(sh("app", "ip -o -4 addr | awk '{print $2, $4}' | grep eth | sort"))

# %% [markdown] id="isolate-cards-text"
# A picture of all networks of the Engine: each is a line, and a container stops at those that it is on. `app` stops at
# `back` and at `front`. Where a line has a gap, it only passes by; a double line is an internal network (see below);
# *reach* says how those on a line find each other:

# %% id="isolate-picture" tags=["nbval-ignore-output"] reason="every network that is on the engine is in the picture"
lab.map("networks")

# %% [markdown] id="isolate-picture-read"
# `app` does not pass packets on. That makes it the only way from front to back, and a way for exactly what its program
# does. A break-in at `web` gets no further than `app`'s port.
#
# ### `Internal`
#
# `web` and `db` were made in the same way, but `back` is `Internal`: it has no way out to other networks, and
# none in.
#
# > **Predict.** Publish a port of a container on each of them. What do the two inspect answers say about the port?


# %% id="internal-ports"
def published(word, network):
    bindings = {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(lab.port(word))}]}
    up(word, network, ExposedPorts={"80/tcp": {}}, HostConfig={"PortBindings": bindings})
    ports = lab.get(f"/containers/{lab.name(word)}/json").json()["NetworkSettings"]["Ports"]
    return {port: len(where or []) for port, where in ports.items()}


published("shop", front), published("spare", back)

# %% [markdown] id="internal-read"
# Both were created and started without a complaint, and the second one publishes nothing: there is no way in, so
# `PortBindings` is ignored. On `Internal`, a database can't be opened to the world by mistake. It can't fetch updates
# either; that is the price.
#
# **Now you, with a gap.** `web` is to reach `db` after all, for a minute. What has to be in the call?

# %% id="isolate-gap" tags=["learner", "task"]
r = lab.post(..., json={"Container": lab.name("web")})
r

# %% id="isolate-gap" tags=["solution"]
r = lab.post(f"/networks/{back}/connect", json={"Container": lab.name("web")})
r.status, reaches("web", "db")

# %% [markdown] id="task-5"
# ### Exercise 5.5 (explain by evidence)
#
# Somebody claims that the container `lab.name("gate")` is on one network only. Produce **one** response that shows both
# of its networks, and give it to the check: `lab.check("5.5", r)`.

# %% id="setup-5"
lab.setup("5.5")

# %% id="try-5" tags=["learner", "task"]
r = ...

# %% id="try-5" tags=["solution"]
r = lab.get(f"/containers/{lab.name('gate')}/json")
len(r.json()["NetworkSettings"]["Networks"])

# %% id="check-5"
lab.check("5.5", r)

# %% [markdown] id="task-6"
# ### Exercise 5.6 (make)
#
# Build this, with containers in any state: `lab.name("clerk")` on a network `lab.name("office")`, `lab.name("safe")`
# on an `Internal` network `lab.name("vault")`, and `lab.name("teller")` on both. Neither of the first two is on the
# other's network, nor on the default bridge.

# %% id="setup-6"
lab.setup("5.6")

# %% id="try-6" tags=["learner", "task"]
# Your calls.

# %% id="try-6" tags=["solution"]
inner = lab.subnet("inner")
for word, number, internal in (("office", 64, False), ("vault", 80, True)):
    ipam = {"Config": [{"Subnet": f"{lab.address(inner, number)}/28"}]}
    body = {"Name": lab.name(word), "Internal": internal, "IPAM": ipam, "Labels": lab.labels, "CheckDuplicate": True}
    lab.post("/networks/create", json=body).raise_for_status()
up("clerk", lab.name("office"))
up("safe", lab.name("vault"))
up("teller", lab.name("office"))
lab.post(f"/networks/{lab.name('vault')}/connect", json={"Container": lab.name("teller")}).status

# %% id="check-6"
lab.check("5.6")

# %% [markdown] id="task-7"
# ### Exercise 5.7 (repair)
#
# The container `lab.name("waiter")` should reach the container `lab.name("kitchen")` by the name `kitchen`, and it does
# not. Both run. Find out why, and mend it, without deleting either of them.

# %% id="setup-7"
lab.setup("5.7")

# %% id="try-7" tags=["learner", "task"]
# Your calls.

# %% id="try-7" tags=["solution"]
for word in ("waiter", "kitchen"):
    networks = lab.get(f"/containers/{lab.name(word)}/json").json()["NetworkSettings"]["Networks"]
    print(word, list(networks))
body = {"Container": lab.name("kitchen"), "EndpointConfig": {"Aliases": ["kitchen"]}}
print(lab.post(f"/networks/{lab.name('hall')}/connect", json=body).status)
reaches("waiter", "kitchen")

# %% id="check-7"
lab.check("5.7")

# %% [markdown] id="part-5"
# ## Part 5. Disconnect, delete, prune (15 minutes)
#
# **Goal.** Take networks down in the right order, and know what the wrong order does.
#
# A network with a container that runs, and one that was created and never started:

# %% id="doomed"
doomed = lab.name("doomed")
for name in map(lab.name, ("runs", "sleeps")):
    lab.delete(f"/containers/{name}", force=True)
lab.delete(f"/networks/{doomed}")
lab.post("/networks/create", json={"Name": doomed, "Labels": lab.labels}).raise_for_status()
up("runs", doomed)
body = {"Image": "busybox", "Labels": lab.labels, "HostConfig": {"NetworkMode": doomed}}
lab.post("/containers/create", name=lab.name("sleeps"), json=body).raise_for_status()
[c["Name"] for c in lab.get(f"/networks/{doomed}").json()["Containers"].values()]

# %% [markdown] id="delete-text"
# The second one is not listed: it has no card until it starts.
#
# > **Predict.** `DELETE` of this network: 204, 403 or 409?

# %% id="delete-active"
r = lab.delete(f"/networks/{doomed}")
r

# %% [markdown] id="delete-read"
# 403 *Forbidden*, where a volume in use gives 409: statuses are each endpoint's own habit, so look them up. (Podman says
# 500.) There is no `force`. First pull the plug, then delete:

# %% id="disconnect"
r = lab.post(f"/networks/{doomed}/disconnect", json={"Container": lab.name("runs")})
print(sh("runs", "ip -o -4 addr | awk '{print $2}'"))
r

# %% [markdown] id="disconnect-text"
# The container runs on, with nothing but loopback. (`"Force": true` in the body is for an endpoint that was left
# over, as after a crash.)
#
# > **Predict.** Delete the network, and delete it again. Which two statuses?

# %% id="delete"
r = lab.delete(f"/networks/{doomed}")
print(lab.delete(f"/networks/{doomed}").status)
r

# %% [markdown] id="stale-text"
# ### The trap: a container that was asleep
#
# 204, although the container `sleeps` was made for that network.
#
# > **Predict.** What happens when it starts?

# %% id="stale"
r = lab.post(f"/containers/{lab.name('sleeps')}/start")
r

# %% [markdown] id="stale-read"
# 404: the *network* is not found, not the container. The delete call did not count containers that don't run. So before
# you delete a network, look for containers that were made for it: `GET /containers/json` has a filter `network`, and with
# `all=1` it brings those that don't run.
#
# **Change one thing.** The built-in networks can't be deleted, containers or not:

# %% id="delete-builtin"
[lab.delete(f"/networks/{name}").status for name in ("bridge", "host", "none")]

# %% [markdown] id="prune-text"
# ### Prune
#
# `POST /networks/prune` deletes every created network that no running container is on. Again: never without a filter on
# an Engine that you share, and list with the same filter first. Here are two networks with a label of their own; one
# has a container.

# %% id="prune-prepare"
batch = f"batch={lab.name('old')}"
labels = {**lab.labels, "batch": lab.name("old")}
lab.delete(f"/containers/{lab.name('stays')}", force=True)
for word in ("old-a", "old-b"):
    lab.delete(f"/networks/{lab.name(word)}")
    lab.post("/networks/create", json={"Name": lab.name(word), "Labels": labels}).raise_for_status()
up("stays", lab.name("old-b"))
sorted(n["Name"] for n in lab.get("/networks", filters={"label": [batch]}).json())

# %% [markdown] id="prune-predict"
# > **Predict.** Which of the two is in the answer?

# %% id="prune"
r = lab.post("/networks/prune", filters={"label": [batch]})
r

# %% [markdown] id="prune-read"
# Only the one that nobody is on. There is no `SpaceReclaimed`, for a network takes no room. What it takes is a range of
# addresses, and those in the Engine's pools come to an end: then the next `create` without a subnet fails.
#
# **Now you, with a gap.** Set the other one free, and prune again.

# %% id="prune-gap" tags=["learner", "task"]
print(lab.post(f"/networks/{lab.name('old-b')}/disconnect", json={"Container": ...}))
r = lab.post("/networks/prune", filters={"label": [batch]})
r

# %% id="prune-gap" tags=["solution"]
r = lab.post(f"/networks/{lab.name('old-b')}/disconnect", json={"Container": lab.name("stays")})
r = lab.post("/networks/prune", filters={"label": [batch]})
r.json()["NetworksDeleted"]

# %% [markdown] id="task-8"
# ### Exercise 5.8 (make)
#
# The network `lab.name("ward")` is closed. Delete it. The containers on it, `lab.name("nurse")` and
# `lab.name("doctor")`, go on running.

# %% id="setup-8"
lab.setup("5.8")

# %% id="try-8" tags=["learner", "task"]
# Your calls.

# %% id="try-8" tags=["solution"]
ward = f"/networks/{lab.name('ward')}"
for container in lab.get(ward).json()["Containers"]:
    lab.post(f"{ward}/disconnect", json={"Container": container}).raise_for_status()
lab.delete(ward).status

# %% id="check-8"
lab.check("5.8")

# %% [markdown] id="task-9"
# ### Exercise 5.9 (make)
#
# Networks of a project that has ended have the label `project` with the value `apollo`. Prune those that no container
# is on. Networks of another project stay.

# %% id="setup-9"
lab.setup("5.9")

# %% id="try-9" tags=["learner", "task"]
# Your calls.

# %% id="try-9" tags=["solution"]
r = lab.post("/networks/prune", filters={"label": ["project=apollo", label]})
r.status, len(r.json()["NetworksDeleted"])

# %% id="check-9"
lab.check("5.9")

# %% [markdown] id="learned"
# ## What you learned
#
# - Three networks are built in: `bridge` (a switch), `host` (the machine's own), `none`.
# - The list names no containers, inspect does: those that run.
# - A subnet of your own is private (172.16.0.0/12, 10.0.0.0/8 or 192.168.0.0/16) and overlaps with no other: else 403.
# - Connect takes `Aliases` and a fixed address. Names are answered by the Engine at 127.0.0.11, on created networks; the
#   default bridge has none.
# - Bridges don't see each other; a container on both is the way between them. `Internal` has no way out and publishes
#   nothing.
# - 403 is *has active endpoints*: disconnect, then delete. Containers that don't run are not counted, and fail at their
#   next start.
#
# ## Where to read on
#
# The reference has a page for each request of this lab (API 1.51; change the version in the address for yours):
# [list](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Network/operation/NetworkList),
# [inspect](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Network/operation/NetworkInspect),
# [create](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Network/operation/NetworkCreate),
# [connect](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Network/operation/NetworkConnect),
# [disconnect](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Network/operation/NetworkDisconnect),
# [delete](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Network/operation/NetworkDelete),
# [prune](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Network/operation/NetworkPrune),
# [create a container](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerCreate)
# (`NetworkingConfig`), and [RFC 1918](https://www.rfc-editor.org/rfc/rfc1918) on private addresses.
#
# The last cell removes what this lab made. Next: lab 6, where all of it becomes one application.

# %% id="clean-end"
lab.clean()
