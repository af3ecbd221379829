"""A store as large as one test split of the paper: 25,000 long reviews, eight methods at five sparsities and dense."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from runner.methods import DENSE, METHOD_SETS
from runner.store.schema import Facts
from runner.store.writer import Subject, commit_rows, save_task
from tasks.base import TaskData
from tests.analysis.stores import hashed

TASK, EXAMPLES, WORDS = "reviews", 25_000, 230
SPARSITIES = (0.2, 0.5, 0.7, 0.9, 0.99)


def write_large_store(root: Path, examples: int = EXAMPLES) -> Path:
    """Texts of about 230 words, Zipf-distributed; one seed a cell; the more is removed, the more votes change."""
    chance = np.random.default_rng(7)
    gold = (np.arange(examples) % 2).astype(np.int16)
    columns = {
        "split": ["test"] * examples,
        "example_id": np.arange(examples, dtype=np.int32),
        "label": gold,
        "text": _texts(chance, examples),
    }
    save_task(
        root,
        TaskData(
            task=TASK,
            kind="single-label",
            inputs="text",
            classes=("negative", "positive"),
            max_tokens=512,
            examples=pa.table(columns),
        ),
    )
    wrong = chance.random(examples)
    for method, sparsity in [
        (DENSE, 0.0),
        *((method, sparsity) for method in METHOD_SETS["pie"] for sparsity in SPARSITIES),
    ]:
        hard = wrong + chance.normal(0, 0.5, examples) > 1.2 - 0.4 * sparsity
        _commit(root, method, sparsity, np.where(hard, 1 - gold, gold).astype(np.int16))
    return root


def _texts(chance: np.random.Generator, examples: int) -> list[str]:
    letters = np.array(list("etaoinshrdlcumwfgypbvk"))
    vocabulary = ["".join(chance.choice(letters, size)) for size in chance.integers(2, 10, 20_000)]
    lengths = chance.integers(WORDS // 2, WORDS * 3 // 2, examples)
    words = np.minimum(chance.zipf(1.3, lengths.sum()), len(vocabulary)) - 1
    parts = np.split(words, np.cumsum(lengths)[:-1])
    return [f"review {number} " + " ".join([vocabulary[at] for at in part]) for number, part in enumerate(parts)]


def _commit(root: Path, method: str, sparsity: float, label: npt.NDArray[np.int16]) -> None:
    settings = {
        "task": TASK,
        "data": "made up",
        "model": "bert",
        "method": method,
        "sparsity": sparsity,
        "seed": 0,
        "architecture": "bert",
    }
    rows = pa.table(
        {"split": ["test"] * len(label), "example_id": np.arange(len(label), dtype=np.int32), "label": label}
    )
    subject = Subject(trial_id=hashed(f"{method}-{sparsity}"), settings=settings)
    assert commit_rows(root, subject, rows, Facts(achieved_sparsity=sparsity)) is not None
