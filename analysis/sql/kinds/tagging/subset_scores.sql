-- Title:     F1 of entities of pruned and dense models on PIEs and on all examples
-- Grain:     one row per (pruned cell of a tagging task, split, side, subset, estimator); but the seed-mean on all
--            examples, which is the mean of the scores
-- Needs:     task, cell, trial, gold_tags, tag_meaning, tag_hits, voted
-- Columns:   cell_no    INTEGER
--            split      VARCHAR
--            side       VARCHAR   pruned or dense
--            subset     VARCHAR   all or pies
--            estimator  VARCHAR   majority-vote: F1 of the votes; seed-mean: mean over seeds of each one's F1
--            value      DOUBLE    of all entities of the subset together
-- Reference: seqeval.metrics.f1_score
WITH judged AS (
    SELECT
        v.cell_no, v.split, v.side, v.subset, 'majority-vote' AS estimator, 0 AS voter,
        internal.agreement(g.gold_tags, internal.indices_of(v.vote), m.opens, m.types) AS found
    FROM internal.voted AS v
    JOIN internal.cell AS c USING (cell_no)
    JOIN internal.tag_meaning AS m USING (task_no)
    JOIN internal.gold_tags AS g ON internal.place(g.task_no, g.split, g.example_id) = internal.place(c.task_no, v.split, v.example_id)
    UNION ALL
    SELECT v.cell_no, v.split, v.side, v.subset, 'seed-mean' AS estimator, h.trial_no AS voter, h.found
    FROM internal.tag_hits AS h
    -- The split once more, apart: so a condition on it reaches the files.
    JOIN internal.voted AS v
        ON v.split = h.split AND internal.place(v.voter_cell_no, v.split, v.example_id) = internal.place(h.cell_no, h.split, h.example_id)
    WHERE v.subset = 'pies'
),
values_of_voters AS (
    SELECT
        j.cell_no, j.split, j.side, j.subset, j.estimator, j.voter,
        internal.tag_score(k.metric, internal.added(j.found)) AS value
    FROM judged AS j
    JOIN internal.cell AS c USING (cell_no)
    JOIN internal.task AS k USING (task_no)
    GROUP BY j.cell_no, j.split, j.side, j.subset, j.estimator, j.voter, k.metric
)
SELECT cell_no, split, side, subset, estimator, avg(value ORDER BY voter) AS value
FROM values_of_voters
GROUP BY ALL
