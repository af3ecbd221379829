-- Title:     Macro-F1 of every multi-label trial, by number, or micro-F1 where it is the task's headline
-- Grain:     one row per (trial, split)
-- Needs:     task, trial, labels_rows, marks
-- Columns:   trial_no  INTEGER
--            cell_no   INTEGER
--            split     VARCHAR
--            value     DOUBLE   the mean over all classes of F1, a class that is neither predicted nor true counting as 0;
--                       micro-F1: F1 of all classes taken together
-- Reference: Tropeano et al. 2025, section 3; sklearn.metrics.f1_score(average="macro" or "micro", zero_division=0)
WITH f1 AS (
    SELECT
        m.trial_no, m.cell_no, m.task_no, m.split,
        if(k.metric = 'micro-f1', 0, m.class_index) AS class_index,
        2 * count(*) FILTER (predicted AND is_true) / (count(*) FILTER (predicted) + count(*) FILTER (is_true)) AS value
    FROM internal.marks AS m
    JOIN internal.task AS k USING (task_no)
    GROUP BY ALL
),
-- Ordered sums: the same rows give the same last digit, however many threads add them up.
macro AS (
    SELECT trial_no, split, sum(value ORDER BY class_index) AS total FROM f1 GROUP BY ALL
)
-- A trial that predicts nothing where nothing is true leaves no mark, yet has a score; one that lacks a split has none.
SELECT t.trial_no, t.cell_no, s.split, coalesce(m.total, 0) / if(k.metric = 'micro-f1', 1, k.class_count) AS value
FROM (SELECT DISTINCT trial_id, split FROM internal.labels_rows) AS s
JOIN internal.trial AS t USING (trial_id)
JOIN internal.task AS k USING (task_no)
LEFT JOIN macro AS m ON m.trial_no = t.trial_no AND m.split = s.split
