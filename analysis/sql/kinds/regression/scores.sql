-- Title:     The correlation of the values of every regression trial with the gold ones
-- Grain:     one row per (trial, split)
-- Needs:     task, trial, value_rows, gold_values
-- Columns:   trial_no  INTEGER
--            cell_no   INTEGER
--            split     VARCHAR
--            value     DOUBLE   Pearson's, or Spearman's where it is the task's headline; null where it is not defined: either side is constant, or an answer is no number; the view
--                       collapsed names such trials
-- Reference: scipy.stats.pearsonr and spearmanr, for which equal numbers share their mean rank
WITH paired AS (
    SELECT
        t.trial_no, t.cell_no, r.split, r.example_id, r.value, g.gold_value,
        if(isfinite(r.value), r.value, 0)::DOUBLE AS one,
        g.gold_value::DOUBLE AS other
    FROM internal.value_rows AS r
    JOIN internal.trial AS t USING (trial_id)
    JOIN internal.task AS k USING (task_no)
    JOIN internal.gold_values AS g ON internal.place(g.task_no, g.split, g.example_id) = internal.place(t.task_no, r.split, r.example_id)
    WHERE k.metric = 'pearson'
    UNION ALL
    SELECT
        t.trial_no, t.cell_no, r.split, r.example_id, r.value, g.gold_value,
        rank() OVER (PARTITION BY t.trial_no, r.split ORDER BY r.value)
        + (count(*) OVER (PARTITION BY t.trial_no, r.split, r.value) - 1) / 2 AS one,
        rank() OVER (PARTITION BY t.trial_no, r.split ORDER BY g.gold_value)
        + (count(*) OVER (PARTITION BY t.trial_no, r.split, g.gold_value) - 1) / 2 AS other
    FROM internal.value_rows AS r
    JOIN internal.trial AS t USING (trial_id)
    JOIN internal.task AS k USING (task_no)
    JOIN internal.gold_values AS g ON internal.place(g.task_no, g.split, g.example_id) = internal.place(t.task_no, r.split, r.example_id)
    WHERE k.metric = 'spearman'
)
SELECT
    trial_no, cell_no, split,
    if(
        bool_and(isfinite(value)) AND min(value) < max(value) AND min(gold_value) < max(gold_value),
        corr(one, other ORDER BY example_id),
        NULL
    ) AS value
FROM paired
GROUP BY trial_no, cell_no, split
