-- Title:     Gold answers of span tasks, as votes: the first of each example
-- Grain:     one row per (task, split, example)
-- Needs:     gold_spans
-- Columns:   task_no     SMALLINT
--            split       VARCHAR
--            example_id  INTEGER
--            vote        SMALLINT or SMALLINT[]
-- Reference: none
SELECT task_no, split, example_id, internal.vote_of_many(gold_spans[1]) AS vote
FROM internal.gold_spans
