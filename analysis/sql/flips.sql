-- Title:     Flips
-- Grain:     one row per (task, split, model, method, sparsity, seed) of a pruned trial whose dense trial has committed
-- Needs:     task, trial, cell, single_rows, multi_rows, example
-- Columns:   task                  VARCHAR
--            split                 VARCHAR
--            model                 VARCHAR
--            method                VARCHAR
--            sparsity              DOUBLE
--            seed                  BIGINT
--            examples              BIGINT    answered by both
--            flips                 BIGINT    one of both answers is right: correct_to_incorrect + incorrect_to_correct
--            all_flips             BIGINT    the answers differ; of multi-label tasks: the label sets do
--            correct_to_incorrect  BIGINT    a label set is correct if it is the gold one
--            incorrect_to_correct  BIGINT
--            rate                  DOUBLE    flips / examples
--            all_rate              DOUBLE    all_flips / examples
-- Reference: Dutta et al. 2024, Accuracy is not all you need (arXiv:2407.09141), flips and all flips
-- Example:   SELECT task, split, model, method, sparsity, avg(rate) AS flips FROM flips GROUP BY ALL ORDER BY ALL
WITH twins AS (
    SELECT p.trial_no, p.trial_id, d.trial_no AS dense_no, p.task_no
    FROM internal.trial AS p
    JOIN internal.trial AS d ON d.task_no = p.task_no AND d.model = p.model AND d.seed = p.seed AND d.is_dense
    WHERE NOT p.is_dense
),
compared AS (
    SELECT w.trial_no, p.split, p.label <> d.label AS differ, p.label = e.label AS right_now, d.label = e.label AS right_before
    FROM twins AS w
    JOIN internal.single_rows AS p ON p.trial_id = w.trial_id
    JOIN (SELECT trial_no, r.* FROM internal.single_rows AS r JOIN internal.trial USING (trial_id) WHERE is_dense) AS d
        ON internal.key(d.trial_no, d.example_id) = internal.key(w.dense_no, p.example_id) AND d.split = p.split
    JOIN internal.example AS e ON internal.key(e.task_no, e.example_id) = internal.key(w.task_no, p.example_id) AND e.split = p.split
    UNION ALL
    SELECT w.trial_no, p.split, p.labels <> d.labels AS differ, p.labels = e.labels AS right_now, d.labels = e.labels AS right_before
    FROM twins AS w
    JOIN internal.multi_rows AS p ON p.trial_id = w.trial_id
    JOIN (SELECT trial_no, r.* FROM internal.multi_rows AS r JOIN internal.trial USING (trial_id) WHERE is_dense) AS d
        ON internal.key(d.trial_no, d.example_id) = internal.key(w.dense_no, p.example_id) AND d.split = p.split
    JOIN internal.example AS e ON internal.key(e.task_no, e.example_id) = internal.key(w.task_no, p.example_id) AND e.split = p.split
),
counted AS (
    SELECT
        trial_no, split,
        count(*) AS examples,
        count(*) FILTER (differ) AS all_flips,
        count(*) FILTER (right_before AND NOT right_now) AS correct_to_incorrect,
        count(*) FILTER (right_now AND NOT right_before) AS incorrect_to_correct
    FROM compared
    GROUP BY ALL
)
SELECT
    t.task, n.split, t.model, t.method, t.sparsity, t.seed, n.examples,
    n.correct_to_incorrect + n.incorrect_to_correct AS flips,
    n.all_flips, n.correct_to_incorrect, n.incorrect_to_correct,
    (n.correct_to_incorrect + n.incorrect_to_correct) / n.examples AS rate,
    n.all_flips / n.examples AS all_rate
FROM counted AS n
JOIN internal.trial AS t USING (trial_no)
