"""piesweep in Python: plan and run studies, ask their stores.

    import piesweep

    store = piesweep.open("results")                      # a folder or URL that `piesweep run --store` wrote
    store.pie_rate.df()                                   # a view as a pandas frame; .pl() and .arrow() as well
    store.sql("SELECT method, avg(rate) FROM pie_rate GROUP BY ALL").df()
    piesweep.plan("quickstart", "seeds=10").trials        # what a study amounts to
    piesweep.run("quickstart", "results", "seeds=10")     # does what the store lacks

Everything here calls what the command of the same name calls: same studies, same overrides, same answers, same errors.
A process that imports piesweep has its folders `runner`, `tasks`, `analysis` and `cluster` under these names.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.nn import Module

    from piesweep.stores import Store
    from runner.estimate import Estimate
    from runner.sweep.run_study import SweepEnd

__all__ = ["__version__", "load_model", "main", "open", "plan", "run"]


def _home() -> Path:
    """The folder that holds the four: beside or around this one; in a Ray job its own copy, if it brought one along."""
    brought = [Path.cwd()] if "RAY_JOB_CONFIG_JSON_ENV_VAR" in os.environ else []
    around = Path(__file__).resolve().parents
    return next((folder for folder in (*brought, *around) if (folder / "runner" / "folders.py").is_file()), around[0])


def _overwritten() -> Callable[[], str]:
    """Claim the four folders for this process; what says whether another package was installed over them."""
    spec = spec_from_file_location("runner.folders", _home() / "runner" / "folders.py")
    if spec is None or spec.loader is None:
        raise ImportError("piesweep is not installed whole: install it again")
    folders = module_from_spec(spec)
    spec.loader.exec_module(folders)
    folders.claim()
    found: Callable[[], str] = folders.overwritten
    return found


overwritten = _overwritten()
__version__ = version("piesweep")


def main() -> None:
    """The command `piesweep`: runs what `sys.argv` says, and leaves with its exit code."""
    fault = overwritten()
    if fault:
        print(f"piesweep: {fault}", file=sys.stderr)
        sys.exit(2)
    from runner.command_line import main as command

    command()


def open(store: str | Path) -> Store:  # noqa: A001
    """A store, to be asked and never changed; StoreError where there is none, or one that this version cannot read."""
    _require_own_folders()
    from piesweep.stores import Store
    from runner.store.files.place import place
    from runner.store.reader import open_store

    return Store(open_store(place(str(store))).root)


def plan(study: str | Path, *changes: str) -> Estimate:
    """What a study amounts to, with changes such as "seeds=5" or "@FILE": trials, training, rows, bytes.

    study: a shipped study's name, or a path to a study file. StudyError says what is wrong with it, and where.
    """
    _require_own_folders()
    from runner.estimate import estimate
    from runner.plan import plan as planned
    from runner.studies import load

    return estimate(planned(load(str(study), list(changes))))


def run(
    study: str | Path,
    store: str | Path,
    *changes: str,
    address: str | None = None,
    max_concurrent: int | None = None,
) -> SweepEnd:
    """Do what the store lacks of a study, with progress on stderr; how many trials are planned, committed and failed.

    address: a running Ray cluster, "auto" or "HOST:PORT"; else that of the Ray job, or one that starts here. Again to
    resume. Ctrl-C lets running trials reach a checkpoint, and is told in `stopped_by`.
    """
    _require_own_folders()
    from rich.console import Console

    from runner import plan as plans
    from runner.store.files.place import place
    from runner.studies import load, require_inputs
    from runner.sweep.environment import cluster_address, require_lasting
    from runner.sweep.run_study import Placement, run_study

    root = place(str(store))
    require_lasting(root)
    placement = Placement(address=cluster_address(address), max_concurrent=max_concurrent)
    resolved = load(str(study), list(changes))
    require_inputs(resolved)
    return run_study(plans.plan(resolved), root, placement, Console(stderr=True))


def load_model(folder: str | Path) -> Module:
    """The network of a folder that `piesweep export-model` wrote, ready to answer; ModelFolderError for another one."""
    _require_own_folders()
    from runner.export.model_folder import load_model as loaded

    return loaded(Path(folder))


def _require_own_folders() -> None:
    fault = overwritten()
    if fault:
        raise ImportError(fault)
