-- Title:     Votes of multi-label tasks, as all kinds have them
-- Grain:     one row per (cell, split, example) that at least one seed of the cell predicts
-- Needs:     multi_votes
-- Columns:   cell_no     INTEGER
--            is_dense    BOOLEAN   a column here so that a filter on it reaches the files
--            split       VARCHAR
--            example_id  INTEGER
--            vote        SMALLINT or SMALLINT[]  as multi_votes has it
--            votes       INTEGER or INTEGER[]    seeds that predict each class of the list
-- Reference: Tropeano et al. 2025, section 2 and footnote 2
SELECT
    cell_no, is_dense, split, example_id, internal.vote_of_many(vote) AS vote, internal.vote_of_many(votes) AS votes
FROM internal.multi_votes
