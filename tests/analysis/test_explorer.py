"""What the page's explorer is given: every PIE, no other vote, and a word on what is left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.page import explorer as module
from analysis.page.explorer import explorer
from analysis.page.packing import unpacked
from analysis.results import Results
from tests.analysis.conftest import HOSTILE
from tests.analysis.stores import write_task, write_trials


def listed(packed: str) -> set[tuple[Any, ...]]:
    """Task, split, model, example, gold, dense vote, method, sparsity and pruned vote of everything in a pack."""
    head, arrays = unpacked(packed)
    found = set()
    for group in head["groups"]:
        classes, sets = head["classes"][group["task"]], head["sets"][group["task"]]
        names = [tuple(classes[index] for index in one) for one in sets]
        ids, gold, dense = (arrays[group[name]] for name in ("ids", "gold", "dense"))
        votes = arrays[group["votes"]].reshape(len(ids), len(group["cells"]))
        for row, column in np.argwhere(votes != dense[:, None]):
            method, _, sparsity, *_ = group["cells"][column]
            place = (group["task"], group["split"], group["model"], int(ids[row]))
            known = names[gold[row]] if gold[row] < len(names) else None
            found.add((*place, known, names[dense[row]], method, sparsity, names[votes[row, column]]))
    return found


def pies(results: Results, where: str = "true") -> set[tuple[Any, ...]]:
    """The same of the view."""
    query = f"""SELECT p.*, e.label, e.labels FROM pies AS p JOIN examples AS e USING (task, split, example_id)
        WHERE is_pie AND {where}"""

    def vote(value: Any) -> tuple[str, ...]:
        return (value,) if isinstance(value, str) else tuple(value)

    return {
        (
            *(row[name] for name in ("task", "split", "model", "example_id")),
            vote(row["labels"] if row["label"] is None else row["label"]),
            vote(row["dense_vote"]),
            *(row["method"], row["sparsity"]),
            vote(row["pruned_vote"]),
        )
        for row in results.rows(query)
    }


def test_it_holds_the_pies_and_nothing_else(store: Path) -> None:
    """Single-label and multi-label: every PIE of every cell, with gold label and both votes, as the view has them."""
    results = Results.of(store)
    found = explorer(results)
    assert listed(found.packed) == pies(results)
    assert found.listed == len({row[:4] for row in pies(results)})
    assert (found.left_out, found.cut) == ((), 0)
    assert explorer(Results.of(store)) == found
    groups = unpacked(found.packed)[0]["groups"]
    assert not [name for group in groups for name in group if name.startswith("picture")]  # of texts there are none


def test_votes_have_their_counts(store: Path) -> None:
    """Behind every vote, dense and pruned, PIE or not, stand as many seeds as the view says; of a set the fewest."""
    results = Results.of(store)
    head, arrays = unpacked(explorer(results).packed)
    counted = {
        (*(row[name] for name in ("task", "split", "model", "method", "sparsity", "example_id")),): row
        for row in results.rows("FROM majority_vote")
    }
    seen = 0
    for group in head["groups"]:
        place = group["task"], group["split"], group["model"]
        ids = arrays[group["ids"]].tolist()
        cells = [("dense", 0.0, group["seeds"]), *((cell[0], cell[2], cell[4]) for cell in group["cells"])]
        pruned = arrays[group["agreeing"]].reshape(len(ids), -1)
        table = np.column_stack([arrays[group["dense_agreeing"]], pruned])
        for line, number in zip(table, ids, strict=True):
            for count, (method, sparsity, seeds) in zip(line, cells, strict=True):
                row = counted[(*place, method, sparsity, number)]
                assert (count, seeds) == (min(row["votes"], default=0), row["seeds"])
                seen += 1
    assert seen > 100


def test_texts_are_kept_once(tmp_path: Path) -> None:
    """Equal texts and second texts of any examples, models and splits are one text, and each example has its own."""
    write_two_splits(tmp_path)
    head, arrays = unpacked(explorer(Results.of(tmp_path)).packed)
    assert sorted(head["texts"]) == sorted({HOSTILE, "odd", "pair"})
    for group in head["groups"]:
        texts = [head["texts"][at] for at in arrays[group["text"]]]
        assert texts == [HOSTILE if number % 2 == 0 else "odd" for number in arrays[group["ids"]]]
        assert {head["texts"][at] for at in arrays[group["pair"]]} == {"pair"}


def test_a_split_that_does_not_fit_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test split is always there; a training split beyond the limit is left out and said to be."""
    write_two_splits(tmp_path)
    monkeypatch.setattr(module, "LISTED", 15)
    results = Results.of(tmp_path)
    found = explorer(results)
    assert listed(found.packed) == pies(results, "split = 'test'")
    assert found.left_out == ({"task": "t", "split": "train", "examples": 10},)


def test_of_a_huge_split_the_most_broken_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where even the test split is beyond the limit, the examples that most cells break are kept."""
    write_two_splits(tmp_path)
    monkeypatch.setattr(module, "LISTED", 3)
    found = explorer(Results.of(tmp_path))
    assert found.cut == 1
    assert {row[3] for row in listed(found.packed)} == {0, 2, 4}
    assert len(listed(found.packed)) == 6


def test_a_store_without_pies(tmp_path: Path) -> None:
    """Dense trials alone: an empty pack that reads back."""
    rows = write_examples(tmp_path)
    dense = [row | {"method": "dense", "sparsity": 0} for row in rows]
    write_trials(tmp_path, {"t": ["a", "b"]}, dense)
    found = explorer(Results.of(tmp_path))
    assert found.listed == 0
    assert unpacked(found.packed)[0]["groups"] == []


def write_examples(root: Path) -> list[dict[str, Any]]:
    """Ten examples in test and train, and a dense answer to each."""
    places = [
        {"split": split, "example_id": number, "label": "a"} for split in ("test", "train") for number in range(10)
    ]
    texts = [row | {"text": HOSTILE if row["example_id"] % 2 == 0 else "odd", "text_pair": "pair"} for row in places]
    write_task(root, "t", ["a", "b"], texts)
    return [row | {"task": "t", "model": "m", "seed": 0} for row in places]


def write_two_splits(root: Path) -> None:
    """One method breaks all examples, another those with even numbers."""
    rows = write_examples(root)
    cells = [("dense", 0, "aa"), ("imp-ft", 0.5, "bb"), ("mp-ai", 0.9, "ba")]
    predictions = [
        row | {"method": method, "sparsity": sparsity, "label": answers[row["example_id"] % 2]}
        for method, sparsity, answers in cells
        for row in rows
    ]
    write_trials(root, {"t": ["a", "b"]}, predictions)
