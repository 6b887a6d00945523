"""All notebooks on the practice engine, unchanged: their cells show what a real Engine led to."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from enginehelp import make_root, started

from labkit.selftest import command, notebooks, real
from labkit.session import Session

CHECKOUT = Path(__file__).parents[1]
DIFFERENT = {
    "01-connection-and-tls.ipynb": "the kind of engine in the first cell, and the alerts of TLS",
    "02-containers.ipynb": "the label of nginx",
    "03-images.ipynb": "the size and the label of busybox",
}
"""Notebooks some cells of which show something else, and what: docs/practice.md lists it."""
AT_MOST = 5
"""So many cells of such a notebook."""
BY_DOCKER = 0 if shutil.which("docker") else 4
"""So many more of lab 1, which runs the docker command where it is installed."""

pytestmark = [pytest.mark.timeout(1200)]
if real(CHECKOUT):  # else nothing runs the notebooks but this
    pytestmark.append(pytest.mark.slow)


@pytest.mark.parametrize("notebook", notebooks(CHECKOUT))
def test_notebook(notebook: str, tmp_path: Path) -> None:
    """No cell fails, what is shown is the same but for the known differences, and nothing is left at the end."""
    with started(make_root(tmp_path), "practice") as record:
        environment = {"LABKIT_ROOT": str(tmp_path), "LABKIT_LIVE": "0", "LABKIT_SEED": "example"}
        done = subprocess.run(
            [*command(CHECKOUT, [notebook]), "--noconftest", "-q", "-p", "no:cacheprovider"],
            cwd=CHECKOUT,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
        )
        with closing(Session(record.endpoint)) as session:
            containers = session.request("GET", "/containers/json", {"all": True}).json()
            volumes = session.request("GET", "/volumes").json()["Volumes"]
    assert (containers, volumes or []) == ([], []), done.stdout[-8000:]
    failed = re.findall(r"^FAILED .*", done.stdout, re.M)
    name = Path(notebook).name
    allowed = (AT_MOST if name in DIFFERENT else 0) + (BY_DOCKER if name.startswith("01") else 0)
    assert len(failed) <= allowed, done.stdout[-8000:]
    assert "execution caused an exception" not in done.stdout, done.stdout[-8000:]
