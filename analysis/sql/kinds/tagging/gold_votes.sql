-- Title:     Gold answers of tagging tasks, as votes
-- Grain:     one row per (task, split, example) whose gold answer is known
-- Needs:     gold_tags
-- Columns:   task_no     SMALLINT
--            split       VARCHAR
--            example_id  INTEGER
--            votes       SMALLINT[] or SMALLINT[][]   the one vote that is right
-- Reference: none
SELECT task_no, split, example_id, [internal.vote_of_many(gold_tags)] AS votes
FROM internal.gold_tags
WHERE gold_tags IS NOT NULL
