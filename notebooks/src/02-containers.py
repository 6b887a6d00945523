# %% [markdown] id="title"
# # Lab 2. Containers
#
# **What you will be able to do**
#
# - list exactly the containers that you want to see, in a notebook and in a shell;
# - create one with a published port and a folder of the host in it, and prove that it is what you asked for;
# - start, stop, pause, rename, kill and await it, and say its state and the status code after each call;
# - look inside: settings, processes, output, measurements, changed files; run a command in it, talk to its input, take
#   files out and put files in;
# - delete it with what belongs to it, and read the Engine's own diary of all that.
#
# **How long** 75 to 90 minutes, in five parts of 15 to 20. Each part makes the containers that it needs, so it can be
# left at its end. To take it up again later, run the code cells from `import labkit` to `fetch` below, and go on with
# your part.
#
# **What it needs** Lab 1, and the engine that `./lab` started.
#
# **Why anyone should care** A deployment that says *created* and then serves an empty page, or a script that dies
# because a container "is already stopped", looks like bad luck until you read the request and the status code. Every
# tool that runs containers ends in the calls of this lab, and none of them can be more right than its call.
#
# New words are explained where they first occur. They are gathered in the glossary, `docs/glossary.md`. The number of
# an exercise is its name: exercises come in the order of the steps, not of their numbers.

# %% id="start" tags=["quiet"]
import labkit

lab = labkit.start("02")

# %% [markdown] id="clean-first-text"
# The next cell removes what an earlier run of this lab may have left behind. The last cell of the notebook does the
# same.

# %% id="clean-first"
lab.clean()

# %% [markdown] id="tools-text"
# Some of Python's own modules are needed further down, and three small things of this lab: the filter that finds its
# containers, a function that reads a container's state, and one that fetches a web page.

# %% id="tools" tags=["quiet"]
import base64
import io
import json
import shutil
import struct
import subprocess
import tarfile
import time

label = f"docker-api-lab={lab.labels['docker-api-lab']}"


def state(container):
    """Return the state of a container and its exit code; the status code when there is none of that name."""
    r = lab.get(f"/containers/{container}/json")
    return (r.json()["State"]["Status"], r.json()["State"]["ExitCode"]) if r.ok else r.status


def fetch(port):
    """Return what a web server on this port answers; one that was just started has 5 seconds to get ready."""
    server = lab.at(f"http://127.0.0.1:{port}", version="")
    for _attempt in range(50):
        try:
            return server.get("/")
        except labkit.ConnectionFailed:
            time.sleep(0.1)
    return server.get("/")


# %% [markdown] id="recall"
# ## Recall: three questions on lab 1
#
# Answer each in your head first, then fill the gap (`...`) and let the engine answer.
#
# **1.** Which call tells the oldest and the newest API version that this Engine speaks?

# %% id="recall-version" tags=["learner", "task"]
r = lab.get(...)
r

# %% id="recall-version" tags=["solution"]
r = lab.get("/version")
r.json()["MinAPIVersion"], r.json()["ApiVersion"]

# %% [markdown] id="recall-2"
# **2.** This call sends the right JSON and is still refused. Which header does it lack? Add it with
# `headers={"Name": "value"}`, and read how the message changes. (`nothing` is no image, so nothing is made.)

# %% id="recall-header" tags=["learner", "task"]
r = lab.post("/containers/create", data='{"Image": "nothing"}', headers=...)
r

# %% id="recall-header" tags=["solution"]
without = lab.post("/containers/create", data='{"Image": "nothing"}')
r = lab.post("/containers/create", data='{"Image": "nothing"}', headers={"Content-Type": "application/json"})
without.status, r.status, r.error

# %% [markdown] id="recall-3"
# **3.** A client asks for an API version that is newer than the Engine. What does it get? Ask for `/info` as
# version `1.99`.

# %% id="recall-too-new" tags=["learner", "task"]
r = lab.get("/info", version=...)
r

# %% id="recall-too-new" tags=["solution"]
r = lab.get("/info", version="1.99")
r.status

# %% [markdown] id="part-1"
# ## Part 1. List (15 minutes)
#
# **Goal.** Ask for exactly the containers you want to see, in a notebook and in a shell.
#
# There must be something to list. The next cell makes three containers: one that runs, one that has ended, and one
# that was never started. Part 2 explains the calls; for now only the states matter.

# %% id="three-containers"
three = {
    "runs": ["sleep", "600"],
    "ended": ["sh", "-c", "echo done > /tmp/result; exit 3"],
    "fresh": ["sleep", "600"],
}
for word, command in three.items():
    body = {"Image": "busybox", "Cmd": command, "Labels": lab.labels}
    lab.post("/containers/create", name=lab.name(word), json=body).raise_for_status()
for word in ("runs", "ended"):
    lab.post(f"/containers/{lab.name(word)}/start").raise_for_status()
lab.post(f"/containers/{lab.name('ended')}/wait").json()["StatusCode"]

# %% [markdown] id="list-running-text"
# That was the *exit code* of the one that ended: the number with which a process says how it went.
#
# > **Predict.** Three containers are there. How many does a plain `GET /containers/json` show?
#
# <details><summary>Answer</summary>
#
# One: without parameters the list holds *running* containers alone, as `docker ps` does.
#
# </details>

# %% id="list-running"
lab.get("/containers/json")

# %% [markdown] id="list-all-text"
# **Read the response.** Status 200, and a list with one object for each container. The line that begins with `curl` is
# the very same request, for a terminal.
#
# **Change one thing.** `all=1` also lists those that don't run (`docker ps -a`). In labkit `True` is sent as `1`.

# %% id="list-all"
r = lab.get("/containers/json", all=True)
r

# %% [markdown] id="list-fields"
# The table is made from the response; unfold *JSON* to see the response itself. Two fields of it look alike:

# %% id="list-state"
[(c["Names"], c["State"], c["Status"].split(" ")[0]) for c in r.json()]

# %% [markdown] id="list-state-text"
# `State` is one word for programs (`created`, `running`, `exited` and four more); `Status` is a phrase for people.
# Branch on `State`, never on `Status`. And `Names` is a list, and each name in it begins with a slash.

# %% [markdown] id="list-limit-text"
# ### The newest only, with sizes
#
# `limit=1` shows the newest container, running or not. `size=1` adds two numbers: `SizeRw`, the bytes in the
# container's own layer, and `SizeRootFs`, these and its image together.
#
# > **Predict.** Which of the three is the newest?
#
# <details><summary>Answer</summary>
#
# `fresh`, which was created last. The order is that of creation, not of the last start.
#
# </details>

# %% id="list-limit"
r = lab.get("/containers/json", all=True, limit=1, size=True)
r

# %% [markdown] id="list-size-note"
# `SizeRw` is left out of the answer when it is 0 on an Engine before 29; Engine 29 counts whole blocks and says 4096.
# So `c.get("SizeRw", 0)`: a field that may be absent is read with a default. Sizes are counted file by file, which is
# slow on a busy machine. That is why you have to ask for them.

# %% [markdown] id="quoting"
# ### The same in a shell: quote the URL
#
# Most recipes on the web show this call as `curl … http://localhost/containers/json?all=1&limit=1&size=1`, without
# quotes. To a shell `&` means *run this in the background*, and `?` stands for any one character of a file's name.
#
# The next cell lets a real shell take the line apart, with `echo` in the place of curl.
#
# > **Predict.** How much of the URL does curl get to see?
#
# <details><summary>Answer</summary>
#
# All up to the first `&`. The shell runs that much in the background, and goes on with `limit=1` as the next command.
#
# </details>

# %% id="unquoted"
line = "echo http://localhost/containers/json?all=1&limit=1&size=1"
print(subprocess.run(["sh", "-c", line], capture_output=True, text=True).stdout)

# %% [markdown] id="unquoted-text"
# The rest never reaches curl: `limit=1` and `size=1` have become shell variables. The answer is a 200 with too many
# containers, so nobody notices. In zsh the `?` already ends it with `no matches found`. Quotes cure both:

# %% id="quoted"
line = "echo 'http://localhost/containers/json?all=1&limit=1&size=1'"
print(subprocess.run(["sh", "-c", line], capture_output=True, text=True).stdout)

# %% [markdown] id="curl-text"
# `r.curl` is quoted already. Here a shell runs the line of the last request with the real curl, and the answers are
# compared.

# %% id="curl-same"
answer = subprocess.run(["sh", "-c", r.curl], capture_output=True, text=True).stdout
print("the same containers:", [c["Id"] for c in json.loads(answer)] == [c["Id"] for c in r.json()])

# %% [markdown] id="filters"
# ### Filters
#
# `filters` is one query parameter whose value is JSON: the name of each filter, and a list of values. Values of one
# filter are joined by *or* (labels alone by *and*), different filters by *and*. A dict is sent as that JSON,
# percent-encoded, because `{`, `"` and `[` may not stand in a URL as they are.

# %% id="filters-label"
r = lab.get("/containers/json", all=True, filters={"label": [label]})
r

# %% [markdown] id="filters-status-text"
# Two filters together: containers of this lab that were *created* or are *running*.

# %% id="filters-status"
r = lab.get("/containers/json", filters={"label": [label], "status": ["created", "running"]})
sorted(c["Names"][0] for c in r.json())

# %% [markdown] id="filters-note"
# There is no `all` in that call: a filter on `status` brings stopped containers by itself.
#
# **Change one thing.** A filter that doesn't exist is an error, not an empty list. That is worth a lot: compare it
# with what part 2 shows about fields of a *body* that don't exist.

# %% id="filters-wrong"
r = lab.get("/containers/json", filters={"colour": ["red"]})
r

# %% [markdown] id="filters-gap-text"
# **Fill in the gap.** List the containers of this lab that ended with exit code 3. The filter is called `exited`,
# and its values are text.

# %% id="filters-gap" tags=["learner", "task"]
r = lab.get("/containers/json", all=True, filters={"label": [label], "exited": ...})
r

# %% id="filters-gap" tags=["solution"]
r = lab.get("/containers/json", all=True, filters={"label": [label], "exited": ["3"]})
[c["Names"][0] for c in r.json()]

# %% [markdown] id="task-2-1"
# ### Exercise 2.1 (find out)
#
# Several containers carry the label `crate` with the value that `lab.name("crate")` gives; the next cell makes them.
# How many are there, running or not? Let the Engine do the choosing, with a filter.

# %% id="setup-2-1"
lab.setup("2.1")

# %% id="do-2-1" tags=["learner", "task"]
answer = ...

# %% id="do-2-1" tags=["solution", "quiet"]
r = lab.get("/containers/json", all=True, filters={"label": [f"crate={lab.name('crate')}"]})
answer = len(r.json())

# %% id="check-2-1"
lab.check("2.1", answer)

# %% [markdown] id="part-2"
# ## Part 2. Create (20 minutes)
#
# **Goal.** nginx in a container, its port 80 reachable from this machine, a folder of this machine inside it, and a
# proof of both.
#
# `POST /containers/create` takes the container's name in the query and everything else as a JSON body. The body has
# two halves:
#
# - at the top, what belongs to the container wherever it runs: `Image`, `Cmd`, `Env`, `Labels`, `ExposedPorts`;
# - in `HostConfig`, what ties it to this host: `PortBindings`, `Binds`, `Mounts`, memory limits, restart policy.

# %% id="create-plain"
web = lab.name("web")
port = lab.port("web")
body = {
    "Image": "nginx",
    "Labels": lab.labels,
    "ExposedPorts": {"80/tcp": {}},
    "HostConfig": {"PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]}},
}
lab.post("/containers/create", name=web, json=body)

# %% [markdown] id="create-plain-text"
# **Read the response.** 201 *Created*: a new thing exists, and `Id` is its name for good. `Warnings` is where the
# Engine says what it did not like but did all the same; it is worth reading, and most programs don't.
#
# In the body, the port inside is `80/tcp`, protocol included, and the port outside is text, not a number: it may also
# be a range. `HostIp` `127.0.0.1` publishes it on loopback. Leave it out, and the port is open to everyone who
# reaches this machine: Docker's own firewall rules come before yours.
#
# > **Predict.** Created is not started. What does the port answer now?
#
# <details><summary>Answer</summary>
#
# Nothing listens there: ports are published at the start, not at the creation.
#
# </details>

# %% id="page-before-start"
try:
    lab.at(f"http://127.0.0.1:{port}", version="").get("/")
except labkit.ConnectionFailed as error:
    print(f"{type(error).__name__}: {error.message}")

# %% [markdown] id="page-before-start-text"
# The connection was refused, before any HTTP. **Change one thing:** start it, and ask again.

# %% id="page-after-start"
print(lab.post(f"/containers/{web}/start").status)
r = fetch(port)
r.status, "nginx" in r.text

# %% [markdown] id="binds-text"
# 204 *No Content* means done, and there is nothing to add. The page is nginx's own. A container that was started is not
# yet ready: the process in it needs a moment to open its port, so `fetch` asks again for a while.
#
# ### A folder of the host: `Binds`
#
# A *bind mount* makes a folder of the host appear inside the container; it is the same folder, not a copy.
# Mounts are fixed at the creation, so the container is made again: delete, create, start. The folder must be given
# as an absolute path, and it must exist: with `Binds` a missing one is created for you, empty and owned by root,
# which turns a typing error into an empty page.

# %% id="site-folder"
site = lab.work / "lab02" / "site"
site.mkdir(parents=True, exist_ok=True)
(site / "index.html").write_text("<h1>A page of the host</h1>\n")
sorted(file.name for file in site.iterdir())

# %% id="create-binds"
lab.delete(f"/containers/{web}", force=True)
body["HostConfig"]["Binds"] = [f"{site}:/data", f"{site}:/usr/share/nginx/html:ro"]
print(lab.post("/containers/create", name=web, json=body).status)
print(lab.post(f"/containers/{web}/start").status)
print(fetch(port).text)

# %% [markdown] id="binds-read"
# Each entry is `SOURCE:TARGET` or `SOURCE:TARGET:OPTIONS`; `ro` is *read-only*. One folder stands in two places here:
# at `/data`, where it can be written, and where this nginx takes its pages from.
#
# **Verify.** A status says that a call was accepted; it does not say that you asked for the right thing. *Inspect*
# shows what the Engine understood:

# %% id="inspect-mounts"
r = lab.get(f"/containers/{web}/json")
sorted((m["Type"], m["Destination"], m["RW"]) for m in r.json()["Mounts"])

# %% [markdown] id="inspect-mounts-text"
# And the page through the port is the last proof. **Change one thing:** write the file again, and fetch the page
# again. Nothing is restarted.

# %% id="page-changes"
(site / "index.html").write_text("<h1>Changed while it runs</h1>\n")
print(fetch(port).text)

# %% [markdown] id="mounts-text"
# ### The other way to write it: `HostConfig.Mounts`
#
# `Binds` squeezes a mount into one text. `Mounts` spells it out, an object for each: `Type` (`bind`, `volume` or
# `tmpfs`), `Source`, `Target`, `ReadOnly`. It is stricter, and that is its point: a `Source` that doesn't exist is
# refused.

# %% id="mounts-missing"
missing = {"Type": "bind", "Source": str(site / "no-such-folder"), "Target": "/data"}
strict = {"Image": "nginx", "Labels": lab.labels, "HostConfig": {"Mounts": [missing]}}
lab.post("/containers/create", name=lab.name("strict"), json=strict)

# %% [markdown] id="mounts-gap-text"
# **Fill in the gap.** Create the container `strict` with the folder `site` at `/data`, read-only. Put the object
# in the place of the three dots.

# %% id="mounts-gap" tags=["learner", "task"]
strict = {"Image": "nginx", "Labels": lab.labels, "HostConfig": {"Mounts": [...]}}
lab.post("/containers/create", name=lab.name("strict"), json=strict)

# %% id="mounts-gap" tags=["solution"]
mount = {"Type": "bind", "Source": str(site), "Target": "/data", "ReadOnly": True}
strict = {"Image": "nginx", "Labels": lab.labels, "HostConfig": {"Mounts": [mount]}}
print(lab.post("/containers/create", name=lab.name("strict"), json=strict).status)
[(m["Destination"], m["RW"]) for m in lab.get(f"/containers/{lab.name('strict')}/json").json()["Mounts"]]

# %% [markdown] id="trap-text"
# ### The trap: `Mounts` in the wrong place
#
# > **Then / now.** The lab sheet of 2016 put `"Mounts": [{"Source": …, "Destination": "/data"}]` at the *top* of the
# > body, beside `Image`. It looks right: inspect shows `Mounts` at the top, with just these names. But what inspect
# > shows and what create takes are two different shapes.
#
# > **Predict.** What is the status of this call, and what does the page show?
#
# <details><summary>Answer</summary>
#
# 201, as if all were well. The page is nginx's own.
#
# </details>

# %% id="trap"
lab.delete(f"/containers/{web}", force=True)
del body["HostConfig"]["Binds"]
body["Mounts"] = [{"Source": str(site), "Destination": "/usr/share/nginx/html"}]
r = lab.post("/containers/create", name=web, json=body)
r

# %% [markdown] id="trap-found-text"
# 201, and no warning from the Engine: the note there is labkit's own, which has looked. Now the two proofs:

# %% id="trap-found"
lab.post(f"/containers/{web}/start")
print("mounts:", lab.get(f"/containers/{web}/json").json()["Mounts"])
print("our page:", "Changed while it runs" in fetch(port).text)

# %% [markdown] id="trap-why"
# The mount was ignored in silence: **the Engine ignores fields that it doesn't know.** A misspelt `HostConfg`, a
# `PortBinding` without its `s`, a field of a newer API: all are answered 201. So every create call worth making is
# followed by an inspect. (labkit makes one after each create, and notes what had no effect. Other clients don't.)
#
# And it depends on the version. The same body without `HostConfig`:

# %% id="trap-bare" tags=["nbval-ignore-output"] reason="201 or 400, by the version of the Engine"
bare = {"Image": "nginx", "Labels": lab.labels, "Mounts": body["Mounts"]}
r = lab.post("/containers/create", name=lab.name("bare"), json=bare)
r

# %% [markdown] id="trap-versions"
# | body | Engine 20.10 and 26 | Engine 28 and 29 |
# |---|---|---|
# | top-level `Mounts`, with a `HostConfig` | 201, ignored | 201, ignored |
# | the same without `HostConfig` | 400 | 201, ignored |
#
# `lab.engine_version` says which Engine you have, and `r.status` which column is yours. Some Engines take a body
# without `HostConfig` for one of the first years of the API, when those fields did stand at the top; they read the
# list, find no `Target` in it, and refuse. On the same Engine, one more field in the body turns the refusal into
# silence.

# %% [markdown] id="task-2-2"
# ### Exercise 2.2 (make)
#
# A container called `lab.name("page")` with nginx in it. Its port 80/tcp is published on the port `lab.port("page")` of
# this machine, and the folder `lab.work / "lab02" / "page"` of this machine is at `/data` in it. The next cell makes the
# folder. Give the container the label of this lab, as above.

# %% id="setup-2-2"
lab.setup("2.2")

# %% id="do-2-2" tags=["learner", "task"]
# Create it, and start it.

# %% id="do-2-2" tags=["solution"]
page_body = {
    "Image": "nginx",
    "Labels": lab.labels,
    "ExposedPorts": {"80/tcp": {}},
    "HostConfig": {
        "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(lab.port("page"))}]},
        "Binds": [f"{lab.work / 'lab02' / 'page'}:/data"],
    },
}
lab.post("/containers/create", name=lab.name("page"), json=page_body)
lab.post(f"/containers/{lab.name('page')}/start")
fetch(lab.port("page")).status

# %% id="check-2-2"
lab.check("2.2")

# %% [markdown] id="task-2-3"
# ### Exercise 2.3 (repair)
#
# Somebody fell into the trap. The container `lab.name("trap")` should have the folder `lab.work / "lab02" / "trap"` at
# `/data`, and it has not. Mend it: in the end a container of that name runs, has the folder, and publishes its port
# 80/tcp on the port `lab.port("trap")`, as before.

# %% id="setup-2-3"
lab.setup("2.3")

# %% id="do-2-3" tags=["learner", "task"]
# Look first, then mend it.

# %% id="do-2-3" tags=["solution"]
old = lab.get(f"/containers/{lab.name('trap')}/json").json()
mended = {
    "Image": old["Config"]["Image"],
    "Labels": lab.labels,
    "ExposedPorts": old["Config"]["ExposedPorts"],
    "HostConfig": {
        "PortBindings": old["HostConfig"]["PortBindings"],
        "Binds": [f"{lab.work / 'lab02' / 'trap'}:/data"],
    },
}
lab.delete(f"/containers/{lab.name('trap')}", force=True)
lab.post("/containers/create", name=lab.name("trap"), json=mended)
lab.post(f"/containers/{lab.name('trap')}/start").status

# %% id="check-2-3"
lab.check("2.3")

# %% [markdown] id="part-3"
# ## Part 3. The life cycle (20 minutes)
#
# **Goal.** Say the state of a container after each call, and read *already so*, *no such thing* and *not now* off
# the status code.
#
# ```mermaid
# stateDiagram-v2
#     direction LR
#     [*] --> created: create
#     created --> running: start
#     running --> paused: pause
#     paused --> running: unpause
#     running --> exited: stop, kill, or it ends
#     paused --> exited: stop, kill
#     exited --> running: start
#     running --> running: restart
#     exited --> [*]: delete
#     created --> [*]: delete
# ```
#
# *restart* works from each of these states and ends in *running*. *rename* and *wait* change no state.
# Three more words appear for moments, or when something is broken: `restarting`, `removing`, `dead`.

# %% [markdown] id="created-text"
# The process of this container is a shell that ends at once, with exit code 5, when it is sent the *signal* TERM.
# A signal is a short message from the system to a process: TERM asks it to end, KILL ends it without asking.

# %% id="created"
cell = lab.name("cell")
script = "trap 'exit 5' TERM; while true; do sleep 0.1; done"
body = {"Image": "busybox", "Cmd": ["sh", "-c", script], "Labels": lab.labels}
print(lab.post("/containers/create", name=cell, json=body).status)
state(cell)

# %% [markdown] id="start-text"
# ### Start: 204, then 304
#
# > **Predict.** What does a second start answer: an error, or success?
#
# <details><summary>Answer</summary>
#
# Neither quite: 304 *Not Modified*, *already so*.
#
# </details>

# %% id="start-twice"
print(lab.post(f"/containers/{cell}/start").status, state(cell))
lab.post(f"/containers/{cell}/start")

# %% [markdown] id="start-read"
# 304 *Not Modified* means *already so*: nothing was done, and nothing had to be. It is below 400, so it is no error.
# A script that says "make sure that it runs" takes 204 and 304 both as success.
#
# ### Pause
#
# *Pause* freezes all processes of the container where they are. They keep their memory and use no processor time.

# %% id="pause"
print(lab.post(f"/containers/{cell}/pause").status, state(cell))
lab.post(f"/containers/{cell}/pause")

# %% [markdown] id="pause-read"
# Pausing a paused container is **409** *Conflict*: the call is right, but the container's state does not allow it.
# There is no 304 for pause. Whether "already so" counts as success differs from call to call, so look it up, or try.

# %% id="unpause"
print(lab.post(f"/containers/{cell}/unpause").status, state(cell))

# %% [markdown] id="rename-text"
# ### Rename
#
# The new name is a query parameter.
#
# > **Predict.** Does the old name still work, perhaps as an alias?
#
# <details><summary>Answer</summary>
#
# No: 404. A container has one name.
#
# </details>

# %% id="rename"
renamed = lab.name("renamed")
print(lab.post(f"/containers/{cell}/rename", name=renamed).status, state(renamed))
lab.get(f"/containers/{cell}/json")

# %% [markdown] id="rename-read"
# **404** *Not Found*: no container has that name any more. Only the `Id` stays the same for a container's whole life;
# programs keep the `Id`, people use the name. And a name that is taken is a conflict again:

# %% id="rename-taken"
taken = lab.name("taken")
lab.post("/containers/create", name=taken, json={"Image": "busybox", "Labels": lab.labels})
print(lab.post(f"/containers/{renamed}/rename", name=taken).status)
print(lab.post(f"/containers/{renamed}/rename", name=cell).status)

# %% [markdown] id="stop-text"
# ### Stop and exit codes
#
# *Stop* sends TERM, waits up to `t` seconds (10 when you don't say), and then sends KILL.
#
# > **Predict.** The shell catches TERM and exits with 5. Which exit code will be there?
#
# <details><summary>Answer</summary>
#
# 5. The process ended by itself, in time, so no KILL was needed.
#
# </details>

# %% id="stop"
print(lab.post(f"/containers/{cell}/stop", t=10).status, state(cell))
lab.post(f"/containers/{cell}/stop").status

# %% [markdown] id="stop-read"
# 304 for the second stop: already so. **Change one thing.** `sleep` as the first process of a container doesn't react
# to TERM, so stop has to wait for its `t` and then kill:

# %% id="stop-sleep"
sleeper = lab.name("sleeper")
body = {"Image": "busybox", "Cmd": ["sleep", "600"], "Labels": lab.labels}
lab.post("/containers/create", name=sleeper, json=body)
lab.post(f"/containers/{sleeper}/start")
time.sleep(0.5)  # a signal that comes before its program runs ends it at once
r = lab.post(f"/containers/{sleeper}/stop", t=1)
print(r.status, state(sleeper), "- it took more than a second:", r.seconds > 1)

# %% [markdown] id="stop-sleep-read"
# 137 is 128 + 9, and 9 is the number of KILL. An exit code above 128 almost always names the signal that ended the
# process. A service that takes ten seconds to stop and ends with 137 has never heard your TERM: its first process
# ignores it. That is worth mending, because KILL leaves no time to write anything down.
#
# ### Restart, kill
#
# *Restart* is stop and start in one call, from *exited* too. *Kill* sends a signal at once, KILL when you don't say
# another.

# %% id="restart-kill"
print(lab.post(f"/containers/{cell}/restart", t=1).status, state(cell))
time.sleep(0.5)  # the shell sets its trap first
print(lab.post(f"/containers/{cell}/kill", signal="SIGTERM").status)
lab.post(f"/containers/{cell}/wait")
print(state(cell))
lab.post(f"/containers/{cell}/kill")

# %% [markdown] id="kill-read"
# Kill only sends: its 204 says that the signal is on its way, not that the process has ended. And unlike stop, it
# answers 409 for a container that does not run: there is no process to send to.
#
# ### Wait
#
# *Wait* answers when the container has ended, with its exit code. The request simply takes that long.

# %% id="wait"
waiter = lab.name("waiter")
body = {"Image": "busybox", "Cmd": ["sh", "-c", "sleep 1; exit 7"], "Labels": lab.labels}
lab.post("/containers/create", name=waiter, json=body)
lab.post(f"/containers/{waiter}/start")
r = lab.post(f"/containers/{waiter}/wait")
print("it took its time:", r.seconds > 0.5)
r

# %% [markdown] id="wait-read"
# For a container that has ended already, wait answers at once with the exit code of its last run. A call that may
# take long needs a client that is patient: labkit gives up after 60 seconds of silence, unless you say
# `timeout=600`.
#
# **Fill in the gap.** Start `sleeper` again, and stop it so that stop does not wait at all before it kills.

# %% id="stop-gap" tags=["learner", "task"]
lab.post(f"/containers/{sleeper}/start")
time.sleep(0.5)
r = lab.post(f"/containers/{sleeper}/stop", t=...)
r

# %% id="stop-gap" tags=["solution"]
lab.post(f"/containers/{sleeper}/start")
time.sleep(0.5)
r = lab.post(f"/containers/{sleeper}/stop", t=0)
print(r.status, state(sleeper), "- it took less than a second:", r.seconds < 1)

# %% [markdown] id="life-picture-text"
# **A picture.** Where is each container now, and which calls most often lead on from there? `lab.map("containers")` asks
# the Engine and draws it; the words beneath name all calls. Change a state in a cell of your own, and draw it again.

# %% id="life-picture" tags=["nbval-ignore-output"] reason="every container that is on the engine is in the picture"
lab.map("containers")

# %% [markdown] id="task-2-4"
# ### Exercise 2.4 (predict)
#
# Which four calls this exercise asks about differs from learner to learner. The next cell makes two containers and
# shows the calls. Say their four status codes *before* you send anything, as a list: `answer = [200, 200, 200, 200]`.

# %% id="setup-2-4"
lab.setup("2.4")

# %% id="do-2-4" tags=["learner", "task"]
answer = ...

# %% id="do-2-4" tags=["solution", "quiet"]
answer = [404, 304, 409, 204]

# %% id="check-2-4"
lab.check("2.4", answer)

# %% [markdown] id="task-2-5"
# ### Exercise 2.5 (make)
#
# The container `lab.name("ferry")` was created and never started. Bring this same container so far that it is called
# `lab.name("harbour")` and is paused.

# %% id="setup-2-5"
lab.setup("2.5")

# %% id="do-2-5" tags=["learner", "task"]
# Three calls; which order works?

# %% id="do-2-5" tags=["solution"]
ferry, harbour = lab.name("ferry"), lab.name("harbour")
lab.post(f"/containers/{ferry}/start")
lab.post(f"/containers/{ferry}/rename", name=harbour)
lab.post(f"/containers/{harbour}/pause").status

# %% id="check-2-5"
lab.check("2.5")

# %% [markdown] id="part-4"
# ## Part 4. Look inside (20 minutes)
#
# **Goal.** Find out what a container does without changing it: its settings, processes, output, numbers and files.
# Then put a command of your own into it, and talk to its input.
#
# A fresh nginx, so that this part needs nothing of the others:

# %% id="inside-create"
inside = lab.name("inside")
body = {"Image": "nginx", "Labels": lab.labels, "Env": ["COURSE=docker-api-lab"]}
lab.post("/containers/create", name=inside, json=body).status

# %% [markdown] id="inspect-text"
# ### Inspect
#
# Everything the Engine knows about one container, in one object of more than twenty keys. The table shows what a person
# looks for; unfold *JSON* to see how much more there is.

# %% id="inspect"
lab.get(f"/containers/{inside}/json")

# %% [markdown] id="inspect-read"
# `Config` is the portable half of what create was given, `HostConfig` the other; `State` is what is now,
# `NetworkSettings` where it is on its networks, `Mounts` what is mounted. **Change one thing:** start it, and look
# again.

# %% id="inspect-again"
print(lab.post(f"/containers/{inside}/start").status)
found = lab.get(f"/containers/{inside}/json").json()
found["State"]["Status"], "COURSE=docker-api-lab" in found["Config"]["Env"], found["State"]["Pid"] > 0

# %% [markdown] id="inspect-address-text"
# Now it has an address, below the network's name. (`NetworkSettings.IPAddress` at the top, which older scripts read, is
# gone since API 1.52.)

# %% id="inspect-address"
[(name, bool(network["IPAddress"])) for name, network in found["NetworkSettings"]["Networks"].items()]

# %% [markdown] id="task-2-12"
# ### Exercise 2.12 (find out)
#
# The next cell makes the container `lab.name("lodger")`, whose memory is limited. How many bytes may it use at most?

# %% id="setup-2-12"
lab.setup("2.12")

# %% id="do-2-12" tags=["learner", "task"]
answer = ...

# %% id="do-2-12" tags=["solution", "quiet"]
r = lab.get(f"/containers/{lab.name('lodger')}/json")
answer = r.json()["HostConfig"]["Memory"]

# %% id="check-2-12"
lab.check("2.12", answer)

# %% [markdown] id="top-text"
# ### Top: the processes
#
# The Engine runs `ps` on the host for you. `Titles` are the columns, `Processes` the rows. `ps_args` chooses the
# columns.

# %% id="top" tags=["nbval-ignore-output"] reason="process numbers are drawn by the kernel"
r = lab.get(f"/containers/{inside}/top", ps_args="-o pid,comm")
r

# %% [markdown] id="top-json-text"
# In the JSON a process is a list of texts, in the order of the titles:

# %% id="top-json"
r.json()["Titles"], sorted({process[1] for process in r.json()["Processes"]})

# %% [markdown] id="top-bad-text"
# The process numbers (*PIDs*) are those of the host: the first process here is number 1 inside. The Engine picks the
# container's processes out of the whole list by their PID.
#
# > **Predict.** What if the PID is not among the columns?
#
# <details><summary>Answer</summary>
#
# An error, and it is a 500, as if the Engine itself had failed. Not every 5xx is the server's fault.
#
# </details>

# %% id="top-bad"
lab.get(f"/containers/{inside}/top", ps_args="-o comm")

# %% [markdown] id="task-2-11"
# ### Exercise 2.11 (find out)
#
# The next cell starts the container `lab.name("works")`, in which a shell has sent some others to work. How many
# processes run in it, all counted?

# %% id="setup-2-11"
lab.setup("2.11")

# %% id="do-2-11" tags=["learner", "task"]
answer = ...

# %% id="do-2-11" tags=["solution", "quiet"]
r = lab.get(f"/containers/{lab.name('works')}/top")
answer = len(r.json()["Processes"])

# %% id="check-2-11"
lab.check("2.11", answer)

# %% [markdown] id="logs-text"
# ### Logs: two streams in one
#
# A container's process writes to *stdout* (results) and *stderr* (complaints). The next container writes both, in
# turns.

# %% id="talker"
talker = lab.name("talker")
script = "for i in 1 2; do echo out $i; sleep 0.5; echo err $i >&2; sleep 0.5; done"
body = {"Image": "busybox", "Cmd": ["sh", "-c", script], "Labels": lab.labels}
lab.post("/containers/create", name=talker, json=body)
lab.post(f"/containers/{talker}/start")
lab.post(f"/containers/{talker}/wait").json()["StatusCode"]

# %% [markdown] id="logs-none-text"
# You have to say which stream you want; none is a mistake:

# %% id="logs-none"
lab.get(f"/containers/{talker}/logs").status

# %% id="logs"
r = lab.get(f"/containers/{talker}/logs", stdout=True, stderr=True)
r

# %% [markdown] id="logs-read"
# That is the answer as labkit shows it. What did the Engine really send?

# %% id="logs-raw"
r.response.body

# %% [markdown] id="logs-raw-text"
# **Read the response.** That is no plain text. Both streams share one connection, so they are cut into *frames*. Each
# frame begins with 8 bytes: the number of the stream (1 stdout, 2 stderr), three zeros, and the length of what
# follows as a number of 4 bytes, the largest first (*big-endian*).
#
# Take the first frame apart by hand. `struct` reads bytes by a pattern: `>` big-endian, `B` one byte, `3x` three to
# skip, `I` a number of 4 bytes.

# %% id="frame-by-hand"
data = r.response.body
stream, length = struct.unpack(">B3xI", data[:8])
stream, length, data[8 : 8 + length]

# %% [markdown] id="frames-loop-text"
# The next frame begins where this one ends. That is the whole format:

# %% id="frames-loop"
at = 0
while at < len(data):
    stream, length = struct.unpack(">B3xI", data[at : at + 8])
    print(stream, data[at + 8 : at + 8 + length])
    at += 8 + length

# %% [markdown] id="frames-labkit-text"
# labkit does the same. `r.frames` keeps the streams apart, `r.text` joins them.

# %% id="frames-labkit"
[(frame.name, frame.text) for frame in r.frames]

# %% [markdown] id="logs-tty-text"
# > **Then / now.** Old scripts cut off the first 8 bytes of the answer and print the rest. That works for exactly one
# > frame.
#
# From API 1.42 on, the `Content-Type` says which it is (`application/vnd.docker.multiplexed-stream`); before that you
# have to know. And there is an exception. A container with a *TTY* (a terminal: `"Tty": true`) has one stream alone,
# so its output comes raw:

# %% id="logs-tty"
terminal = lab.name("terminal")
body = {"Image": "busybox", "Cmd": ["echo", "hello"], "Tty": True, "Labels": lab.labels}
lab.post("/containers/create", name=terminal, json=body)
lab.post(f"/containers/{terminal}/start")
lab.post(f"/containers/{terminal}/wait")
lab.get(f"/containers/{terminal}/logs", stdout=True, stderr=True).response.body

# %% [markdown] id="logs-gap-text"
# **Fill in the gap.** Only the last line of `talker`'s stderr, please. `tail` is a number of lines, counted over both
# streams: the Engine takes the last ones of all that was written, and leaves out those of a stream that was not asked
# for. Here stderr came last.

# %% id="logs-gap" tags=["learner", "task"]
r = lab.get(f"/containers/{talker}/logs", stderr=..., tail=...)
r

# %% id="logs-gap" tags=["solution"]
r = lab.get(f"/containers/{talker}/logs", stderr=True, tail=1)
r.text

# %% [markdown] id="task-2-6"
# ### Exercise 2.6 (explain by evidence)
#
# The container `lab.name("speaker")` wrote to both streams, and has ended. Produce the response that holds all that it
# wrote to stderr and nothing of stdout, and hand in the response itself.

# %% id="setup-2-6"
lab.setup("2.6")

# %% id="do-2-6" tags=["learner", "task"]
r = ...

# %% id="do-2-6" tags=["solution", "quiet"]
r = lab.get(f"/containers/{lab.name('speaker')}/logs", stderr=True)

# %% id="check-2-6"
lab.check("2.6", r)

# %% [markdown] id="stats-text"
# ### Stats: memory, processor, network
#
# Without more, stats sends a new measurement every second and never ends. With `stream=false` it sends one. (`stream`
# is also an argument of labkit, so here it is written in the path.)

# %% id="stats" tags=["nbval-ignore-output"] reason="measurements differ from run to run"
lab.get(f"/containers/{inside}/stats?stream=false")

# %% [markdown] id="stats-stream-text"
# As a stream, each item is one measurement. `cpu_stats` and `precpu_stats` are readings of two clocks that only count
# up: the processor time of the container, and that of the whole machine. What `docker stats` shows in percent is made
# of their differences:

# %% id="stats-stream"
with lab.get(f"/containers/{inside}/stats", stream=True, seconds=10) as measurements:
    for item in measurements.take(2):
        now, before = item["cpu_stats"], item["precpu_stats"]
        container = now["cpu_usage"]["total_usage"] - before["cpu_usage"]["total_usage"]
        machine = now["system_cpu_usage"] - before.get("system_cpu_usage", 0)
        print(f"{100 * container / machine:.1f} % of the machine's processor time")

# %% [markdown] id="follow-text"
# **To try, if you like.** In a cell of your own, `lab.follow(f"/containers/{inside}/stats")` draws the measurements while
# they arrive, and `lab.follow(f"/containers/{inside}/logs", stdout=True, stderr=True, follow=True)` shows a log that grows.
# Other cells run meanwhile, such as those of the next step. *Close* in the view ends it.

# %% [markdown] id="exec-text"
# ### Exec: a command of your own
#
# Three calls: *make* it (201, an `Id`), *start* it (200, its output in frames), *inspect* it (its exit code). Without
# the third you don't know whether it worked.

# %% id="exec"
body = {"Cmd": ["sh", "-c", "echo new > /tmp/note; ls /tmp/note; ls /nowhere"]}
body |= {"AttachStdout": True, "AttachStderr": True}
made = lab.post(f"/containers/{inside}/exec", json=body)
made

# %% id="exec-start"
ran = lab.post(f"/exec/{made.json()['Id']}/start", json={"Detach": False, "Tty": False})
print(ran.status, sorted({frame.name for frame in ran.frames}))
print("exit code above 0:", lab.get(f"/exec/{made.json()['Id']}/json").json()["ExitCode"] > 0)

# %% [markdown] id="exec-read"
# The last `ls` failed, its complaint came on stderr, and the status was 200 all the same: **200 says that the command
# was started, the exit code says whether it succeeded.** Even a command that doesn't exist is a 200:

# %% id="exec-nothing"
made = lab.post(f"/containers/{inside}/exec", json={"Cmd": ["no-such-command"], "AttachStdout": True})
ran = lab.post(f"/exec/{made.json()['Id']}/start", json={"Detach": False, "Tty": False})
print(ran.status, "executable file not found" in ran.text)
print("exit code above 0:", lab.get(f"/exec/{made.json()['Id']}/json").json()["ExitCode"] > 0)

# %% [markdown] id="task-2-7"
# ### Exercise 2.7 (make)
#
# The container `lab.name("clerk")` runs. Bring about that there is a file `/tmp/stamp` in it whose text is
# `lab.secret("stamp")`. The container stays the same one, and goes on running.

# %% id="setup-2-7"
lab.setup("2.7")

# %% id="do-2-7" tags=["learner", "task"]
# A command of your own in that container.

# %% id="do-2-7" tags=["solution"]
command = ["sh", "-c", f"echo {lab.secret('stamp')} > /tmp/stamp"]
made = lab.post(f"/containers/{lab.name('clerk')}/exec", json={"Cmd": command, "AttachStdout": True})
lab.post(f"/exec/{made.json()['Id']}/start", json={"Detach": False, "Tty": False})
lab.get(f"/exec/{made.json()['Id']}/json").json()["ExitCode"]

# %% id="check-2-7"
lab.check("2.7")

# %% [markdown] id="changes-text"
# ### Changes
#
# What differs between the container and its image: `Kind` 0 is changed, 1 added, 2 deleted. nginx itself makes some
# files when it starts; the note in `/tmp` is yours.

# %% id="changes"
r = lab.get(f"/containers/{inside}/changes")
[c for c in r.json() if c["Path"].startswith("/tmp")]

# %% [markdown] id="changes-read"
# These changes are the container's own layer, the one that `SizeRw` counts. They go when the container is deleted.
# For a container that has changed nothing the answer is `null`, not `[]`: write `r.json() or []`.

# %% [markdown] id="task-2-8"
# ### Exercise 2.8 (find out)
#
# The container `lab.name("thief")` has ended. Before, it deleted one file of its image. Which one? Give its whole path.

# %% id="setup-2-8"
lab.setup("2.8")

# %% id="do-2-8" tags=["learner", "task"]
answer = ...

# %% id="do-2-8" tags=["solution", "quiet"]
r = lab.get(f"/containers/{lab.name('thief')}/changes")
answer = next(change["Path"] for change in r.json() if change["Kind"] == 2)

# %% id="check-2-8"
lab.check("2.8", answer)

# %% [markdown] id="attach-text"
# ### Attach: a connection to the process itself
#
# Exec starts a second process; *attach* connects to the first one. The request asks for `Upgrade: tcp`, the Engine
# answers **101** *Switching Protocols*, and from there on the connection is no longer HTTP: what you send is the
# process's input, what you read are frames of its output.
#
# The container must have been made for that (`OpenStdin`, `StdinOnce`), and you attach *before* the start, so that
# nothing of the output is missed. Attaching to a container that has ended hangs.

# %% id="attach"
echo = lab.name("echo")
script = "read word; echo you said: $word"
body = {"Image": "busybox", "Cmd": ["sh", "-c", script], "OpenStdin": True, "StdinOnce": True, "Labels": lab.labels}
lab.post("/containers/create", name=echo, json=body)
connection = lab.post(f"/containers/{echo}/attach?stream=1&stdin=1&stdout=1&stderr=1", upgrade=True, seconds=10)
lab.post(f"/containers/{echo}/start")
connection.send("hello\n")
print(connection.status, [(frame.name, frame.text) for frame in connection])

# %% [markdown] id="attach-read"
# The process read a line, answered and ended, and so the connection ended. Exec can be upgraded in the same way; that
# is all that `docker exec -it` does.
#
# ### Archive and export: files as a tar
#
# `GET …/archive?path=` gives one file or folder as a *tar* (one file that holds many, with their names, owners and
# rights). `PUT …/archive?path=` unpacks one into a folder. Both work on a stopped container too, and need no shell
# in it.

# %% id="archive-get"
r = lab.get(f"/containers/{inside}/archive", path="/tmp/note")
r

# %% [markdown] id="archive-open-text"
# Python opens the tar where it is, in memory:

# %% id="archive-open"
with tarfile.open(fileobj=io.BytesIO(r.response.body)) as tar:
    print(r.header("Content-Type"), tar.getnames(), tar.extractfile("note").read())

# %% [markdown] id="task-2-13"
# ### Exercise 2.13 (find out)
#
# The container `lab.name("drawer")` has ended, so no command can be run in it. Which text is in its file
# `/drawer/note`?

# %% id="setup-2-13"
lab.setup("2.13")

# %% id="do-2-13" tags=["learner", "task"]
answer = ...

# %% id="do-2-13" tags=["solution", "quiet"]
r = lab.get(f"/containers/{lab.name('drawer')}/archive", path="/drawer/note")
with tarfile.open(fileobj=io.BytesIO(r.response.body)) as tar:
    answer = tar.extractfile("note").read().decode()

# %% id="check-2-13"
lab.check("2.13", answer)

# %% [markdown] id="archive-put-text"
# The other way: a tar with a page, made in memory, goes to where nginx takes its pages from.

# %% id="archive-put"
page_text = b"<h1>Brought by a tar</h1>\n"
packed = io.BytesIO()
with tarfile.open(fileobj=packed, mode="w") as tar:
    entry = tarfile.TarInfo("index.html")
    entry.size = len(page_text)
    tar.addfile(entry, io.BytesIO(page_text))
headers = {"Content-Type": "application/x-tar"}
lab.put(f"/containers/{inside}/archive", path="/usr/share/nginx/html", data=packed.getvalue(), headers=headers)

# %% [markdown] id="archive-head-text"
# `HEAD …/archive` tells what is there without sending it: a header holds name, size, rights and time as base64 of
# JSON.

# %% id="archive-head"
r = lab.head(f"/containers/{inside}/archive", path="/usr/share/nginx/html/index.html")
about = json.loads(base64.b64decode(r.header("X-Docker-Container-Path-Stat")))
about["name"], about["size"] == len(page_text)

# %% [markdown] id="export-text"
# `GET …/export` is the whole file system of a container as one tar. It has no end that you want to wait for in
# memory, so a program writes it into a file as it comes. Here only its size and a few names:

# %% id="export"
r = lab.get(f"/containers/{inside}/export")
with tarfile.open(fileobj=io.BytesIO(r.response.body)) as tar:
    names = tar.getnames()
print("the note is in it:", "tmp/note" in names)

# %% [markdown] id="part-5"
# ## Part 5. Delete, and watch the events (15 minutes)
#
# **Goal.** Remove a container and what belongs to it, and read the Engine's own diary of it.
#
# ### Events
#
# `GET /events` never ends: the Engine writes a JSON line for each thing that happens. With `since` and `until` it
# reads out the past instead. The next cell opens the stream first and then runs through a life, so that each call
# leaves its line.

# %% id="events-live"
life = lab.name("life")
body = {"Image": "busybox", "Cmd": ["sleep", "600"], "Labels": lab.labels}
watched = {"container": [life], "event": ["create", "start", "pause", "unpause", "die", "destroy"]}
since = int(time.time())
with lab.get("/events", stream=True, seconds=20, filters=watched) as diary:
    lab.post("/containers/create", name=life, json=body)
    lab.post(f"/containers/{life}/start")
    lab.post(f"/containers/{life}/pause")
    lab.post(f"/containers/{life}/unpause")
    lab.delete(f"/containers/{life}", force=True)
    for event in diary.take(6):
        print(event["Type"], event["Action"], event["Actor"]["Attributes"].get("exitCode", ""))

# %% [markdown] id="events-read"
# `Type` is the kind of thing, `Action` what happened, `Actor` to whom, with its labels among the `Attributes`.
# **Read it against your calls:** create, start, pause and unpause are one line each, but the one delete made two,
# `die` and `destroy`. Forced, it killed first. That is how monitoring knows of every container that dies without
# asking for a list every second.
#
# The Engine remembers the last 256 events. `since` and `until`, in seconds since 1970, read them out:

# %% id="events-past"
lab.get("/events", since=since, until=int(time.time()) + 1, filters=watched)

# %% [markdown] id="events-gap-text"
# **Fill in the gap.** How many containers of this lab were destroyed since it began? A
# filter on `label` works here as well, and so does one on `event`.

# %% id="events-gap" tags=["learner", "task"]
r = lab.get("/events", since=0, until=int(time.time()) + 1, filters={"label": [label], "event": ...})
r

# %% id="events-gap" tags=["solution"]
r = lab.get("/events", since=0, until=int(time.time()) + 1, filters={"label": [label], "event": ["destroy"]})
print("more than one:", len(r.lines) > 1)
{event["Action"] for event in r.lines}

# %% [markdown] id="task-2-10"
# ### Exercise 2.10 (explain by evidence)
#
# The container `lab.name("victim")` ran, and is dead. Produce the response that shows that it was killed, by which
# signal, and with which exit code it died, and that holds nothing about other containers. Hand in the response itself.

# %% id="setup-2-10"
lab.setup("2.10")

# %% id="do-2-10" tags=["learner", "task"]
r = ...

# %% id="do-2-10" tags=["solution", "quiet"]
r = lab.get("/events", since=0, until=time.time(), filters={"container": [lab.name("victim")]})

# %% id="check-2-10"
lab.check("2.10", r)

# %% [markdown] id="delete-running-text"
# ### Delete: 409, then `force`
#
# > **Predict.** Deleting a container that runs: what status?
#
# <details><summary>Answer</summary>
#
# 409. The call is right, the state is not.
#
# </details>

# %% id="delete-running"
goes = lab.name("goes")
body = {"Image": "busybox", "Cmd": ["sleep", "600"], "Labels": lab.labels, "Volumes": {"/cache": {}}}
lab.post("/containers/create", name=goes, json=body)
lab.post(f"/containers/{goes}/start")
volume = lab.get(f"/containers/{goes}/json").json()["Mounts"][0]["Name"]
lab.delete(f"/containers/{goes}")

# %% [markdown] id="delete-force-text"
# 409: its state doesn't allow it. Stop it first, which gives the process its chance, or say `force=1`, which kills.
#
# This container has an *anonymous volume*: `"Volumes": {"/cache": {}}` asks for a place to keep files, and the Engine
# makes one and draws a long name for it.
#
# > **Predict.** The container is deleted. Is its volume?
#
# <details><summary>Answer</summary>
#
# No. It stays, for nobody.
#
# </details>

# %% id="delete-force"
print(lab.delete(f"/containers/{goes}", force=True).status)
print("container:", lab.get(f"/containers/{goes}/json").status)
print("volume:", lab.get(f"/volumes/{volume}").status)

# %% [markdown] id="delete-v-text"
# The volume is still there, nameless and used by nobody. On machines that run for years these fill the disk.
# `v=1` takes the anonymous volumes along.

# %% id="delete-v"
lab.delete(f"/volumes/{volume}")
lab.post("/containers/create", name=goes, json=body)
volume = lab.get(f"/containers/{goes}/json").json()["Mounts"][0]["Name"]
print(lab.delete(f"/containers/{goes}", force=True, v=True).status)
print("volume:", lab.get(f"/volumes/{volume}").status)

# %% [markdown] id="delete-again-text"
# **Change one thing.** Delete what is gone already:

# %% id="delete-again"
lab.delete(f"/containers/{goes}").status

# %% [markdown] id="delete-again-read"
# 404, not 304. A script that wants a container *gone* takes 204 and 404 both as success.

# %% [markdown] id="task-2-9"
# ### Exercise 2.9 (make)
#
# The container `lab.name("hog")` runs, and keeps data in a volume without a name. Delete the container, and this volume
# with it.

# %% id="setup-2-9"
lab.setup("2.9")

# %% id="do-2-9" tags=["learner", "task"]
# One call can do it.

# %% id="do-2-9" tags=["solution"]
lab.delete(f"/containers/{lab.name('hog')}", force=True, v=True).status

# %% id="check-2-9"
lab.check("2.9")

# %% [markdown] id="learned"
# ## What you learned
#
# - The list shows running containers alone, unless you say `all`; `filters` is JSON in the query; a URL in a shell
#   stands in quotes.
# - A create call has a portable half and a `HostConfig`. Fields that the Engine doesn't know are ignored in silence,
#   so inspect is part of creating.
# - 204 done, 304 already so, 404 not there, 409 not in this state. 137 is KILL.
# - Output comes in frames of 8 bytes and data; with a TTY it comes raw. 101 turns a request into a connection.
# - A 200 of exec says *started*; the exit code says *worked*.
# - `force=1` kills before it deletes, and `v=1` takes anonymous volumes along.
#
# ## Where to read on
#
# The reference has a page for each request of this lab (API 1.51; change the version in the address for yours):
# [list](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerList),
# [create](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerCreate),
# [inspect](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerInspect),
# [top](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerTop),
# [logs](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerLogs),
# [changes](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerChanges),
# [export](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerExport),
# [stats](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerStats),
# [start](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerStart),
# [stop](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerStop),
# [restart](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerRestart),
# [kill](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerKill),
# [rename](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerRename),
# [pause](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerPause),
# [attach](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerAttach),
# [wait](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerWait),
# [delete](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerDelete),
# [archive](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerArchive),
# [exec](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Exec),
# [events](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/System/operation/SystemEvents).
#
# Where you stand in this lab is `lab.progress`. The last cell removes what the lab made: containers, and the folder
# that was mounted. Next: lab 3, images.

# %% id="clean-last"
shutil.rmtree(site, ignore_errors=True)
lab.clean()
