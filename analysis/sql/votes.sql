-- Title:     Votes, as class indices
-- Grain:     one row per (cell, split, example) that at least one seed of the cell predicts
-- Needs:     single_votes, multi_votes
-- Columns:   cell_no     INTEGER
--            is_dense    BOOLEAN   a column here so that a filter on it reaches the files
--            split       VARCHAR
--            example_id  INTEGER
--            vote        SMALLINT or SMALLINT[]  as single_votes and multi_votes have it; lists for all tasks if any is
--                        multi-label
--            votes       INTEGER or INTEGER[]    seeds that predict the class, or each class of the list
-- Reference: Tropeano et al. 2025, section 2 and footnote 2
SELECT
    cell_no, is_dense, split, example_id, internal.vote_of_one(vote) AS vote, internal.vote_of_one(votes) AS votes
FROM internal.single_votes
UNION ALL
SELECT
    cell_no, is_dense, split, example_id, internal.vote_of_many(vote) AS vote, internal.vote_of_many(votes) AS votes
FROM internal.multi_votes
