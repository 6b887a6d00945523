"""What all tests share: one engine of their own, apart from the learner's."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import hypothesis
import pytest
import recorder

from labkit.engines import setup
from labkit.engines.base import EngineRecord, Paths

CHECKOUT = Path(__file__).parents[1]

# The same generated inputs each time, and no clock: what CI says of a change is about that change, not about the load.
hypothesis.settings.register_profile(
    "lab", derandomize=True, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("lab")


def _root() -> Path:
    """The root whose engine the tests use: one named that is not the checkout, else one for the tests alone."""
    given = os.environ.get("LABKIT_ROOT")
    if given and Path(given).resolve() != CHECKOUT:
        return Path(given)
    (CHECKOUT / ".lab").mkdir(mode=0o700, exist_ok=True)
    root = CHECKOUT / ".lab" / "test"
    (root / ".lab").mkdir(mode=0o700, parents=True, exist_ok=True)
    images = CHECKOUT / ".lab" / "images"
    images.mkdir(exist_ok=True)
    for name, target in (
        ("labkit", CHECKOUT / "labkit"),
        ("notebooks", CHECKOUT / "notebooks"),
        (".lab/images", images),  # built once for both
    ):
        link = root / name
        if not link.is_symlink():
            link.symlink_to(target)
    return root


def pytest_sessionstart(session: pytest.Session) -> None:
    """Name the tests' root to all processes; kernels of nbval find the engine running, for they take no fixtures."""
    root = _root()
    os.environ["LABKIT_ROOT"] = str(root)
    session.config.stash[_FOUND] = setup.status(Paths.of(root)) is not None
    if getattr(session.config.option, "nbval", False):
        os.environ.setdefault("LABKIT_LIVE", "0")  # nobody looks at widgets here
        os.environ.setdefault("LABKIT_SEED", "example")  # the learner whose outputs are stored
        session.config.stash[_REQUESTS] = recorder.prepare()
        setup.start(Paths.of(root), "private")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of what notebooks have sent behind the notebooks."""
    items.sort(key=lambda item: item.path.name == "test_recorded.py")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop the engine, unless it ran before the tests did; of several processes, the first alone does it."""
    if hasattr(session.config, "workerinput") or session.config.stash.get(_FOUND, True):
        return
    paths = Paths.of(Path(os.environ["LABKIT_ROOT"]))
    if setup.status(paths):
        setup.stop(paths)


_FOUND: pytest.StashKey[bool] = pytest.StashKey()
_REQUESTS: pytest.StashKey[tempfile.TemporaryDirectory[str]] = pytest.StashKey()


@pytest.fixture(autouse=True)
def _the_tests_root_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put LABKIT_ROOT back after a test in which a command set it: the notebooks that come later need it."""
    monkeypatch.setenv("LABKIT_ROOT", os.environ["LABKIT_ROOT"])


@pytest.fixture(scope="session")
def engine() -> EngineRecord:
    """The record of a private engine with images and registry; it is started at the first use."""
    return setup.start(Paths.of(Path(os.environ["LABKIT_ROOT"])), "private")
