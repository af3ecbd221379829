-- Title:     Answers of pruned multi-label trials beside those of the dense trial of their seed
-- Grain:     one row per (pruned trial, split, example) that both answer
-- Needs:     trial, twins, labels_rows, example
-- Columns:   trial_no      INTEGER   the pruned trial
--            split         VARCHAR
--            differ        BOOLEAN
--            right_now     BOOLEAN   the pruned answer is the gold one
--            right_before  BOOLEAN   the dense answer is
-- Reference: Dutta et al. 2024, Accuracy is not all you need (arXiv:2407.09141)
SELECT w.trial_no, p.split, p.labels <> d.labels AS differ, p.labels = e.labels AS right_now, d.labels = e.labels AS right_before
FROM internal.twins AS w
JOIN internal.labels_rows AS p ON p.trial_id = w.trial_id
JOIN (SELECT trial_no, r.* FROM internal.labels_rows AS r JOIN internal.trial USING (trial_id) WHERE is_dense) AS d
    ON internal.key(d.trial_no, d.example_id) = internal.key(w.dense_no, p.example_id) AND d.split = p.split
JOIN internal.example AS e ON internal.key(e.task_no, e.example_id) = internal.key(w.task_no, p.example_id) AND e.split = p.split
