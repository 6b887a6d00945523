"""Fetch another Debian suite's Docker into a folder, without touching the system.

    python tests/tools/other_docker.py sid /var/tmp/docker-sid
    LABKIT_DOCKERD_PATH=/var/tmp/docker-sid/bin ./lab engine start

The mirror is the one that this machine's apt uses.  Only what is unlike this system is taken:
programs that need a newer C library than it has are left out, and the system's are used.

Sources: apt-get(8), apt.conf(5), sources.list(5).
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = ("docker.io", "docker-cli", "containerd", "runc")
PROGRAMS = ("dockerd", "docker", "docker-init", "docker-proxy", "containerd", "containerd-shim-runc-v2", "ctr", "runc")


def mirror() -> str:
    """The address of the first Debian archive in this machine's apt sources."""
    files = [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*.sources")]
    text = "\n".join(file.read_text() for file in files if file.exists())
    found = re.search(r"^(?:URIs:|deb(?: \[[^]]*\])?)\s*(\S+/debian)/?(?:\s|$)", text, re.MULTILINE)
    if not found:
        sys.exit("No Debian archive was found in this machine's apt sources.")
    return found.group(1)


def fetch(suite: str, folder: Path) -> Path:
    """Fetch a suite's Docker and return the folder of its programs."""
    apt = folder / "apt"
    for name in ("state/lists/partial", "cache/archives/partial"):
        (apt / name).mkdir(parents=True, exist_ok=True)
    sources = apt / "sources.list"
    sources.write_text(f"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {mirror()} {suite} main\n")
    options = [
        f"-oDir::Etc::sourcelist={sources}",
        "-oDir::Etc::sourceparts=-",
        f"-oDir::State={apt / 'state'}",
        f"-oDir::Cache={apt / 'cache'}",
        "-oAPT::Sandbox::User=root",
    ]
    subprocess.run(["apt-get", *options, "-qq", "update"], check=True)
    subprocess.run(["apt-get", *options, "-q", "download", *PACKAGES], check=True, cwd=apt)
    for deb in sorted(apt.glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", str(deb), str(folder / "root")], check=True)
    shutil.rmtree(apt)
    return choose(folder)


def choose(folder: Path) -> Path:
    """Link the programs that run on this system into one folder."""
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    for name in PROGRAMS:
        for place in ("usr/sbin", "usr/bin", "sbin", "bin", "usr/libexec/docker"):
            program = folder / "root" / place / name
            if program.exists() and runs(program):
                (programs / name).unlink(missing_ok=True)
                (programs / name).symlink_to(program)
    return programs


def runs(program: Path) -> bool:
    """Whether this system's C library is new enough for a program."""
    said = subprocess.run(["ldd", program], capture_output=True, text=True)
    return "not found" not in said.stdout + said.stderr


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    print(fetch(sys.argv[1], Path(sys.argv[2])))
