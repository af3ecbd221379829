-- Title:     How often which dense and pruned votes meet, once for the kinds of answer that name their classes
-- Grain:     one row per (pruned cell, split, dense vote, pruned vote)
-- Needs:     task, cell, pairs
-- Columns:   cell_no   INTEGER
--            split     VARCHAR
--            kind      VARCHAR
--            classes   VARCHAR[]   of the task
--            dense     SMALLINT[]  class indices of the dense vote
--            pruned    SMALLINT[]  of the pruned vote
--            examples  BIGINT
-- Reference: none
WITH counts AS MATERIALIZED (
    SELECT cell_no, split, dense_vote, pruned_vote, count(*) AS examples
    FROM internal.pairs
    WHERE is_pie IS NOT NULL
    GROUP BY ALL
),
changed AS (
    SELECT
        n.cell_no, n.split, k.kind, k.classes,
        internal.indices_of(n.dense_vote) AS dense,
        internal.indices_of(n.pruned_vote) AS pruned,
        n.examples
    FROM counts AS n
    JOIN internal.cell AS c USING (cell_no)
    JOIN internal.task AS k USING (task_no)
)
