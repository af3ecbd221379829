-- Title:     Gold answers of multi-label tasks, as votes
-- Grain:     one row per (task, split, example)
-- Needs:     task, example
-- Columns:   task_no     SMALLINT
--            split       VARCHAR
--            example_id  INTEGER
--            vote        SMALLINT or SMALLINT[]
-- Reference: none
SELECT e.task_no, e.split, e.example_id, internal.vote_of_many(e.labels) AS vote
FROM internal.example AS e
JOIN internal.task AS k USING (task_no)
WHERE k.kind = 'multi-label'
