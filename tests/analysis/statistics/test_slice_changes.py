"""Who pays by the columns of the data: scores, their intervals over seeds and examples, and the table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, recall_score

from analysis.calibration.worlds import WORLDS, Examples, Size, World, simulate
from analysis.relations.database import connect
from analysis.results import Results
from analysis.show import ShowError, one_table
from analysis.statistics.answers import Panel
from analysis.statistics.class_finds import of_labels
from analysis.statistics.slice_changes import _changes
from analysis.statistics.slice_scores import effectiveness, recall
from analysis.tables import TABLES
from tests.analysis.statistics.small_panels import answers
from tests.analysis.stores import write_task, write_trials

SETS = np.array([[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)], np.bool_)
CHANGES = ("effectiveness_change", "recall_change", "beyond")


def metrics(kind: str, gold: np.ndarray, said: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Effectiveness and mean recall over the classes that occur, as scikit-learn has them."""
    if kind == "single":
        truth, told = gold, said
        score = accuracy_score(truth, told, sample_weight=weights)
        labels = np.unique(gold)
    else:
        truth, told = SETS[gold], SETS[said]
        score = f1_score(truth, told, average="macro", zero_division=0, sample_weight=weights)
        labels = np.flatnonzero(truth.any(axis=0))
    mean = recall_score(truth, told, labels=labels, average="macro", zero_division=0, sample_weight=weights)
    return float(score), float(mean)


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_scores_and_what_examples_add_to_them(kind: str) -> None:
    """Values are scikit-learn's; an influence is by how much the value moves if one example counts a little more."""
    random = np.random.default_rng(11)
    gold, said = random.integers(0, 8, 30), random.integers(0, 8, (2, 30))
    said[:, :12] = gold[:12]
    sets = None if kind == "single" else SETS
    cell, everything, names = answers(said, "imp-ft", 0.5), np.ones(30, np.bool_), list("abcdefgh")
    share = recall((one.found(cell, everything), one.gold) for one in of_labels(gold.astype(np.int32), sets, names))
    assert share is not None
    found = [effectiveness(cell, gold, sets), share]
    for seed, one in enumerate(said):
        assert [score.value[seed] for score in found] == pytest.approx(metrics(kind, gold, one, np.ones(30)))
        for example in range(30):
            more = np.ones(30)
            more[example] += 1e-6
            moved = np.subtract(metrics(kind, gold, one, more), metrics(kind, gold, one, np.ones(30))) / 1e-6 * 30
            assert [score.influence[seed, example] for score in found] == pytest.approx(moved, abs=1e-3)


def changes(panel: Panel, chosen: np.ndarray) -> dict[str, Any]:
    """Those of its one pruned cell."""
    classes = [] if panel.gold is None else of_labels(panel.gold, panel.sets, list("abcdefghij"))
    return _changes(panel, classes, panel.pruned[0], chosen)


def studies(world: World, seeds: int, count: int, random: np.random.Generator) -> Iterator[tuple[Panel, np.ndarray]]:
    """Panels with new seeds and new examples each time, and which examples are in the slice."""
    for _ in range(count):
        examples = Examples.of(world, 200, random)
        chosen = random.random(200) < 0.3
        yield simulate(world, examples, Size(seeds=seeds, experiments=1), random).panel(0), chosen


@pytest.mark.parametrize("seeds", [5, 10])
@pytest.mark.parametrize("name", ["null, shared noise", "noisier", "shift", "ten classes, shift"])
def test_intervals_hold_the_truth_and_the_test_errs_as_promised(name: str, seeds: int) -> None:
    """Of 120 studies of one world 93 % or more hold the mean of 300; a slice like all others is seldom a finding."""
    random = np.random.default_rng(seeds)
    truth = [changes(panel, chosen) for panel, chosen in studies(WORLDS[name], seeds, 300, random)]
    for change in CHANGES:
        mean = np.mean([row[change] for row in truth])
        held = [row[f"{change}_low"] <= mean <= row[f"{change}_high"] for row in truth[:120]]
        assert np.mean(held) >= 0.93, (change, np.mean(held))
    assert np.mean([row["beyond_p"] <= 0.05 for row in truth]) <= 0.06


def test_intervals_of_macro_f1_hold_the_truth() -> None:
    """Label sets, whose score is no mean over examples: 150 studies with new seeds and examples."""
    random = np.random.default_rng(6)
    held = []
    rows = []
    for _ in range(150):
        gold = random.integers(0, 8, 150)
        sides = []
        for rate in (0.15, 0.25):
            flipped = random.random((6, 150, 3)) < rate + random.normal(size=(6, 1, 1)) * 0.02
            sides.append((SETS[gold] ^ flipped) @ np.array([4, 2, 1]))
        dense, pruned = answers(sides[0], "dense", 0.0), answers(sides[1], "imp-ft", 0.5)
        panel = Panel(
            task="t", split="test", model="m", sets=SETS, example_ids=np.arange(150, dtype=np.int32), dense=dense,
            pruned=(pruned,), gold=gold.astype(np.int32),
        )  # fmt: skip
        rows.append(changes(panel, random.random(150) < 0.4))
    for change in CHANGES:
        mean = np.mean([row[change] for row in rows])
        held = [row[f"{change}_low"] <= mean <= row[f"{change}_high"] for row in rows]
        assert np.mean(held) >= 0.93, (change, np.mean(held))
    assert np.mean([row["beyond_p"] <= 0.05 for row in rows]) <= 0.07


def test_what_cannot_be_said_is_null() -> None:
    """Below five seeds no interval; without gold labels, or with nothing outside the slice, no such change."""
    world = WORLDS["shift"]
    panel = simulate(world, Examples.of(world, 40, np.random.default_rng(0)), Size(seeds=4, experiments=1),
                     np.random.default_rng(1)).panel(0)  # fmt: skip
    everything, part = np.ones(40, np.bool_), np.arange(40) < 20
    row = changes(panel, part)
    assert [row[f"{change}_low"] for change in CHANGES] == [None] * 3
    assert None not in [row[change] for change in CHANGES]
    assert changes(panel, everything)["beyond"] is None
    unknown = changes(replace(panel, gold=None), part)
    assert set(unknown.values()) == {None}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pruning turns a third of the mails, always; web pages have some noise alone; three notes are too few."""
    random = np.random.default_rng(4)
    root = tmp_path_factory.mktemp("slices") / "store"
    source = np.repeat(["web", "mail", "note"], [60, 45, 3])
    gold = np.arange(108) % 2
    harmed = (source == "mail") & (np.arange(108) % 3 == 0)
    lengths = random.random(108) * 100
    examples = [
        {"split": "test", "example_id": i, "label": "ab"[gold[i]], "source": source[i], "uid": f"u{i}"}
        | {"human_disagreement": lengths[i]}
        for i in range(108)
    ]
    write_task(root, "t", ["a", "b"], examples)
    rows = []
    for method, sparsity in (("dense", 0.0), ("mp-ai", 0.9)):
        for seed in range(7):
            noise = random.random(108) < 0.05
            said = np.where(noise | (harmed & (sparsity > 0)), 1 - gold, gold)
            rows += [
                {"task": "t", "model": "m", "method": method, "sparsity": sparsity, "seed": seed, "split": "test"}
                | {"example_id": i, "label": "ab"[said[i]]}
                for i in range(108)
            ]
    write_trials(root, {"t": ["a", "b"]}, rows)
    return root


def test_the_slice_that_pays_is_told_from_the_other(store: Path) -> None:
    """Mails lose accuracy against all others and have an excess; web pages gain against them, as they must."""
    results = Results(connect(store), store)
    rows = {row["value"]: row for row in results.slice_changes if row["feature"] == "source"}
    assert set(rows) == {"web", "mail"}
    assert rows["mail"]["effectiveness_change_high"] < -0.1
    assert rows["mail"]["excess_low"] > 0 >= rows["web"]["excess_low"]
    assert rows["web"]["effectiveness_change_low"] < 0 < rows["web"]["effectiveness_change_high"]
    assert (rows["web"]["examples"], rows["mail"]["examples"]) == (60, 45)
    known = {(row["value"]): row["rate"] for row in results.rows("FROM pie_rate_by WHERE feature = 'source'")}
    assert {value: row["rate"] for value, row in rows.items()} == pytest.approx({v: known[v] for v in rows})
    assert rows["mail"]["corrected_p"] < 0.05
    others = [row for row in results.slice_changes if row["feature"] != "source"]
    assert {row["feature"] for row in others} == {"human_disagreement"}
    assert min(row["corrected_p"] for row in others) > 0.05


def test_the_table_marks_it(store: Path) -> None:
    """One block a value, bins ascending and short; marks on what is beyond its interval; --by has one column."""
    table = one_table(store, "slices", "source")
    assert [line.keys for line in table.lines] == [
        ("t", "m", "source", "mail", "MP-AI"),
        ("t", "m", "source", "web", "MP-AI"),
    ]
    marks = [[set(value.marks) for value in line.values[0]] for line in table.lines]
    assert marks[0] == [set(), {"worst"}, set(), set(), {"best"}]
    assert "Votes are of 7 seeds." in table.caption
    bins = [line.keys[3] for line in TABLES["slices"](Results(connect(store), store)).lines if line.keys[2] != "source"]
    assert len(bins) == 5
    assert [float(one.split(" to ")[0]) for one in bins] == sorted(float(one.split(" to ")[0]) for one in bins)
    assert all(len(one) <= len("99.99 to 99.99") for one in bins)
    assert {line.keys[3] for line in one_table(store, "slices", "label").lines} == {"a", "b"}


@pytest.mark.parametrize(
    ("name", "by", "told"),
    [
        ("slices", "sourc", "did you mean 'source'"),
        ("slices", "uid", "more than 20 different values"),
        ("slices", "text", "no column|slices nothing|unknown column"),
        ("pie_percent", "source", "--by is for the table slices"),
    ],
)
def test_a_column_that_slices_nothing_is_refused(store: Path, name: str, by: str, told: str) -> None:
    """With the reason, and the columns that there are."""
    with pytest.raises(ShowError, match=told) as error:
        one_table(store, name, by)
    assert "\n" not in str(error.value)


def test_a_store_without_further_columns_has_no_such_table(tmp_path: Path) -> None:
    """The label is no column that the data brought along: no lines, and the reason for whoever asks."""
    write_task(tmp_path, "t", ["a", "b"], [{"split": "test", "example_id": i, "label": "ab"[i % 2]} for i in range(20)])
    rows = [
        {"task": "t", "model": "m", "method": method, "sparsity": sparsity, "seed": 0, "split": "test"}
        | {"example_id": i, "label": "a"}
        for method, sparsity in (("dense", 0.0), ("mp-ai", 0.9))
        for i in range(20)
    ]
    write_trials(tmp_path, {"t": ["a", "b"]}, rows)
    with pytest.raises(ShowError, match="nothing to show in the table 'slices'"):
        one_table(tmp_path, "slices")
    assert one_table(tmp_path, "slices", "label").lines
