"""A JupyterHub for a class: `jupyterhub --config examples/jupyterhub/jupyterhub_config.py`, started by root.

What must be there: an environment whose Python every user may run, with `pip install . jupyterhub --constraint
constraints.txt` (in this folder's course) and `npm install --global configurable-http-proxy`; the machine's own users;
a clone of the course that only the instructor may read (it holds the solutions, and gets gradebook and marks); and a
folder for nbgrader's exchange that all may write to. Three variables say which, before the hub starts:

    COURSE_INSTRUCTORS   names, with commas between
    COURSE_CLASSROOM     the instructor's clone of the course
    COURSE_EXCHANGE      the exchange's folder
"""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BIN = Path(sys.prefix) / "bin"
INSTRUCTORS = set(filter(None, os.environ.get("COURSE_INSTRUCTORS", "").split(",")))

c = get_config()  # noqa: F821


def prepare(spawner):
    """Give everybody the exchange, and only instructors the classroom and the tools to mark."""
    teaches = spawner.user.name in INSTRUCTORS
    spawner.environment = {
        "COURSE_EXCHANGE": os.environ["COURSE_EXCHANGE"],
        "JUPYTER_CONFIG_PATH": str(HERE if teaches else HERE / "student"),
        "PATH": f"{BIN}:{os.environ['PATH']}",
    }
    if teaches:
        spawner.environment["COURSE_CLASSROOM"] = os.environ["COURSE_CLASSROOM"]


c.Spawner.cmd = [str(BIN / "jupyterhub-singleuser")]
c.Spawner.default_url = "/lab"
c.Spawner.pre_spawn_hook = prepare
c.Authenticator.allow_all = True  # whoever has an account on this machine
