"""What encrypts the road to workers elsewhere: one certificate and its key, made and used by Dask's own means.

Whoever holds the key is believed, by scheduler, workers and desk alike; nobody else can listen or take part.
"""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Any

from helper.course import CourseError
from helper.files import write_whole

CERTIFICATE, KEY = "cluster.pem", "cluster-key.pem"
TRAVELS = (
    "what students wrote and what it printed, each submission's questions, the lessons' answers, and marks with their "
    "advice"
)


def make(folder: Path) -> tuple[Path, Path]:
    """Write a new certificate, good for a year, and its key. Raises CourseError rather than replace one."""
    certificate, key = folder / CERTIFICATE, folder / KEY
    if certificate.exists() or key.exists():
        raise CourseError(f"{folder} holds certificates already: remove them, or give another folder.")
    from distributed.security import Security

    try:
        made = Security.temporary()
    except ImportError as error:
        raise CourseError(
            'Certificates need the package "cryptography": install the course with its extra "cluster".'
        ) from error
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        write_whole(key, made.tls_client_key, mode=0o600)
        write_whole(certificate, made.tls_client_cert, mode=0o600)
    except OSError as error:
        raise CourseError(f"{folder} could not be written: {error.strerror}. Give another folder.") from error
    return certificate, key


def security(folder: Path) -> Any:
    """Return what a Dask client needs to speak TLS. Raises CourseError if the folder lacks something."""
    certificate, key = folder / CERTIFICATE, folder / KEY
    for path in (certificate, key):
        if not os.access(path, os.R_OK):
            raise CourseError(f"{path} cannot be read: make certificates with course certificates {folder}.")
    from distributed.security import Security

    return Security(
        tls_ca_file=str(certificate), tls_client_cert=str(certificate), tls_client_key=str(key),
        require_encryption=True,
    )  # fmt: skip


def warning(scheduler: str) -> str:
    """Return what to say of a scheduler's address before anything is sent there, "" if nothing."""
    scheme, _, place = scheduler.rpartition("://")
    host = place.rpartition(":")[0].strip("[]") or place
    try:
        near = ipaddress.ip_address(host).is_loopback
    except ValueError:
        near = host == "localhost"
    if near or scheme in ("tls", "wss", "inproc"):
        return ""
    return f"{scheduler} is not encrypted: whoever can listen on the way reads {TRAVELS}. See course certificates."
