"""Marking a class: intake, canonical notebook, sandboxed run, judge, gradebook, report."""
