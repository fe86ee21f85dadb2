"""What `course doctor` prints."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.markup import escape

from helper.desk.examination import Finding, findings
from helper.desk.places import course_of, find_desk


def doctor() -> int:
    """Examine the installation and the desk. Returns 1 if something needs a cure."""
    console = Console(highlight=False, soft_wrap=True)
    faults = 0
    desk = find_desk()
    instructor = [sandbox()] if course_of(desk) and sys.platform == "linux" else []
    for finding in [*findings(desk), *instructor]:
        if finding.fault:
            faults += 1
            console.print(f"[yellow]✗[/] {escape(finding.fault)}")
            console.print(f"  → {escape(finding.cure)}")
        else:
            console.print(f"[green]✓[/] {escape(finding.fine)}")
    one = "One thing needs a cure." if faults == 1 else f"{faults} things need a cure."
    console.print(one if faults else "Everything is in order.")
    return 1 if faults else 0


def sandbox() -> Finding:
    """Say whether others' work can be marked here. No student needs it: never a fault."""
    from helper.sandbox.layers import sufficient
    from helper.sandbox.probe import probe

    layers = probe()
    names = ", ".join(layer.name for layer in layers if layer.available) or "none"
    missing = ", ".join(f"{layer.name} ({layer.why_not})" for layer in layers if not layer.available)
    text = f"for instructors: sandbox layers {names}" + (f"; not here: {missing}" if missing else "")
    enough = "enough to mark others' work" if sufficient(layers) else "too few to mark others' work"
    return Finding(f"{text}: {enough}")
