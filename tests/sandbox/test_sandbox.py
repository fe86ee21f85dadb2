"""Each layer is proven by an attack that it stops and that succeeds once no layer covers it."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from helper.sandbox import confine as sandbox
from helper.sandbox import linux, seccomp, view
from helper.sandbox.confine import NOBODY
from helper.sandbox.layers import (
    IPC,
    LANDLOCK_FILES,
    LANDLOCK_SCOPE,
    LANDLOCK_TCP,
    LAYERS,
    LIMITS,
    MOUNTS,
    NETWORK,
    PIDS,
    PRIVILEGES,
    SECCOMP,
    Layer,
    Probed,
    available,
    sufficient,
)
from helper.sandbox.limits import MIB, Limits
from helper.sandbox.probe import probe

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is made of Linux")

LIMITED = Limits(memory_bytes=256 * MIB, file_bytes=MIB, scratch_bytes=2 * MIB, processes=20, open_files=40)
STUDENT = NOBODY if os.geteuid() == 0 else os.geteuid()
ABSTRACT = f"\0course-{os.getpid()}"
HOLDING = available(probe()) if sys.platform == "linux" else frozenset()


SEGMENT_BYTES = 3 * 4096  # of the shared memory outside; an attack's own has another size


@dataclass
class World:
    """Things outside the sandbox that an attack may be after; the student's user may touch them all."""

    folder: Path
    victim: int
    tcp: int
    udp: int
    segment: int

    @property
    def secret(self) -> Path:
        return self.folder / "gradebook.db"


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """A folder that the student's user may walk to, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="course-"))
    folder.chmod(0o755)
    yield folder
    subprocess.run(["rm", "-rf", str(folder)], check=True)


@pytest.fixture
def scratch(open_folder: Path) -> str:
    path = open_folder / uuid.uuid4().hex
    path.mkdir()
    return str(path)


@pytest.fixture(scope="module")
def world(open_folder: Path) -> Iterator[World]:
    folder = open_folder / "world"
    folder.mkdir()
    folder.chmod(0o777)
    (folder / "gradebook.db").write_text("the marks")
    if os.geteuid() == 0:
        os.chown(folder / "gradebook.db", NOBODY, NOBODY)
    drop = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    victim = subprocess.Popen(["sleep", "300"], **drop)
    tcp, udp = socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    listeners = [tcp, udp]
    for name in (ABSTRACT, str(folder / "socket")):
        listeners.append(socket.socket(socket.AF_UNIX))
        listeners[-1].bind(name)
        listeners[-1].listen()
    (folder / "socket").chmod(0o777)
    segment = ctypes.CDLL(None).shmget(0, SEGMENT_BYTES, 0o1666)
    yield World(folder, victim.pid, tcp.getsockname()[1], udp.getsockname()[1], segment)
    victim.kill()
    victim.wait()
    ctypes.CDLL(None).shmctl(segment, 0, None)
    for listener in listeners:
        listener.close()


def attempt(attack: Callable[[], object], layers: set[Layer], scratch: str, limits: Limits = LIMITED) -> str:
    """Run `attack` under `layers`. Return what it returned, or "refused: " and the exception's name."""
    answer, say = os.pipe()
    pid = sandbox.fork(limits, scratch, layers, keep=[say])
    if pid == 0:
        try:
            text = str(attack())
        except BaseException as error:
            text = f"refused: {type(error).__name__}"
        os.write(say, text.encode())
        os._exit(0)
    os.close(say)
    ready, _, _ = select.select([answer], [], [], 10)
    text = os.read(answer, 1000).decode() if ready else "refused: it hung"
    os.close(answer)
    sandbox.kill(pid)
    os.waitpid(pid, 0)
    return text or "refused: it died"


def stopped_by(
    layers: set[Layer], attack: Callable[[], object], scratch: str, limits: Limits = LIMITED
) -> None:
    """Require that each of `layers` stops the attack by itself, and that it succeeds without any."""
    base = {PRIVILEGES} - layers
    assert not attempt(attack, base, scratch, limits).startswith("refused"), "the attack does not work at all"
    for layer in layers & HOLDING:
        assert attempt(attack, base | {layer}, scratch, limits).startswith("refused"), (
            f"{layer.name} lets it through"
        )
    assert attempt(attack, set(HOLDING), scratch, limits).startswith("refused"), (
        "all layers together let it through"
    )


# Files


def test_a_file_outside_cannot_be_read(world: World, scratch: str) -> None:
    stopped_by({MOUNTS, LANDLOCK_FILES}, world.secret.read_text, scratch)


def test_a_file_outside_cannot_be_written(world: World, scratch: str) -> None:
    stopped_by({MOUNTS, LANDLOCK_FILES}, lambda: world.secret.write_text("99"), scratch)


def test_a_folder_outside_cannot_be_listed(world: World, scratch: str) -> None:
    stopped_by({MOUNTS, LANDLOCK_FILES}, lambda: os.listdir(world.folder), scratch)


def test_a_file_outside_cannot_be_removed_or_replaced(world: World, scratch: str) -> None:
    def attack() -> None:
        (world.folder / "mine").write_text("")
        (world.folder / "mine").rename(world.folder / "yours")
        (world.folder / "yours").unlink()

    stopped_by({MOUNTS, LANDLOCK_FILES}, attack, scratch)


def test_the_mode_of_a_file_outside_cannot_be_changed(world: World, scratch: str) -> None:
    # Landlock does not see this: without a mount namespace it is the filter that refuses.
    stopped_by({MOUNTS, SECCOMP}, lambda: world.secret.chmod(0o666), scratch)


def test_solutions_notebooks_and_other_work_are_out_of_reach(scratch: str) -> None:
    root = Path(sandbox.__file__).parents[2]
    places = (root, root / "solutions", root / "notebooks", Path("/home"), Path("/root"))
    for layers in ({MOUNTS}, {LANDLOCK_FILES}):
        for place in places if layers <= HOLDING else ():
            attack = lambda place=place: " ".join(os.listdir(place))  # noqa: E731
            listing = attempt(attack, {PRIVILEGES} | layers, scratch)
            assert listing.startswith("refused") or set(listing.split()) <= {".venv", "helper", ".pyenv"}, (
                listing
            )
        source = (root / "helper/sandbox/linux.py").read_text
        assert not layers <= HOLDING or attempt(source, {PRIVILEGES} | layers, scratch).startswith("refused")


def test_all_there_is_are_libraries_devices_and_the_scratch(scratch: str) -> None:
    def attack() -> list[str]:
        known = {*view.libraries(), "/proc", scratch}
        found = []
        for folder, folders, files in os.walk("/"):
            folders[:] = [name for name in folders if os.path.join(folder, name) not in known]
            found += [path for name in files if (path := os.path.join(folder, name)) not in known]
        return [path for path in found if not path.startswith("/dev/")]

    if MOUNTS in HOLDING:
        assert attempt(attack, {PRIVILEGES, MOUNTS}, scratch) == "[]"


def test_libraries_can_be_read_but_not_written(scratch: str) -> None:
    layers = set(HOLDING)
    library = Path(os.__file__)
    assert attempt(lambda: len(library.read_bytes()) > 0, layers, scratch) == "True"
    assert attempt(lambda: library.open("a"), layers, scratch).startswith("refused")
    for changed in (library, library.parent / "new.py"):
        assert attempt(lambda changed=changed: changed.write_text(""), layers, scratch).startswith("refused")


def test_the_students_half_of_helper_can_be_imported(scratch: str) -> None:
    code = "import helper.judging.evidence; print(helper.judging.evidence.DEEPEST)"
    path = str(Path(sandbox.__file__).parents[2])

    def attack() -> str:
        answer = subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONPATH": path}, capture_output=True, text=True
        )
        return answer.stdout or answer.stderr

    assert attempt(attack, set(HOLDING), scratch) == "6\n"


def test_what_is_readable_of_helper_is_the_students_half_and_nothing_else(scratch: str) -> None:
    students = {"checking", "judging", "data", "plot", "graphs", "fixtures", "interactive"}
    allowed = {path for name in students for path in (view.PACKAGE / name).rglob("*") if path.is_file()}
    allowed |= {view.PACKAGE / name for name in ("__init__.py", "course.py", "results.py", "results.json")}

    def attack() -> list[str]:
        found = []
        for folder, _, files in os.walk(view.PACKAGE):
            for name in files:
                try:
                    (Path(folder) / name).read_bytes()
                except OSError:
                    continue
                found.append(Path(folder) / name)
        return [str(path.relative_to(view.PACKAGE)) for path in found if path not in allowed]

    for layers in ({MOUNTS}, {LANDLOCK_FILES}):
        if layers <= HOLDING:
            assert attempt(attack, {PRIVILEGES} | layers, scratch) == "[]"


def test_every_room_of_helper_is_the_students_or_hidden() -> None:
    files = {"cli.py", "files.py", "made_of.py"}
    folders = {
        "desk",
        "released",
        "lessons",
        "authoring",
        "sandbox",
        "running",
        "grading",
        "nbgrading",
        "commands",
    }
    hidden = files | folders | {"bench", "site"}
    rooms = {path.name for path in view.PACKAGE.iterdir() if path.suffix in ("", ".py", ".json")}
    rooms.discard("__pycache__")
    assert not hidden & set(view.READABLE)
    assert rooms <= hidden | set(view.READABLE), (
        "say of a new room who may read it: here, or in view.READABLE"
    )


def test_a_course_installed_among_the_libraries_stays_hidden(tmp_path: Path) -> None:
    libraries = tmp_path / "lib" / "site-packages"
    for name in ("helper/grading", "torch/nn"):
        (libraries / name).mkdir(parents=True)
    (tmp_path / "lib64").symlink_to("lib")
    hidden = libraries / "helper"
    assert view.without(str(tmp_path / "lib"), hidden) == [str(libraries / "torch")]
    assert view.without(str(libraries / "torch"), hidden) == [str(libraries / "torch")]
    assert view.without(str(hidden), hidden) == []
    assert view.without(str(tmp_path / "lib64"), hidden) == [str(tmp_path / "lib64")], (
        "a link shows nothing itself"
    )


def test_files_and_shared_memory_together_have_one_bound(scratch: str) -> None:
    def attack() -> str:
        for folder in (".", "/dev/shm"):
            for number in range(3):
                Path(folder, str(number)).write_bytes(bytes(MIB // 2))
        return "3 MB"

    if MOUNTS in HOLDING:
        assert attempt(attack, {PRIVILEGES, MOUNTS}, scratch).startswith("refused")
        enough = Limits(scratch_bytes=4 * MIB)
        assert attempt(attack, {PRIVILEGES, MOUNTS}, scratch, enough) == "3 MB"


def test_the_scratch_is_private_writable_and_bounded(scratch: str) -> None:
    def attack() -> str:
        Path("file").write_text("kept")
        Path("folder").mkdir()
        assert Path("file").read_text() == "kept"
        assert Path.cwd() == Path(scratch) == Path.home()
        for number in range(10):
            Path(str(number)).write_bytes(bytes(MIB // 2))
        return "10 files"

    stopped_by({MOUNTS}, attack, scratch)
    assert attempt(lambda: os.listdir(scratch), {MOUNTS} & HOLDING, scratch) == "[]"


# Network


def test_no_tcp_connection_is_possible(world: World, scratch: str) -> None:
    attack = lambda: socket.socket().connect(("127.0.0.1", world.tcp))  # noqa: E731
    stopped_by({NETWORK, LANDLOCK_TCP, SECCOMP}, attack, scratch)


def test_no_udp_packet_leaves(world: World, scratch: str) -> None:
    def attack() -> int:
        return socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"answers", ("127.0.0.1", world.udp))

    stopped_by({NETWORK, SECCOMP}, attack, scratch)


def test_no_abstract_socket_outside_can_be_reached(world: World, scratch: str) -> None:
    attack = lambda: socket.socket(socket.AF_UNIX).connect(ABSTRACT)  # noqa: E731
    stopped_by({NETWORK, LANDLOCK_SCOPE, SECCOMP}, attack, scratch)


def test_no_socket_file_outside_can_be_reached(world: World, scratch: str) -> None:
    attack = lambda: socket.socket(socket.AF_UNIX).connect(str(world.folder / "socket"))  # noqa: E731
    stopped_by({MOUNTS, SECCOMP}, attack, scratch)


def test_sockets_between_a_students_own_processes_work(scratch: str) -> None:
    def attack() -> str:
        first, second = socket.socketpair()
        first.sendall(b"hello")
        return second.recv(5).decode()

    assert attempt(attack, set(HOLDING), scratch) == "hello"
    assert attempt(attack, {PRIVILEGES, SECCOMP} & HOLDING, scratch) == "hello"


# Other processes


def test_a_process_outside_cannot_be_signalled(world: World, scratch: str) -> None:
    stopped_by({PIDS, LANDLOCK_SCOPE, SECCOMP}, lambda: os.kill(world.victim, signal.SIGCONT), scratch)


def test_the_limits_of_a_process_outside_cannot_be_changed(world: World, scratch: str) -> None:
    import resource

    attack = lambda: resource.prlimit(world.victim, resource.RLIMIT_CORE, (0, 0))  # noqa: E731
    stopped_by({PIDS, SECCOMP}, attack, scratch)


def test_other_processes_cannot_be_looked_at(world: World, scratch: str) -> None:
    attack = lambda: Path(f"/proc/{world.victim}/cmdline").read_text()  # noqa: E731
    stopped_by({MOUNTS, LANDLOCK_FILES}, attack, scratch)


def test_a_daemon_does_not_survive(scratch: str) -> None:
    def survives(layers: set[Layer]) -> bool:
        held, hold = os.pipe()
        pid = sandbox.fork(LIMITED, scratch, layers, keep=[hold])
        if pid == 0:
            if os.fork() == 0:
                try:
                    os.setsid()
                except OSError:
                    os.write(hold, b"x")  # not able to leave: stay as it is
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                os.close(hold) if os.fork() else time.sleep(2)
                os._exit(0)
            time.sleep(0.1)
            os._exit(0)
        os.close(hold)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        sandbox.kill(pid)
        os.waitpid(pid, 0)
        with os.fdopen(held, "rb", buffering=0) as pipe:
            while select.select([pipe], [], [], 0.5)[0]:
                if not pipe.read(1):
                    return False
        return True

    assert survives({PRIVILEGES}), "the attack does not work at all"
    for layer in {PIDS, SECCOMP} & HOLDING:
        assert not survives({PRIVILEGES, layer}), f"{layer.name} lets it live"
    assert not survives(set(HOLDING))


def test_shared_memory_of_others_cannot_be_had(world: World, scratch: str) -> None:
    def attack() -> str:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.shmget(0x7EA4, 4096, 0o1666) < 0:
            raise PermissionError
        info = ctypes.create_string_buffer(256)
        if libc.shmctl(world.segment, 2, info) < 0:
            raise PermissionError
        if struct.unpack_from("N", info, 48)[0] != SEGMENT_BYTES:
            raise PermissionError  # of that number there is one here too: the attack's own, another size
        return "seen"

    stopped_by({IPC, SECCOMP}, attack, scratch)
    key = ctypes.CDLL(None).shmget(0x7EA4, 4096, 0)
    if key >= 0:
        ctypes.CDLL(None).shmctl(key, 0, None)


def test_nobody_is_made_to_wait_for_a_file(scratch: str) -> None:
    def attack() -> int:
        mine = os.open("file", os.O_RDWR | os.O_CREAT)
        return fcntl.fcntl(
            mine, 1024, fcntl.F_WRLCK
        )  # F_SETLEASE: who opens it waits, a library's reader too

    os.chmod(scratch, 0o777)
    stopped_by({SECCOMP}, attack, scratch)


@pytest.mark.parametrize("call", ["shmget", "semget", "msgget"])
def test_memory_that_no_limit_counts_cannot_be_had(call: str, scratch: str) -> None:
    def attack() -> str:
        libc = ctypes.CDLL(None, use_errno=True)
        made = {"shmget": lambda: libc.shmget(0, 64 * MIB, 0o1600), "semget": lambda: libc.semget(0, 1, 0o1600),
                "msgget": lambda: libc.msgget(0, 0o1600)}[call]()  # fmt: skip
        if made < 0:
            raise PermissionError
        {"shmget": lambda: libc.shmctl(made, 0, None), "semget": lambda: libc.semctl(made, 0, 0),
         "msgget": lambda: libc.msgctl(made, 0, None)}[call]()  # fmt: skip
        return "64 MB"

    stopped_by({SECCOMP}, attack, scratch)


# What a server shares


def settled(layers: set[Layer], folder: Path, attacks: list[Callable[[], object]]) -> list[str]:
    """Run attacks one after the other in processes of one server that has settled. Return what each returned."""
    answer, say = os.pipe()
    server = os.fork()
    if server == 0:
        try:
            ground = sandbox.settle(layers, str(folder))
            for attack in attacks:
                pid = sandbox.fork(LIMITED, str(folder), layers, keep=[say], ground=ground)
                if pid == 0:
                    try:
                        text = str(attack())
                    except BaseException as error:
                        text = f"refused: {type(error).__name__}"
                    os.write(say, text.encode() + b"\0")
                    os._exit(0)
                sandbox.kill(pid) if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT) else None
                os.waitpid(pid, 0)
        except BaseException as error:
            os.write(say, repr(error).encode())
        os._exit(0)
    os.close(say)
    os.waitpid(server, 0)
    with os.fdopen(answer, "rb") as pipe:
        return pipe.read().decode().rstrip("\0").split("\0")


def test_one_process_of_a_server_leaves_nothing_to_the_next(world: World, open_folder: Path) -> None:
    folder = open_folder / uuid.uuid4().hex
    folder.mkdir()

    def leave() -> list[str]:
        for place in (folder, Path("/dev/shm")):
            (place / "left").write_text("for you")
        if os.fork() == 0:
            time.sleep(60)
        return sorted(os.listdir(folder))

    def find() -> list[object]:
        seen = [name for name in os.listdir("/proc") if name.isdigit()]
        return [os.listdir(folder), os.listdir("/dev/shm"), len(seen), os.path.exists(world.secret)]

    if {MOUNTS, PIDS} <= HOLDING:
        assert settled(set(HOLDING), folder, [leave, find]) == ["['left']", "[[], [], 1, False]"]
        assert os.listdir(folder) == []


def test_a_server_that_settled_confines_as_well_as_one_that_did_not(world: World, open_folder: Path) -> None:
    folder = open_folder / uuid.uuid4().hex
    folder.mkdir()
    attacks: list[Callable[[], object]] = [
        world.secret.read_text,
        lambda: os.kill(world.victim, signal.SIGCONT),
        lambda: socket.socket(socket.AF_UNIX).connect(ABSTRACT),
        lambda: socket.socket().connect(("127.0.0.1", world.tcp)),
        lambda: os.open(os.__file__, os.O_WRONLY),
        lambda: linux.mount("tmpfs", str(folder), "tmpfs"),
        lambda: Path("/proc/sys/kernel/hostname").write_text("mine"),
    ]
    for layers in (set(HOLDING), set(HOLDING) - {SECCOMP}, set(HOLDING) - {MOUNTS, PIDS, NETWORK, IPC}):
        said = settled(layers, folder, [*attacks, os.geteuid])
        assert all(text.startswith("refused") for text in said[:-1]), (
            said,
            sorted(layer.name for layer in layers),
        )
        assert said[-1] == str(STUDENT)


# Limits


def test_too_much_memory_is_a_memory_error(scratch: str) -> None:
    attack = lambda: len(bytearray(300 * MIB))  # noqa: E731
    stopped_by({LIMITS}, attack, scratch)
    assert attempt(attack, {LIMITS}, scratch) == "refused: MemoryError"


def test_shared_mappings_count_as_memory(scratch: str) -> None:
    stopped_by({LIMITS}, lambda: len(mmap.mmap(-1, 600 * MIB)), scratch)


def test_a_fork_storm_is_limited(scratch: str) -> None:
    def attack() -> str:
        for _ in range(30):
            if os.fork() == 0:
                time.sleep(60)
        return "30 processes"

    stopped_by({LIMITS}, attack, scratch)


def test_a_file_cannot_grow_without_end(scratch: str) -> None:
    stopped_by({LIMITS}, lambda: Path("big").write_bytes(bytes(MIB + 1)), scratch, Limits(file_bytes=MIB))


def test_open_files_are_limited(scratch: str) -> None:
    stopped_by({LIMITS}, lambda: [os.dup(0) for _ in range(50)], scratch)


def test_processor_time_is_limited(scratch: str) -> None:
    def attack() -> str:
        end = time.process_time() + 1.3
        while time.process_time() < end:
            pass
        return "2 seconds"

    stopped_by({LIMITS}, attack, scratch, Limits(submission_seconds=0))


# Privileges and the filter


def test_no_privilege_is_left(scratch: str) -> None:
    def attack() -> None:
        linux.mount("tmpfs", scratch, "tmpfs")

    namespace = {MOUNTS} & HOLDING
    if namespace or os.geteuid() == 0:
        assert not attempt(attack, namespace, scratch).startswith("refused")
    assert attempt(attack, namespace | {PRIVILEGES}, scratch).startswith("refused")
    assert attempt(attack, namespace | ({SECCOMP} & HOLDING), scratch).startswith("refused") or not HOLDING
    status = attempt(Path("/proc/self/status").read_text, set(HOLDING), scratch)
    for field in ("CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert f"{field}:\t0000000000000000" in status or field not in status
    assert attempt(os.geteuid, {PRIVILEGES}, scratch) == str(STUDENT)
    assert attempt(lambda: os.setuid(0), set(HOLDING), scratch).startswith("refused")


def calls() -> dict[str, Callable[[], object]]:
    column = ("x86_64", "aarch64").index(linux.machine()) if linux.machine() in seccomp.AUDIT_NAMES else 0

    def call(name: str, *arguments: object) -> Callable[[], object]:
        number = seccomp.NUMBERS[name][column]
        assert number is not None
        return lambda: linux.syscall(number, *arguments)

    return {
        "tracing": call("ptrace", 0, 0, 0, 0),  # PTRACE_TRACEME
        "a new user namespace": lambda: linux.unshare(linux.CLONE_NEWUSER),
        "a clone into a namespace": call("clone", linux.CLONE_NEWUSER | signal.SIGCHLD, 0, 0, 0, 0),
        "memory without a file": call("memfd_create", b"x", 0),
        "the kernel's key ring": call("keyctl", 0, -3, 1),  # KEYCTL_GET_KEYRING_ID of the session
        "a file by handle": call("name_to_handle_at", -100, b".", ctypes.create_string_buffer(200), None, 0),
    }


@pytest.mark.parametrize("name", ["tracing", "a new user namespace", "a clone into a namespace",
                                  "memory without a file", "the kernel's key ring"])  # fmt: skip
def test_the_filter_refuses(name: str, scratch: str) -> None:
    attack = calls()[name]
    if "namespace" in name and not HOLDING & {MOUNTS, PIDS}:
        assert attempt(attack, {PRIVILEGES, SECCOMP} & HOLDING, scratch).startswith("refused")
        return
    stopped_by({SECCOMP}, attack, scratch)


def test_the_signal_at_the_parents_death_cannot_be_turned_off(scratch: str) -> None:
    def attack() -> int:
        linux.prctl(linux.PR_SET_PDEATHSIG, 0)
        number = ctypes.c_int(0)
        linux.prctl(2, ctypes.byref(number))  # PR_GET_PDEATHSIG
        if number.value == signal.SIGKILL:
            raise PermissionError
        return number.value

    stopped_by({SECCOMP}, attack, scratch)


# The filter's program, also for the processor that this machine is not


def verdict(code: bytes, machine: str, number: int, *arguments: int) -> int:
    """Interpret the BPF program as the kernel would."""
    audit = seccomp.AUDIT_NAMES[machine]
    data = struct.pack(
        "=IIQ6Q", number, audit, 0, *(value % 2**64 for value in (*arguments, 0, 0, 0, 0, 0, 0)[:6])
    )
    instructions = list(struct.iter_unpack("HBBI", code))
    register = at = 0
    while True:
        operation, if_true, if_false, value = instructions[at]
        at += 1
        if operation == 0x20:
            (register,) = struct.unpack_from("=I", data, value)
        elif operation == 0x06:
            return int(value)
        else:
            test = {0x15: register == value, 0x35: register >= value, 0x45: bool(register & value)}[operation]
            at += if_true if test else if_false


REFUSED = 0x50000 | errno.EPERM
APART = seccomp.Policy(unix_sockets=True, own_files=True, alone_as=None)
AMONG = seccomp.Policy(unix_sockets=False, own_files=False, alone_as=42)


@pytest.mark.parametrize(("machine", "column"), [("x86_64", 0), ("aarch64", 1)])
def test_the_program_says_the_right_thing_on_both_processors(machine: str, column: int) -> None:
    apart, among = seccomp.program(APART, machine), seccomp.program(AMONG, machine)

    def ask(code: bytes, name: str, *arguments: int) -> int:
        number = seccomp.NUMBERS[name][column]
        assert number is not None
        return verdict(code, machine, number, *arguments)

    for name in seccomp.ALWAYS_REFUSED:
        if seccomp.NUMBERS[name][column] is not None:
            assert ask(apart, name) == ask(among, name) == REFUSED, name
    for name in seccomp.ALWAYS_MISSING:
        assert ask(apart, name) == 0x50000 | errno.ENOSYS
    for number in {"x86_64": (0, 1, 9, 59, 202, 257), "aarch64": (56, 63, 64, 98, 221, 222)}[machine]:
        assert verdict(apart, machine, number) == verdict(among, machine, number) == seccomp.ALLOW
    assert ask(apart, "socket", socket.AF_UNIX) == seccomp.ALLOW
    assert ask(among, "socket", socket.AF_UNIX) == REFUSED
    assert {ask(apart, "socket", family) for family in (2, 10, 16, 17, 40)} == {REFUSED}
    assert ask(apart, "socket", 2**32 + 2) == REFUSED, "the kernel reads only the low half"
    assert ask(apart, "clone", signal.SIGCHLD) == ask(apart, "clone", 0x3D0F00) == seccomp.ALLOW
    assert {ask(apart, "clone", flag | signal.SIGCHLD) for flag in (1 << 17, 1 << 28, 1 << 30)} == {REFUSED}
    assert ask(apart, "prctl", 1, 0) == ask(apart, "prctl", 36, 0) == 0x50000
    assert ask(apart, "prctl", 15) == seccomp.ALLOW
    assert ask(apart, "ioctl", 1, 0x5412) == ask(apart, "ioctl", 1, 0x541C) == REFUSED
    assert ask(apart, "ioctl", 1, 0x5401) == seccomp.ALLOW
    for name in ("kill", "tgkill", "prlimit64"):
        assert ask(apart, name, 7) == ask(among, name, 42) == ask(among, name, 0) == seccomp.ALLOW
        assert ask(among, name, 7) == ask(among, name, -1) == REFUSED
    assert ask(apart, "kill", 7, 9) == ask(among, "kill", 42, 15) == seccomp.ALLOW
    assert ask(among, "kill", 42, 9) == ask(among, "tgkill", 42, 42, 9) == REFUSED, (
        "it could say it was others"
    )
    assert ask(apart, "fcntl", 3, 1024) == ask(among, "fcntl", 3, 1024) == REFUSED, "a lease"
    assert ask(apart, "fcntl", 3, 8) == ask(among, "fcntl", 3, 3) == seccomp.ALLOW
    assert (
        ask(among, "fcntl", 3, 8) == ask(among, "fcntl", 3, 15) == ask(among, "ioctl", 3, 0x8901) == REFUSED
    )
    for name in ("setsid", "fchmod", "pidfd_send_signal"):
        assert ask(apart, name) == seccomp.ALLOW
        assert ask(among, name) == REFUSED


def test_calls_of_another_architecture_are_deadly() -> None:
    other = seccomp.program(APART, "x86_64").replace(
        struct.pack("I", 0xC000003E), struct.pack("I", 0x40000003)
    )
    assert verdict(other, "x86_64", 1) == seccomp.KILL
    assert verdict(seccomp.program(APART, "x86_64"), "x86_64", 0x40000000 + 41, 2) == 0x50000 | errno.ENOSYS


# Probing


def test_limits_and_privileges_hold_everywhere() -> None:
    print(f"holding: {sorted(layer.name for layer in HOLDING)}")
    assert {LIMITS, PRIVILEGES} <= HOLDING


def test_the_probe_tries_every_layer_once() -> None:
    probe.cache_clear()
    layers = probe()
    assert [item.layer for item in layers] == list(LAYERS)
    assert probe() is layers
    assert all(layer.available or len(layer.why_not) > 20 for layer in layers)


def test_a_layer_that_fails_says_why_and_runs_nothing(monkeypatch: pytest.MonkeyPatch, scratch: str) -> None:
    def refuse(*flags: int) -> int:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(linux, "fork", refuse)
    with pytest.raises(PermissionError, match="not permitted"):
        sandbox.fork(LIMITED, scratch, {NETWORK})
    monkeypatch.setattr(linux, "set_mount_attributes", refuse)
    monkeypatch.setattr(seccomp, "install", refuse)
    with pytest.raises(sandbox.SandboxError, match="not permitted"):
        sandbox.fork(LIMITED, scratch, {SECCOMP})
    monkeypatch.setattr(threading, "active_count", lambda: 1)  # whatever an earlier test left, probe in here
    probe.cache_clear()
    layers = {item.layer: item for item in probe()}
    probe.cache_clear()
    assert not layers[NETWORK].available
    assert "allow user namespaces" in layers[NETWORK].why_not
    assert not layers[SECCOMP].available
    assert layers[LIMITS].available


def test_either_namespaces_or_landlock_with_a_filter_are_sufficient() -> None:
    def verdict(*missing: Layer) -> bool:
        return sufficient(Probed(layer, "gone" if layer in missing else "") for layer in LAYERS)

    assert verdict()
    assert verdict(MOUNTS, PIDS, NETWORK, IPC), "Landlock and seccomp"
    assert verdict(LANDLOCK_FILES, LANDLOCK_TCP, LANDLOCK_SCOPE, SECCOMP), "namespaces"
    assert not verdict(MOUNTS, LANDLOCK_FILES), "files"
    assert not verdict(MOUNTS, SECCOMP), "files: Landlock lets modes be changed"
    assert not verdict(NETWORK, SECCOMP), "network"
    assert not verdict(PIDS, SECCOMP), "kill"
    assert not verdict(LIMITS)
    assert not verdict(PRIVILEGES)


# The child


def test_nothing_of_the_callers_environment_or_files_comes_along(
    monkeypatch: pytest.MonkeyPatch, world: World, scratch: str
) -> None:
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    with world.secret.open() as leaked:
        os.set_inheritable(leaked.fileno(), True)
        assert attempt(lambda: os.read(leaked.fileno(), 9), set(HOLDING), scratch).startswith("refused")
    names = attempt(lambda: sorted(os.environ), set(HOLDING), scratch)
    assert "NBGRADER" not in names
    assert "HOME" in names
    shell = attempt(lambda: subprocess.check_output(["env"], text=True), set(HOLDING), scratch)
    assert "NBGRADER" not in shell


def test_the_child_dies_with_its_parent(scratch: str) -> None:
    held, hold = os.pipe()
    middle = os.fork()
    if middle == 0:
        if sandbox.fork(LIMITED, scratch, set(HOLDING), keep=[hold]) == 0:
            time.sleep(60)
        os._exit(0)
    os.close(hold)
    os.waitpid(middle, 0)
    assert select.select([held], [], [], 5)[0], "it lives on"
    os.close(held)


def test_all_of_this_holds_for_an_ordinary_user(open_folder: Path) -> None:
    if os.geteuid() != 0:
        return  # this whole run is by one
    folder = open_folder / "ordinary"
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)

    def become_ordinary() -> None:
        linux.unshare(linux.CLONE_NEWNS)
        linux.mount("none", "/", flags=linux.MS_REC | linux.MS_PRIVATE)
        for place in reversed(Path(sys.base_prefix).parents):
            if not place.stat().st_mode & 0o001:  # Python lies where only root may go: make a way
                linux.mount(sys.base_prefix, "/mnt", flags=linux.MS_BIND)
                linux.mount("tmpfs", str(place), "tmpfs", options="mode=755")
                os.makedirs(sys.base_prefix)
                linux.mount("/mnt", sys.base_prefix, flags=linux.MS_BIND)
                break
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)

    command = [
        sys.executable,
        "-m",
        "pytest",
        "-qrP",
        "-pno:cacheprovider",
        f"--basetemp={folder}/t",
        __file__,
    ]
    answer = subprocess.run(
        command,
        preexec_fn=become_ordinary,
        env={"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(Path(sandbox.__file__).parents[2])},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stdout[-3000:] + answer.stderr[-2000:]
    assert " passed" in answer.stdout
    names = [line for line in answer.stdout.splitlines() if line.startswith("holding: ")]
    assert names == [f"holding: {sorted(layer.name for layer in HOLDING)}"], (
        "an ordinary user has fewer layers than root"
    )
