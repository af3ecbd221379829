-- Title:     How often trials answer each class where each is true
-- Grain:     one row per (trial of a task with one class an example, split, gold class, answer) that occurs
-- Needs:     trial, label_rows, example
-- Columns:   trial_no  INTEGER
--            split     VARCHAR
--            gold      SMALLINT
--            said      SMALLINT
--            examples  BIGINT
-- Reference: none; the confusion matrix of every trial
SELECT t.trial_no, r.split, e.label AS gold, r.label AS said, count(*) AS examples
FROM internal.label_rows AS r
JOIN internal.trial AS t USING (trial_id)
JOIN internal.example AS e ON internal.place(e.task_no, e.split, e.example_id) = internal.place(t.task_no, r.split, r.example_id)
WHERE e.label IS NOT NULL
GROUP BY ALL
