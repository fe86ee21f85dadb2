"""Which code makes a key, a mark and a page: when it changes, they are made again, and for nothing else.

What only moves things about (intake, workers, the gradebook, commands) has no part in them.
"""

from __future__ import annotations

# The lesson on its stage, the inputs it draws, what evidence is, and the fixtures that its cells import.
KEY = ("helper.lessons", "helper.checking.check", "helper.checking.asking", "helper.checking.given",
       "helper.checking.watch", "helper.checking.world", "helper.judging.evidence", "helper.judging.key",
       "helper.fixtures", "helper.data", "helper.graphs")  # fmt: skip

# The key, what runs a submission, and who judges it.
MARK = (*KEY, "helper.judging", "helper.running", "helper.sandbox", "helper.grading.marking",
        "helper.grading.suspicion", "helper.grading.handed_in.canonical", "helper.grading.handed_in.notebook",
        "helper.nbgrading.metadata")  # fmt: skip

# What shows a mark.
PAGE = ("helper.grading.pages", "helper.checking.panel")
