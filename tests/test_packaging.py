"""One set of dependencies, said in pyproject.toml and held by the locks and environment.yml; a wheel that works."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

import labkit

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RUNTIME = [Requirement(r) for r in PROJECT["dependencies"]]
DEVELOPMENT = [*RUNTIME, *(Requirement(r) for r in PROJECT["optional-dependencies"]["dev"])]


def pins(lock: str) -> dict[tuple[str, str], str]:
    """The version of each package of a lock, by its name and the condition that it stands under."""
    found = re.findall(r"^([\w.-]+)==(\S+)(?: ; (.+?))?(?= \\)", (ROOT / lock).read_text(), re.M)
    return {(canonicalize_name(name), condition): version for name, version, condition in found}


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.13"])
@pytest.mark.parametrize(
    ("lock", "requirements"), [("requirements.lock", RUNTIME), ("requirements-dev.lock", DEVELOPMENT)]
)
def test_lock_holds_what_the_project_asks_for(lock: str, requirements: list[Requirement], python: str) -> None:
    """Each dependency is pinned on each Python, at a version that pyproject.toml allows there."""
    here = {"python_version": python, "python_full_version": f"{python}.0"}
    held = pins(lock).items()
    for requirement in requirements:
        if requirement.marker and not requirement.marker.evaluate(here):
            continue
        own = [pin for pin in held if pin[0][0] == canonicalize_name(requirement.name)]
        versions = [version for (_, condition), version in own if not condition or Marker(condition).evaluate(here)]
        assert versions, f"{requirement.name} is not in {lock}"
        for version in versions:
            assert requirement.specifier.contains(version, prereleases=True), (requirement, version)


def test_development_lock_holds_all_of_the_other() -> None:
    """An environment made for the tests is good for the course: the same versions, and more."""
    assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock", "requirements-uv.lock"])
def test_every_pin_has_digests(lock: str) -> None:
    """Each package is known by its digests, and no address of an index is written down."""
    text = (ROOT / lock).read_text()
    blocks = [block for block in re.split(r"(?m)^(?=[\w.-]+==)", text) if block.strip()]
    assert blocks
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text


def test_conda_environment_takes_the_lock() -> None:
    """environment.yml asks for the same Python as pyproject.toml, and for the packages of the lock."""
    wanted = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    assert wanted == [f"python{PROJECT['requires-python']}", "pip", {"pip": ["-r requirements.lock"]}]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the project, built from the files that git knows, without a network."""
    if not shutil.which("git"):
        pytest.skip("needs git")
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    known = subprocess.run(
        ["git", "ls-files", "-z", "labkit", "pyproject.toml", "README.md", "LICENSE"], cwd=ROOT, capture_output=True
    ).stdout
    for name in known.decode().strip("\0").split("\0"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    build = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", build, str(built)], cwd=source, check=True, capture_output=True)
    (file,) = built.glob("*.whl")
    return file


def test_wheel_holds_every_module_and_data_file(wheel: Path) -> None:
    """What is in labkit/ in the repository is in the wheel, and nothing else is at its top."""
    names = set(zipfile.ZipFile(wheel).namelist())
    known = subprocess.run(["git", "ls-files", "-z", "labkit"], cwd=ROOT, capture_output=True, text=True).stdout
    wanted = {name for name in known.strip("\0").split("\0") if not name.endswith((".po", ".pot"))}
    assert wanted <= names
    assert {name.split("/")[0] for name in names} == {"labkit", f"docker_api_lab-{labkit.__version__}.dist-info"}


def test_wheel_brings_the_command(wheel: Path, tmp_path: Path) -> None:
    """Installed from the wheel alone, labkit's command runs, and says where it belongs outside of a course."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    entry = next((tmp_path / "site").glob("*.dist-info")) / "entry_points.txt"
    assert "labkit = labkit.cli:main" in entry.read_text()
    run = "import labkit, sys; from labkit.cli import main; print(labkit.__file__); sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", run, "status"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
    )
    assert str(tmp_path / "site" / "labkit") in done.stdout
    assert done.returncode == 1
    assert "The course's folder was not found from here." in done.stderr
