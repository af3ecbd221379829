-- Title:     Classes that single-label trials answer, and those that are true
-- Grain:     several rows per (trial, split, class), to be added up
-- Needs:     answer_counts
-- Columns:   trial_no     INTEGER
--            split        VARCHAR
--            class_index  INTEGER 
--            support      BIGINT
--            predicted    BIGINT
--            hits         BIGINT
-- Reference: none
SELECT
    trial_no, split,
    unnest([gold, said])::INTEGER AS class_index,
    unnest([examples, 0]) AS support,
    unnest([0, examples]) AS predicted,
    unnest([if(gold = said, examples, 0), 0]) AS hits
FROM internal.answer_counts
