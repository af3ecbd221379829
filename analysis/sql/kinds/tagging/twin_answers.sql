-- Title:     Answers of pruned tagging trials beside those of the dense trial of their seed
-- Grain:     one row per (pruned trial, split, example) that both answer
-- Needs:     trial, twins, tags_rows, gold_tags
-- Columns:   trial_no      INTEGER   the pruned trial
--            split         VARCHAR
--            differ        BOOLEAN   the tags of any word do
--            right_now     BOOLEAN   the pruned tags are the gold ones, all of them
--            right_before  BOOLEAN   the dense tags are
-- Reference: Dutta et al. 2024, Accuracy is not all you need (arXiv:2407.09141)
SELECT w.trial_no, p.split, p.tags <> d.tags AS differ, p.tags = e.gold_tags AS right_now, d.tags = e.gold_tags AS right_before
FROM internal.twins AS w
JOIN internal.tags_rows AS p ON p.trial_id = w.trial_id
JOIN (SELECT trial_no, r.* FROM internal.tags_rows AS r JOIN internal.trial USING (trial_id) WHERE is_dense) AS d
    ON internal.key(d.trial_no, d.example_id) = internal.key(w.dense_no, p.example_id) AND d.split = p.split
JOIN internal.gold_tags AS e ON internal.key(e.task_no, e.example_id) = internal.key(w.task_no, p.example_id) AND e.split = p.split
