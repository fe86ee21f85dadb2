"""A class marked on several hosts: network namespaces with file trees of their own (helper/bench/hosts.py)."""

import json
import shutil
import time

import pytest

from helper.bench.hosts import Hosts, wait_until
from helper.course import Course
from helper.grading.classroom import Classroom
from helper.grading.example_class import write_class

STUDENTS = 12
PAUSE = "import time\ntime.sleep(0.5)"  # so that there is a middle in which something can happen
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
        for path in self.room.submitted.rglob("*.ipynb"):
            notebook = json.loads(path.read_text())
            pause = {"cell_type": "code", "id": "pause", "metadata": {}, "source": PAUSE, "outputs": []}
            notebook["cells"].append(pause | {"execution_count": None})
            path.write_text(json.dumps(notebook))

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
    if not any(alive(process) for process in desk.host.started):
        desk.host.scheduler()
    for name in ("left", "right"):
        if not any(alive(process) for process in hosts[name].started):
            hosts[name].worker(desk.scheduler)
    return {name: next(filter(alive, hosts[name].started)) for name in ("left", "right")}


def alive(process):
    return process.poll() is None


def test_workers_that_come_late_mark_as_one_machine_does(hosts, desk, expected):
    desk.host.scheduler()
    process = desk.grade("late")
    wait_until(lambda: "No worker is there" in desk.said("late") or not alive(process), "the word for it")
    assert alive(process), desk.said("late")
    hosts["left"].worker(desk.scheduler)
    desk.marked_some("late", process, 1)
    hosts["right"].worker(desk.scheduler, wait=False)
    desk.is_whole("late", process, expected)


def test_both_workers_mark_and_keep_nothing(hosts, desk, crew, expected):
    before = {name: hosts[name].traffic() for name in crew}
    desk.is_whole("both", desk.grade("both"), expected)
    for name in crew:
        assert hosts[name].traffic()[1] - before[name][1] > 3000, "an answer is larger than a heartbeat"
        kept = [path.name for path in hosts[name].inside("/tmp").rglob("*") if path.is_file()]
        assert not any("ledger" in file or "seed" in file or file.endswith(".ipynb") for file in kept)


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
    desk.host.kill(next(filter(alive, desk.host.started)))
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
