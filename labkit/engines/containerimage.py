"""The image that the container kind runs: a dockerd, a docker-registry and the course's supervisor's needs.

Built on the official ``docker:dind`` where the learner's Docker can pull it, else
from Debian's packages.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

from ..errors import EngineError
from ..messages import _
from ..session import Session
from . import packages
from .base import LABEL, Paths, Progress

DIND = "docker:28.5.2-dind"
REPOSITORY = f"{LABEL}/engine"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_NEEDS = "python3 unshare setpriv mount docker-registry dockerd iptables"
_ALPINE = "python3 coreutils docker-registry util-linux-misc setpriv mount"
_DEBIAN = (
    "docker.io",
    "containerd",
    "runc",
    "iptables",
    "docker-registry",
    "busybox-static",
    "coreutils",
    "mount",
    "procps",
    "util-linux",
    "ca-certificates",
    "libcrypt1",
    "python3-minimal",
    "libpython3-stdlib",
)


def image(docker: Session, paths: Paths, progress: Progress) -> str:
    """Return the image to run, which is made first where it is not there.

    ``LABKIT_DIND_IMAGE`` names another base than `DIND`.  Raises `EngineError`.
    """
    base = os.environ.get("LABKIT_DIND_IMAGE") or DIND
    # A tag says what it was made of, so that another recipe makes another image.
    built = f"{REPOSITORY}:{re.sub(r'[^a-zA-Z0-9_.-]', '-', base)}-{_digest(_dockerfile(base))}"
    unpacked = f"{REPOSITORY}:debian-{_digest(' '.join(_DEBIAN))}"
    for name in (built, *([] if os.environ.get("LABKIT_DIND_IMAGE") else [unpacked])):
        if docker.request("GET", f"/images/{name}/json").ok:
            return name
    progress(_("Building the engine's image on {base}", base=base), None)
    why = _build(docker, paths, base, built)
    if not why:
        return built
    if os.environ.get("LABKIT_DIND_IMAGE") or not packages.can_install():
        raise EngineError(
            _("The engine's image could not be built on {base}: {why}", base=base, why=why),
            _("Go online once, or name another image with LABKIT_DIND_IMAGE."),
        )
    progress(_("Building the engine's image from Debian's packages (90 MB)"), None)
    _import(docker, paths, unpacked, progress)
    return unpacked


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _dockerfile(base: str) -> str:
    have = " && ".join(f"command -v {program}" for program in _NEEDS.split())
    return f"FROM {base}\nLABEL {LABEL}=engine\nRUN ({have}) || apk add --no-cache {_ALPINE}\n"


def _build(docker: Session, paths: Paths, base: str, name: str) -> str:
    """Build on an image, adding what it lacks; return why it failed, or nothing."""
    dockerfile = _dockerfile(base)
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        info = tarfile.TarInfo("Dockerfile")
        info.size = len(dockerfile)
        archive.addfile(info, io.BytesIO(dockerfile.encode()))
    file = paths.state / "box.tar"
    file.write_bytes(context.getvalue())
    try:
        query = {"t": name, "rm": True, "forcerm": True}
        headers = {"Content-Type": "application/x-tar"}
        return docker.request("POST", "/build", query, data=file, headers=headers, timeout=600).error
    finally:
        file.unlink()


def _import(docker: Session, paths: Paths, name: str, progress: Progress) -> None:
    folder, file = paths.state / "box", paths.state / "box.tar"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        packages.unpack(_DEBIAN, folder, progress, libraries=True)
        _complete(folder)
        with tarfile.open(file, "w") as archive:
            archive.add(folder, ".", filter=_as_root)
        repository, _colon, tag = name.partition(":")
        changes = [f"ENV PATH={PATH}", f"LABEL {LABEL}=engine"]
        query = {"fromSrc": "-", "repo": repository, "tag": tag, "changes": changes}
        docker.request("POST", "/images/create", query, data=file, timeout=600).raise_for_status()
    except OSError as error:
        raise EngineError(
            _("The engine's image could not be written: {why}.", why=error.strerror), _("Is the disk full (df -h)?")
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        file.unlink(missing_ok=True)


def _as_root(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = "root"
    return info


def _complete(root: Path) -> None:
    """Make what installing the packages would have made, and drop what nobody reads."""
    for waste in ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/bash-completion", "etc/init.d"):
        shutil.rmtree(root / waste, ignore_errors=True)
    listed = subprocess.run([root / "bin" / "busybox", "--list"], capture_output=True, text=True, check=True).stdout
    for applet in listed.split():
        if not any((root / folder / applet).exists() for folder in ("bin", "sbin", "usr/bin", "usr/sbin")):
            (root / "bin" / applet).symlink_to("busybox")
    for tool in ("iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore"):
        (root / "usr" / "sbin" / tool).unlink(missing_ok=True)
        (root / "usr" / "sbin" / tool).symlink_to(_backend(root, tool))
    for folder in ("proc", "sys", "dev", "run", "tmp", "root", "var/lib", "etc"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "var" / "run").unlink(missing_ok=True)
    (root / "var" / "run").symlink_to("/run")
    (root / "etc" / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (root / "etc" / "group").write_text("root:x:0:\n")
    certificates = sorted((root / "usr" / "share" / "ca-certificates").rglob("*.crt"))
    bundle = root / "etc" / "ssl" / "certs" / "ca-certificates.crt"
    bundle.parent.mkdir(parents=True, exist_ok=True)
    bundle.write_text("\n".join(file.read_text() for file in certificates))


def _backend(root: Path, tool: str) -> str:
    """The variant of iptables that this machine uses, for its kernel has that one; else the newer."""
    here = shutil.which("iptables", path=PATH)
    legacy = here is not None and "legacy" in os.path.realpath(here)
    family, _dash, action = tool.partition("-")
    wanted = f"{family}-{'legacy' if legacy else 'nft'}{'-' + action if action else ''}"
    return wanted if (root / "usr" / "sbin" / wanted).is_symlink() else "xtables-nft-multi"
