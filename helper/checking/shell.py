"""The IPython shell that this process runs in, if it is one."""

from __future__ import annotations

import sys
from typing import Any


def shell() -> Any:
    """Return the shell of a notebook's kernel or of a terminal's IPython, or None in a plain Python."""
    module = sys.modules.get(
        "IPython.core.getipython"
    )  # there already wherever IPython runs: importing takes 0.2 s
    return module.get_ipython() if module else None
