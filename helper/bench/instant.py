"""A worker that answers at once, for measuring everything else: `dask worker --preload helper.bench.instant`.

Its answers are marks that were really given once, in the file that COURSE_ANSWERS names.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from helper.grading import workers
from helper.grading.fitness import facts

ANSWERS = "COURSE_ANSWERS"


def dask_setup(worker: Any) -> None:
    """Put prepared answers in the place of marking."""
    known = json.loads(Path(os.environ[ANSWERS]).read_text(encoding="utf-8"))
    marked = [json.dumps(item) for item in known["marked"]]

    def rehearse(lessons: dict[str, str], *words: Any) -> str:
        workers._lessons.update(lessons)
        return str(known["rehearsal"])

    def mark_one(lesson: str, notebook: str, seed: str, *words: Any) -> str:
        return marked[int(seed[:8], 16) % len(marked)]

    def describe(unsandboxed: bool) -> str:
        return json.dumps(facts(unsandboxed) | {"memory": 2**60})  # nothing is run

    workers.describe, workers.rehearse, workers.mark_one = describe, rehearse, mark_one  # type: ignore[assignment]
