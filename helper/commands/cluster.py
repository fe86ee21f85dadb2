"""What the commands for more than one machine do and print."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from helper.grading.certificates import make


def certificates(folder: Path) -> int:
    """Make certificates and say where they go. Returns the exit code."""
    certificate, key = make(folder)
    words = f"--tls-ca-file {certificate} --tls-cert {certificate} --tls-key {key}"
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        escape(
            f"{certificate} and {key} are made, good for a year. Copy the folder to every machine that takes part, "
            "readable by you alone:\n"
            "whoever holds the key can read what travels, and can take part.\n\n"
            f"  the scheduler's machine:  dask scheduler --protocol tls {words}\n"
            f"  each worker's machine:    dask worker tls://SCHEDULER:8786 {words}\n"
            f"  here:                     course grade SUBMISSIONS --scheduler tls://SCHEDULER:8786 "
            f"--certificates {folder}"
        )
    )
    return 0
