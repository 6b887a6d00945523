"""Packages without their services: a docker.io that is installed for the course starts nothing by itself.

A second Docker would make docker0 and rewrite the machine's firewall; nobody asked for that one.

Source: deb-systemd-invoke(1p), invoke-rc.d(8): exit code 101 of /usr/sbin/policy-rc.d means "do not".
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

POLICY = Path("/usr/sbin/policy-rc.d")
_TEXT = "#!/bin/sh\n# Made by docker-api-lab while apt runs; safe to remove.\nexit 101\n"


@contextmanager
def no_services() -> Iterator[None]:
    """Keep packages from starting services while they are installed.

    A policy that the machine has already stays in force as it is.  One that a killed start
    of the course left behind is known by its text, and is removed at the end.
    """
    if POLICY.exists() and POLICY.read_text(errors="replace") != _TEXT:
        yield
        return
    with open(os.open(POLICY, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o755), "w") as out:
        out.write(_TEXT)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)
