"""Confine the process that runs a student's code, by the kernel's own means and without root.

Layers overlap on purpose: files, network and killing are each kept by two kinds of layer, so that what one
kernel refuses another covers. `probe` tries each layer, `fork` starts a process under those that work.
Started as root, the process becomes nobody before it meets any student code.
"""

from __future__ import annotations

import json
import os
import signal
import site
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from helper.sandbox import landlock, linux, seccomp

if sys.platform != "win32":
    import resource

MIB = 2**20
NOBODY = 65534

MOUNTS = "mount namespace"
PIDS = "pid namespace"
NETWORK = "network namespace"
IPC = "ipc namespace"
LANDLOCK_FILES = "landlock files"
LANDLOCK_TCP = "landlock tcp"
LANDLOCK_SCOPE = "landlock scope"
SECCOMP = "seccomp"
LIMITS = "limits"
PRIVILEGES = "no privileges"

_COVERS = {
    MOUNTS: "files: only libraries and a private scratch exist",
    PIDS: "kill: everything dies with the submission; no other process is seen",
    NETWORK: "network: there is no interface",
    IPC: "sharing: no shared memory or host name outside",
    LANDLOCK_FILES: "files: only libraries can be read, only the scratch written",
    LANDLOCK_TCP: "sharing: no TCP port",
    LANDLOCK_SCOPE: "sharing: no signal to, and no abstract socket of, a process outside",
    SECCOMP: "network and kill: no internet sockets, no leaving the group, no tracing, mounting, io_uring",
    LIMITS: "limits: memory, processes, files, processor time",
    PRIVILEGES: "privileges: never root, no capabilities, and no way to gain any",
}
LAYERS = tuple(_COVERS)
_FLAGS = {
    MOUNTS: linux.CLONE_NEWNS,
    PIDS: linux.CLONE_NEWPID,
    NETWORK: linux.CLONE_NEWNET,
    IPC: linux.CLONE_NEWIPC | linux.CLONE_NEWUTS,
}
# Files, network, killing, limits, privileges: for each, the sets of layers that keep it.
# Landlock lets a process change the mode of files it may not open; seccomp must then refuse that.
_NEEDED = (
    ({MOUNTS}, {LANDLOCK_FILES, SECCOMP}),
    ({NETWORK}, {SECCOMP}),
    ({PIDS}, {SECCOMP}),
    ({LIMITS},),
    ({PRIVILEGES},),
)

_LIBRARIES = ("/usr/lib", "/usr/lib32", "/usr/lib64", "/lib", "/lib32", "/lib64", "/usr/bin", "/bin",
              "/nix/store", "/usr/share/zoneinfo", "/usr/share/fonts", "/etc/ld.so.cache", "/etc/localtime",
              "/etc/alternatives")  # fmt: skip
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
# Of /proc without a pid namespace: what libraries ask about themselves and the machine.
_OWN_PROC = ("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/filesystems",
             "/proc/sys/vm/overcommit_memory")  # fmt: skip
_LANDLOCK_SINCE = {
    LANDLOCK_FILES: (1, "5.13"),
    LANDLOCK_TCP: (landlock.TCP_ABI, "6.7"),
    LANDLOCK_SCOPE: (landlock.SCOPE_ABI, "6.12"),
}
_NAMESPACE_CURE = (
    "allow user namespaces (Ubuntu: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0; "
    "containers: a seccomp profile that lets unshare through), or rely on Landlock and seccomp"
)
_CURE = "grade on a Linux kernel that allows it"
_PACKAGE = Path(__file__).resolve().parent.parent  # helper
# What student code may read of `helper`: whatever is not named here, a file added tomorrow too, is not there for it.
READABLE = ("__init__.py", "course.py", "results.py", "results.json", "checking", "judging", "data", "plot", "graphs",
            "fixtures", "interactive")  # fmt: skip


class SandboxError(Exception):
    """A layer that was asked for could not be put on: nothing was run."""


@dataclass(frozen=True)
class Limits:
    """What one submission may use.

    cell_seconds, submission_seconds: wall time. memory_bytes: of one process, beyond what Python and torch
    hold at the start; all processes together may use twice that. file_bytes: one file. scratch_bytes: all
    files together. output_bytes: text kept per cell. evidence_bytes: all checks together. processes: threads
    count too.
    """

    cell_seconds: float = 10.0
    submission_seconds: float = 60.0
    memory_bytes: int = 2048 * MIB
    file_bytes: int = 64 * MIB
    scratch_bytes: int = 256 * MIB
    output_bytes: int = 100_000
    evidence_bytes: int = 8_000_000
    processes: int = 64
    open_files: int = 256


@dataclass(frozen=True)
class Layer:
    """One means of confinement.

    covers: what it keeps; why_not: one sentence with the cure, "" if the layer is available.
    """

    name: str
    covers: str
    why_not: str = ""

    @property
    def available(self) -> bool:
        return not self.why_not


@cache
def probe() -> tuple[Layer, ...]:
    """Try every layer in a throwaway process, once, and say which hold on this machine."""
    if threading.active_count() > 1:
        return _probe_elsewhere()  # a process with threads does not fork soundly
    return tuple(Layer(name, _COVERS[name], _why_not(name)) for name in LAYERS)


def available(layers: Iterable[Layer]) -> frozenset[str]:
    """Return the names of the layers that hold, as `fork` wants them."""
    return frozenset(layer.name for layer in layers if layer.available)


def sufficient(layers: Iterable[Layer]) -> bool:
    """Say whether files, network, killing, limits and privileges are each kept by one means or another."""
    names = available(layers)
    return all(any(names >= means for means in alternatives) for alternatives in _NEEDED)


def fork(limits: Limits, scratch: str, layers: Collection[str], keep: Iterable[int] = ()) -> int:
    """Fork like os.fork, but return 0 only in a child that is confined by every layer named.

    scratch: an existing empty folder, the child's working directory; with a mount namespace the child gets a
    fresh one in memory in its place, and the folder stays empty. keep: file descriptors the child needs above
    2; all others are closed. The child leads its own process group, and dies with the calling thread.
    Raises OSError if there can be no child, SandboxError if a layer fails; then no child is left.
    """
    flags = _namespace_flags(layers)
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
            _confine(limits, scratch, layers, own_user=flags & linux.CLONE_NEWUSER != 0)
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


@cache
def libraries() -> tuple[str, ...]:
    """Return what student code may read: Python, system libraries, and the students' half of `helper`."""
    wanted = list(_LIBRARIES)
    for prefix in {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}:
        wanted += [f"{prefix}/{part}" for part in ("lib", "lib32", "lib64", "bin", "pyvenv.cfg")]
    wanted += [sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")]
    wanted += [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    wanted += [str(_PACKAGE / name) for name in READABLE]
    places = {os.path.abspath(path) for path in wanted if os.path.exists(path)}
    places |= {os.path.realpath(path) for path in places}
    places -= {"/", str(_PACKAGE), str(_PACKAGE.parent)}
    return tuple(
        sorted(path for path in places if not any(str(above) in places for above in Path(path).parents))
    )


def _probe_elsewhere() -> tuple[Layer, ...]:
    command = [sys.executable, "-P", "-m", "helper.sandbox.confine"]
    environ = os.environ | {"PYTHONPATH": str(_PACKAGE.parent)}
    said = subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout
    return tuple(Layer(name, _COVERS[name], why_not) for name, why_not in json.loads(said).items())


def _why_not(name: str) -> str:
    """Try one layer by itself. Return "" if it holds, else why not and what would help."""
    if sys.platform != "linux":
        return "needs Linux: grade in a Linux container or virtual machine"
    if linux.machine() not in seccomp.AUDIT_NAMES:
        return f"not written for {linux.machine()} processors: grade on x86_64 or aarch64"
    needed, release = _LANDLOCK_SINCE.get(name, (0, ""))
    if landlock.abi() < needed:
        return f"needs Linux {release} or newer with Landlock among its security modules: update the kernel"
    layers = {name}
    if name == PRIVILEGES and os.geteuid() == 0 and not _why_not(MOUNTS):
        layers.add(MOUNTS)  # the way in to a Python that only root may reach
    scratch = tempfile.mkdtemp(prefix="probe-")
    try:
        pid = fork(Limits(), scratch, layers)
        if pid == 0:
            os._exit(name == PRIVILEGES and not os.access(os.__file__, os.R_OK))
        if os.waitpid(pid, 0)[1]:
            return f"nobody may not read Python at {sys.base_prefix}: move it, or grade as an ordinary user"
    except (OSError, SandboxError) as error:
        return f"{error}: {_NAMESPACE_CURE if name in _FLAGS else _CURE}"
    finally:
        os.rmdir(scratch)
    return ""


def _namespace_flags(layers: Collection[str]) -> int:
    """Return the flags of the namespaces that a child is to start in. Raises PermissionError."""
    flags = sum(_FLAGS[name] for name in layers if name in _FLAGS)
    if flags and os.geteuid() == 0 and not linux.has_capability(linux.CAP_SYS_ADMIN):
        raise PermissionError("root without CAP_SYS_ADMIN cannot make them, an ordinary user may")
    return flags | linux.CLONE_NEWUSER if flags and os.geteuid() != 0 else flags


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


def _confine(limits: Limits, scratch: str, layers: Collection[str], own_user: bool) -> None:
    becomes_nobody = PRIVILEGES in layers and os.geteuid() == 0
    if becomes_nobody:
        os.chown(scratch, NOBODY, NOBODY)
    if MOUNTS in layers:
        _own_root(limits, scratch, NOBODY if becomes_nobody else os.geteuid(), own_proc=PIDS in layers)
    rules = _landlock_rules(scratch, layers)  # before nobody, who may not walk to every library
    if becomes_nobody:
        _become_nobody()
        if any(name in layers for name in _FLAGS):
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
        _limit(limits, own_user)
    if PRIVILEGES in layers:
        linux.drop_capabilities()
    if sys.platform == "linux":
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)  # a change of user would undo it
    if PRIVILEGES in layers or rules is not None or SECCOMP in layers:
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    if rules is not None:
        landlock.restrict(rules)
    if SECCOMP in layers:
        seccomp.install(
            seccomp.Policy(
                unix_sockets=MOUNTS in layers and NETWORK in layers,
                own_files=MOUNTS in layers,
                shared_memory=IPC in layers,
                alone_as=None if PIDS in layers else os.getpid(),
            )
        )


def _own_root(limits: Limits, scratch: str, owner: int, own_proc: bool) -> None:
    """Build a file tree of libraries, devices and a scratch in memory, and make it all there is."""
    linux.mount("none", "/", flags=linux.MS_REC | linux.MS_PRIVATE)
    linux.mount("tmpfs", scratch, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "size=1m,mode=755")
    for path in libraries():
        _show(path, scratch + path)
    for folder in (scratch, "/dev/shm", "/proc"):
        os.makedirs(scratch + folder, exist_ok=True)
    for device in _DEVICES:
        Path(scratch + device).touch()
    if own_proc:
        os.symlink("/proc/self/fd", f"{scratch}/dev/fd")
    read_only = linux.MOUNT_ATTR_RDONLY | linux.MOUNT_ATTR_NOSUID | linux.MOUNT_ATTR_NODEV
    linux.set_mount_attributes(scratch, read_only)
    for device in _DEVICES:
        linux.mount(device, scratch + device, flags=linux.MS_BIND)
    size = f"size={limits.scratch_bytes},nr_inodes=10000,mode=700,uid={owner}"
    for folder in (scratch, "/dev/shm"):
        linux.mount("tmpfs", scratch + folder, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, size)
    if own_proc:
        with suppress(PermissionError):  # inside containers that hide parts of it
            linux.mount("proc", f"{scratch}/proc", "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)
    linux.enter_root(scratch)


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


def _landlock_rules(scratch: str, layers: Collection[str]) -> int | None:
    if not any(name in layers for name in _LANDLOCK_SINCE):
        return None
    allowed = None
    if LANDLOCK_FILES in layers:
        proc = ("/proc",) if PIDS in layers and MOUNTS in layers else _OWN_PROC
        allowed = [(path, landlock.READ) for path in (*libraries(), *proc)]
        allowed += [(path, landlock.USE_DEVICE) for path in _DEVICES]
        allowed += [
            (str(_PACKAGE), landlock.READ_DIR),
            (scratch, landlock.everything()),
        ]  # imports list folders
        if MOUNTS in layers:
            allowed += [("/", landlock.READ_DIR), ("/dev/shm", landlock.everything())]
    return landlock.ruleset(
        allowed, refuse_tcp=LANDLOCK_TCP in layers, refuse_outside=LANDLOCK_SCOPE in layers
    )


def _limit(limits: Limits, own_user: bool) -> None:
    page = resource.getpagesize()
    held, data = 0, 0
    if sys.platform == "linux":
        with suppress(OSError):  # worse first: the student is what the kernel kills when memory runs out
            Path("/proc/self/oom_score_adj").write_text("1000")
        with suppress(OSError):  # no /proc
            pages = Path("/proc/self/statm").read_text().split()
            held, data = int(pages[0]) * page, int(pages[5]) * page
    seconds = int(limits.submission_seconds) + 1
    counted = 0 if own_user else _tasks_of_this_user()
    wanted = {
        resource.RLIMIT_DATA: data + limits.memory_bytes,
        resource.RLIMIT_AS: held + 2 * limits.memory_bytes,  # shared mappings, which are no data
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: limits.file_bytes,
        resource.RLIMIT_NPROC: counted + limits.processes,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_CORE: 0,
    }
    for kind, value in wanted.items():
        most = resource.getrlimit(kind)[1]
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        with suppress(ValueError, OSError):  # macOS knows some limits by name only
            resource.setrlimit(kind, (value, value))


def _tasks_of_this_user() -> int:
    """Count processes and threads: without a user namespace the kernel counts them all together."""
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if process.stat().st_uid == os.geteuid():
                count += len(os.listdir(process / "task"))
    return count


if __name__ == "__main__":
    print(json.dumps({layer.name: layer.why_not for layer in probe()}))
