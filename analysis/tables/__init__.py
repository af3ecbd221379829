"""The tables: one file each beside this one, one line each in TABLES."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from analysis.results import Results
from analysis.tables import (
    against_dense,
    before_pruning,
    churn,
    class_changes,
    collapsed,
    definitions,
    distortion_comparisons,
    drift,
    effectiveness,
    effectiveness_on_pies,
    fairness,
    held_out_pies,
    human_correlations,
    human_difficulty,
    hyperparameters,
    hypotheses,
    methods,
    noise_floor,
    parameters,
    pie_percent,
    readability,
    recall_distortion,
    seed_adequacy,
    slices,
    task_quality,
    tasks,
    tradeoffs,
)
from analysis.tables.table import Table

TABLES: dict[str, Callable[[Results], Table]] = {
    "pie_percent": pie_percent.build,
    "effectiveness": effectiveness.build,
    **task_quality.BUILDERS,
    "tradeoffs": tradeoffs.build,
    "effectiveness_on_pies": effectiveness_on_pies.build,
    "drift": drift.build,
    "held_out_pies": held_out_pies.build,
    "noise_floor": noise_floor.build,
    "fairness": fairness.build,
    "class_changes": class_changes.build,
    "slices": slices.build,
    "recall_distortion": recall_distortion.build,
    "distortion_measures": recall_distortion.build_measures,
    **distortion_comparisons.BUILDERS,
    "accuracy_before_pruning": before_pruning.build_accuracy,
    "recall_variance": before_pruning.build_variance,
    "seed_adequacy": seed_adequacy.build,
    "churn": churn.build,
    "definitions": definitions.build,
    "collapsed": collapsed.build,
    "pie_percent_without_collapsed": collapsed.without(pie_percent.build),
    "effectiveness_without_collapsed": collapsed.without(effectiveness.build),
    "effectiveness_on_pies_without_collapsed": collapsed.without(effectiveness_on_pies.build),
    "hypotheses": hypotheses.build,
    "against_dense": against_dense.build,
    "readability": readability.build,
    "human_difficulty": human_difficulty.build,
    "human_correlations": human_correlations.build,
    "tasks": tasks.build,
    "methods": methods.build,
    "hyperparameters": hyperparameters.build,
    "parameters": parameters.build_removed,
    "remaining_parameters": parameters.build_remaining,
}


def build_table(name: str, results: Results) -> Table:
    """A table of TABLES, with what holds of every number in it under it."""
    table = TABLES[name](results)
    return dataclasses.replace(table, caption=" ".join((table.caption, *results.notes))) if results.notes else table
