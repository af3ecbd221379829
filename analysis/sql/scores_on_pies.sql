-- Title:     Effectiveness of every pruned trial on the PIEs of its cell, by number
-- Grain:     one row per (pruned trial, split) whose cell has PIEs
-- Needs:     task, trial, single_rows, example, marks, pairs
-- Columns:   trial_no  INTEGER
--            cell_no   INTEGER
--            split     VARCHAR
--            value     DOUBLE   accuracy, or the mean over all classes of F1, a class that the PIEs lack counting as 0
-- Reference: Tropeano et al. 2025, section 4.1
WITH broken AS (
    SELECT cell_no, split, example_id FROM internal.pairs WHERE is_pie
),
f1 AS (
    SELECT
        m.trial_no, m.task_no, m.split, m.class_index,
        2 * count(*) FILTER (predicted AND is_true) / (count(*) FILTER (predicted) + count(*) FILTER (is_true)) AS value
    FROM internal.marks AS m
    JOIN broken AS b ON internal.place(b.cell_no, b.split, b.example_id) = internal.place(m.cell_no, m.split, m.example_id)
    GROUP BY ALL
),
macro AS (
    SELECT trial_no, split, sum(value ORDER BY class_index) AS total FROM f1 GROUP BY ALL
)
SELECT t.trial_no, t.cell_no, r.split, avg((r.label = e.label)::INTEGER) AS value
FROM internal.single_rows AS r
JOIN internal.trial AS t USING (trial_id)
JOIN broken AS b ON internal.place(b.cell_no, b.split, b.example_id) = internal.place(t.cell_no, r.split, r.example_id)
JOIN internal.example AS e ON internal.place(e.task_no, e.split, e.example_id) = internal.place(t.task_no, r.split, r.example_id)
GROUP BY ALL
UNION ALL
SELECT t.trial_no, t.cell_no, s.split, coalesce(m.total, 0) / k.class_count AS value
FROM internal.trial AS t
JOIN (SELECT DISTINCT cell_no, split FROM broken) AS s USING (cell_no)
JOIN internal.task AS k USING (task_no)
LEFT JOIN macro AS m ON m.trial_no = t.trial_no AND m.split = s.split
WHERE k.kind = 'multi-label'
