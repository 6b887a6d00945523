"""What CONTRIBUTING asks of the code, beyond what the linters know."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from types import ModuleType

import labkit
from labkit.errors import LabError

PACKAGE = Path(labkit.__file__).parent

SITTING = 320
"""Lines of a module that can be read in one sitting."""

LONG = {"exercises/lab": 1100, "engines/practice/": 640}
"""What may be longer: the exercises of a lab are data, and the practice engine is a program of its own."""

SPOKEN = frozenset({"print", "say", "progress"})
"""Functions that put a text before the learner as it is."""

ANSWERS = "engines/practice/"
"""The practice engine answers in the words of Docker, which speaks English; its kind alone speaks for labkit."""


def modules() -> Iterator[ModuleType]:
    """All modules of labkit, but for those of the classroom that need a program which is installed elsewhere."""
    for _finder, name, _is_package in pkgutil.walk_packages([str(PACKAGE)], "labkit."):
        try:
            yield importlib.import_module(name)
        except ModuleNotFoundError as missing:
            if not name.startswith("labkit.classroom.") or str(missing.name).startswith("labkit"):
                raise


def trees() -> Iterator[tuple[Path, ast.Module]]:
    """Each file of labkit by its path in the package, parsed."""
    for file in sorted(PACKAGE.rglob("*.py")):
        yield file.relative_to(PACKAGE), ast.parse(file.read_text())


def test_modules_can_be_read_in_one_sitting() -> None:
    """No module is longer than what is asked of its kind."""
    found = {str(file.relative_to(PACKAGE)): len(file.read_text().splitlines()) for file in PACKAGE.rglob("*.py")}
    most = {name: next((n for start, n in LONG.items() if name.startswith(start)), SITTING) for name in found}
    assert {name: length for name, length in found.items() if length > most[name]} == {}


def imported(file: Path, tree: ast.Module) -> Iterator[str]:
    """The modules and packages of labkit that a file needs as soon as it is imported."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.level > 0:
            package = ["labkit", *file.parent.parts][: len(file.parent.parts) + 2 - node.level]
            whole = [*package, *(node.module.split(".") if node.module else [])]
            yield from {whole[1]} if len(whole) > 1 else {name.name for name in node.names}


def test_imports_go_one_way() -> None:
    """Between the modules and packages of labkit, no imports lead round in a circle."""
    needs: dict[str, set[str]] = {}
    for file, tree in trees():
        unit = file.with_suffix("").parts[0]
        needs.setdefault(unit, set()).update(set(imported(file, tree)) - {unit})
    assert "model" in needs["session"]
    TopologicalSorter(needs).prepare()  # raises CycleError, which names the circle


def public(module: ModuleType) -> Iterator[tuple[str, object]]:
    """What a module offers under names without an underscore, methods and properties included."""
    yield module.__name__, module
    for name, thing in vars(module).items():
        own = getattr(thing, "__module__", "") == module.__name__
        if name.startswith("_") or not own or not (inspect.isclass(thing) or inspect.isfunction(thing)):
            continue
        yield f"{module.__name__}.{name}", thing
        for inner, member in vars(thing).items() if inspect.isclass(thing) else ():
            method = isinstance(member, (property, classmethod, staticmethod)) or inspect.isfunction(member)
            if method and not inner.startswith("_"):
                yield f"{module.__name__}.{name}.{inner}", getattr(thing, inner)


def protocols() -> set[str]:
    """The names of methods that a protocol of labkit says something of: whatever fits it need not say it again."""
    kinds = {thing for module in modules() for thing in vars(module).values() if inspect.isclass(thing)}
    said = (vars(kind).items() for kind in kinds if getattr(kind, "_is_protocol", False))
    return {name for members in said for name, method in members if inspect.getdoc(method)}


def test_public_names_have_a_docstring() -> None:
    """A module, class, function or method says what it is; a method may take over what its base or protocol says."""
    found = [module for module in modules() if Path(str(module.__file__)).read_text()]
    bare = [name for module in found for name, thing in public(module) if not inspect.getdoc(thing)]
    said = protocols()
    assert [name for name in bare if name.rpartition(".")[2] not in said] == []


def errors() -> set[str]:
    """The names of labkit's errors, those of single modules included."""
    assert list(modules())  # imported: an error is known to its root from then on
    queue: list[type[LabError]] = [LabError]
    found = set()
    while queue:
        kind = queue.pop()
        found.add(kind.__name__)
        queue += kind.__subclasses__()
    return found


def bare_sentences(call: ast.Call) -> Iterator[ast.expr]:
    """The arguments of a call that are written out as a sentence, and not passed through ``_()``."""
    for argument in [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "hint")]:
        parts = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
        if any(isinstance(p, ast.Constant) and isinstance(p.value, str) and " " in p.value.strip() for p in parts):
            yield argument


def test_sentences_can_be_translated() -> None:
    """An error, and what is printed or said, has its sentence from the catalogue."""
    spoken = errors() | SPOKEN
    found = []
    for file, tree in trees():
        if str(file).startswith(ANSWERS) and file.name != "kind.py":
            continue
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and getattr(call.func, "id", getattr(call.func, "attr", "")) in spoken:
                found += [f"{file}:{sentence.lineno}" for sentence in bare_sentences(call)]
    assert found == []
