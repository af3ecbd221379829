"""A store of tags: its views say what the kind says, word by word and entity by entity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from analysis.export import export
from analysis.overview import overviews
from analysis.relations.database import Database, connect
from analysis.results import Results
from runner.command_line import app
from runner.store.compaction import compacted
from runner.store.layout import Layout
from runner.store.reader import task_cards
from runner.store.schema import Facts
from runner.store.writer import Subject, commit_rows, save_task
from tasks.base import TaskData
from tasks.kinds import KINDS
from tests.analysis.stores import hashed, require_compaction_changes_no_view

CLASSES = ("O", "B-it's", "B-B", "I-it's", "I-B")
GOLD = [[1, 3, 0, 2], [0, 0], [2]]
TAGS = {
    ("dense", 0.0, 0): [[1, 3, 0, 2], [0, 1], [2]],
    ("dense", 0.0, 1): [[1, 0, 0, 2], [0, 0], [4]],
    ("dense", 0.0, 2): [[3, 3, 4, 4], [0, 0], [2]],
    ("imp-ft", 0.5, 0): [[0, 0, 0, 2], [0, 1], [0]],
    ("imp-ft", 0.5, 1): [[1, 3, 0, 4], [0, 2], [2]],
    ("imp-ft", 0.5, 2): [[1, 0, 0, 0], [0, 0], [1]],
}
VOTES = {"dense": [[1, 3, 0, 2], [0, 0], [2]], "imp-ft": [[1, 0, 0, 0], [0, 0], [0]]}
"""Of the last word but one and of the third text, every pruned seed says something else: the lowest tag wins."""


def committed(root: Path, classes: tuple[str, ...] = CLASSES, metrics: tuple[str, ...] = ()) -> Path:
    """Three dense and three pruned trials on three texts."""
    return committed_tags(root, GOLD, TAGS, classes, metrics)


def committed_tags(
    root: Path,
    gold: list[list[int]],
    said: dict[tuple[str, float, int], list[list[int]]],
    classes: tuple[str, ...] = CLASSES,
    metrics: tuple[str, ...] = (),
    sources: list[str] | None = None,
) -> Path:
    """Trials, by method, sparsity and seed, that give texts these tags; sources: a column that the data brought."""
    places = {"split": ["test"] * len(gold), "example_id": pa.array(range(len(gold)), pa.int32())}
    words = [[f"w{place}" for place in range(len(tags))] for tags in gold]
    columns = {**places, "text": [" ".join(one) for one in words], "words": pa.array(words)}
    columns |= {} if sources is None else {"source": sources}
    examples = pa.table({**columns, "gold_tags": pa.array(gold, pa.list_(pa.int16()))})
    save_task(
        root,
        TaskData(
            task="t", kind="tagging", inputs="text", classes=classes, max_tokens=8, examples=examples, metrics=metrics
        ),
    )
    for (method, sparsity, seed), tags in said.items():
        settings = {"task": "t", "data": task_cards(root)["t"].fingerprint, "model": "net", "method": method}
        subject = Subject(
            trial_id=hashed(f"{method}-{seed}"),
            settings={**settings, "sparsity": sparsity, "seed": seed},
            origin="ingested",
        )
        rows = pa.table({**places, "tags": pa.array(tags, pa.list_(pa.int16()))})
        assert commit_rows(root, subject, rows, Facts(achieved_sparsity=sparsity)) is not None
    return root


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store of entities."""
    return committed(tmp_path)


def codes(tags: list[list[int]]) -> np.ndarray:
    """Tags as the kind has them."""
    return KINDS["tagging"].codes(pa.array(tags, pa.list_(pa.int16())), len(CLASSES))


def asked(connection: Database, query: str) -> list[tuple[Any, ...]]:
    """The rows of a question."""
    return connection.execute(query).fetchall()


@pytest.mark.parametrize("classes", [CLASSES, ("O", "NN", "VB", "JJ", "B")])
def test_quality_and_effectiveness_are_those_of_the_kind(tmp_path: Path, classes: tuple[str, ...]) -> None:
    """Of entities, and of tags that mark none: every answer's quality, every trial's headline."""
    connection, kind = connect(committed(tmp_path, classes)), KINDS["tagging"].of(classes)
    found = asked(
        connection,
        """SELECT method, seed, list(quality ORDER BY example_id), list(correct ORDER BY example_id),
            list(tags ORDER BY example_id), list(gold ORDER BY example_id)
        FROM predictions JOIN trials USING (trial_id) GROUP BY ALL""",
    )
    scores = {row[:2]: row[2:] for row in asked(connection, "SELECT method, seed, metric, value FROM effectiveness")}
    assert len(found) == 6
    for method, seed, *said in found:
        own = next(tags for (name, _, number), tags in TAGS.items() if (name, number) == (method, seed))
        named = [[[classes[tag] for tag in text] for text in one] for one in (own, GOLD)]
        quality = kind.quality(codes(GOLD), codes(own), 1.0)
        assert said == [pytest.approx(quality), [a == b for a, b in zip(own, GOLD, strict=True)], *named]
        headline = kind.measured(codes(GOLD), codes(own), 5)[kind.metrics[0]]
        assert scores[method, seed] == (kind.metrics[0], pytest.approx(headline))


@pytest.mark.parametrize("metric", ["entity-precision", "entity-recall", "accuracy"])
def test_another_headline_is_asked_of_the_rows(tmp_path: Path, metric: str) -> None:
    """A task scored by another of its metrics: effectiveness is that one, on all examples and on PIEs."""
    connection, kind = connect(committed(tmp_path, metrics=(metric,))), KINDS["tagging"].of(CLASSES)
    for method, seed, found, value in asked(connection, "SELECT method, seed, metric, value FROM effectiveness"):
        own = next(tags for (name, _, number), tags in TAGS.items() if (name, number) == (method, seed))
        assert (found, value) == (metric, pytest.approx(kind.measured(codes(GOLD), codes(own), 5)[metric]))
    query = "SELECT pruned FROM accuracy_on_pies WHERE subset = 'all' AND estimator = 'majority-vote'"
    expected = kind.measured(codes(GOLD), codes(VOTES["imp-ft"]), 5)[metric]
    assert asked(connection, query) == [(pytest.approx(expected),)]


def test_a_vote_is_the_plurality_of_every_word(store: Path) -> None:
    """Ties go to the lowest tag; an example is a PIE if any word is voted otherwise."""
    connection = connect(store)
    for method, votes in VOTES.items():
        query = f"SELECT vote, seeds FROM majority_vote WHERE method = '{method}' ORDER BY example_id"
        assert asked(connection, query) == [([CLASSES[tag] for tag in vote], 3) for vote in votes]
    assert asked(connection, "SELECT votes FROM majority_vote WHERE method = 'dense' AND example_id = 0") == [
        ([2, 2, 2, 2],)
    ]
    assert asked(connection, "SELECT is_pie FROM pies ORDER BY example_id") == [(True,), (False,), (True,)]
    assert asked(connection, "SELECT pies, examples, rate FROM pie_rate") == [(2, 3, pytest.approx(2 / 3))]


def test_effectiveness_on_pies_is_of_their_entities(store: Path) -> None:
    """Of the votes, and the mean over seeds, on the first and the third text; and on all."""
    kind, rows = KINDS["tagging"].of(CLASSES), [0, 2]
    found = {
        row[:2]: row[2:]
        for row in asked(connect(store), "SELECT subset, estimator, pruned, dense FROM accuracy_on_pies")
    }

    def f1(tags: list[list[int]], subset: list[int]) -> float:
        one, other = ([texts[row] for row in subset] for texts in (GOLD, tags))
        return kind.measured(codes(one), codes(other), 5)["entity-f1"]

    for name, subset in (("pies", rows), ("all", [0, 1, 2])):
        votes = [f1(VOTES[method], subset) for method in ("imp-ft", "dense")]
        means = [
            np.mean([f1(tags, subset) for key, tags in TAGS.items() if key[0] == method])
            for method in ("imp-ft", "dense")
        ]
        assert found[name, "majority-vote"] == pytest.approx(votes)
        assert found[name, "seed-mean"] == pytest.approx(means)


def test_flips_recall_and_confusion_count_words_and_texts(store: Path) -> None:
    """A text's answer differs if any word's does; recall and confusion are of words."""
    connection = connect(store)
    found = asked(
        connection, "SELECT seed, all_flips, correct_to_incorrect, incorrect_to_correct FROM flips ORDER BY 1"
    )
    assert found == [(0, 2, 2, 0), (1, 3, 1, 1), (2, 2, 1, 0)]
    query = "SELECT class, support, predicted, hits FROM class_recall WHERE method = 'dense' AND seed = 0"
    assert asked(connection, f"{query} ORDER BY class_index") == [
        ("O", 3, 2, 2),
        ("B-it's", 1, 2, 1),
        ("B-B", 2, 2, 2),
        ("I-it's", 1, 1, 1),
        ("I-B", 0, 0, 0),
    ]
    query = "SELECT dense_class, pruned_class, examples FROM confusion WHERE dense_class <> pruned_class ORDER BY ALL"
    assert asked(connection, query) == [("B-B", "O", 2), ("I-it's", "O", 1)]


def test_examples_hold_words_and_tags_by_name(store: Path) -> None:
    """Each word has a tag."""
    found = asked(connect(store), "SELECT words, gold_tags, label FROM examples WHERE example_id = 0")
    assert found == [(["w0", "w1", "w2", "w3"], ["B-it's", "I-it's", "O", "B-B"], None)]


def test_an_example_is_told_word_by_word(store: Path) -> None:
    """Its words, their gold tags, and in a pruned cell those words alone whose tag is not the dense vote's."""
    told = CliRunner().invoke(app, ["example", str(store), "t:test:0"])
    assert told.exit_code == 0, told.output
    assert "dense vote w0 B-it's 2/3, w1 I-it's 2/3, w2 O 2/3, w3 B-B 2/3" in " ".join(told.stdout.split())
    assert "w1 O 2/3, w3 O 1/3" in " ".join(told.stdout.split())


def test_a_compaction_changes_no_view(store: Path) -> None:
    """The rows are sound before and after, and every view says the same, of votes that the compaction has kept."""
    require_compaction_changes_no_view(store)
    kept = compacted.kept_votes(Layout(store))
    assert kept is not None
    assert (len(kept.cells), kept.uncounted) == (2, ())


def test_reports_and_exports_say_tags(store: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """An overview tells PIEs; an export has the answers."""
    results = Results.of(store)
    (one,) = overviews(results, 0)
    assert one.cells[0].rate == pytest.approx(2 / 3)
    assert results.survey.intervals[0]["noise_floor"] > 0
    assert results.survey.definitions == []
    exported = export(store, tmp_path_factory.mktemp("out") / "export")
    assert exported.rows == {"examples": 3, "predictions": 18, "trials": 6, "pies": 2}
