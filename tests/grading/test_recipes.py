"""The recipes of CLUSTER.md: run where they can be run, held against a schema where not."""

import json
import re
import shutil
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from conftest import ROOT
from test_hosts import Desk

from helper.bench.cluster import fill, load
from helper.bench.hosts import Hosts, wait_until

EXAMPLES = ROOT / "examples" / "cluster"
SSHD = """HostKey /tmp/host_key
AuthorizedKeysFile /tmp/authorized_keys
StrictModes no
UsePAM no
PermitRootLogin yes
PidFile none
"""
SBATCH = """#!/bin/sh
cp "$1" /tmp/job.sh
sh -c 'exec bash /tmp/job.sh' >/tmp/job.log 2>&1 &
echo "Submitted batch job 17"
"""


@pytest.fixture(scope="module")
def hosts():
    with Hosts("desk", "left", "right") as made:
        yield made


@pytest.fixture(scope="module")
def desk(hosts, built_mini):
    return Desk(hosts, built_mini)


def is_marked(desk, name, process):
    assert process.wait() == 0, desk.said(name)
    assert "Every mark equals the sheet." in desk.said(name)


def test_hosts_with_ssh(hosts, desk):
    make_key = ["ssh-keygen", "-q", "-N", "", "-t"]
    assert desk.host.run([*make_key, "rsa", "-f", "/tmp/id"]).returncode == 0
    for name in ("desk", "left", "right"):
        host = hosts[name]
        assert host.run([*make_key, "ed25519", "-f", "/tmp/host_key"]).returncode == 0
        shutil.copy(desk.host.inside("/tmp/id.pub"), host.inside("/tmp/authorized_keys"))
        host.inside("/tmp/sshd_config").write_text(SSHD)
        host.inside("/run/sshd").mkdir()
        host.start(["/usr/sbin/sshd", "-D", "-e", "-f", "/tmp/sshd_config"], log="/tmp/sshd")
        wait_until(lambda host=host: "Server listening" in host.said("/tmp/sshd"), "the SSH server")
    line = re.search(r"^(dask ssh .*)$", (ROOT / "CLUSTER.md").read_text(), re.M)[1]
    left, right = hosts["left"].address, hosts["right"].address
    for word, meant in (("DESK", desk.host.address), ("KEY", "/tmp/id"), ("PYTHON", sys.executable)):
        line = line.replace(word, meant)
    line = line.replace("HOST", left, 1).replace("HOST", right, 1)
    started = desk.host.start(line.split(), log="/tmp/dask-ssh")
    for name in ("left", "right"):
        wait_until(lambda name=name: "Accepted publickey" in hosts[name].said("/tmp/sshd"), "a login")
    is_marked(desk, "ssh", desk.grade("ssh"))
    desk.host.kill(started)


def test_slurm_with_a_stand_in_for_sbatch(hosts, desk):
    programs = desk.host.inside("/tmp/bin")
    programs.mkdir()
    for name, text in (("sbatch", SBATCH), ("scancel", "#!/bin/sh\n")):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    path = f"/tmp/bin:{Path(sys.executable).parent}:/usr/bin:/bin"
    started = desk.host.start(
        [sys.executable, EXAMPLES / "slurm.py"], environ={"PATH": path}, log="/tmp/slurm"
    )
    wait_until(
        lambda: "course grade" in desk.host.said("/tmp/slurm") or started.poll() is not None, "its address"
    )
    address = re.search(r"--scheduler (\S+)", desk.host.said("/tmp/slurm"))[1]
    is_marked(desk, "slurm", desk.grade("slurm", scheduler=address))
    job = desk.host.inside("/tmp/job.sh").read_text()
    assert "#SBATCH --cpus-per-task=2" in job
    assert re.search(r"#SBATCH --mem=\d+G", job)
    assert "#SBATCH -t 02:00:00" in job
    desk.host.kill(started)


def test_the_manifests_for_kubernetes_are_what_its_schema_says():
    manifests = list(yaml.safe_load_all((EXAMPLES / "kubernetes.yaml").read_text()))
    assert [item["kind"] for item in manifests] == ["Service", "Deployment", "Deployment"]
    for item in manifests:
        kubernetes_validate.validate(item, kubernetes_validate.latest_version(), strict=True)
    manifests[1]["spec"]["replica"] = 1
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifests[1], kubernetes_validate.latest_version(), strict=True)
    worker = manifests[2]["spec"]["template"]["spec"]["containers"][0]
    threads = int(worker["args"][worker["args"].index("--nthreads") + 1])
    assert int(worker["resources"]["limits"]["memory"].removesuffix("Gi")) >= 1 + 2 * threads


def test_what_the_container_file_copies_is_there():
    copied = re.findall(r"^COPY (.*) \S+$", (EXAMPLES / "Containerfile").read_text(), re.M)
    assert copied
    assert all((ROOT / name).exists() for line in copied for name in line.split())


def test_the_planning_page_is_computed_from_what_was_measured():
    text = (ROOT / "CLUSTER.md").read_text()
    figures = load(ROOT / "helper" / "bench" / "measured.json")
    assert fill(text, figures) == text
    figures["throughput"][1]["seconds"] *= 10
    assert fill(text, json.loads(json.dumps(figures))) != text
