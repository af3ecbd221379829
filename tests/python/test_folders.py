"""Our four folders are imported from one place, whatever else has their names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cloudpickle
import pytest

from runner.folders import MARKS, ROOT, claimer, command, overwritten

HOME = ROOT / "runner" / "python"
TELL = "import runner, tasks, analysis, cluster; print(*(m.__file__ for m in (runner, tasks, analysis, cluster)))"


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A folder with four files that bear the names of ours."""
    for name in MARKS:
        (tmp_path / f"{name}.py").write_text("TODO = 1\n")
    return tmp_path


def python(code: str, folder: Path, path: str) -> subprocess.CompletedProcess[str]:
    """Run code in a folder, with a PYTHONPATH."""
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, cwd=folder, env=environment
    )


def test_whoever_imports_piesweep_gets_our_folders(foreign: Path) -> None:
    """Before the working folder and before PYTHONPATH."""
    done = python(f"import piesweep; {TELL}", foreign, f"{foreign}{os.pathsep}{HOME}")
    assert done.stdout.split() == [str(ROOT / name / "__init__.py") for name in MARKS], done.stderr


def test_whoever_imports_runner_gets_all_from_there(foreign: Path) -> None:
    """The folder that `runner` came from is that of the others, too."""
    (foreign / "runner.py").unlink()
    done = python(TELL, foreign, str(ROOT))
    assert done.stdout.split() == [str(ROOT / name / "__init__.py") for name in MARKS], done.stderr


def test_a_name_that_is_taken_is_told(foreign: Path) -> None:
    """Who has imported a `tasks` of their own is told which, and what to do; nothing is mixed."""
    done = python("import tasks, piesweep", foreign, f"{foreign}{os.pathsep}{HOME}")
    last = done.stderr.splitlines()[-1]
    assert last == (
        f"ImportError: piesweep needs the name 'tasks', which this process has imported from {foreign / 'tasks.py'}: "
        "rename that, or import piesweep first"
    )


def test_a_process_of_ray_needs_nothing_of_ours_to_find_it(foreign: Path) -> None:
    """What is sent to it stands for itself, and where the driver's folder is not there it looks on its own path."""
    for given, path in ((ROOT, str(foreign)), (foreign / "nowhere", f"{foreign}{os.pathsep}{ROOT}")):
        sent = cloudpickle.dumps(claimer(given))
        done = python(f"import pickle; pickle.loads({sent!r})(); {TELL}", foreign, path)
        assert done.stdout.split() == [str(ROOT / name / "__init__.py") for name in MARKS], done.stderr


def test_a_machine_without_piesweep_is_left_as_it_is(foreign: Path) -> None:
    """Where none of it is installed nothing is claimed: what is missing is said by the trial that needs it."""
    sent = cloudpickle.dumps(claimer(foreign / "nowhere"))
    ours = "[p for p in sys.path if (pathlib.Path(p) / 'runner' / 'folders.py').exists()]"
    code = f"import pathlib, pickle, sys; [sys.path.remove(p) for p in {ours}]"
    done = python(f"{code}; pickle.loads({sent!r})(); import tasks; print(tasks.TODO)", foreign, str(foreign))
    assert done.stdout == "1\n", done.stderr


def test_a_module_of_ours_runs_from_any_folder(foreign: Path) -> None:
    """The command line that starts one needs no path and trips over no file."""
    words = command("runner.command_line", "--version")
    done = subprocess.run(words, check=True, capture_output=True, text=True, cwd=foreign)
    assert done.stdout.startswith("piesweep ")


def installed(root: Path, files: dict[str, str], name: str) -> None:
    """Put files there as an installer does, with their hashes in the package's record."""
    import base64
    import hashlib

    rows = []
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
        digest = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).decode().rstrip("=")
        rows.append(f"{path},sha256={digest},{len(content)}\n")
    (root / f"{name}-1.0.dist-info").mkdir()
    (root / f"{name}-1.0.dist-info" / "RECORD").write_text("".join(rows))


def test_a_package_over_ours_is_named(tmp_path: Path) -> None:
    """Another package with a folder `tasks` overwrites ours: one sentence with both, and what to do."""
    installed(tmp_path, {f"{name}/__init__.py": f'"""{name}."""\n' for name in MARKS}, "piesweep")
    assert overwritten(tmp_path) == ""
    installed(tmp_path, {"tasks/__init__.py": "TODO = 1\n"}, "invoker")
    assert overwritten(tmp_path) == (
        f"{tmp_path}/tasks/__init__.py is not piesweep's any more: invoker has such a folder too; "
        "install piesweep into an environment without it"
    )
    assert overwritten(ROOT) == ""  # a checkout is nobody's to overwrite
