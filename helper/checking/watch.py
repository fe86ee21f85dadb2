"""What ran: the operations and library functions that an answer used, noted while it runs.

It runs in the student's process, so it is evidence and no proof: what can hide from it is flagged.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from types import CodeType, FrameType
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode, _get_current_dispatch_mode, _pop_mode

_SOFTMAX = frozenset(
    {
        "_softmax",
        "_safe_softmax",
        "_sparse_softmax",
        "_masked_softmax",
        "_softmax_backward_data",
        "_scaled_dot_product_flash_attention_for_cpu",
        "_scaled_dot_product_attention_math",
    }
)
_LOG_SOFTMAX = frozenset({"_log_softmax", "_sparse_log_softmax", "_log_softmax_backward_data"})
_NLL = frozenset({"nll_loss_forward", "nll_loss2d_forward", "nll_loss", "nll_loss2d", "nll_loss_nd"})
_BCE_LOGITS = frozenset({"binary_cross_entropy_with_logits", "soft_margin_loss"})

# Name in `without` -> the operations (of aten) that give it away, where they are not called like it.
OPERATIONS: dict[str, frozenset[str]] = {
    "softmax": _SOFTMAX,
    "Softmax": _SOFTMAX,
    "softmin": _SOFTMAX,
    "Softmin": _SOFTMAX,
    "log_softmax": _LOG_SOFTMAX,
    "LogSoftmax": _LOG_SOFTMAX,
    "cross_entropy": _LOG_SOFTMAX | _NLL,
    "CrossEntropyLoss": _LOG_SOFTMAX | _NLL,
    "nll_loss": _NLL,
    "NLLLoss": _NLL,
    "MSELoss": frozenset({"mse_loss"}),
    "binary_cross_entropy_with_logits": _BCE_LOGITS,
    "BCEWithLogitsLoss": _BCE_LOGITS,
    "BCELoss": frozenset({"binary_cross_entropy"}),
}
# Names that stand for any way of letting PyTorch find derivatives; the first of them is told.
AUTOGRAD = ("autograd", "backward", "requires_grad", "requires_grad_", "torch.func")
_DIFFERENTIATES = frozenset(
    ["_grad_increment_nesting", "_jvp_increment_nesting", "_enter_dual_level", "_make_dual", "run_backward"]
)
# Functions of C that stand for a name. They are seen as they are called: under the dispatch mode `_foreach_*`, which
# updates of one's own may use, works otherwise.
FUNCTIONS = {f"_fused_{rule}_": "optim" for rule in ("sgd", "adam", "adamw", "adagrad")}
# Names that stand for whatever lies in a module: a part of the path of its files.
MODULES = {
    "optim": f"{os.sep}torch{os.sep}optim{os.sep}",
    "clip_grad": f"{os.sep}torch{os.sep}nn{os.sep}utils{os.sep}clip_grad.py",
    "fixtures": f"{os.sep}helper{os.sep}fixtures",
}
# Calls by which something can run unseen, and what is told of them.
_UNSEEN = {
    "start_new_thread": "started a thread",
    "start_joinable_thread": "started a thread",
    "fork": "started a process",
    "fork_exec": "started a process",
    "posix_spawn": "started a process",  # what subprocess does from Python 3.13 on
    "posix_spawnp": "started a process",
    "_pop_torch_dispatch_stack": "switched PyTorch's modes",
    "setprofile": "switched the profiler",
    "settrace": "switched the tracer",
    "_disable_current_modes": "switched PyTorch's modes",
}
_LIBRARIES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}helper{os.sep}")
_COMPOSED = f"{os.sep}torch{os.sep}nn{os.sep}functional.py"  # its functions use one another


class Watch:
    """Notes which of the names in `without` ran inside the functions it wraps, and what may have run unseen."""

    def __init__(self, without: Sequence[str]) -> None:
        self.without = tuple(without)
        self.ran: set[str] = set()
        self.flags: set[str] = set()
        self._by_operation: dict[str, str] = {}
        for name in reversed(self.without):
            for operation in OPERATIONS.get(name, {name, f"_{name}"}):
                self._by_operation[operation] = name
        self._by_path = {MODULES[name]: name for name in self.without if name in MODULES}
        self.autograd = next((name for name in self.without if name in AUTOGRAD), "")
        self.backward_kernels = "aten" if "aten" in self.without else ""
        mapped = any(name in OPERATIONS or hasattr(torch.ops.aten, name) for name in self.without)
        self._mode = _Operations(self) if mapped or self.autograd else None
        self._depth = 0
        self._interesting = {*_UNSEEN, *self.without, *(_DIFFERENTIATES if self.autograd else ())}
        self._interesting |= {function for function, name in FUNCTIONS.items() if name in self.without}
        self._boring: dict[int, CodeType] = {}  # functions that were looked at and are of no interest, by id

    def wrapped(self, answer: Any) -> Any:
        """Return the answer as it is, but watched while it runs. What cannot be called comes back itself."""
        if not self.without or not callable(answer) or inspect.isclass(answer):
            return answer

        @functools.wraps(answer)
        def watched(*args: Any, **kwargs: Any) -> Any:
            result = self._call(answer, *args, **kwargs)
            return self._advanced(result) if inspect.isgenerator(result) else result

        return watched

    def operation(self, name: str) -> None:
        """Note an operation of aten."""
        if name in self._by_operation:
            self.ran.add(self._by_operation[name])
        if self.backward_kernels and name.endswith(("_backward", "_backward_data")):
            self.ran.add(self.backward_kernels)

    def _advanced(self, generator: Iterator[Any]) -> Iterator[Any]:
        nothing = object()
        while (item := self._call(next, generator, nothing)) is not nothing:
            yield item

    def _call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self._depth:  # an answer that calls itself through the check
            return function(*args, **kwargs)
        self._depth += 1
        before, threads = sys.getprofile(), threading.active_count()
        if self._mode:
            self._mode.__enter__()
        sys.setprofile(self._profile)
        try:
            return function(*args, **kwargs)
        finally:
            # Bound methods are made anew each time they are read: equal, not the same.
            if sys.getprofile() != self._profile:
                self.flags.add(_UNSEEN["setprofile"])
            sys.setprofile(before)
            if self._mode:
                self._leave(self._mode)
            if threading.active_count() > threads:
                self.flags.add(_UNSEEN["start_new_thread"])
            self._depth -= 1

    def _leave(self, mode: TorchDispatchMode) -> None:
        """Take the mode off, and whatever the answer left above it."""
        while (top := _get_current_dispatch_mode()) is not None:
            if top is mode:
                mode.__exit__(None, None, None)
                return
            self.flags.add(_UNSEEN["_pop_torch_dispatch_stack"])
            _pop_mode()
        self.flags.add(_UNSEEN["_pop_torch_dispatch_stack"])

    def _profile(self, frame: FrameType, event: str, argument: Any) -> None:
        """See every call of a function, Python's or C's, on its way. It is called a hundred thousand times."""
        if event == "c_call":
            name = getattr(argument, "__name__", "")
            if name not in self._interesting or frame.f_code is Watch._call.__code__:
                return
            if name in _UNSEEN:
                self.flags.add(_UNSEEN[name])
            elif name in FUNCTIONS:
                self.ran.add(FUNCTIONS[name])
            elif name in _DIFFERENTIATES and self.autograd:
                self.ran.add(self.autograd)
            elif (
                name in self.without
                and not frame.f_code.co_filename.endswith(_COMPOSED)
                and _is_library(getattr(argument, "__module__", None))
            ):
                self.ran.add(name)
        elif event == "call":
            code = frame.f_code
            if id(code) in self._boring or code is Watch._call.__code__:
                return
            for path, name in self._by_path.items():
                if path in code.co_filename:
                    self.ran.add(name)
            if code.co_name in _UNSEEN and "torch" in code.co_filename:
                self.flags.add(_UNSEEN[code.co_name])
            own_class = code.co_qualname.partition(".")[0]
            if code.co_name not in self.without and own_class not in self.without:
                self._boring[id(code)] = code
                return
            if "<locals>" in code.co_qualname or not any(part in code.co_filename for part in _LIBRARIES):
                return
            caller = frame.f_back.f_code.co_filename if frame.f_back else ""
            if own_class in self.without and own_class != code.co_name:
                self.ran.add(own_class)
            elif code.co_name == own_class and not caller.endswith(_COMPOSED):  # a function, no method
                self.ran.add(code.co_name)


class _Operations(TorchDispatchMode):
    """Tells a watch of every operation that PyTorch carries out."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch
        self._known: dict[int, Any] = {}  # operations that were looked at, by id
        self._looks = bool(watch.autograd)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        # Thousands of these in a check, and each call in here is seen by the profiler: none that is not needed.
        if id(func) not in self._known:
            self._known[id(func)] = func
            self._watch.operation(func._schema.name.removeprefix("aten::"))
        if self._looks and torch.is_grad_enabled():
            for value in args:
                kind = value.__class__
                if kind is torch.Tensor:
                    if value.requires_grad:
                        self._note()
                elif kind not in _PLAIN and _tracked(value):
                    self._note()
            if kwargs and _tracked(kwargs):
                self._note()
        return func(*args, **kwargs) if kwargs else func(*args)

    def _note(self) -> None:
        """Note that an operation was recorded for a backward pass; once is enough."""
        self._watch.ran.add(self._watch.autograd)
        self._looks = False


_PLAIN = (int, float, bool, type(None), torch.dtype)


def _tracked(value: Any) -> bool:
    if isinstance(value, torch.Tensor):
        return value.requires_grad
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list | tuple):
        return False
    return any(map(_tracked, value))


def _is_library(module: str | None) -> bool:
    return module is None or module.split(".")[0] in ("torch", "numpy", "scipy", "helper", "builtins")
