"""Warn of what weakens a number: cells that lack seeds, trials that collapsed, mixed hardware."""

from __future__ import annotations

from math import sqrt

from analysis.hardware import warnings
from analysis.results import Results, Row, cell
from runner.methods import DENSE
from tasks.catalogue import may_be_passed_on

BASELINES = """
    WITH counts AS (
        SELECT task_no, split, label, count(*) AS examples
        FROM internal.example WHERE label IS NOT NULL GROUP BY ALL
    )
    SELECT t.task, c.split, max(c.examples) / sum(c.examples) AS baseline, sum(c.examples)::BIGINT AS examples
    FROM counts AS c JOIN internal.task AS t USING (task_no) GROUP BY ALL HAVING count(*) > 1"""
"""What always giving the most frequent class would reach, by task and split."""


CUT_WORDS = """
    SELECT
        t.task, t.model, s.split, k.kind,
        max((t.metrics::JSON -> s.split ->> 'cut_words')::DOUBLE)::BIGINT AS words
    FROM internal.trial AS t
    JOIN internal.task AS k USING (task_no)
    JOIN internal.cell_split AS s USING (cell_no)
    GROUP BY ALL HAVING words > 0 ORDER BY ALL"""
"""Words that a model did not read, of those of which it should have, by split."""


def cautions(results: Results) -> list[str]:
    """One sentence a concern; none of a complete study without collapsed trials on one vendor's devices."""
    return [
        *results.notes,
        *_incomplete(results),
        *_at_chance(results),
        *_undefined(results),
        *_collapsed(results),
        *_cut(results),
        *_kept_here(results),
        *warnings(results),
    ]


def _kept_here(results: Results) -> list[str]:
    """Tasks whose licence forbids to pass their data on, as a page with their texts would."""
    tasks = [row["task"] for row in results.rows("SELECT task FROM internal.task ORDER BY task")]
    kept = [name for name in tasks if not may_be_passed_on(name)]
    if not kept:
        return []
    told = (
        f"The licence of {', '.join(kept)} forbids to pass the data on, and this page shows its texts. Show the page "
        "to those who have a licence; the tables and figures in the same folder hold none of the texts."
    )
    return [told]


def _at_chance(results: Results) -> list[str]:
    """Dense models that have learned nothing: what pruning does to them says nothing of pruning.

    By accuracy that is not above the share of the most frequent class by more than two binomial standard errors.
    """
    known = {(row["task"], row["split"]): row for row in results.rows(BASELINES)}
    told = []
    for row in _dense_accuracies(results, {task for task, _ in known}):
        base = known.get((row["task"], row["split"]))
        if base is None:
            continue
        share = base["baseline"]
        if row["mean"] <= share + 2 * sqrt(share * (1 - share) / base["examples"]):
            told.append(
                f"The dense models of {row['task']}, {row['model']} are at chance on the {row['split']} split: "
                f"accuracy {row['mean']:.3f}, and always the most frequent class has {share:.3f}. What pruning does to "
                "models that have learned nothing says nothing: train longer, or tune (piesweep tune)."
            )
    return told


def _dense_accuracies(results: Results, tasks: set[str]) -> list[Row]:
    """Task, split, model and mean accuracy of the dense models of these tasks, whatever metric they are scored by."""
    dense = [row for row in results.effectiveness if row["method"] == DENSE and row["task"] in tasks]
    others = sorted({row["task"] for row in dense if row["metric"] != "accuracy"})
    found = [row for row in dense if row["metric"] == "accuracy"]
    if others:
        found += results.rows(
            """SELECT t.task, p.split, t.model, avg(p.correct::INTEGER) AS mean
            FROM predictions AS p JOIN trials AS t USING (trial_id)
            WHERE t.method = ? AND list_contains(?, t.task) GROUP BY ALL ORDER BY ALL""",
            DENSE,
            others,
        )
    return found


def _incomplete(results: Results) -> list[str]:
    cells, lacking = len(results.completeness), len(results.incomplete)
    if not lacking:
        return []
    rest = "numbers of these, and of cells compared with an incomplete dense cell, carry the sign †"
    return [f"{lacking} of {cells} cells rest on fewer seeds than planned; {rest}."]


def _undefined(results: Results) -> list[str]:
    rows = [row for row in results.effectiveness if row["undefined"]]
    metrics = sorted({row["metric"] for row in rows})
    return [
        f"Undefined: {sum(row['undefined'] for row in own)} of {sum(row['undefined'] + row['seeds'] for row in own)} "
        f"trials of {len(own)} cell{'' if len(own) == 1 else 's'} have no {metric}, since their answers are all the "
        "same or no numbers. Means are of the others, with the sign ‡, and look better than the cells are."
        for metric in metrics
        for own in [[row for row in rows if row["metric"] == metric]]
    ]


def _cut(results: Results) -> list[str]:
    """Models that answer for words, or about passages, which they do not read to the end."""
    return [
        f"{row['model']} does not read {row['words']:,} words of the {row['split']} split of {row['task']}, which "
        "are beyond max_tokens: "
        + ("their answer is the first tag" if row["kind"] == "tagging" else "no answer begins or ends there")
        + ". Raise the task's max_tokens, or part its texts."
        for row in results.rows(CUT_WORDS)
    ]


def _collapsed(results: Results) -> list[str]:
    kinds = sorted({row["kind"] for row in results.collapsed})
    found = {kind: [row for row in results.collapsed if row["kind"] == kind] for kind in kinds}
    rows = [
        {"kind": kind, "trials": len({row["trial_id"] for row in own}), "cells": len({cell(row) for row in own})}
        for kind, own in found.items()
    ]
    told = {
        "constant": "every example the same answer",
        "empty": "every example no class at all",
        "all-classes": "every example all classes",
        "nan": "outputs that are no numbers (NaN)",
        "near-constant": "nearly every example the same answer",
        "near-empty": "nearly every example no class at all",
    }
    return [
        f"Collapsed: {row['trials']} trial{'' if row['trials'] == 1 else 's'} of {row['cells']} "
        f"cell{'' if row['cells'] == 1 else 's'} gave {told.get(row['kind'], row['kind'])}. They count in all numbers "
        "but those of tables that say otherwise."
        for row in rows
    ]
