"""Every committed trial, for the page's table of them."""

from __future__ import annotations

from typing import Any

from analysis.display_names import method_key, method_name, percent
from analysis.overview import places
from analysis.results import Results


def committed_trials(results: Results) -> list[list[Any]]:
    """Task, model, method, sparsity, seed, metric with its value, seconds and device of every trial, in the order of
    the grid; the metric is that of the split that is shown, null where the trial has none.
    """
    splits = {(task, model): split for task, model, split in places(results)}
    scores = {
        (*(row[name] for name in ("task", "model", "method", "sparsity", "seed")),): row
        for row in results.seed_effectiveness
        if row["split"] == splits[row["task"], row["model"]]
    }
    rows = results.rows("SELECT task, model, method, sparsity, seed, seconds, device_name FROM trials")
    rows.sort(key=lambda row: (row["task"], row["model"], method_key(row["method"]), row["sparsity"], row["seed"]))
    found: list[list[Any]] = []
    for row in rows:
        key = row["task"], row["model"], row["method"], row["sparsity"], row["seed"]
        score = scores.get(key, {})
        cell = [row["task"], row["model"], method_name(row["method"]), percent(row["sparsity"]), row["seed"]]
        found.append([*cell, score.get("metric"), score.get("value"), row["seconds"], row["device_name"]])
    return found
