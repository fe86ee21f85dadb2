"""nbgrader's own commands work in this folder: generate_assignment, autograde, generate_feedback, export."""

from helper.authoring.release import configure
from helper.grading.nbgrader_steps import configure_autograde

c = get_config()  # noqa: F821  (nbgrader provides it)
configure(c)
configure_autograde(c)
