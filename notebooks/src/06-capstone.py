# %% [markdown] id="title"
# # Capstone. An application, by API calls alone
#
# **What you will be able to do**
#
# - bring up an application of three containers, two networks and a volume, in an order that works;
# - prove from outside and from inside that each piece reaches what it should, and nothing else;
# - find out from a status code and a log which piece is broken, and mend that one;
# - replace a container without losing its data, and tear everything down without touching anything else.
#
# **How long** 75 to 90 minutes, in five parts of 10 to 20. A part can be left at its end. To take it up again later,
# run the code cells from `import labkit` to `DOOR` below, and go on with your part; what you brought up is still there,
# as long as you leave out the cell with `lab.clean()`.
#
# **What it needs** Labs 2, 4 and 5; lab 3 for the pull.
#
# **Why anyone should care** Compose, CI runners and every other tool that "just starts the stack" make the calls of
# this notebook, in this order. When the stack doesn't come up, or comes up with its database open to the world, the
# tool shows a red line, and the reason is in one of these calls.
#
# New words are explained where they first occur. They are gathered in the glossary, `docs/glossary.md`.

# %% id="start" tags=["quiet"]
import labkit

lab = labkit.start("06")

# %% [markdown] id="clean-first-text"
# The next cell removes what an earlier run of this notebook may have left behind. The last cell does the same.

# %% id="clean-first"
lab.clean()

# %% [markdown] id="tools-text"
# Three tools made of calls that you know: `fetch` gets a page from a port of this machine, `command` runs a command in
# a container (exec, start) and returns what it wrote, and `pack` makes a tar of one text file (for `archive`).

# %% id="tools" tags=["quiet"]
import io
import tarfile
import time


def fetch(port, status=None):
    """Return what a web server on this port answers; it has 5 seconds to get ready, and to answer with this status."""
    server, end = lab.at(f"http://127.0.0.1:{port}", version=""), time.monotonic() + 5
    while True:
        try:
            r = server.get("/")
            if status in (None, r.status) or time.monotonic() > end:
                return r
        except labkit.ConnectionFailed:
            if time.monotonic() > end:
                raise
        time.sleep(0.1)


def command(container, *words):
    """Run a command in a container and return what it wrote."""
    body = {"Cmd": list(words), "AttachStdout": True, "AttachStderr": True}
    made = lab.post(f"/containers/{container}/exec", json=body).raise_for_status()
    return lab.post(f"/exec/{made.json()['Id']}/start", json={"Detach": False}).text.strip()


def pack(name, text):
    """Return a tar that holds one text file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(text.encode()), 0o644
        tar.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


# %% [markdown] id="recall"
# ## Recall: three questions on lab 5
#
# Answer each in your head first, then fill the gap (`...`) and let the engine answer.
#
# **1.** Which filter leaves out the networks that the Engine made by itself?

# %% id="recall-custom" tags=["learner", "task"]
r = lab.get("/networks", filters=...)
r

# %% id="recall-custom" tags=["solution"]
r = lab.get("/networks", filters={"type": ["custom"]})
r.status, "bridge" in [network["Name"] for network in r.json()]

# %% [markdown] id="recall-2"
# **2.** What does a network get whose subnet another one has already? Try it with that of the network `bridge`.

# %% id="recall-overlap" tags=["learner", "task"]
twice = {"Name": lab.name("twice"), "Labels": lab.labels, "IPAM": {"Config": [{"Subnet": ...}]}}
r = lab.post("/networks/create", json=twice)
r

# %% id="recall-overlap" tags=["solution"]
taken = lab.get("/networks/bridge").json()["IPAM"]["Config"][0]["Subnet"]
twice = {"Name": lab.name("twice"), "Labels": lab.labels, "IPAM": {"Config": [{"Subnet": taken}]}}
lab.post("/networks/create", json=twice).status

# %% [markdown] id="recall-3"
# **3.** The network `bridge` itself: may it be deleted?

# %% id="recall-bridge" tags=["learner", "task"]
r = lab.delete(...)
r

# %% id="recall-bridge" tags=["solution"]
lab.delete("/networks/bridge").status

# %% [markdown] id="part-1"
# ## Part 1. The plan (10 minutes)
#
# **Goal.** Know every piece and every way before the first call.
#
# ```mermaid
# flowchart LR
#     you(["you"]) -- "127.0.0.1, a port" --> web
#     subgraph front ["network front"]
#         web["web: nginx"]
#     end
#     subgraph back ["network back, internal"]
#         web -- "app:8080" --> app["app: busybox"]
#         app -- "store:6379" --> store["store: redis"]
#     end
#     store --- data[("volume data")]
# ```
#
# | piece | what it does | reached by | reaches |
# |---|---|---|---|
# | `web` | takes requests and passes them on (a *reverse proxy*) | you, through a published port | `app` |
# | `app` | makes the page: it asks the store for a word | `web`, as `app` | `store` |
# | `store` | keeps the word, and writes it to the volume | `app`, as `store` | nobody |
#
# `web` stands on both networks, the other two behind alone. The network behind is *internal*: it has no way out, and
# nothing comes in but through `web`.
#
# > **Predict.** In which order would you create these things: containers, networks, volume? And in which order remove
# > them?
#
# <details><summary>Answer</summary>
#
# Networks and volume first, for the containers name them; then the containers, from the inside out, so that each finds
# what it needs. Removing goes the other way round: what is in use cannot be deleted.
#
# </details>

# %% [markdown] id="pull-text"
# ### The images
#
# **Goal.** All three images are there, and they came through the mirror.
#
# The Engine asks a *mirror* first, when it has one. Which one, it says in `GET /info`:

# %% id="mirror"
mirrors = lab.get("/info").json()["RegistryConfig"]["Mirrors"]
[mirror.strip("/") == f"http://{lab.registry.mirror}" for mirror in mirrors or []]

# %% id="pull"
for image in ("busybox", "nginx", "redis"):
    r = lab.post("/images/create", fromImage=image, tag="latest")
    print(image, r.status, r.error or "no error in the stream", "-", r.lines[0]["status"])

# %% [markdown] id="pull-read"
# The tag is not decoration: without it, the Engine pulls *every* tag of the repository. And the status alone proves
# nothing: an error of a pull comes inside a 200.

# %% [markdown] id="part-2"
# ## Part 2. From the inside out (20 minutes)
#
# ### Exercise 6.1 (make)
#
# Create the two networks: `lab.name("front")` with the subnet `lab.subnet("front")`, and `lab.name("back")` with the
# subnet `lab.subnet("back")`. What is on `back` alone must reach nothing outside; what is on `front` may. Give both
# the label of this lab.

# %% id="do-6-1" tags=["learner", "task"]
# Two calls.

# %% id="do-6-1" tags=["solution"]
front, back = lab.name("front"), lab.name("back")
for name, word, internal in ((front, "front", False), (back, "back", True)):
    network = {"Name": name, "Labels": lab.labels, "Internal": internal, "CheckDuplicate": True}
    network["IPAM"] = {"Config": [{"Subnet": lab.subnet(word)}]}
    print(lab.post("/networks/create", json=network).status)

# %% id="check-6-1"
lab.check("6.1")

# %% [markdown] id="task-6-2"
# `CheckDuplicate` is an old field: without it, an Engine before 25 makes a second network of the same name, and from
# then on the name is good for nothing.
#
# ### Exercise 6.2 (make)
#
# The store: a container `lab.name("store")` with redis in it. It is on the network `back` and on no other, the others
# find it there as `store`, and it keeps its files, which are at `/data`, in the volume `lab.name("data")`. (With the
# command `redis-server --appendonly yes` redis writes down at once what it is told.)

# %% id="do-6-2" tags=["learner", "task"]
# A volume, a container, a start.

# %% id="do-6-2" tags=["solution"]
print(lab.post("/volumes/create", json={"Name": lab.name("data"), "Labels": lab.labels}).status)
store = {
    "Image": "redis",
    "Cmd": ["redis-server", "--appendonly", "yes"],
    "Labels": lab.labels,
    "HostConfig": {
        "NetworkMode": back,
        "Mounts": [{"Type": "volume", "Source": lab.name("data"), "Target": "/data"}],
    },
    "NetworkingConfig": {"EndpointsConfig": {back: {"Aliases": ["store"]}}},
}
print(lab.post("/containers/create", name=lab.name("store"), json=store).status)
print(lab.post(f"/containers/{lab.name('store')}/start").status)

# %% id="check-6-2"
lab.check("6.2")

# %% [markdown] id="tell-text"
# ### The word
#
# The application shows one word, which is yours: `lab.secret("word")`. Redis is told it by `redis-cli set word …`, run
# in the container of the store. Do it now, with `command`, and ask for it with `redis-cli get word`. Right after its
# start redis may still say `LOADING` or refuse the connection: then say it again.

# %% id="tell" tags=["learner", "task"]
# command(lab.name("store"), ...)

# %% id="tell" tags=["solution"]
script = f"until redis-cli set word {lab.secret('word')}; do sleep 0.1; done >/dev/null"
command(lab.name("store"), "sh", "-c", script)
print("it knows the word:", command(lab.name("store"), "redis-cli", "get", "word") == lab.secret("word"))

# %% [markdown] id="part-3"
# ## Part 3. The application (20 minutes)
#
# ### What is given: the app, and the configuration of the door
#
# `app` is a busybox whose web server runs a script for each request. The script asks the store for the word and prints
# the page: status 200 with the word, or **503** *Service Unavailable* when it gets none.

# %% id="app-script"
APP = r"""mkdir -p /www/cgi-bin
cat > /www/cgi-bin/page <<'END'
#!/bin/sh
word=$(printf 'GET word\r\nQUIT\r\n' | timeout 1 nc store 6379 | sed -n '/^\$[0-9]/{n;p}' | tr -d '\r')
test -n "$word" && printf 'Status: 200 OK\r\n' || printf 'Status: 503 Service Unavailable\r\n'
printf 'Content-Type: text/plain\r\n\r\n%s\n' "$word"
END
chmod +x /www/cgi-bin/page
exec httpd -f -p 8080 -h /www"""
app = {"Image": "busybox", "Cmd": ["sh", "-c", APP], "Labels": lab.labels}
print(APP)

# %% [markdown] id="door-text"
# `web` passes every request on to a host that is called `app`. `127.0.0.11` is the name server that the Engine runs for
# every network that people made. nginx asks it anew each second, so `app` may be replaced while `web` runs. When nobody
# has the name, nginx says **502** *Bad Gateway*; for the second in which it still knows the address of somebody who has
# just gone, **504** *Gateway Timeout*.

# %% id="door-configuration"
DOOR = """server {
    listen 80;
    resolver 127.0.0.11 valid=1s ipv6=off;
    resolver_timeout 300ms;
    location / {
        set $app app;
        proxy_pass http://$app:8080/cgi-bin/page;
        proxy_connect_timeout 1s;
    }
}
"""
print(DOOR)

# %% [markdown] id="task-6-3"
# ### Exercise 6.3 (make)
#
# The door: a container `lab.name("web")` with nginx in it, on both networks, `front` and `back`. Its port 80/tcp is
# published on the port `lab.port("web")` of `127.0.0.1` alone. Before you start it, put `DOOR` into it: as the file
# `default.conf` in the folder `/etc/nginx/conf.d` (`PUT …/archive`, with `pack`).

# %% id="do-6-3" tags=["learner", "task"]
# Create, archive, connect, start.

# %% id="do-6-3" tags=["solution"]
web = {
    "Image": "nginx",
    "Labels": lab.labels,
    "ExposedPorts": {"80/tcp": {}},
    "HostConfig": {
        "NetworkMode": front,
        "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(lab.port("web"))}]},
    },
}
headers = {"Content-Type": "application/x-tar"}
print(lab.post("/containers/create", name=lab.name("web"), json=web).status)
where = f"/containers/{lab.name('web')}/archive"
print(lab.put(where, path="/etc/nginx/conf.d", data=pack("default.conf", DOOR), headers=headers).status)
print(lab.post(f"/networks/{back}/connect", json={"Container": lab.name("web")}).status)
print(lab.post(f"/containers/{lab.name('web')}/start").status)
fetch(lab.port("web")).status

# %% id="check-6-3"
lab.check("6.3")

# %% [markdown] id="task-6-4"
# There is a door, and nobody behind it: 502.
#
# ### Exercise 6.4 (make)
#
# The whole. Run `app` in a container `lab.name("app")`, where `web` finds it, and see that a page from the port
# `lab.port("web")` shows your word. If it does not, go along the way of a request, piece by piece.

# %% id="do-6-4" tags=["learner", "task"]
# On which network, and under which name?

# %% id="do-6-4" tags=["solution"]
app["HostConfig"] = {"NetworkMode": back}
app["NetworkingConfig"] = {"EndpointsConfig": {back: {"Aliases": ["app"]}}}
print(lab.post("/containers/create", name=lab.name("app"), json=app).status)
print(lab.post(f"/containers/{lab.name('app')}/start").status)
r = fetch(lab.port("web"), 200)
r.status, r.text.strip() == lab.secret("word")

# %% id="check-6-4"
lab.check("6.4")

# %% [markdown] id="whole-picture-text"
# What runs on your Engine now, as one picture: the networks, who is on them, what is published, what is mounted. Dashed
# is what no container uses.

# %% id="whole-picture" tags=["nbval-ignore-output"] reason="everything that is on the engine is in the picture"
lab.map()

# %% [markdown] id="part-4"
# ## Part 4. Inspect, break, repair (20 minutes)
#
# **Goal.** Read off the Engine what is connected to what, and off a status code what is broken.
#
# ### Break your own
#
# Stop one piece, fetch the page, start it again. Two pieces, two different answers.
#
# > **Predict.** Which status has the page when `store` is stopped, and which when `app` is?
#
# <details><summary>Answer</summary>
#
# `store`: 503, from the app, which runs and gets no word. `app`: 502, from nginx, which finds nobody of that name. The
# status names the piece *before* the broken one.
#
# </details>

# %% id="break" tags=["learner", "task"]
# Stop one, fetch(lab.port("web")), start it again; then the other.

# %% id="break" tags=["solution"]
for word, expected in (("store", 503), ("app", 502)):
    lab.post(f"/containers/{lab.name(word)}/stop", t=1)
    broken = fetch(lab.port("web"), expected).status
    lab.post(f"/containers/{lab.name(word)}/start")
    print(word, broken, "and again", fetch(lab.port("web"), 200).status)

# %% [markdown] id="task-6-5"
# ### Exercise 6.5 (find out)
#
# Another machine, which you don't know: the next cell makes two networks, `lab.name("hill")` and `lab.name("shore")`,
# and three containers. One of these is on both networks, as your `web` is. Which?

# %% id="setup-6-5"
lab.setup("6.5")

# %% id="do-6-5" tags=["learner", "task"]
answer = ...

# %% id="do-6-5" tags=["solution", "quiet"]
on = [
    {container["Name"] for container in lab.get(f"/networks/{lab.name(word)}").json()["Containers"].values()}
    for word in ("hill", "shore")
]
answer = (on[0] & on[1]).pop()

# %% id="check-6-5"
lab.check("6.5", answer)

# %% [markdown] id="task-6-6"
# ### Exercise 6.6 (explain by evidence)
#
# Somebody wants to delete the volume `lab.name("vault")`. Produce the response that lists every container that uses it,
# running or not, and no other container, and hand in the response itself.

# %% id="setup-6-6"
lab.setup("6.6")

# %% id="do-6-6" tags=["learner", "task"]
r = ...

# %% id="do-6-6" tags=["solution", "quiet"]
r = lab.get("/containers/json", all=True, filters={"volume": [lab.name("vault")]})

# %% id="check-6-6"
lab.check("6.6", r)

# %% [markdown] id="task-6-7"
# ### Exercise 6.7 (repair)
#
# Somebody else's shop is built like your application, and its page does not come. The next cell builds it, and says how
# it should be. Two things are wrong.

# %% id="setup-6-7"
lab.setup("6.7")

# %% [markdown] id="shop-look-text"
# The first look is at the status, the second at the log of the piece that answered with it:

# %% id="shop-look"
print(fetch(lab.port("shop"), 502).status)
log = lab.get(f"/containers/{lab.name('shop')}/logs", stderr=True, tail=20).text
print("app could not be resolved" in log)

# %% id="do-6-7" tags=["learner", "task"]
# Who can't find whom, and why? Mend it, and fetch the page again.

# %% id="do-6-7" tags=["solution"]
print(sorted(lab.get(f"/containers/{lab.name('shop')}/json").json()["NetworkSettings"]["Networks"]))
print(lab.post(f"/networks/{lab.name('mall')}/connect", json={"Container": lab.name("shop")}).status)
print(fetch(lab.port("shop"), 503).status, lab.get(f"/containers/{lab.name('safe')}/json").json()["State"]["Status"])
print(lab.post(f"/containers/{lab.name('safe')}/start").status)
fetch(lab.port("shop"), 200).status

# %% id="check-6-7"
lab.check("6.7")

# %% [markdown] id="task-6-8"
# ### Exercise 6.8 (make)
#
# An update. The redis in `lab.name("bank")`, on the network `lab.name("ring")`, keeps a word in the volume
# `lab.name("money")`. Replace the container by a new one of the same name: again a redis, on the same network, with the
# same volume. What was kept is still there, and the old container is gone.

# %% id="setup-6-8"
lab.setup("6.8")

# %% id="do-6-8" tags=["learner", "task"]
# Look how it was made, delete it, make it again.

# %% id="do-6-8" tags=["solution"]
old = lab.get(f"/containers/{lab.name('bank')}/json").json()
new = {
    "Image": old["Config"]["Image"],
    "Cmd": old["Config"]["Cmd"],
    "Labels": lab.labels,
    "HostConfig": {key: old["HostConfig"][key] for key in ("NetworkMode", "Mounts")},
}
print(lab.delete(f"/containers/{lab.name('bank')}", force=True).status)
print(lab.post("/containers/create", name=lab.name("bank"), json=new).status)
lab.post(f"/containers/{lab.name('bank')}/start").status

# %% id="check-6-8"
lab.check("6.8")

# %% [markdown] id="part-5"
# ## Part 5. Tear down (15 minutes)
#
# **Goal.** Remove everything that is yours, in an order that works, and nothing else.
#
# ### Exercise 6.9 (predict)
#
# What if the order is wrong? The next cell makes a container on a network, with a volume, and shows four calls. Say
# their status codes *before* you send anything, as a list.

# %% id="setup-6-9"
lab.setup("6.9")

# %% id="do-6-9" tags=["learner", "task"]
answer = ...

# %% id="do-6-9" tags=["solution", "quiet"]
answer = [403, 409, 404, 204]

# %% id="check-6-9"
lab.check("6.9", answer)

# %% [markdown] id="task-6-10"
# ### Exercise 6.10 (make)
#
# The next cell makes a small application and, beside it, a container that belongs to somebody else. Tear the
# application down, all of it, and leave the other one running. A `prune` would be quicker, and wrong.

# %% id="setup-6-10"
lab.setup("6.10")

# %% id="do-6-10" tags=["learner", "task"]
# Containers, network, volume.

# %% id="do-6-10" tags=["solution"]
for word in ("tug", "barge"):
    print(lab.delete(f"/containers/{lab.name(word)}", force=True).status)
print(lab.delete(f"/networks/{lab.name('wharf')}").status)
lab.delete(f"/volumes/{lab.name('cargo')}").status

# %% id="check-6-10"
lab.check("6.10")

# %% [markdown] id="own-text"
# ### Your own application
#
# Now tear down what you brought up in parts 2 and 3: three containers, two networks, a volume. The diary keeps the
# record: `GET /events` with `since=0`, `until=int(time.time()) + 1`, and a filter on the label of this lab and on the
# event `destroy`. (Containers and volumes alone tell of their labels; those of the exercises are among them.)

# %% id="own" tags=["learner", "task"]
# Yours to write.

# %% id="own" tags=["solution"]
for word in ("web", "app", "store"):
    print(word, lab.delete(f"/containers/{lab.name(word)}", force=True).status)
for word in ("front", "back"):
    print(word, lab.delete(f"/networks/{lab.name(word)}").status)
print("data", lab.delete(f"/volumes/{lab.name('data')}").status)

# %% [markdown] id="learned"
# ## What you learned
#
# - Networks and volumes first, containers from the inside out; removing goes the other way round.
# - A container that faces the world stands on two networks, and what it protects on an internal one.
# - A status code comes from one piece and speaks about the next: 502 from the proxy, 503 from the app.
# - Containers are replaced, not mended. What must last lies in a volume with a name.
# - 403 for a network in use, 409 for a volume or a container in use, 404 for what is gone already.
#
# ## Where to read on
#
# [networks: create](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Network/operation/NetworkCreate),
# [connect](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Network/operation/NetworkConnect),
# [delete](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Network/operation/NetworkDelete), [volumes:
# create](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Volume/operation/VolumeCreate),
# [delete](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Volume/operation/VolumeDelete), [containers:
# create](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerCreate),
# [archive](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/PutContainerArchive),
# [exec](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Exec), [images:
# create](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Image/operation/ImageCreate).
#
# What you did here by hand, a Compose file says in forty lines. You now know which calls it becomes.
#
# Where you stand is `lab.progress`. The last cell removes what this notebook made.

# %% id="clean-last"
lab.clean()
