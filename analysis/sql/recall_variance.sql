-- Title:     Variance of recall over the classes
-- Grain:     one row per (trial, split) of tasks with one class an example
-- Needs:     trial, class_balances
-- Columns:   task      VARCHAR
--            split     VARCHAR
--            model     VARCHAR
--            method    VARCHAR   dense for the unpruned model
--            sparsity  DOUBLE
--            seed      BIGINT
--            classes   BIGINT    that have examples
--            variance  DOUBLE    sum (recall - mean)^2 / (classes - 1). Drawing the examples alone makes some of it: of n
--                      examples a class, about accuracy (1 - accuracy) / n
--            note      VARCHAR   why it is null
-- Reference: Good et al. 2022, Table 11, which does not say whether it divides by the classes or by one less
-- Example:   SELECT model, method, sparsity, avg(variance) AS variance FROM recall_variance GROUP BY ALL ORDER BY ALL
SELECT
    t.task, b.split, t.model, t.method, t.sparsity, t.seed,
    count(b.recall) AS classes,
    var_samp(b.recall ORDER BY b.class_index) AS variance,
    if(count(b.recall) < 2, 'fewer than two classes have examples', NULL) AS note
FROM internal.class_balances AS b
JOIN internal.trial AS t USING (trial_no)
GROUP BY ALL
