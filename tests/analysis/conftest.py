"""A store with a single-label and a multi-label task, made once for all tests that only read."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.analysis.stores import write_plan, write_task, write_trials

CLASSES = {"reviews": ["negative", "positive"], "topics": ["earn", "acq", "grain"]}
CELLS = [("dense", 0.0), ("imp-ft", 0.5), ("imp-ft", 0.9), ("rp-ai", 0.5), ("rp-ai", 0.9)]
SEEDS = 4
EXAMPLES = 30
HOSTILE = '</script><script>document.title="broken"</script><img src=x onerror=alert(1)>'

LOOK_AT_PICTURES = ("test_report", "test_figures", "test_paper_figures", "test_single")


@pytest.fixture(autouse=True)
def _no_pixels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports without their PNG files, which take most of their time, but in the tests of figures."""
    if request.module.__name__.rpartition(".")[2] not in LOOK_AT_PICTURES:
        monkeypatch.setattr("analysis.report.png", lambda figure: b"")


def fill(root: Path, seeds: int = SEEDS) -> Path:
    """Write the store; the more is removed, the more predictions are wrong; one cell lacks its last seed."""
    chance = random.Random(7)
    topics = CLASSES["topics"]
    reviews: list[dict[str, Any]] = [
        {
            "split": "test",
            "example_id": i,
            "label": CLASSES["reviews"][i % 2],
            "text": HOSTILE if i == 0 else f"film {i}",
        }
        for i in range(EXAMPLES)
    ]
    papers: list[dict[str, Any]] = [
        {
            "split": "test",
            "example_id": i,
            "labels": "|".join(t for t in topics if chance.random() < 0.4),
            "text": f"p {i}",
        }
        for i in range(EXAMPLES)
    ]
    write_task(root, "reviews", CLASSES["reviews"], reviews)
    write_task(root, "topics", topics, papers)
    planned, single, many = [], [], []
    for method, sparsity in CELLS:
        for seed in range(seeds):
            wrong = 0.1 + sparsity / 2
            for task in CLASSES:
                cell = {"task": task, "model": "bilstm", "method": method, "sparsity": sparsity, "seed": seed}
                planned.append(cell)
                if (task, method, sparsity, seed) == ("reviews", "rp-ai", 0.9, seeds - 1):
                    continue
                for row in reviews if task == "reviews" else papers:
                    place = {"split": "test", "example_id": row["example_id"]}
                    if task == "reviews":
                        always = row["example_id"] == 0  # right before pruning, wrong in every pruned cell
                        flip = sparsity > 0 if always else chance.random() < wrong
                        label = {"negative": "positive", "positive": "negative"}[row["label"]] if flip else row["label"]
                        single.append(cell | place | {"label": label})
                    else:
                        kept = {t for t in topics if (t in row["labels"].split("|")) != (chance.random() < wrong)}
                        many.append(cell | place | {"labels": "|".join(sorted(kept))})
    write_trials(root, CLASSES, single)
    write_trials(root, CLASSES, many)
    write_plan(root, "small", planned)
    return root


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The filled store; tests that write make their own."""
    return fill(tmp_path_factory.mktemp("analysis") / "store")
