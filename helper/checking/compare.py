"""After an exercise has passed: the other right answers that lie sealed beside the key."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from helper.checking.panel import Compared
from helper.desk import seal
from helper.judging.evidence import Plain

SEALED = "again.json"


def opened(
    folder: Path, check: str, opens: str, evidence: Callable[[str], Mapping[str, Plain]]
) -> tuple[str, Any]:
    """Return what opens the seal of a check that has passed, and what is in it; "" and None if nothing does.

    opens: what opened it before, if anything; evidence: gives the answer's evidence under a seed.
    """
    try:
        sealed = json.loads((folder / SEALED).read_text(encoding="utf-8"))["sealed"][check]
        sketch, box = sealed["sketch"], str(sealed["box"])
        content = seal.unlock(box, opens) if opens else None
        if content is None:
            opens = seal.password(evidence(seal.SEED), sketch)
            content = seal.unlock(box, opens)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return "", None
    return (opens, content) if content is not None else ("", None)


def others(content: Any) -> tuple[Compared, ...]:
    """Return the answers of an opened seal."""
    try:
        return tuple(Compared(str(item["title"]), str(item["source"])) for item in content["right"])
    except (KeyError, TypeError):
        return ()
