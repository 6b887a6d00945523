# %% [markdown] id="title"
# # Lab 1. Connection and TLS
#
# **What you will be able to do**
#
# - say which of Docker's APIs serves what, and call two of them;
# - reach one Engine over a unix socket, over TCP and over TLS, and point any client at it;
# - make an authority, a server certificate and a client certificate, and run the daemon so that it lets nobody else in;
# - read the message of each failure and know which end to mend;
# - negotiate the API version, and give the daemon a registry mirror.
#
# **How long** 75 to 90 minutes, in six parts of 10 to 20. A part can be left at its end. To take it up again later, put
# the cursor into the first cell of your part and choose *Run → Run All Above Selected Cell*: what the part needs is then
# there again. What you have passed stays passed.
#
# **What it needs** The course's own Engine, because this lab restarts the daemon and changes where it listens. With
# `./lab --engine host` or Podman, parts 3, 4 and 6 say that they can't be done there.
#
# **Why anyone should care** A daemon whose port 2375 is open to a network gives everybody on it a root shell on the
# machine; such daemons are found by scanners and used. And a client that breaks after an upgrade of the Engine has
# nearly always fixed an API version or a certificate's name by hand.
#
# New words are explained where they first occur. They are gathered in the glossary, `docs/glossary.md`.

# %% [markdown] id="how-to-read"
# ## How to read these notebooks
#
# Each step keeps the same beat: a **goal**, a question to **predict** the answer to, a call to **run**, some words on
# how to **read** the response, **one thing to change**, and then an **exercise**.
#
# > **Predict.** A question in a box with this word is meant to be answered, with a guess, before you run the next cell.
#
# <details><summary>The answer is folded, like this.</summary>
#
# It is worth a guess even when you are not sure: what you guessed wrong you will remember.
#
# </details>
#
# > **Then / now.** A box with these words shows a habit from 2016, when this course was a sheet of curl commands for
# > Docker 1.10. Many of them still live in blog posts.
#
# An exercise has a number, such as **1.2**. `lab.check("1.2")` says whether it is done, `lab.hint("1.2")` gives a
# hint, and a better one each time, and `lab.solution("1.2")` shows a way after you have tried.
# `labkit.start()` without a number is the map of the course: what is done, and where to go on.

# %% id="start"
import labkit

lab = labkit.start("01")
lab

# %% [markdown] id="clean-first-text"
# The next cell removes what an earlier run of this lab may have left behind, and puts the daemon's configuration back
# to the course's own. That may restart the daemon, which stops the containers of your other labs. The last cell of the
# notebook does the same.

# %% id="clean-first"
lab.clean()

# %% [markdown] id="part-1"
# ## Part 1. Who answers what (10 minutes)
#
# When you type `docker pull nginx`, the `docker` command speaks to one API only: that of the **Engine**, the daemon on
# your machine. The Engine then speaks to others on your behalf.
#
# | API | served by | what for | who calls it |
# |---|---|---|---|
# | Engine API (in 2016: *Remote API*) | `dockerd`, the daemon | containers, images, volumes, networks | the `docker` command, this notebook |
# | Registry API (*distribution*) | any registry | the layers and manifests of images | the Engine, when it pulls or pushes |
# | token API (OAuth 2) | an authorization server beside a registry | short-lived tokens that a registry asks for | the Engine, before it pulls or pushes |
# | Docker Hub API | Docker Hub alone | accounts, repositories, descriptions | the Hub's web pages, scripts |
#
# A **daemon** is a program that runs in the background and waits for calls. A **registry** is a server that stores
# images. Everything that the `docker` command does is a call to the Engine API, so everything can be done without it.
#
# `lab.map` draws such things from what the Engine answers now. Its text form is folded beneath each picture.

# %% id="family-picture" tags=["nbval-ignore-output"] reason="the picture names the versions and addresses of this machine"
lab.map("api")

# %% [markdown] id="ping-goal"
# ### A first call to the Engine
#
# **Goal.** Ask the Engine whether it is there.
#
# > **Predict.** `GET /_ping` is the smallest call of the API. What do you expect: an empty answer, a word, or JSON?

# %% id="ping"
lab.get("/_ping")

# %% [markdown] id="ping-read"
# **Read it from the top.** First the request as it went over the wire, then the same request as a `curl` command that
# you can paste into a terminal, then the **status code**: 200 means that all is well. The body is the word `OK`.
#
# `GET` is the **method** (read something), `/_ping` is the **path** (what to read). The headers of the response hold
# more than the body does:

# %% id="ping-headers"
ping = lab.get("/_ping")
for name in ("api-version", "ostype", "content-type"):
    print(f"{name}: {ping.headers[name]}")

# %% [markdown] id="ping-change"
# `Api-Version` is the newest version of the API that this Engine speaks. Part 5 comes back to it.
#
# **Change one thing.** Change `get` to `head` in the cell before the last. `HEAD` asks for the headers without the
# body: which is what a watchdog that only wants to know *are you there* would send.

# %% [markdown] id="registry-goal"
# ### A call to a registry
#
# **Goal.** Call another API of the family. The course runs a small registry of its own on this machine; its address is
# `lab.registry.mirror`. `lab.at(address)` gives the same `get`, `post`, ... for another server. A registry's paths
# carry no Engine version, hence `version=""`.
#
# > **Predict.** `GET /v2/` is to a registry what `/_ping` is to the Engine. The `v2` is the version of the *registry*
# > API. Will the answer be the word `OK` again?

# %% id="registry-ping"
registry = lab.at(f"http://{lab.registry.mirror}", version="")
registry.get("/v2/")

# %% [markdown] id="registry-read"
# An empty JSON object, and status 200: *I speak version 2, and you may come in*. A registry with a password answers 401
# here, and says in a header `Www-Authenticate` where to get a token: that is where the token API comes in (lab 3).
#
# What does it store? Fill in the gap: the list of its **repositories**, each the versions of one image, is at
# `/v2/_catalog`.

# %% id="catalog" tags=["learner", "task"]
registry.get(...)

# %% id="catalog" tags=["solution"]
registry.get("/v2/_catalog").json()

# %% [markdown] id="tags-text"
# The names of the versions in a repository are its **tags**:

# %% id="tags"
sorted(registry.get("/v2/library/busybox/tags/list").json()["tags"])

# %% [markdown] id="task-1-1"
# ### Exercise 1.1 (find out)
#
# Both APIs answer errors in JSON, but not in the same form. `lab.setup` shows what is asked for, with the names that
# were drawn for you.

# %% id="setup-1-1"
lab.setup("1.1")

# %% id="do-1-1" tags=["learner", "task"]
answer = ...

# %% id="do-1-1" tags=["solution"]
r = registry.get(f"/v2/library/{lab.name('ghost')}/tags/list")
answer = r.json()["errors"][0]["code"]
print(r.status, answer)

# %% id="check-1-1"
lab.check("1.1", answer)

# %% [markdown] id="part-2"
# ## Part 2. First GET, first POST (15 minutes)
#
# ### What the Engine says about itself
#
# **Goal.** Read a larger answer, and pick from it what you need.
#
# > **Predict.** `GET /info` describes the whole Engine. How many fields will it have: 5, 20, or more than 50?

# %% id="info"
info = lab.get("/info")
print(len(info.json()) > 50)

# %% [markdown] id="info-read"
# `info.json()` is the body as Python reads it: a `dict`, whose fields are taken by name. Here are a few that you will meet
# again, *pretty-printed*, which means indented and with one field a line:

# %% id="info-fields"
import json

facts = {name: info.json()[name] for name in ("OSType", "CgroupDriver", "LoggingDriver", "DefaultRuntime")}
facts["Network"] = info.json()["Plugins"]["Network"]
print(json.dumps(facts, indent=2))

# %% [markdown] id="info-change"
# The last one, a list, stands one level deeper in the answer, in the object `Plugins`: the kinds of networks that this
# Engine can make (lab 5).
#
# **Change one thing.** Write `info` alone on the last line of that cell: you see all of it, as a table of what a person
# wants to know, and, folded, the whole JSON.
#
# In a terminal, the answer of `curl` is one long line. `curl … | python3 -m json.tool` pretty-prints it.

# %% [markdown] id="task-1-2"
# ### Exercise 1.2 (find out)
#
# One more field of `/info`. You find it by reading: the names say mostly what they are.

# %% id="setup-1-2"
lab.setup("1.2")

# %% id="do-1-2" tags=["learner", "task"]
answer = ...

# %% id="do-1-2" tags=["solution"]
answer = lab.get("/info").json()["DefaultRuntime"]
answer

# %% id="check-1-2"
lab.check("1.2", answer)

# %% [markdown] id="post-goal"
# ### The first POST
#
# **Goal.** Change something: create a container from the image `redis` (a small database, of which lab 5 makes use).
# `POST` is the method for calls that change something; what is to be made stands in the **body** of the request, as
# JSON. Creating doesn't start it yet.
#
# `json=` writes a Python `dict` as JSON, and adds the header that says so. The name goes into the query, after the `?`.
# The **label** is a note for the lab, by which it finds again what it made.
#
# > **Predict.** A successful GET is 200. Which status has a POST that *made* something?

# %% id="create"
made = lab.post("/containers/create", name=lab.name("web"), json={"Image": "redis", "Labels": lab.labels})
print(made.status)
print(made.curl)

# %% [markdown] id="create-read"
# 201, *Created*. Read the curl line: `-X POST` is the method, `-H` a header, `-d` the body. The quotes are for the
# shell: without them it would take the braces, spaces and the `&` of a query for itself.
#
# The response holds the identity of the new container, 64 hexadecimal digits of which people use the first 12:

# %% id="create-response"
print(len(made.json()["Id"]), made.json()["Warnings"])

# %% [markdown] id="content-type-goal"
# ### The header that must not be missing
#
# `data=` sends a body as it is, and adds no header. The body below is the same JSON as before; only
# `Content-Type: application/json` is missing.
#
# > **Predict.** Does the Engine look at the body and see that it is JSON, or does it refuse?

# %% id="no-content-type"
body = '{"Image": "redis", "Labels": {"docker-api-lab": "01"}}'
refused = lab.post("/containers/create", data=body)
print(refused.status)
print(refused.error)

# %% [markdown] id="content-type-read"
# 400, *Bad Request*: the request itself is at fault, and repeating it is of no use. The words differ between releases of
# the Engine, the status code doesn't: so programs look at the code, and people read the words.
#
# (Podman's compatible API is more lenient, and makes the container.)
#
# > **Then / now.** `curl -d '{"Image": "redis"}' …` alone is what many blog posts show. curl then sends
# > `Content-Type: application/x-www-form-urlencoded`, as if a web form were filled in, and is refused in the same way.
# > The header has to be written out: `-H 'Content-Type: application/json'`.
#
# Put the missing header into the gap, as `{"Content-Type": "…"}`:

# %% id="content-type" tags=["learner", "task"]
again = lab.post("/containers/create", name=lab.name("second"), data=body, headers=...)
again

# %% id="content-type" tags=["solution"]
again = lab.post("/containers/create", name=lab.name("second"), data=body, headers={"Content-Type": "application/json"})
again.status

# %% [markdown] id="task-1-3"
# ### Exercise 1.3 (predict)
#
# Write down your prediction before you send anything. Then send the requests, if you like: a name may be used once
# only, and `lab.reset("1.3")` removes what you made.

# %% id="setup-1-3"
lab.setup("1.3")

# %% id="do-1-3" tags=["learner", "task"]
answer = ...

# %% id="do-1-3" tags=["solution", "quiet"]
answer = [404, 400, 201]

# %% id="check-1-3"
lab.check("1.3", answer)

# %% [markdown] id="task-1-4"
# ### Exercise 1.4 (make)
#
# Create a container without starting it. What it will call itself, its **host name**, is the field `Hostname` of the
# body. Give it this lab's label too, as in the worked call.
#
# An Engine ignores fields that it doesn't know, and fields in the wrong place. So read back what you made, with
# `GET /containers/NAME/json`.

# %% id="setup-1-4"
lab.setup("1.4")

# %% id="do-1-4" tags=["learner", "task"]
r = ...

# %% id="do-1-4" tags=["solution"]
wanted = {"Image": "redis", "Hostname": "cache", "Labels": lab.labels}
r = lab.post("/containers/create", name=lab.name("api"), json=wanted)
lab.get(f"/containers/{lab.name('api')}/json").json()["Config"]["Hostname"]

# %% id="check-1-4"
lab.check("1.4")

# %% [markdown] id="part-3"
# ## Part 3. Where the daemon listens (15 minutes)
#
# A **unix socket** is a file that a program on the *same machine* can open like a connection. Who may open the file may
# use the API, and the file belongs to root and to the group `docker`. That is where a daemon listens by default, and a
# good default it is. **TCP** reaches further: it connects an address and a **port**, a number that tells the services of
# one machine apart.
#
# Your calls so far went here (an Engine that runs in a container may have to be reached by TCP from the beginning):

# %% id="endpoint"
print(str(lab.endpoint).partition(":")[0])

# %% [markdown] id="config-goal"
# ### The daemon's configuration
#
# What a daemon listens on is said by `hosts` in its configuration file, usually `/etc/docker/daemon.json`. The course's
# Engine has a file of its own. `lab.daemon` stands for the daemon behind the API: it can show the file, change it, and
# restart the daemon.

# %% id="config"
[host.partition(":")[0] for host in lab.daemon.config()["hosts"]]

# %% [markdown] id="hosts-then-now"
# One host: the socket.
#
# > **Then / now.** In 2016 one wrote `DOCKER_OPTS="-H=tcp://0.0.0.0:2375"` into `/etc/default/docker`. The
# > service of Docker's own packages doesn't read that file, so there the line does nothing; Debian's still does. Now it is
# > `hosts` in `daemon.json`, which every dockerd reads:
# >
# > ```json
# > {"hosts": ["unix:///var/run/docker.sock", "tcp://127.0.0.1:2375"]}
# > ```
# >
# > followed by `systemctl restart docker`. Where the service itself starts `dockerd -H fd://`, as packages do, the two
# > contradict each other and the daemon refuses to start: then the service's command line has to lose its `-H` first.
#
# ### A root shell for whoever finds it
#
# Why does the course insist on `127.0.0.1`, **loopback**, the address that only this machine itself can reach? Because a
# daemon does what it is told, as root. Whoever can create a container can bind-mount the whole disk of the machine into
# it. This harmless container reads five characters of a file that only root may read:

# %% id="root-shell"
body = {
    "Image": "busybox",
    "Cmd": ["head", "-c", "5", "/host/etc/shadow"],
    "HostConfig": {"Binds": ["/:/host:ro"]},
    "Labels": lab.labels,
}
lab.post("/containers/create", name=lab.name("reader"), json=body).raise_for_status()
lab.post(f"/containers/{lab.name('reader')}/start").raise_for_status()
lab.post(f"/containers/{lab.name('reader')}/wait")
print(lab.get(f"/containers/{lab.name('reader')}/logs", stdout=True).text)

# %% [markdown] id="root-shell-read"
# `root:` is the beginning of the list of passwords. (An Engine in a container may have no such file, and then nothing is
# printed: the disk that is mounted is the one that the daemon sees.) No password was asked for: the API over plain TCP has none. With
# `:ro` taken away, that container could have *written* the file. On `0.0.0.0`, *all addresses of this machine*, anybody
# in the network could have done the same. Port 2375 is the first thing that scanners look for.
#
# ### Restart, then test
#
# **Goal.** Let the daemon listen on TCP as well, on loopback and on a port that the course has set aside for it.
#
# > **Predict.** Nothing listens there yet. What does a client get: a status code, or something else?

# %% id="tcp-before"
tcp = f"tcp://127.0.0.1:{lab.record.tcp_port}"


def attempt(url, tls=None):
    """Ping a daemon, and print what comes of it."""
    try:
        r = lab.at(url, tls=tls).get("/_ping")
        print(f"{r.status} {r.text.strip()}")
    except labkit.ConnectionFailed as error:
        print(error.message)


attempt(tcp)

# %% [markdown] id="tcp-before-read"
# No status code: a status is something that a server says, and there is no server. In a terminal, `curl` says
# *Connection refused* here. (Before an Engine in a container stands a proxy, which takes the connection, finds nobody
# behind it, and closes it again.)
#
# `lab.daemon.restart({...})` changes keys in `daemon.json` and restarts the daemon. That takes a few seconds: a daemon
# that is to be reached without TLS hesitates before it starts, and says in its log that this is dangerous. The unix
# socket stays in the list by itself, as the course needs it.

# %% id="tcp-restart" tags=["quiet"]
lab.daemon.restart({"hosts": [tcp]})

# %% id="tcp-after"
attempt(tcp)

# %% [markdown] id="same-goal"
# ### The same call over both ways
#
# > **Predict.** Is it one Engine with two doors, or are there two Engines now?
#
# Fill in the gap: ask for the path that describes the Engine, over TCP. The field `ID` is an Engine's identity.

# %% id="same" tags=["learner", "task"]
over_tcp = lab.at(tcp).get(...)
over_tcp

# %% id="same" tags=["solution"]
over_tcp = lab.at(tcp).get("/info")
print(over_tcp.json()["ID"] == lab.get("/info").json()["ID"])

# %% [markdown] id="same-read"
# One Engine, two doors. **Change one thing:** print `lab.at(tcp).get("/version").curl`, and compare it with the curl line
# of `lab.get("/version")`. `--unix-socket FILE` is gone, and the host in the URL means something now; all the rest is
# the same.
#
# ### Pointing a client
#
# **Goal.** Let the `docker` command, and any other client, go where you want it to.
#
# | client | unix socket | TCP |
# |---|---|---|
# | curl | `curl --unix-socket /var/run/docker.sock http://localhost/_ping` | `curl http://127.0.0.1:2375/_ping` |
# | docker, once | `docker -H unix:///var/run/docker.sock …` | `docker -H tcp://127.0.0.1:2375 …` |
# | docker and most libraries, by environment | `DOCKER_HOST=unix:///var/run/docker.sock` | `DOCKER_HOST=tcp://127.0.0.1:2375` |
# | docker, by name | `docker context create NAME --docker host=…`, then `docker context use NAME` or `docker --context NAME …` | |
#
# `DOCKER_HOST` is an **environment variable**: a value that a program gets from whoever starts it. It wins over the
# context that is in use. A **context** is an address with its certificates, kept under a name in `~/.docker`.
#
# The cell below runs the real `docker` command with `DOCKER_HOST` set for it alone, and asks for the Engine's identity.

# %% id="docker-host"
import os
import shutil
import subprocess


def docker(*words, **variables):
    """Run the docker command with some environment variables, and return what it prints."""
    if shutil.which("docker") is None:
        return "The docker command is not installed here; where it is, and all is right, this says: the same Engine."
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DOCKER_")}
    done = subprocess.run(["docker", *words], env=kept | variables, capture_output=True, text=True)
    return done.stdout.strip() or done.stderr.strip()


def same_engine(said):
    """Compare what the docker command said with the identity that the API gives."""
    return "the same Engine" if said == lab.get("/info").json()["ID"] else said


print(same_engine(docker("info", "--format", "{{.ID}}", DOCKER_HOST=tcp)))

# %% [markdown] id="context-text"
# And by a context, kept in a folder of the lab instead of your own `~/.docker`:

# %% id="context"
from labkit import certs

own = {"DOCKER_CONFIG": str(certs.folder() / "docker")}
docker("context", "create", "plain", "--docker", f"host={tcp}", **own)
print(same_engine(docker("--context", "plain", "info", "--format", "{{.ID}}", **own)))

# %% [markdown] id="task-1-5"
# ### Exercise 1.5 (make)
#
# The course has set aside two ports, `lab.record.tcp_port` and `lab.record.tls_port`. (The second one gets its TLS in
# the next part.) `hosts` is a list, and `restart` writes the list that you give in the place of the one that was there.

# %% id="setup-1-5"
lab.setup("1.5")

# %% id="do-1-5" tags=["learner", "task"]
lab.daemon.restart({"hosts": ..., "labels": ...})

# %% id="do-1-5" tags=["solution"]
ports = lab.record.tcp_port, lab.record.tls_port
label = f"room={lab.secret('room')}"
lab.daemon.restart({"hosts": [f"tcp://127.0.0.1:{port}" for port in ports], "labels": [label]})
lab.get("/info").json()["Labels"]

# %% id="check-1-5"
lab.check("1.5")

# %% [markdown] id="part-4"
# ## Part 4. TLS: certificates that are really checked (20 minutes)
#
# **TLS** is what makes `https` of `http`. It does three things: nobody on the way can read along; the client knows that
# it speaks to the right server; and, if the server wants it, the server knows who the client is. The daemon has no users
# and no passwords of its own, so the third is all that keeps strangers out.
#
# Each side proves who it is with a **certificate**, a public statement *this key belongs to this name*, and with the
# **private key** that belongs to it and that never leaves its owner. The statement is signed by a **certificate
# authority** (CA). Who trusts the authority believes what it has signed. On the web, a few hundred authorities are built
# into the browser; a daemon trusts one, which you make yourself:
#
# | file | who has it | what it is |
# |---|---|---|
# | `ca.pem` | both sides | the authority's certificate: what is to be believed |
# | `ca-key.pem` | the authority alone | signs; whoever has it can let anybody in |
# | `server-cert.pem`, `server-key.pem` | the daemon | *I am the host of this name* |
# | `cert.pem`, `key.pem` | the client | *I am one of those who may come in* |
#
# ### Make the authority
#
# `certs` is a small module of the course that does what the `openssl` command does. The files are real, and lie in a
# private folder.

# %% id="authority"
ca = certs.Authority(certs.folder(), "Lab authority")
certs.read(ca.cert)

# %% [markdown] id="authority-read"
# **Subject** is who the certificate is about, **issuer** is who signed it: an authority at the top signs its own.
#
# <details><summary>The same with openssl, in a terminal</summary>
#
# ```sh
# openssl ecparam -name prime256v1 -genkey -noout -out ca-key.pem
# openssl req -new -x509 -key ca-key.pem -subj "/CN=Lab authority" -days 30 -out ca.pem
# openssl x509 -in ca.pem -noout -text
# ```
#
# </details>
#
# ### Certificates for the server and for the client
#
# > **Predict.** The server's certificate will be issued for the name `localhost`. The daemon is reached as `127.0.0.1`
# > as well, which is the same machine. Will a client that calls it so accept the certificate?
#
# (Keep your guess: the answer comes when the failures are read.)

# %% id="leaf-certificates"
server = ca.server("localhost")
client = ca.client("learner")
for pair in (server, client):
    said = certs.read(pair.cert)
    print(f"{said['subject']}, signed by {said['issuer']}; names: {said['names'] or 'none'}; usage: {said['usage']}")

# %% [markdown] id="leaf-read"
# **Names** are the *subject alternative names* (SAN), the host names and addresses that the certificate is for. They are
# all that a client compares with the host it called; the name in the subject is not looked at. A client needs none, as
# nobody calls it. **Usage** says for which side a certificate is good: one for a client is no good for a server.
#
# <details><summary>The same with openssl</summary>
#
# ```sh
# openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout server-key.pem \
#   -subj /CN=localhost -out server.csr
# printf "subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n" > server.ext
# openssl x509 -req -in server.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -extfile server.ext \
#   -days 30 -out server-cert.pem
# ```
#
# </details>
#
# Who can read a private key can be its owner. So each key must be readable for its owner alone, which is the mode 0600:

# %% id="modes"
for file in sorted(certs.folder().glob("*key.pem")):
    print(oct(file.stat().st_mode & 0o777), file.name)

# %% [markdown] id="tls-restart-text"
# ### Start the daemon with client verification
#
# Four keys of `daemon.json`. `tlsverify` is the important one: *demand a certificate from every client, and verify it*.
# Without it the connection would still be encrypted, but anybody could open one. All TCP addresses of a daemon share
# these settings, so the plain port is closed. The unix socket stays as it is, without TLS: there, the file's permissions
# decide.

# %% id="tls-restart" tags=["quiet"]
tls_host = f"tcp://127.0.0.1:{lab.record.tls_port}"
verified = {"tlsverify": True, "tlscacert": ca.cert, "tlscert": server.cert, "tlskey": server.key}
lab.daemon.restart({"hosts": [tls_host], **verified})

# %% [markdown] id="tls-connect-text"
# > **Then / now.** Port 2375 is by custom for plain TCP, 2376 for TLS. The number alone protects nothing: the daemon does
# > TLS on whatever port it is told to. (The course takes other ports, so as not to meet a Docker of your own.)
#
# ### Connect
#
# `TLS(...)` holds the three files that a client needs: the authority that it believes, its own certificate and its key.

# %% id="tls-connect"
from labkit import TLS

url = f"tcp://localhost:{lab.record.tls_port}"
known = TLS(ca=ca.cert, cert=client.cert, key=client.key)
secure = lab.at(url, tls=known)
secure.get("/_ping")

# %% [markdown] id="tls-connect-read"
# The same call, the same answer; the curl line has three options more, and the URL begins with `https`.
#
# Ask over TLS for `/version`, and take from the answer the oldest API version that this Engine still speaks:

# %% id="tls-gap" tags=["learner", "task"]
r = secure.get(...)
r

# %% id="tls-gap" tags=["solution"]
secure.get("/version").json()["MinAPIVersion"]

# %% [markdown] id="failures"
# ### Read each failure
#
# Whoever sets up TLS sees it fail first. The messages are short, and each says which *side* refused, if one listens
# closely. For each cell: who said no, the client or the server?
#
# **No client certificate.** The client believes the server, but has nothing to show.

# %% id="no-certificate"
attempt(url, TLS(ca=ca.cert))

# %% [markdown] id="no-certificate-read"
# The *server* said no. What it sends when it ends a handshake is an **alert**, a message of one or two words; in
# parentheses is the name that the OpenSSL library has for it. (Where that begins with `SSLV3`, only the word is old: what is
# spoken is TLS. `curl` shows the same alert and ends with exit code 56, or 55.)
#
# **A certificate of another authority.** Somebody makes an authority of their own, and issues themselves a certificate:

# %% id="foreign-certificate"
other = certs.Authority(certs.folder() / "other", "Somebody else")
stranger = other.client("learner")
attempt(url, TLS(ca=ca.cert, cert=stranger.cert, key=stranger.key))

# %% [markdown] id="foreign-certificate-read"
# Refused again. The *name* in the certificate is the right one, `learner`, but whose signature is under it decides.
#
# **An expired certificate.** One of the right authority, whose time is over:

# %% id="expired-certificate"
late = ca.client("learner", days=-1, prefix="late-")
attempt(url, TLS(ca=ca.cert, cert=late.cert, key=late.key))

# %% [markdown] id="log-text"
# Older releases of the Engine answer all three with the same alert, *bad certificate*; newer ones have one for each
# reason.
#
# **Who always knows more is the daemon's log.** On most Linux machines it is shown by `journalctl -u docker`. These are
# its last three entries on handshakes that failed, without the time of day. If you tried more since, they are of that:

# %% id="log"
import re
import time

time.sleep(0.5)
for line in lab.daemon.log("TLS handshake error")[-3:]:
    print(re.search(r"error from \S+: (.*?)(: current time|\"|$)", line).group(1))

# %% [markdown] id="log-read"
# Three different reasons, in the order of the three cells. An administrator reads the server's log; a client that is
# refused can only ask for it.
#
# **The wrong host name.** Now a refusal by the *client*. The daemon is called by its address instead of its name:

# %% id="wrong-name"
attempt(f"tcp://127.0.0.1:{lab.record.tls_port}", known)

# %% [markdown] id="wrong-name-read"
# That is the answer to the prediction further up. The certificate names `localhost` only, and a client compares text:
# that both are the same machine, it cannot know. The mistake is in the *server's* certificate, although the client
# reports it.
#
# `lab.map("tls", …)` makes the connection once more, and draws how far the two of them came, step by step. (It makes
# another one without a client's certificate, to read the server's. The daemon's log has both.)

# %% id="wrong-name-picture"
lab.map("tls", lab.at(f"tcp://127.0.0.1:{lab.record.tls_port}", tls=known))

# %% [markdown] id="wrong-name-picture-read"
# Compare the stranger's handshake. Here all that the client looks at is right, and it is the server that ends it. In the
# daemon's box stands whom it believes; compare *signed by* in the client's:

# %% id="stranger-picture" tags=["nbval-ignore-output"] reason="the alert is that of the Engine's version"
lab.map("tls", TLS(ca=ca.cert, cert=stranger.cert, key=stranger.key))

# %% [markdown] id="wrong-authority-text"
# **An authority that the client doesn't know.** The client believes somebody else:

# %% id="wrong-authority"
attempt(url, TLS(ca=other.cert, cert=client.cert, key=client.key))

# %% [markdown] id="wrong-authority-read"
# *The certificate of the issuer is not there*: the client looked for the authority that signed, among those that it
# trusts, and did not find it. This is what everybody sees who forgets `--cacert`. Turning verification off (`curl -k`)
# makes the message go away, and with it the knowledge of whom one speaks to.
#
# **Plain HTTP to the TLS port.** A client that knows nothing of TLS:

# %% id="plain-to-tls"
attempt(url)

# %% [markdown] id="plain-to-tls-read"
# This time there is a status code, because the server can tell HTTP from TLS and answers in HTTP. A client that has
# forgotten its `DOCKER_TLS_VERIFY` shows this very sentence.
#
# | message | who refuses | mend |
# |---|---|---|
# | nothing listens, connection refused | nobody is there | `hosts`, the port, the daemon itself |
# | an alert: bad certificate, certificate required, unknown CA, … | the server | the client's certificate; the log says what is wrong |
# | not valid for this name or address | the client | the names in the server's certificate |
# | unable to get local issuer certificate | the client | the client's `ca.pem` |
# | certificate has expired (without *alert*) | the client | the server's certificate |
# | HTTP request to an HTTPS server | the server | the client: https, or `DOCKER_TLS_VERIFY` |
#
# **Change one thing.** A server's certificate in the hand of a client: run
# `attempt(url, TLS(ca=ca.cert, cert=server.cert, key=server.key))`, and look into the log again.

# %% [markdown] id="task-1-6"
# ### Exercise 1.6 (make)
#
# Mend the wrong name, and add one.

# %% id="setup-1-6"
lab.setup("1.6")

# %% id="do-1-6" tags=["learner", "task"]
# Issue a certificate here, and restart the daemon with it.

# %% id="do-1-6" tags=["solution"]
server = ca.server("localhost", "127.0.0.1", f"{lab.name('docker')}.example")
lab.daemon.restart({"tlscert": server.cert, "tlskey": server.key})
attempt(f"tcp://127.0.0.1:{lab.record.tls_port}", known)

# %% id="check-1-6"
lab.check("1.6")

# %% [markdown] id="docker-tls"
# ### The same for the docker command
#
# Two more environment variables: `DOCKER_TLS_VERIFY=1` (*use TLS, and verify the server*) and `DOCKER_CERT_PATH`, the
# *folder* with `ca.pem`, `cert.pem` and `key.pem`: by these names. Libraries for other languages read the same three.

# %% id="docker-environment"
pointed = {"DOCKER_HOST": url, "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(certs.folder())}
print(same_engine(docker("info", "--format", "{{.ID}}", **pointed)))

# %% [markdown] id="docker-environment-read"
# **Change one thing.** Leave `DOCKER_TLS_VERIFY` out of `pointed`. You have read that sentence before, where plain HTTP
# went to the TLS port.
#
# A context keeps the three files with the address, as a copy:

# %% id="docker-context"
files = f"host={url},ca={ca.cert},cert={client.cert},key={client.key}"
docker("context", "create", "verified", "--docker", files, **own)
print(same_engine(docker("--context", "verified", "info", "--format", "{{.ID}}", **own)))

# %% [markdown] id="task-1-7"
# ### Exercise 1.7 (repair)
#
# The next cell breaks the TLS of the daemon, in more than one place, and says what should be. Find out what is wrong
# with the means of this part: by trying what should work and what should not, by `lab.daemon.config()`, by
# `certs.read`, and by the modes of the files.

# %% id="setup-1-7"
lab.setup("1.7")

# %% id="do-1-7" tags=["learner", "task"]
attempt(url, known)

# %% id="do-1-7" tags=["solution"]
attempt(url, known)
print(certs.read(server.cert)["names"], lab.daemon.config()["tlsverify"])
server = ca.server("localhost", "127.0.0.1")
lab.daemon.restart({"tlsverify": True, "tlscert": server.cert, "tlskey": server.key})
(certs.folder() / "key.pem").chmod(0o600)
attempt(url, known)
attempt(url, TLS(ca=ca.cert))

# %% id="check-1-7"
lab.check("1.7")

# %% [markdown] id="part-5"
# ## Part 5. Versions (10 minutes)
#
# ### Which one is spoken
#
# **Goal.** Know which API versions an Engine speaks, and ask for one of them.
#
# The API has a version of its own, such as 1.41, which is not that of the Engine. An Engine speaks a range of them:

# %% id="version"
version = lab.get("/version").json()
print("newest:", version["ApiVersion"])
print("oldest:", version["MinAPIVersion"])

# %% [markdown] id="version-prefix"
# Which one a call is meant in stands at the beginning of the path. labkit has put it there all the time:

# %% id="version-target"
lab.get("/info").request.target

# %% [markdown] id="version-old-text"
# > **Then / now.** The sheet of 2016 wrote `/v1.22/` into every call: that was the version of Docker 1.10. Engine 24 and
# > older still answer such a call. From Engine 25 on it is refused: *client version 1.22 is too old*.
# > What was fixed in a script then breaks today, with the next upgrade.
#
# > **Predict.** Is your Engine one that still answers? The number behind `oldest` above tells you.

# %% id="version-1-22"
old = lab.get("/info", version="1.22")
print(old.status, old.error)

# %% [markdown] id="version-too-old-text"
# Whatever your Engine did: below its oldest version it refuses, and says how far down it goes. (Podman's compatible API
# doesn't look at the number.)

# %% id="version-too-old"
major, minor = version["MinAPIVersion"].split(".")
too_old = lab.get("/info", version=f"{major}.{int(minor) - 1}")
print(too_old.status)
print(too_old.error)

# %% [markdown] id="version-too-new-text"
# And in the other direction? Fill in a version that is newer than anything.

# %% id="version-too-new" tags=["learner", "task"]
too_new = lab.get("/info", version=...)
too_new

# %% id="version-too-new" tags=["solution"]
too_new = lab.get("/info", version="1.99")
print(too_new.status, too_new.error)

# %% [markdown] id="negotiate"
# ### Negotiate instead of hard-coding
#
# So a client that is to outlive an upgrade asks first, and takes the newest version that *both* sides know. `/_ping`
# needs no version and answers with a header `Api-Version`:

# %% id="negotiation"


def number(text):
    """Return a version such as "1.41" as two numbers: as text, "1.9" would come after "1.41"."""
    return tuple(int(part) for part in text.split("."))


mine = "1.40"
theirs = lab.head("/_ping").headers["api-version"]
min(mine, theirs, key=number)

# %% [markdown] id="negotiation-read"
# That is all there is to it, and what `docker`, labkit and good libraries do at their first call. For the rest of the
# course, `lab.version` is what was negotiated.
#
# **Change one thing.** Set `mine` to `"9.99"`: a client from the future.

# %% [markdown] id="task-1-8"
# ### Exercise 1.8 (explain by evidence)
#
# Evidence is a response from which something can be seen. Give `lab.check` the response itself, `r`. (It sends the
# request once more, so only what reads can be evidence.)

# %% id="setup-1-8"
lab.setup("1.8")

# %% id="do-1-8" tags=["learner", "task"]
r = ...

# %% id="do-1-8" tags=["solution"]
r = lab.get("/info", version="1.1")
print(r.status, r.error)

# %% id="check-1-8"
lab.check("1.8", r)

# %% [markdown] id="part-6"
# ## Part 6. A registry mirror (10 minutes)
#
# When thirty people in one room pull the same image, it comes over the same line thirty times. And Docker Hub counts:
# who isn't logged in may pull only so often in some hours, *counted by address*; a classroom behind one address is soon
# out of pulls, and gets 429, *Too Many Requests*. A **registry mirror** is a registry nearby that the Engine asks first,
# for images of Docker Hub. The course's Engine has one already:

# %% id="mirrors"
mirror = f"http://{lab.registry.mirror}"
mirrors = lab.get("/info").json()["RegistryConfig"]["Mirrors"]
[address.rstrip("/") == mirror for address in mirrors]

# %% [markdown] id="mirror-read"
# One mirror, and it is the lab registry of part 1.
#
# > **Then / now.** In 2016 the option was `--registry-mirror=http://…` in `DOCKER_OPTS`. Now it is a list in
# > `daemon.json`: `{"registry-mirrors": ["http://…"]}`.
#
# ### Reload instead of restart
#
# **Goal.** Change the list without stopping the daemon. On the signal `SIGHUP` (`systemctl reload docker`) the daemon
# reads `daemon.json` again, and takes over the keys that can change while it runs. `registry-mirrors` is one of them,
# `hosts` is not.
#
# > **Predict.** Do running containers notice a reload?

# %% id="reload"
before = time.time()
lab.daemon.reload({"registry-mirrors": []})
print(lab.get("/info").json()["RegistryConfig"]["Mirrors"] or "no mirror")

# %% [markdown] id="reload-read"
# There is none any more, and no connection was closed: containers don't notice. The Engine keeps a diary, its **events**,
# and a reload is in it (lab 2 comes back to events). Times are in seconds since 1970:

# %% id="reload-event"
asked = {"type": ["daemon"], "event": ["reload"]}
events = lab.get("/events", since=before, until=time.time(), filters=asked)
[(event["Type"], event["Action"]) for event in events.lines]

# %% [markdown] id="reload-back-text"
# **Change one thing.** Leave `"event"` out of `asked`, and begin an hour earlier: `since=before - 3600`. A restart is not in
# the diary: what was written before it is gone.
#
# Put the mirror back: fill in the list. (The variable `mirror` has the address.)

# %% id="reload-back" tags=["learner", "task"]
lab.daemon.reload({"registry-mirrors": ...})

# %% id="reload-back" tags=["solution"]
lab.daemon.reload({"registry-mirrors": [mirror]})
len(lab.get("/info").json()["RegistryConfig"]["Mirrors"])

# %% [markdown] id="task-1-9"
# ### Exercise 1.9 (make)
#
# The school next door has a mirror too, and offers it for the case that yours is down. The Engine asks mirrors in the
# order of the list.

# %% id="setup-1-9"
lab.setup("1.9")

# %% id="do-1-9" tags=["learner", "task"]
lab.daemon.reload({"registry-mirrors": ...})

# %% id="do-1-9" tags=["solution"]
lab.daemon.reload({"registry-mirrors": [mirror, f"http://{lab.name('mirror')}.example:5000"]})
len(lab.get("/info").json()["RegistryConfig"]["Mirrors"])

# %% id="check-1-9"
lab.check("1.9")

# %% [markdown] id="learned"
# ## What you have learned
#
# - The `docker` command, this notebook and curl all speak the Engine API; the Engine speaks to registries.
# - A daemon listens where `hosts` in `daemon.json` says: on its unix socket alone, unless there is a reason. TCP without
#   TLS is a root shell for whoever reaches it.
# - A POST with a JSON body needs `Content-Type: application/json`. Programs look at the status code, people at the words.
# - With `tlsverify` the daemon lets in whoever shows a certificate of its authority; clients compare the name that they
#   called with the names in the server's certificate. Each failure is read from its message, and from the log.
# - Versions are negotiated, not hard-coded.
# - `registry-mirrors` takes effect by a reload; `/info` shows it.
#
# **Where to read on**
#
# | request or setting | page |
# |---|---|
# | `GET /_ping`, `GET /info`, `GET /version`, `GET /events` | <https://docs.docker.com/reference/api/engine/version/v1.51/#tag/System> |
# | `POST /containers/create` | <https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerCreate> |
# | versions of the API | <https://docs.docker.com/reference/api/engine/#versioned-api-and-sdk> |
# | `daemon.json`, `hosts`, reload | <https://docs.docker.com/reference/cli/dockerd/> |
# | TLS for the daemon | <https://docs.docker.com/engine/security/protect-access/> |
# | contexts | <https://docs.docker.com/engine/manage-resources/contexts/> |
# | the registry API | <https://distribution.github.io/distribution/spec/api/> |
# | mirrors | <https://docs.docker.com/docker-hub/image-library/mirror/> |
#
# The last cell removes what this lab made, the certificates too, and gives the daemon its own configuration back.

# %% id="clean-last"
lab.clean()
