-- Title:     Pearson's correlation of the values of every regression trial with the gold ones
-- Grain:     one row per (trial, split)
-- Needs:     trial, value_rows, gold_values
-- Columns:   trial_no  INTEGER
--            cell_no   INTEGER
--            split     VARCHAR
--            value     DOUBLE   null where it is not defined: either side is constant, or an answer is no number; the view
--                       collapsed names such trials
-- Reference: scipy.stats.pearsonr
SELECT
    t.trial_no, t.cell_no, r.split,
    if(
        bool_and(isfinite(r.value)) AND min(r.value) < max(r.value) AND min(g.gold_value) < max(g.gold_value),
        corr(if(isfinite(r.value), r.value, 0)::DOUBLE, g.gold_value::DOUBLE ORDER BY r.example_id),
        NULL
    ) AS value
FROM internal.value_rows AS r
JOIN internal.trial AS t USING (trial_id)
JOIN internal.gold_values AS g ON internal.place(g.task_no, g.split, g.example_id) = internal.place(t.task_no, r.split, r.example_id)
GROUP BY ALL
