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
# **How long** 75 to 90 minutes, in six parts of 10 to 20. A part can be left at its end. To take it up again later, run
# the two code cells below this text, put the cursor into the first cell of your part and choose *Run → Run All Above
# Selected Cell*.
#
# **What it needs** The course's own Engine, because this lab restarts the daemon and changes where it listens. With
# `./lab --engine host` or Podman, parts 3, 4 and 6 say so and stop there.
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

# %% id="start"
import labkit

lab = labkit.start("01")

# %% [markdown] id="clean-first-text"
# The next cell removes what an earlier run of this lab may have left behind, and puts the daemon's configuration back
# to the course's own. The last cell of the notebook does the same.

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
# What does it store? Fill in the gap: the list of its repositories is at `/v2/_catalog`.

# %% id="catalog" tags=["learner", "task"]
registry.get(...)

# %% id="catalog" tags=["solution"]
registry.get("/v2/_catalog")

# %% [markdown] id="task-1-1"
# ### Exercise 1.1 (find out)
#
# Each repository holds **tags**, the names of its versions: `GET /v2/NAME/tags/list` lists them. Which tags does the
# registry hold for the repository `library/busybox`? Give the answer as a list of words.

# %% id="do-1-1" tags=["learner", "task"]
answer = ...

# %% id="do-1-1" tags=["solution"]
answer = registry.get("/v2/library/busybox/tags/list").json()["tags"]

# %% id="check-1-1"
lab.check("1.1", answer)
