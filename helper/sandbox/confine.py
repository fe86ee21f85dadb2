"""Confine the process that runs a student's code, by the kernel's own means and without root.

`fork` starts a process under the layers named. A server that starts many settles first: what they can share, the
network that is none and the tree of libraries, is then made once. Started as root, a process becomes nobody before
it meets any student code.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from helper.sandbox import landlock, linux, seccomp, view
from helper.sandbox.layers import IPC, LIMITS, MOUNTS, NETWORK, PIDS, PRIVILEGES, SECCOMP, Layer, namespaces
from helper.sandbox.limits import Limits, restrict

if sys.platform != "win32":
    import resource

NOBODY = 65534


class SandboxError(Exception):
    """A layer that was asked for could not be put on: nothing was run."""


@dataclass(frozen=True)
class Ground:
    """What the processes of one server share. layers: those made for all of them; tree: see view.build."""

    layers: frozenset[Layer]
    tree: str


def settle(layers: Collection[Layer], tree: str) -> Ground:
    """Take this process into what those it will fork can share, and return it for `fork`.

    tree: an existing empty folder; with a mount namespace it is the working directory of all of them. This process
    must have a single thread. Raises OSError.
    """
    shared = frozenset({MOUNTS, NETWORK}) & frozenset(layers)
    if SECCOMP in layers:  # else System V objects of one would be there for the next
        shared |= {IPC} & frozenset(layers)
    user, group = os.geteuid(), os.getegid()
    flags = _namespace_flags(shared)
    if flags:
        linux.unshare(flags)
    if flags & linux.CLONE_NEWUSER:
        _map_user(user, group)
    if MOUNTS in shared:
        view.build(tree, tree, own_proc=PIDS in layers)
    if SECCOMP in layers and PIDS in layers:
        seccomp.program(_policy(layers), linux.machine())  # put together once
    return Ground(shared, tree)


def fork(
    limits: Limits,
    scratch: str,
    layers: Collection[Layer],
    keep: Iterable[int] = (),
    ground: Ground | None = None,
) -> int:
    """Fork like os.fork, but return 0 only in a child that is confined by every layer named.

    scratch: an existing empty folder, the child's working directory; with a mount namespace the child gets a
    fresh one in memory in its place, and the folder stays empty. keep: file descriptors the child needs above
    2; all others are closed. ground: what this process has settled on; its tree is the scratch where it has one.
    The child leads its own process group, and dies with the calling thread.
    Raises OSError if there can be no child, SandboxError if a layer fails; then no child is left.
    """
    shared = ground.layers if ground else frozenset()
    flags = _namespace_flags(frozenset(layers) - shared, settled=ground is not None)
    if MOUNTS in shared:
        flags |= linux.CLONE_NEWNS  # a copy, with a scratch of its own
    user, group = os.geteuid(), os.getegid()
    told, tell = os.pipe()
    try:
        pid = linux.fork(flags) if flags else os.fork()
    except OSError:
        os.close(told)
        os.close(tell)
        raise
    if pid == 0:
        try:
            _close_all_but({*keep, tell})
            if flags & linux.CLONE_NEWUSER:
                _map_user(user, group)
            os.setsid()
            own_user = flags & linux.CLONE_NEWUSER != 0 or (bool(shared) and user != 0)
            _confine(limits, scratch, layers, own_user, built=MOUNTS in shared)
        except BaseException as error:
            os.write(tell, str(error).encode())
            os._exit(1)
        os.write(tell, b"confined")
        os.close(tell)
        return 0
    os.close(tell)
    with os.fdopen(told, "rb") as report:
        outcome = report.read().decode("utf-8", "replace")
    if outcome != "confined":
        os.waitpid(pid, 0)
        raise SandboxError(outcome or "the confined process died before it could start")
    return pid


def kill(pid: int) -> None:
    """Kill what `fork` started and everything it started. The child must not have been waited for yet."""
    for ending in (os.killpg, os.kill):
        try:
            ending(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # gone, or (macOS) a group of zombies
            continue


def environment(scratch: str) -> dict[str, str]:
    """Return all the environment variables that student code gets, the same for everyone."""
    return {
        "HOME": scratch,
        "TMPDIR": scratch,
        "USER": "student",
        "LANG": "C.UTF-8",
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "MPLBACKEND": "agg",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONSAFEPATH": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
    }


def _namespace_flags(layers: Collection[Layer], *, settled: bool = False) -> int:
    """Return the flags of the namespaces that a process is to be in, with a user's own where that is the way to them.

    settled: this process has one already. Raises PermissionError.
    """
    flags = namespaces(layers)
    if flags and os.geteuid() == 0 and not linux.has_capability(linux.CAP_SYS_ADMIN):
        raise PermissionError("root without CAP_SYS_ADMIN cannot make them, an ordinary user may")
    if not flags or os.geteuid() == 0 or (settled and linux.has_capability(linux.CAP_SYS_ADMIN)):
        return flags
    return flags | linux.CLONE_NEWUSER


def _close_all_but(keep: Collection[int]) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    last = 2
    for descriptor in [*sorted(keep), resource.getrlimit(resource.RLIMIT_NOFILE)[0]]:
        os.closerange(last + 1, descriptor)
        last = descriptor


def _map_user(user: int, group: int) -> None:
    """Keep one's own user and group in the user namespace just entered."""
    for file, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        Path("/proc/self", file).write_text(line)


def _become_nobody() -> None:
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def _confine(limits: Limits, scratch: str, layers: Collection[Layer], own_user: bool, *, built: bool) -> None:
    becomes_nobody = PRIVILEGES in layers and os.geteuid() == 0
    if MOUNTS in layers:
        if not built:
            view.build(scratch, scratch, own_proc=PIDS in layers)
        owner = NOBODY if becomes_nobody else os.geteuid()
        view.enter(scratch, scratch, limits, owner, own_proc=PIDS in layers)
    elif becomes_nobody:
        os.chown(scratch, NOBODY, NOBODY)
    rules = view.landlock_rules(scratch, layers)  # before nobody, who may not walk to every library
    if becomes_nobody:
        _become_nobody()
        if namespaces(layers):
            with suppress(OSError):  # only to count its processes apart from other submissions'
                linux.prctl(linux.PR_SET_DUMPABLE, 1)  # else /proc/self belongs to root
                linux.unshare(linux.CLONE_NEWUSER)
                _map_user(NOBODY, NOBODY)
                own_user = True
    os.environ.clear()
    os.environ.update(environment(scratch))
    tempfile.tempdir = None  # looked up anew
    os.umask(0o077)
    os.chdir(scratch)
    if LIMITS in layers:
        restrict(limits, own_user)
    if PRIVILEGES in layers:
        linux.drop_capabilities()
    if sys.platform == "linux":
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)  # a change of user would undo it
        linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)  # whatever it starts stays below it, to be counted
    if PRIVILEGES in layers or rules is not None or SECCOMP in layers:
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    if rules is not None:
        landlock.restrict(rules)
    if SECCOMP in layers:
        seccomp.install(_policy(layers))


def _policy(layers: Collection[Layer]) -> seccomp.Policy:
    return seccomp.Policy(
        unix_sockets=MOUNTS in layers and NETWORK in layers,
        own_files=MOUNTS in layers,
        alone_as=None if PIDS in layers else os.getpid(),
    )
