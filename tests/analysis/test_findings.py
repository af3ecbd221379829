"""The sentences at the top of the report carry the numbers of the views, and its warnings what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.page.cautions import cautions
from analysis.page.findings import findings
from analysis.results import Results
from tests.analysis.stores import write_task, write_trials


def test_sentences_have_the_numbers_of_the_views(store: Path) -> None:
    """Dense effectiveness, PIE share by sparsity, the extremes, votes on PIEs and the worst class, task by task."""
    results = Results.of(store)
    found = {one.task: " ".join(one.sentences) for one in findings(results)}
    assert set(found) == {"reviews", "topics"}
    dense = results.rows("SELECT avg(value) AS mean FROM effectiveness WHERE task = 'reviews' AND method = 'dense'")[0]
    assert f"Dense: accuracy {dense['mean']:.3f} ±" in found["reviews"]
    for row in results.rows("SELECT sparsity, avg(rate) AS rate FROM pie_rate WHERE task = 'topics' GROUP BY sparsity"):
        assert f"{row['rate'] * 100:.1f} % at {row['sparsity'] * 100:.0f} %" in found["topics"]
    most = results.rows("FROM pie_rate WHERE task = 'topics' AND sparsity = 0.9 ORDER BY rate DESC LIMIT 1")[0]
    assert f"{most['method'].upper()} the most ({most['rate'] * 100:.1f} %)" in found["topics"]
    votes = results.rows("""SELECT avg(pruned) AS pruned FROM accuracy_on_pies
        WHERE task = 'reviews' AND subset = 'pies' AND estimator = 'majority-vote'""")[0]
    assert f"{votes['pruned']:.3f} pruned; on all examples" in found["reviews"]


def test_the_worst_class_is_named(tmp_path: Path) -> None:
    """Pruned models that always say "a" break all examples of class b, and that is said."""
    rows = [{"split": "test", "example_id": at, "label": "ab"[at % 2], "text": "x"} for at in range(80)]
    write_task(tmp_path, "t", ["a", "b"], rows)
    cell = {"task": "t", "model": "m", "seed": 0}
    dense = [row | cell | {"method": "dense", "sparsity": 0} for row in rows]
    pruned = [row | cell | {"method": "mp-ai", "sparsity": 0.9, "label": "a"} for row in rows]
    write_trials(tmp_path, {"t": ["a", "b"]}, [*dense, *pruned])
    results = Results.of(tmp_path)
    (found,) = findings(results)
    assert (
        "Class “b” pays most: on average over the cells 100.0 % of its examples are PIEs, against 50.0 %"
        in found.sentences[-1]
    )
    (caution,) = cautions(results)
    assert caution.startswith("Collapsed: 1 trial of 1 cell gave every example the same answer.")


def test_incomplete_cells_are_warned_of(store: Path) -> None:
    """The cell that lacks a seed is counted."""
    assert any("1 of 10 cells rest on fewer seeds" in caution for caution in cautions(Results.of(store)))


@pytest.mark.parametrize("method", ["dense", "imp-ft"])
def test_one_side_alone_has_something_to_say(tmp_path: Path, method: str) -> None:
    """A store with dense trials alone, or pruned ones alone, has findings without PIEs, and no error."""
    rows = [{"split": "test", "example_id": at, "label": "ab"[at % 2], "text": "x"} for at in range(4)]
    write_task(tmp_path, "t", ["a", "b"], rows)
    cell = {"task": "t", "model": "m", "seed": 0, "method": method, "sparsity": 0 if method == "dense" else 0.5}
    write_trials(tmp_path, {"t": ["a", "b"]}, [row | cell for row in rows])
    (found,) = findings(Results.of(tmp_path))
    assert not any("PIEs" in sentence for sentence in found.sentences)
