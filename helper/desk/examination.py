"""What `course doctor` examines: a tick for what is fine, a cure that destroys nothing for what is not."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from helper.checking.progress import is_damaged
from helper.course import CourseError
from helper.desk import cells
from helper.desk.places import Desk
from helper.judging.key import Key

NEEDED_MB = 500
OLDEST = (3, 11)
LIBRARIES = ("torch", "torchvision", "nbgrader", "jupyterlab", "matplotlib", "mlxtend")
INSTALL = (
    "set the course up anew beside the old: move .venv away and run make lab (answers do not lie in .venv)"
)


@dataclass(frozen=True)
class Finding:
    """One thing examined: fine, what a tick says; or fault and cure, what is wrong and what to do."""

    fine: str = ""
    fault: str = ""
    cure: str = ""


def findings(desk: Desk) -> Iterator[Finding]:
    """Examine one thing after the other; no fault of one keeps the next from being examined."""
    yield python_is_new(sys.version_info[:3])
    pinned = versions(desk)
    for name in LIBRARIES:
        yield library(name, pinned.get(name, ""))
    yield torch_pair()
    yield kernel()
    yield folder(desk.work)
    for stem in desk.lessons:
        yield lesson(desk, stem)
    yield disk(desk.work)
    yield ports()


def python_is_new(version: tuple[int, ...]) -> Finding:
    said = ".".join(map(str, version))
    if version[:2] >= OLDEST:
        return Finding(f"Python {said}")
    return Finding(
        fault=f"Python {said} is too old: the course needs {'.'.join(map(str, OLDEST))} or newer.",
        cure="install a newer one from python.org, then set the course up with it",
    )


def versions(desk: Desk) -> dict[str, str]:
    """Return the versions the course was tested with, or nothing where the list of them did not come along."""
    for path in (desk.work.parent / "constraints.txt", (desk.released or desk.work) / "constraints.txt"):
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError):
            continue
        return dict(line.split("==", 1) for line in lines if "==" in line and not line.startswith("#"))
    return {}


def library(name: str, pinned: str) -> Finding:
    try:
        found = str(getattr(importlib.import_module(name), "__version__", "?")).split("+")[0]
    except Exception as error:  # a broken library can fail in any way
        return Finding(fault=f"{name} does not load ({type(error).__name__}: {error}).", cure=INSTALL)
    if pinned and found != pinned:
        return Finding(f"{name} {found} (tested with {pinned}; if something is odd, that may be why)")
    return Finding(f"{name} {found}")


def torch_pair() -> Finding:
    """Say whether torch and torchvision were built for each other: else an import fails with words nobody expects."""
    cure = (
        "install the two as a pair, both from the same place: "
        "python -m pip install --force-reinstall torch torchvision (with --constraint constraints.txt, if you have it)"
    )
    try:
        import torch
        import torchvision

        torch.ops.torchvision.nms(torch.zeros(1, 4), torch.zeros(1), 0.5)
        pair = f"{torchvision.__version__} with {torch.__version__}"
    except Exception as error:
        said = str(error).split("\n")[0]
        return Finding(fault=f"torch and torchvision do not fit together ({said}).", cure=cure)
    return Finding(f"torch and torchvision fit together ({pair})")


def kernel() -> Finding:
    """Say whether notebooks run in this environment: a kernel of that name may have been installed from another."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        command = str(KernelSpecManager().get_kernel_spec("python3").argv[0])
    except NoSuchKernel:
        return Finding(
            fault="There is no Python kernel for notebooks.",
            cure=f"{sys.executable} -m ipykernel install --sys-prefix",
        )
    found = shutil.which(command) or command
    if os.path.basename(command) == command or Path(found).parent == Path(sys.executable).parent:
        return Finding("notebooks run in this environment")
    try:
        asked = subprocess.run(
            [found, "-c", "import sys; print(sys.prefix)"],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        asked = found
    if asked == sys.prefix:
        return Finding("notebooks run in this environment")
    return Finding(
        fault=f"Notebooks run in another environment ({asked}), where the course may be missing.",
        cure=f"{sys.executable} -m ipykernel install --sys-prefix (it changes nothing outside this environment)",
    )


def folder(work: Path) -> Finding:
    """Say whether the folder for a student's work can be written to."""
    place = work
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        return Finding(
            fault=f"{place} cannot be written to ({error.strerror}): notebooks there cannot be saved.",
            cure="copy the folder to a place of your own, and run course lab in it",
        )
    return Finding(f"your work lies in {work}")


def lesson(desk: Desk, stem: str) -> Finding:
    """Say whether a lesson's notebook, key and progress can be read."""
    folder = desk.work / stem
    again = "run course lab: it lays the file out again and leaves your notebook as it is"
    if not (folder / f"{stem}.ipynb").exists():
        if desk.released and (desk.released / stem / f"{stem}.ipynb").exists():
            return Finding(f"{stem}: released, not laid out yet (course lab does)")
        return Finding(
            fault=f"{stem}: the notebook is missing.", cure="get the folder again where you got it first"
        )
    try:
        cells.read(folder / f"{stem}.ipynb")
    except CourseError as error:
        what, _, cure = str(error).partition(": ")
        return Finding(fault=f"{what}.", cure=cure)
    if not desk.released or not (desk.released / stem / "key.json").exists():
        again = "copy key.json again from where you got the lesson; your notebook stays as it is"
    try:
        key = Key.load(folder / "key.json")
    except FileNotFoundError:
        return Finding(fault=f"{stem}: key.json is missing, so nothing can be checked.", cure=again)
    except (OSError, ValueError):
        return Finding(fault=f"{stem}: key.json is damaged, so nothing can be checked.", cure=again)
    if key.lesson != stem:
        return Finding(fault=f"{stem}: key.json belongs to {key.lesson}.", cure=again)
    if is_damaged(folder):
        return Finding(
            fault=f"{stem}: progress.json cannot be read, so the lesson counts as not begun.",
            cure="run its checks again; the damaged file is kept as progress-damaged.json",
        )
    return Finding(f"{stem}: notebook and key")


def disk(work: Path) -> Finding:
    place = work
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        free = shutil.disk_usage(place).free // 2**20
    except OSError as error:
        return Finding(
            fault=f"The disk of {place} cannot be asked for its room ({error.strerror}).",
            cure="is it a network folder? Copy the course to a disk of this machine",
        )
    if free < NEEDED_MB:
        return Finding(
            fault=f"{free} MB of disk are free; {NEEDED_MB} are needed.",
            cure="make room on that disk: a notebook that cannot be saved is lost",
        )
    return Finding(
        f"{free / 1024:.0f} GB of disk are free" if free >= 1024 else f"{free} MB of disk are free"
    )


def ports() -> Finding:
    """Say whether a server can be opened on this machine, as JupyterLab and its kernels do."""
    try:
        with (
            socket.create_server(("127.0.0.1", 0)) as server,
            socket.create_connection(server.getsockname(), 5),
        ):
            pass
    except OSError as error:
        return Finding(
            fault=f"No connection inside this machine is possible ({error.strerror}), and JupyterLab needs one.",
            cure="let the firewall allow connections to 127.0.0.1",
        )
    return Finding(f"connections inside this machine work ({platform.system()})")
