-- Title:     Effectiveness
-- Grain:     one row per committed trial and split: (task, split, model, method, sparsity, seed)
-- Needs:     task, trial, scores
-- Columns:   task      VARCHAR
--            split     VARCHAR
--            model     VARCHAR
--            method    VARCHAR   dense for the unpruned model
--            sparsity  DOUBLE
--            seed      BIGINT
--            metric    VARCHAR   the headline of the task, unless `metrics` says otherwise: accuracy; macro-f1 where multi-label,
--                      pearson of numbers, entity-f1 of tags, f1 of spans, bleu of texts
--            value     DOUBLE    computed from the rows; over all classes of the task, an empty one counting as 0. Null where
--                      it is not defined: a correlation with answers that are all the same, or no numbers
-- Reference: Tropeano et al. 2025, Table 9
-- Example:   PIVOT effectiveness ON seed USING any_value(value)
SELECT
    t.task, s.split, t.model, t.method, t.sparsity, t.seed,
    k.metric,
    s.value
FROM internal.scores AS s
JOIN internal.trial AS t USING (trial_no)
JOIN internal.task AS k USING (task_no)
