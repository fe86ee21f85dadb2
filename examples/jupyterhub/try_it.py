"""Try the course on a real JupyterHub with two users of this machine, from release to feedback: started by root.

    python examples/jupyterhub/try_it.py CLONE

with the Python of the environment that the hub runs in (see jupyterhub_config.py), and CLONE a folder whose course
is copied for the instructor. Makes the users course-grace (teaches) and course-ada (learns) and a folder below
/srv, takes every step over the hub's own address as a browser would, says what came, and removes all of it again.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
TEACHER, STUDENT = "course-grace", "course-ada"
LESSON = "02_cross_entropy"
PORT = 18_000
HUB = f"http://127.0.0.1:{PORT}"
TOKEN = secrets.token_hex(16)
SCOPES = ["admin:users", "admin:servers", "access:servers"]
MORE = f"""
c.JupyterHub.bind_url = "{HUB}"
c.JupyterHub.hub_port = {PORT + 1}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{PORT + 2}"
c.JupyterHub.services = [{{"name": "trial", "api_token": "{TOKEN}"}}]
c.JupyterHub.load_roles = [{{"name": "trial", "scopes": {SCOPES}, "services": ["trial"]}}]
"""


def main(clone: Path) -> None:
    place = Path("/srv") / f"course-{secrets.token_hex(3)}"
    classroom, exchange = Path("/home") / TEACHER / "course", place / "exchange"
    for user in (TEACHER, STUDENT):
        subprocess.run(["useradd", "--create-home", "--shell", "/bin/bash", user], check=True)
    hub = None
    try:
        place.mkdir()
        exchange.mkdir()
        exchange.chmod(0o777)
        subprocess.run(["git", "clone", "--quiet", clone, classroom], check=True)
        subprocess.run(["chown", "--recursive", f"{TEACHER}:", classroom], check=True)
        classroom.chmod(0o700)
        said("a student may read the instructor's clone", may_read(STUDENT, classroom / "solutions"))
        hub = start_hub(place, classroom, exchange)
        for user in (TEACHER, STUDENT):
            start_server(user)
        take_every_step(classroom, exchange)
    except BaseException:
        print((place / "hub.log").read_text()[-6000:] if hub else "")
        raise
    finally:
        if hub:
            hub.terminate()
            hub.wait(60)
        for user in (TEACHER, STUDENT):
            subprocess.run(["pkill", "--uid", user], check=False)
            time.sleep(1)
            subprocess.run(["userdel", "--remove", user], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(place, ignore_errors=True)


def take_every_step(classroom: Path, exchange: Path) -> None:
    told = post(TEACHER, f"formgrader/api/assignment/{LESSON}/release")
    said("formgrader releases", told["success"])
    wanted = {"course_id": "default_course", "assignment_id": LESSON}
    listed = post(STUDENT, "assignments/fetch", **wanted)
    said("the student fetches", listed["success"], [item["status"] for item in listed["value"]])
    home = Path("/home") / STUDENT
    said("beside the notebook lies", sorted(path.name for path in (home / LESSON).iterdir()))
    answers = json.loads((classroom / "solutions" / LESSON / f"{LESSON}.ipynb").read_text())
    solve(home / LESSON / f"{LESSON}.ipynb", answers, leave="softmax")
    print(as_user(STUDENT, ["course", "progress"], home / LESSON, exchange))
    listed = post(STUDENT, "assignments/submit", **wanted)
    said("the student submits", listed["success"], [item["status"] for item in listed["value"]])
    said("a student may read what was handed in", may_read(STUDENT, exchange / "default_course" / "inbound"))
    told = post(TEACHER, f"formgrader/api/assignment/{LESSON}/collect")
    said("formgrader collects", told["success"])
    print(as_user(TEACHER, ["course", "grade", "submitted", "--classroom", "."], classroom, exchange))
    told = get(TEACHER, f"formgrader/api/submissions/{LESSON}")
    said("formgrader shows", [(item["student"], item["score"], item["max_score"]) for item in told])
    handed = get(TEACHER, f"formgrader/api/submitted_notebooks/{LESSON}/{LESSON}")
    page = get(TEACHER, f"formgrader/submissions/{handed[0]['id']}/?index=0", raw=True)
    said("formgrader shows the student's page", LESSON in page, "softmax" in page)
    told = post(TEACHER, f"formgrader/api/assignment/{LESSON}/release_feedback")
    said("feedback is released", told["success"])
    listed = post(STUDENT, "assignments/fetch_feedback", **wanted)
    said("the student fetches feedback", listed["success"])
    pages = sorted((home / LESSON / "feedback").rglob("*.html"))
    text = pages[0].read_text() if pages else ""
    said("feedback", [path.name for path in pages], "softmax" in text and "of 20" in text)


def solve(path: Path, answers: dict, leave: str) -> None:
    """Write right answers into a student's notebook, all but one, as its owner."""
    notebook = json.loads(path.read_text())
    right = {
        cell["metadata"]["nbgrader"]["grade_id"]: cell["source"]
        for cell in answers["cells"]
        if cell["metadata"].get("nbgrader", {}).get("solution")
    }
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name in right and name != leave:
            cell["source"] = right[name]
    path.write_text(json.dumps(notebook))


def start_hub(place: Path, classroom: Path, exchange: Path) -> subprocess.Popen:
    config = place / "jupyterhub_config.py"
    config.write_text(f"load_subconfig({str(HERE / 'jupyterhub_config.py')!r})\nc = get_config()\n{MORE}")
    environment = os.environ | {
        "COURSE_INSTRUCTORS": TEACHER,
        "COURSE_CLASSROOM": str(classroom),
        "COURSE_EXCHANGE": str(exchange),
        "PATH": f"{BIN}:{os.environ['PATH']}",
    }
    hub = subprocess.Popen(
        [BIN / "jupyterhub", "--config", config],
        cwd=place,
        env=environment,
        stdout=(place / "hub.log").open("w"),
        stderr=subprocess.STDOUT,
    )
    wait_for(lambda: ask("GET", f"{HUB}/hub/api/"), hub, place / "hub.log")
    said("the hub is up")
    return hub


def start_server(user: str) -> None:
    ask("POST", f"{HUB}/hub/api/users/{user}")
    ask("POST", f"{HUB}/hub/api/users/{user}/server")
    wait_for(lambda: json.loads(ask("GET", f"{HUB}/hub/api/users/{user}"))["servers"][""]["ready"] or 1 / 0)
    said(f"the server of {user} is up")


def wait_for(what, process=None, log: Path | None = None) -> None:
    end = time.monotonic() + 120
    while True:
        try:
            what()
            return
        except (OSError, ArithmeticError, LookupError, ValueError) as error:
            if time.monotonic() > end or (process and process.poll() is not None):
                raise SystemExit(f"it did not come up: {error}\n{log.read_text() if log else ''}") from error
            time.sleep(0.5)


def post(user: str, path: str, **words: str):
    return parsed(ask("POST", f"{HUB}/user/{user}/{path}", urllib.parse.urlencode(words).encode()))


def get(user: str, path: str, raw: bool = False):
    text = ask("GET", f"{HUB}/user/{user}/{path}")
    return text if raw else parsed(text)


def parsed(text: str):
    try:
        return json.loads(text)
    except ValueError:
        raise SystemExit(f"the hub answered with a page:\n{text[:500]}") from None


def ask(method: str, address: str, body: bytes | None = None) -> str:
    request = urllib.request.Request(address, body, {"Authorization": f"token {TOKEN}"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=300) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        raise OSError(f"{method} {address}: {error.code} {error.read().decode()[:200]}") from error


def as_user(user: str, words: list[str], folder: Path, exchange: Path) -> str:
    """Run a command as in the user's terminal on the hub."""
    settings = [f"PATH={BIN}:/usr/bin:/bin", f"COURSE_EXCHANGE={exchange}"]
    done = subprocess.run(
        ["runuser", "--user", user, "--", "env", *settings, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return f"$ {' '.join(words)}   [{user}, exit code {done.returncode}]\n{done.stdout}{done.stderr}"


def may_read(user: str, path: Path) -> bool:
    return (
        subprocess.run(
            ["runuser", "--user", user, "--", "ls", path], capture_output=True, check=False
        ).returncode
        == 0
    )


def said(what: str, *came) -> None:
    print(f"{what}:" if came else what, *came, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
