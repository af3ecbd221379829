-- Title:     Votes, as class indices
-- Grain:     one row per (cell, split, example) that at least one seed of the cell predicts
-- Needs:     trial, cell_split, single_rows, multi_rows
-- Columns:   cell_no     INTEGER
--            is_dense    BOOLEAN   a column here so that a filter on it reaches the files
--            split       VARCHAR
--            example_id  INTEGER
--            vote        SMALLINT or SMALLINT[]  single-label: the class most seeds predict, ties to the lowest index;
--                        multi-label: every class with more than N/2 votes, N the committed seeds of the cell, ascending
--            votes       INTEGER or INTEGER[]    seeds that predict the class, or each class of the list
-- Reference: Tropeano et al. 2025, section 2 and footnote 2
WITH single_counts AS (
    SELECT t.cell_no, t.is_dense, r.split, r.example_id, r.label, count(*) AS votes
    FROM internal.single_rows AS r
    JOIN internal.trial AS t USING (trial_id)
    GROUP BY ALL
),
-- One number that is largest for the most votes and, among equals, for the lowest class: far faster than sorting.
single_winners AS (
    SELECT cell_no, is_dense, split, example_id, max(votes * 32768 + 32767 - label) AS best
    FROM single_counts
    GROUP BY ALL
),
-- The class -1 stands for "predicted", so that an example with only empty label sets keeps its row.
multi_counts AS (
    SELECT cell_no, is_dense, split, example_id, label, count(*) AS votes
    FROM (
        SELECT t.cell_no, t.is_dense, r.split, r.example_id, unnest(list_append(r.labels, -1::SMALLINT)) AS label
        FROM internal.multi_rows AS r
        JOIN internal.trial AS t USING (trial_id)
    )
    GROUP BY ALL
),
multi_winners AS (
    SELECT
        c.cell_no, c.is_dense, c.split, c.example_id,
        list(c.label ORDER BY c.label) FILTER (c.label >= 0 AND 2 * c.votes > s.seeds) AS chosen,
        list(c.votes::INTEGER ORDER BY c.label) FILTER (c.label >= 0 AND 2 * c.votes > s.seeds) AS votes
    FROM multi_counts AS c
    JOIN internal.cell_split AS s USING (cell_no, split)
    GROUP BY ALL
)
SELECT
    cell_no, is_dense, split, example_id,
    internal.vote_of_one((32767 - best % 32768)::SMALLINT) AS vote,
    internal.vote_of_one((best // 32768)::INTEGER) AS votes
FROM single_winners
UNION ALL
SELECT
    cell_no, is_dense, split, example_id,
    internal.vote_of_many(coalesce(chosen, []::SMALLINT[])) AS vote,
    internal.vote_of_many(coalesce(votes, []::INTEGER[])) AS votes
FROM multi_winners
