"""The ``lab`` script: it needs nothing, says what it does, and hands over to labkit.cli."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import script

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A checkout without an environment."""
    folder = tmp_path / "a course"
    folder.mkdir()
    shutil.copy(ROOT / "lab", folder)
    for name in ("labkit", "notebooks"):
        (folder / name).symlink_to(ROOT / name)
    for name in ("requirements.lock", "requirements-dev.lock", "requirements-uv.lock"):
        (folder / name).write_text("")
    return folder


@pytest.fixture
def lab(course: Path) -> ModuleType:
    """The script of that checkout, as a module."""
    return script.load(course / "lab")


def programs(folder: Path, *names: str, **scripts: str) -> dict[str, str]:
    """An environment whose PATH has these programs of the machine alone, and these scripts."""
    folder.mkdir()
    for name in names:
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    for name, text in scripts.items():
        file = folder / name.replace("_", "-")
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o755)
    return {"PATH": str(folder), "HOME": str(folder)}


def run(course: Path, *arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run ./lab as a shell would."""
    return subprocess.run(
        ["/bin/sh", "./lab", *arguments], cwd=course, env=env, capture_output=True, text=True, timeout=60
    )


def test_it_is_executable() -> None:
    """The script can be run as ./lab."""
    assert (ROOT / "lab").stat().st_mode & stat.S_IXUSR


def test_without_python_or_apt(course: Path, tmp_path: Path) -> None:
    """Without Python and apt it says what is missing, and changes nothing."""
    done = run(course, env=programs(tmp_path / "bin", "dirname", "id"))
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "Python 3.10 or newer with its venv module: missing.",
        "Install it with this machine's own package manager, then type ./lab again.",
    ]


@pytest.mark.parametrize(("arguments", "user"), [((), "1000"), (("doctor",), "0")])
def test_without_python_it_prints_the_command(
    course: Path, tmp_path: Path, arguments: tuple[str, ...], user: str
) -> None:
    """Without root, and for doctor, it installs nothing, and prints the command that would."""
    env = programs(tmp_path / "bin", "dirname", apt_get="touch called", id=f"echo {user}")
    done = run(course, *arguments, env=env)
    assert done.returncode == 1
    assert "apt-get install --no-install-recommends python3 python3-venv ca-certificates curl procps" in done.stderr
    assert not (course / "called").exists()


def test_without_python_root_installs_it(course: Path, tmp_path: Path) -> None:
    """As root it says what it installs, calls apt, and goes on with the Python that is then there."""
    python = tmp_path / "bin" / "python3"
    (tmp_path / "python3").write_text('#!/bin/sh\n[ "$1" = -c ] || echo "python3 $*"\n')
    bring = f'echo "apt-get $*" >&2; [ "$1" = update ] || cp -p {tmp_path}/python3 {python}'
    (tmp_path / "python3").chmod(0o755)
    done = run(course, "status", env=programs(tmp_path / "bin", "dirname", "sh", "cp", apt_get=bring, id="echo 0"))
    assert done.stderr.splitlines()[1:] == [
        "Installing with apt: python3 python3-venv ca-certificates curl procps",
        "apt-get update -qq",
        "apt-get install -y -qq --no-install-recommends python3 python3-venv ca-certificates curl procps",
    ]
    assert done.stdout == "python3 ./lab status\n"


def test_apt_that_brings_too_old_a_python(course: Path, tmp_path: Path) -> None:
    """When apt brings no Python that will do, it says so instead of trying forever."""
    done = run(course, env=programs(tmp_path / "bin", "dirname", "sh", apt_get="exit 0", id="echo 0"))
    assert done.returncode == 1
    assert "too old" in done.stderr.splitlines()[-1]


def test_apt_that_fails(course: Path, tmp_path: Path) -> None:
    """When apt fails, it says so and ends."""
    env = programs(tmp_path / "bin", "dirname", "sh", apt_get="echo E: no network >&2; exit 100", id="echo 0")
    done = run(course, env=env)
    assert done.returncode == 1
    assert "Is the machine online?" in done.stderr.splitlines()[-1]


def make(lab: ModuleType, *locks: str) -> None:
    """Leave an environment as if the script had made it."""
    lab.PYTHON.parent.mkdir(parents=True)
    lab.PYTHON.symlink_to(sys.executable)
    (lab.VENV / "pyvenv.cfg").write_text("")
    lab.STAMP.write_text(json.dumps({**lab.place(), **{name: lab.digest(name) for name in locks}}))


def test_environment_is_made_once(lab: ModuleType) -> None:
    """An environment that was made from the lock is used as it is."""
    assert not lab.is_made(lab.LOCK)
    make(lab, lab.LOCK)
    assert lab.is_made(lab.LOCK)
    assert not lab.is_made(lab.DEV_LOCK)


@pytest.mark.parametrize("change", ["lock", "stamp cut", "stamp gone", "moved", "other python", "no pyvenv.cfg"])
def test_environment_is_made_again(lab: ModuleType, change: str) -> None:
    """A changed lock, a half-made environment, a moved folder and another Python each make it anew."""
    make(lab, lab.LOCK)
    if change == "lock":
        (lab.ROOT / lab.LOCK).write_text("changed")
    elif change == "stamp cut":
        lab.STAMP.write_text(lab.STAMP.read_text()[:20])
    elif change == "stamp gone":
        lab.STAMP.unlink()
    elif change == "moved":
        lab.STAMP.write_text(lab.STAMP.read_text().replace(str(lab.ROOT), "/elsewhere"))
    elif change == "other python":
        lab.PYTHON.unlink()
        lab.PYTHON.symlink_to("/bin/sh")
    else:
        (lab.VENV / "pyvenv.cfg").unlink()
    assert not lab.is_made(lab.LOCK)


def test_making_uses_the_lock_and_stamps_last(lab: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """The packages come from the lock with their digests checked; the stamp is written when all is done."""
    commands: list[list[str]] = []

    def record(command: list[object], **_how: object) -> bool:
        assert not lab.STAMP.exists()
        commands.append([str(word) for word in command])
        return True

    make(lab)
    (lab.VENV / "lib" / "python3" / "site-packages").mkdir(parents=True)
    monkeypatch.setattr(lab, "run", record)
    monkeypatch.setattr(lab.shutil, "which", lambda name: f"/opt/{name}")
    lab.make(lab.DEV_LOCK)
    python, lock = str(lab.PYTHON), str(lab.ROOT / lab.DEV_LOCK)
    assert ["/opt/uv", "pip", "install", "--python", python, "-q", "--require-hashes", "-r", lock] in commands
    assert lab.is_made(lab.DEV_LOCK)
    assert lab.is_made(lab.LOCK)  # the development lock holds all of it
    (link,) = lab.VENV.glob("lib/python*/site-packages/*.pth")
    assert link.read_text() == f"{lab.ROOT}\n"


def test_without_uv_pip_does_the_same(lab: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where uv cannot be had, pip installs from the same lock, digests checked."""
    commands: list[str] = []

    def refuse_uv(command: list[object], *, may_fail: bool = False, **_how: object) -> bool:
        words = " ".join(map(str, command))
        commands.append(words)
        return "requirements-uv.lock" not in words

    make(lab)
    monkeypatch.setattr(lab, "run", refuse_uv)
    monkeypatch.setattr(lab.shutil, "which", lambda _name: None)
    lab.make(lab.LOCK)
    assert commands[-1].endswith(f"--require-hashes -r {lab.ROOT / lab.LOCK}")
    assert " -m pip install " in commands[-1]


def test_install_that_fails(lab: ModuleType) -> None:
    """A command that fails is named, with what to do; its own lines stand above."""
    with pytest.raises(lab.CannotInstall, match=r"false --now\nWhen the machine is online"):
        lab.run(["false", "--now"])


def test_full_disk(lab: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is said as such."""
    monkeypatch.setattr(lab.shutil, "disk_usage", lambda _folder: shutil._ntuple_diskusage(1, 1, 0))
    with pytest.raises(lab.CannotInstall, match="disk is full"):
        lab.run(["false"])


def test_pips_settings_hold_for_uv(lab: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A package index that pip is set to is the one that uv asks; what is set for uv goes first."""
    for name in ("PIP_INDEX_URL", "PIP_CERT", "UV_DEFAULT_INDEX", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".pip").mkdir()
    (tmp_path / ".pip" / "pip.conf").write_text("[global]\nindex-url = https://mirror.example/simple\n")
    assert lab.uv_environment()["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    monkeypatch.setenv("PIP_INDEX_URL", "https://other.example/simple")
    assert lab.uv_environment()["UV_DEFAULT_INDEX"] == "https://other.example/simple"
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://uv.example/simple")
    assert lab.uv_environment()["UV_DEFAULT_INDEX"] == "https://uv.example/simple"


@pytest.mark.parametrize("home", ["/proc", "/nowhere"])
def test_home_that_cannot_be_written(lab: ModuleType, monkeypatch: pytest.MonkeyPatch, home: str) -> None:
    """With a home that is read-only or not there, uv does without its cache in it."""
    monkeypatch.setenv("HOME", home)
    assert lab.uv_environment()["UV_NO_CACHE"] == "1"


def test_read_only_folder(lab: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In a folder that cannot be written to, one line names the file and says what to do."""

    def refuse(_lock: str) -> None:
        raise OSError(30, "Read-only file system", "/course/.venv")

    monkeypatch.setattr(lab, "make", refuse)
    assert lab.main([]) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("/course/.venv: Read-only file system. ")
    assert "copy it" in said


def test_ctrl_c_while_it_installs(
    lab: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C while packages are installed: one line says that nothing runs."""

    def interrupt(_lock: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(lab, "make", interrupt)
    assert lab.main([]) == 130
    assert "Nothing runs yet" in capsys.readouterr().err


def test_it_is_of_its_own_checkout(lab: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a terminal that belongs to another checkout, ./lab works on the one that it lies in."""
    seen: list[str] = []
    monkeypatch.setenv("LABKIT_ROOT", "/another/course")
    monkeypatch.setattr("labkit.cli.main", lambda _words: seen.append(os.environ["LABKIT_ROOT"]) or 0)
    assert lab.main(["doctor"]) == 0
    assert seen == [str(lab.ROOT)]
