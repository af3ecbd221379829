-- Title:     How little regression trials vary their answers
-- Grain:     one row per (trial, split)
-- Needs:     trial, value_rows, gold_values
-- Columns:   trial_no  INTEGER
--            split     VARCHAR
--            kind      VARCHAR   constant, near-constant (the values' deviation is below a tenth of the gold ones'), or null
-- Reference: none
WITH gold AS (
    SELECT task_no, split, stddev_pop(gold_value) AS deviation
    FROM internal.gold_values
    GROUP BY ALL
    HAVING min(gold_value) < max(gold_value)
),
answered AS (
    SELECT trial_id, split, min(value) = max(value) AS is_constant, stddev_pop(if(isfinite(value), value, 0)) AS deviation
    FROM internal.value_rows
    GROUP BY ALL
)
SELECT
    t.trial_no, a.split,
    CASE
        WHEN g.split IS NULL THEN NULL
        WHEN a.is_constant THEN 'constant'
        WHEN a.deviation < g.deviation / 10 THEN 'near-constant'
    END AS kind
FROM answered AS a
JOIN internal.trial AS t USING (trial_id)
LEFT JOIN gold AS g ON g.task_no = t.task_no AND g.split = a.split
