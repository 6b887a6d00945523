"""The tree of errors, and what the package offers."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import labkit
from labkit import errors
from labkit.errors import ConnectionFailed, LabError, UnknownExercise, nearest
from labkit.model import Endpoint


def test_all_is_what_there_is() -> None:
    """Each name of __all__ exists, is documented, is listed by dir(), and its home is where it is said to be."""
    assert sorted(labkit._HOME) == sorted(labkit.__all__)
    for name in labkit.__all__:
        thing = getattr(labkit, name)
        assert thing.__doc__
        assert thing.__module__ == f"labkit.{labkit._HOME[name]}"
    assert set(dir(labkit)) == {*labkit.__all__, "__version__"}


def test_a_name_that_there_is_not() -> None:
    """A name that the package lacks is an AttributeError, as for any module."""
    with pytest.raises(AttributeError, match="'labkit' has no attribute 'nothing'"):
        _ = labkit.nothing


def test_errors_offers_its_errors() -> None:
    """__all__ of the errors module has every error of it, and all of them are labkit's own."""
    found = {name for name, thing in vars(errors).items() if isinstance(thing, type) and issubclass(thing, Exception)}
    assert found == set(errors.__all__) - {"nearest"}
    assert all(issubclass(getattr(errors, name), LabError) for name in found)


def test_the_drawn_tree_is_the_tree() -> None:
    """The tree drawn at the top of the module has every error that a learner can meet."""
    for name in set(errors.__all__) - {"nearest"}:
        assert name in (errors.__doc__ or "")


def test_errors_of_other_modules_are_labkits() -> None:
    """An error that a module defines for itself belongs to the tree as well."""
    for module in ("connect", "encode", "failures", "session", "streams", "live", "transport", "upgrade"):
        for thing in vars(importlib.import_module(f"labkit.{module}")).values():
            if isinstance(thing, type) and issubclass(thing, Exception) and thing.__module__.startswith("labkit"):
                assert issubclass(thing, LabError)


def test_message_and_hint() -> None:
    """An error has a sentence, and what to do next on a line of its own, where there is something."""
    assert str(LabError("It broke.", "Mend it.")) == "It broke.\nMend it."
    assert str(LabError("It broke.")) == "It broke."
    assert ConnectionFailed(Endpoint(socket="/s"), "No.").endpoint.socket == "/s"


def test_a_notebook_shows_the_sentence_alone() -> None:
    """In a notebook an error is its sentence and hint, without a traceback."""
    assert LabError("It broke.", "Mend it.")._render_traceback_() == ["LabError: It broke.", "Mend it."]
    assert LabError("It broke.")._render_traceback_() == ["LabError: It broke."]


def test_unknown_names_are_offered_the_nearest() -> None:
    """A name that is not known is answered with the nearest one and with all there are."""
    error = UnknownExercise("2.33", ["2.1", "2.3", "3.1"])
    assert "'2.33'" in error.message
    assert "Did you mean 2.3?" in error.hint
    assert "2.1, 2.3, 3.1" in error.hint
    assert error.known == ("2.1", "2.3", "3.1")
    assert "Did you mean" not in UnknownExercise("zzz", ["2.1"]).hint
    assert UnknownExercise("x", []).hint == "Known: -."


def test_nearest() -> None:
    """Only what is close is offered."""
    assert nearest("/container/json", ["/containers/json", "/images/json"]) == "/containers/json"
    assert nearest("zzz", ["/containers/json"]) is None


def test_the_package_costs_little_to_import() -> None:
    """Importing the package loads neither pandas, nor the HTTP libraries, nor the widgets."""
    heavy = "{'pandas', 'requests', 'urllib3', 'h11', 'ipywidgets', 'IPython', 'cryptography'}"
    program = f"import sys, labkit; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize(
    ("library", "homes"),
    [("requests", {"transport"}), ("h11", {"upgrade", "engines"}), ("ipywidgets", {"widgets"})],
)
def test_one_module_knows_each_library(library: str, homes: set[str]) -> None:
    """One module of the client's imports an HTTP library, the practice engine one to serve, one package the widgets."""
    package = Path(labkit.__file__).parent
    importing = {
        file.relative_to(package).with_suffix("").parts[0]
        for file in package.rglob("*.py")
        for line in file.read_text().splitlines()
        if line.strip().startswith((f"import {library}", f"from {library}"))
    }
    assert importing == homes
