-- Title:     Votes of single-label tasks, as class indices
-- Grain:     one row per (cell, split, example) that at least one seed of the cell predicts
-- Needs:     kept_votes, label_uncounted
-- Columns:   cell_no     INTEGER
--            is_dense    BOOLEAN   a column here so that a filter on it reaches the files
--            split       VARCHAR
--            example_id  INTEGER
--            vote        SMALLINT  the class most seeds predict, ties to the lowest index
--            votes       INTEGER   seeds that predict it
-- Reference: Tropeano et al. 2025, section 2 and footnote 2
SELECT cell_no, is_dense, split, example_id, vote, votes FROM internal.kept_votes WHERE vote IS NOT NULL
UNION ALL
-- One number that is largest for the most votes and, among equals, for the lowest class: far faster than sorting.
SELECT
    cell_no, is_dense, split, example_id,
    (32767 - max(counted) % 32768)::SMALLINT AS vote,
    (max(counted) // 32768)::INTEGER AS votes
FROM (
    SELECT cell_no, is_dense, split, example_id, count(*) * 32768 + 32767 - label AS counted
    FROM internal.label_uncounted
    GROUP BY cell_no, is_dense, split, example_id, label
)
GROUP BY cell_no, is_dense, split, example_id
