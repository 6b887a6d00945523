# %% [markdown] id="title"
# # Lab 3. Images
#
# **What you will be able to do**
#
# - list, inspect and draw images, and say which step of a build made them large;
# - build an image from a tar that you make yourself, and read the stream of a build that fails;
# - tag an image, push it to a registry that asks for a password, and read it back through the Registry API;
# - pull it again with a progress bar a layer, and find the error that hides behind a status 200;
# - search, save, load, delete and prune, and know what each of them leaves behind.
#
# **How long** 85 to 95 minutes, in six parts of 15 to 20. A part can be left at its end. To take it up again later, put
# the cursor into the first cell of your part and choose *Run → Run All Above Selected Cell*.
#
# **What it needs** Lab 2, and the lab registry that `./lab` started beside the Engine. An Engine that isn't the course's own
# (`--engine host`, Podman) has none: parts 3 to 5 and the search say so and stop there.
#
# **Why anyone should care** A pipeline that looks at the status code alone calls a failed push a success, and the next
# deployment runs last week's image. And disks fill, and pulls take minutes, because of layers that a later step was
# thought to have deleted.
#
# Words in *italics* are in the [glossary](docs/glossary.md).

# %% id="start" tags=["quiet"]
import labkit

lab = labkit.start("03")

# %% [markdown] id="clean-first-text"
# Begin from nothing: this removes what an earlier run of this lab left behind, and nothing else.

# %% id="clean-first"
lab.clean()

# %% [markdown] id="recall"
# ## Recall: three questions on lab 2
#
# Answer each in your head first, then fill the gap (`...`) and let the Engine answer. This container is there to ask
# about:

# %% id="recall-container" tags=["quiet"]
sleeper = lab.name("sleeper")
body = {"Image": "busybox", "Cmd": ["sleep", "600"], "Labels": lab.labels}
lab.delete(f"/containers/{sleeper}", force=True)
lab.post("/containers/create", name=sleeper, json=body).raise_for_status()
r = lab.post(f"/containers/{sleeper}/start").raise_for_status()

# %% [markdown] id="recall-1"
# **1.** The container runs. Which status does a second `start` get?

# %% id="recall-again" tags=["learner", "task"]
r = lab.post(...)
r

# %% id="recall-again" tags=["solution"]
r = lab.post(f"/containers/{sleeper}/start")
r.status

# %% [markdown] id="recall-2"
# **2.** Delete it without any parameter. Which status, and why?

# %% id="recall-delete" tags=["learner", "task"]
r = lab.delete(...)
r

# %% id="recall-delete" tags=["solution"]
r = lab.delete(f"/containers/{sleeper}")
r.status

# %% [markdown] id="recall-3"
# **3.** Which parameter deletes it all the same?

# %% id="recall-force" tags=["learner", "task"]
r = lab.delete(...)
r

# %% id="recall-force" tags=["solution"]
r = lab.delete(f"/containers/{sleeper}", force=True)
r.status

# %% [markdown] id="part-1"
# ## Part 1. Look (15 minutes)
#
# An *image* is a file system and a description: which program to start in it, in which folder, with which variables.
# The file system is a stack of *layers*. Each layer is a tar of what one step added or changed.
#
# There must be something to look at. The next cell builds an image from six lines. Part 2 explains the call; for now
# only the lines matter.

# %% id="first-image"
import io
import random
import tarfile


def context(files):
    """Return a tar that holds the files: a dict of name and content."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return whole.getvalue()


dockerfile = """\
FROM busybox
COPY stock.bin /data/stock.bin
RUN head -c 1000000 /data/stock.bin > /data/sample.bin
COPY page.html /www/index.html
ENV GREETING=hello
CMD ["httpd", "-f", "-h", "/www"]
"""
files = {
    "Dockerfile": dockerfile,
    "page.html": "<h1>Open</h1>\n",
    "stock.bin": random.Random(3).randbytes(3_000_000),
}
site = lab.name("site")
r = lab.post("/build", t=f"{site}:1", labels=lab.labels, forcerm=True, data=context(files))
r.status, r.error

# %% [markdown] id="list-goal"
# ### List
#
# **Goal.** Find that image in the list, and no other.
#
# `GET /images/json` lists images. Its parameter `filters` is a JSON object that maps the name of a filter to a *list*
# of values; labkit writes a dict as JSON. The filter `reference` takes a name, with `*` for anything.
#
# > **Predict.** The image is `site-…:1`. Does the filter have to name the tag?

# %% id="list"
r = lab.get("/images/json", filters={"reference": [site]})
print(r.curl)
r.table[["id", "tags", "size"]]

# %% [markdown] id="list-read"
# **Read it.** You see three columns of the table. `r` alone shows all of it, with the very same request for a shell above,
# and `r.json()` is what the Engine sent: one object an image. `RepoTags` holds its names. A name is written `REPOSITORY:TAG`,
# and where no tag is given, the filter takes every tag. `Id` is a *digest*, the SHA-256 of a document
# that describes the image: the same content has the same digest everywhere. `Size` is that of all layers, in bytes.
#
# Three fields of the object:

# %% id="list-fields"
(image,) = lab.get("/images/json", filters={"reference": [site]}).json()
print(image["RepoTags"], image["Labels"]["docker-api-lab"], image["Id"][:7])

# %% [markdown] id="list-trap"
# **Change one thing.** Filter values are text, in a list. `true` without a list looks reasonable, and is refused: with
# 400 on newer Engines, with 500 on old ones.

# %% id="list-trap-call"
wrong = lab.get("/images/json", filters={"dangling": True})
right = lab.get("/images/json", filters={"dangling": ["true"]})
wrong.status in (400, 500), right.status

# %% [markdown] id="inspect-goal"
# ### Inspect
#
# **Goal.** Read what the image will do when a container is made of it.
#
# > **Predict.** Six lines stand in the Dockerfile. Which of them will you find in `Config`?

# %% id="inspect"
lab.get(f"/images/{site}:1/json")

# %% [markdown] id="inspect-config-text"
# The table shows what people look for first. The whole answer is folded below it; `Config` holds what became of the
# Dockerfile:

# %% id="inspect-config"
config = lab.get(f"/images/{site}:1/json").json()["Config"]
print("Cmd", config["Cmd"])
print("Env", [variable.split("=")[0] for variable in config["Env"]])
print("our label", config["Labels"]["docker-api-lab"])

# %% [markdown] id="inspect-read"
# `Cmd` and `Env` are there, and the label that the build call added. What `COPY` and `RUN` did is not in the
# description but in the layers. `PATH` came with `busybox`.
#
# **Now you, with a gap.** Inspect answers more than `Config`. Put the names of the two fields that say for which
# processor and which operating system the image was made in the place of the dots. (Look at the whole answer with
# `lab.get(f"/images/{site}:1/json")`.)

# %% id="inspect-gap" tags=["learner", "task"]
inspected = lab.get(f"/images/{site}:1/json").json()
[inspected.get(field) for field in [...]]

# %% id="inspect-gap" tags=["solution"]
inspected = lab.get(f"/images/{site}:1/json").json()
[inspected.get(field) is not None for field in ["Architecture", "Os"]]

# %% [markdown] id="history-goal"
# ### History, as a picture
#
# **Goal.** See which step made the image large.
#
# `GET /images/{name}/history` lists the steps that an image was made in, the newest first. `layers` of labkit draws
# them: the bar is as long as the layer is large.
#
# > **Predict.** Which of the six lines make a layer?

# %% id="history"
from labkit.layers import layers

history = lab.get(f"/images/{site}:1/history")
print(history.curl)
layers(history.json())

# %% [markdown] id="history-read"
# `COPY` and `RUN` change files and so make layers. `ENV`, `CMD` and `LABEL` change the description alone: size 0. At
# the bottom lies the image that `FROM` named, with its own history. It is not stored twice: all images that begin with
# `busybox` share that layer.
#
# > **The Engine's version shows here.** Up to 28 an Engine counts the bytes of the files. Engine 29 keeps images in the
# > store of *containerd* and counts what they take on the disk, so that its sizes are a little larger, and a few bytes
# > take a whole block.

# %% [markdown] id="shared-picture-text"
# Which images share which layers? Sizes are to scale. The base is at the bottom, as in the history above, and a layer
# that several images have on the same base is drawn once:

# %% id="shared-picture" tags=["nbval-ignore-output"] reason="every image that is on the engine is in the picture"
lab.map("images")

# %% [markdown] id="task-3-1"
# ### Exercise 3.1 (find out)
#
# `lab.setup("3.1")` puts an image named `parcel` on your Engine (in full: `lab.name("parcel")`). One of its steps
# copied the file `/cargo` into it. How large is the layer of that step, in bytes?

# %% id="setup-3-1"
lab.setup("3.1")

# %% id="do-3-1" tags=["learner", "task"]
answer = ...

# %% id="do-3-1" tags=["solution", "quiet"]
steps = lab.get(f"/images/{lab.name('parcel')}/history").json()
answer = next(step["Size"] for step in steps if "/cargo" in step["CreatedBy"])

# %% id="check-3-1"
lab.check("3.1", answer)

# %% [markdown] id="task-3-2"
# ### Exercise 3.2 (find out)
#
# `lab.setup("3.2")` makes the image `crane` (in full: `lab.name("crane")`). In which folder does a container of it start
# its program? Answer with the path.

# %% id="setup-3-2"
lab.setup("3.2")

# %% id="do-3-2" tags=["learner", "task"]
answer = ...

# %% id="do-3-2" tags=["solution", "quiet"]
answer = lab.get(f"/images/{lab.name('crane')}/json").json()["Config"]["WorkingDir"]

# %% id="check-3-2"
lab.check("3.2", answer)

# %% [markdown] id="part-2"
# ## Part 2. Build (15 minutes)
#
# `docker build .` packs the folder `.` into a tar, the *build context*, and sends it as the body of `POST /build`. That
# is why a large folder makes a slow build, and why a Dockerfile cannot reach a file above its folder: the Engine never
# sees it. Here the tar is made in the notebook, by the function `context` in part 1.
#
# **Goal.** Build, and watch what the Engine does.
#
# | parameter | what it says |
# |---|---|
# | `t` | the name to give to the result |
# | `labels` | labels, as a JSON object: the builder adds a last step `LABEL` |
# | `forcerm` | remove the containers of the steps, also when one fails |
# | `buildargs` | values for the `ARG` lines of the Dockerfile, as a JSON object |
#
# > **Predict.** The same files were built in part 1. What will be different this time?

# %% id="build-again"
r = lab.post("/build", t=f"{site}:1", labels=lab.labels, forcerm=True, data=context(files))
r

# %% [markdown] id="build-read"
# The body of the *request* is a tar; the curl line names the file that labkit kept it in. The body of the *response* is
# a stream of *JSON lines*: one object a line, sent while the work goes on. `r.lines` holds them, and the text of a build
# is in their field `stream`:


# %% id="build-stream"
def told(r):
    """Return what a build says about each step: its line, or where it was taken from."""
    said = "".join(line.get("stream", "") for line in r.lines)
    return [line for line in said.splitlines() if line.startswith(("Step", " ---> Using"))]


print("\n".join(told(r)))

# %% [markdown] id="cache-read"
# *Using cache*: the Engine had made this step before, from the same parent and the same content, and takes that result.
#
# **Change one thing.** The page. Which steps are made again?
#
# > **Predict.** Step 2 copies `stock.bin`, step 3 reads it, step 4 copies the page, steps 5 to 7 write the description.

# %% id="build-changed"
files["page.html"] = "<h1>Closed</h1>\n"
r = lab.post("/build", t=f"{site}:2", labels=lab.labels, forcerm=True, data=context(files))
print("\n".join(told(r)))

# %% [markdown] id="cache-rule"
# From the first step that differs on, everything is made again. So what changes often belongs at the end of a
# Dockerfile, and what takes long before it.
#
# ### A file that is deleted and still there
#
# **Goal.** Make the image smaller.
#
# The site needs `sample.bin` only. So let a last step remove the 3 MB of `stock.bin`.
#
# > **Predict.** How large is the image afterwards?

# %% id="build-smaller"
smaller = dockerfile + "RUN rm /data/stock.bin\n"
r = lab.post(
    "/build", t=f"{site}:small", labels=lab.labels, forcerm=True, data=context(files | {"Dockerfile": smaller})
)
r.raise_for_status()
size = {tag: lab.get(f"/images/{site}:{tag}/json").json()["Size"] for tag in ("2", "small")}
print("it is smaller:", size["small"] < size["2"])

# %% [markdown] id="build-smaller-read"
# It is no smaller. A layer only adds: the last one notes that the file is gone, and the layer below still holds its
# bytes, which everybody who pulls the image has to fetch. This is also how passwords leak: what one layer holds, a
# later `rm` does not take out of the image.
#
# What helps is not to let it into a layer: make and remove it in the same `RUN`, or build in one stage and copy the
# result into another (`COPY --from`).
#
# **Now you, with a gap.** A value from outside comes through `ARG`. Give the build the value `Tea` for `DRINK`.

# %% id="build-args" tags=["learner", "task"]
menu = {"Dockerfile": "FROM busybox\nARG DRINK=Water\nRUN echo $DRINK > /menu\nENV DRINK=$DRINK\n"}
r = lab.post("/build", t=lab.name("menu"), labels=lab.labels, forcerm=True, buildargs=..., data=context(menu))
r

# %% id="build-args" tags=["solution"]
menu = {"Dockerfile": "FROM busybox\nARG DRINK=Water\nRUN echo $DRINK > /menu\nENV DRINK=$DRINK\n"}
r = lab.post(
    "/build", t=lab.name("menu"), labels=lab.labels, forcerm=True, buildargs={"DRINK": "Tea"}, data=context(menu)
)
[variable for variable in lab.get(f"/images/{lab.name('menu')}/json").json()["Config"]["Env"] if "DRINK" in variable]

# %% [markdown] id="build-fails-goal"
# ### A build that fails
#
# **Goal.** See a failed build for what it is.
#
# > **Predict.** The third line of this Dockerfile reads a file that isn't there. Which status will the call have?

# %% id="build-fails"
broken = """\
FROM busybox
LABEL docker-api-lab=03
RUN cat /no/such/file
"""
r = lab.post("/build", t=f"{site}:broken", forcerm=True, data=context({"Dockerfile": broken}))
print(r.status)
print(r.error)

# %% [markdown] id="build-fails-read"
# **200.** The status was sent when the stream began, long before the step failed, and a status can't be taken back. The
# failure is an object in the stream, with the fields `error` and `errorDetail`: labkit looks for it and gives it as
# `r.error`. A script that looks at the status alone goes on with an image that doesn't exist:

# %% id="build-fails-proof"
lab.get(f"/images/{site}:broken/json").status

# %% [markdown] id="build-refused"
# What is wrong *before* the work begins has a status of its own. **Change one thing:** misspell an instruction, or leave
# the Dockerfile out.

# %% id="build-refused-calls"
misspelt = lab.post("/build", data=context({"Dockerfile": "FRM busybox\n"}))
nothing = lab.post("/build", data=context({"page.html": "<h1>Open</h1>"}))
misspelt.status, nothing.status

# %% [markdown] id="build-refused-read"
# 400: the request is wrong. 500, for a context without a Dockerfile, is one of the places where the API blames itself
# for the caller's mistake.
#
# > **Then / now.** In 2016 there was one builder. Since 2018 there is a second one, *BuildKit*, which the `docker`
# > command uses through its plugin `buildx`, over connections of its own. A plain `POST /build` still runs the classic
# > builder, on Engine 29 too.

# %% [markdown] id="task-3-3"
# ### Exercise 3.3 (make)
#
# Build the image `shop` (in full: `lab.name("shop")`, tag `latest`) on top of `busybox`, so that
#
# - a container of it starts in the folder `/srv`,
# - it has the environment variable `COLOUR`, with your secret word as its value: `lab.secret("colour")`,
# - a file of your choice from the build context has been copied into it.

# %% id="do-3-3" tags=["learner", "task"]
# Your calls

# %% id="do-3-3" tags=["solution"]
shop = {
    "Dockerfile": f"FROM busybox\nCOPY price-list /srv/\nWORKDIR /srv\nENV COLOUR={lab.secret('colour')}\n",
    "price-list": "tea 2\n",
}
r = lab.post("/build", t=lab.name("shop"), labels=lab.labels, forcerm=True, data=context(shop))
r.status, r.error

# %% id="check-3-3"
lab.check("3.3")

# %% [markdown] id="task-3-4"
# ### Exercise 3.4 (predict)
#
# Don't run these; predict their three statuses, in this order. `plate` is `lab.name("plate")`.
#
# 1. `POST /build` with `t=plate`, of a context whose Dockerfile says `FROM busybox` and `COPY no-such-file /x`, and that
#    holds nothing else;
# 2. then `POST /containers/create` with `{"Image": "plate"}`;
# 3. then `DELETE /images/plate`.
#
# Give the answer as a list, such as `[201, 201, 204]`. Afterwards run them, and see.

# %% id="do-3-4" tags=["learner", "task"]
answer = ...

# %% id="do-3-4" tags=["solution", "quiet"]
answer = [200, 404, 404]

# %% id="check-3-4"
lab.check("3.4", answer)

# %% [markdown] id="part-3"
# ## Part 3. Tag and push (15 minutes)
#
# ### Tag
#
# **Goal.** Give the image the name that says where it goes.
#
# `docker push` has no parameter for the server: it is the first part of the image's name, if that part looks like one
# (it has a dot or a colon, or is `localhost`). Without it, the name means Docker Hub. So before an image can go to the
# lab's private registry, it needs a second name.
#
# > **Predict.** Does `POST /images/{name}/tag` copy the image? How many images does the list show afterwards?

# %% id="tag"
remote = f"{lab.registry.private}/{site}"
lab.post(f"/images/{site}:1/tag", repo=remote, tag="1")

# %% id="tag-proof"
ids = {name: lab.get(f"/images/{name}:1/json").json()["Id"] for name in (site, remote)}
len(ids), len(set(ids.values()))

# %% [markdown] id="tag-read"
# 201, *Created*, and an empty body. Two names, one image: a tag is a pointer, and nothing was copied.
#
# ### Push, and who you are
#
# **Goal.** Push it to a registry that asks for a password.
#
# `docker login` keeps the password on *your* side, in `~/.docker/config.json` or a key store. The Engine keeps none: each
# push carries it, in the header `X-Registry-Auth`. Its value is a small JSON object, written as *base64url*.
#
# > **Predict.** First without any password at all. An error status, or a 200 with an error in the stream?

# %% id="push-none" tags=["nbval-ignore-output"] reason="status and message are those of the Engine's version"
r = lab.post(f"/images/{remote}/push", tag="1")
r.status, r.error

# %% [markdown] id="push-none-read"
# It depends on the Engine. Up to 26 the header is mandatory, and without it the answer is 400. From 28 on the header may
# be left out, the push begins, and the *registry* refuses: 200, and an error in the stream. The one thing that holds on
# all of them is that `r.error` is not empty. Now with a wrong password:

# %% id="push-wrong"
r = lab.post(f"/images/{remote}/push", tag="1", headers={"X-Registry-Auth": lab.registry_auth("wrong")})
print(r.status, [sorted(line) for line in r.lines if "error" in line])

# %% [markdown] id="push-wrong-read"
# **A wrong password is a 200**, on every Engine. `raise_for_status` of labkit counts that as an error too, which most
# HTTP libraries don't:

# %% id="push-wrong-raise"
try:
    r.raise_for_status()
except labkit.APIError as error:
    print(type(error).__name__)

# %% [markdown] id="push-right-text"
# And now the right one. The curl line shows the header as a shell variable, so that no password gets into a notebook or
# into the history of a shell. Write `r` alone into a cell to read how that variable is set.

# %% id="push-right"
r = lab.post(f"/images/{remote}/push", tag="1", headers={"X-Registry-Auth": lab.registry_auth()})
print(r.status, repr(r.error))
print(r.curl)

# %% [markdown] id="push-stream-text"
# **Read the stream.** Each layer has an `id` of its own, and goes through *Preparing* and *Pushing*. What the registry
# has is not sent again (*Layer already exists*). The last lines hold the digest under which the registry keeps the
# image:

# %% id="push-digest"
pushed = next(line["status"] for line in r.lines if "digest: sha256:" in line.get("status", ""))
print(pushed.split(" size")[0])

# %% [markdown] id="header-text"
# ### What is in the header
#
# > **Predict.** base64 is not encryption. What will it take to read the password out of the header?

# %% id="header"
import base64
import json

header = lab.registry_auth("wrong")
json.loads(base64.urlsafe_b64decode(header)) | {"serveraddress": "…"}

# %% [markdown] id="header-trap"
# Nothing. So this header belongs on a unix socket or behind TLS, never on a plain port.
#
# **The trap** is in the alphabet. Plain base64 uses `+` and `/`; base64url uses `-` and `_`. For most passwords the two
# are alike, and a script works for years. Then somebody chooses a password like this one:

# %% id="header-alphabets"
login = json.dumps({"username": "me", "password": "why???>>>"}).encode()
plain, url = base64.b64encode(login).decode(), base64.urlsafe_b64encode(login).decode()
sorted(set(plain) - set(url)), sorted(set(url) - set(plain))

# %% [markdown] id="header-trap-read"
# Sent as plain base64, the header can't be decoded, and the Engine goes on *as if there were no password*, without a
# word about it. What you read then is *no basic auth credentials*, and you look for the mistake in the wrong place.

# %% [markdown] id="task-3-5"
# ### Exercise 3.5 (make)
#
# `lab.setup("3.5")` makes the image `kiosk` (in full: `lab.name("kiosk")`). Push it to the private registry, under the
# same name there, with a tag of your own: `lab.secret("tag")`.

# %% id="setup-3-5"
lab.setup("3.5")

# %% id="do-3-5" tags=["learner", "task"]
# Your calls

# %% id="do-3-5" tags=["solution"]
target = f"{lab.registry.private}/{lab.name('kiosk')}"
lab.post(f"/images/{lab.name('kiosk')}/tag", repo=target, tag=lab.secret("tag")).raise_for_status()
auth = {"X-Registry-Auth": lab.registry_auth()}
r = lab.post(f"/images/{target}/push", tag=lab.secret("tag"), headers=auth)
r.status, r.error

# %% id="check-3-5"
lab.check("3.5")

# %% [markdown] id="part-4"
# ## Part 4. What the registry sees (15 minutes)
#
# **Goal.** Read the image back without the Engine, through the *Registry API*: `GET /v2/…` on the registry itself.
#
# > **Predict.** The private registry asks for a password. Which status does it answer without one, and does it say what
# > it wants?

# %% id="registry-closed"
registry = lab.at(f"http://{lab.registry.private}", version="")
r = registry.get("/v2/")
r.status, r.headers["www-authenticate"], r.error

# %% [markdown] id="registry-closed-read"
# 401, and a header that says how to come in: `Basic` means name and password, in base64, in the header `Authorization`.
# A large registry writes `Bearer` there, and the address of a *token server*; the client fetches a token from it and
# sends that instead. (Yes: this is plain base64, and `X-Registry-Auth` is base64url. They come from different standards.)

# %% id="registry-open"
from pathlib import Path

password = Path(lab.registry.password_file).read_text().strip()
basic = base64.b64encode(f"{lab.registry.user}:{password}".encode()).decode()
me = {"Authorization": f"Basic {basic}"}
registry.get("/v2/", headers=me)

# %% [markdown] id="catalog-text"
# What is in it? `GET /v2/_catalog` lists repositories, in the order of the alphabet and in pages of 100; `n` makes the
# page longer.

# %% id="catalog"
r = registry.get("/v2/_catalog", n=1000, headers=me)
r.status, site in r.json()["repositories"]

# %% [markdown] id="tags-gap"
# **Now you, with a gap.** The tags of one repository are at `/v2/NAME/tags/list`. The name is without the server: the
# variable `site` has it.

# %% id="tags" tags=["learner", "task"]
registry.get(..., headers=me)

# %% id="tags" tags=["solution"]
r = registry.get(f"/v2/{site}/tags/list", headers=me)
print("tag 1 is among them:", "1" in r.json()["tags"])

# %% [markdown] id="manifest-goal"
# ### The manifest
#
# A *manifest* is the packing list of an image: the digest of its description (`config`) and of each layer. There are
# several forms of it, and the header `Accept` says which ones the client can read.
#
# > **Predict.** What does a registry send to a client that doesn't say?

# %% id="manifest"
forms = [
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
]
bare = registry.get(f"/v2/{site}/manifests/1", headers=me)
r = registry.get(f"/v2/{site}/manifests/1", headers=me | {"Accept": ", ".join(forms)})
bare.headers["content-type"] == r.headers["content-type"], sorted(r.json())

# %% [markdown] id="manifest-read"
# False: without `Accept` another form came. The registry then takes you for a client of 2015, which knew one form only,
# *schema 1*. It makes that up on the spot, and it has a digest of its own. An image that was pushed in the OCI form has no
# such translation, and the answer is 404. A digest that was read without `Accept` is one of the reasons why "the digests
# don't match".
#
# Now compare. The push said a digest; so does the registry, in a header; and the image has an `Id`.

# %% id="manifest-digests"
manifest = r.json()
digest = r.headers["docker-content-digest"]
inspected = lab.get(f"/images/{remote}:1/json").json()
print("the push said the same digest:", digest in pushed)
print("and the Id of the image is one of the two:", inspected["Id"] in (digest, manifest["config"]["digest"]))
print("the layers are compressed:", sum(layer["size"] for layer in manifest["layers"]) < inspected["Size"])

# %% [markdown] id="manifest-digests-read"
# > **The Engine's version shows here.** Up to 28 the `Id` of an image is the digest of its *config*, and the digest in a
# > registry is another one, that of the *manifest*. Engine 29, with the containerd store, uses the digest of the manifest
# > for both.
#
# A tag can be moved; a digest can't. So `NAME@sha256:…` is what a deployment should name.
#
# The digest alone is worth a request without a body. **Change one thing:** the method.

# %% id="manifest-head"
r = registry.head(f"/v2/{site}/manifests/1", headers=me | {"Accept": ", ".join(forms)})
r.status, len(r.response.body), r.headers["docker-content-digest"] == digest

# %% [markdown] id="config-text"
# The description itself is a *blob*, fetched by its digest. It is what inspect showed, as it lies in the registry:

# %% id="config-blob"
r = registry.get(f"/v2/{site}/blobs/{manifest['config']['digest']}", headers=me)
r.json()["config"]["Cmd"], len(r.json()["rootfs"]["diff_ids"])

# %% [markdown] id="task-3-6"
# ### Exercise 3.6 (find out)
#
# `lab.setup("3.6")` pushes a repository named `crate` (in full: `lab.name("crate")`) to the private registry, and removes
# it from the Engine. Its tag `stable` was moved once. Which digest does the registry have for `stable` now?

# %% id="setup-3-6"
lab.setup("3.6")

# %% id="do-3-6" tags=["learner", "task"]
answer = ...

# %% id="do-3-6" tags=["solution", "quiet"]
r = registry.head(f"/v2/{lab.name('crate')}/manifests/stable", headers=me | {"Accept": ", ".join(forms)})
answer = r.headers["docker-content-digest"]

# %% id="check-3-6"
lab.check("3.6", answer)

# %% [markdown] id="part-5"
# ## Part 5. Pull (15 minutes)
#
# ### Through the mirror
#
# **Goal.** Pull `busybox`, and read each line of the answer.
#
# `POST /images/create` with `fromImage` and `tag` pulls. A name without a server means Docker Hub; but this Engine has a
# *registry mirror* (lab 1) and asks that first.
#
# > **Predict.** The image is here already. What is there left to do?

# %% id="pull-busybox"
lab.post("/images/create", fromImage="busybox", tag="latest")

# %% [markdown] id="pull-busybox-read"
# The Engine fetched the manifest, compared the digest, and needed nothing else. So *pull* is the way to ask whether there
# is something newer: a small request when there isn't.
#
# > **Then / now.** In 2016 the Hub gave images to everybody without limit. Now it counts anonymous pulls by address, and a
# > classroom behind one address has used up its share in minutes. That is what the mirror is for.
#
# ### With something to carry
#
# **Goal.** Watch the layers arrive.
#
# First remove both names of the image from this Engine, and those that were built on it. (Part 6 explains what the answers
# say.)

# %% id="remove-site"
for name in (f"{site}:1", f"{site}:2", f"{site}:small", f"{remote}:1"):
    print(lab.delete(f"/images/{name}").status)

# %% [markdown] id="watch-text"
# `stream=True` gives the lines while they arrive, and `watch` draws a bar for each layer.
#
# > **Predict.** Four layers: that of busybox, `stock.bin`, `sample.bin` and the page. How many will be downloaded?

# %% id="watch"
from labkit.widgets import watch

auth = {"X-Registry-Auth": lab.registry_auth()}
watch(lab.post("/images/create", fromImage=remote, tag="1", headers=auth, stream=True))

# %% [markdown] id="watch-read"
# **Read it.** Each layer has the first characters of its digest as `id`. It goes through *Pulling fs layer*,
# *Downloading* with `progressDetail` (bytes so far, bytes in all), *Download complete*, *Extracting*, *Pull complete*.
# What is here is not fetched: *Already exists*. Three of the four are downloaded, for busybox is here. That is why images
# should share a base.
#
# The same lines without the picture: the last word on each layer. The pull is done once more, from nothing.

# %% id="pull-table"
lab.delete(f"/images/{remote}:1").raise_for_status()
r = lab.post("/images/create", fromImage=remote, tag="1", headers=auth)
last = {line["id"]: line["status"] for line in r.lines if "id" in line and line["id"] != "1"}
sorted(last.values())

# %% [markdown] id="pull-error-goal"
# ### An error inside a 200
#
# **Goal.** Meet the pull that fails and looks well.
#
# A tag that isn't there is found out before the stream begins. It has a status, as you would expect:

# %% id="pull-missing"
lab.post("/images/create", fromImage=remote, tag="no-such-tag", headers=auth).status

# %% [markdown] id="pull-damaged-text"
# What goes wrong later comes inside the stream. To see it, the next cell damages an image: it takes the manifest, says
# that the last layer is a blob which is no layer at all, and puts that into the registry as the tag `damaged`. The
# registry takes it: it looks whether the blobs are there, not what is in them.

# %% id="pull-damaged-make"
damaged = json.loads(json.dumps(manifest))
for field in ("digest", "size"):
    damaged["layers"][-1][field] = damaged["config"][field]
kind = {"Content-Type": manifest["mediaType"]}
registry.put(f"/v2/{site}/manifests/damaged", headers=me | kind, data=json.dumps(damaged)).status

# %% [markdown] id="pull-damaged-predict"
# > **Predict.** The image was pulled a moment ago, and is removed first so that the layers are fetched. Which status will
# > the pull have? Which layer will be the last that you read about?

# %% id="pull-damaged"
lab.delete(f"/images/{remote}:1")
r = lab.post("/images/create", fromImage=remote, tag="damaged", headers=auth)
r.status, bool(r.error), [sorted(line) for line in r.lines if "error" in line]

# %% [markdown] id="pull-damaged-read"
# 200, and in the last line `error` and `errorDetail`. A real disk that fills up, or a connection that breaks off, looks
# the same. So the rule for every stream of the API, be it pull, push, build or load: **read to the end, and look for
# `error`.** `r.raise_for_status()` does both.
#
# The damaged manifest goes away again. A registry deletes by digest:

# %% id="pull-damaged-remove"
r = registry.head(f"/v2/{site}/manifests/damaged", headers=me | {"Accept": ", ".join(forms)})
registry.delete(f"/v2/{site}/manifests/{r.headers['docker-content-digest']}", headers=me).status

# %% [markdown] id="all-tags-goal"
# ### Without a tag
#
# **Goal.** See what a forgotten parameter costs.
#
# The next cell puts two more tags into the repository, each built on tag 1 with another page, and removes everything from
# the Engine again.

# %% id="all-tags-make"
lab.post("/images/create", fromImage=remote, tag="1", headers=auth).raise_for_status()
for tag, page in (("2", "<h1>Closed</h1>\n"), ("3", "<h1>Sold</h1>\n")):
    body = context({"Dockerfile": f"FROM {remote}:1\nCOPY page.html /www/index.html\n", "page.html": page})
    lab.post("/build", t=f"{remote}:{tag}", labels=lab.labels, forcerm=True, data=body).raise_for_status()
    lab.post(f"/images/{remote}/push", tag=tag, headers=auth).raise_for_status()
for tag in "321":
    lab.delete(f"/images/{remote}:{tag}").raise_for_status()
sorted(registry.get(f"/v2/{site}/tags/list", headers=me).json()["tags"])

# %% [markdown] id="all-tags-predict"
# > **Predict.** `docker pull NAME` means `NAME:latest`, and there is no `latest` here. What will the same call of the API
# > do?

# %% id="all-tags"
r = lab.post("/images/create", fromImage=remote, headers=auth)
here = lab.get("/images/json", filters={"reference": [remote]}).json()
r.status, r.error, sorted(name.rpartition(":")[2] for image in here for name in image["RepoTags"])

# %% [markdown] id="all-tags-read"
# **Every tag was pulled.** It is the `docker` command that adds `latest`; the API takes no tag for all of them. With three
# tags that is harmless. For `fromImage=busybox` on the Hub it would be hundreds of images, and a full disk.

# %% [markdown] id="task-3-7"
# ### Exercise 3.7 (make)
#
# `lab.setup("3.7")` pushes three tags of the repository `dishes` (in full: `lab.name("dishes")`) to the private registry.
# Bring all three onto the Engine, with one call.

# %% id="setup-3-7"
lab.setup("3.7")

# %% id="do-3-7" tags=["learner", "task"]
# Your call

# %% id="do-3-7" tags=["solution"]
r = lab.post("/images/create", fromImage=f"{lab.registry.private}/{lab.name('dishes')}", headers=auth)
r.status, r.error

# %% id="check-3-7"
lab.check("3.7")

# %% [markdown] id="task-3-8"
# ### Exercise 3.8 (repair)
#
# `lab.setup("3.8")` makes two images of the repository `till` (in full: `lab.name("till")`), with the tags `old` and `new`,
# and a third tag, `stable`, that points to the wrong one. The right one has the label `tested` with the value `yes`. Find
# it, and move `stable` to it. Build nothing, and leave `old` and `new` where they are.

# %% id="setup-3-8"
lab.setup("3.8")

# %% id="do-3-8" tags=["learner", "task"]
# Your calls

# %% id="do-3-8" tags=["solution"]
till = lab.name("till")
(tested,) = lab.get("/images/json", filters={"reference": [till], "label": ["tested=yes"]}).json()
lab.post(f"/images/{tested['Id']}/tag", repo=till, tag="stable").status

# %% id="check-3-8"
lab.check("3.8")

# %% [markdown] id="part-6"
# ## Part 6. Search, save, load, delete, prune (20 minutes)
#
# ### Search
#
# **Goal.** Find an image by a word.
#
# `GET /images/search?term=…` sends the Engine to a registry to ask. With a server before the word, `HOST:PORT/word`, it
# asks there; the lab registry answers. A word alone always means Docker Hub, mirror or not.

# %% id="search"
lab.get("/images/search", term=f"{lab.registry.private}/busybox")

# %% [markdown] id="search-read"
# `is_official` marks images that the Hub's own team looks after; the table says *official*. Everything else is somebody's: anybody may push an image
# named `nginx-secure`.
#
# > **Predict.** Now a registry that isn't there. Nothing listens at port 1. Will it be 404, or one of the 500s?

# %% id="search-unreachable" tags=["nbval-ignore-output"] reason="status and message are those of the Engine's version"
r = lab.get("/images/search", term="127.0.0.1:1/busybox")
r.status, r.error

# %% [markdown] id="search-unreachable-read"
# Engine 20.10 answers 500: it failed while it asked somebody else. Engine 28 answers 400: the address that you gave is no
# good. Both messages say what was tried, but only the fact that it is no 2xx can be built on.
#
# A plain `term=busybox` asks the Hub. On a machine that can't reach it, both answer 500; on one that can, you get the Hub's
# list:

# %% id="search-hub" tags=["nbval-ignore-output"] reason="whether the Hub answers depends on where the machine stands"
r = lab.get("/images/search", term="busybox", limit=3)
"the Hub can be reached from here" if r.ok else "the Hub can't be reached from here"

# %% [markdown] id="search-hub-read"
# `limit` is a parameter for the Hub. And the Registry API has no search at all: what was asked here is an old call,
# `/v1/search`, that only some servers still answer. On others, `_catalog` of part 4 is what there is.

# %% [markdown] id="task-3-9"
# ### Exercise 3.9 (find out)
#
# How many repositories does the lab registry find for the word `s`? (The term is `lab.registry.private` + `/s`.)

# %% id="setup-3-9"
lab.setup("3.9")

# %% id="do-3-9" tags=["learner", "task"]
answer = ...

# %% id="do-3-9" tags=["solution", "quiet"]
answer = len(lab.get("/images/search", term=f"{lab.registry.private}/s").json())

# %% id="check-3-9"
lab.check("3.9", answer)

# %% [markdown] id="save-goal"
# ### Save and load
#
# **Goal.** Carry an image to a machine without a network.
#
# `GET /images/{name}/get` gives it as a tar, with its layers, its description and its name.
#
# > **Predict.** Tag 2 was built on tag 1. Both in one tar: twice as large as one of them?

# %% id="save"
one = lab.get(f"/images/{remote}:1/get")
both = lab.get("/images/get", names=[f"{remote}:1", f"{remote}:2"])
print(one.curl)
print(one.headers["content-type"])
print("two are hardly larger than one:", len(both.response.body) < 1.1 * len(one.response.body))

# %% [markdown] id="save-read"
# A layer stands in the tar once. In the tar, `manifest.json` says what belongs together:

# %% id="save-manifest"
with tarfile.open(fileobj=io.BytesIO(both.response.body)) as tar:
    listed = json.load(tar.extractfile("manifest.json"))
for image in sorted(listed, key=lambda image: image["RepoTags"]):
    print([name.rpartition(":")[2] for name in image["RepoTags"]], len(image["Layers"]), "layers")

# %% [markdown] id="load-text"
# > **Not to be mixed up.** `GET /images/{name}/get` saves an *image*: layers, names, description. The `export` of lab 2
# > gives the files of a *container*: one tar, no layers, no description; it comes back through
# > `POST /images/create?fromSrc=-`.
#
# **Change one thing.** Remove tag 1, and load it from the tar.

# %% id="load"
lab.delete(f"/images/{remote}:1").raise_for_status()
lab.post("/images/load", quiet=True, data=one.response.body, headers={"Content-Type": "application/x-tar"})

# %% id="load-proof"
lab.get(f"/images/{remote}:1/json").status

# %% [markdown] id="load-gap"
# Loading too answers with a stream: a line for each name that it brought, and for a bad tar an error inside it. **Now you,
# with a gap.** Load both tags from the other tar.

# %% id="load-both" tags=["learner", "task"]
r = lab.post("/images/load", quiet=True, data=...)
r

# %% id="load-both" tags=["solution"]
r = lab.post("/images/load", quiet=True, data=both.response.body)
sorted(line["stream"].strip().rpartition(":")[2] for line in r.lines)

# %% [markdown] id="task-3-10"
# ### Exercise 3.10 (make)
#
# `lab.setup("3.10")` puts a file into your folder: `lab.work / "lab03" / "lunchbox.tar"`, an image that a colleague saved.
# Bring it onto the Engine, and give it a second name: `lunchbox` (in full: `lab.name("lunchbox")`) with the tag `packed`.

# %% id="setup-3-10"
lab.setup("3.10")

# %% id="do-3-10" tags=["learner", "task"]
# Your calls

# %% id="do-3-10" tags=["solution"]
r = lab.post("/images/load", quiet=True, data=lab.work / "lab03" / "lunchbox.tar")
loaded = r.lines[-1]["stream"].partition(": ")[2].strip()
lab.post(f"/images/{loaded}/tag", repo=lab.name("lunchbox"), tag="packed").status

# %% id="check-3-10"
lab.check("3.10")

# %% [markdown] id="delete-goal"
# ### Delete: untagged or deleted
#
# **Goal.** Know whether anything was freed.
#
# > **Predict.** Tag 3 gets a second name. Then both names are deleted, one after the other. What do the two answers say?

# %% id="delete"
lab.post(f"/images/{remote}:3/tag", repo=site, tag="3").raise_for_status()
lab.delete(f"/images/{site}:3")

# %% id="delete-last"
r = lab.delete(f"/images/{remote}:3")
sorted({word for line in r.json() for word in line}) if r.ok else r.error

# %% [markdown] id="delete-read"
# `DELETE` takes away a *name*: `Untagged`. Only with the last name does the image go, with those of its layers that no
# other image uses: `Deleted`. How many lines there are depends on the Engine's store, so don't count them.
#
# **Change one thing.** Let a container use the image. It doesn't have to run.

# %% id="delete-used"
user = lab.name("user")
lab.delete(f"/containers/{user}", force=True)
lab.post("/containers/create", name=user, json={"Image": f"{remote}:2", "Labels": lab.labels}).raise_for_status()
r = lab.delete(f"/images/{remote}:2")
r.status

# %% [markdown] id="delete-used-read"
# 409, *Conflict*. There is a `force=1`. It takes the name away all the same, and then a container is left whose image
# nobody can name. The clean way is to find the containers first. The filter `ancestor` does that:

# %% id="delete-ancestor"
used_by = lab.get("/containers/json", all=True, filters={"ancestor": [f"{remote}:2"]})
[container["Names"] for container in used_by.json()]

# %% id="delete-clean"
print(lab.delete(f"/containers/{user}").status)
print(lab.delete(f"/images/{remote}:2").status)

# %% [markdown] id="task-3-11"
# ### Exercise 3.11 (explain by evidence)
#
# `lab.setup("3.11")` makes the image `oven` (in full: `lab.name("oven")`), and it can't be deleted: 409. A colleague says
# that no container uses it: "`docker ps` shows none". Give the check the response of a `GET /containers/json` that shows
# the contrary: the containers that use this image, and no others.

# %% id="setup-3-11"
lab.setup("3.11")

# %% id="do-3-11" tags=["learner", "task"]
evidence = ...

# %% id="do-3-11" tags=["solution", "quiet"]
evidence = lab.get("/containers/json", all=True, filters={"ancestor": [lab.name("oven")]})

# %% id="check-3-11"
lab.check("3.11", evidence)

# %% [markdown] id="task-3-12"
# ### Exercise 3.12 (repair)
#
# `lab.setup("3.12")` makes the image `stove` (in full: `lab.name("stove")`), which can't be deleted either. Get rid of it
# the clean way: nothing that used it is left, nor the image itself. The container `lab.name("cook")` uses another image,
# and goes on running.

# %% id="setup-3-12"
lab.setup("3.12")

# %% id="do-3-12" tags=["learner", "task"]
# Your calls

# %% id="do-3-12" tags=["solution"]
stove = lab.name("stove")
for container in lab.get("/containers/json", all=True, filters={"ancestor": [stove]}).json():
    lab.delete(f"/containers/{container['Id']}", force=True).raise_for_status()
lab.delete(f"/images/{stove}").status

# %% id="check-3-12"
lab.check("3.12")

# %% [markdown] id="prune-goal"
# ### Prune
#
# **Goal.** Remove what has no name any more, and nothing else.
#
# Each build under a name that exists takes the name away from the image before. That image stays, without a name: it is
# *dangling*. The next cell builds the same name three times, with a page that differs.

# %% id="prune-make"
draft = lab.name("draft")
for page in ("one", "two", "three"):
    body = context({"Dockerfile": "FROM busybox\nCOPY page.html /\n", "page.html": page})
    lab.post("/build", t=draft, labels=lab.labels, forcerm=True, data=body).raise_for_status()
ours = {"label": ["docker-api-lab=03"]}
len(lab.get("/images/json", filters={"reference": [draft]}).json())

# %% [markdown] id="prune-predict"
# > **Predict.** One image has the name `draft`. How many dangling ones carry the label of this lab?

# %% id="prune-dangling"
dangling = lab.get("/images/json", filters={"dangling": ["true"]} | ours)
print("two or more:", len(dangling.json()) >= 2)

# %% [markdown] id="prune-text"
# `POST /images/prune` removes dangling images. **Without a filter it removes those of everybody who uses this Engine.**
# `label` keeps it to yours; several filters must hold together. `until` (a time, or an age such as `24h`) is another one.
#
# The filter `dangling=["false"]` means more than it says: *all* images that no container uses, named or not. It is
# `docker image prune -a`.

# %% id="prune"
r = lab.post("/images/prune", filters=ours)
print(r.curl)
r.status, sorted(r.json()), len(lab.get("/images/json", filters={"dangling": ["true"]} | ours).json())

# %% [markdown] id="prune-read"
# `SpaceReclaimed` counts bytes. Nothing with a name was touched:

# %% id="prune-proof"
[lab.get(f"/images/{name}/json").status for name in (draft, "busybox")]

# %% [markdown] id="task-3-13"
# ### Exercise 3.13 (make)
#
# `lab.setup("3.13")` leaves four dangling images behind, with the label `shift` set to `early` or to `late`. Remove those of
# the late shift, and leave the others.

# %% id="setup-3-13"
lab.setup("3.13")

# %% id="do-3-13" tags=["learner", "task"]
# Your call

# %% id="do-3-13" tags=["solution"]
lab.post("/images/prune", filters={"dangling": ["true"], "label": ["docker-api-lab=03", "shift=late"]}).status

# %% id="check-3-13"
lab.check("3.13")

# %% [markdown] id="learned"
# ## What you learned
#
# - An image is a stack of layers and a description; history says which step made which layer, and a later step makes no
#   layer smaller.
# - Pull, push, build and load answer 200 and *then* work. Read to the end and look for `error`.
# - The name says where an image goes; `X-Registry-Auth` says who sends it, in base64url.
# - A tag is a pointer that can be moved. A digest isn't.
# - No tag means every tag, and no filter means everybody's.
# - Delete takes a name away; the image goes with its last name, when no container uses it.
#
# **Where to read on**, the page of each request:
#
# | request | page |
# |---|---|
# | `GET /images/json` | [ImageList](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Image/operation/ImageList) |
# | `GET /images/{name}/json` | [ImageInspect](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Image/operation/ImageInspect) |
# | `GET /images/{name}/history` | [ImageHistory](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Image/operation/ImageHistory) |
# | `POST /build` | [ImageBuild](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Image/operation/ImageBuild) |
# | `POST /images/{name}/tag` | [ImageTag](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Image/operation/ImageTag) |
# | `POST /images/{name}/push` | [ImagePush](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Image/operation/ImagePush) |
# | `X-Registry-Auth` | [Authentication](https://docs.docker.com/reference/api/engine/version/v1.51/#section/Authentication) |
# | `GET /v2/…` | [Registry API](https://distribution.github.io/distribution/spec/api/) |
# | `POST /images/create` | [ImageCreate](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Image/operation/ImageCreate) |
# | `GET /images/search` | [ImageSearch](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Image/operation/ImageSearch) |
# | `GET /images/{name}/get` | [ImageGet](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Image/operation/ImageGet) |
# | `POST /images/load` | [ImageLoad](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Image/operation/ImageLoad) |
# | `DELETE /images/{name}` | [ImageDelete](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Image/operation/ImageDelete) |
# | `POST /images/prune` | [ImagePrune](https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Image/operation/ImagePrune) |

# %% [markdown] id="clean-last-text"
# The last cell removes what this lab made. What was pushed stays in the lab registry, which belongs to the course and goes
# with it.

# %% id="clean-last"
(lab.work / "lab03" / "lunchbox.tar").unlink(missing_ok=True)
lab.clean()
