-- Title:     Accuracy of pruned and dense models on PIEs and on all examples
-- Grain:     one row per (pruned cell of a single-label task, split, side, subset, estimator)
-- Needs:     task, cell, trial, label_rows, example, voted, scores
-- Columns:   cell_no    INTEGER
--            split      VARCHAR
--            side       VARCHAR   pruned or dense
--            subset     VARCHAR   all or pies
--            estimator  VARCHAR   majority-vote: accuracy of the vote; seed-mean: mean over seeds of each one's accuracy
--            value      DOUBLE
-- Reference: Tropeano et al. 2025, Table 10 (majority-vote on PIEs) and Table 9 (seed-mean on all)
WITH of_votes AS (
    SELECT v.cell_no, v.split, v.side, v.subset, avg((v.vote = internal.vote_of_one(e.label))::INTEGER) AS value
    FROM internal.voted AS v
    JOIN internal.cell AS c USING (cell_no)
    JOIN internal.task AS k USING (task_no)
    JOIN internal.example AS e ON internal.place(e.task_no, e.split, e.example_id) = internal.place(c.task_no, v.split, v.example_id)
    WHERE k.kind = 'single-label'
    GROUP BY ALL
),
-- All seeds answer the same examples, so that the mean of their accuracies is that of all their answers: counted once a
-- cell and example, however many pruned cells a dense one is compared with.
hits AS (
    SELECT t.cell_no, r.split, r.example_id, count(*) FILTER (r.label = e.label) AS hits, count(*) AS seeds
    FROM internal.label_rows AS r
    JOIN internal.trial AS t USING (trial_id)
    JOIN internal.example AS e ON internal.place(e.task_no, e.split, e.example_id) = internal.place(t.task_no, r.split, r.example_id)
    GROUP BY ALL
),
of_seeds AS (
    SELECT v.cell_no, v.split, v.side, v.subset, sum(h.hits) / sum(h.seeds) AS value
    FROM internal.voted AS v
    JOIN hits AS h ON h.cell_no = v.voter_cell_no AND h.split = v.split AND h.example_id = v.example_id
    WHERE v.subset = 'pies'
    GROUP BY ALL
)
SELECT cell_no, split, side, subset, 'majority-vote' AS estimator, value FROM of_votes
UNION ALL
SELECT cell_no, split, side, subset, 'seed-mean' AS estimator, value FROM of_seeds
