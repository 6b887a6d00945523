"""The configuration of a class's JupyterHub: written once, and then the teacher's own."""

from __future__ import annotations

import re

from ...files import write
from .folder import ClassFolder

CONFIG = """\
# JupyterHub for the course "Docker API Lab", on one machine.
# It is written once, and then yours: https://jupyterhub.readthedocs.io/en/stable/reference/config-reference.html

import os
import sys

from labkit.classroom.hub.folder import ClassFolder

c = get_config()  # noqa: F821 - JupyterHub puts it here

# Who may log in, and the fence around each student: their own user, files, engine, processes and network. Keep this.
lab_class = ClassFolder.of({root!r})
lab_class.configure(c)

# Where the class finds it. For others than this machine, put a server with a certificate before it, and leave this
# on loopback: deploy/one-machine/Caddyfile has the few lines.
url = "{url}"
c.JupyterHub.bind_url = url

# What one student may take.
c.Spawner.mem_limit = "1G"
c.Spawner.cpu_limit = 1

# A first start on a busy machine takes its time.
c.Spawner.start_timeout = 180
c.Spawner.http_timeout = 180
c.Spawner.notebook_dir = "/course/work"
c.Spawner.default_url = "/lab"
c.Authenticator.enable_auth_state = False
c.FirstUseAuthenticator.min_password_length = 8
c.JupyterHub.template_vars = {{
    "announcement_login": "Your user name is the id that your school has for you. "
    "The password of your first login becomes yours: at least 8 characters. " + lab_class.said(),
}}

# The hub can be restarted in the middle of a lesson: students' servers go on.
c.JupyterHub.cleanup_servers = False

# A server that nobody has used for so long is ended; notebooks and engine are kept, and are there at the next login.
idle_minutes = 60
c.JupyterHub.load_roles = [
    {{
        "name": "culler",
        "services": ["culler"],
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
    }}
]
c.JupyterHub.services = [
    *lab_class.services(),  # the teacher's page on the class at work, where it was switched on
    {{
        "name": "culler",
        "command": [
            sys.executable,
            "-m",
            "jupyterhub_idle_culler",
            f"--timeout={{idle_minutes * 60}}",
            f"--url={{url}}/hub/api",
        ],
    }},
]
"""


def port(place: ClassFolder) -> int | None:
    """Return the port of loopback that a configuration names; None where the teacher has it listen elsewhere."""
    text = place.config.read_text() if place.config.exists() else ""
    found = re.search(r"""^url = ["']http://127\.0\.0\.1:(\d+)["']""", text, re.M)
    return int(found[1]) if found else None


def configure(place: ClassFolder, port: int) -> None:
    """Write a class's configuration at first, and afterwards its port alone.  Raises `OSError`."""
    url = f"http://127.0.0.1:{port}"
    if place.config.exists():
        text = re.sub(r"^url = .*$", f'url = "{url}"', place.config.read_text(), count=1, flags=re.M)
    else:
        text = CONFIG.format(root=str(place.root), url=url)
    write(place.config, text, mode=0o600)
