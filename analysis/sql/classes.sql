-- Title:     Classes
-- Grain:     one row per (task, class_index)
-- Needs:     task
-- Columns:   task         VARCHAR
--            class_index  INTEGER   from 0; ties of votes go to the lowest
--            class        VARCHAR
-- Reference: none
-- Example:   FROM classes ORDER BY task, class_index
SELECT task, unnest(range(class_count))::INTEGER AS class_index, unnest(classes) AS class
FROM internal.task
