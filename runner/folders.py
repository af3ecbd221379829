"""Import piesweep's four folders from one place, whatever else bears their names.

People call files of their own `tasks.py` or `analysis.py`, and Python takes what stands first on its path: the folder
that a command was started in, PYTHONPATH, what a Ray job brought along. Whoever imports `runner` or `piesweep` gets all
four from one place.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import runpy
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The folder that holds the four: a checkout, or where packages are installed."""

MARKS = {"runner": "folders.py", "tasks": "catalogue.py", "analysis": "results.py", "cluster": "launcher.py"}
"""The four, each with a file by which it is known as ours."""


def claim() -> None:
    """From here on this process imports the four from ROOT; ImportError if it has another's already."""
    claimer(ROOT)()


def claimer(root: Path) -> Callable[[], None]:
    """What makes a process import the four from a folder, or, where its machine has them elsewhere, from there.

    For processes that Ray starts. It is sent to them as code, with nothing to import: that is what it sees to.
    """
    given, marks = str(root), dict(MARKS)

    def claim() -> None:
        import sys
        from importlib.machinery import PathFinder
        from pathlib import Path

        def holds_all(folder: Path) -> bool:
            return all((folder / name / mark).is_file() for name, mark in marks.items())

        home = next((folder for folder in map(Path, [given, *sys.path]) if holds_all(folder)), None)
        if home is None:  # piesweep is not installed here, which whatever needs it will say
            return
        for name in marks.keys() & sys.modules.keys():
            there = getattr(sys.modules[name], "__file__", None) or "a folder without __init__.py"
            if not Path(there).resolve().is_relative_to(home.resolve()):
                raise ImportError(
                    f"piesweep needs the name '{name}', which this process has imported from {there}: rename that, or "
                    "import piesweep first"
                )

        places = [str(home.absolute())]

        class OurFolders:
            """Answers for the four before any other finder is asked."""

            is_ours = True

            def find_spec(self, name, path=None, target=None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
                return PathFinder.find_spec(name, places) if path is None and name in marks else None

        sys.meta_path[:] = [OurFolders(), *(it for it in sys.meta_path if not hasattr(it, "is_ours"))]

    return claim


def overwritten(root: Path = ROOT) -> str:
    """'', or a sentence about a package that was installed over ours: both put files into the same folder."""
    for path, digest in _recorded(root, "piesweep").items():
        content = (root / path).read_bytes() if (root / path).is_file() else b""
        if base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=") != digest:
            others = sorted(record.parent.name.partition("-")[0] for record in root.glob("*.dist-info/RECORD"))
            found = (name for name in others if name != "piesweep" and path in _recorded(root, name))
            return (
                f"{root / path} is not piesweep's any more: {next(found, 'another package')} has such a folder too; "
                "install piesweep into an environment without it"
            )
    return ""


def _recorded(root: Path, distribution: str) -> dict[str, str]:
    """The first file of each of the four and its hash, as far as this installed package has them."""
    wanted = {f"{name}/__init__.py" for name in MARKS}
    for record in root.glob(f"{distribution}-*.dist-info/RECORD"):
        with record.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.reader(file) if row and row[0] in wanted]
        return {path: digest.removeprefix("sha256=") for path, digest, *_ in rows}
    return {}


def command(module: str, *words: str) -> Sequence[str]:
    """The command line that runs a module of ours in a process of its own, wherever that is started."""
    return [sys.executable, "-P", __file__, module, *words]


if __name__ == "__main__":
    claim()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
