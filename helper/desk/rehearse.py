"""Run a lesson in a fresh kernel, from the top, as marking will; collect what its checks say."""

from __future__ import annotations

import copy
import json
import os
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helper.checking.panel import REHEARSAL, VERDICT
from helper.course import CourseError
from helper.desk import cells
from helper.desk.cells import Notebook
from helper.judging.verdict import Verdict

CELL_SECONDS = 60
AGAIN = "again.json"
FAILS = "raises-exception"  # the tag of a cell that is meant to fail


@dataclass(frozen=True)
class Rehearsal:
    """What a run from the top gave. stopped: the cells that ended in an error, as their first line and the error."""

    verdicts: tuple[Verdict, ...]
    stopped: tuple[tuple[str, str], ...]
    notebook: Notebook


def rehearse(notebook: Notebook, folder: Path, key: str = "key.json") -> Rehearsal:
    """Run all cells of a notebook in a fresh kernel in its folder, under the inputs of the key of that name."""
    ran = _run(notebook, folder, key)
    verdicts, stopped = [], []
    for cell in ran["cells"]:
        outputs = cell.get("outputs", [])
        verdicts += [
            Verdict.from_json(output["data"][VERDICT])
            for output in outputs
            if VERDICT in output.get("data", {})
        ]
        cell["outputs"] = [output for output in outputs if VERDICT not in output.get("data", {})]
        errors = [output for output in outputs if output["output_type"] == "error"]
        if errors and FAILS not in cell["metadata"].get("tags", []):
            first = next((line for line in cells.source(cell).splitlines() if line.strip()), "")
            stopped.append((first, f"{errors[0]['ename']}: {errors[0]['evalue']}".removesuffix(": ")))
        if cell["cell_type"] != "code":
            cell.pop("outputs")
    return Rehearsal(tuple(verdicts), tuple(stopped), ran)


def only_marked(notebook: Notebook) -> Notebook:
    """Return a notebook without the released examples: what runs when marks are given."""
    kept = [
        cell
        for cell in notebook["cells"]
        if cell.get("cell_type") == "code" and (cells.grade_id(cell) or not cells.is_released(cell))
    ]
    return {**notebook, "cells": kept}


def _run(notebook: Notebook, folder: Path, key: str) -> Notebook:
    import nbformat
    from jupyter_client.kernelspec import NoSuchKernel
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    node: Any = nbformat.reads(json.dumps(notebook), as_version=4)
    node.metadata.pop("widgets", None)
    with tempfile.TemporaryDirectory(prefix="kernel-") as private:
        # Pipes instead of TCP where there are any: nobody else on the machine can listen in.
        transport = "ipc" if hasattr(socket, "AF_UNIX") else "tcp"
        manager = AsyncKernelManager(
            kernel_name="python3", transport=transport, connection_file=str(Path(private) / "kernel.json")
        )
        client = NotebookClient(
            node,
            km=manager,
            timeout=CELL_SECONDS,
            interrupt_on_timeout=True,
            allow_errors=True,
            record_timing=False,
            coalesce_streams=True,
            shutdown_kernel="immediate",
            resources={"metadata": {"path": str(folder)}},
        )
        try:
            client.execute(cleanup_kc=True, env=os.environ | {REHEARSAL: key})
        except (CellTimeoutError, DeadKernelError) as error:
            raise CourseError(
                f"{folder.name} does not run from the top: a cell ended the whole kernel, or could not be stopped "
                f"after {CELL_SECONDS} s. Restart the kernel and run all cells to see which."
            ) from error
        except NoSuchKernel as error:
            raise CourseError("There is no kernel to run it in: course doctor names the cure.") from error
    result: Notebook = copy.deepcopy(dict(node))
    result["cells"] = [dict(cell) for cell in node.cells]
    return result
