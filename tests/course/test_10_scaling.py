"""What only lesson 10 has: a run of two processes that stands recorded in it, and formats drawn bit by bit."""

import importlib.util
import os
import re
import subprocess
import sys

import pytest
import torch
from conftest import ROOT

SCRIPT = ROOT / "examples" / "two_processes.py"
LESSON = (ROOT / "solutions" / "10_scaling.py").read_text(encoding="utf-8")


def recorded() -> list[str]:
    """Return the lines that the lesson says the script printed."""
    (block,) = re.findall(r"^# ```\n((?:# .*\n)*?# 2 processes, .*\n(?:# .*\n)*?)# ```", LESSON, re.M)
    return [line.removeprefix("# ") for line in block.splitlines()]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)


def numbers_apart(line: str) -> tuple[str, list[float]]:
    return re.sub(r"\d+\.\d+|\d+(?= %)", "#", line), [
        float(number) for number in re.findall(r"\d+\.\d+|\d+(?= %)", line)
    ]


@pytest.mark.slow
def test_two_processes_print_what_the_lesson_says() -> None:
    command = re.findall(r"^# torchrun (.*)$", LESSON, re.M)[0].split()
    result = run(sys.executable, "-m", "torch.distributed.run", *command)
    assert result.returncode == 0, result.stderr
    printed = result.stdout.splitlines()
    assert len(printed) == len(recorded())
    for now, then in zip(printed, recorded(), strict=True):
        (words, values), (expected_words, expected) = numbers_apart(now), numbers_apart(then)
        assert words == expected_words
        assert values == pytest.approx(expected, rel=0.02)  # another processor rounds in another way


def test_the_script_without_torchrun_says_how_to_start_it() -> None:
    result = run(sys.executable, str(SCRIPT))
    assert result.returncode == 1
    assert "two processes" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_command_in_the_script_is_the_lessons() -> None:
    (command,) = re.findall(r"^# (torchrun .*)$", LESSON, re.M)
    assert f"    {command}\n" in SCRIPT.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["float32", "float16", "bfloat16"])
def test_the_figure_of_formats_draws_the_bits_that_each_format_has(name: str) -> None:
    spec = importlib.util.spec_from_file_location("figures", ROOT / "img" / "10_scaling.py")
    assert spec
    assert spec.loader
    figures = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(figures)
    sign, exponent, fraction = figures.FORMATS[name]
    info = torch.finfo(getattr(torch, name))
    assert sign + exponent + fraction == info.bits
    assert info.eps == 2.0**-fraction
    assert info.smallest_normal == 2.0 ** (2 - 2 ** (exponent - 1))
