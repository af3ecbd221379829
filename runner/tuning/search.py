"""A random search from start to end: draw, try what is not yet known, say what is best."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from runner.plan import plan
from runner.studies import Study, require_inputs
from runner.sweep.environment import prepare
from runner.sweep.run_study import Placement, SweepEnd, run_study
from runner.tuning.findings import Finding, findings
from runner.tuning.tries import study_of, tries
from tasks.catalogue import without_test


@dataclass(frozen=True, kw_only=True)
class Search:
    """How a search ended, and what is known of every draw."""

    end: SweepEnd
    found: list[Finding]


def search(study: Study, budget: int, root: Path, placement: Placement, console: Console) -> Search:
    """Try `budget` draws for every task and model of a study, as dense trials of a store of their own.

    What the store knows is not tried again: an interrupted search goes on, and a larger budget adds draws. The test
    split never reaches the store that trials read from. StudyError, TaskError or StoreError before anything is written.
    """
    require_inputs(study)
    prepare(placement.address)
    tried = tries(study, budget)
    end = run_study(plan(study_of(study, tried)), root, placement, console, shown=without_test)
    return Search(end=end, found=findings(root, tried))
