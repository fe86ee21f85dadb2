"""Landlock: what an unprivileged process may still do with files, TCP ports and signals.

Works without user namespaces and inside containers. Source: landlock(7); one ABI number per kernel release.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from functools import cache

from helper.sandbox import linux

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
READ = EXECUTE | READ_FILE | READ_DIR
USE_DEVICE = READ_FILE | WRITE_FILE
_ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | 1 << 14 | 1 << 15  # what a rule on a file may allow
_MAKE_DEVICE = 1 << 6 | 1 << 11  # character and block
_ALL_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}

TCP_ABI = 4
SCOPE_ABI = 6
_BIND_AND_CONNECT = 3
_ABSTRACT_SOCKETS_AND_SIGNALS = 3

# The same numbers on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


@cache
def abi() -> int:
    """Return the version of Landlock that this kernel has, 0 for none."""
    try:
        return linux.syscall(_CREATE_RULESET, None, 0, 1)
    except OSError:
        return 0


def everything() -> int:
    """Return all rights on files that this kernel knows, but for making devices."""
    known = max((version for version in _ALL_BY_ABI if version <= abi()), default=1)
    return _ALL_BY_ABI[known] & ~_MAKE_DEVICE


def ruleset(
    allowed: Iterable[tuple[str, int]] | None, *, refuse_tcp: bool = False, refuse_outside: bool = False
) -> int:
    """Prepare rules and return them as a file descriptor for `restrict`.

    allowed: paths and the rights below each, all else being refused; None leaves files alone. A path that
    does not exist is left out. refuse_outside: signals to, and abstract sockets of, processes outside.
    Raises OSError.
    """
    wanted = _Ruleset(
        files=0 if allowed is None else everything() | _MAKE_DEVICE,
        network=_BIND_AND_CONNECT if refuse_tcp else 0,
        scoped=_ABSTRACT_SOCKETS_AND_SIGNALS if refuse_outside else 0,
    )
    size = 24 if abi() >= SCOPE_ABI else 16 if abi() >= TCP_ABI else 8
    rules = linux.syscall(_CREATE_RULESET, ctypes.byref(wanted), size, 0)
    for path, rights in allowed or ():
        try:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        rights &= everything() if os.path.isdir(path) else everything() & _ON_FILES
        linux.syscall(_ADD_RULE, rules, 1, ctypes.byref(_PathBeneath(rights, place)), 0)
        os.close(place)
    return rules


def restrict(rules: int) -> None:
    """Put this process under `rules` for good. It must have no_new_privs or be privileged. Raises OSError."""
    linux.syscall(_RESTRICT_SELF, rules, 0)
    os.close(rules)
