"""Take a store's records as they are at one moment; whatever is committed later is not seen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from analysis.relations.variants import model_names
from runner.store.compaction import compacted
from runner.store.compaction.votes import tally_id
from runner.store.errors import StoreError
from runner.store.layout import Layout
from runner.store.reader import commits, failures, frozen_plans, open_store, task_cards
from runner.store.schema import CommitRecord, FrozenPlan, KeptVotes, TaskCard

Cell = tuple[str, str, str, float]


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Tasks, commits and plans of a store; `models` names the model of every planned and committed trial.

    `canaries` are the commits of copies that only compare vendors' devices; `commits` all others, which alone vote.
    `votes` is what a compaction has counted of some of their cells.
    """

    root: Path
    tasks: dict[str, TaskCard]
    commits: list[CommitRecord]
    canaries: list[CommitRecord]
    plans: list[FrozenPlan]
    failed: frozenset[str]
    models: dict[str, str]
    votes: KeptVotes | None

    @staticmethod
    def of(root: Path, without: frozenset[str] = frozenset()) -> Snapshot:
        """Read the records of the store at `root`, but not those of the trials `without`, by id.

        StoreError if it is no store, or lacks a task that a commit is of.
        """
        open_store(root)
        plans, records, tasks = frozen_plans(root), commits(root), task_cards(root)
        orphans = {str(record.settings["task"]) for record in records} - tasks.keys()
        if orphans:
            raise StoreError(
                f"the store at {root} has trials of {sorted(orphans)} but not the task; run piesweep verify"
            )
        # The names of models are those of the whole store, whatever is left out of it.
        left = [record for record in records if record.trial_id not in without]
        return Snapshot(
            root=root,
            tasks=tasks,
            commits=[record for record in left if not record.settings.get("canary")],
            canaries=[record for record in left if record.settings.get("canary")],
            plans=plans,
            failed=frozenset(failures(root)),
            models=model_names(plans, records),
            votes=compacted.kept_votes(Layout(root)),
        )

    def cell(self, record: CommitRecord) -> Cell:
        """Task, model, method and sparsity of a trial."""
        settings = record.settings
        return settings["task"], self.models[record.trial_id], settings["method"], float(settings["sparsity"])

    @cached_property
    def cells(self) -> dict[Cell, list[CommitRecord]]:
        """The trials of each cell, in the order of the grid."""
        found: dict[Cell, list[CommitRecord]] = {}
        for record in self.commits:
            found.setdefault(self.cell(record), []).append(record)
        return {cell: found[cell] for cell in sorted(found)}

    @cached_property
    def kept(self) -> dict[Cell, int]:
        """The cells whose votes are kept as they are now, trial for trial, and their numbers in the file of votes."""
        numbers = {name: number for number, name in enumerate(self.votes.cells)} if self.votes else {}
        names = {cell: tally_id(records) for cell, records in self.cells.items()} if numbers else {}
        return {cell: numbers[name] for cell, name in names.items() if name in numbers}

    def wanted(self) -> dict[str, Cell]:
        """Trial id -> cell of every trial that a plan names, and of every committed one, but no copies."""
        planned = {
            trial.trial_id: (trial.task, self.models[trial.trial_id], trial.method, trial.sparsity)
            for plan in self.plans
            for trial in plan.trials
            if not trial.canary
        }
        return planned | {record.trial_id: self.cell(record) for record in self.commits}
