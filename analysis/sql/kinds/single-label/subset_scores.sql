-- Title:     The headline metric of pruned and dense models on PIEs and on all examples
-- Grain:     one row per (pruned cell of a single-label task, split, side, subset, estimator)
-- Needs:     task, cell, trial, label_rows, example, voted, scores, sliced
-- Columns:   cell_no    INTEGER
--            split      VARCHAR
--            side       VARCHAR   pruned or dense
--            subset     VARCHAR   all or pies
--            estimator  VARCHAR   majority-vote: the metric of the vote; seed-mean: mean over seeds of each one's metric
--            value      DOUBLE    accuracy, or what the task's metrics say
-- Reference: Tropeano et al. 2025, Table 10 (majority-vote on PIEs) and Table 9 (seed-mean on all)
WITH of_votes AS (
    SELECT v.cell_no, v.split, v.side, v.subset, avg((v.vote = internal.vote_of_one(e.label))::INTEGER) AS value
    FROM internal.voted AS v
    JOIN internal.cell AS c USING (cell_no)
    JOIN internal.task AS k USING (task_no)
    JOIN internal.example AS e ON internal.place(e.task_no, e.split, e.example_id) = internal.place(c.task_no, v.split, v.example_id)
    WHERE k.kind = 'single-label' AND k.metric = 'accuracy'
    GROUP BY ALL
),
-- All seeds answer the same examples, so that the mean of their accuracies is that of all their answers: counted once a
-- cell and example, however many pruned cells a dense one is compared with.
hits AS (
    SELECT t.cell_no, r.split, r.example_id, count(*) FILTER (r.label = e.label) AS hits, count(*) AS seeds
    FROM internal.label_rows AS r
    JOIN internal.trial AS t USING (trial_id)
    JOIN internal.task AS k USING (task_no)
    JOIN internal.example AS e ON internal.place(e.task_no, e.split, e.example_id) = internal.place(t.task_no, r.split, r.example_id)
    WHERE k.metric = 'accuracy'
    GROUP BY ALL
),
of_seeds AS (
    SELECT v.cell_no, v.split, v.side, v.subset, sum(h.hits) / sum(h.seeds) AS value
    FROM internal.voted AS v
    JOIN hits AS h ON h.cell_no = v.voter_cell_no AND h.split = v.split AND h.example_id = v.example_id
    WHERE v.subset = 'pies'
    GROUP BY ALL
),
-- Other metrics than accuracy: from counts of the classes that the vote, or a seed, gives and that are true.
answers AS (
    SELECT
        k.metric, c.task_no, v.cell_no, v.split, v.side, v.subset, 'majority-vote' AS estimator, 0 AS voter,
        v.example_id, internal.indices_of(v.vote)[1] AS answer, e.label AS gold
    FROM internal.voted AS v
    JOIN internal.cell AS c USING (cell_no)
    JOIN internal.task AS k USING (task_no)
    JOIN internal.example AS e ON internal.place(e.task_no, e.split, e.example_id) = internal.place(c.task_no, v.split, v.example_id)
    WHERE k.kind = 'single-label' AND k.metric <> 'accuracy' AND e.label IS NOT NULL
    UNION ALL
    SELECT
        k.metric, t.task_no, v.cell_no, v.split, v.side, v.subset, 'seed-mean' AS estimator, t.trial_no AS voter,
        v.example_id, r.label AS answer, e.label AS gold
    FROM internal.label_rows AS r
    JOIN internal.trial AS t USING (trial_id)
    JOIN internal.task AS k USING (task_no)
    JOIN internal.example AS e ON internal.place(e.task_no, e.split, e.example_id) = internal.place(t.task_no, r.split, r.example_id)
    JOIN internal.voted AS v
        ON v.split = r.split AND internal.place(v.voter_cell_no, v.split, v.example_id) = internal.place(t.cell_no, r.split, r.example_id)
    WHERE v.subset = 'pies' AND k.metric <> 'accuracy' AND e.label IS NOT NULL
),
judged AS (
    SELECT cell_no, split, side, subset, estimator, voter, answer, gold, count(*) AS examples
    FROM answers
    WHERE metric <> 'accuracy-by-part'
    GROUP BY ALL
),
by_class AS (
    SELECT
        cell_no, split, side, subset, estimator, voter,
        unnest([gold, answer]) AS class_index,
        unnest([examples, 0]) AS truth,
        unnest([0, examples]) AS said,
        unnest([if(gold = answer, examples, 0), 0]) AS hits
    FROM judged
),
marginals AS (
    SELECT * EXCLUDE (truth, said, hits), sum(truth) AS truth, sum(said) AS said, sum(hits) AS hits
    FROM by_class
    GROUP BY ALL
),
by_voter AS (
    SELECT
        m.cell_no, m.split, m.side, m.subset, m.estimator, m.voter,
        internal.class_score(k.metric, k.metric_class, k.class_count, m.class_index, m.said, m.truth, m.hits) AS value
    FROM marginals AS m
    JOIN internal.cell AS c USING (cell_no)
    JOIN internal.task AS k USING (task_no)
    GROUP BY m.cell_no, m.split, m.side, m.subset, m.estimator, m.voter, k.metric, k.metric_class, k.class_count
    UNION ALL
    -- Of the parts of a split that the subset has.
    SELECT cell_no, split, side, subset, estimator, voter, avg(value ORDER BY part) AS value
    FROM (
        SELECT
            a.cell_no, a.split, a.side, a.subset, a.estimator, a.voter, p.value AS part,
            avg((a.answer = a.gold)::INTEGER) AS value
        FROM answers AS a
        JOIN internal.sliced AS p ON internal.place(p.task_no, p.split, p.example_id) = internal.place(a.task_no, a.split, a.example_id)
        WHERE a.metric = 'accuracy-by-part' AND p.feature = 'part'
        GROUP BY ALL
    )
    GROUP BY ALL
)
SELECT cell_no, split, side, subset, 'majority-vote' AS estimator, value FROM of_votes
UNION ALL
SELECT cell_no, split, side, subset, 'seed-mean' AS estimator, value FROM of_seeds
UNION ALL
SELECT cell_no, split, side, subset, estimator, avg(value ORDER BY voter) AS value FROM by_voter GROUP BY ALL
