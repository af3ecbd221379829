"""Trials of tags: trained on a small made-up corpus, stopped and resumed, and told to the report."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from analysis.figures import FIGURES
from analysis.page.cautions import cautions
from analysis.relations.database import connect
from analysis.report import write_report
from analysis.results import Results
from runner.spec import Protocol, Record, TrialSpec
from runner.store.verify import broken_invariants
from runner.store.writer import save_task
from runner.training import Training
from runner.trial.run import Workplace, run_trial
from tasks.base import TaskData
from tests.runner.small_trials import StopAfter, committed

CLASSES = ("O", "B-LOC", "B-PER", "I-PER")
FIRST, LAST, TOWN, OTHER = (("ada", "kurt"), ("lovelace", "goedel"), ("oslo", "lima"), ("is", "in", "and", "was"))
TRAINING = Training(epochs=6, batch_size=16, learning_rate=0.02)


def corpus(train: int = 96, test: int = 32) -> TaskData:
    """Sentences of towns, of people with one name or two, and of other words."""
    random = np.random.default_rng(0)
    words: list[list[str]] = []
    tags: list[list[int]] = []
    for _ in range(train + test):
        said: list[tuple[str, int]] = []
        for _ in range(random.integers(2, 5)):
            said.append((str(random.choice(OTHER)), 0))
            kind = random.integers(3)
            said += [(str(random.choice(TOWN)), 1)] if kind == 0 else [(str(random.choice(FIRST)), 2)]
            said += [(str(random.choice(LAST)), 3)] if kind == 2 else []
        words.append([word for word, _ in said])
        tags.append([tag for _, tag in said])
    columns = {
        "split": ["train"] * train + ["test"] * test,
        "example_id": pa.array([*range(train), *range(test)], pa.int32()),
        "text": [" ".join(one) for one in words],
        "words": pa.array(words),
        "gold_tags": pa.array(tags, pa.list_(pa.int16())),
    }
    examples = pa.table(columns)
    return TaskData(task="names", kind="tagging", inputs="text", classes=CLASSES, max_tokens=16, examples=examples)


DATA = corpus()


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Word vectors of the corpus in GloVe's text format."""
    path = tmp_path_factory.mktemp("vectors") / "glove.txt"
    random = np.random.default_rng(1)
    lines = [
        f"{word} {' '.join(f'{value:.4f}' for value in random.normal(size=8))}"
        for word in sum((FIRST, LAST, TOWN, OTHER), ())
    ]
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def spec_of(vectors: str, method: str = "dense", seed: int = 1, **choices) -> TrialSpec:
    """A trial of a narrow BiLSTM."""
    return TrialSpec(
        task="names",
        data=DATA.fingerprint,
        model="bilstm",
        architecture="bilstm",
        options=(("hidden", 12), ("vectors", vectors)),
        method=method,
        sparsity=0.0 if method == "dense" else 0.5,
        seed=seed,
        training=TRAINING,
        protocol=Protocol(padding="packed"),
        record=Record(splits=("train", "test"), el2n=True),
        **choices,
    )


def test_a_corpus_is_learned_and_told(
    vectors: str, workplace: Workplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two seeds, dense and pruned, to the store, the views and the report; entities are found."""
    monkeypatch.setattr("analysis.report.FIGURES", {name: FIGURES[name] for name in ("effectiveness", "pie_rate")})
    monkeypatch.setattr("analysis.report.png", lambda figure: b"")
    save_task(workplace.root, DATA)
    for seed in (1, 2):
        run_trial(spec_of(vectors, seed=seed), workplace=workplace, data=DATA, keep_state=True)
        run_trial(spec_of(vectors, "imp-ft", seed=seed), workplace=workplace, data=DATA)
    assert [one for one in broken_invariants(workplace.root) if "no study of this store planned it" not in one] == []
    connection = connect(workplace.root)
    query = "SELECT metric, value FROM effectiveness WHERE method = 'dense' AND split = 'test'"
    for metric, value in connection.execute(query).fetchall():
        assert metric == "entity-f1"
        assert value > 0.9
    record, rows = committed(workplace, spec_of(vectors))
    metrics = record["facts"]["metrics"]["test"]
    assert metrics["entity-f1"] == pytest.approx(connection.execute(f"{query} AND seed = 1").fetchall()[0][1])
    assert metrics["cut_words"] == metrics["nan_rows"] == 0
    assert {*metrics} >= {"entity-f1", "entity-precision", "entity-recall", "accuracy", "loss"}
    assert rows["el2n"].null_count == 32
    assert connection.execute("SELECT count(*) FROM el2n").fetchall()[0][0] > 0
    page = write_report(workplace.root, tmp_path / "report").read_text()
    assert "does not read" not in page


def test_words_that_were_cut_are_counted_and_said(vectors: str, workplace: Workplace) -> None:
    """Of texts cut to four words the others have the first tag; the trial counts them, and a report warns."""
    spec = spec_of(vectors, max_tokens=4)
    save_task(workplace.root, DATA)
    run_trial(spec, workplace=workplace, data=DATA)
    record, rows = committed(workplace, spec)
    lengths = [len(one) for one in DATA.split("test")["words"].to_pylist()]
    beyond = sum(max(0, length - 4) for length in lengths)
    assert record["facts"]["metrics"]["test"]["cut_words"] == beyond > 0
    said = rows.filter(pc.equal(rows["split"], "test"))["tags"].to_pylist()
    assert [len(one) for one in said] == lengths
    assert {tag for one in said for tag in one[4:]} == {0}
    told = cautions(Results.of(workplace.root))
    assert any(f"does not read {beyond} words of the test split" in one for one in told)


def test_stopped_at_every_epoch_it_commits_the_undisturbed_rows(
    vectors: str, workplace: Workplace, tmp_path: Path
) -> None:
    """Same rows as a trial that ran through."""
    spec = spec_of(vectors)
    other = dataclasses.replace(workplace, root=tmp_path / "other")
    run_trial(spec, workplace=other, data=DATA)
    while run_trial(spec, workplace=workplace, data=DATA, hooks=StopAfter(1).hooks()).status == "stopped":
        pass
    (mine, my_rows), (theirs, their_rows) = (committed(place, spec) for place in (workplace, other))
    assert my_rows.equals(their_rows)
    assert json.dumps(mine["facts"]["metrics"]) == json.dumps(theirs["facts"]["metrics"])
