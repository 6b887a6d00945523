# %% [markdown] id="title"
# # Lab 4. Volumes
#
# **What you will be able to do.** Keep data when containers come and go: create a volume, label it, choose where its
# bytes live, and mount it into one container after the other. Say for each of volume, bind mount and tmpfs what is left
# after a restart and after a deletion. Take a volume's content out as a tar and put it into another one. Delete what is
# not needed, and nothing else.
#
# **How long.** 60 to 75 minutes, in four parts of 15 to 20. Each part makes what it needs, so you can stop after
# any of them and go on another day.
#
# **What it needs.** Lab 2, and the engine that `./lab` started.
#
# **Why anyone should care.** The usual way to lose a database is to replace its container by a newer one, and to find
# that the data lay in the old container. The usual way to fill a server's disk is the opposite: volumes without a name
# that no container uses any more, and that nobody dares to delete.
#
# New words are explained where they first occur. They are gathered in the glossary, `docs/glossary.md`.

# %% id="start" tags=["quiet"]
import labkit

lab = labkit.start("04")

# %% [markdown] id="clean-start-text"
# Begin from nothing: this removes what an earlier run of this lab left behind, and nothing else.

# %% id="clean-start"
lab.clean()

# %% [markdown] id="tools-text"
# ### A tool for all parts
#
# `run` makes a busybox container, lets it run one command to its end, and returns what it wrote. These are the calls of
# lab 2, with nothing hidden. The container stays, stopped, until you delete it; one of the same name is deleted first,
# so that a cell can be run again.
#
# **After a break:** run the cells down to the next one again, and go on at the beginning of your part.

# %% id="run" tags=["quiet"]
label = f"docker-api-lab={lab.labels['docker-api-lab']}"
notes = lab.name("notes")


def run(word, command, **host_config):
    name = lab.name(word)
    body = {"Image": "busybox", "Cmd": ["sh", "-c", command], "Labels": lab.labels, "HostConfig": host_config}
    lab.delete(f"/containers/{name}", force=True)
    lab.post("/containers/create", name=name, json=body).raise_for_status()
    lab.post(f"/containers/{name}/start").raise_for_status()
    lab.post(f"/containers/{name}/wait").raise_for_status()
    return lab.get(f"/containers/{name}/logs", stdout=True, stderr=True).text


# %% [markdown] id="recall"
# ## Recall: three questions on lab 3
#
# Answer each in your head first, then fill the gap (`...`) and let the engine answer.
#
# **1.** Is the image `busybox` on this engine? Ask for it alone; the status is the answer.

# %% id="recall-image" tags=["learner", "task"]
r = lab.get(...)
r

# %% id="recall-image" tags=["solution"]
r = lab.get("/images/busybox/json")
r.status, r.json()["RepoTags"]

# %% [markdown] id="recall-2"
# **2.** A name without a tag: which tag does the Engine put in? Give the same image a second name, without a tag, and
# read both names back.

# %% id="recall-tag" tags=["learner", "task"]
r = lab.post("/images/busybox/tag", repo=...)
r

# %% id="recall-tag" tags=["solution"]
r = lab.post("/images/busybox/tag", repo=lab.name("toolbox"))
sorted(lab.get("/images/busybox/json").json()["RepoTags"])

# %% [markdown] id="recall-3"
# **3.** An image has two names, and one of them is deleted. What is the one word that the answer uses for that?

# %% id="recall-untag" tags=["learner", "task"]
r = lab.delete(...)
r

# %% id="recall-untag" tags=["solution"]
r = lab.delete(f"/images/{lab.name('toolbox')}")
r.status, [list(item) for item in r.json()]

# %% [markdown] id="part-1"
# ## Part 1. List, create, inspect (15 minutes)
#
# **Goal.** Know why volumes exist, and make one that is what you asked for.
#
# A container's files lie in a layer of its own. What does that mean for data?
#
# > **Predict.** A container writes a file and ends. A second one is made with the same name and the same image.
# > What does it find?

# %% id="lost"
print(run("first", "mkdir -p /data; echo kept > /data/note; cat /data/note"))
print(run("first", "cat /data/note"))

# %% [markdown] id="lost-read"
# Nothing of it. The file went with the container's layer, and a new container begins at the image again. That is what
# makes containers replaceable, and it is why data needs a place of its own: a *volume*, which the Engine keeps, gives a
# name, and mounts into any container that asks for it.
#
# ### List

# %% id="list"
r = lab.get("/volumes", filters={"label": [label]})
r

# %% [markdown] id="list-text"
# **Read the response.** Nothing there yet. The JSON is not a list, as that of containers is, but an object with the list
# in `Volumes`. The `filters` are the ones of lab 2: JSON in the query. Without them you see every volume of the engine.
#
# ### Create

# %% id="create"
lab.post("/volumes/create", json={"Name": notes, "Labels": lab.labels})

# %% [markdown] id="create-text"
# **Read the response.** 201, and the whole volume as *inspect* would show it:
#
# - `Name`: unlike containers and networks, a volume has no id. The name is all there is.
# - `Driver`: the part of the Engine (or a plugin) that keeps the bytes. `local` is built in.
# - `Mountpoint`: the folder where `local` keeps them, **on the machine of the Engine**. With Docker Desktop that is a
#   virtual machine, with a remote Engine another computer. Look at it, but don't write to it: the way in is a mount.
# - `Scope`: `local` means that this Engine alone knows the volume.
#
# > **Predict.** The same name once more, with another label. 201, 304 or 409? And which label does it have then?

# %% id="create-again"
r = lab.post("/volumes/create", json={"Name": notes, "Labels": {"colour": "green"}})
print(r.json()["Labels"])
r

# %% [markdown] id="create-again-text"
# 201 although nothing was created, and the Engine dropped the new label without a word. (The notes are labkit's own; they
# are from an inspect.) To create a volume means *see to it
# that there is one*. So a script can say it every time, but it must inspect to know what it got.
#
# ### Inspect

# %% id="inspect"
r = lab.get(f"/volumes/{notes}")
print(r.json()["Mountpoint"].endswith(f"/volumes/{notes}/_data"))
r

# %% [markdown] id="options-text"
# ### Driver options
#
# `DriverOpts` go to the driver as they are. The driver `local` takes those of the command `mount`: `type`, `device`
# and `o` (its options). Without any, the volume is a plain folder. With these it is a *tmpfs*, a file system that
# lives in memory, here of at most one mebibyte:

# %% id="options"
fast = lab.name("fast")
options = {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}
r = lab.post("/volumes/create", json={"Name": fast, "Labels": lab.labels, "DriverOpts": options})
print(r.json()["Options"])
r

# %% [markdown] id="options-name"
# They go in as `DriverOpts` and come out as `Options`.
#
# > **Predict.** Two million bytes into that volume?

# %% id="options-full"
fill = "exec 2>&1; head -c 2000000 /dev/zero > /data/big || ls -l /data | awk '{print $5}'"
print(run("filler", fill, Binds=[f"{fast}:/data"]))

# %% [markdown] id="options-full-text"
# The write fails at the limit: 1048576 bytes are there. (`exec 2>&1` sends stderr where stdout goes, so that the two lines
# keep their order; `Binds` is explained in part 2.) The limit is the memory file system's own. On a plain folder the driver
# `local` can't limit a size, unless the file system below has quotas.
#
# **Change one thing.** An option that the driver doesn't know:

# %% id="options-wrong"
r = lab.post("/volumes/create", json={"Name": lab.name("odd"), "Labels": lab.labels, "DriverOpts": {"colour": "red"}})
print(lab.get(f"/volumes/{lab.name('odd')}").status)
r

# %% [markdown] id="options-wrong-text"
# 400, and no volume: to look for it gives 404. Compare that with the body of a container, where unknown fields are ignored.
#
# **Now you, with a gap.** Create the volume `cache` with two labels: that of the lab, and `role` with the value
# `cache`. (`{**lab.labels, "key": "value"}` is a dict with one key more.)

# %% id="create-gap" tags=["learner", "task"]
r = lab.post("/volumes/create", json={"Name": lab.name("cache"), "Labels": ...})
r

# %% id="create-gap" tags=["solution"]
r = lab.post("/volumes/create", json={"Name": lab.name("cache"), "Labels": {**lab.labels, "role": "cache"}})
r.status, sorted(r.json()["Labels"].items())

# %% [markdown] id="filters-text"
# Labels are how you find volumes again. The filter `name` finds every volume whose name *contains* the text; with
# several values for `label`, **all** of them must match, unlike with other filters.

# %% id="filters"
cache = {"Name": lab.name("cache"), "Labels": {**lab.labels, "role": "cache"}}
lab.post("/volumes/create", json=cache).raise_for_status()  # there already, if you filled the gap: no harm
by_label = lab.get("/volumes", filters={"label": [label, "role=cache"]}).json()["Volumes"]
by_name = lab.get("/volumes", filters={"label": [label], "name": ["a"]}).json()["Volumes"]
len(by_label), sorted(v["Name"] for v in by_name)

# %% [markdown] id="task-1"
# ### Exercise 4.1 (make)
#
# Create a volume in memory with the name `lab.name("ledger")`: a tmpfs of exactly three mebibytes, with the label
# `team` and the value `audit`, and the lab's own label beside it.

# %% id="setup-1"
lab.setup("4.1")

# %% id="try-1" tags=["learner", "task"]
# Your calls.

# %% id="try-1" tags=["solution"]
options = {"type": "tmpfs", "device": "tmpfs", "o": "size=3m"}
body = {"Name": lab.name("ledger"), "Labels": {**lab.labels, "team": "audit"}, "DriverOpts": options}
lab.post("/volumes/create", json=body).status

# %% id="check-1"
lab.check("4.1")

# %% [markdown] id="task-2"
# ### Exercise 4.2 (find out)
#
# Three volumes were made for you; their names begin with `shelf-a`, `shelf-b` and `shelf-c`. One of them has the label
# `content` with the value `letters`. In which folder of the Engine's machine does the data of that one lie? Give the
# folder to the check, as text: `lab.check("4.2", "/the/folder")`.

# %% id="setup-2"
lab.setup("4.2")

# %% id="try-2" tags=["learner", "task"]
where = ...

# %% id="try-2" tags=["solution"]
found = lab.get("/volumes", filters={"label": ["content=letters", label]}).json()["Volumes"]
where = found[0]["Mountpoint"]
len(found)

# %% id="check-2"
lab.check("4.2", where)

# %% [markdown] id="part-2"
# ## Part 2. Use (20 minutes)
#
# **Goal.** Write in one container, read in another, and know what outlives what.
#
# A volume is mounted at the creation of a container, in one of two ways that lab 2 has shown for folders:
#
# - `HostConfig.Binds`: `"NAME:/target"` or `"NAME:/target:ro"`. Whether the part before the colon is a volume or a
#   folder is decided by one character: a folder begins with a slash.
# - `HostConfig.Mounts`: an object with `Type` `"volume"`, `Source` (the name), `Target`, `ReadOnly`.

# %% id="write"
lab.post("/volumes/create", json={"Name": notes, "Labels": lab.labels}).raise_for_status()
run("writer", "echo 'written by the first' > /data/note", Binds=[f"{notes}:/data"])
lab.delete(f"/containers/{lab.name('writer')}").status, lab.get(f"/containers/{lab.name('writer')}/json").status

# %% [markdown] id="write-text"
# The container that wrote is deleted; 404 says that it is gone.
#
# > **Predict.** What does another container find, under another path, through the other way of writing a mount?

# %% id="read"
mount = {"Type": "volume", "Source": notes, "Target": "/archive", "ReadOnly": True}
print(run("reader", "cat /archive/note", Mounts=[mount]))

# %% [markdown] id="read-text"
# The file is there: it belongs to the volume, and the path is each container's own matter. **Change one thing.** The
# reader tries to write, into a mount that is read-only:

# %% id="read-only"
print(run("reader", "echo more >> /archive/note", Mounts=[mount]))
lab.get(f"/containers/{lab.name('reader')}/json").json()["State"]["ExitCode"]

# %% [markdown] id="outlives-text"
# The refusal comes from the kernel, not from the API: the calls were all fine, and the command failed. `ReadOnly` is
# how you let a container see data that it must not change.
#
# **It outlives both.** Delete the reader too, and ask for the volume:

# %% id="outlives"
lab.delete(f"/containers/{lab.name('reader')}").status, lab.get(f"/volumes/{notes}").status

# %% [markdown] id="typo-text"
# ### The trap: a name that does not exist
#
# > **Predict.** The next call misspells the volume: `ntoes`. Which status will the create call give?

# %% id="typo"
ntoes = lab.name("ntoes")
print(run("reader", "ls -A /data | wc -l", Binds=[f"{ntoes}:/data"]))
r = lab.get(f"/volumes/{ntoes}")
print(r.json()["Labels"] or "no labels")
r

# %% [markdown] id="typo-read"
# 201, as `run` would have stopped at anything else, and the container ran. A volume that does not exist is created on
# the spot, empty and without labels: the new database starts, healthy and empty. `Mounts` with `"Type": "volume"` does
# the same. Only `"Type": "bind"` insists that the source be there.
#
# So before the create call, ask for the volume; a 404 is the typing error, found in time.

# %% id="typo-guard"
lab.delete(f"/containers/{lab.name('reader')}")
lab.delete(f"/volumes/{ntoes}").status, lab.get(f"/volumes/{ntoes}").status

# %% [markdown] id="three-text"
# ### Volume, bind mount, tmpfs: side by side
#
# One container with all three, at `/volume`, `/bind` and `/tmpfs`. Its command says how many lines the file `count`
# has in each of them, and then adds one.

# %% id="three-create"
folder = lab.work / "lab04-bind"
folder.mkdir(exist_ok=True)
(folder / "count").unlink(missing_ok=True)
command = "for d in volume bind tmpfs; do touch /$d/count; echo $d: $(wc -l < /$d/count); echo x >> /$d/count; done"
options = {"Labels": lab.labels}
mounts = [
    {"Type": "volume", "Source": lab.name("count"), "Target": "/volume", "VolumeOptions": options},
    {"Type": "bind", "Source": str(folder), "Target": "/bind"},
    {"Type": "tmpfs", "Target": "/tmpfs", "TmpfsOptions": {"SizeBytes": 1048576}},
]
three = {"Image": "busybox", "Cmd": ["sh", "-c", command], "Labels": lab.labels, "HostConfig": {"Mounts": mounts}}
lab.delete(f"/containers/{lab.name('three')}", force=True)
lab.post("/containers/create", name=lab.name("three"), json=three).status

# %% [markdown] id="three-create-text"
# `VolumeOptions.Labels` gives labels to a volume that is created on the spot. What inspect says of the three:

# %% id="three-inspect"
import pandas as pd

mounts = pd.DataFrame(lab.get(f"/containers/{lab.name('three')}/json").json()["Mounts"])
mounts = mounts.sort_values("Type", ignore_index=True)
mounts["has a source"] = mounts["Source"] != ""
mounts[["Type", "Destination", "RW", "has a source"]]

# %% [markdown] id="three-inspect-text"
# A volume has a source, its `Mountpoint`; a bind mount has one, the folder that you named; a tmpfs has none, for
# nothing lies behind it but memory.
#
# > **Predict.** The container runs, ends, is started *again*, then is *deleted and made anew*. Three runs: which
# > counts go 0, 1, 2, and which ones don't?


# %% id="three-run" tags=["quiet"]
def start_three():
    path = f"/containers/{lab.name('three')}"
    lab.post(f"{path}/start").raise_for_status()
    lab.post(f"{path}/wait").raise_for_status()
    lines = lab.get(f"{path}/logs", stdout=True, tail=3).text.splitlines()
    return dict(line.split(": ") for line in lines)


# %% id="three-runs"
runs = {"first": start_three(), "started again": start_three()}
lab.delete(f"/containers/{lab.name('three')}").raise_for_status()
lab.post("/containers/create", name=lab.name("three"), json=three).raise_for_status()
runs["made anew"] = start_three()
pd.DataFrame(runs).T[["volume", "bind", "tmpfs"]]

# %% [markdown] id="three-read"
# **Read the response.**
#
# | | volume | bind mount | tmpfs |
# |---|---|---|---|
# | who keeps it | the Engine | you | nobody: it is memory |
# | named by | a name | a path of the Engine's machine | nothing |
# | after a restart | there | there | empty |
# | after the container is deleted | there | there | gone |
# | good for | data of programs: databases, uploads | files that you edit: sources, configuration | secrets and scratch files |
#
# The bind mount is a folder of this machine, so you can look into it without any container:

# %% id="three-bind-file"
(folder / "count").read_text().count("x")

# %% [markdown] id="copy-up-text"
# ### What an empty volume is filled with
#
# > **Predict.** An image has files in `/etc`. A new, empty volume is mounted there. What does the container see?

# %% id="copy-up"
fresh = {"Type": "volume", "Source": lab.name("etc"), "Target": "/etc", "VolumeOptions": {"Labels": lab.labels}}
print("volume:", run("filled", "test -e /etc/passwd && echo there || echo missing", Mounts=[fresh]), end="")
bare = {"Type": "volume", "Source": lab.name("bare"), "Target": "/etc"}
bare["VolumeOptions"] = {"Labels": lab.labels, "NoCopy": True}
print("NoCopy:", run("bare", "test -e /etc/passwd && echo there || echo missing", Mounts=[bare]), end="")

# %% [markdown] id="copy-up-read"
# An *empty volume* is filled with what the image has at that place, when a container is created with it. `NoCopy`
# switches that off. A volume that has content already is left as it is, so a newer image's files don't get in. A bind
# mount is never filled: it hides what the image has.
#
# **Now you, with a gap.** Create the container `again` with the volume `notes` at `/archive`, this time with `Binds`, and
# read-only.

# %% id="use-gap" tags=["learner", "task"]
lab.delete(f"/containers/{lab.name('again')}")
body = {"Image": "busybox", "Labels": lab.labels, "HostConfig": {"Binds": [...]}}
r = lab.post("/containers/create", name=lab.name("again"), json=body)
r

# %% id="use-gap" tags=["solution"]
lab.delete(f"/containers/{lab.name('again')}")
body = {"Image": "busybox", "Labels": lab.labels, "HostConfig": {"Binds": [f"{notes}:/archive:ro"]}}
r = lab.post("/containers/create", name=lab.name("again"), json=body)
r.status

# %% [markdown] id="use-gap-text"
# Was it right? Ask for the container: then there is one mount, of the type `volume`, at `/archive`, and `RW` is false. An
# empty list says that there is no such container.

# %% id="use-gap-proof"
again = lab.get(f"/containers/{lab.name('again')}/json").json()
[(mount["Type"], mount["Destination"], mount["RW"]) for mount in again.get("Mounts", [])]

# %% [markdown] id="task-3"
# ### Exercise 4.3 (make)
#
# One container writes, another one reads. Let a container write the line `hello` into the file `letter.txt` of a volume
# with the name `lab.name("letters")`. Then leave a container with the name `lab.name("postman")`, in any state, that
# has this volume at `/mail`, and can't change it.

# %% id="setup-3"
lab.setup("4.3")

# %% id="try-3" tags=["learner", "task"]
# Your calls.

# %% id="try-3" tags=["solution"]
letters = lab.name("letters")
print(lab.post("/volumes/create", json={"Name": letters, "Labels": lab.labels}).status)
run("sender", "echo hello > /out/letter.txt", Binds=[f"{letters}:/out"])
print(run("postman", "cat /mail/letter.txt", Binds=[f"{letters}:/mail:ro"]))

# %% id="check-3"
lab.check("4.3")

# %% [markdown] id="task-4"
# ### Exercise 4.4 (repair)
#
# The program in the container `lab.name("diary")` writes to `/data`, and each time the container is made anew, all that
# it wrote is gone. A volume `lab.name("pages")` was made for it and has a first page already. Find out what is wrong, and
# mend it: a container of that name that has the volume where the program writes. The first page must still be there.

# %% id="setup-4"
lab.setup("4.4")

# %% id="try-4" tags=["learner", "task"]
# Your calls.

# %% id="try-4" tags=["solution"]
diary, pages = lab.name("diary"), lab.name("pages")
was = lab.get(f"/containers/{diary}/json").json()
print([(m["Name"] == pages, m["Destination"]) for m in was["Mounts"]])
print(lab.delete(f"/containers/{diary}", force=True).status)
program = was["Config"]["Cmd"]
body = {"Image": "busybox", "Cmd": program, "Labels": lab.labels, "HostConfig": {"Binds": [f"{pages}:/data"]}}
print(lab.post("/containers/create", name=diary, json=body).status)

# %% id="check-4"
lab.check("4.4")

# %% [markdown] id="part-3"
# ## Part 3. Back up and restore (15 minutes)
#
# **Goal.** The content of a volume as one file on your side, and that file's content in another volume.
#
# The API has no call for a volume's files. It has one for the files of a *container*: `archive`. So a container with the
# volume mounted is the way in and out, and it need not even run: the Engine mounts the volume for the call.
#
# > **Then / now.** Blog posts of 2015 do it with a second container that runs `tar` and a bind mount for the result,
# > and keep data in "data-only containers" that others borrow with `VolumesFrom`. Both still work. Volumes with a name
# > of their own came with Docker 1.9 and made the second one needless; `archive` makes the first one needless, also for
# > an Engine on another machine.
#
# Something to save: two files, one of them in a folder.

# %% id="save-prepare"
books = lab.name("books")
lab.post("/volumes/create", json={"Name": books, "Labels": lab.labels}).raise_for_status()
run("librarian", "mkdir -p /data/2016; echo first > /data/index; echo old > /data/2016/entry", Binds=[f"{books}:/data"])
box = lab.name("box")
body = {"Image": "busybox", "Labels": lab.labels, "HostConfig": {"Binds": [f"{books}:/data:ro"]}}
lab.delete(f"/containers/{box}", force=True)
lab.post("/containers/create", name=box, json=body).status, lab.get(f"/containers/{box}/json").json()["State"]["Status"]

# %% [markdown] id="head-text"
# ### Is it there? `HEAD`
#
# `HEAD` is the same request as `GET` without a body in the answer. What `archive` knows about the path stands in a
# header, as JSON in *base64* (bytes written with 64 harmless characters).

# %% id="head"
import base64
import json

r = lab.head(f"/containers/{box}/archive", path="/data/index")
stat = json.loads(base64.b64decode(r.headers["x-docker-container-path-stat"]))
print(stat["name"], stat["size"])
r

# %% [markdown] id="get-text"
# `index` has 6 bytes: `first` and a line end. `mode` says who may read and write it. In the JSON it is the number 420; the
# table writes it with the digits 0 to 7, as `chmod` takes it. **Change one thing:** a path that isn't there.

# %% id="head-missing"
lab.head(f"/containers/{box}/archive", path="/data/nothing").status

# %% [markdown] id="out-text"
# ### Out: `GET`
#
# The answer is a *tar*: many files, with owner, mode and time of each, in one stream of bytes.
#
# > **Predict.** Which names are in it, `index` or `data/index`?

# %% id="out"
import io
import tarfile


def names(tar):
    return sorted(tarfile.open(fileobj=io.BytesIO(tar)).getnames())


r = lab.get(f"/containers/{box}/archive", path="/data")
print(names(r.response.body))
r

# %% [markdown] id="out-read"
# The last part of the path comes along: every name begins with `data`. That is the trap of this pair of calls, and the
# place where backups end up one folder too deep. With `/.` at its end the path means *the content of* the folder:

# %% id="out-content"
r = lab.get(f"/containers/{box}/archive", path="/data/.")
backup = lab.work / "lab04-backup.tar"
backup.write_bytes(r.response.body)
names(r.response.body)

# %% [markdown] id="out-note"
# The backup is now a file in your folder. In a terminal it is the curl line of that call, with `-o backup.tar`; the
# docker command does the same with `docker cp`.
#
# A program that writes meanwhile gives you files from before and after a change in one tar. Stop or pause it first, or
# use the program's own way to save.
#
# ### In again: `PUT`
#
# The other direction takes a tar as the body; `path` is the folder to unpack it in, which must exist. `data=` with a
# path sends that file as it is.

# %% id="in"
copy, box2 = lab.name("copy"), lab.name("box2")
lab.post("/volumes/create", json={"Name": copy, "Labels": lab.labels}).raise_for_status()
body = {"Image": "busybox", "Labels": lab.labels, "HostConfig": {"Binds": [f"{copy}:/data"]}}
lab.delete(f"/containers/{box2}", force=True)
lab.post("/containers/create", name=box2, json=body).raise_for_status()
r = lab.put(f"/containers/{box2}/archive", path="/data", data=backup, headers={"Content-Type": "application/x-tar"})
r

# %% [markdown] id="in-text"
# **Verify.** A backup that was never read back is a hope. Read it with a container that has nothing to do with the
# other two:

# %% id="in-verify"
print(run("verify", "cd /x; find . -type f | sort; cat index 2016/entry", Binds=[f"{copy}:/x:ro"]))

# %% [markdown] id="in-trap-text"
# **Change one thing.** Unpack the *first* kind of tar, with `data/` before each name, at `/data`.
#
# > **Predict.** What is in the volume then?

# %% id="in-trap"
wrong = lab.get(f"/containers/{box}/archive", path="/data").response.body
lab.put(f"/containers/{box2}/archive", path="/data", data=wrong, headers={"Content-Type": "application/x-tar"})
print(run("verify", "cd /x; find . -type f | sort", Binds=[f"{copy}:/x:ro"]))

# %% [markdown] id="in-trap-read"
# 200 again, and the copy now has a second copy inside itself, under `data/`. The rule: a tar of `/data` is unpacked at
# `/`, a tar of `/data/.` at `/data`.
#
# Also, `PUT` adds and overwrites, and never removes: what was in the volume before is still there. Restore into a new
# volume.
#
# **Now you, with a gap.** The same tar, right this time: where does it have to be unpacked?

# %% id="in-gap" tags=["learner", "task"]
r = lab.put(f"/containers/{box2}/archive", path=..., data=wrong, headers={"Content-Type": "application/x-tar"})
r

# %% id="in-gap" tags=["solution"]
r = lab.put(f"/containers/{box2}/archive", path="/", data=wrong, headers={"Content-Type": "application/x-tar"})
r.status

# %% [markdown] id="task-5"
# ### Exercise 4.5 (make)
#
# The volume `lab.name("origin")` holds the files `ledger.csv` and `old/ledger.csv`. Make a volume
# `lab.name("replica")` with the same two files at the same places, and leave a container with the name
# `lab.name("shelf")`, in any state, that has the replica at `/data`. The origin stays as it is.

# %% id="setup-5"
lab.setup("4.5")

# %% id="try-5" tags=["learner", "task"]
# Your calls.

# %% id="try-5" tags=["solution"]
origin, replica, shelf, source = (lab.name(word) for word in ("origin", "replica", "shelf", "source"))
lab.post("/volumes/create", json={"Name": replica, "Labels": lab.labels}).raise_for_status()
for name, volume_name in ((source, origin), (shelf, replica)):
    lab.delete(f"/containers/{name}", force=True)
    body = {"Image": "busybox", "Labels": lab.labels, "HostConfig": {"Binds": [f"{volume_name}:/data"]}}
    lab.post("/containers/create", name=name, json=body).raise_for_status()
tar = lab.get(f"/containers/{source}/archive", path="/data/.").response.body
lab.put(f"/containers/{shelf}/archive", path="/data", data=tar, headers={"Content-Type": "application/x-tar"}).status

# %% id="check-5"
lab.check("4.5")

# %% [markdown] id="part-4"
# ## Part 4. Delete and prune (20 minutes)
#
# **Goal.** Remove what is not needed, keep what is, and know which is which before the call.
#
# A volume and a container that uses it, and has ended long ago:

# %% id="in-use-prepare"
kept = lab.name("kept")
lab.post("/volumes/create", json={"Name": kept, "Labels": lab.labels}).raise_for_status()
run("user", "echo x > /data/x", Binds=[f"{kept}:/data"])
lab.get(f"/containers/{lab.name('user')}/json").json()["State"]["Status"]

# %% [markdown] id="in-use-text"
# > **Predict.** The container is stopped. Does `DELETE` of its volume work? And with `force=1`?

# %% id="in-use"
r = lab.delete(f"/volumes/{kept}")
print(r.status, lab.delete(f"/volumes/{kept}", force=True).status)
r

# %% [markdown] id="in-use-read"
# 409 both times. *In use* means that a container refers to it, running or not: it could be started again. `force` does
# not override that, unlike with containers. What it does is smaller: a volume that does not exist is 204 with it, and
# 404 without.

# %% id="force"
nobody = lab.name("nobody")
lab.delete(f"/volumes/{nobody}").status, lab.delete(f"/volumes/{nobody}", force=True).status

# %% [markdown] id="who-text"
# ### Who uses it?
#
# The message of the 409 names the containers, but messages are for people. The list of containers has a filter
# `volume`, and it takes a name (or a path inside):

# %% id="who"
r = lab.get("/containers/json", all=True, filters={"volume": [kept]})
print([(c["Names"], c["State"]) for c in r.json()])
r

# %% [markdown] id="users-picture-text"
# Or all volumes at once, with who mounts them, and where:

# %% id="users-picture" tags=["nbval-ignore-output"] reason="every volume that is on the engine is in the picture"
lab.map("volumes")

# %% [markdown] id="delete-text"
# Container first, then volume, then the volume once more.
#
# > **Predict.** Which status has each call? (The second one is shown in full.)

# %% id="delete"
print(lab.delete(f"/containers/{lab.name('user')}").status)
r = lab.delete(f"/volumes/{kept}")
print(lab.delete(f"/volumes/{kept}").status)
r

# %% [markdown] id="task-6"
# ### Exercise 4.6 (find out)
#
# The volume `lab.name("held")` can't be deleted. Which container holds it? Give its name to the check.

# %% id="setup-6"
lab.setup("4.6")

# %% id="try-6" tags=["learner", "task"]
holder = ...

# %% id="try-6" tags=["solution"]
r = lab.get("/containers/json", all=True, filters={"volume": [lab.name("held")]})
holder = r.json()[0]["Names"][0].lstrip("/")
holder

# %% id="check-6"
lab.check("4.6", holder)

# %% [markdown] id="task-7"
# ### Exercise 4.7 (predict)
#
# Three volumes: `lab.name("vol-a")`, `lab.name("vol-b")`, `lab.name("vol-c")`. What will `DELETE /volumes/{name}` answer
# for each of them, in this order? Look at who uses them; don't delete anything. The answer is a list of three status
# codes.

# %% id="setup-7"
lab.setup("4.7")

# %% id="try-7" tags=["learner", "task"]
answer = ...

# %% id="try-7" tags=["solution"]
answer = []
for word in ("vol-a", "vol-b", "vol-c"):
    users = lab.get("/containers/json", all=True, filters={"volume": [lab.name(word)]}).json()
    answer.append(409 if users else 204)
answer

# %% id="check-7"
lab.check("4.7", answer)

# %% [markdown] id="anonymous-text"
# ### Volumes without a name
#
# Many images declare `VOLUME` in their Dockerfile, and a container can ask for one with `"Volumes": {"/data": {}}`.
# Then the Engine makes an *anonymous* volume, named by 64 characters, for this container alone.

# %% id="anonymous"
anon = lab.name("anon")
lab.post("/volumes/create", json={"Name": notes, "Labels": lab.labels}).raise_for_status()


def create_anonymous():
    binds = {"Binds": [f"{notes}:/n"]}
    body = {"Image": "busybox", "Labels": lab.labels, "Volumes": {"/data": {}}, "HostConfig": binds}
    lab.delete(f"/containers/{anon}", v=True)
    lab.post("/containers/create", name=anon, json=body).raise_for_status()
    mounts = lab.get(f"/containers/{anon}/json").json()["Mounts"]
    return next(m["Name"] for m in mounts if m["Destination"] == "/data")


first = create_anonymous()
len(first), lab.get(f"/volumes/{first}").status

# %% [markdown] id="anonymous-delete-text"
# The container has two volumes: the anonymous one, and `notes`.
#
# > **Predict.** The container is deleted. What becomes of the anonymous one, and what if the call says `v=1`?

# %% id="anonymous-delete"
lab.delete(f"/containers/{anon}")
print("without v:", lab.get(f"/volumes/{first}").status)
second = create_anonymous()
r = lab.delete(f"/containers/{anon}", v=True)
print("with v=1: ", lab.get(f"/volumes/{second}").status)
print("notes:    ", lab.get(f"/volumes/{notes}").status)
r

# %% [markdown] id="anonymous-read"
# Without `v`, the anonymous volume stays, and nothing says any more whose it was: this is how disks fill up. With
# `v=1` it goes along with the container. A volume with a name is never removed by that.
#
# Clear the one that stayed, while you still know its name:

# %% id="anonymous-clear"
lab.delete(f"/volumes/{first}").status

# %% [markdown] id="dangling-text"
# ### Prune: delete all that is unused
#
# *Unused* (the filter calls it `dangling`) is a volume that no container refers to. Here are two, both with a label of
# their own: one with a name, and one without.

# %% id="dangling"
batch = f"batch={lab.name('old')}"
labels = {**lab.labels, "batch": lab.name("old")}
named = lab.post("/volumes/create", json={"Name": lab.name("stale"), "Labels": labels}).json()["Name"]
nameless = lab.post("/volumes/create", json={"Labels": labels}).json()["Name"]
r = lab.get("/volumes", filters={"dangling": ["true"], "label": [batch]})
print(r.curl)
print({named, nameless} <= {v["Name"] for v in r.json()["Volumes"]})

# %% [markdown] id="prune-text"
# `POST /volumes/prune` deletes unused volumes. Without a filter that is *all* of the engine, yours and everybody
# else's; so never without a filter on a machine that you share. Always list with the same filter first, as above.
#
# The call has two meanings, and the version in its path decides:
#
# - up to API 1.41, it deletes all unused volumes that match;
# - from API 1.42 on, it deletes *anonymous* ones alone, unless the filter `all` says otherwise.
#
# The next call asks in the words of 1.41, which every Engine from 20.10 to 29 understands.
#
# > **Predict.** How many of the two?

# %% id="prune"
r = lab.post("/volumes/prune", version="1.41", filters={"label": [batch]})
print(r.curl)
{named, nameless} <= set(r.json()["VolumesDeleted"] or []), r.json()["SpaceReclaimed"]

# %% [markdown] id="prune-read"
# Both; the answer names them, and says how many bytes were gained (none: they were empty).
#
# > **Then / now.** A clean-up script of 2019 says `docker volume prune -f` and expects named volumes to go. The same
# > script on a new Docker leaves them, because the new client asks in the words of 1.42 or newer. It was changed for
# > good reason: an unused *named* volume is most often a database whose container is being replaced at that moment.
#
# **Now you, with a gap.** Make the call right for your engine, whatever its version. `newer` says which words it
# speaks; what has to be in `filters` so that a volume with a *name* is deleted? Values of a filter are texts in a list, also
# where they mean yes or no. (On an engine that speaks 1.41, the line with `all` is not run.)

# %% id="prune-newer"
newer = tuple(map(int, lab.version.split("."))) >= (1, 42)
lab.post("/volumes/create", json={"Name": lab.name("stale"), "Labels": labels}).status

# %% id="prune-gap" tags=["learner", "task"]
filters = {"label": ...}
if newer:
    filters["all"] = ...
r = lab.post("/volumes/prune", filters=filters)
r

# %% id="prune-gap" tags=["solution"]
filters = {"label": [batch]}
if newer:
    filters["all"] = ["true"]
r = lab.post("/volumes/prune", filters=filters)
r.json()["VolumesDeleted"]

# %% [markdown] id="prune-gap-text"
# Was it right? 404 says that the volume is gone, 200 that it is still there.

# %% id="prune-gap-proof"
lab.get(f"/volumes/{lab.name('stale')}").status

# %% [markdown] id="task-8"
# ### Exercise 4.8 (make)
#
# The container `lab.name("tenant")` has moved out. Remove it, its volume `lab.name("flat")`, and the anonymous volume
# that it leaves behind. The volume `lab.name("cellar")`, which it used too, stays.

# %% id="setup-8"
lab.setup("4.8")

# %% id="try-8" tags=["learner", "task"]
# Your calls.

# %% id="try-8" tags=["solution"]
[
    lab.delete(f"/containers/{lab.name('tenant')}", v=True, force=True).status,
    lab.delete(f"/volumes/{lab.name('flat')}").status,
]

# %% id="check-8"
lab.check("4.8")

# %% [markdown] id="task-9"
# ### Exercise 4.9 (explain by evidence)
#
# Somebody says that nobody uses the volume `lab.name("idle")`, and that `lab.name("busy")` is in use. Produce one
# response in which *the Engine* lists the unused volumes: the first is among them, the other is not. Give it to the
# check: `lab.check("4.9", r)`.

# %% id="setup-9"
lab.setup("4.9")

# %% id="try-9" tags=["learner", "task"]
r = ...

# %% id="try-9" tags=["solution"]
r = lab.get("/volumes", filters={"dangling": ["true"], "label": [label]})
sorted(v["Name"].split("-")[0] for v in r.json()["Volumes"] if v["Name"] in (lab.name("idle"), lab.name("busy")))

# %% id="check-9"
lab.check("4.9", r)

# %% [markdown] id="task-10"
# ### Exercise 4.10 (make)
#
# Last year's volumes have the label `year` with the value `2016`, and this year's another value. Prune all volumes of
# `2016` that no container uses. Volumes of another year stay, and so does every container.

# %% id="setup-10"
lab.setup("4.10")

# %% id="try-10" tags=["learner", "task"]
# Your calls.

# %% id="try-10" tags=["solution"]
filters = {"label": ["year=2016", label], **({"all": ["true"]} if newer else {})}
r = lab.post("/volumes/prune", filters=filters)
r.status, len(r.json()["VolumesDeleted"])

# %% id="check-10"
lab.check("4.10")

# %% [markdown] id="learned"
# ## What you learned
#
# - A volume is named data that the Engine keeps. It outlives every container; creating it again is 201 and changes
#   nothing.
# - `Mountpoint` is a folder of the Engine's machine. The way in is a mount, by `Binds` or `Mounts`.
# - A misspelt volume is created on the spot, empty. Inspect before you create.
# - Volume, bind mount, tmpfs: kept by the Engine, by you, by nobody.
# - `archive` takes content out and in, through a container that need not run. A tar of `/data` goes to `/`, a tar of
#   `/data/.` goes to `/data`.
# - 409 is *in use*, also by a stopped container, and `force` does not change that. `v=1` takes anonymous volumes along.
# - Prune means one thing up to API 1.41 and another from 1.42 on. List with the same filter first.
#
# ## Where to read on
#
# The reference has a page for each request of this lab (API 1.51; change the version in the address for yours):
# [list](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Volume/operation/VolumeList),
# [create](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Volume/operation/VolumeCreate),
# [inspect](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Volume/operation/VolumeInspect),
# [delete](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Volume/operation/VolumeDelete),
# [prune](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Volume/operation/VolumePrune),
# [archive: look](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerArchiveInfo),
# [archive: out](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerArchive),
# [archive: in](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/PutContainerArchive),
# [create a container](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerCreate)
# (`HostConfig.Binds`, `HostConfig.Mounts`).
#
# The last cells remove what this lab made, your folder's two files among it. Next: lab 5, networks.

# %% id="clean-folder" tags=["quiet"]
import shutil

shutil.rmtree(lab.work / "lab04-bind", ignore_errors=True)
(lab.work / "lab04-backup.tar").unlink(missing_ok=True)

# %% id="clean-end"
lab.clean()
