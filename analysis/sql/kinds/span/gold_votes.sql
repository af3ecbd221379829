-- Title:     Gold answers of span tasks, as votes
-- Grain:     one row per (task, split, example) whose gold answer is known
-- Needs:     gold_spans
-- Columns:   task_no     SMALLINT
--            split       VARCHAR
--            example_id  INTEGER
--            votes       SMALLINT[] or SMALLINT[][]   every vote that is right
-- Reference: none
SELECT task_no, split, example_id, list_transform(gold_spans, lambda one: internal.vote_of_many(one)) AS votes
FROM internal.gold_spans
WHERE gold_spans IS NOT NULL
