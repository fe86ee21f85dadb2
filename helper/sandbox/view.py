"""What student code can see of the machine: libraries to read, a few devices, a scratch of its own, nothing else.

Two means show the same: a file tree of its own (mount namespace) and rules on the whole tree (Landlock).
"""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from collections.abc import Collection
from contextlib import suppress
from functools import cache
from pathlib import Path

from helper.sandbox import landlock, linux
from helper.sandbox.layers import LANDLOCK_FILES, LANDLOCK_SCOPE, LANDLOCK_TCP, MOUNTS, PIDS, Layer
from helper.sandbox.limits import Limits

PACKAGE = Path(__file__).resolve().parent.parent  # helper
# What student code may read of `helper`: whatever is not named here, a file added tomorrow too, is not there for it.
READABLE = ("__init__.py", "course.py", "results.py", "results.json", "checking", "judging", "data", "plot", "graphs",
            "fixtures", "interactive")  # fmt: skip
_LIBRARIES = ("/usr/lib", "/usr/lib32", "/usr/lib64", "/lib", "/lib32", "/lib64", "/usr/bin", "/bin",
              "/nix/store", "/usr/share/zoneinfo", "/usr/share/fonts", "/etc/ld.so.cache", "/etc/localtime",
              "/etc/alternatives")  # fmt: skip
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
# Of /proc without a pid namespace: what libraries ask about themselves and the machine.
_OWN_PROC = ("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/filesystems",
             "/proc/sys/vm/overcommit_memory")  # fmt: skip


@cache
def libraries() -> tuple[str, ...]:
    """Return what student code may read: Python, system libraries, and the students' half of `helper`."""
    wanted = list(_LIBRARIES)
    for prefix in {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}:
        wanted += [f"{prefix}/{part}" for part in ("lib", "lib32", "lib64", "bin", "pyvenv.cfg")]
    wanted += [sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")]
    wanted += [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    places = {os.path.abspath(path) for path in wanted if os.path.exists(path)}
    places |= {os.path.realpath(path) for path in places}
    places = {part for place in places for part in without(place, PACKAGE)}
    places |= {str(PACKAGE / name) for name in READABLE if (PACKAGE / name).exists()}
    return tuple(
        sorted(path for path in places if not any(str(above) in places for above in Path(path).parents))
    )


def without(place: str, hidden: Path) -> list[str]:
    """Return a place, or where `hidden` lies in it (a course installed among the libraries) its other contents."""
    if os.path.islink(place) or not (hidden == Path(place) or Path(place) in hidden.parents):
        return [place]
    if hidden == Path(place):
        return []
    return [part for name in os.listdir(place) for part in without(f"{place.rstrip('/')}/{name}", hidden)]


def build(tree: str, scratch: str, own_proc: bool) -> None:
    """Build a file tree of libraries and devices at `tree`, with empty places for what `enter` mounts there."""
    linux.mount("none", "/", flags=linux.MS_REC | linux.MS_PRIVATE)
    linux.mount("tmpfs", tree, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "size=1m,mode=755")
    for path in libraries():
        _show(path, tree + path)
    for folder in (scratch, "/dev/shm", "/proc"):
        os.makedirs(tree + folder, exist_ok=True)
    for device in _DEVICES:
        Path(tree + device).touch()
    if own_proc:
        os.symlink("/proc/self/fd", f"{tree}/dev/fd")
    read_only = linux.MOUNT_ATTR_RDONLY | linux.MOUNT_ATTR_NOSUID | linux.MOUNT_ATTR_NODEV
    linux.set_mount_attributes(tree, read_only)
    for device in _DEVICES:
        linux.mount(device, tree + device, flags=linux.MS_BIND)


def enter(tree: str, scratch: str, limits: Limits, owner: int, own_proc: bool) -> None:
    """Make `tree` all there is for this process, with a scratch in memory that is its own."""
    half = limits.scratch_bytes // 2  # the scratch and shared memory together hold what is allowed
    size = f"size={half},nr_inodes=10000,mode=700,uid={owner}"
    for folder in (scratch, "/dev/shm"):
        linux.mount("tmpfs", tree + folder, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, size)
    if own_proc:
        with suppress(PermissionError):  # inside containers that hide parts of it
            linux.mount("proc", f"{tree}/proc", "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)
    linux.enter_root(tree)


def landlock_rules(scratch: str, layers: Collection[Layer]) -> int | None:
    """Prepare Landlock's rules as a file descriptor, None if it has no part in these layers."""
    if not any(layer.landlock for layer in layers):
        return None
    allowed = None
    if LANDLOCK_FILES in layers:
        proc = ("/proc",) if PIDS in layers and MOUNTS in layers else _OWN_PROC
        read = [path for path in libraries() if not os.path.islink(path)]  # where it leads is there by itself
        allowed = [(path, landlock.READ) for path in (*read, *proc)]
        allowed += [(path, landlock.USE_DEVICE) for path in _DEVICES]
        allowed += [
            (str(PACKAGE), landlock.READ_DIR),
            (scratch, landlock.everything()),
        ]  # imports list folders
        if MOUNTS in layers:
            allowed += [("/", landlock.READ_DIR), ("/dev/shm", landlock.everything())]
    return landlock.ruleset(
        allowed, refuse_tcp=LANDLOCK_TCP in layers, refuse_outside=LANDLOCK_SCOPE in layers
    )


def _show(path: str, place: str) -> None:
    os.makedirs(os.path.dirname(place), exist_ok=True)
    if os.path.islink(path):
        os.symlink(os.readlink(path), place)
        return
    if os.path.isdir(path):
        os.makedirs(place, exist_ok=True)
    else:
        Path(place).touch()
    linux.mount(path, place, flags=linux.MS_BIND | linux.MS_REC)
