#!/usr/bin/env python3
"""Write .ci/requirements anew: the version and the hashes of everything that `make setup` installs.

    python3 .ci/renew.py                            keep the versions that still fit pyproject.toml
    python3 .ci/renew.py --upgrade                  take the newest ones
    python3 .ci/renew.py --upgrade-package NAME     the newest one of one package

uv answers for all platforms and Pythons at once; arguments are handed on to it. It asks the registry of its own
settings (UV_DEFAULT_INDEX), pip the one of pip's. Then run `make setup`,
`.venv/bin/python .ci/licences.py` and `make test`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".ci" / "requirements"
EXTRAS = ("test", "deepspeed")
PYTHON = "3.11"
BUILD = (
    "editables",
    "hatchling",
    "packaging",
    "pathspec",
    "pluggy",
    "setuptools",
    "setuptools-scm",
    "tomlkit",
    "trove-classifiers",
    "vcs-versioning",
)
"""What builds piesweep, and DeepSpeed, seqeval and rouge-score, which come as source."""
GPU_LIBRARIES = ("cuda-", "nvidia-", "triton")
"""How the names begin of what torch's CUDA build needs and its other builds do not."""
FILES = {
    "build.txt": "What the project, and a dependency that comes as source, are built with.",
    "torch-cpu.txt": "torch's CPU build, taken where the registry at hand has it: a tenth of the size.",
    "torch.txt": "torch as everybody's registry has it. Another build: install it into .venv afterwards.",
    "torch-gpu.txt": "What torch's CUDA build needs besides; installed where that build is.",
    "run.txt": "All else that piesweep needs to run.",
    "test.txt": "What its tests and checks need besides, and DeepSpeed.",
}


def main(options: list[str]) -> None:
    """Resolve, add the CPU build of torch that pip finds here, and write the files."""
    with tempfile.TemporaryDirectory() as scratch:
        pins = resolved(Path(scratch), options)
        needed = needed_to_run(Path(scratch))
    written = {name: [f"# {about} Made by .ci/renew.py.\n"] for name, about in FILES.items()}
    for name, pin in sorted(pins.items()):
        written[file_of(name, needed)].append(f"{pin}\n")
    written["torch-cpu.txt"].append(cpu_build(pins["torch"].split()[0]))
    FOLDER.mkdir(exist_ok=True)
    for path in set(FOLDER.glob("*.txt")) - {FOLDER / name for name in written}:
        path.unlink()
    for name, parts in written.items():
        (FOLDER / name).write_text("".join(parts), encoding="utf-8")


def resolved(scratch: Path, options: list[str]) -> dict[str, str]:
    """Package -> its pin with marker and hashes, as pip reads it; the pins are left in lock.txt."""
    subprocess.run([sys.executable, "-m", "venv", scratch / "venv"], check=True)
    subprocess.run([scratch / "venv/bin/pip", "install", "--quiet", "uv"], check=True)
    lock, build = scratch / "lock.txt", scratch / "build.in"
    lock.write_text(
        "".join(path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.txt"))), encoding="utf-8"
    )
    build.write_text("".join(f"{name}\n" for name in BUILD), encoding="utf-8")
    extras = [f"--extra={extra}" for extra in EXTRAS]
    compile_pins(scratch, ["--generate-hashes", *extras, *options, "--output-file", lock, "pyproject.toml", build])
    pins = re.split(r"\n(?=\S)", lock.read_text(encoding="utf-8").strip())
    return {pin.partition("==")[0]: pin for pin in pins}


def needed_to_run(scratch: Path) -> set[str]:
    """Packages that piesweep needs without its extras, in the versions of lock.txt."""
    lock, needed = scratch / "lock.txt", scratch / "needed.txt"
    compile_pins(scratch, ["--constraint", lock, "--output-file", needed, "pyproject.toml"])
    return {line.partition("==")[0] for line in needed.read_text(encoding="utf-8").splitlines()}


def compile_pins(scratch: Path, words: list[str | Path]) -> None:
    """Have uv resolve for all platforms."""
    command = [scratch / "venv/bin/uv", "pip", "compile", "--quiet", "--universal", "--python-version", PYTHON]
    subprocess.run([*command, "--no-header", "--no-annotate", *words], check=True, cwd=ROOT)


def cpu_build(requirement: str) -> str:
    """The pin of torch's CPU build: the one that pip finds on this machine, else the one known before."""
    known = FOLDER / "torch-cpu.txt"
    before = known.read_text(encoding="utf-8").partition("\n")[2] if known.is_file() else ""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--no-deps"]
    done = subprocess.run(
        [*command, "--report", "-", f"{requirement}+cpu"], check=False, capture_output=True, text=True
    )
    if done.returncode:
        return before if before.startswith(f"{requirement}+cpu ") else ""
    report = json.loads(done.stdout[done.stdout.index("{") :])
    found = report["install"][0]["download_info"]["archive_info"]["hashes"]["sha256"]
    return f"{requirement}+cpu \\\n    --hash=sha256:{found}\n"


def file_of(name: str, needed: set[str]) -> str:
    """The file that a package stands in; needed: those without which nothing runs."""
    if name in BUILD:
        return "build.txt"
    if name == "torch":
        return "torch.txt"
    if name.startswith(GPU_LIBRARIES):
        return "torch-gpu.txt"
    return "run.txt" if name in needed else "test.txt"


if __name__ == "__main__":
    main(sys.argv[1:])
