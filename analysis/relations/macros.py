"""Macros that views share: how a vote is written, how rows are found, how answers are scored by class."""

from __future__ import annotations

import duckdb

CLASS_SCORE = """
CREATE MACRO internal.class_score(metric, metric_class, class_count, class_index, said, truth, hits) AS CASE metric
    WHEN 'accuracy' THEN sum(hits)::DOUBLE / sum(truth)
    WHEN 'macro-f1' THEN sum(2 * hits / (said + truth) ORDER BY class_index) / class_count
    WHEN 'matthews' THEN coalesce(
        (sum(hits)::DOUBLE * sum(truth) - sum(said::DOUBLE * truth ORDER BY class_index))
        / nullif(
            sqrt(sum(truth)::DOUBLE * sum(truth) - sum(said::DOUBLE * said ORDER BY class_index))
            * sqrt(sum(truth)::DOUBLE * sum(truth) - sum(truth::DOUBLE * truth ORDER BY class_index)),
            0
        ),
        0
    )
    ELSE max(2 * hits / (said + truth)) FILTER (class_index = metric_class)
END"""
"""A metric of single-label answers from how often every class is said, is true, and is both: as scikit-learn has it."""


def create_macros(connection: duckdb.DuckDBPyConnection, *, lists: bool) -> None:
    """A vote is a class index while no task's answers are lists, else a list of indices, for every task alike."""
    of_one, of_many = ("[class_index]", "indices") if lists else ("class_index", "indices[1]")
    indices = "vote" if lists else "[vote]"
    named = "list_transform(vote, lambda class_index: classes[class_index + 1])" if lists else "classes[vote + 1]"
    connection.execute(f"CREATE MACRO internal.vote_of_one(class_index) AS {of_one}")
    connection.execute(f"CREATE MACRO internal.vote_of_many(indices) AS {of_many}")
    connection.execute(f"CREATE MACRO internal.indices_of(vote) AS {indices}")
    connection.execute(f"CREATE MACRO internal.named(classes, vote) AS {named}")
    # As one number, so that no plan looks an example up before it knows of which task, cell or trial: it would find one
    # of each, and that many times the work.
    connection.execute("CREATE MACRO internal.key(owner, example_id) AS owner::BIGINT * 4294967296 + example_id")
    # The same as one comparison with the split in it: a split apart is what some plans join by first, each with each.
    connection.execute("CREATE MACRO internal.place(owner, split, example_id) AS row(owner, split, example_id)")
    connection.execute(CLASS_SCORE)
