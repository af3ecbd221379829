"""Say what a store has of a study before it runs: a run that does nothing must not look busy."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from runner.methods import DENSE
from runner.spec import TrialSpec
from runner.sweep.jobs import Job

SHOWN = 5


def already(specs: Sequence[TrialSpec], jobs: Sequence[Job], root: Path, before: Collection[str]) -> str:
    """How many trials of a study are there, how many are to do, and how many of these no earlier run has planned.

    before: the ids that earlier runs have planned.
    """
    missing = [job.spec for job in jobs if not job.rebuild]
    again = len(jobs) - len(missing)
    there = len(specs) - len(missing)
    if not missing:
        return f"{root}: all {there:,} trials of this study are there already; nothing is trained"
    told = f"{root}: {there:,} of {len(specs):,} trials are there already, {len(missing):,} to do"
    if not there and not before:
        return f"{root}: a new store, {len(missing):,} trials to do"
    new = [spec for spec in missing if spec.trial_id not in before]
    if before and new:
        told += f", {len(new):,} of them new in this study{_because(specs, new)}"
    if again:
        told += f"; {again:,} dense ones are trained again, since others start from their state"
    return told


def _because(specs: Sequence[TrialSpec], new: Sequence[TrialSpec]) -> str:
    """Which tasks, models, methods, sparsities and seeds only new trials have; nothing where it is none of these."""
    fresh = {spec.trial_id for spec in new}
    old = [spec for spec in specs if spec.trial_id not in fresh]
    parts = []
    for name in ("task", "model", "method", "sparsity", "seed"):
        known = {getattr(spec, name) for spec in old}
        values = dict.fromkeys(getattr(spec, name) for spec in new)
        added = [value for value in values if value not in known and value not in (DENSE, 0.0)]
        if old and added:
            parts.append(f"{name} {_listed(added)}")
    return f" ({'; '.join(parts)})" if parts else ""


def _listed(values: Collection[object]) -> str:
    shown = [f"{value:g}" if isinstance(value, float) else str(value) for value in values]
    return ", ".join(shown[:SHOWN]) + (f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else "")
