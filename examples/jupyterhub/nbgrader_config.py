"""nbgrader's settings for everybody on the hub; for instructors, those of their clone of the course as well."""

import os

c = get_config()  # noqa: F821
if classroom := os.environ.get("COURSE_CLASSROOM"):
    load_subconfig(os.path.join(classroom, "nbgrader_config.py"))  # noqa: F821
    c.CourseDirectory.root = classroom
c.Exchange.root = os.environ["COURSE_EXCHANGE"]
c.CourseDirectory.course_id = "default_course"
