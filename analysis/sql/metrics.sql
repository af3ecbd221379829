-- Title:     Every metric of every trial
-- Grain:     one row per committed trial, split and metric: (task, split, model, method, sparsity, seed, metric)
-- Needs:     task, trial, scores
-- Columns:   task         VARCHAR
--            split        VARCHAR
--            model        VARCHAR
--            method       VARCHAR   dense for the unpruned model
--            sparsity     DOUBLE
--            seed         BIGINT
--            metric       VARCHAR   those that the trial was scored by; an ingested one has its headline alone
--            is_headline  BOOLEAN   the metric of the view effectiveness, computed from the rows; the others are as the trial
--                         found them
--            value        DOUBLE    null where it is not defined
-- Reference: none
-- Example:   PIVOT metrics ON metric USING avg(value) GROUP BY task, model, method, sparsity
WITH by_split AS (
    SELECT
        trial_no, task_no, task, model, method, sparsity, seed, metrics::JSON AS found,
        unnest(json_keys(metrics::JSON)) AS split
    FROM internal.trial
),
by_metric AS (
    SELECT *, unnest(json_keys(found -> split)) AS metric FROM by_split
)
SELECT
    t.task, s.split, t.model, t.method, t.sparsity, t.seed, k.metric, true AS is_headline, s.value
FROM internal.scores AS s
JOIN internal.trial AS t USING (trial_no)
JOIN internal.task AS k USING (task_no)
UNION ALL
SELECT
    m.task, m.split, m.model, m.method, m.sparsity, m.seed, m.metric, false AS is_headline,
    (m.found -> m.split ->> m.metric)::DOUBLE AS value
FROM by_metric AS m
JOIN internal.task AS k USING (task_no)
WHERE m.metric <> k.metric
