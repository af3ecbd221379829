-- Title:     Pruned trials beside the dense trial of their seed
-- Grain:     one row per pruned trial whose dense trial is committed
-- Needs:     trial
-- Columns:   trial_no  INTEGER
--            trial_id  VARCHAR
--            dense_no  INTEGER   the number of the dense trial
--            task_no   SMALLINT
-- Reference: none
SELECT p.trial_no, p.trial_id, d.trial_no AS dense_no, p.task_no
FROM internal.trial AS p
JOIN internal.trial AS d ON d.task_no = p.task_no AND d.model = p.model AND d.seed = p.seed AND d.is_dense
WHERE NOT p.is_dense
