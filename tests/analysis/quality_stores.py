"""Stores of tasks of every kind of answer, made of how many of twenty examples each trial has right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from runner.store.reader import task_cards
from runner.store.schema import Facts
from runner.store.writer import Subject, commit_rows, save_task
from tasks import TASKS
from tasks.base import TaskData
from tasks.kinds import KINDS
from tasks.metric_choice import measured
from tests.analysis.stores import hashed

EXAMPLES = 20
TAGS = ("O", "B-PER")

Cells = Mapping[tuple[str, float], Sequence[int]]
"""Method and sparsity -> right answers of every seed, at most EXAMPLES."""


@dataclass(frozen=True, kw_only=True)
class Trained:
    """The trials of one task and model. method_options: of a method. further: metrics that the rows do not say."""

    task: str
    cells: Cells
    model: str = "bert"
    architecture: str = "bert"
    checkpoint: str = ""
    base_methods: Mapping[str, str] = field(default_factory=dict)
    method_options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    selection: Mapping[str, Any] = field(default_factory=dict)
    further: Mapping[str, float] = field(default_factory=dict)
    epochs: int = 3


def write_quality(root: Path, *groups: Trained) -> Path:
    """Commit all trials of these groups, scored as trials score themselves."""
    for group in groups:
        known = TASKS[group.task]
        data = TaskData(
            task=group.task,
            kind=known.kind,
            inputs=known.inputs,
            classes=TAGS if known.kind == "tagging" else known.classes,
            max_tokens=16,
            examples=_examples(known.kind),
            metrics=known.metrics,
        )
        save_task(root, data)
        for (method, sparsity), seeds in group.cells.items():
            for seed, right in enumerate(seeds):
                _commit(root, group, data, (method, sparsity, seed), right)
    return root


def _commit(root: Path, group: Trained, data: TaskData, trial: tuple[str, float, int], right: int) -> None:
    method, sparsity, seed = trial
    settings: dict[str, Any] = {"task": group.task, "model": group.model, "architecture": group.architecture}
    settings |= {"method": method, "base_method": group.base_methods.get(method, ""), "sparsity": sparsity}
    settings |= {"method_options": [list(one) for one in group.method_options.get(method, {}).items()], "seed": seed}
    settings |= {"options": [["checkpoint", group.checkpoint]] if group.checkpoint else [], "record": {}}
    settings |= {"data": task_cards(root)[group.task].fingerprint}
    settings |= {"training": {"epochs": group.epochs, "selection": dict(group.selection)}}
    rows, found = _answers(data, right)
    facts = Facts(
        achieved_sparsity=sparsity,
        total_sparsity=sparsity,
        parameters=1000,
        prunable=800,
        epochs=group.epochs,
        metrics={"test": found | dict(group.further)},
    )
    words = f"{group.task}-{group.model}"
    subject = Subject(
        trial_id=hashed(f"{words}-{method}-{sparsity}-{seed}"),
        parent_id=None if method == "dense" else hashed(f"{words}-dense-0.0-{seed}"),
        settings=settings,
    )
    assert commit_rows(root, subject, rows, facts) is not None


def _places() -> dict[str, Any]:
    return {"split": ["test"] * EXAMPLES, "example_id": pa.array(range(EXAMPLES), pa.int32())}


def _examples(kind: str) -> pa.Table:
    columns = _places() | {"text": [f"text {at}" for at in range(EXAMPLES)]}
    gold: dict[str, dict[str, Any]] = {
        "single-label": {
            "label": pa.array([at % 2 for at in range(EXAMPLES)], pa.int16()),
            "part": ["matched" if at < EXAMPLES // 4 else "mismatched" for at in range(EXAMPLES)],
        },
        "regression": {"gold_value": pa.array([float(at % 5) for at in range(EXAMPLES)], pa.float32())},
        "tagging": {
            "words": [["Anna"]] * EXAMPLES,
            "gold_tags": pa.array([[at % 2] for at in range(EXAMPLES)], pa.list_(pa.int16())),
        },
        "span": {
            "text_pair": ["two words"] * EXAMPLES,
            "gold_spans": pa.array([[[0, 3]]] * EXAMPLES, pa.list_(pa.list_(pa.int16()))),
        },
        "generation": {"gold_texts": pa.array([["a b c d e"]] * EXAMPLES)},
    }
    return pa.table(columns | gold[kind])


def _answers(data: TaskData, right: int) -> tuple[pa.Table, dict[str, float]]:
    """Rows of which so many are right, the last ones wrong, and what a trial says of them."""
    kind = KINDS[data.kind].of(data.classes).about(data.examples)
    is_right = [at < right for at in range(EXAMPLES)]
    said: dict[str, list[Any]] = {
        "single-label": [at % 2 if is_right[at] else (at + 1) % 2 for at in range(EXAMPLES)],
        "regression": [float(at % 5) if is_right[at] else float((3 * at + 1) % 5) for at in range(EXAMPLES)],
        "tagging": [[at % 2 if is_right[at] else 0] for at in range(EXAMPLES)],
        "span": [[0, 3] if one else [0, 9] for one in is_right],
        "generation": ["a b c d e" if one else "a b x y z" for one in is_right],
    }
    column = pa.array(said[data.kind], kind.answer_type)
    codes = kind.codes(column, len(data.classes))
    gold_name = "label" if data.kind == "single-label" else next(iter(kind.gold))
    gold = kind.codes(data.examples[gold_name].combine_chunks(), len(data.classes))
    judged = {name: pa.array(one).cast(kind.judged[name]) for name, one in kind.judgements(gold, codes).items()}
    found = measured(kind, data.metrics, gold, codes, data.classes)
    known = {name: value for name, value in found.items() if not np.isnan(value)}
    return pa.table(_places() | {kind.answer: column} | judged), known
