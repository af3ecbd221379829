-- Title:     Macro-F1, or micro-F1 where it is the headline, of pruned and dense models on PIEs and on all examples
-- Grain:     one row per (pruned cell of a multi-label task, split, side, subset, estimator); but the seed-mean on all
--            examples, which is the mean of the scores
-- Needs:     task, cell, cell_split, example, marks, voted
-- Columns:   cell_no    INTEGER
--            split      VARCHAR
--            side       VARCHAR   pruned or dense
--            subset     VARCHAR   all or pies
--            estimator  VARCHAR   majority-vote: macro-F1 of the votes; seed-mean: mean over seeds of each one's macro-F1
--            value      DOUBLE    over all classes of the task: one that the subset lacks counts as 0
-- Reference: Tropeano et al. 2025, Table 10; sklearn.metrics.f1_score(average="macro", zero_division=0)
WITH answers AS (
    SELECT
        v.cell_no, v.split, v.side, v.subset,
        internal.indices_of(v.vote) AS vote, e.labels AS gold,
        unnest(list_distinct(list_concat(internal.indices_of(v.vote), e.labels))) AS class_index
    FROM internal.voted AS v
    JOIN internal.cell AS c USING (cell_no)
    JOIN internal.task AS k USING (task_no)
    JOIN internal.example AS e ON internal.place(e.task_no, e.split, e.example_id) = internal.place(c.task_no, v.split, v.example_id)
    WHERE k.kind = 'multi-label'
),
judged AS (
    SELECT
        cell_no, split, side, subset, 'majority-vote' AS estimator, 0 AS voter, class_index,
        list_contains(vote, class_index) AS predicted,
        list_contains(gold, class_index) AS is_true
    FROM answers
    UNION ALL
    SELECT
        v.cell_no, v.split, v.side, v.subset, 'seed-mean' AS estimator, m.trial_no AS voter, m.class_index,
        m.predicted,
        m.is_true
    FROM internal.marks AS m
    -- The split once more, apart: so a condition on it reaches the files of the marks.
    JOIN internal.voted AS v
        ON v.split = m.split AND internal.place(v.voter_cell_no, v.split, v.example_id) = internal.place(m.cell_no, m.split, m.example_id)
    WHERE v.subset = 'pies'
),
f1 AS (
    SELECT
        j.cell_no, j.split, j.side, j.subset, j.estimator, j.voter,
        if(k.metric = 'micro-f1', 0, j.class_index) AS class_index,
        2 * count(*) FILTER (predicted AND is_true) / (count(*) FILTER (predicted) + count(*) FILTER (is_true)) AS value
    FROM judged AS j
    JOIN internal.cell AS c USING (cell_no)
    JOIN internal.task AS k USING (task_no)
    GROUP BY ALL
),
totals AS (
    SELECT cell_no, split, side, subset, estimator, sum(value ORDER BY voter, class_index) AS total FROM f1 GROUP BY ALL
),
-- Every combination, so that answers without a single hit are a 0 and not a gap.
wanted AS (
    SELECT
        c.cell_no, n.split, d.side, d.subset, d.estimator,
        if(k.metric = 'micro-f1', 1, k.class_count) * if(d.estimator = 'majority-vote', 1, n.seeds) AS terms
    FROM internal.cell AS c
    JOIN internal.task AS k USING (task_no)
    CROSS JOIN (
        VALUES
            ('pruned', 'all', 'majority-vote'), ('dense', 'all', 'majority-vote'),
            ('pruned', 'pies', 'majority-vote'), ('dense', 'pies', 'majority-vote'),
            ('pruned', 'pies', 'seed-mean'), ('dense', 'pies', 'seed-mean')
    ) AS d(side, subset, estimator)
    JOIN internal.cell_split AS n ON n.cell_no = if(d.side = 'pruned', c.cell_no, c.dense_cell_no)
    WHERE k.kind = 'multi-label' AND NOT c.is_dense
)
SELECT w.cell_no, w.split, w.side, w.subset, w.estimator, coalesce(t.total, 0) / w.terms AS value
FROM wanted AS w
LEFT JOIN totals AS t USING (cell_no, split, side, subset, estimator)
