"""A trial of questions about passages, from training to its report."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pytest

from analysis.relations.database import connect
from analysis.report import write_report
from runner.spec import Protocol, Record, TrialSpec
from runner.store.verify import broken_invariants
from runner.store.writer import save_task
from runner.training import Training
from runner.trial.run import run_trial
from runner.trial.workplace import Workplace
from tasks.base import TaskData
from tests.runner.trial.test_tagging import committed

COLOURS = ("red", "green", "blue", "grey", "black", "white")
OTHER = ("a", "one", "saw", "was", "there", "and", "thing", "the", "near")


def questions(count: int, seed: int) -> dict[str, list[Any]]:
    """Passages of words among which one is a colour, which is asked for."""
    random = np.random.default_rng(seed)
    rows: dict[str, list[Any]] = {"text": [], "text_pair": [], "gold_spans": []}
    for _ in range(count):
        words = [str(word) for word in random.choice(OTHER, random.integers(4, 9))]
        place = int(random.integers(0, len(words)))
        words[place] = str(random.choice(COLOURS))
        begin = len(" ".join(words[:place])) + (place > 0)
        rows["text"].append("which colour")
        rows["text_pair"].append(" ".join(words))
        rows["gold_spans"].append([[begin, begin + len(words[place])]])
    return rows


def task() -> TaskData:
    """96 questions to learn from and 24 to answer."""
    tables = []
    for split, count in (("train", 96), ("test", 24)):
        rows = questions(count, len(split))
        places = {"split": [split] * count, "example_id": pa.array(range(count), pa.int32())}
        gold = pa.array(rows.pop("gold_spans"), pa.list_(pa.list_(pa.int16())))
        tables.append(pa.table({**places, **rows, "gold_spans": gold}))
    examples = pa.concat_tables(tables)
    return TaskData(task="colours", kind="span", inputs="pair", classes=(), max_tokens=16, examples=examples)


DATA = task()


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Word vectors of the corpus in GloVe's text format."""
    path = tmp_path_factory.mktemp("vectors") / "glove.txt"
    random = np.random.default_rng(1)
    lines = [
        f"{word} {' '.join(f'{value:.4f}' for value in random.normal(size=8))}"
        for word in (*COLOURS, *OTHER, "which", "colour")
    ]
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def spec_of(vectors: str, method: str = "dense", seed: int = 1, **choices) -> TrialSpec:
    """A trial of a narrow BiLSTM."""
    spec = TrialSpec(
        task="colours",
        data=DATA.fingerprint,
        model="bilstm",
        architecture="bilstm",
        options=(("hidden", 12), ("vectors", vectors)),
        method=method,
        sparsity=0.0 if method == "dense" else 0.5,
        seed=seed,
        training=Training(epochs=8, batch_size=16, learning_rate=0.01),
        protocol=Protocol(padding="packed"),
        record=Record(splits=("train", "test")),
    )
    return dataclasses.replace(spec, **choices)


def test_questions_are_learned_and_told(vectors: str, workplace: Workplace, tmp_path: Path) -> None:
    """Two seeds, dense and pruned, to the store, the views and the report; the colour is found."""
    save_task(workplace.root, DATA)
    for seed in (1, 2):
        run_trial(spec_of(vectors, seed=seed), workplace=workplace, data=DATA, keep_state=True)
        run_trial(spec_of(vectors, "imp-ft", seed=seed), workplace=workplace, data=DATA)
    assert [one for one in broken_invariants(workplace.root) if "no study of this store planned it" not in one] == []
    connection = connect(workplace.root)
    query = "SELECT metric, value FROM effectiveness WHERE method = 'dense' AND split = 'test'"
    for metric, value in connection.execute(query).fetchall():
        assert metric == "f1"
        assert value > 0.9
    record, rows = committed(workplace, spec_of(vectors))
    metrics = record["facts"]["metrics"]["test"]
    assert metrics["f1"] == pytest.approx(connection.execute(f"{query} AND seed = 1").fetchall()[0][1])
    assert metrics["cut_words"] == metrics["nan_rows"] == 0
    assert {*rows.column_names} >= {"span", "exact", "quality"}
    page = write_report(workplace.root, tmp_path / "report").read_text()
    assert "does not read" not in page


def test_passages_that_are_cut_are_counted_and_said(vectors: str, workplace: Workplace, tmp_path: Path) -> None:
    """Of passages read as far as their third word no answer lies beyond; the trial counts words, and a report warns."""
    spec = spec_of(vectors, max_tokens=6, training=Training(epochs=1, batch_size=16, learning_rate=0.01))
    save_task(workplace.root, DATA)
    run_trial(spec, workplace=workplace, data=DATA)
    record, rows = committed(workplace, spec)
    texts = DATA.split("test")["text_pair"].to_pylist()
    assert record["facts"]["metrics"]["test"]["cut_words"] == sum(len(text.split()) - 3 for text in texts)
    ends = [row["span"][1] for row in rows.to_pylist() if row["split"] == "test"]
    assert all(end <= len(" ".join(text.split()[:3])) for end, text in zip(ends, texts, strict=True))
    page = write_report(workplace.root, tmp_path / "report").read_text()
    assert "which are beyond max_tokens: no answer begins or ends there" in " ".join(page.split())


def test_passages_in_windows_are_read_to_their_end(vectors: str, workplace: Workplace, tmp_path: Path) -> None:
    """Of windows of four words every word is read, answers lie beyond the first, and the colour is found."""
    spec = spec_of(vectors, max_tokens=7, stride=2, training=Training(epochs=12, batch_size=16, learning_rate=0.01))
    save_task(workplace.root, DATA)
    run_trial(spec, workplace=workplace, data=DATA)
    record, rows = committed(workplace, spec)
    metrics = record["facts"]["metrics"]
    assert record["settings"]["stride"] == 2
    assert {split: metrics[split]["cut_words"] for split in metrics} == {"train": 0, "test": 0}
    assert {split: rows.filter(pa.compute.equal(rows["split"], split)).num_rows for split in metrics} == {
        "train": 96,
        "test": 24,
    }
    assert metrics["test"]["f1"] > 0.8
    assert np.isfinite(metrics["test"]["loss"])
    assert max(row["span"][0] for row in rows.to_pylist()) > len(" ".join(["there"] * 4))
    assert "does not read" not in write_report(workplace.root, tmp_path / "report").read_text()


def test_windows_have_an_id_of_their_own_and_trials_of_before_keep_theirs(vectors: str) -> None:
    """Without windows neither the id nor the settings of a trial know of them."""
    plain, parted = spec_of(vectors), spec_of(vectors, stride=2)
    assert plain.trial_id != parted.trial_id
    assert "stride" not in plain.settings()
    assert TrialSpec.from_settings(plain.settings()) == plain
    assert TrialSpec.from_settings(parted.settings()) == parted
