-- Title:     Votes of span tasks, as all kinds have them
-- Grain:     one row per (cell, split, example) that at least one seed of the cell predicts
-- Needs:     place_votes
-- Columns:   cell_no     INTEGER
--            is_dense    BOOLEAN   a column here so that a filter on it reaches the files
--            split       VARCHAR
--            example_id  INTEGER
--            vote        SMALLINT or SMALLINT[]  as place_votes has it
--            votes       INTEGER or INTEGER[]    seeds that give the beginning, and the end
-- Reference: none
SELECT
    cell_no, is_dense, split, example_id, internal.vote_of_many(vote) AS vote, internal.vote_of_many(votes) AS votes
FROM internal.place_votes
WHERE answer = 'span'
