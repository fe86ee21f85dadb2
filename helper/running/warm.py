"""The warm process: it imports everything once and runs nothing, so that a submission starts at once.

`python -m helper.running.warm FD HOME` forks a server for each socket it is handed over the inherited one, and
removes its home folder at the end. A server tells {"ready": its process id}. What it is to do comes with the socket,
from the trusted process alone: {"call": "package.module:function"} calls that with the socket, for what has nothing
to do with student code; {"serve": names of layers} runs submissions, one JSON line each way:

    {"fork": {limits, scratch}} with three descriptors: job to read, evidence and output to write
        -> {"pid": 123} or {"problem": "..."}; then, when all is over, {"ended": wait status, "cpu": seconds}
    {"kill": true} -> nothing; the end comes sooner

A student's text passes through here only as open files: the next child, a copy of this process, must not find
the work of others in its memory.
"""

from __future__ import annotations

import gc
import json
import os
import select
import shutil
import signal
import socket
import sys
import traceback
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from importlib import import_module
from typing import Any

from helper.running.confined import cells
from helper.sandbox import confine as sandbox
from helper.sandbox import linux
from helper.sandbox.layers import Layer, named
from helper.sandbox.limits import Limits


def main() -> None:
    descriptor, home = sys.argv[1:]
    sys.argv[1:] = []  # nothing for student code to find
    control = socket.socket(fileno=int(descriptor))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this one decides
    shell = warm_up()
    while True:
        asked, descriptors, _, _ = socket.recv_fds(control, 100_000, 1)
        _wait_for_servers(os.WNOHANG)
        if not asked:
            break
        server = socket.socket(fileno=descriptors[0])
        if os.fork() == 0:
            try:
                control.close()
                wanted = json.loads(asked)
                if "call" in wanted:
                    module, _, function = wanted["call"].partition(":")
                    serve = getattr(import_module(module), function)
                    _answer(server, {"ready": os.getpid()})
                    serve(server)
                else:
                    _serve(server, shell, named(wanted["serve"]), home)
            except Exception:
                traceback.print_exc()
            finally:
                os._exit(0)
        server.close()
    _wait_for_servers()
    shutil.rmtree(home, ignore_errors=True)
    os._exit(0)


def _wait_for_servers(options: int = 0) -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, options)[0]:
            pass


def warm_up() -> Any:
    """Import and touch all that a submission may need, and return an IPython shell.

    Threads do not survive a fork, and neither do the locks they hold: raises RuntimeError if there are any.
    """
    gc.disable()  # imports make much and drop little: collecting meanwhile costs a third of their time
    import matplotlib.pyplot  # noqa: F401
    import numpy  # noqa: F401
    import torch
    import torchvision.transforms  # noqa: F401
    from IPython.core.interactiveshell import InteractiveShell
    from torch import nn
    from traitlets.config import Config

    import helper.checking.check
    import helper.fixtures
    import helper.plot  # noqa: F401
    from helper import data

    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = nn.Linear(2, 1)
    optimizer = torch.optim.Adam(model.parameters())  # its first step imports half of torch
    loss = nn.functional.mse_loss(model(torch.ones(3, 2)), torch.ones(3, 1))
    loss.backward()
    optimizer.step()
    torch.testing.assert_close(model.weight, model.weight)
    data.digits("test")

    class Shell(InteractiveShell):
        system = InteractiveShell.system_raw  # the other one wants a terminal

        def ask_exit(self) -> None:  # for exit() and quit()
            raise SystemExit

        def enable_gui(self, gui: str | None = None) -> None:  # for %matplotlib
            pass

    shell = Shell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    shell.transform_cell("%time 1\n!true")
    if sys.platform == "linux" and len(os.listdir("/proc/self/task")) != 1:
        raise RuntimeError("importing the libraries started a thread: no process can be forked safely")
    gc.freeze()  # else the first collection of each child copies all there is
    if sys.platform == "linux":
        linux.use_large_pages()
    gc.enable()
    return shell


def _serve(control: socket.socket, shell: Any, layers: frozenset[Layer], home: str) -> None:
    """Run one submission after the other until the other side is gone."""
    tree = f"{home}/{os.getpid()}"
    os.mkdir(tree, 0o755)
    ground = sandbox.settle(layers, tree)
    _answer(control, {"ready": os.getpid()})
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    for request, descriptors in _requests(control):
        if "fork" in request:
            _run(control, request["fork"], descriptors, shell, woken, layers, ground)


def _run(
    control: socket.socket,
    wanted: dict[str, Any],
    descriptors: list[int],
    shell: Any,
    woken: int,
    layers: frozenset[Layer],
    ground: sandbox.Ground,
) -> None:
    limits = Limits(**wanted["limits"])
    scratch = wanted["scratch"] or ground.tree
    try:
        pid = sandbox.fork(limits, scratch, layers, keep=descriptors, ground=ground)
    except (sandbox.SandboxError, OSError) as error:
        for descriptor in descriptors:
            os.close(descriptor)
        return _answer(control, {"problem": str(error)})
    if pid == 0:
        _be_the_student(descriptors, shell)
    for descriptor in descriptors:
        os.close(descriptor)
    _answer(control, {"pid": pid})
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        ready, _, _ = select.select([control.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 1000)
        if control.fileno() in ready:  # a request to kill, or the end of who asked
            heard = control.recv(1000)
            sandbox.kill(pid)
            if not heard:
                with suppress(OSError):
                    os.rmdir(scratch)
                os._exit(0)
    sandbox.kill(pid)  # what it left behind
    _, status, usage = os.wait4(pid, 0)
    _answer(control, {"ended": status, "cpu": usage.ru_utime + usage.ru_stime})


def _be_the_student(descriptors: list[int], shell: Any) -> None:
    """Run the job in this confined child; never returns. No exit handler or thread of the student's lives on."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        job, evidence, output = descriptors
        with os.fdopen(job, "rb") as file:
            wanted = json.load(file)
        cells.run_job(wanted, evidence, output, shell)
        code = 0
    finally:
        os._exit(code)


def _requests(control: socket.socket) -> Iterator[tuple[dict[str, Any], list[int]]]:
    """Yield requests with their descriptors until the other side is gone."""
    while True:
        data, descriptors, _, _ = socket.recv_fds(control, 100_000, 3)
        if not data:
            return
        yield json.loads(data), list(descriptors)


def _answer(control: socket.socket, answer: dict[str, Any]) -> None:
    control.sendall(json.dumps(answer).encode() + b"\n")


def serving(layers: frozenset[Layer]) -> dict[str, Any]:
    """Say what a server is to do that runs submissions under these layers."""
    return {"serve": sorted(layer.name for layer in layers)}


def request(limits: Limits, scratch: str) -> bytes:
    """Write the request for one confined process. scratch: an empty folder, "" where the server has a tree."""
    return json.dumps({"fork": {"limits": asdict(limits), "scratch": scratch}}).encode()


if __name__ == "__main__":
    main()
