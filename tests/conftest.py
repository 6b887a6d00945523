"""What all tests share: an engine of their own, apart from the learner's.

Where pytest-xdist runs them in several processes, each has an engine: the first one in the root
that a run in one process uses, the others in roots beside it.  The notebooks, and what looks at
the requests that they sent, stay together in one process; else, a file does.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import hypothesis
import pytest
import recorder
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from labkit import selftest
from labkit.engines import setup
from labkit.engines.base import EngineRecord, Paths

CHECKOUT = Path(__file__).parents[1]

# The same generated inputs each time, and no clock: what CI says of a change is about that change, not about the load.
hypothesis.settings.register_profile(
    "lab", derandomize=True, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("lab")


RECORDED = ("test_recorded.py",)
"""Tests of the requests that the notebooks have sent."""
LONG = ("test_browser.py", "test_classroom_five.py", "test_exercises.py")
"""What takes minutes and comes early, lest one process works on it when the others have ended."""

REAL = selftest.real(CHECKOUT)
"""Whether the engine of the tests is a real one; else the practice engine, and what names a real one is skipped."""
KIND = "private" if REAL else "practice"
LACKING = {
    "real": "" if REAL else "needs a Docker of its own, so root",
    "root": "" if os.geteuid() == 0 else "needs root",
    "browser": "" if shutil.which("chromium") else "needs Chromium",
}
"""By marker, why its tests cannot be run here; empty where they can."""

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
"""Which of several processes this is; the first where there is one alone."""


def _root() -> Path:
    """The root whose engine the tests use: one named that is not the checkout, else one for the tests alone."""
    given = os.environ.get("LABKIT_ROOT")
    named = given is not None and Path(given).resolve() != CHECKOUT
    root = Path(given) if given and named else CHECKOUT / ".lab" / "test"
    if WORKER != "gw0":
        root = root.with_name(f"{root.name}-{WORKER}")
    elif named:
        return root
    images = CHECKOUT / ".lab" / "images"
    (CHECKOUT / ".lab").mkdir(mode=0o700, exist_ok=True)
    (root / ".lab").mkdir(mode=0o700, parents=True, exist_ok=True)
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
        if "PYTEST_XDIST_WORKER" not in os.environ:  # other processes are told by the environment
            session.config.stash[_REQUESTS] = recorder.prepare()
        setup.start(Paths.of(root), KIND)  # before a process needs it, the first one has built the images


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out without a test of its own that could be skipped."""
    if not shutil.which("docker"):
        terminalreporter.line("No docker command is here: the exercises were done by labkit and curl alone.")


class Together(LoadScopeScheduling):
    """What stays in one process: the notebooks and what looks at their requests; else, the tests of a file.

    Source: https://pytest-xdist.readthedocs.io/en/stable/distribution.html
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "notebooks" if file.endswith((".ipynb", *RECORDED)) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Together:
    """Distribute the tests."""
    return Together(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the notebooks first, then the tests of what they have sent, then what takes long; skip what cannot be run."""
    items.sort(key=_turn)
    for item in items:
        for why in (why for marker, why in LACKING.items() if why and item.get_closest_marker(marker)):
            item.add_marker(pytest.mark.skip(reason=why))


def _turn(item: pytest.Item) -> int:
    name = item.path.name
    if name.endswith(".ipynb"):
        return 0
    return 1 if name in RECORDED else 2 if name in LONG else 3


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop the engine, unless it ran before the tests did; and those of other processes, which may have been killed."""
    root = Path(os.environ["LABKIT_ROOT"])
    alone = "PYTEST_XDIST_WORKER" not in os.environ
    roots = list(root.parent.glob(f"{root.name}-gw*")) if alone else []
    if not session.config.stash.get(_FOUND, True):
        roots.append(root)
    for each in roots:
        setup.stop(Paths.of(each))  # also one that does not answer any more


_FOUND: pytest.StashKey[bool] = pytest.StashKey()
_REQUESTS: pytest.StashKey[tempfile.TemporaryDirectory[str]] = pytest.StashKey()


@pytest.fixture(autouse=True)
def _the_tests_root_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put LABKIT_ROOT back after a test in which a command set it: the notebooks that come later need it."""
    monkeypatch.setenv("LABKIT_ROOT", os.environ["LABKIT_ROOT"])


@pytest.fixture(scope="session")
def engine() -> EngineRecord:
    """The record of an engine with images and registry, a private one where it can be; it starts at the first use."""
    return setup.start(Paths.of(Path(os.environ["LABKIT_ROOT"])), KIND)
