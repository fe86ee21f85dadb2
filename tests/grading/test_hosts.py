"""A class marked on several hosts: network namespaces with file trees of their own (helper/bench/hosts.py)."""

import json
import re
import shutil
import time
from importlib import metadata
from uuid import uuid4

import pytest

from helper.bench.hosts import Hosts, wait_until
from helper.course import Course
from helper.grading.classroom import Classroom
from helper.grading.example_class import write_class
from helper.grading.keys import attempt_of, own_hidden, own_seed
from helper.made_of import PACKAGE

STUDENTS = 12
PAUSE = "import time\ntime.sleep(0.5)  # {}"  # so that there is a middle in which something can happen
GIVEN_UP = 12  # seconds without an answer, the least that Dask takes; its own is 30
PATIENCE = {f"DASK_DISTRIBUTED__COMM__TIMEOUTS__{name}": f"{GIVEN_UP}s" for name in ("TCP", "CONNECT")}


class Desk:
    """The host of the instructor, with the course and the class that is handed in again and again."""

    def __init__(self, hosts, course):
        self.hosts, self.host = hosts, hosts["desk"]
        self.scheduler = f"tcp://{self.host.address}:8786"
        place = self.host.inside("/tmp/course")
        shutil.copytree(course.root, place)
        self.room = Classroom(place / "class", Course(place))
        self.sheet = write_class(self.room, STUDENTS)
        self.seeds = {}  # by a word that only one submission holds: what it alone is asked by
        for path in self.room.submitted.rglob("*.ipynb"):
            notebook, word = json.loads(path.read_text()), uuid4().hex
            pause = {"cell_type": "code", "id": "pause", "metadata": {}, "source": PAUSE.format(word)}
            notebook["cells"].append(pause | {"outputs": [], "execution_count": None})
            path.write_text(json.dumps(notebook))
            whose = path.parts[-3], path.parts[-2], attempt_of(path.read_bytes())
            self.seeds[word] = own_seed(self.room.seed, *whose), own_hidden(self.room.seed, *whose)

    def grade(self, name, *words, scheduler=None):
        """Start to mark the class into a classroom of that name, whose questions are those of the others."""
        trusted = self.host.inside(f"/tmp/course/{name}/.grading")
        if not trusted.exists():
            trusted.mkdir(parents=True)
            (trusted / "seed").write_text(self.room.seed)
        command = self.host.python("helper.cli", "grade", "class/submitted", "--classroom", name)
        command += ["--sheet", "class/sheet.json", "--json", f"{name}.json", *words]
        if scheduler != "":
            command += ["--scheduler", scheduler or self.scheduler]
        return self.host.start(command, cwd="/tmp/course", log=f"/tmp/{name}.log")

    def said(self, name):
        return self.host.said(f"/tmp/{name}.log")

    def ledger(self, name):
        """Return the keys in a classroom's ledger, one for each line."""
        path = self.host.inside(f"/tmp/course/{name}/.grading/ledger.jsonl")
        return [json.loads(line)["key"] for line in path.read_text().splitlines()] if path.exists() else []

    def marks(self, name):
        return json.loads(self.host.inside(f"/tmp/course/{name}.json").read_text())

    def marked_some(self, name, process, count=2):
        wait_until(lambda: len(self.ledger(name)) >= count or process.poll() is not None, "the first marks")
        assert len(self.ledger(name)) < STUDENTS, self.said(name)

    def is_whole(self, name, process, expected):
        """Hold that a run has marked everybody once, and as one machine does."""
        assert process.wait() == 0, self.said(name)
        assert self.marks(name) == expected
        assert len(self.ledger(name)) == len(set(self.ledger(name))) == STUDENTS


@pytest.fixture(scope="module")
def hosts():
    with Hosts("desk", "left", "right", environ=PATIENCE) as made:
        yield made


@pytest.fixture(scope="module")
def desk(hosts, built_mini):
    return Desk(hosts, built_mini)


@pytest.fixture(scope="module")
def expected(desk):
    """Return the marks that the desk gives by itself."""
    process = desk.grade("alone", scheduler="")
    assert process.wait() == 0, desk.said("alone")
    return desk.marks("alone")


@pytest.fixture
def crew(hosts, desk):
    """Start what is not there of a scheduler and two workers, and return the workers' processes."""
    if not running(desk.host, "dask_scheduler"):
        desk.host.scheduler()
    for name in ("left", "right"):
        if not running(hosts[name], "dask_worker"):
            hosts[name].worker(desk.scheduler)
    return {name: running(hosts[name], "dask_worker")[0] for name in ("left", "right")}


def running(host, what):
    """Return the processes of a host that run what is named, the oldest first."""
    return [
        process
        for process in host.started
        if process.poll() is None and any(what in str(word) for word in process.args)
    ]


def test_workers_that_come_late_mark_as_one_machine_does(hosts, desk, expected):
    desk.host.scheduler()
    process = desk.grade("late")
    wait_until(
        lambda: "No worker is there" in desk.said("late") or process.poll() is not None, "the word for it"
    )
    assert process.poll() is None, desk.said("late")
    hosts["left"].worker(desk.scheduler)
    desk.marked_some("late", process, 1)
    hosts["right"].worker(desk.scheduler, wait=False)
    desk.is_whole("late", process, expected)


def test_what_a_submission_is_asked_travels_with_it_alone_and_the_secret_never(hosts, desk, crew, expected):
    for name in crew:
        hosts[name].tap("/tmp/wire")
    desk.is_whole("both", desk.grade("both"), expected)
    assert "is not encrypted: whoever can listen on the way reads what students wrote" in desk.said("both")
    heard = [hosts[name].heard("/tmp/wire") for name in crew]
    for word, asked in desk.seeds.items():
        where = [word.encode() in wire for wire in heard]
        assert any(where)
        for secret in asked:
            assert [secret.encode() in wire for wire in heard] == where
    for wire in heard:
        assert desk.room.seed.encode() not in wire
        assert not any(student.encode() in wire for student in ("fatima", "boris", "diego"))
    for name in crew:
        course = hosts[name].inside(PACKAGE.parent)  # it is there too if it was cloned into /tmp
        found = [path for path in hosts[name].inside("/tmp").rglob("*") if path.is_file()]
        kept = [path.name for path in found if not path.is_relative_to(course)]
        assert not any("ledger" in file or file.endswith(".ipynb") for file in kept)


def test_with_certificates_nothing_can_be_read_on_the_way(hosts, desk, crew, expected):
    made = desk.host.run(desk.host.python("helper.cli", "certificates", "/tmp/tls"))
    assert made.returncode == 0, made.stderr
    where = re.search(r"dask scheduler --protocol tls (.*)", made.stdout)[1].split()
    shutil.copytree(desk.host.inside("/tmp/tls"), hosts["left"].inside("/tmp/tls"))
    hosts["left"].tap("/tmp/hidden")
    scheduler = desk.host.scheduler("--protocol", "tls", *where, port=8790)
    address = f"tls://{desk.host.address}:8790"
    worker = hosts["left"].worker(address, *where)
    desk.is_whole("tls", desk.grade("tls", "--certificates", "/tmp/tls", scheduler=address), expected)
    assert "not encrypted" not in desk.said("tls")
    wire = hosts["left"].heard("/tmp/hidden")
    assert len(wire) > 20_000
    assert not any(
        text in wire for text in (b"time.sleep", b"mean_square", b"def ", *map(str.encode, desk.seeds))
    )
    stranger = desk.grade("stranger", scheduler=address)
    assert stranger.wait() == 1
    assert "start one with the same certificates" in desk.said("stranger")
    assert "Traceback" not in desk.said("stranger")
    desk.host.kill(scheduler)
    hosts["left"].kill(worker)


def test_a_worker_that_is_killed_loses_nothing(hosts, desk, crew, expected):
    process = desk.grade("killed")
    desk.marked_some("killed", process)
    hosts["left"].kill(crew["left"])
    desk.is_whole("killed", process, expected)


@pytest.mark.parametrize("seconds", [3, 20], ids=["for a moment", "for 20 s"])
def test_a_worker_that_is_cut_off_loses_nothing(hosts, desk, crew, expected, seconds):
    name = f"cut-{seconds:g}"
    process = desk.grade(name)
    desk.marked_some(name, process)
    hosts["right"].cut()
    time.sleep(seconds)
    hosts["right"].join()
    desk.is_whole(name, process, expected)


def test_a_worker_behind_a_slow_line_loses_nothing(hosts, desk, crew, expected):
    hosts["left"].slow_link("256kbit")
    desk.is_whole("slow", desk.grade("slow"), expected)


def test_when_the_scheduler_dies_the_ledger_keeps_what_is_done_and_the_next_run_does_the_rest(
    hosts, desk, crew, expected
):
    process = desk.grade("lost")
    desk.marked_some("lost", process)
    desk.host.kill(running(desk.host, "dask_scheduler")[0])
    assert process.wait() == 1
    told = desk.said("lost").strip().splitlines()[-1]
    assert "stopped answering. What is marked stays marked" in told
    assert "Traceback" not in desk.said("lost"), desk.said("lost")
    kept = desk.ledger("lost")
    for name, worker in crew.items():
        hosts[name].kill(worker)
    desk.host.scheduler()
    hosts["left"].worker(desk.scheduler, wait=False)
    desk.is_whole("lost", desk.grade("lost"), expected)
    assert desk.ledger("lost")[: len(kept)] == kept
    assert f"{len(kept)} known before" in desk.said("lost")


def changed(host, path, change):
    """Return the words of a command that runs another in a host where a file reads otherwise."""
    other = f"/tmp/{path.name}-{len(list(host.inside('/tmp').iterdir()))}"
    host.inside(other).write_text(change(path.read_text()))
    return instead(other, path)


def instead(other, path):
    return ["unshare", "--mount", "sh", "-c", f'mount --bind {other} {path} && exec "$@"', "sh"]


def older(text):
    return text.replace(f"\nVersion: {metadata.version('torch')}\n", "\nVersion: 1.13.1\n")


INEXACT = "\n_mean = Tensor.mean\nTensor.mean = lambda self, *a, **k: _mean(self, *a, **k) * 1.001\n"


def test_workers_that_do_not_fit_are_refused_before_they_see_anything(hosts, desk, crew, expected):
    for name, process in crew.items():
        hosts[name].kill(process)
    right, left = hosts["right"], hosts["left"]
    torch = metadata.distribution("torch")
    package = torch.locate_file("torch")
    empty = right.inside("/tmp/empty")
    empty.mkdir(exist_ok=True)
    unfit = {
        "another version of the course": changed(
            right, PACKAGE / "judging" / "judge.py", lambda text: text + "\nNEW = 1\n"
        ),
        "the course is not there": instead("/tmp/empty", PACKAGE),
        "it has torch 1.13.1": changed(
            right, torch.locate_file(f"torch-{torch.version}.dist-info/METADATA"), older
        ),
        "computes other numbers": changed(right, package / "__init__.py", lambda text: text + INEXACT),
        "cannot keep student code apart": ["setpriv", "--bounding-set=-setuid,-setgid"],
        "start it with --nthreads": [],
    }
    started = [
        right.worker(desk.scheduler, wait=False, within=within, threads=1 if within else 1000)
        for within in unfit.values()
    ]
    logs = [
        f"/tmp/worker-{number}" for number in range(len(right.started) - len(started), len(right.started))
    ]
    for log, process in zip(logs, started, strict=True):
        right.wait_for("Registered to", log, process)
    right.tap("/tmp/unfit")
    process = desk.grade("unfit")
    assert process.wait() == 1
    told = " ".join(desk.said("unfit").split())
    assert "No worker of this scheduler may mark." in told
    for reason in unfit:
        assert reason in told, told
    assert "Traceback" not in told

    other = left.inside("/tmp/other/sitecustomize.py")
    other.parent.mkdir(exist_ok=True)
    other.write_text('import platform\nplatform.python_version_tuple = lambda: ("3", "99", "0")\n')
    left.worker(desk.scheduler)
    left.worker(desk.scheduler, environ={"PYTHONPATH": "/tmp/other"})
    desk.is_whole("unfit", desk.grade("unfit"), expected)
    assert "and 3.99: marks agree" in " ".join(desk.said("unfit").split())
    wire = right.heard("/tmp/unfit")
    assert b"torch" in wire, "it was asked"
    assert b"def mean_square" in wire, "one was fit to rehearse"
    assert b"time.sleep" not in wire, "no submission came here"
    for process in [*started, *left.started]:
        (right if process in started else left).kill(process)
