"""The tables of what was studied: data, methods, hyperparameters, parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analysis.relations.database import connect
from analysis.results import Results
from analysis.tables import TABLES
from analysis.tables.table import Table
from tests.analysis.stores import write_plan, write_task, write_trials
from tests.runner.store import tampering

GAP = "\N{EN DASH}"
FACTS = {"parameters": 1000, "prunable": 800}
TRAINING = {"batch_size": 32, "epochs": 3, "learning_rate": 2e-5}


def write(root: Path) -> Path:
    """A task with three splits and pairs of texts; two methods of ours and one from elsewhere."""
    rows = [
        {"split": split, "example_id": i, "label": "yes", "text": "A man sleeps.", "text_pair": "He is awake" + "!" * i}
        for split, count in (("train", 5), ("validation", 2), ("test", 3))
        for i in range(count)
    ]
    write_task(root, "pairs", ["no", "yes"], rows)
    cells = [("dense", 0.0), ("imp-wr", 0.5), ("rp-ai", 0.5), ("theirs", 0.9)]
    trials = [
        {"task": "pairs", "model": "net", "method": method, "sparsity": sparsity, "seed": 0}
        for method, sparsity in cells
    ]
    write_trials(
        root, {"pairs": ["no", "yes"]}, [t | {"split": "test", "example_id": 0, "label": "yes"} for t in trials]
    )
    searched = {"epochs": [2, 6], "cells": {"pairs/net": {"learning_rate": [1e-5, 1e-4]}}}
    write_plan(root, "small", trials, {"tuning": searched})
    return root


def amend(root: Path) -> None:
    """Give the commits the facts and settings that a real trial has."""
    for path in (root / "commits").iterdir():
        tampering.rewrite(path, as_real)


def as_real(record: dict[str, Any]) -> None:
    """What a trial that ran says beside its rows."""
    sparsity = record["settings"]["sparsity"]
    record["facts"] |= FACTS | {"total_sparsity": sparsity * FACTS["prunable"] / FACTS["parameters"]}
    record["settings"] |= {"training": TRAINING, "max_tokens": 16}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The store, opened."""
    root = write(tmp_path_factory.mktemp("study") / "store")
    amend(root)
    return Results(connect(root), root)


def printed(table: Table) -> list[list[str]]:
    """The lines as they are printed."""
    return [[*line.keys, *(value.text for group in line.values for value in group)] for line in table.lines]


def test_data_sets(results: Results) -> None:
    """Splits are counted; lengths are of both texts and their separator, over all splits."""
    table = TABLES["tasks"](results)
    assert table.columns[:3] == ("train", "validation", "test")
    # A man sleeps . [SEP] He is awake: eight tokens, and one more for every exclamation mark: 0 to 4, 0 and 1, 0 to 2.
    assert printed(table) == [
        ["pairs", "5", "2", "3", "9.4", "9", "8", "12", "1.3", "10.6", "16", "16", "2", "single-label"]
    ]


def test_methods(results: Results) -> None:
    """What each is made of, in the order of METHODS; one made elsewhere has dashes."""
    assert printed(TABLES["methods"](results)) == [
        ["IMP-WR", "magnitude", "iterative", "layerwise", "weight rewinding"],
        ["RP-AI", "random", "at initialization", "layerwise", "training"],
        ["theirs", *[GAP] * 4],
    ]


def test_hyperparameters(results: Results) -> None:
    """What was used, beside the ranges of the frozen study."""
    assert printed(TABLES["hyperparameters"](results)) == [
        ["pairs", "net", "32", "3", "2 to 6", "2e-05", "1e-05 to 0.0001"]
    ]


def test_parameters(results: Results) -> None:
    """Removed and remaining count all parameters, sparsity the prunable ones."""
    assert printed(TABLES["parameters"](results)) == [["pairs", "net", "1,000", "800", "40.0", "72.0"]]
    assert printed(TABLES["remaining_parameters"](results)) == [["pairs", "net", "1,000", "600", "280"]]


def test_without_facts_and_texts_there_is_less(tmp_path: Path) -> None:
    """Trials made elsewhere have neither parameters nor settings, data without texts no lengths."""
    write_task(tmp_path, "t", ["a", "b"], [{"split": "test", "example_id": 0, "label": "a"}])
    row = {"task": "t", "model": "net", "seed": 0, "split": "test", "example_id": 0, "label": "a"}
    write_trials(tmp_path, {"t": ["a", "b"]}, [row | {"method": "dense", "sparsity": 0.0}])
    results = Results(connect(tmp_path))
    assert all(not TABLES[name](results).lines for name in ("hyperparameters", "parameters", "remaining_parameters"))
    assert printed(TABLES["tasks"](results)) == [["t", "0", "0", "1", *[GAP] * 8, "2", "single-label"]]
