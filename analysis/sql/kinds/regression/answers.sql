-- Title:     Answers of regression trials
-- Grain:     one row per (trial, split, example)
-- Needs:     trial, value_rows, gold_values
-- Columns:   as the view predictions
-- Reference: none
WITH extents AS (
    SELECT task_no, max(gold_value) - min(gold_value) AS extent FROM internal.gold_values GROUP BY task_no
),
gold AS (
    SELECT
        internal.place(g.task_no, g.split, g.example_id) AS place,
        any_value(g.gold_value) AS gold_value,
        any_value(x.extent) AS extent
    FROM internal.gold_values AS g
    JOIN extents AS x USING (task_no)
    GROUP BY place
)
SELECT
    trial_id, r.split, r.example_id, r.value, g.gold_value,
    if(
        isfinite(r.value),
        greatest(0, 1 - abs(r.value::DOUBLE - g.gold_value) / g.extent),
        if(g.gold_value IS NULL, NULL, 0)
    ) AS quality
FROM internal.value_rows AS r
JOIN internal.trial AS t USING (trial_id)
LEFT JOIN gold AS g ON g.place = internal.place(t.task_no, r.split, r.example_id)
