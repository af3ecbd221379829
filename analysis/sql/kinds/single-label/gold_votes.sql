-- Title:     Gold answers of single-label tasks, as votes
-- Grain:     one row per (task, split, example) whose gold answer is known
-- Needs:     task, example
-- Columns:   task_no     SMALLINT
--            split       VARCHAR
--            example_id  INTEGER
--            votes       SMALLINT[] or SMALLINT[][]   the one vote that is right
-- Reference: none
SELECT e.task_no, e.split, e.example_id, [internal.vote_of_one(e.label)] AS votes
FROM internal.example AS e
JOIN internal.task AS k USING (task_no)
WHERE k.kind = 'single-label' AND e.label IS NOT NULL
