"""Run a job's cells inside the confined process, telling what happens as it happens.

From the first student cell on nothing in this process can be relied on; the reader of the two pipes knows.
A cell runs as Jupyter runs it (magics, `!`, await, the value of a last expression), but by plain `exec`, so
that hooks which a student puts into IPython cannot change or silence the cells after it.
"""

from __future__ import annotations

import ast
import asyncio
import builtins
import contextlib
import ctypes
import gc
import hashlib
import inspect
import io
import json
import linecache
import mmap
import os
import random
import re
import signal
import sys
import sysconfig
import time
import traceback
from collections.abc import Callable
from functools import partial
from types import CodeType, FrameType, TracebackType
from typing import Any

from helper.running.clock import delay_of

FRESH = 77  # exit code: a cell left memory full, or processes running; go on in a fresh process without it

Say = Callable[[dict[str, Any]], None]

_STORM = 20  # processes
_STARTS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn")
_REFUSED = ("BlockingIOError: [Errno 11]", "RuntimeError: can't start new thread")
_STANDARD_LIBRARY = (sysconfig.get_path("stdlib"), "<frozen")
_OWN = ("<cell", "<timed e")  # files of which a frame is the student's own code
# What IPython may have to make Python of, which takes it a while.
_IPYTHONS = re.compile(r"[%!?]|^\s*(?:>>>|\.\.\.|In ?\[|[/,;])|\A\s", re.M).search
_INTERNET = (2, 10, 30)  # AF_INET; AF_INET6 on Linux and on macOS


class TimeOut(BaseException):
    """A cell ran longer than it may. No Exception: a student's `except Exception` must not stop it."""


class NobodyAnswers(EOFError):  # noqa: N818  (it is what the student reads)
    """Something waits for a person to type, and nobody is there."""


def run_job(job: dict[str, Any], evidence: int, output: int, shell: Any) -> None:
    """Run all cells of `job` but those to be skipped, and return when all is told.

    job: cells as [id, role, source], skip as ids, seed, imports, without, mark, cell_seconds, seconds
    (by id, of cells that may take longer), ready (by check, inputs prepared elsewhere), memory_bytes.
    evidence, output: file descriptors to write records and printed text to. shell: an IPython shell that has run
    nothing.
    """
    from helper.checking.check import check, collecting
    from helper.checking.world import World, imported

    say = _teller(evidence)
    os.dup2(output, 1)
    os.dup2(output, 2)
    _seed(job["seed"])
    sys.addaudithook(_watch(say))
    libc = ctypes.CDLL(None)
    builtins.input = _nobody("input()")
    sys.breakpointhook = _nobody("breakpoint()")
    namespace = shell.user_ns
    world = World(job["imports"], job["without"])
    imported(world.imports)  # before a cell of the student's can change what they mean
    with collecting(job["seed"], say, world, ready=job["ready"]):
        for number, (name, role, source) in enumerate(job["cells"]):
            if name in job["skip"]:
                continue
            _open_streams()
            _write(output, f"\0{job['mark']}:{number}\n".encode())
            say({"begin": number})
            code = source
            if role == "check":
                namespace["check"] = check  # a student may have called something of their own so
            elif _IPYTHONS(source):
                code = shell.transform_cell(source)
            seconds = job["seconds"].get(name, job["cell_seconds"])
            ending = _timed(partial(_execute, name, code, source, namespace), seconds)
            _timed(partial(_flush, libc), 1)
            say({"end": number, **ending})
            if _is_spoilt(ending, job["memory_bytes"]):
                os._exit(FRESH)
    say({"finished": True})


def _execute(name: str, code: str, written: str, namespace: dict[str, Any]) -> None:
    file = f"<cell {name}>"
    # Who is told of a line wants to read it as it was written, not as IPython makes Python of it.
    lines = written.lstrip("\n").splitlines(keepends=True)
    if len(lines) != len(code.splitlines()):
        lines = code.splitlines(keepends=True)
    linecache.cache[file] = (len(code), None, lines, file)
    for timed in ("<timed exec>", "<timed eval>"):  # the code below %%time
        linecache.cache[timed] = (
            len(written),
            None,
            written.lstrip("\n").splitlines(keepends=True)[1:],
            timed,
        )
    tree = ast.parse(code, file)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    _evaluate(compile(tree, file, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), namespace)
    if isinstance(last, ast.Expr):
        expression = ast.Expression(last.value)
        value = _evaluate(compile(expression, file, "eval", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), namespace)
        if value is not None and not code.rstrip().endswith(";"):
            print(repr(value))


def _flush(libc: Any) -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    libc.fflush(None)


def _nobody(asker: str) -> Callable[..., Any]:
    def ask(*_: Any, **__: Any) -> Any:
        raise NobodyAnswers(f"{asker} waits for somebody to type, and nobody is there")

    return ask


def _evaluate(code: CodeType, namespace: dict[str, Any]) -> Any:
    value = eval(code, namespace)
    return asyncio.run(value) if code.co_flags & inspect.CO_COROUTINE else value


class _Stopwatch:
    """What this process and its children have had since now; see clock.py, which reckons the same from outside."""

    def __init__(self) -> None:
        self._began, self._cpu, self._delayed = _now(), _cpu(), delay_of("self")

    def had(self) -> float:
        waited = max(delay_of("self") - self._delayed, *map(delay_of, _children()), 0.0)
        return max(_cpu() - self._cpu, _now() - self._began - waited)


_now, _times = time.monotonic, os.times  # a student may call something else so


def _cpu() -> float:
    return sum(_times()[:4])


def _children() -> list[str]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            return file.read().split()
    except OSError:
        return []


def _timed(call: Callable[[], Any], seconds: float) -> dict[str, str]:
    """Call `call` until it has had `seconds`. Return how it ended, as an "end" record has it."""
    rang = False
    watch = _Stopwatch()

    def ring(number: int, frame: FrameType | None) -> None:
        nonlocal rang
        left = seconds - watch.had()
        if left > 0 and not rang:  # it got no processor meanwhile
            signal.setitimer(signal.ITIMER_REAL, max(left, 0.01))
            return
        rang = True
        raise TimeOut(f"it ran for more than {seconds:g} seconds")

    ending = {"status": "ok"}
    try:
        try:
            signal.signal(signal.SIGALRM, ring)
            signal.setitimer(signal.ITIMER_REAL, seconds)
            try:
                call()
            except TimeOut:
                raise
            except BaseException as error:
                ending = _described(error)  # runs the error's own __str__, so the clock still runs
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except BaseException as error:
        ending = {"status": "error", "error": type(error).__name__}
    if rang:
        ending = {"status": "time-out", "error": f"TimeOut: it ran for more than {seconds:g} seconds"}
    return ending


def _described(error: BaseException) -> dict[str, str]:
    status = "out of memory" if isinstance(error, MemoryError) else "error"
    text = str(error)[:1000]
    if isinstance(error, SyntaxError) and (error.filename or "").startswith("<cell"):
        line = linecache.getline(error.filename or "", error.lineno or 0)
    else:
        line = _line_of(error.__traceback__)
    if isinstance(error, Exception):
        traceback.print_exception(type(error), error, _below(error.__traceback__), limit=-20)
    return {
        "status": status,
        "error": f"{type(error).__name__}: {text}".removesuffix(": "),
        "line": line.strip(),
    }


def _below(trace: TracebackType | None) -> TracebackType | None:
    """Return the traceback from the student's own code on."""
    while trace is not None and not trace.tb_frame.f_code.co_filename.startswith(_OWN):
        trace = trace.tb_next
    return trace


def _line_of(trace: TracebackType | None) -> str:
    line = ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file.startswith(_OWN):
            line = linecache.getline(file, trace.tb_lineno) or line
        trace = trace.tb_next
    return line[:1000]


def _teller(descriptor: int) -> Say:
    def say(record: dict[str, Any]) -> None:
        # A line of its own, even if a time-out cut the one before.
        _write(descriptor, b"\n" + json.dumps(record).encode() + b"\n")

    return say


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _open_streams() -> None:
    """Give sys.stdout and sys.stderr a fresh start, whatever the last cell did to them."""
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        raw = io.FileIO(descriptor, "w", closefd=False)
        stream = io.TextIOWrapper(io.BufferedWriter(raw), "utf-8", "backslashreplace", line_buffering=True)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _seed(seed: str) -> None:
    """Start all global generators from the job's seed: every process was forked from the same state."""
    import numpy as np
    import torch

    number = int.from_bytes(hashlib.sha256(f"global {seed}".encode()).digest()[:4], "big")
    random.seed(number)
    np.random.seed(number)
    torch.manual_seed(number)


def _is_spoilt(ending: dict[str, str], memory_bytes: int) -> bool:
    """Say whether what a failed cell left behind would hamper the cells after it."""
    if ending["status"] == "out of memory":
        return _memory_is_still_full(memory_bytes)
    if ending["status"] == "time-out":
        return _has_children()
    return ending.get("error", "").startswith(_REFUSED)  # it took all the processes that there are


def _memory_is_still_full(memory_bytes: int) -> bool:
    gc.collect()
    try:
        bytearray(memory_bytes // 2)
    except MemoryError:
        return True
    return False


def _has_children() -> bool:
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        return False
    return True


def _watch(say: Say) -> Callable[[str, tuple[Any, ...]], None]:
    """Return an audit hook that tells what the student's own lines try. It informs; the sandbox prevents."""
    told: set[str] = set()
    processes = mmap.mmap(-1, 1)  # shared with all that are forked from this one
    scratch = os.getcwd()

    def tell(text: str) -> None:
        if text not in told and len(told) < _STORM:
            told.add(text)
            say({"flag": text})

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.getaddrinfo" or (event == "socket.__new__" and arguments[1] in _INTERNET):
            tell("tried to use the network")
        elif event in ("os.fork", "os.forkpty"):
            processes[0] = min(processes[0] + 1, _STORM)
            if processes[0] == _STORM:
                tell(f"started {_STORM} processes or more")
        elif event in ("os.kill", "os.killpg") and _is_cell(sys._getframe(1)):  # not subprocess, of a child
            tell("tried to signal a process")
        elif event in _STARTS and _asked_by_cell(by_shell=False):
            tell(f"started a program: {str(arguments[0])[:100]}")
        elif event in ("open", "sqlite3.connect", "os.listdir", "os.scandir") and _asked_by_cell():
            path = arguments[0]
            if isinstance(path, str | bytes) and not _at_home(os.path.abspath(os.fsdecode(path)), scratch):
                tell(f"tried to open {os.fsdecode(path)[:150]}")

    return watch


def _is_cell(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(_OWN)


def _asked_by_cell(*, by_shell: bool = True) -> bool:
    """Say whether the first caller outside the standard library and IPython is a cell.

    by_shell: whether it counts if IPython did it for the cell, as in `!ls`.
    """
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(_OWN):
            return True
        if file.startswith("<frozen importlib") or file.endswith("linecache.py"):
            return False  # an import, or the lines of a traceback
        in_ipython = (
            f"{os.sep}IPython{os.sep}" in file and f"{os.sep}extensions{os.sep}" not in file
        )  # %autoreload
        if "site-packages" in file and not (in_ipython and by_shell):
            return False
        if not file.startswith(_STANDARD_LIBRARY) and "site-packages" not in file:
            return False
        frame = frame.f_back
    return False


def _at_home(path: str, scratch: str) -> bool:
    return path.startswith((scratch, "/dev/", sys.prefix, sys.base_prefix, "/usr/lib", "/usr/share"))
