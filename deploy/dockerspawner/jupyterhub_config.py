# JupyterHub with a container for each student, on one machine that has Docker: https://jupyterhub-dockerspawner.readthedocs.io
#
# The image is that of deploy/image/Dockerfile. Each student has the practice engine, in their own container. No socket
# of Docker is mounted into one: who may use that socket is root on the machine. For real engines, give each student a
# virtual machine; a privileged container is no fence.
#
#     pip install jupyterhub dockerspawner jupyterhub-firstuseauthenticator jupyterhub-idle-culler
#     docker network create lab
#     jupyterhub -f jupyterhub_config.py

import os
import sys
from pathlib import Path

c = get_config()  # noqa: F821 - JupyterHub puts it here

network = "lab"
url = "http://127.0.0.1:8000"
c.JupyterHub.bind_url = url
# The address of this machine in that network, where the containers find the hub:
# docker network inspect lab --format '{{(index .IPAM.Config 0).Gateway}}'
c.JupyterHub.hub_bind_url = os.environ.get("HUB_URL", "http://172.18.0.1:8081")

c.JupyterHub.spawner_class = "dockerspawner.DockerSpawner"
c.DockerSpawner.image = os.environ.get("COURSE_IMAGE", "registry.example.org/docker-api-lab:1.0.0")
c.DockerSpawner.network_name = network
c.DockerSpawner.use_internal_ip = True
c.DockerSpawner.remove = True  # what a student did is on the volume
c.DockerSpawner.volumes = {"lab-{username}": "/home/learner"}
c.DockerSpawner.mem_limit = "1G"
c.DockerSpawner.cpu_limit = 1
c.DockerSpawner.extra_host_config = {
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "pids_limit": 512,
}
c.Spawner.default_url = "/lab"
c.Spawner.start_timeout = 180

c.JupyterHub.authenticator_class = "firstuseauthenticator.FirstUseAuthenticator"
c.FirstUseAuthenticator.create_users = False
c.FirstUseAuthenticator.min_password_length = 8
names = Path("names.txt")
c.Authenticator.allowed_users = set(names.read_text().split()) if names.exists() else set()

c.JupyterHub.cleanup_servers = False
c.JupyterHub.load_roles = [
    {
        "name": "culler",
        "services": ["culler"],
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
    }
]
c.JupyterHub.services = [
    {"name": "culler", "command": [sys.executable, "-m", "jupyterhub_idle_culler", "--timeout=3600"]}
]
