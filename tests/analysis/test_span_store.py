"""A store of spans that were predicted elsewhere: its views say what the kind says, and votes are of both ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from analysis.export import export
from analysis.overview import overviews
from analysis.relations.database import Database, connect
from analysis.report import write_report
from analysis.results import Results
from runner.command_line import app
from runner.store import reader
from runner.store.compaction import compacted
from runner.store.ingest import ingest
from runner.store.layout import Layout
from runner.store.trial_rows import TrialRows
from runner.store.verify import broken_invariants
from runner.store.writer import Subject, commit_rows
from tasks.base import TaskError
from tasks.kinds import KINDS
from tests.analysis.stores import require_compaction_changes_no_view
from tests.runner.store.test_ingest import Rows, change, write

PASSAGES = ["The old cat sat.", "Caf\u00e9 \U0001f600 in Paris", "No, no."]
GOLD = [[[4, 11], [8, 11]], [[10, 15]], [[0, 2]]]
SPANS = {
    ("dense", 0.0, 0): [[4, 11], [10, 15], [0, 2]],
    ("dense", 0.0, 1): [[0, 11], [10, 15], [4, 6]],
    ("dense", 0.0, 2): [[4, 15], [7, 15], [0, 2]],
    ("wanda", 0.5, 0): [[8, 11], [7, 9], [0, 2]],
    ("wanda", 0.5, 1): [[8, 15], [7, 15], [0, 6]],
    ("wanda", 0.5, 2): [[0, 3], [10, 15], [0, 2]],
}
VOTES = {"dense": [[4, 11], [10, 15], [0, 2]], "wanda": [[8, 3], [7, 15], [0, 2]]}
"""Of the first passage every pruned seed has the answer end elsewhere: the lowest end wins, before the beginning."""


def examples() -> Rows:
    """Three questions."""
    return [
        {"task": "q", "split": "test", "example_id": at, "text": "Who?", "text_pair": passage, "gold_spans": spans}
        for at, (passage, spans) in enumerate(zip(PASSAGES, GOLD, strict=True))
    ]


def predictions() -> Rows:
    """Three dense and three pruned models."""
    return [
        {"task": "q", "model": "mine", "method": method, "sparsity": sparsity, "seed": seed, "split": "test"}
        | {"example_id": at, "span": span}
        for (method, sparsity, seed), spans in SPANS.items()
        for at, span in enumerate(spans)
    ]


def take_in(folder: Path, given: Rows, known: Rows, suffix: str = ".jsonl") -> Path:
    """Ingest rows through files into folder/store."""
    ingest(folder / "store", write(folder / f"p{suffix}", given), write(folder / f"e{suffix}", known))
    return folder / "store"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store of them all."""
    return take_in(tmp_path, predictions(), examples())


def asked(connection: Database, query: str) -> list[tuple[Any, ...]]:
    """The rows of a question."""
    return connection.execute(query).fetchall()


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_each_format_gives_the_same_rows(tmp_path: Path, store: Path, suffix: str) -> None:
    """Lists, or JSON in text; rows say exact match and F1, which verify computes again."""
    (tmp_path / "other").mkdir()
    rows = [
        [{name: json.dumps(one) if isinstance(one, list) else one for name, one in row.items()} for row in rows]
        if suffix == ".csv"
        else rows
        for rows in (predictions(), examples())
    ]
    other = take_in(tmp_path / "other", rows[0], rows[1], suffix)
    assert broken_invariants(store) == broken_invariants(other) == []
    sums = [{one.trial_id: one.rows_sha256 for one in reader.commits(root)} for root in (store, other)]
    assert sums[0] == sums[1]
    rows_of_dense = next(
        one for one in reader.commits(store) if one.settings["seed"] == 1 and not one.settings["sparsity"]
    )
    table = TrialRows(store).read(rows_of_dense)
    assert table["exact"].to_pylist() == [True, True, True]
    assert table["quality"].to_pylist() == [1.0, 1.0, 1.0]


def test_predictions_have_texts_and_quality(store: Path) -> None:
    """The answer and the gold answers as the passage has them; effectiveness is the mean F1, or exact match."""
    connection = connect(store)
    kind: Any = KINDS["span"].about(reader.task_examples(store, "q"))
    gold = kind.codes(reader.task_examples(store, "q")["gold_spans"].combine_chunks(), 0)
    found = asked(
        connection,
        """SELECT method, seed, list(quality ORDER BY example_id), list(correct ORDER BY example_id),
            list(answer ORDER BY example_id), list(gold ORDER BY example_id), list(span ORDER BY example_id)
        FROM predictions JOIN trials USING (trial_id) GROUP BY ALL""",
    )
    scores = {row[:2]: row[2:] for row in asked(connection, "SELECT method, seed, metric, value FROM effectiveness")}
    assert len(found) == 6
    for method, seed, quality, correct, texts, true, spans in found:
        own = next(spans for (name, _, number), spans in SPANS.items() if (name, number) == (method, seed))
        assert spans == own
        codes = kind.codes(kind.column(np.array(own)), 0)
        assert texts == kind.texts(codes)
        assert true == kind.references(gold)
        judged = kind.judgements(gold, codes)
        assert (quality, correct) == (pytest.approx(judged["quality"]), judged["exact"].tolist())
        assert scores[method, seed] == ("f1", pytest.approx(kind.measured(gold, codes, 0)["f1"]))


def test_both_ends_are_voted_on(store: Path) -> None:
    """An example is a PIE if either end is voted otherwise; a vote may enclose nothing."""
    connection = connect(store)
    for method, votes in VOTES.items():
        query = f"SELECT vote, seeds FROM majority_vote WHERE method = '{method}' ORDER BY example_id"
        assert asked(connection, query) == [([str(place) for place in vote], 3) for vote in votes]
    assert asked(connection, "SELECT is_pie FROM pies ORDER BY example_id") == [(True,), (True,), (False,)]
    assert asked(connection, "SELECT pies, examples FROM pie_rate") == [(2, 3)]
    assert asked(connection, "SELECT seeds, dense_seeds, round(drift, 4) FROM drift") == [
        (3, 3, pytest.approx(-0.2, abs=0.2))
    ]
    query = "SELECT seed, all_flips, correct_to_incorrect, incorrect_to_correct FROM flips ORDER BY seed"
    assert asked(connection, query) == [(0, 2, 1, 0), (1, 3, 3, 0), (2, 2, 0, 1)]


def test_effectiveness_on_pies_is_the_mean_over_seeds(store: Path) -> None:
    """Votes have none: what they are worth the rows do not say."""
    query = "SELECT subset, estimator, examples, pruned IS NULL, dense IS NULL FROM accuracy_on_pies ORDER BY ALL"
    assert asked(connect(store), query) == [
        ("all", "majority-vote", 3, True, True),
        ("all", "seed-mean", 3, False, False),
        ("pies", "majority-vote", 2, True, True),
        ("pies", "seed-mean", 2, False, False),
    ]
    mean = "SELECT avg(quality) FROM predictions JOIN trials USING (trial_id) WHERE method = 'wanda' AND example_id < 2"
    query = "SELECT pruned FROM accuracy_on_pies WHERE subset = 'pies' AND estimator = 'seed-mean'"
    assert asked(connect(store), query)[0][0] == pytest.approx(asked(connect(store), mean)[0][0])


def test_examples_have_their_answers(store: Path) -> None:
    """As texts beside the characters."""
    found = asked(connect(store), "SELECT gold_spans, gold_answers, label FROM examples ORDER BY example_id")
    assert found[0] == ([[4, 11], [8, 11]], ["old cat", "cat"], None)
    assert found[1] == ([[10, 15]], ["Paris"], None)


def test_an_example_is_told_as_texts(store: Path) -> None:
    """What the votes enclose, and the seeds for both ends."""
    told = CliRunner().invoke(app, ["example", str(store), "q:test:1"])
    assert told.exit_code == 0, told.output
    said = " ".join(told.stdout.split())
    assert "dense vote Paris 2-3/3" in said
    assert "in Paris 2-2/3" in said
    told = CliRunner().invoke(app, ["example", str(store), "q:test:0"])
    assert "nothing, 8 to 3 2-1/3" in " ".join(told.stdout.split())


def test_a_compaction_keeps_votes_and_changes_no_view(store: Path) -> None:
    """Of both cells."""
    require_compaction_changes_no_view(store)
    kept = compacted.kept_votes(Layout(store))
    assert kept is not None
    assert (len(kept.cells), kept.uncounted) == (2, ())


def test_reports_and_exports_say_spans(store: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """An overview tells PIEs; an export has the answers; the report is written."""
    results = Results.of(store)
    (one,) = overviews(results, 0)
    assert one.cells[0].rate == pytest.approx(2 / 3)
    assert results.survey.intervals[0]["noise_floor"] > 0
    folder = tmp_path_factory.mktemp("out")
    exported = export(store, folder / "export")
    assert exported.rows == {"examples": 3, "predictions": 18, "trials": 6, "pies": 2}
    assert "span" in (folder / "export" / "README.md").read_text()
    assert "PIE" in write_report(store, folder / "report").read_text()
    assert "answer" in CliRunner().invoke(app, ["describe", "view", "predictions"]).stdout


def test_a_false_judgement_is_named(store: Path) -> None:
    """Rows that call a wrong answer exact break an invariant."""
    record = reader.commits(store)[0]
    rows = TrialRows(store).read(record)
    at = rows.schema.get_field_index("exact")
    turned = rows.set_column(at, "exact", [[not one for one in rows["exact"].to_pylist()]])
    settings = {**record.settings, "seed": 7}
    subject = Subject(trial_id="f" * 16, settings=settings, origin="ingested")
    commit_rows(store, subject, turned.drop_columns(["trial_id"]), record.facts)
    assert [one for one in broken_invariants(store) if "exact" in one] == [
        "invariant 4: trial ffffffffffffffff has a exact of its test answers that is not theirs"
    ]


BAD = {
    "beyond": (
        change(predictions(), 1, span=[10, 99]),
        examples(),
        "predictions: a span .* found row 2, span .10, 99.",
    ),
    "turned": (change(predictions(), 1, span=[9, 3]), examples(), "predictions: a span .* found row 2, span .9, 3."),
    "one number": (
        change(predictions(), 1, span=[9]),
        examples(),
        "row 2: column 'span' holds .*; a span is a list of",
    ),
    "no number": (change(predictions(), 1, span=["x", "y"]), examples(), "column 'span'"),
    "gold beyond": (predictions(), change(examples(), 2, gold_spans=[[0, 8]]), "examples: a span .* found row 3, span"),
    "no gold": (predictions(), change(examples(), 2, gold_spans=[]), "needs a gold span"),
    "no passage": (predictions(), change(examples(), 2, text_pair=None), "needs text, its question, and text_pair"),
}


@pytest.mark.parametrize("case", BAD)
def test_spans_that_are_none_leave_no_trace(tmp_path: Path, case: str) -> None:
    """What is no part of its passage is refused by row before anything is written."""
    given, known, message = BAD[case]
    with pytest.raises(TaskError, match=message):
        take_in(tmp_path, given, known)
    assert not (tmp_path / "store").exists()
