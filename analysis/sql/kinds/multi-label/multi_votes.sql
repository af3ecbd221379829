-- Title:     Votes of multi-label tasks, as class indices
-- Grain:     one row per (cell, split, example) that at least one seed of the cell predicts
-- Needs:     cell_split, kept_votes, labels_uncounted
-- Columns:   cell_no     INTEGER
--            is_dense    BOOLEAN     a column here so that a filter on it reaches the files
--            split       VARCHAR
--            example_id  INTEGER
--            vote        SMALLINT[]  every class with more than N/2 votes, N the committed seeds of the cell, ascending
--            votes       INTEGER[]   seeds that predict each of them
-- Reference: Tropeano et al. 2025, section 2 and footnote 2
WITH counts AS (
    -- The class -1 stands for "predicted", so that an example with only empty label sets keeps its row.
    SELECT cell_no, is_dense, split, example_id, label, count(*) AS votes
    FROM (
        SELECT cell_no, is_dense, split, example_id, unnest(list_append(labels, -1::SMALLINT)) AS label
        FROM internal.labels_uncounted
    )
    GROUP BY ALL
),
chosen AS (
    SELECT
        c.cell_no, c.is_dense, c.split, c.example_id,
        list(c.label ORDER BY c.label) FILTER (c.label >= 0 AND 2 * c.votes > s.seeds) AS vote,
        list(c.votes::INTEGER ORDER BY c.label) FILTER (c.label >= 0 AND 2 * c.votes > s.seeds) AS votes
    FROM counts AS c
    JOIN internal.cell_split AS s USING (cell_no, split)
    GROUP BY ALL
)
SELECT cell_no, is_dense, split, example_id, vote_set AS vote, vote_set_votes AS votes
FROM internal.kept_votes
WHERE vote_set IS NOT NULL AND NOT is_by_place
UNION ALL
SELECT
    cell_no, is_dense, split, example_id,
    coalesce(vote, []::SMALLINT[]) AS vote,
    coalesce(votes, []::INTEGER[]) AS votes
FROM chosen
