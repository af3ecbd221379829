-- Title:     Intensification of every class
-- Grain:     one row per (trial, split, class) of pruned trials of tasks with one class an example, whose parent is there
-- Needs:     task, trial, balance_pairs
-- Columns:   task              VARCHAR
--            split             VARCHAR
--            model             VARCHAR
--            method            VARCHAR
--            sparsity          DOUBLE
--            seed              BIGINT
--            class_index       INTEGER
--            class             VARCHAR
--            support           BIGINT    answered examples of the class
--            dense_normalised  DOUBLE    as in recall_balance, of the dense trial that this one goes on from
--            normalised        DOUBLE
--            intensification   DOUBLE    normalised / dense_normalised. Not to be averaged: near a balance of 0 it is as
--                              large as chance makes it; recall_distortion sums it up
--            note              VARCHAR   why a number is null
-- Reference: Good et al. 2022, section 5 and appendix G
-- Example:   SELECT class, median(intensification) AS intensification FROM intensification GROUP BY ALL ORDER BY ALL
SELECT
    t.task, b.split, t.model, t.method, t.sparsity, t.seed,
    b.class_index::INTEGER AS class_index,
    k.classes[b.class_index + 1] AS class,
    b.support, b.dense_normalised, b.normalised,
    if(b.support = b.dense_support, b.normalised / nullif(b.dense_normalised, 0), NULL) AS intensification,
    CASE
        WHEN b.support <> b.dense_support THEN 'its parent answered other examples'
        WHEN b.support = 0 THEN 'the class has no examples'
        WHEN b.dense_accuracy = 0 THEN 'no answer of its parent is right'
        WHEN b.accuracy = 0 THEN 'no answer is right'
        WHEN b.dense_normalised = 0 THEN 'the recall is the accuracy before pruning'
    END AS note
FROM internal.balance_pairs AS b
JOIN internal.trial AS t USING (trial_no)
JOIN internal.task AS k USING (task_no)
WHERE b.dense_support IS NOT NULL
