-- Title:     Effectiveness on PIEs
-- Grain:     one row per (task, split, model, method, sparsity, subset, estimator) of every pruned cell
-- Needs:     task, cell, pairs, scores, subset_scores
-- Columns:   task       VARCHAR
--            split      VARCHAR
--            model      VARCHAR
--            method     VARCHAR
--            sparsity   DOUBLE
--            metric     VARCHAR   the headline of the task, as in effectiveness
--            subset     VARCHAR   pies, or all examples
--            estimator  VARCHAR   majority-vote: of the votes, the published one for single-label tasks;
--                       seed-mean: mean over seeds, the published one for multi-label tasks
--            examples   BIGINT    size of the subset
--            pruned     DOUBLE    null on an empty subset, and by votes on spans
--            dense      DOUBLE
-- Reference: Tropeano et al. 2025, Table 10
-- Example:   SELECT * FROM accuracy_on_pies WHERE subset = 'pies' AND estimator = 'seed-mean'
WITH subsets AS (
    SELECT cell_no, split, unnest(['all', 'pies']) AS subset, unnest([compared, pies]) AS examples
    FROM (
        SELECT cell_no, split, count(is_pie) AS compared, count(*) FILTER (is_pie) AS pies
        FROM internal.pairs
        GROUP BY ALL
    )
),
seed_means AS (
    SELECT cell_no, split, avg(value ORDER BY trial_no) AS value FROM internal.scores GROUP BY ALL
),
measured AS (
    FROM internal.subset_scores
    UNION ALL
    SELECT c.cell_no, m.split, 'pruned' AS side, 'all' AS subset, 'seed-mean' AS estimator, m.value
    FROM internal.cell AS c
    JOIN seed_means AS m USING (cell_no)
    UNION ALL
    SELECT c.cell_no, m.split, 'dense' AS side, 'all' AS subset, 'seed-mean' AS estimator, m.value
    FROM internal.cell AS c
    JOIN seed_means AS m ON m.cell_no = c.dense_cell_no
)
SELECT
    c.task, s.split, c.model, c.method, c.sparsity,
    k.metric,
    s.subset, n.estimator, s.examples,
    max(m.value) FILTER (m.side = 'pruned' AND s.examples > 0) AS pruned,
    max(m.value) FILTER (m.side = 'dense' AND s.examples > 0) AS dense
FROM subsets AS s
CROSS JOIN (VALUES ('majority-vote'), ('seed-mean')) AS n(estimator)
JOIN internal.cell AS c USING (cell_no)
JOIN internal.task AS k USING (task_no)
LEFT JOIN measured AS m
    ON m.cell_no = s.cell_no AND m.split = s.split AND m.subset = s.subset AND m.estimator = n.estimator
GROUP BY ALL
