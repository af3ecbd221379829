-- Title:     Confusion of dense and pruned votes
-- Grain:     one row per (task, split, model, method, sparsity, dense_class, pruned_class) of every pruned cell, for
--            classes that occur together
-- Needs:     cell, changed_classes
-- Columns:   task          VARCHAR
--            split         VARCHAR
--            model         VARCHAR
--            method        VARCHAR
--            sparsity      DOUBLE
--            dense_class   VARCHAR   the dense vote; of a multi-label task a class of it, or null for a class that only
--                          the pruned vote has
--            pruned_class  VARCHAR   the pruned vote; of a multi-label task the same class, or null where the pruned
--                          vote lacks it
--            examples      BIGINT    voted so by both. In single-label tasks every example counts once; in multi-label
--                          tasks once for every class that either vote has; of tagging tasks, words
--            share         DOUBLE    of the examples with this dense class; null without one
-- Reference: none; a confusion matrix with the dense vote in the place of the truth
-- Example:   PIVOT confusion ON pruned_class USING sum(examples) GROUP BY task, split, model, method, sparsity, dense_class
WITH named AS (
    SELECT c.task, n.split, c.model, c.method, c.sparsity, n.dense_class, n.pruned_class, n.examples
    FROM internal.changed_classes AS n
    JOIN internal.cell AS c USING (cell_no)
)
SELECT
    task, split, model, method, sparsity, dense_class, pruned_class,
    sum(examples)::BIGINT AS examples,
    if(
        dense_class IS NULL,
        NULL,
        sum(examples) / sum(sum(examples)) OVER (PARTITION BY task, split, model, method, sparsity, dense_class)
    ) AS share
FROM named
GROUP BY task, split, model, method, sparsity, dense_class, pruned_class
