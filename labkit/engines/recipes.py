"""What the course's images are, whoever makes them: names, users, files and commands as those of the images on the Hub.

Plain data.  `debian` puts Debian's programs into them, and the practice engine its own.

Source: the README of each image on the Hub.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

DESCRIPTIONS = {
    "library/busybox": "A small shell and the usual commands in one file",
    "library/nginx": "The nginx web server",
    "library/redis": "The redis key-value store",
}
USERS = """root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
nginx:x:101:101:nginx:/nonexistent:/bin/false
redis:x:999:999:redis:/data:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
"""
GROUPS = "root:x:0:\ndaemon:x:1:\ntty:x:5:\nnginx:x:101:\nredis:x:999:\nnogroup:x:65534:\n"
MOTD = "The stable one.\n"
"""What makes busybox:stable another image than busybox:latest."""
NGINX_CONF = """user nginx;
worker_processes 1;
error_log /var/log/nginx/error.log notice;
pid /run/nginx.pid;
events { worker_connections 1024; }
http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    access_log /var/log/nginx/access.log;
    sendfile on;
    include /etc/nginx/conf.d/*.conf;
}
"""
NGINX_SITE = """server {
    listen 80;
    location / {
        root /usr/share/nginx/html;
        index index.html;
    }
}
"""
# As the image on the Hub, it takes calls from other containers: no protected mode.
REDIS_ENTRY = """#!/bin/sh
case "$1 $2" in
redis-server\\ -v | redis-server\\ --version | redis-server\\ -h | redis-server\\ --help) exec "$@" ;;
redis-server\\ *) exec "$@" --protected-mode no ;;
-*) exec redis-server "$@" --protected-mode no ;;
*) exec "$@" ;;
esac
"""
CONFIGS: dict[str, dict[str, Any]] = {
    "busybox": {"Cmd": ["sh"], "Env": [_PATH]},
    "nginx": {
        "Cmd": ["nginx", "-g", "daemon off;"],
        "Env": [_PATH],
        "ExposedPorts": {"80/tcp": {}},
        "StopSignal": "SIGQUIT",
    },
    "redis": {
        "Cmd": ["redis-server"],
        "Entrypoint": ["docker-entrypoint.sh"],
        "Env": [_PATH],
        "ExposedPorts": {"6379/tcp": {}},
        "Volumes": {"/data": {}},
        "WorkingDir": "/data",
    },
}
"""What a container gets from each image; its labels come to it."""

_INSTRUCTION = {"Cmd": "CMD", "Entrypoint": "ENTRYPOINT", "ExposedPorts": "EXPOSE", "WorkingDir": "WORKDIR"}


def labels(title: str, origin: str) -> dict[str, str]:
    """Return the labels of an image: what it is, and what it was built from."""
    return {"org.opencontainers.image.description": f"Built from {origin}", "org.opencontainers.image.title": title}


def steps(config: Mapping[str, Any]) -> list[str]:
    """Return the instructions of a Dockerfile that make a configuration, in its order."""
    return [f"{_INSTRUCTION[key]} {_operand(value)}" for key, value in config.items() if key in _INSTRUCTION]


def _operand(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(value)
    return json.dumps(value) if isinstance(value, list) else str(value)


def repository(name: str) -> dict[str, object]:
    """Return what a search says about a repository."""
    return {
        "name": name.removeprefix("library/"),
        "description": DESCRIPTIONS.get(name, ""),
        "star_count": 0,
        "is_official": name in DESCRIPTIONS,
        "is_automated": False,
    }
