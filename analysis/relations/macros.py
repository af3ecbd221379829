"""Macros that views share: how a vote is written, how rows are found, how answers are scored by class and by entity."""

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


TAG_MACROS = (
    # Which entities a list of tags marks, each as one number of where it begins, where it ends, and its type.
    """entities(tags, opens, types) AS list_transform(
        list_zip(
            list_filter(range(1, len(tags) + 1), lambda word:
                types[tags[word] + 1] >= 0
                AND (opens[tags[word] + 1] OR word = 1 OR types[tags[word - 1] + 1] <> types[tags[word] + 1])),
            list_filter(range(1, len(tags) + 1), lambda word:
                types[tags[word] + 1] >= 0
                AND (
                    word = len(tags) OR opens[tags[word + 1] + 1] OR types[tags[word + 1] + 1] <> types[tags[word] + 1]
                ))
        ),
        lambda ends: ends[1] * 549755813888 + ends[2] * 32768 + types[tags[ends[1]] + 1]
    )""",
    "entity_type(entity) AS entity % 32768",
    """agreement(gold, said, opens, types) AS {
        'hits': len(list_intersect(internal.entities(gold, opens, types), internal.entities(said, opens, types))),
        'gold': len(internal.entities(gold, opens, types)),
        'said': len(internal.entities(said, opens, types)),
        'right': len(list_filter(range(1, len(gold) + 1), lambda word: gold[word] = said[word])),
        'words': len(gold)
    }""",
    """added(found) AS {
        'hits': sum(found.hits), 'gold': sum(found.gold), 'said': sum(found.said),
        'right': sum(found.right), 'words': sum(found.words)
    }""",
    # none: where neither side has an entity.
    "f1(found, none) AS if(found.gold + found.said = 0, none, 2 * found.hits / (found.gold + found.said))",
    # A headline of tags is its part over its whole.
    """tag_part(metric, found) AS CASE metric
        WHEN 'accuracy' THEN found.right
        WHEN 'entity-precision' THEN found.hits
        WHEN 'entity-recall' THEN found.hits
        ELSE 2 * found.hits
    END""",
    """tag_whole(metric, found) AS CASE metric
        WHEN 'accuracy' THEN found.words
        WHEN 'entity-precision' THEN found.said
        WHEN 'entity-recall' THEN found.gold
        ELSE found.gold + found.said
    END""",
    """tag_score(metric, found) AS CASE metric
        WHEN 'accuracy' THEN internal.tag_part(metric, found) / internal.tag_whole(metric, found)
        ELSE coalesce(internal.tag_part(metric, found) / nullif(internal.tag_whole(metric, found), 0), 0)
    END""",
)


def create_macros(connection: duckdb.DuckDBPyConnection, *, lists: bool) -> None:
    """A vote is a class index while no task's answers are lists, else a list of indices, for every task alike."""
    of_one, of_many = ("[class_index]", "indices") if lists else ("class_index", "indices[1]")
    indices = "vote" if lists else "[vote]"
    named = "list_transform(vote, lambda class_index: classes[class_index + 1])"
    # Of a task without classes the codes are those of places, and named by their numbers.
    named = f"if(len(classes) = 0, vote::VARCHAR[], {named})" if lists else "classes[vote + 1]"
    connection.execute(f"CREATE MACRO internal.vote_of_one(class_index) AS {of_one}")
    connection.execute(f"CREATE MACRO internal.vote_of_many(indices) AS {of_many}")
    connection.execute(f"CREATE MACRO internal.indices_of(vote) AS {indices}")
    connection.execute(f"CREATE MACRO internal.named(classes, vote) AS {named}")
    connection.execute(
        "CREATE MACRO internal.span_text(passage, span) AS substring(passage, span[1] + 1, span[2] - span[1])"
    )
    connection.execute(
        "CREATE MACRO internal.span_score(metric, exact, f1) AS if(metric = 'exact', exact::DOUBLE, f1::DOUBLE)"
    )
    for macro in TAG_MACROS:
        connection.execute(f"CREATE MACRO internal.{macro}")
    # As one number, so that no plan looks an example up before it knows of which task, cell or trial: it would find one
    # of each, and that many times the work.
    connection.execute("CREATE MACRO internal.key(owner, example_id) AS owner::BIGINT * 4294967296 + example_id")
    # The same as one comparison with the split in it: a split apart is what some plans join by first, each with each.
    connection.execute("CREATE MACRO internal.place(owner, split, example_id) AS row(owner, split, example_id)")
    connection.execute(CLASS_SCORE)
