"""The script ``lab`` as a module."""

from __future__ import annotations

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType


def load(file: Path) -> ModuleType:
    """Return the script as a module; its name has no ending by which Python would find it."""
    loader = SourceFileLoader("lab_script", str(file))
    spec = spec_from_loader(loader.name, loader)
    assert spec
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module
