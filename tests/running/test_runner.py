"""What one submission does to its own marks, to the others and to the grader: as little as it deserves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from helper.running import runner as runner_module
from helper.running.forkserver import ForkServer
from helper.running.job import CellRun, Job, Run
from helper.running.runner import DisturbedError, Runner, RunnerError
from helper.running.transcript import Transcript
from helper.sandbox.layers import LAYERS, SECCOMP, Layer, Probed
from helper.sandbox.limits import MIB, Limits
from helper.sandbox.probe import probe
from helper.sandbox.view import PACKAGE

LIMITS = Limits(
    cell_seconds=10.0,
    submission_seconds=30.0,
    memory_bytes=512 * MIB,
    output_bytes=2_000,
    evidence_bytes=200_000,
    processes=40,
)
CHECK = """
@check("{name}")
def _(given, expect):
    x = given.normal(3)
    expect("doubles", {name}(x))
    expect("zero", {name}(x * 0))
"""


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Runner(LIMITS, unsandboxed=True) as running:
        yield running


@pytest.fixture(autouse=True)
def _little_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "GRACE", 0.3)


@pytest.fixture
def hasty(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> Runner:
    """The same runner with little patience."""
    monkeypatch.setattr(runner, "limits", replace(LIMITS, cell_seconds=0.7))
    return runner


def job(*sources: str, seed: str = "a seed") -> Job:
    """Make a job: a setup; the given sources; two good exercises around them with their checks."""
    good = "def {name}(x):\n    return 2 * x"
    cells: list[Any] = [("setup", "setup", "import torch\nfrom helper import check")]
    cells += [("first", "exercise", good.format(name="first"))]
    cells += [("check_first", "check", CHECK.format(name="first"))]
    cells += [(f"own_{number}", "extra", source) for number, source in enumerate(sources)]
    cells += [("last", "exercise", good.format(name="last"))]
    cells += [("check_last", "check", CHECK.format(name="last"))]
    return Job(tuple(cells), seed)


def shown(run: Run, check: str) -> list[str]:
    """Return the names of the expectations for which a check has evidence."""
    return [name for name, _ in run.evidence.get(check, ((), None))[0]]


def assert_others_counted(run: Run) -> None:
    for check in ("first", "last"):
        assert shown(run, check) == ["doubles", "zero"], run
        assert run.evidence[check][1] is None


@pytest.fixture
def own_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Let scratch folders lie in a folder of this test alone: others use /tmp at the same time."""
    with tempfile.TemporaryDirectory(prefix="own-", dir="/tmp") as name:
        os.chmod(name, 0o755)
        monkeypatch.setattr(tempfile, "tempdir", name)
        yield name


def test_good_cells_run_and_their_evidence_arrives(runner: Runner) -> None:
    run = runner.run(job("print('hello'); 40 + 2"))
    assert_others_counted(run)
    assert run.cells["own_0"] == CellRun("ok", "hello\n42\n")
    assert {cell.status for cell in run.cells.values()} == {"ok"}
    assert run.flags == ()
    assert 0 < run.seconds < LIMITS.submission_seconds


def test_the_same_seed_asks_the_same_and_another_seed_asks_something_else(runner: Runner) -> None:
    values = [runner.run(job(seed=seed)).evidence["first"][0][0][1]["values"] for seed in "aab"]
    assert values[0] == values[1] != values[2]


def test_global_random_numbers_come_from_the_seed(runner: Runner) -> None:
    draw = "import random, numpy\nprint(random.random(), numpy.random.rand(), torch.rand(1).item())"
    outputs = [runner.run(job(draw, seed=seed)).cells["own_0"].output for seed in "aab"]
    assert outputs[0] == outputs[1]
    for first, other in zip(outputs[0].split(), outputs[2].split(), strict=True):
        assert first != other


def test_an_error_costs_its_cell_and_names_the_students_line(runner: Runner) -> None:
    run = runner.run(job("def f():\n    return missing\n\nf()"))
    assert_others_counted(run)
    cell = run.cells["own_0"]
    assert (cell.status, cell.error) == ("error", "NameError: name 'missing' is not defined")
    assert cell.line == "return missing"


def test_a_syntax_error_costs_its_cell(runner: Runner) -> None:
    run = runner.run(job("def f(:\n    pass"))
    assert_others_counted(run)
    assert run.cells["own_0"].status == "error"
    assert run.cells["own_0"].error.startswith("SyntaxError")
    assert run.cells["own_0"].line == "def f(:"


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("import sys; sys.exit(0)", "SystemExit: 0"),
        ("exit()", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise BaseException('all')", "BaseException: all"),
        ("input()", "NobodyAnswers: input() waits"),
        ("breakpoint()", "NobodyAnswers: breakpoint() waits"),
        ("class E(Exception):\n    def __str__(self): raise ValueError\nraise E", "ValueError"),
    ],
)
def test_leaving_by_an_exception_costs_its_cell_only(runner: Runner, source: str, error: str) -> None:
    run = runner.run(job(source))
    assert_others_counted(run)
    assert run.cells["own_0"].status == "error"
    assert run.cells["own_0"].error.startswith(error)


def test_what_an_error_in_a_check_leaves_is_kept(runner: Runner) -> None:
    wrong = "def last(x):\n    if (x == 0).all():\n        raise ValueError('zeros')\n    return x"
    cells = [cell if cell[0] != "last" else ("last", "exercise", wrong) for cell in job().cells]
    run = runner.run(Job(tuple(cells), "s"))
    values, failure = run.evidence["last"]
    assert [name for name, _ in values] == ["doubles"]
    assert failure is not None
    assert (failure.kind, failure.message) == ("ValueError", "zeros")
    assert failure.line == "raise ValueError('zeros')"


# Time


def test_an_endless_loop_costs_its_cell_only(hasty: Runner) -> None:
    run = hasty.run(job("while True: pass", "x = 1"))
    assert_others_counted(run)
    assert run.cells["own_0"].status == "time-out"
    assert "0.7 seconds" in run.cells["own_0"].error
    assert run.cells["own_1"].status == "ok"
    assert run.seconds < 3


def test_a_neighbours_load_costs_nobody_a_mark(hasty: Runner) -> None:
    spin = "import time\nend = time.process_time() + {}\nwhile time.process_time() < end:\n    pass"
    mine = psutil.Process()
    before = mine.cpu_affinity()
    everybody = [mine, *mine.children(recursive=True)]
    hogs = []
    try:
        for process in everybody:
            process.cpu_affinity(
                before[:1]
            )  # one processor for all, so that the hogs are sure to be in the way
        # Each in a session of its own: some kernels share the processor out by sessions.
        hogs = [
            subprocess.Popen([sys.executable, "-c", spin.format(8)], start_new_session=True) for _ in range(6)
        ]
        begun = time.monotonic()
        run = hasty.run(job(spin.format(0.5)))
        passed = time.monotonic() - begun
    finally:
        for process in everybody:
            with suppress(psutil.NoSuchProcess):
                process.cpu_affinity(before)
        for hog in hogs:
            hog.kill()
            hog.wait()
    assert_others_counted(run)
    assert run.cells["own_0"].status == "ok"
    assert passed > 0.7 + 0.3, "the hogs took nothing away, so this shows nothing"


def test_waiting_for_something_else_than_a_processor_counts(hasty: Runner) -> None:
    run = hasty.run(job("import time; time.sleep(30)", "!sleep 30"))
    assert_others_counted(run)
    assert [run.cells[f"own_{number}"].status for number in range(2)] == ["time-out", "time-out"]
    assert run.flags == (), "a slow command is no attempt at anything"


def test_many_processes_share_one_time(hasty: Runner) -> None:
    # Each alone stays below the limit; together they take the machine from the others.
    source = "import os, time\nfor _ in range(20):\n    if os.fork() == 0:\n        while True: pass\ntime.sleep(0.6)"
    run = hasty.run(job(source + "\nos.wait()"))
    assert_others_counted(run)
    assert run.cells["own_0"].status == "time-out"


def test_saying_that_another_cell_began_does_not_set_the_clock_back(hasty: Runner) -> None:
    attack = (
        "import signal, time\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))\n"
        "RECORDS = [{'begin': number} for number in range(9)]\nwhile True:\n    time.sleep(0.1)\n"
        + "\n".join(f"    {line}" for line in FORGE.splitlines())
    )
    run = hasty.run(job(attack))
    assert_others_counted(run)
    assert run.cells["own_0"].status == "time-out"
    assert run.seconds < 4


def aside(*sources: str) -> Job:
    """Make a job whose own cells come last, set aside."""
    good = list(job().cells)
    return Job((*good, *((f"own_{number}", "aside", source) for number, source in enumerate(sources))), "s")


def test_cells_set_aside_use_only_their_own_time(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "limits", replace(LIMITS, cell_seconds=0.7, submission_seconds=1.5))
    run = runner.run(aside(*["while True: pass"] * 4, "print('late')"))
    assert_others_counted(run)
    assert run.cells["own_0"].status == "time-out"
    assert run.cells["own_4"].status == "not run"


def test_time_that_answers_take_is_not_taken_from_cells_set_aside(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "limits", replace(LIMITS, cell_seconds=1.5, submission_seconds=2.0))
    slow = "import time\ntime.sleep({})"
    cells = list(aside(slow.format(1.2), "print('late')").cells)
    cells[1:1] = [("own_slow", "extra", slow.format(1.2))]
    run = runner.run(Job(tuple(cells), "s"))
    assert_others_counted(run)
    assert run.cells["own_1"].output == "late\n"


def test_an_endless_loop_in_an_answer_is_a_time_out_of_its_check(hasty: Runner) -> None:
    cells = list(job().cells)
    cells[1] = ("first", "exercise", "def first(x):\n    while (x == 0).all(): pass\n    return 2 * x")
    run = hasty.run(Job(tuple(cells), "s"))
    assert run.cells["check_first"].status == "time-out"
    assert shown(run, "first") == ["doubles"]
    assert shown(run, "last") == ["doubles", "zero"]


def test_a_time_out_that_is_caught_and_survived_is_still_one(hasty: Runner) -> None:
    source = "import time\nend = time.time() + 2\nwhile time.time() < end:\n    try: time.sleep(2)\n    except: pass"
    run = hasty.run(job(source))
    assert run.cells["own_0"].status == "time-out"
    assert_others_counted(run)


@pytest.mark.parametrize(
    "source",
    [
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        "import signal\nsignal.setitimer(signal.ITIMER_REAL, 0)\nwhile True: pass",
        "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))\nwhile True: pass",
        "class E(Exception):\n    def __str__(self):\n        while True:\n"
        "            try:\n                while True: pass\n            except BaseException: pass\nraise E",
    ],
)
def test_a_cell_that_ignores_its_alarm_is_killed_and_the_rest_goes_on(hasty: Runner, source: str) -> None:
    run = hasty.run(job(source))
    assert_others_counted(run)
    assert run.cells["own_0"].status == "time-out"
    assert run.seconds < 4


def test_a_submission_as_a_whole_is_stopped_and_keeps_what_it_showed(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "limits", replace(LIMITS, cell_seconds=0.7, submission_seconds=2.0))
    run = runner.run(job(*["while True: pass"] * 6))
    assert run.seconds < 3
    assert shown(run, "first") == ["doubles", "zero"]
    assert shown(run, "last") == []
    assert run.cells["own_0"].status == "time-out"
    assert run.cells["last"].status == run.cells["check_last"].status == "not run"


# Ends of the process


@pytest.fixture
def struck(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Kill the next processes from outside while they run: as many as there are entries, each by its signal."""
    signals: list[int] = []
    fork = runner._fork

    def fork_and_strike(*arguments: Any) -> Any:
        control, pid = fork(*arguments)
        if signals:
            threading.Timer(0.3, os.kill, [pid, signals.pop()]).start()
        return control, pid

    monkeypatch.setattr(runner, "_fork", fork_and_strike)
    return signals


def test_one_kill_from_outside_costs_nothing(runner: Runner, struck: list[int]) -> None:
    struck.append(signal.SIGKILL)
    run = runner.run(job("import time; time.sleep(1)\nprint('awake')"))
    assert struck == []
    assert_others_counted(run)
    assert run.cells["own_0"] == CellRun("ok", "awake\n")


def test_a_second_kill_from_outside_gives_no_run_at_all(runner: Runner, struck: list[int]) -> None:
    struck.extend([signal.SIGKILL] * 2)
    with pytest.raises(DisturbedError):
        runner.run(job("import time; time.sleep(1)"))
    assert_others_counted(runner.run(job()))


@pytest.mark.parametrize("kept", ["namespaces", "Landlock and seccomp"])
def test_a_submission_cannot_pretend_that_others_killed_it(kept: str, runner: Runner) -> None:
    tries = ("os.kill(os.getpid(), 9)", "os.kill(0, 9)", "signal.pthread_kill(threading.get_ident(), 9)")
    guarded = "\n".join(f"try:\n    {attack}\nexcept OSError:\n    pass" for attack in tries)
    source = f"import os, signal, threading\n{guarded}\nos._exit(3)"
    with runner_with(runner, kept) as other:
        run = other.run(job(source))
    assert_others_counted(run)
    assert run.cells["own_0"].status in ("error", "crashed")


def runner_with(runner: Runner, kept: str) -> Runner:
    """Return a runner under only one of the two kinds of layers; both hold by themselves."""

    def why_not(item: Probed) -> str:
        other = _is_kind(item.layer) and bool(item.layer.namespaces) != (kept == "namespaces")
        return item.why_not or ("not wanted here" if other else "")

    probed = [Probed(item.layer, why_not(item)) for item in probe()]
    return Runner(LIMITS, probed, parent=runner._parent, unsandboxed=True)


def _is_kind(layer: Layer) -> bool:
    return bool(layer.namespaces or layer.landlock or layer is SECCOMP)


@pytest.mark.parametrize(
    "source",
    [
        "for number in range(1000):\n    open(str(number), 'wb').write(bytes(2**16))\nimport time; time.sleep(20)",
        "import os, time\nkept = []\nfor number in range(20):\n    kept.append(open('x', 'wb'))\n"
        "    kept[-1].write(bytes(2**21))\n    kept[-1].flush()\n    os.remove('x')\ntime.sleep(20)",
        "import os, time\nos.mkdir('deep', 0)\ntime.sleep(20)",
    ],
    ids=["many files", "removed files", "a closed folder"],
)
def test_files_on_disk_have_an_end_where_there_is_no_tree_in_memory(
    runner: Runner, source: str, own_folder: str
) -> None:
    with runner_with(runner, "Landlock and seccomp") as other:
        other.limits = replace(LIMITS, scratch_bytes=16 * MIB)
        run = other.run(job(source))
    assert_others_counted(run)
    if os.geteuid() != 0 or "mkdir" not in source:  # nothing is closed to root
        assert run.cells["own_0"].status == "crashed"
        assert "more room" in run.cells["own_0"].error
    assert not os.listdir(own_folder)


@pytest.mark.parametrize(
    "source",
    [
        "import os; os._exit(0)",
        "import os; os._exit(77)",
        "import os; os.kill(os.getpid(), 11); os.abort()",
        "import ctypes; ctypes.string_at(0)",
        "import os; os.closerange(0, 256)",
        "import os; os.dup2(os.open('/dev/null', 1), 1); os.close(1); os.close(2); os._exit(3)",
    ],
)
def test_a_cell_that_ends_the_process_costs_itself_only(runner: Runner, source: str) -> None:
    run = runner.run(job(source))
    assert_others_counted(run)
    assert run.cells["own_0"].status == "crashed"
    assert run.cells["own_0"].error


def test_an_answer_that_ends_the_process_keeps_what_its_check_showed(runner: Runner) -> None:
    cells = list(job().cells)
    cells[1] = ("first", "exercise", "import os\ndef first(x):\n    return x if x.any() else os._exit(0)")
    run = runner.run(Job(tuple(cells), "s"))
    assert run.cells["check_first"].status == "crashed"
    assert shown(run, "first") == ["doubles"]
    assert shown(run, "last") == ["doubles", "zero"]
    assert any("ended the whole process (exit code 0)" in flag for flag in run.flags)


def test_endless_crashing_ends(runner: Runner) -> None:
    run = runner.run(job(*["import os; os._exit(1)"] * 9))
    assert shown(run, "first") == ["doubles", "zero"]
    assert run.cells["own_0"].status == "crashed"
    assert run.cells["own_8"].status == "not run"


def test_exit_handlers_and_threads_keep_nothing_alive(runner: Runner) -> None:
    source = (
        "import atexit, threading, time\natexit.register(time.sleep, 60)\n"
        "threading.Thread(target=time.sleep, args=[60]).start()"
    )
    run = runner.run(job(source))
    assert_others_counted(run)
    assert run.seconds < 1


def test_a_daemon_keeps_nothing_alive(runner: Runner) -> None:
    source = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(77.25)\n    os._exit(0)"
    run = runner.run(job(source))
    assert_others_counted(run)
    processes = subprocess.run(["ps", "-eo", "ppid,args"], capture_output=True, text=True).stdout
    assert not [line for line in processes.splitlines() if line.split()[0] == str(runner.server)]


# Memory, output, files


@pytest.mark.parametrize(
    "source",
    [
        "bytearray(10**12)",
        "torch.zeros(10**12)",
        "hoard = []\nwhile True: hoard.append(bytes(10**7))",
    ],
)
def test_too_much_memory_costs_its_cell_only(runner: Runner, source: str) -> None:
    run = runner.run(job(source, "fine = bytes(300 * 2**20)"))
    assert_others_counted(run)
    assert run.cells["own_0"].status == "out of memory"
    assert run.cells["own_1"].status == "ok"


def test_too_much_memory_in_an_answer_is_said_of_its_check(runner: Runner) -> None:
    cells = list(job().cells)
    cells[1] = ("first", "exercise", "def first(x):\n    return torch.zeros(10**12)")
    run = runner.run(Job(tuple(cells), "s"))
    assert run.cells["check_first"].status == "out of memory"
    assert run.evidence["first"][1] is not None
    assert run.evidence["first"][1].kind == "MemoryError"
    assert shown(run, "last") == ["doubles", "zero"]


def test_much_output_is_cut_and_says_so(runner: Runner) -> None:
    run = runner.run(job("print('x' * 50_000)", "print('y')"))
    assert_others_counted(run)
    output = run.cells["own_0"].output
    assert len(output) < LIMITS.output_bytes + 100
    assert "[cut here: 50,001 bytes were printed]" in output
    assert run.cells["own_1"].output == "y\n"


def test_endless_output_ends_its_cell(runner: Runner) -> None:
    run = runner.run(job("while True: print('flood' * 1000)"))
    assert_others_counted(run)
    assert run.cells["own_0"].status == "printed too much"
    assert len(run.cells["own_0"].output) < LIMITS.output_bytes + 100
    assert any("flooded" in flag for flag in run.flags)
    assert run.seconds < 3


def test_output_is_capped_as_a_whole(runner: Runner) -> None:
    runner_limits = replace(LIMITS, output_bytes=2_000, all_output_bytes=5_000)
    transcript = Transcript(job(*["print"] * 40), runner_limits, "mark")
    for number in range(40):
        transcript.read(b"\0mark:%d\n" % (number + 3) + b"x" * 1900)
    transcript.read(b"", last=True)
    cells = transcript.to_run(0.0).cells
    assert sum(cell.output.count("x") for cell in cells.values()) == 5_000
    assert "cut here" in cells["own_39"].output


def test_output_from_below_python_is_caught_and_in_its_place(runner: Runner) -> None:
    sources = ("import os, sys, ctypes\nos.write(2, b'low\\n')\nctypes.CDLL(None).puts(b'lower');",
               "!echo shell", "print('\\ud800 \\0'); sys.stderr.write('warned');",
               "sys.stdout = sys.stderr = None", "print('back')")  # fmt: skip
    run = runner.run(job(*sources))
    assert_others_counted(run)
    assert run.cells["own_0"].output == "low\nlower\n"
    assert run.cells["own_1"].output == "shell\n"
    assert run.cells["own_2"].output == "\\ud800 \N{REPLACEMENT CHARACTER}\nwarned"
    assert run.cells["own_4"].output == "back\n"


def test_a_students_folder_is_empty_private_and_gone_afterwards(own_folder: str, runner: Runner) -> None:
    source = (
        "import os\nprint(os.listdir(), os.path.expanduser('~') == os.getcwd())\nopen('mine', 'w').write('1')"
    )
    for _ in range(2):
        run = runner.run(job(source))
        assert run.cells["own_0"].output.startswith("[] True")
    assert not [name for name in os.listdir(own_folder) if name.startswith("course-")]


def test_a_file_of_the_students_shadows_no_module(runner: Runner) -> None:
    source = (
        "open('colorsys.py', 'w').write('shadow = True')\nimport colorsys\nprint(hasattr(colorsys, 'shadow'))"
    )
    run = runner.run(job(source))
    assert run.cells["own_0"].output.endswith("False\n")


def test_magics_and_shell_lines_and_await_work(runner: Runner) -> None:
    sources = ("%time 1 + 1", "%matplotlib inline", "!ls", "files = !echo a", "print(files)",
               "%%capture held\nprint('no')", "get_ipython().user_ns['first']",
               "import asyncio\nawait asyncio.sleep(0)\n7")  # fmt: skip
    run = runner.run(job(*sources))
    assert_others_counted(run)
    assert {name: cell.error for name, cell in run.cells.items() if cell.status != "ok"} == {}
    assert run.cells["own_4"].output == "['a']\n"
    assert run.cells["own_7"].output == "7\n"


# Cheating


def test_autoreload_and_commands_are_not_flagged(runner: Runner) -> None:
    run = runner.run(job("%load_ext autoreload\n%autoreload 2", "!echo hello", "files = !ls", "%run -h"))
    assert_others_counted(run)
    assert run.cells["own_0"].status == "ok"
    assert run.flags == ()


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("\n\n%time int('x')", "%time int('x')"),
        ("!true\nint('x')  # why?", "int('x')  # why?"),
        ("%%time\nx = 1\nint('x' )", "int('x' )"),
        ("x = 5 % 2\n1 +", "1 +"),
        ("  y = 1\n  int('x')", "int('x')"),
    ],
)
def test_the_students_own_line_is_quoted_as_written(runner: Runner, source: str, line: str) -> None:
    run = runner.run(job(source))
    assert run.cells["own_0"].status == "error"
    assert run.cells["own_0"].line == line


def test_an_unknown_magic_costs_its_cell_only(runner: Runner) -> None:
    assert_others_counted(runner.run(job("%no_such_magic")))


@pytest.mark.parametrize(
    "source",
    [
        "get_ipython().ast_transformers.append(type('T', (), {'visit': lambda self, node: 1 / 0})())",
        "get_ipython().events.register('pre_run_cell', lambda *a: 1 / 0)",
        "type(get_ipython()).run_code = type(get_ipython()).transform_cell = None",
        "%reset -f",
    ],
)
def test_what_is_done_to_ipython_does_not_stop_the_checks(runner: Runner, source: str) -> None:
    run = runner.run(job(source))
    assert shown(run, "first") == ["doubles", "zero"]
    if "reset" not in source and "transform" not in source:
        assert shown(run, "last") == ["doubles", "zero"]
    assert "check_last" in run.cells


FORGE = """
import json, os
for descriptor in range(3, 60):
    try:
        if os.readlink(f"/proc/self/fd/{descriptor}").startswith("pipe:"):
            for record in RECORDS:
                os.write(descriptor, b"\\n" + json.dumps(record).encode() + b"\\n")
    except OSError:
        pass
"""


def test_evidence_handed_in_outside_its_check_does_not_count(runner: Runner) -> None:
    forged = [
        {"check": "last", "expect": "doubles", "value": {"bool": True}},
        {"check": "last", "done": True},
    ]
    run = runner.run(job(f"RECORDS = {forged!r}\n{FORGE}"))
    values, _ = run.evidence["last"]
    assert [name for name, _ in values] == ["doubles", "zero"]
    assert "values" in values[0][1]
    assert any("outside its check" in flag for flag in run.flags)


def test_a_copied_check_does_not_displace_the_real_one(runner: Runner) -> None:
    copy = CHECK.format(name="last").replace("given.normal(3)", "torch.ones(3)")
    run = runner.run(job("def last(x): return x", copy))
    assert_others_counted(run)
    assert run.evidence["last"][0][0][1]["values"] != [1.0, 1.0, 1.0]
    assert run.flags == ()


def test_a_fixture_that_was_exchanged_under_another_name_is_flagged(runner: Runner) -> None:
    honest = replace(
        job("from helper.fixtures import gradient"), imports="import torch\nfrom helper import fixtures"
    )
    assert runner.run(honest).flags == ()
    alias = "import helper.fixtures as f\ng = f\ng.gradient = lambda *a: 0"
    run = runner.run(replace(job(alias), imports=honest.imports))
    assert_others_counted(run)
    assert any("helper.fixtures.gradient" in flag for flag in run.flags), run.flags


def test_attempts_are_flagged_for_the_instructor(runner: Runner) -> None:
    sources = ("import socket; socket.create_connection(('127.0.0.1', 9))",
               "open('/work/secret')", "import os; os.kill(1, 0)", "import subprocess; subprocess.run(['true'])",
               "import time\nfor _ in range(25):\n    if os.fork() == 0: os._exit(0)")  # fmt: skip
    run = runner.run(job(*sources))
    assert_others_counted(run)
    for number, words in enumerate(("network", "open /work/secret", "signal", "program", "20 processes")):
        assert any(flag.startswith(f"own_{number}: ") and words in flag for flag in run.flags), (
            words,
            run.flags,
        )


@pytest.mark.parametrize(("wanted", "status"), [(20, "time-out"), (60, "error")])
def test_processes_left_behind_do_not_hamper_the_next_cells(runner: Runner, wanted: int, status: str) -> None:
    # A child that slept must end: it would go on in the loop, and with little processor time start its own.
    storm = "import os, time\nfor _ in range({}):\n    if os.fork() == 0:\n        time.sleep({})\n        os._exit(0)"
    few = storm.format(25, 1) + "\nprint('started')"
    run = runner.run(job(storm.format(wanted, 60) + "\ntime.sleep(60)", few))
    assert_others_counted(run)
    assert run.cells["own_0"].status == status
    assert run.cells["own_1"].output == "started\n"


def test_threads_left_behind_do_not_hamper_the_next_cells(runner: Runner) -> None:
    start = "import threading, time\nfor _ in range({}):\n    threading.Thread(target=time.sleep, args=({},)).start()"
    run = runner.run(job(start.format(60, 60), start.format(8, 0.2) + "\nprint('started')"))
    assert_others_counted(run)
    assert run.cells["own_0"].status == "error"
    assert run.cells["own_1"].output == "started\n"


def test_what_honest_lessons_do_is_not_flagged(runner: Runner) -> None:
    source = """
import matplotlib.pyplot as plt
from torch.utils.data import DataLoader, TensorDataset
from helper import data, plot
plt.plot([1, 2]); plt.savefig("a.png"); plt.close()
torch.save(torch.nn.Linear(2, 2).state_dict(), "m.pt"); torch.load("m.pt")
import sqlite3, wave, xml.dom
try:
    import no_such_module
except ImportError as error:
    import traceback; traceback.print_exc()
images, labels = data.digits("test")
sum(len(x) for x, _ in DataLoader(TensorDataset(images, labels), 100))
open("notes.txt", "w").write("mine")
"""
    run = runner.run(job(source))
    assert run.cells["own_0"].status == "ok", run.cells["own_0"]
    assert run.flags == ()


# The two pipes, as the trusted side reads them


def heard(*lines: bytes) -> Run:
    transcript = Transcript(job(), LIMITS, "mark")
    transcript.hear(b'{"begin": 2}\n' + b"".join(line + b"\n" for line in lines))
    transcript.hear(
        b'{"check": "first", "expect": "zero", "value": {"number": 0}}\n{"end": 2, "status": "ok"}\n'
    )
    return transcript.to_run(0.0)


@pytest.mark.parametrize(
    "line",
    [
        b"garbage",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"check":' * 5_000,
        b"7",
        b"null",
        b'{"check": null, "expect": 3, "value": []}',
        b'{"check": "first", "expect": ["zero"], "value": {"number": 1}}',
        b'{"check": "first", "expect": "zero", "value": 1}',
        b'{"check": "first", "expect": "zero", "value": {"number": NaN}}',
        b'{"check": "first", "expect": "zero", "value": {"number": 1e999}}',
        b'{"check": "first", "expect": "zero", "value": {"list": ' + b"[" * 200 + b"]" * 200 + b"}}",
        b'{"check": "first", "expect": "zero", "value": {"number": ' + b"9" * 5000 + b"}}",
        b'{"check": "last", "expect": "zero", "value": {"number": 1}}',
        b'{"check": "unknown", "expect": "zero", "value": {"number": 1}}',
        b'{"begin": 99}',
        b'{"begin": true}',
        b'{"begin": -1}',
        b'{"end": 4, "status": "ok"}',
        b'{"end": "2"}',
        b'{"flag": {"a": 1}}',
        b'{"check": "first", "expect": "zero", "value": {"text": "' + b"x" * 60_000 + b'"}}',
        b'{"check": "first", "expect": "zero", "value": {"shape": [' + b"1," * 70 + b'1], "values": []}}',
        b'{"check": "first", "expect": "zero", "value": {"list": [' + b"1," * 9_000 + b"1]}}",
        json.dumps(
            {"check": "first", "expect": "zero", "value": dict.fromkeys(map(str, range(2000)))}
        ).encode(),
    ],
)
def test_nonsense_is_passed_over(line: bytes) -> None:
    run = heard(line)
    assert run.evidence["first"][0] == (("zero", {"number": 0}),)
    assert set(run.evidence) == {"first"}
    assert run.cells["check_first"].status == "ok"
    json.dumps([run.evidence["first"][0], run.flags], allow_nan=False).encode()


def test_the_first_evidence_for_an_expectation_wins() -> None:
    run = heard(b'{"check": "first", "expect": "zero", "value": {"number": 5}}')
    assert run.evidence["first"][0] == (("zero", {"number": 5}),)


def test_half_characters_and_nul_can_be_stored() -> None:
    run = heard(
        b'{"check": "first", "expect": "a", "value": {"text": "\\ud800\\u0000"}}', b'{"flag": "\\udfff"}'
    )
    assert json.dumps(run.evidence["first"][0], ensure_ascii=False).encode()
    assert "\0" not in str(run.evidence["first"])
    assert run.flags[0].encode()


def test_a_flood_of_records_is_not_stored() -> None:
    transcript = Transcript(job(), LIMITS, "mark")
    for _ in range(400):
        transcript.hear(b"x" * 1000)
    assert transcript.flooding
    assert len(transcript._record) <= LIMITS.evidence_bytes // 4


def test_output_is_told_apart_wherever_the_pipe_is_cut() -> None:
    stream = b"lost\0mark:0\nzero\n\0mark:1\none \0mark:x\n\0mar \0mark:999999999999\n two\0mark:3\n"
    for size in range(1, len(stream) + 1):
        transcript = Transcript(job(), LIMITS, "mark")
        for at in range(0, len(stream), size):
            transcript.read(stream[at : at + size])
        transcript.read(b"", last=True)
        cells = transcript.to_run(0.0).cells
        assert cells["setup"].output == "zero\n"
        assert cells["first"].output == "one \N{REPLACEMENT CHARACTER}mar  two"


# The runner itself


def test_it_refuses_where_student_code_cannot_be_confined() -> None:
    layers = [
        Probed(layer, "gone: buy one" if "files" in layer.name or "mount" in layer.name else "")
        for layer in LAYERS
    ]
    with pytest.raises(RunnerError, match=r"landlock files: gone: buy one.*--unsandboxed"):
        Runner(LIMITS, layers)


def test_unsandboxed_still_limits_time_and_output_and_survives_crashes(
    own_folder: str, runner: Runner
) -> None:
    nothing = [Probed(layer, "not wanted here") for layer in LAYERS]
    limits = replace(LIMITS, cell_seconds=0.7)
    with Runner(limits, nothing, unsandboxed=True, parent=runner._parent) as naked:
        run = naked.run(
            job("while True: pass", "import os; os._exit(0)", "print('x' * 9_000); open('mine', 'w');")
        )
    assert_others_counted(run)
    assert [run.cells[f"own_{number}"].status for number in range(3)] == ["time-out", "crashed", "ok"]
    assert "cut here" in run.cells["own_2"].output
    assert not [name for name in os.listdir(own_folder) if name.startswith("course-")]


def _warm_process(server: int) -> int:
    return int(Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()[1])


def test_a_server_that_died_is_replaced(runner: Runner) -> None:
    assert_others_counted(runner.run(job()))
    os.kill(runner.server, signal.SIGKILL)
    assert_others_counted(runner.run(job()))


def test_a_server_that_dies_during_a_run_costs_no_marks(runner: Runner) -> None:
    assert_others_counted(runner.run(job()))
    threading.Timer(0.4, os.kill, [runner.server, signal.SIGKILL]).start()
    run = runner.run(job("import time; time.sleep(0.7)"))
    assert_others_counted(run)
    assert run.cells["own_0"].status == "ok"


def test_a_warm_process_that_died_is_replaced(runner: Runner) -> None:
    assert_others_counted(runner.run(job()))
    warm = _warm_process(runner.server)
    for process in (warm, runner.server):
        os.kill(process, signal.SIGKILL)
    assert_others_counted(runner.run(job()))
    assert _warm_process(runner.server) != warm


def test_runners_share_one_warm_process_and_leave_nothing() -> None:
    with ForkServer() as parent:
        with Runner(LIMITS, parent=parent) as one, Runner(LIMITS, parent=parent) as other:
            warm = _warm_process(one.server)
            assert _warm_process(other.server) == warm
            assert one.server != other.server
            assert_others_counted(one.run(job()))
            assert_others_counted(other.run(job()))
        assert _running(warm)
    assert not any(_running(process) for process in (warm, one.server, other.server))


def test_an_interrupt_leaves_no_process_and_the_next_run_works(runner: Runner) -> None:
    threading.Timer(0.3, signal.raise_signal, [signal.SIGINT]).start()
    before = runner.server
    with pytest.raises(KeyboardInterrupt):
        runner.run(job("import time; time.sleep(0.9)", "while True: pass"))
    deadline = time.monotonic() + 10
    while _running(before):
        assert time.monotonic() < deadline, "it lives on"
        time.sleep(0.05)
    assert_others_counted(runner.run(job()))


def test_nothing_survives_the_death_of_who_runs_it() -> None:
    code = (
        "import os, sys\n"
        "from helper.running.job import Job\nfrom helper.running.runner import Runner\n"
        "r = Runner(unsandboxed=True).__enter__()\n"
        "print(r.server, flush=True)\n"
        "r.run(Job((('a', 'extra', 'import time; time.sleep(9)'),), 's'))\n"
    )
    root = str(PACKAGE.parent)
    own = tempfile.mkdtemp(prefix="own-", dir="/tmp")  # other tests use /tmp at the same time
    os.chmod(own, 0o755)
    environment = {**os.environ, "PYTHONPATH": root, "TMPDIR": own}
    owner = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE)
    assert owner.stdout is not None
    server = int(owner.stdout.readline())
    time.sleep(0.5)
    owner.kill()
    owner.wait()
    owner.stdout.close()
    deadline = time.monotonic() + 30
    while (Path(f"/proc/{server}/task").exists() and _running(server)) or os.listdir(own):
        assert time.monotonic() < deadline, f"it lives on, or leaves {os.listdir(own)}"
        time.sleep(0.05)
    os.rmdir(own)


def test_a_student_finds_nothing_of_the_one_before(runner: Runner) -> None:
    # Were the text of a job to pass through the warm process, its copy in a later child's memory would be found.
    runner.run(job("word = 'qzv' + 'xkj' * 3  # SECRETOFANOTHER"))
    search = """
import re
found = 0
for line in open("/proc/self/maps"):
    place, rights, _, _, _, *name = line.split()
    if rights.startswith("rw") and name in ([], ["[heap]"]):
        start, end = (int(part, 16) for part in place.split("-"))
        with open("/proc/self/mem", "rb", buffering=0) as memory:
            memory.seek(start)
            found += len(re.findall(b"# SECRET[O]FANOTHER", memory.read(end - start)))
print(found)
"""
    run = runner.run(job(search))
    assert run.cells["own_0"].output.endswith("0\n"), run.cells["own_0"]
    own = runner.run(job(search + "\n# SECRETOFANOTHER"))
    assert not own.cells["own_0"].output.endswith("0\n"), "the search finds nothing at all"


def _running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
