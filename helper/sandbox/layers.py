"""The means of confinement, one record each, and which of them are enough.

Layers overlap on purpose: files, network and killing are each kept by two kinds of layer, so that what one kernel
refuses another covers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from helper.sandbox import landlock, linux


@dataclass(frozen=True)
class Layer:
    """One means of confinement.

    covers: what it keeps; namespaces: the kernel's flags for it; landlock: the ABI it needs, 0 if it is no part of
    Landlock; since: the Linux release that has it.
    """

    name: str
    covers: str
    namespaces: int = 0
    landlock: int = 0
    since: str = ""


MOUNTS = Layer(
    "mount namespace", "files: only libraries and a private scratch exist", namespaces=linux.CLONE_NEWNS
)
PIDS = Layer(
    "pid namespace",
    "kill: everything dies with the submission; no other process is seen",
    namespaces=linux.CLONE_NEWPID,
)
NETWORK = Layer("network namespace", "network: there is no interface", namespaces=linux.CLONE_NEWNET)
IPC = Layer(
    "ipc namespace",
    "sharing: no shared memory or host name outside",
    namespaces=linux.CLONE_NEWIPC | linux.CLONE_NEWUTS,
)
LANDLOCK_FILES = Layer(
    "landlock files",
    "files: only libraries can be read, only the scratch written",
    landlock=1,
    since="5.13",
)
LANDLOCK_TCP = Layer("landlock tcp", "sharing: no TCP port", landlock=landlock.TCP_ABI, since="6.7")
LANDLOCK_SCOPE = Layer(
    "landlock scope",
    "sharing: no signal to, and no abstract socket of, a process outside",
    landlock=landlock.SCOPE_ABI,
    since="6.12",
)
SECCOMP = Layer(
    "seccomp",
    "network, kill and sharing: no internet sockets, leaving the group, tracing, mounting, uncounted memory, io_uring",
)
LIMITS = Layer("limits", "limits: memory, processes, files, processor time")
PRIVILEGES = Layer("no privileges", "privileges: never root, no capabilities, and no way to gain any")

LAYERS = (
    MOUNTS,
    PIDS,
    NETWORK,
    IPC,
    LANDLOCK_FILES,
    LANDLOCK_TCP,
    LANDLOCK_SCOPE,
    SECCOMP,
    LIMITS,
    PRIVILEGES,
)

# Files, network, killing, limits, privileges: for each, the sets of layers that keep it.
# Landlock lets a process change the mode of files it may not open; seccomp must then refuse that.
_NEEDED = (
    ({MOUNTS}, {LANDLOCK_FILES, SECCOMP}),
    ({NETWORK}, {SECCOMP}),
    ({PIDS}, {SECCOMP}),
    ({LIMITS},),
    ({PRIVILEGES},),
)


@dataclass(frozen=True)
class Probed:
    """A layer as it was found on this machine. why_not: one sentence with the cure, "" if it holds."""

    layer: Layer
    why_not: str = ""

    @property
    def name(self) -> str:
        return self.layer.name

    @property
    def available(self) -> bool:
        return not self.why_not


def available(probed: Iterable[Probed]) -> frozenset[Layer]:
    """Return the layers that hold, as `fork` wants them."""
    return frozenset(item.layer for item in probed if item.available)


def sufficient(probed: Iterable[Probed]) -> bool:
    """Say whether files, network, killing, limits and privileges are each kept by one means or another."""
    holding = available(probed)
    return all(any(holding >= means for means in alternatives) for alternatives in _NEEDED)


def namespaces(layers: Collection[Layer]) -> int:
    """Return the flags of all namespaces among these layers."""
    return sum(layer.namespaces for layer in layers)


def named(names: Collection[str]) -> frozenset[Layer]:
    """Return the layers of these names, as they come in a request."""
    return frozenset(layer for layer in LAYERS if layer.name in names)
