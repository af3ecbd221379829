-- Title:     Recall, precision and F1 of every class
-- Grain:     one row per (trial, split, class): every class of the task, whether it occurs or not
-- Needs:     task, trial, class_counts
-- Columns:   task         VARCHAR
--            split        VARCHAR
--            model        VARCHAR
--            method       VARCHAR   dense for the unpruned model
--            sparsity     DOUBLE
--            seed         BIGINT
--            class_index  INTEGER
--            class        VARCHAR
--            support      BIGINT    answered examples of the gold class; of several labels, those that hold it; of
--                                   tagging tasks, words
--            predicted    BIGINT    answers that are the class, or hold it; on examples whose gold label is known
--            hits         BIGINT    both
--            recall       DOUBLE    hits / support; null where the class does not occur
--            precision    DOUBLE    hits / predicted; null where it is never predicted
--            f1           DOUBLE    2 hits / (support + predicted); null where the class does neither
-- Reference: sklearn.metrics.precision_recall_fscore_support(average=None), but for null instead of 0
-- Example:   SELECT model, method, sparsity, class, avg(recall) AS recall FROM class_recall GROUP BY ALL ORDER BY ALL
WITH counts AS (
    SELECT
        trial_no, split, class_index,
        {'support': sum(support)::BIGINT, 'predicted': sum(predicted)::BIGINT, 'hits': sum(hits)::BIGINT} AS counted
    FROM internal.class_counts
    GROUP BY ALL
),
tallies AS (
    SELECT trial_no, split, map(list(class_index), list(counted)) AS counted FROM counts GROUP BY ALL
),
wanted AS (
    SELECT
        t.task, n.split, t.model, t.method, t.sparsity, t.seed, k.classes, n.counted,
        unnest(range(k.class_count)) AS class_index
    FROM tallies AS n
    JOIN internal.trial AS t USING (trial_no)
    JOIN internal.task AS k USING (task_no)
)
SELECT
    task, split, model, method, sparsity, seed,
    class_index::INTEGER AS class_index,
    classes[class_index + 1] AS class,
    coalesce(counted[class_index::SMALLINT].support, 0) AS support,
    coalesce(counted[class_index::SMALLINT].predicted, 0) AS predicted,
    coalesce(counted[class_index::SMALLINT].hits, 0) AS hits,
    hits / nullif(support, 0) AS recall,
    hits / nullif(predicted, 0) AS precision,
    2 * hits / nullif(support + predicted, 0) AS f1
FROM wanted
