"""Panels and stores made of arrays of answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.statistics.answers import Answers, Panel
from tests.analysis.stores import write_task, write_trials

CLASSES = tuple("abcdefghij")


def answers(codes: NDArray[np.int32], method: str, sparsity: float, seeds: list[int] | None = None) -> Answers:
    """One cell; seeds count from 0 unless given."""
    numbers = np.arange(len(codes)) if seeds is None else np.array(seeds)
    return Answers(method=method, sparsity=sparsity, seeds=numbers, codes=np.asarray(codes, np.int32))


def panel(dense: Answers | None, *pruned: Answers, sets: NDArray[np.bool_] | None = None) -> Panel:
    """A panel of the task t and the model m on the test split."""
    examples = pruned[0].codes.shape[1]
    return Panel(
        task="t",
        split="test",
        model="m",
        sets=sets,
        example_ids=np.arange(examples, dtype=np.int32),
        dense=dense,
        pruned=pruned,
    )


def drawn(
    random: np.random.Generator, seeds: int, margins: NDArray[np.float64], shared: float = 0.0
) -> NDArray[np.int32]:
    """Answers 0 or 1 of seeds that decide by margins, noise of their own, and noise shared by their examples."""
    examples = len(margins)
    common = random.normal(size=(seeds, 3)) @ np.random.default_rng(1).normal(size=(3, examples)) * shared
    return (margins + common + random.normal(size=(seeds, examples)) * 0.7 > 0).astype(np.int32)


def write_store(
    root: Path, cells: dict[tuple[str, float], dict[int, NDArray[np.int32]]], gold: NDArray[np.int32]
) -> Path:
    """A store of a single-label task: (method, sparsity) -> seed -> class of every example, -1 for none."""
    names = CLASSES[: int(max(gold.max(), *(row.max() for cell in cells.values() for row in cell.values()))) + 1]
    examples = [{"split": "test", "example_id": i, "label": names[label]} for i, label in enumerate(gold)]
    write_task(root, "t", list(names), examples)
    rows = [
        {"task": "t", "model": "m", "method": method, "sparsity": sparsity, "seed": seed}
        | {"split": "test", "example_id": i, "label": names[label]}
        for (method, sparsity), seeds in cells.items()
        for seed, labels in seeds.items()
        for i, label in enumerate(labels)
        if label >= 0
    ]
    write_trials(root, {"t": list(names)}, rows)
    return root


def write_harmed(root: Path, *, harmed: bool, seeds: int) -> Path:
    """Dense models that err in 15 %; pruned ones that call everything a (harmed), or err as the dense ones do."""
    random = np.random.default_rng(3)
    gold = np.arange(80) % 2
    cells = {
        (method, sparsity): {
            seed: np.zeros(80, int) if harmed and sparsity else np.where(random.random(80) < 0.15, 1 - gold, gold)
            for seed in range(seeds)
        }
        for method, sparsity in (("dense", 0.0), ("mp-ai", 0.9))
    }
    return write_store(root, cells, gold)


def write_sets(
    root: Path, cells: dict[tuple[str, float], dict[int, NDArray[np.bool_]]], gold: NDArray[np.bool_]
) -> Path:
    """A store of a multi-label task: (method, sparsity) -> seed -> [example, class] yes or no."""
    names = [f"c{number:03}" for number in range(gold.shape[1])]

    def labels(row: NDArray[np.bool_]) -> str:
        return "|".join(name for name, yes in zip(names, row, strict=True) if yes)

    write_task(
        root, "t", names, [{"split": "test", "example_id": i, "labels": labels(row)} for i, row in enumerate(gold)]
    )
    rows = [
        {"task": "t", "model": "m", "method": method, "sparsity": sparsity, "seed": seed}
        | {"split": "test", "example_id": i, "labels": labels(row)}
        for (method, sparsity), seeds in cells.items()
        for seed, says in seeds.items()
        for i, row in enumerate(says)
    ]
    write_trials(root, {"t": names}, rows)
    return root
