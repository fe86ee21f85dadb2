"""nbgrader's settings for students on the hub."""

import os

c = get_config()  # noqa: F821
c.Exchange.root = os.environ["COURSE_EXCHANGE"]
c.CourseDirectory.course_id = "default_course"
