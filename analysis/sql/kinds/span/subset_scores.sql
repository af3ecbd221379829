-- Title:     The headline of span trials on PIEs, of pruned and dense models
-- Grain:     one row per (pruned cell of a span task, split, side, subset, estimator): of PIEs and seed-mean alone. A vote
--            is no answer of any seed, and what it is worth the rows do not say; the seed-mean on all examples is the mean
--            of the scores
-- Needs:     task, trial, span_rows, voted
-- Columns:   cell_no    INTEGER
--            split      VARCHAR
--            side       VARCHAR   pruned or dense
--            subset     VARCHAR   pies
--            estimator  VARCHAR   seed-mean: mean over seeds of each one's headline
--            value      DOUBLE
-- Reference: Rajpurkar et al. 2016 (SQuAD), and its script evaluate-v1.1.py
WITH values_of_voters AS (
    SELECT
        v.cell_no, v.split, v.side, v.subset, t.trial_no,
        avg(internal.span_score(k.metric, r.exact, r.quality) ORDER BY r.example_id) AS value
    FROM internal.span_rows AS r
    JOIN internal.trial AS t USING (trial_id)
    JOIN internal.task AS k USING (task_no)
    -- The split once more, apart: so a condition on it reaches the files.
    JOIN internal.voted AS v
        ON v.split = r.split AND internal.place(v.voter_cell_no, v.split, v.example_id) = internal.place(t.cell_no, r.split, r.example_id)
    WHERE v.subset = 'pies'
    GROUP BY v.cell_no, v.split, v.side, v.subset, t.trial_no, k.metric
)
SELECT cell_no, split, side, subset, 'seed-mean' AS estimator, avg(value ORDER BY trial_no) AS value
FROM values_of_voters
GROUP BY ALL
