"""What a check's names mean, whatever the notebook calls so by now, and under which settings it runs."""

from __future__ import annotations

import ast
import builtins
import random
import sys
import types
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from helper.checking.given import number_from

_BUILTINS = dict(vars(builtins))  # as they were when the notebook had not run a cell of its own
_FIXTURES = "helper.fixtures"
_fixtures: dict[tuple[types.ModuleType, str], tuple[Any, Any]] = {}
_FILTERS = list(warnings.filters)
_BITS = np.random.MT19937(0)  # takes the place of the notebook's own while a check runs


@dataclass(frozen=True)
class World:
    """What the checks of one lesson share with nobody.

    imports: the import statements of its setup cells; without: per exercise, the names that are off limits.
    """

    imports: str = ""
    without: Mapping[str, Sequence[str]] = field(default_factory=dict)


def imports_of(setup_cells: Sequence[str]) -> str:
    """Return the import statements of setup cells, as source."""
    nodes = [node for cell in setup_cells for node in ast.parse(cell).body]
    return "\n".join(ast.unparse(node) for node in nodes if isinstance(node, ast.Import | ast.ImportFrom))


@lru_cache(maxsize=4)
def imported(imports: str) -> Mapping[str, Any]:
    """Run import statements in a namespace of their own, once."""
    space: dict[str, Any] = {"__builtins__": _BUILTINS}
    exec(compile(imports, "<imports of the setup cell>", "exec"), space)
    for module in [module for name, module in sys.modules.items() if name.startswith(_FIXTURES)]:
        for name, item in vars(module).items():
            if callable(item):
                _fixtures.setdefault((module, name), (item, getattr(item, "__code__", None)))
    return space


def changed_fixtures() -> set[str]:
    """Return a note for each of our fixtures that is not what it was when the lesson's imports had run."""
    return {
        f"met a changed {module.__name__}.{name}"
        for (module, name), (item, code) in _fixtures.items()
        if getattr(module, name, None) is not item or getattr(item, "__code__", None) is not code
    }


def own_function(
    ask: Callable[..., None], world: World, wrapped: Callable[[str, Any], Any]
) -> Callable[..., None]:
    """Return a check's function with globals of its own: what the setup cell imports, and the answers.

    A name that is neither imported nor Python's own is an exercise's: it is looked up in the notebook. wrapped:
    called with such a name and what the notebook has there.
    """
    if not isinstance(ask, types.FunctionType):
        return ask
    space = dict(imported(world.imports))
    for name in _global_names(ask.__code__):
        if name not in space and name in ask.__globals__ and name not in _BUILTINS:
            space[name] = wrapped(name, ask.__globals__[name])
    own = types.FunctionType(ask.__code__, space, ask.__name__, ask.__defaults__, ask.__closure__)
    own.__kwdefaults__ = ask.__kwdefaults__
    return own


@contextmanager
def own_settings(seed: str, check: str) -> Iterator[list[str]]:
    """Run a check under the libraries' own settings and a seed of its own, and put the notebook's back.

    Yields the names of the settings that the notebook had changed.
    """
    changed: list[str] = []
    states = random.getstate(), np.random.mtrand.get_bit_generator(), torch.get_rng_state()
    puts_back = [_set(*setting, changed) for setting in _SETTINGS]
    filters = list(warnings.filters)
    if _strict(filters) != _strict(_FILTERS):
        changed.append("warnings.filterwarnings")
    number = number_from(seed, check, "global")
    try:
        with warnings.catch_warnings():
            warnings.resetwarnings()
            warnings.filters[:] = _FILTERS  # type: ignore[index]
            random.seed(number)
            np.random.mtrand.set_bit_generator(_BITS)
            np.random.seed(number)
            # Not torch.manual_seed: for graphics cards, even absent ones, it takes as long as a small check.
            torch.default_generator.manual_seed(number)
            yield changed
    finally:
        for put_back in reversed(puts_back):
            put_back()
        random.setstate(states[0])
        np.random.mtrand.set_bit_generator(states[1])
        torch.set_rng_state(states[2])


def _strict(filters: Sequence[Any]) -> list[Any]:
    return [item for item in filters if item[0] == "error"]


def _set(
    name: str, own: Any, get: Callable[[], Any], put: Callable[[Any], Any], changed: list[str]
) -> Callable[[], Any]:
    """Set one switch to the library's own value. Returns what puts the notebook's back."""
    before = get()
    if before != own:
        if name:
            changed.append(name)
        put(own)

    def put_back() -> None:
        if get() != before:
            put(before)

    return put_back


def _device() -> Any:
    context = getattr(torch._GLOBAL_DEVICE_CONTEXT, "device_context", None)
    return None if context is None else context.device


class _Inference:
    """Inference mode as a switch."""

    def __init__(self) -> None:
        self._guards: list[Any] = []

    def __call__(self, on: bool) -> None:
        if self._guards:
            self._guards.pop().__exit__(None, None, None)
        else:
            guard = torch.inference_mode(on)
            guard.__enter__()
            self._guards.append(guard)


# Name as a student writes it ("" where nobody need know), the library's own value, how it is read and set.
_SETTINGS: tuple[tuple[str, Any, Callable[[], Any], Callable[[Any], Any]], ...] = (
    ("torch.set_default_device", None, _device, torch.set_default_device),
    ("torch.set_default_dtype", torch.float32, torch.get_default_dtype, torch.set_default_dtype),
    ("torch.inference_mode", False, torch.is_inference_mode_enabled, _Inference()),
    ("torch.set_grad_enabled", True, torch.is_grad_enabled, torch.set_grad_enabled),
    (
        "torch.autocast",
        False,
        lambda: torch.is_autocast_enabled("cpu"),
        lambda on: torch.set_autocast_enabled("cpu", on),
    ),
    (
        "torch.autograd.set_detect_anomaly",
        False,
        torch.is_anomaly_enabled,
        lambda on: torch.autograd.set_detect_anomaly(on),
    ),
    (
        "torch.use_deterministic_algorithms",
        False,
        torch.are_deterministic_algorithms_enabled,
        torch.use_deterministic_algorithms,
    ),
    ("", 1, torch.get_num_threads, torch.set_num_threads),
    (
        "np.seterr",
        {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"},
        np.geterr,
        lambda modes: np.seterr(**modes),
    ),
)


@lru_cache(maxsize=64)
def _global_names(code: types.CodeType) -> tuple[str, ...]:
    """Return all names that a function's code, and the functions inside it, may look up as globals."""
    names = dict.fromkeys(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names.update(dict.fromkeys(_global_names(constant)))
    return tuple(names)
