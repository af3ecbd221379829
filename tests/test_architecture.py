"""The rules of the house that a reader should be able to rely on."""

from __future__ import annotations

import ast
import graphlib
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rooms import ROOMS, ROOT

SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
LIGHT = (
    "analysis.report",
    "analysis.relations.query",
    "analysis.export",
    "runner.store.compaction.compact",
    "runner.store.merge",
    "runner.plan",
    "runner.estimate",
    "runner.store.verify",
    "runner.store.digest",
    "tasks.catalogue",
)
HEAVY = ("torch", "ray", "transformers", "datasets", "sklearn")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_one_concept(path: Path) -> None:
    """No source file is longer than 300 lines, and every one says what it is."""
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    if text.strip() and path.name != "__main__.py":
        assert ast.get_docstring(ast.parse(text)), f"{path} has no docstring"


KEYWORDS = {
    "analysis/relations/committed_files.py": "signatures of fsspec's file systems",
    "runner/models/attention.py": "signature of transformers' attention functions",
    "runner/models/mapped.py": "names of the arrays to save",
    "runner/models/pretrained.py": "what transformers' from_pretrained takes",
    "runner/trial/sharding/shards.py": "inputs of a network",
    "runner/store/session.py": "names of an event's facts",
    "runner/sweep/driver.py": "signature of Ray Tune's callbacks",
    "runner/sweep/searcher.py": "signature of Ray Tune's searchers",
}


def test_no_tunnels() -> None:
    """Nothing is passed on as **kwargs but where a library wants it so, or where the names are data."""
    tunnels = {
        path.relative_to(ROOT).as_posix()
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.args.kwarg
    }
    assert tunnels == set(KEYWORDS)


def test_no_imports_run_in_a_circle() -> None:
    """Whatever needs another module, for its types or inside a function too, is not needed by it in turn."""
    modules = {path.relative_to(ROOT).with_suffix("").as_posix().replace("/", "."): path for path in SOURCES}
    modules = {name.removesuffix(".__init__"): path for name, path in modules.items()}
    needs = {name: {one for one in imported(path) & modules.keys() if one != name} for name, path in modules.items()}
    graphlib.TopologicalSorter(needs).prepare()


def imported(path: Path) -> set[str]:
    """The modules that a file imports anywhere, by full name; a name from a package may be a module or not."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules = {f"{node.module}.{alias.name}" for alias in node.names}
            is_file = {name for name in modules if (ROOT / name.replace(".", "/")).with_suffix(".py").exists()}
            found |= is_file | ({node.module} if modules - is_file else set())
    return found


def test_reading_and_planning_load_nothing_heavy() -> None:
    """What runs on a laptop without a GPU stack imports none of it: the first module that does is named."""
    code = f"""
import importlib, sys
for module in {LIGHT!r}:
    importlib.import_module(module)
    if heavy := [name for name in {HEAVY!r} if name in sys.modules]:
        sys.exit(f"{{module}} loads {{heavy}}")
"""
    found = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (found.returncode, found.stderr) == (0, "")


def test_real_processes_are_in_three_folders() -> None:
    """`make test-clusters` looks for its tests nowhere else."""
    marks = [f"pytest.mark.{name}" for name in ("cluster", "chaos", "browser")]
    found = [path for path in (ROOT / "tests").rglob("test_*.py") if any(mark in path.read_text() for mark in marks)]
    folders = {path.relative_to(ROOT / "tests").parts[0] for path in found if path != Path(__file__)}
    assert folders == {"browser", "chaos", "cluster"}


def test_every_model_of_the_registry_has_its_module() -> None:
    """Modules are named as text, so that planning needs no torch: each of them exists and has its three functions."""
    from runner.models import MODELS

    for architecture in MODELS.values():
        module = importlib.import_module(architecture.module)
        assert all(callable(getattr(module, name)) for name in ("build", "shape", "encode"))


def test_every_method_names_what_exists() -> None:
    """Scores, schedules and recoveries of METHODS are registered."""
    from runner.methods import METHODS
    from runner.pruning.recovery import RECOVERIES
    from runner.pruning.schedules import SCHEDULES
    from runner.pruning.scores import SCORES

    for method in METHODS.values():
        assert method.score in SCORES
        assert method.schedule in SCHEDULES
        assert method.recovery in RECOVERIES


def test_the_readme_shows_every_folder() -> None:
    """A folder of a room that the README's tree does not name is one that a newcomer will not find."""
    tree = (ROOT / "README.md").read_text(encoding="utf-8")
    folders = {path.parent for path in SOURCES if path.parent.name != "scores"}
    assert [str(folder) for folder in folders if f"{folder.name}/" not in tree] == []


def test_the_project_fetches_from_registries_by_name_alone() -> None:
    """No source, build or CI file names a registry's host."""
    files = [
        *SOURCES,
        ROOT / "Makefile",
        ROOT / "pyproject.toml",
        *(path for path in (ROOT / ".ci").rglob("*.*") if path.suffix != ".pyc"),
        ROOT / ".ci" / "run",
    ]
    hosts = ("pypi.org", "pythonhosted.org", "npmjs.org", "debian.org")
    assert [str(path) for path in files if any(host in path.read_text(encoding="utf-8") for host in hosts)] == []
