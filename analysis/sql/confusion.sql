-- Title:     Confusion of dense and pruned votes
-- Grain:     one row per (task, split, model, method, sparsity, dense_class, pruned_class) of every pruned cell, for
--            classes that occur together
-- Needs:     task, cell, pairs
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
--                          tasks once for every class that either vote has
--            share         DOUBLE    of the examples with this dense class; null without one
-- Reference: none; a confusion matrix with the dense vote in the place of the truth
-- Example:   PIVOT confusion ON pruned_class USING sum(examples) GROUP BY task, split, model, method, sparsity, dense_class
WITH counts AS (
    SELECT cell_no, split, dense_vote, pruned_vote, count(*) AS examples
    FROM internal.pairs
    WHERE is_pie IS NOT NULL
    GROUP BY ALL
),
classes AS (
    SELECT
        c.task, n.split, c.model, c.method, c.sparsity, k.kind, k.classes, n.examples,
        internal.indices_of(n.dense_vote) AS dense,
        internal.indices_of(n.pruned_vote) AS pruned
    FROM counts AS n
    JOIN internal.cell AS c USING (cell_no)
    JOIN internal.task AS k USING (task_no)
),
named AS (
    SELECT task, split, model, method, sparsity, classes[dense[1] + 1] AS dense_class, classes[pruned[1] + 1] AS pruned_class, examples
    FROM classes
    WHERE kind = 'single-label'
    UNION ALL
    SELECT
        task, split, model, method, sparsity,
        if(list_contains(dense, class_index), classes[class_index + 1], NULL) AS dense_class,
        if(list_contains(pruned, class_index), classes[class_index + 1], NULL) AS pruned_class,
        examples
    FROM (SELECT *, unnest(list_distinct(list_concat(dense, pruned))) AS class_index FROM classes WHERE kind = 'multi-label')
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
