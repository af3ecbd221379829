-- Title:     Tags of dense and pruned votes of tagging tasks
-- Grain:     one row per (pruned cell, split, dense class, pruned class)
-- Needs:     task, cell, pairs
-- Columns:   cell_no       INTEGER
--            split         VARCHAR
--            dense_class   VARCHAR   as in the view confusion
--            pruned_class  VARCHAR
--            examples      BIGINT    words
-- Reference: none
WITH words AS (
    SELECT
        p.cell_no, p.split, k.classes,
        unnest(internal.indices_of(p.dense_vote)) AS dense,
        unnest(internal.indices_of(p.pruned_vote)) AS pruned
    FROM internal.pairs AS p
    JOIN internal.cell AS c USING (cell_no)
    JOIN internal.task AS k USING (task_no)
    WHERE k.kind = 'tagging' AND p.is_pie IS NOT NULL
)
SELECT cell_no, split, classes[dense + 1] AS dense_class, classes[pruned + 1] AS pruned_class, count(*) AS examples
FROM words
GROUP BY ALL
