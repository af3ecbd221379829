-- Title:     Human disagreement
-- Grain:     one row per (task, split, example_id) of tasks whose examples say how much people disagreed
-- Needs:     task, human_rows
-- Columns:   task          VARCHAR
--            split         VARCHAR
--            example_id    INTEGER
--            disagreement  DOUBLE   the task's own measure: movie-snippets has the standard deviation of people's ratings;
--                          of other tasks the column human_disagreement
-- Reference: Hutto and Gilbert 2014 (the ratings of movie-snippets)
-- Example:   SELECT task, split, avg(disagreement) AS mean FROM human_disagreement GROUP BY ALL
SELECT k.task, h.split, h.example_id, h.disagreement
FROM internal.human_rows AS h
JOIN internal.task AS k USING (task_no)
