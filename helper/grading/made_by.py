"""Which code makes a mark and a page: when it changes, they are made again, and for nothing else.

What only moves things about (intake, workers, the gradebook, commands) has no part in them.
"""

from __future__ import annotations

# The lesson on its stage and the fixtures that its cells import; the inputs; what runs a submission; who judges it.
MARK = ("helper.lessons", "helper.fixtures", "helper.data", "helper.graphs", "helper.checking.check",
        "helper.checking.asking", "helper.checking.given", "helper.checking.watch", "helper.checking.world",
        "helper.judging", "helper.running", "helper.sandbox", "helper.grading.keys", "helper.grading.key_server",
        "helper.grading.marking", "helper.grading.order", "helper.grading.suspicion",
        "helper.grading.handed_in.canonical", "helper.grading.handed_in.notebook",
        "helper.nbgrading.metadata")  # fmt: skip

# What shows a mark.
PAGE = ("helper.grading.pages", "helper.checking.panel")
