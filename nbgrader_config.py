"""nbgrader's own commands work in this folder: generate_assignment, autograde, generate_feedback, export, formgrader."""

from helper.authoring.release import configure

c = get_config()  # noqa: F821  (nbgrader provides it)
c.CourseDirectory.course_id = "training-neural-networks"
configure(c)
