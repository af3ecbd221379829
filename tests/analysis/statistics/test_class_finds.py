"""Which entities and places pay: recall by type, effectiveness of slices, and intervals where the truth is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from seqeval.metrics.sequence_labeling import get_entities

from analysis.calibration.worlds import WORLDS, Examples, Size, simulate
from analysis.relations.database import connect
from analysis.results import Results
from analysis.statistics.answers import panels
from analysis.statistics.class_finds import class_finds, of_labels
from analysis.statistics.crossed import changed
from analysis.statistics.slice_changes import _changes
from analysis.statistics.slice_scores import ratio
from analysis.tables import TABLES
from tests.analysis.statistics.test_held_out_places import of_one_place
from tests.analysis.test_tagging_store import committed_tags

CLASSES = ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")
SEEDS = 6


def entities(tags: list[int]) -> set[tuple[str, int, int]]:
    """What seqeval reads from a list of tags."""
    return set(get_entities([CLASSES[tag] for tag in tags]))


@pytest.fixture
def said() -> tuple[list[list[int]], dict[tuple[str, float, int], list[list[int]]]]:
    """Gold tags of 40 texts, and answers with errors of their own; pruning makes every second LOC a PER besides."""
    random = np.random.default_rng(7)
    gold = random.choice(5, (40, 6), p=[0.3, 0.2, 0.2, 0.15, 0.15])
    harm = np.array([0, 3, 4, 3, 4])
    answers = {}
    for method, sparsity in (("dense", 0.0), ("imp-ft", 0.5)):
        for seed in range(SEEDS):
            own = np.where(random.random(gold.shape) < 0.1, random.integers(0, 5, gold.shape), gold)
            if sparsity:
                own[::2] = harm[own[::2]]
            answers[method, sparsity, seed] = own.tolist()
    return gold.tolist(), answers


def test_recall_of_a_type_is_that_of_seqeval(
    tmp_path: Path, said: tuple[list[list[int]], dict[tuple[str, float, int], list[list[int]]]]
) -> None:
    """Entities found by their words and their type, of every seed; the type that pruning turns into another pays."""
    gold, answers = said
    results = Results(connect(committed_tags(tmp_path, gold, answers, CLASSES)))
    rows = {row["class"]: row for row in results.class_changes}
    assert set(rows) == {"LOC", "PER"}
    for name, row in rows.items():
        for side, method, sparsity in (("dense", "dense", 0.0), ("pruned", "imp-ft", 0.5)):
            shares = []
            for seed in range(SEEDS):
                found: Counter[str] = Counter()
                for true, own in zip(gold, answers[method, sparsity, seed], strict=True):
                    found["gold"] += sum(kind == name for kind, *_ in entities(true))
                    found["hits"] += sum(kind == name for kind, *_ in entities(true) & entities(own))
                shares.append(found["hits"] / found["gold"])
            assert row[f"{side}_recall"] == pytest.approx(np.mean(shares))
        assert row["examples"] == sum(any(kind == name for kind, *_ in entities(true)) for true in gold)
    assert rows["LOC"]["change_high"] < -0.2
    assert rows["LOC"]["excess_low"] > 0
    assert [line.keys[2] for line in TABLES["class_changes"](results).lines] == ["LOC", "PER"]


def test_tags_that_mark_no_entities_are_classes_of_words(tmp_path: Path) -> None:
    """The recall of a tag is the share of its words."""
    random = np.random.default_rng(2)
    gold = random.integers(0, 3, (30, 4))
    answers = {
        (method, sparsity, seed): np.where(random.random(gold.shape) < 0.2, random.integers(0, 3, gold.shape), gold)
        for method, sparsity in (("dense", 0.0), ("imp-ft", 0.5))
        for seed in range(2)
    }
    lists = {cell: tags.tolist() for cell, tags in answers.items()}
    connection = connect(committed_tags(tmp_path, gold.tolist(), lists, ("NOUN", "VERB", "O")))
    (panel,) = panels(connection, by_place=True)
    assert panel.dense is not None
    for one in class_finds(connection, panel):
        index = ("NOUN", "VERB", "O").index(one.name)
        assert one.gold.tolist() == (gold == index).sum(axis=1).tolist()
        for cell in (panel.dense, *panel.pruned):
            right = [(gold == index) & (answers[cell.method, cell.sparsity, seed] == index) for seed in range(2)]
            assert one.found(cell, np.ones(30, np.bool_)).tolist() == np.sum(right, axis=2).tolist()


def test_the_slice_that_pays_is_told_from_the_other(
    tmp_path: Path, said: tuple[list[list[int]], dict[tuple[str, float, int], list[list[int]]]]
) -> None:
    """Texts whose tags pruning changes lose F1 of entities against the others, by a column of the data."""
    gold, answers = said
    sources = ["mail", "web"] * 20
    root = committed_tags(tmp_path, gold, answers, CLASSES, sources=sources)
    rows = {row["value"]: row for row in Results(connect(root), root).slice_changes}
    assert set(rows) == {"mail", "web"}
    assert rows["mail"]["beyond_high"] < -0.2
    assert rows["mail"]["recall_change"] < -0.2
    own = [place for place, source in enumerate(sources) if source == "web"]
    scores = []
    for seed in range(SEEDS):
        pairs = [(entities(gold[place]), entities(answers["imp-ft", 0.5, seed][place])) for place in own]
        asked = sum(len(true) + len(found) for true, found in pairs)
        scores.append(2 * sum(len(true & found) for true, found in pairs) / asked)
    assert rows["web"]["pruned_effectiveness"] == pytest.approx(np.mean(scores))


def test_a_slice_of_one_place_is_that_of_a_class() -> None:
    """Answers with one place each change by what they change by as classes."""
    random = np.random.default_rng(3)
    world = WORLDS["shift"]
    one = simulate(world, Examples.of(world, 200, random), Size(seeds=7, experiments=1), random).panel(0)
    other, chosen = of_one_place(one), np.arange(200) % 3 == 0
    assert one.gold is not None
    classes = of_labels(one.gold, None, list("abcdefghij"))
    expected = _changes(one, classes, one.pruned[0], chosen)
    assert _changes(other, classes, other.pruned[0], chosen) == pytest.approx(expected)
    nothing = _changes(other, [], other.pruned[0], chosen)
    assert {name for name, value in nothing.items() if value is None} == {name for name in expected if "recall" in name}


def drawn(random: np.random.Generator, harm: float) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Studies of five seeds and 120 texts with some entities each: which are missed depends on the text, on the seed,
    which both sides share, and on the entity. Entities of each text, and those that dense and pruned seeds find."""
    for _ in range(300):
        counts = 1 + random.poisson(1.0, 120)
        owner = np.repeat(np.arange(120), counts)
        hard = random.normal(-1.0, 1.0, 120)[owner] + random.normal(0, 0.7, len(owner))
        hard = hard + random.normal(0, 0.2, (5, 1)) + random.normal(0, 0.4, (5, len(owner)))
        sides = [hard + random.normal(0, 0.6, hard.shape) + moved < 0 for moved in (0.0, harm)]
        dense, pruned = (np.stack([np.bincount(owner, row, 120) for row in found.astype(float)]) for found in sides)
        yield counts, dense, pruned


@pytest.mark.parametrize("harm", [0.0, 0.5])
def test_intervals_of_recall_hold_the_truth(harm: float) -> None:
    """Several entities a text, alike in what makes them hard: 95 % or so hold the mean of all studies, and where
    pruning does nothing as good as none is shown."""
    random = np.random.default_rng(5)
    rows = [changed(ratio(pruned, counts).less(ratio(dense, counts))) for counts, dense, pruned in drawn(random, harm)]
    mean = np.mean([row["change"] for row in rows]) if harm else 0.0
    held = np.mean([row["change_low"] <= mean <= row["change_high"] for row in rows])
    assert held >= 0.93
    if not harm:
        assert abs(np.mean([row["change"] for row in rows])) < 0.005
