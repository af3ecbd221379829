"""What the records of a store said at one moment; whatever is committed later is not seen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from analysis.variants import model_names
from runner.store.files import StoreError
from runner.store.reader import commits, failures, frozen_plans, open_store, task_cards
from runner.store.schema import CommitRecord, FrozenPlan, TaskCard

Cell = tuple[str, str, str, float]


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Tasks, commits and plans of a store; `models` names the model of every planned and committed trial.

    `canaries` are the commits of copies that only compare vendors' devices; `commits` all others, which alone vote.
    """

    root: Path
    tasks: dict[str, TaskCard]
    commits: list[CommitRecord]
    canaries: list[CommitRecord]
    plans: list[FrozenPlan]
    failed: frozenset[str]
    models: dict[str, str]

    @staticmethod
    def of(root: Path) -> Snapshot:
        """Read the records of the store at `root`; StoreError if it is none, or lacks a task that a commit is of."""
        open_store(root)
        plans, records, tasks = frozen_plans(root), commits(root), task_cards(root)
        orphans = {str(record.settings["task"]) for record in records} - tasks.keys()
        if orphans:
            raise StoreError(
                f"the store at {root} has trials of {sorted(orphans)} but not the task; run piesweep verify"
            )
        return Snapshot(
            root=root,
            tasks=tasks,
            commits=[record for record in records if not record.settings.get("canary")],
            canaries=[record for record in records if record.settings.get("canary")],
            plans=plans,
            failed=frozenset(failures(root)),
            models=model_names(plans, records),
        )

    def cell(self, record: CommitRecord) -> Cell:
        """Task, model, method and sparsity of a trial."""
        settings = record.settings
        return settings["task"], self.models[record.trial_id], settings["method"], float(settings["sparsity"])

    def wanted(self) -> dict[str, Cell]:
        """Trial id -> cell of every trial that a plan names, and of every committed one, but no copies."""
        planned = {
            trial.trial_id: (trial.task, self.models[trial.trial_id], trial.method, trial.sparsity)
            for plan in self.plans
            for trial in plan.trials
            if not trial.canary
        }
        return planned | {record.trial_id: self.cell(record) for record in self.commits}
