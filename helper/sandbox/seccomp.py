"""A filter on system calls: what student code has no business asking of the kernel is refused.

The program is classic BPF, put together here by hand, for x86_64 and aarch64.
Sources: seccomp(2), linux/filter.h, linux/audit.h; numbers from the kernel's own tables.
"""

from __future__ import annotations

import ctypes
import errno
import socket
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from helper.sandbox import linux

AUDIT_NAMES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

KILL = 0x80000000
ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _MACHINE_AT, _ARGUMENTS_AT = 0, 4, 16  # offsets in struct seccomp_data
_X32_BIT = 0x40000000

_NEW_NAMESPACES = 0x7E020000  # user, pid, net, ipc, uts, cgroup and mount
_PUSH_INPUT, _LINUX_CONSOLE = 0x5412, 0x541C  # the ioctls TIOCSTI and TIOCLINUX type into a terminal
_SET_LEASE = 1024  # makes others wait to open a file, a library too if it belongs to the same user
# Who gets a signal when a file has something to say, and which: fcntl and ioctl.
_SET_OWNER = (8, 15)
_SET_OWNER_BY_IOCTL = (0x8901, 0x8902)
_SIGKILL = 9

# name: (x86_64, aarch64); None where the architecture lacks the call.
NUMBERS: dict[str, tuple[int | None, int | None]] = {
    "acct": (163, 89), "add_key": (248, 217), "adjtimex": (159, 171), "bpf": (321, 280), "chroot": (161, 51),
    "clock_adjtime": (305, 266), "clock_settime": (227, 112), "clone": (56, 220), "clone3": (435, 435),
    "delete_module": (176, 106), "fanotify_init": (300, 262), "finit_module": (313, 273),
    "fcntl": (72, 25), "fsconfig": (431, 431), "fsmount": (432, 432), "fsopen": (430, 430), "fspick": (433, 433),
    "init_module": (175, 105), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425), "ioctl": (16, 29), "ioperm": (173, None), "iopl": (172, None),
    "ioprio_set": (251, 30), "kcmp": (312, 272), "kexec_file_load": (320, 294), "kexec_load": (246, 104),
    "keyctl": (250, 219), "kill": (62, 129), "lookup_dcookie": (212, 18), "memfd_create": (319, 279),
    "memfd_secret": (447, 447), "migrate_pages": (256, 238), "modify_ldt": (154, None), "mount": (165, 40),
    "mount_setattr": (442, 442), "move_mount": (429, 429), "move_pages": (279, 239), "mq_open": (240, 180),
    "msgget": (68, 186), "name_to_handle_at": (303, 264), "nfsservctl": (180, 42),
    "open_by_handle_at": (304, 265), "open_tree": (428, 428), "open_tree_attr": (467, 467),
    "perf_event_open": (298, 241), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424),
    "pivot_root": (155, 41), "prctl": (157, 167), "prlimit64": (302, 261), "process_madvise": (440, 440),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "ptrace": (101, 117),
    "quotactl": (179, 60), "quotactl_fd": (443, 443), "reboot": (169, 142), "request_key": (249, 218),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274), "sched_setparam": (142, 118), "sched_setscheduler": (144, 119),
    "semget": (64, 190), "setdomainname": (171, 162), "sethostname": (170, 161), "setns": (308, 268),
    "setpgid": (109, 154), "setpriority": (141, 140), "setsid": (112, 157), "settimeofday": (164, 170),
    "shmget": (29, 194), "socket": (41, 198), "swapoff": (168, 225), "swapon": (167, 224),
    "syslog": (103, 116), "tgkill": (234, 131), "tkill": (200, 130), "umount2": (166, 39),
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54),
    "utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "setxattrat": (463, 463),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "removexattrat": (466, 466), "file_setattr": (469, 469),
    "unshare": (272, 97), "userfaultfd": (323, 282), "vhangup": (153, 58),
}  # fmt: skip

# Keys, tracing, mounting, namespaces, modules, clocks, memory that no limit counts (System V's, POSIX queues, files
# without a name), and interfaces with a long record of holes.
ALWAYS_REFUSED = (
    "acct", "add_key", "adjtimex", "bpf", "chroot", "clock_adjtime", "clock_settime", "delete_module",
    "fanotify_init", "finit_module", "fsconfig", "fsmount", "fsopen", "fspick", "init_module", "ioperm",
    "iopl", "kcmp", "kexec_file_load", "kexec_load", "keyctl", "lookup_dcookie", "memfd_create",
    "memfd_secret", "migrate_pages", "modify_ldt", "mount", "mount_setattr", "move_mount", "move_pages", "mq_open",
    "msgget", "name_to_handle_at", "nfsservctl", "open_by_handle_at", "open_tree", "open_tree_attr",
    "perf_event_open", "pidfd_getfd", "pivot_root", "process_madvise", "process_vm_readv",
    "process_vm_writev", "ptrace", "quotactl", "quotactl_fd", "reboot", "request_key", "semget", "setdomainname",
    "sethostname", "setns", "settimeofday", "shmget", "swapoff", "swapon", "syslog", "umount2", "unshare",
    "userfaultfd", "vhangup",
)  # fmt: skip
# As if the kernel were too old for them, so that libraries take their older way.
ALWAYS_MISSING = ("clone3", "io_uring_setup", "io_uring_enter", "io_uring_register")
# What reaches processes of the same user, where no pid namespace hides them.
_REACHES_OTHERS = ("tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal", "setpriority",
                   "ioprio_set", "sched_setaffinity", "sched_setattr", "sched_setparam",
                   "sched_setscheduler")  # fmt: skip
# What Landlock leaves open: a file that can be read, or only be named, can be given another mode or owner.
_CHANGES_ATTRIBUTES = ("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat",
                       "utime", "utimes", "futimesat", "utimensat", "setxattr", "lsetxattr", "fsetxattr",
                       "setxattrat", "removexattr", "lremovexattr", "fremovexattr", "removexattrat",
                       "file_setattr")  # fmt: skip
_LEAVES_THE_GROUP = ("setsid", "setpgid")


@dataclass(frozen=True)
class Policy:
    """What the filter must refuse because no other layer does.

    unix_sockets: allow them, since files and abstract names outside are hidden. own_files: all files seen are
    its own or on read-only mounts. alone_as: this process's pid when others can be seen, None in a pid namespace.
    """

    unix_sockets: bool
    own_files: bool
    alone_as: int | None


def install(policy: Policy) -> None:
    """Put this process and all it will start under the filter. Needs no_new_privs. Raises OSError."""
    code = program(policy, linux.machine())
    instructions = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(instructions))
    linux.prctl(linux.PR_SET_SECCOMP, 2, ctypes.c_char_p(header))


@lru_cache
def program(policy: Policy, machine: str) -> bytes:
    """Return the filter as BPF instructions of 8 bytes. Raises KeyError for an unknown processor."""
    return b"".join(_instructions(policy, machine))


def _instructions(policy: Policy, machine: str) -> Iterator[bytes]:
    yield _instruction(_LOAD, _MACHINE_AT)
    yield _instruction(_EQUAL, AUDIT_NAMES[machine], 1, 0)
    yield _instruction(_RETURN, KILL)  # a 32-bit call would have other numbers
    yield _instruction(_LOAD, _NUMBER_AT)
    if machine == "x86_64":
        yield _instruction(_AT_LEAST, _X32_BIT, 0, 1)
        yield _refusal(errno.ENOSYS)
    refused = list(ALWAYS_REFUSED)
    if not policy.own_files:
        refused += _CHANGES_ATTRIBUTES
    if policy.alone_as is not None:
        refused += _REACHES_OTHERS + _LEAVES_THE_GROUP
    for number in _numbers(refused, machine):
        yield _instruction(_EQUAL, number, 0, 1)
        yield _refusal(errno.EPERM)
    for number in _numbers(ALWAYS_MISSING, machine):
        yield _instruction(_EQUAL, number, 0, 1)
        yield _refusal(errno.ENOSYS)
    alone = policy.alone_as is not None
    yield from _on_argument("clone", machine, 0, [(_ANY_BIT, _NEW_NAMESPACES)], errno.EPERM)
    owner = _SET_OWNER_BY_IOCTL if alone else ()
    yield from _on_argument("ioctl", machine, 1, _equal(_PUSH_INPUT, _LINUX_CONSOLE, *owner), errno.EPERM)
    yield from _on_argument(
        "fcntl", machine, 1, _equal(_SET_LEASE, *(_SET_OWNER if alone else ())), errno.EPERM
    )
    # The signal at the parent's death must stay set, its memory be measurable from outside, and what it starts stay
    # below it; libraries that ask for something else are told it worked.
    kept = _equal(linux.PR_SET_PDEATHSIG, linux.PR_SET_DUMPABLE, linux.PR_SET_CHILD_SUBREAPER)
    yield from _on_argument("prctl", machine, 0, kept, 0)
    families = _equal(int(socket.AF_UNIX)) if policy.unix_sockets else []
    yield from _on_argument("socket", machine, 0, families, errno.EPERM, unless=True)
    if policy.alone_as is not None:
        itself = _equal(policy.alone_as, 0)  # 0: its own group, or itself for prlimit
        for name in ("kill", "tgkill", "prlimit64"):
            yield from _on_argument(name, machine, 0, itself, errno.EPERM, unless=True)
        # So that whoever sees it killed knows that it was somebody else.
        yield from _on_argument("kill", machine, 1, _equal(_SIGKILL), errno.EPERM)
        yield from _on_argument("tgkill", machine, 2, _equal(_SIGKILL), errno.EPERM)
    yield _instruction(_RETURN, ALLOW)


def _on_argument(
    name: str, machine: str, argument: int, tests: list[tuple[int, int]], code: int, *, unless: bool = False
) -> Iterator[bytes]:
    """Refuse a call if the low half of one argument passes any test, or unless it does; else read on."""
    (number,) = _numbers([name], machine)
    body = [_instruction(_LOAD, _ARGUMENTS_AT + 8 * argument)]
    for at, (test, value) in enumerate(tests):
        last = at == len(tests) - 1
        to_refusal = len(tests) - 1 - at
        passed, failed = (to_refusal + 1, 0) if unless else (to_refusal, 1 if last else 0)
        body.append(_instruction(test, value, passed, failed))
    body += [_refusal(code), _instruction(_LOAD, _NUMBER_AT)]
    yield _instruction(_EQUAL, number, 0, len(body))
    yield from body


def _equal(*values: int) -> list[tuple[int, int]]:
    return [(_EQUAL, value) for value in values]


def _numbers(names: Iterable[str], machine: str) -> list[int]:
    column = ("x86_64", "aarch64").index(machine)
    return [number for name in names if (number := NUMBERS[name][column]) is not None]


def _refusal(code: int) -> bytes:
    return _instruction(_RETURN, _ERRNO | code)


def _instruction(operation: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", operation, if_true, if_false, value)
