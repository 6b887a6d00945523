"""The terminal beside the notebook: a shell that knows the course's engine.

In it, ``curl $L/containers/json`` asks the engine, ``curl $T/info`` does so over the TLS port
that lab 1 opens, and the ``docker`` command works on the course's engine and on no other.
The file is written anew at each start, so that a shell opened later finds what runs then.

Source: https://www.gnu.org/software/bash/manual/html_node/Bash-Startup-Files.html
"""

from __future__ import annotations

import re
import shlex
import shutil
from itertools import chain
from pathlib import Path
from typing import Any

from . import curl
from .engines.base import EngineRecord
from .messages import _
from .model import Endpoint

_PLAIN = re.compile(r"[\w@%+=:,./-]+", re.ASCII)
"""A path of these characters alone stays one word where a shell takes ``$L`` apart."""


def command(startup: Path) -> list[str]:
    """Return the command of a shell that reads `startup` first.

    Where there is no bash, sh reads it: it takes the name of its startup file from ``ENV``.
    """
    if bash := shutil.which("bash"):
        return [bash, "--rcfile", str(startup), "-i"]
    return ["env", f"ENV={startup}", "sh", "-i"]


def lines(record: EngineRecord, work: Path, certificates: Path) -> str:
    """Return the startup file of a shell, for sh and bash.

    Parameters
    ----------
    record: the engine that runs.
    work: the folder to begin in.
    certificates: the folder of the learner's own, which lab 1 fills.
    """
    own = {name: str(certificates / f"{name}.pem") for name in ("ca", "cert", "key")}
    short = {"L": _short(record.endpoint, record.api_version)}
    if record.tls_port:
        options = f"--cacert {own['ca']} --cert {own['cert']} --key {own['key']}"
        short["T"] = f"{options} https://localhost:{record.tls_port}/v{record.api_version}"
        if not all(map(_PLAIN.fullmatch, own.values())):
            del short["T"]
    docker = {"DOCKER_HOST": str(record.endpoint), "DOCKER_API_VERSION": record.api_version}
    if tls := record.endpoint.tls:
        docker |= {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(Path(tls.ca or tls.cert or ".").parent)}
    said = _("curl $L/containers/json asks the course's engine.")
    if shutil.which("docker"):
        said = _("curl $L/containers/json asks the course's engine; the docker command here speaks to it, too.")
    return "\n".join(
        [
            '[ -r "$HOME/.bashrc" ] && . "$HOME/.bashrc"',
            f"cd {shlex.quote(str(work))}",
            "unset DOCKER_CONTEXT DOCKER_TLS_VERIFY DOCKER_CERT_PATH",
            *(f"export {name}={shlex.quote(value)}" for name, value in docker.items()),
            *(f"{name}={shlex.quote(value)}" for name, value in short.items()),
            f"printf '%s\\n' {shlex.quote(said)}",
            "",
        ]
    )


def _short(endpoint: Endpoint, version: str) -> str:
    """Return what stands for an endpoint in a curl line, up to the path."""
    return " ".join([*chain(*curl.connection_options(endpoint)), f"{endpoint.base}/v{version}"])


def workspace(notebook: str) -> dict[str, Any]:
    """Return JupyterLab's layout at the first start: a notebook, and a terminal on its right.

    Parameters
    ----------
    notebook: its path below the folder that JupyterLab shows.

    Source: https://jupyterlab.readthedocs.io/en/stable/user/workspaces.html
    """
    panes = [f"notebook:{notebook}", "terminal:1"]
    tabs = [{"type": "tab-area", "currentIndex": 0, "widgets": [pane]} for pane in panes]
    dock = {"type": "split-area", "orientation": "horizontal", "sizes": [0.7, 0.3], "children": tabs}
    return {
        "data": {
            "layout-restorer:data": {
                "main": {"dock": dock, "current": panes[0]},
                "left": {"collapsed": False, "visible": True, "current": "filebrowser", "widgets": ["filebrowser"]},
                "relativeSizes": [0.14, 0.86, 0],
            },
            panes[0]: {"data": {"path": notebook, "factory": "Notebook"}},
            panes[1]: {"data": {"name": "1"}},
        },
        "metadata": {"id": "default"},
    }
