"""Copies of examples within and across splits."""

from __future__ import annotations

from tasks.copies import copies
from tasks.examples import examples_table


def table(**splits):
    """Examples of single texts (or pairs) with labels."""
    columns = {
        split: {"text": [row[0] for row in rows], "label": [row[-1] for row in rows]} for split, rows in splits.items()
    }
    for split, rows in splits.items():
        if len(rows[0]) == 3:
            columns[split]["text_pair"] = [row[1] for row in rows]
    return examples_table(columns)


def test_nothing_to_say():
    """Texts that differ are no copies, be it by a letter."""
    assert copies(table(train=[("a", 0), ("A", 1)], test=[("b", 0)]), "single-label") == []


def test_within_a_split():
    """Repeated rows are counted, and those whose labels contradict each other."""
    said = copies(
        table(train=[("b", 0), ("b", 0), ("a", 0), ("a", 1), ("a", 1), ("c", 0)], test=[("d", 0)]), "single-label"
    )
    assert said == [
        "train: 3 of 6 rows repeat the text of another, such as 'a'",
        "train: 1 texts stand there with different labels, such as 'a'",
    ]


def test_across_splits():
    """Rows of test that train has too are counted, each copy."""
    said = copies(
        table(train=[("a", 0), ("b", 1)], validation=[("c", 0)], test=[("a", 0), ("a", 0), ("c", 1)]), "single-label"
    )
    assert said[1:] == [
        "2 of 3 rows of test stand in train too, such as 'a': test measures memory there",
        "1 of 3 rows of test stand in validation too, such as 'c': test measures memory there",
    ]


def test_a_pair_is_compared_whole():
    """Pairs that share one text of the two are no copies."""
    assert copies(table(train=[("a", "x", 0)], test=[("a", "y", 0)]), "single-label") == []
    assert len(copies(table(train=[("a", "x", 0)], test=[("a", "x", 1)]), "single-label")) == 1


def test_label_sets_and_images():
    """Label sets are compared as sets; images are not compared."""
    texts = {"text": ["a", "a"], "labels": [[0, 1], [1]]}
    said = copies(examples_table({"train": texts}), "multi-label")
    assert said[1] == "train: 1 texts stand there with different labels, such as 'a'"
    assert copies(examples_table({"train": {"pixels": [[0.0], [0.0]], "label": [0, 0]}}), "single-label") == []
