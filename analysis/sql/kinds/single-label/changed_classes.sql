-- Title:     Classes of dense and pruned votes of single-label tasks
-- Grain:     several rows per (pruned cell, split, dense class, pruned class), to be added up
-- Needs:     task, cell, pairs
-- Columns:   cell_no       INTEGER
--            split         VARCHAR
--            dense_class   VARCHAR   as in the view confusion
--            pruned_class  VARCHAR
--            examples      BIGINT
-- Reference: none
WITH counts AS (
    SELECT p.cell_no, p.split, k.task_no, p.dense_vote, p.pruned_vote, count(*) AS examples
    FROM internal.pairs AS p
    JOIN internal.cell AS c USING (cell_no)
    JOIN internal.task AS k USING (task_no)
    WHERE k.kind = 'single-label' AND p.is_pie IS NOT NULL
    GROUP BY ALL
),
classes AS (
    SELECT
        n.cell_no, n.split, k.classes, n.examples,
        internal.indices_of(n.dense_vote) AS dense,
        internal.indices_of(n.pruned_vote) AS pruned
    FROM counts AS n
    JOIN internal.task AS k USING (task_no)
)
SELECT cell_no, split, classes[dense[1] + 1] AS dense_class, classes[pruned[1] + 1] AS pruned_class, examples
FROM classes
