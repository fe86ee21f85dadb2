"""What a notebook of the course imports: `from helper import check, data, plot, results`."""

from importlib import import_module
from typing import Any

__all__ = ["check", "data", "fixtures", "plot", "results"]


def __getattr__(name: str) -> Any:
    # Loaded on first use: plotting and data sets cost seconds that a check does not need.
    if name == "check":
        return import_module("helper.checking.check").check
    if name in __all__:
        return import_module(f"helper.{name}")
    raise AttributeError(f"helper has no part called {name!r}; it has {', '.join(__all__)}")
