"""nbgrader's own commands work in this folder: generate_assignment, autograde, generate_feedback, export."""

from helper.nbgrading.autograde import configure_autograde
from helper.nbgrading.release import configure

c = get_config()  # noqa: F821  (nbgrader provides it)
configure(c)
configure_autograde(c)
