-- Title:     Learning curves
-- Grain:     one row per (trial_id, step), of trials that kept their curves
-- Needs:     trial, curves_rows
-- Columns:   trial_id    VARCHAR
--            task        VARCHAR
--            model       VARCHAR
--            method      VARCHAR
--            sparsity    DOUBLE    asked for
--            seed        BIGINT
--            step        INTEGER   steps of the optimizer done, those of a dense parent among them
--            loss        FLOAT     mean over the steps since the row before, as the training saw it; null where it is no
--                        number
--            removed     FLOAT     fraction of the prunable weights that was gone then
--            validation  FLOAT     the task's first metric on held-out examples; at the end of epochs, else null
-- Reference: Ren and Zhu 2023, Figure 3, for the loss
-- Example:   SELECT method, step, avg(loss) AS loss FROM curves WHERE sparsity = 0.8 GROUP BY ALL ORDER BY ALL
SELECT t.trial_id, t.task, t.model, t.method, t.sparsity, t.seed, c.step, c.loss, c.sparsity AS removed, c.validation
FROM internal.curves_rows AS c
JOIN internal.trial AS t USING (trial_id)
