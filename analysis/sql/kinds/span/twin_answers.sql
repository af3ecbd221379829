-- Title:     Answers of pruned span trials beside those of the dense trial of their seed
-- Grain:     one row per (pruned trial, split, example) that both answer
-- Needs:     trial, twins, span_rows
-- Columns:   trial_no      INTEGER   the pruned trial
--            split         VARCHAR
--            differ        BOOLEAN   the answers begin or end elsewhere
--            right_now     BOOLEAN   the pruned answer is a gold one, both normalised
--            right_before  BOOLEAN   the dense answer is
-- Reference: Dutta et al. 2024, Accuracy is not all you need (arXiv:2407.09141)
SELECT w.trial_no, p.split, p.span <> d.span AS differ, p.exact AS right_now, d.exact AS right_before
FROM internal.twins AS w
JOIN internal.span_rows AS p ON p.trial_id = w.trial_id
JOIN (SELECT trial_no, r.* FROM internal.span_rows AS r JOIN internal.trial USING (trial_id) WHERE is_dense) AS d
    ON internal.key(d.trial_no, d.example_id) = internal.key(w.dense_no, p.example_id) AND d.split = p.split
