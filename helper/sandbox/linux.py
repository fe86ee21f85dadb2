"""The few calls to the Linux kernel that Python does not offer, through libc.

Each call raises OSError with the kernel's own reason. Nothing here decides anything: see confine.py.
Sources: unshare(2), mount_setattr(2), pivot_root(2), capabilities(7), prctl(2).
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import sys
from contextlib import suppress
from functools import cache
from typing import Any

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18

MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV = 1, 2, 4

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
PR_GET_TID_ADDRESS = 40
PR_CAP_AMBIENT = 47

CAP_SYS_ADMIN = 21

_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_MNT_DETACH = 2
_MADV_HUGEPAGE, _MADV_COLLAPSE = 14, 25
_CAPABILITY_VERSION_3 = 0x20080522
# Numbers that both architectures share are the ones given out since 2019.
_NUMBERS = {
    "clone": {"x86_64": 56, "aarch64": 220},
    "mount_setattr": {"x86_64": 442, "aarch64": 442},
    "pivot_root": {"x86_64": 155, "aarch64": 41},
}
_CLONE_CHILD_CLEARTID, _CLONE_CHILD_SETTID = 0x00200000, 0x01000000


class _MountAttributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "user_namespace")]


class _CapabilityHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _CapabilitySets(ctypes.Structure):
    _fields_ = [
        ("words", ctypes.c_uint32 * 6)
    ]  # effective, permitted, inheritable: low words, then high words


def machine() -> str:
    """Return the processor's name as the kernel uses it: "x86_64", "aarch64", or something else."""
    name = platform.machine()
    return {"AMD64": "x86_64", "arm64": "aarch64"}.get(name, name)


def syscall(number: int, *arguments: Any) -> int:
    """Call the kernel by number. ints are passed as 64 bits. Raises OSError."""
    typed = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    return _checked(_libc().syscall(ctypes.c_long(number), *typed))


def prctl(option: int, *arguments: Any) -> int:
    """Set a property of this process. Raises OSError."""
    values = [*arguments, 0, 0, 0, 0][:4]
    typed = [ctypes.c_ulong(value) if isinstance(value, int) else value for value in values]
    return _checked(_libc().prctl(ctypes.c_int(option), *typed))


def fork(flags: int) -> int:
    """Fork like os.fork, the child being the first process in the new namespaces named in `flags`.

    With unshare a second fork would be needed to enter a pid namespace, which costs as much again for a process
    as large as one with torch. Only for a process with a single thread. Raises OSError.
    """
    tid = ctypes.c_void_p()
    with suppress(OSError):  # a kernel without this still forks; glibc then holds an old thread id
        prctl(PR_GET_TID_ADDRESS, ctypes.byref(tid))
    flags |= signal.SIGCHLD | (_CLONE_CHILD_CLEARTID | _CLONE_CHILD_SETTID if tid.value else 0)
    # What os.fork does around the system call; pythonapi, unlike CDLL, keeps the interpreter's lock meanwhile.
    python = ctypes.pythonapi
    clone = _libc_holding_lock().syscall
    number = ctypes.c_long(_NUMBERS["clone"][machine()])
    # The order of the last two differs by architecture, and one of them is not used.
    address = ctypes.c_long(tid.value or 0)
    arguments = (number, ctypes.c_long(flags), ctypes.c_long(0), ctypes.c_long(0), address, address)
    sys.audit("os.fork")
    python.PyOS_BeforeFork()
    pid = clone(*arguments)
    if pid == 0:
        python.PyOS_AfterFork_Child()
        return 0
    python.PyOS_AfterFork_Parent()
    return _checked(pid)


def unshare(flags: int) -> None:
    """Leave the namespaces named in `flags` for new ones. Raises OSError."""
    _checked(_libc().unshare(ctypes.c_int(flags)))


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mount `source` on `target`. Raises OSError with the target's name."""
    texts = [os.fsencode(text) if text else None for text in (source, target, kind)]
    _checked(_libc().mount(*texts, ctypes.c_ulong(flags), options.encode() or None), target)


def set_mount_attributes(path: str, attributes: int) -> None:
    """Add MOUNT_ATTR_ flags to the mount at `path` and to all below it. Raises OSError before Linux 5.12."""
    wanted = _MountAttributes(set=attributes)
    number = _NUMBERS["mount_setattr"][machine()]
    syscall(number, _AT_FDCWD, os.fsencode(path), _AT_RECURSIVE, ctypes.byref(wanted), ctypes.sizeof(wanted))


def enter_root(path: str) -> None:
    """Make the mount at `path` this process's root and let go of everything outside it. Raises OSError."""
    os.chdir(path)
    syscall(_NUMBERS["pivot_root"][machine()], b".", b".")
    _checked(_libc().umount2(b".", ctypes.c_int(_MNT_DETACH)))
    os.chdir("/")


def has_capability(number: int) -> bool:
    """Say whether this process holds a capability now."""
    header = _CapabilityHeader(_CAPABILITY_VERSION_3, 0)
    sets = _CapabilitySets()
    _checked(_libc().capget(ctypes.byref(header), ctypes.byref(sets)))
    return bool(sets.words[3 * (number // 32)] >> (number % 32) & 1)


def drop_capabilities() -> None:
    """Give up every capability, for this process and for all it may start. Raises OSError."""
    prctl(PR_CAP_AMBIENT, 4)  # clear all
    for number in range(64):
        try:
            prctl(PR_CAPBSET_DROP, number)
        except OSError:  # no such capability, or none held that could ever be raised again
            break
    header = _CapabilityHeader(_CAPABILITY_VERSION_3, 0)
    _checked(_libc().capset(ctypes.byref(header), ctypes.byref(_CapabilitySets())))


def use_large_pages() -> None:
    """Put this process's own memory on large pages, where the kernel can: a fork then copies far fewer entries."""
    large = 2 << 20
    with suppress(OSError), open("/proc/self/maps") as maps:
        for line in maps.readlines():
            place, rights, _, _, inode, *name = line.split()
            if rights != "rw-p" or inode != "0" or name not in ([], ["[heap]"]):
                continue
            start, end = (int(part, 16) for part in place.split("-"))
            start, end = -(-start // large) * large, end // large * large
            if start < end:
                address, length = ctypes.c_void_p(start), ctypes.c_size_t(end - start)
                _libc().madvise(address, length, ctypes.c_int(_MADV_HUGEPAGE))
                _libc().madvise(address, length, ctypes.c_int(_MADV_COLLAPSE))


@cache
def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


@cache
def _libc_holding_lock() -> Any:
    return ctypes.PyDLL(None, use_errno=True)


def _checked(result: int, name: str | None = None) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), *([name] if name else []))
    return result
