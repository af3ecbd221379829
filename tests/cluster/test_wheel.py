"""A wheel, built and installed where no checkout is: command, import and workers find what it brought."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import typer

from runner.folders import MARKS, ROOT
from tests.cluster.foreign_names import beside

DEPENDENCIES = str(Path(typer.__file__).parents[1])
"""What is installed beside piesweep; a path alone, so that an editable piesweep in there is not seen."""

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]


def said(*words: str | Path, cwd: Path, environment: Mapping[str, str] | None = None, code: int = 0) -> str:
    """What a command prints; it must end with this exit code."""
    done = subprocess.run(
        list(map(str, words)),
        check=False,
        capture_output=True,
        text=True,
        timeout=250,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stderr


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with a wheel of this checkout in it."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    build = [*pip, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT]
    said(*build, cwd=folder)
    said(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder)
    (wheel,) = folder.glob("piesweep-*.whl")
    python = folder / "venv" / "bin" / "python"
    said(*pip, "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=folder)
    (packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    (packages / "dependencies.pth").write_text(f"{DEPENDENCIES}\n")
    return folder / "venv"


def packages(environment: Path) -> Path:
    """Where the environment's packages lie."""
    (found,) = (environment / "lib").glob("python*/site-packages")
    return found


def test_import_and_command_find_what_was_installed(environment: Path, tmp_path: Path) -> None:
    """All from one folder, with the studies, views and the dictionary that belong to it."""
    code = (
        "import piesweep, runner, tasks, analysis, cluster; from analysis.readability.dictionary import DICTIONARY\n"
        "print(*(m.__file__ for m in (piesweep, runner, tasks, analysis, cluster)), DICTIONARY.is_file())\n"
        "print(piesweep.__version__, piesweep.plan('quickstart', 'seeds=2').trials)"
    )
    files, numbers = said(environment / "bin" / "python", "-c", code, cwd=tmp_path).splitlines()
    *modules, dictionary = files.split()
    assert modules == [str(packages(environment) / name / "__init__.py") for name in ("piesweep", *MARKS)]
    assert (dictionary, numbers.split()[1]) == ("True", "34")
    assert said(environment / "bin" / "piesweep", "--version", cwd=tmp_path) == f"piesweep {numbers.split()[0]}\n"


def test_a_study_runs_from_a_wheel(environment: Path, tmp_path: Path) -> None:
    """Workers have the wheel's code, beside files with its names and with those on PYTHONPATH."""
    study = beside(tmp_path / "project")
    words = [environment / "bin" / "piesweep", "run", study, "--store", tmp_path / "store"]
    output = said(*words, cwd=study.parent, environment={"PYTHONPATH": str(study.parent)})
    assert "2 of 2 trials committed" in output


def test_a_package_installed_over_it_is_told(environment: Path, tmp_path: Path) -> None:
    """Another package's `tasks` in the same folder cannot be helped: one line, exit code 2, and nothing runs."""
    ours = packages(environment) / "tasks" / "__init__.py"
    before = ours.read_bytes()
    ours.write_text("TODO = 1\n")
    try:
        message = said(environment / "bin" / "piesweep", "list", cwd=tmp_path, code=2)
        code = "import piesweep; piesweep.plan('quickstart')"
        error = said(environment / "bin" / "python", "-c", code, cwd=tmp_path, code=1)
    finally:
        ours.write_bytes(before)
    assert message == (
        f"piesweep: {ours} is not piesweep's any more: another package has such a folder too; install piesweep into an "
        "environment without it\n"
    )
    assert f"ImportError: {ours} is not piesweep's" in error
