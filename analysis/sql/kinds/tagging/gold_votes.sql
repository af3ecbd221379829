-- Title:     Gold answers of tagging tasks, as votes
-- Grain:     one row per (task, split, example)
-- Needs:     gold_tags
-- Columns:   task_no     SMALLINT
--            split       VARCHAR
--            example_id  INTEGER
--            vote        SMALLINT or SMALLINT[]
-- Reference: none
SELECT task_no, split, example_id, internal.vote_of_many(gold_tags) AS vote
FROM internal.gold_tags
