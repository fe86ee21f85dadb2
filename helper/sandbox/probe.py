"""Try each layer on this machine, once, in a throwaway process, and say why one does not hold."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from functools import cache

from helper.sandbox import landlock, linux, seccomp
from helper.sandbox.confine import SandboxError, fork
from helper.sandbox.layers import LAYERS, MOUNTS, PRIVILEGES, Layer, Probed
from helper.sandbox.limits import Limits
from helper.sandbox.view import PACKAGE

_NAMESPACE_CURE = (
    "allow user namespaces (Ubuntu: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0; "
    "containers: a seccomp profile that lets unshare through), or rely on Landlock and seccomp"
)
_CURE = "grade on a Linux kernel that allows it"


@cache
def probe() -> tuple[Probed, ...]:
    """Try every layer in a throwaway process, once, and say which hold on this machine."""
    if threading.active_count() > 1:
        return _probe_elsewhere()  # a process with threads does not fork soundly
    return tuple(Probed(layer, _why_not(layer)) for layer in LAYERS)


def _probe_elsewhere() -> tuple[Probed, ...]:
    command = [sys.executable, "-P", "-m", "helper.sandbox.probe"]
    environ = os.environ | {"PYTHONPATH": str(PACKAGE.parent)}
    said = json.loads(subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout)
    return tuple(Probed(layer, said[layer.name]) for layer in LAYERS)


def _why_not(layer: Layer) -> str:
    """Try one layer by itself. Return "" if it holds, else why not and what would help."""
    if sys.platform != "linux":
        return "needs Linux: grade in a Linux container or virtual machine"
    if linux.machine() not in seccomp.AUDIT_NAMES:
        return f"not written for {linux.machine()} processors: grade on x86_64 or aarch64"
    if landlock.abi() < layer.landlock:
        return (
            f"needs Linux {layer.since} or newer with Landlock among its security modules: update the kernel"
        )
    layers = {layer}
    if layer == PRIVILEGES and os.geteuid() == 0 and not _why_not(MOUNTS):
        layers.add(MOUNTS)  # the way in to a Python that only root may reach
    scratch = tempfile.mkdtemp(prefix="probe-")
    try:
        pid = fork(Limits(), scratch, layers)
        if pid == 0:
            os._exit(layer == PRIVILEGES and not os.access(os.__file__, os.R_OK))
        if os.waitpid(pid, 0)[1]:
            return f"nobody may not read Python at {sys.base_prefix}: move it, or grade as an ordinary user"
    except (OSError, SandboxError) as error:
        return f"{error}: {_NAMESPACE_CURE if layer.namespaces else _CURE}"
    finally:
        os.rmdir(scratch)
    return ""


if __name__ == "__main__":
    print(json.dumps({item.name: item.why_not for item in probe()}))
